"""What it pays a firm to leave out, against closed forms and against every other choice."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.under_reporting import Prospects, best_under, marginal_best
from rights_market.policies.mrv import Audit, FalseDataFine, Verification

SCHEDULE = FalseDataFine(form="per_lot", fen_per_lot=20, rise_fen=5)


def prospects(
    audit: Audit | None = None,
    verification: Verification | None = None,
    n: int = 1,
    collusion: float = 0.0,
    name: float = 0.0,
    cut: float = 0.0,
    price: float = 10.0,
) -> Prospects:
    """What firms reckon with, alike for all."""
    return Prospects(verification, np.full(n, collusion), audit, price, np.full(n, name), np.full(n, cut))


def best(measured: int, most: int, gain: float, given_: Prospects) -> int:
    return int(best_under(np.array([measured]), np.array([most]), np.array([gain]), given_)[0])


def test_the_violation_at_which_gain_and_expected_fine_meet() -> None:
    """p 10, phi 20, gamma 5: at pi 0.4, (10 - 8) / 2 = 1; at pi 0.5 nothing; at pi 0.005, 396 but no more than 300."""
    most = np.array([300])
    for pi, violation in ((0.4, 1.0), (0.5, 0.0), (0.005, 300.0)):
        assert marginal_best(np.array([10.0]), pi, np.array([20.0]), 5.0, most).tolist() == [violation]
    assert marginal_best(np.array([10.0]), 0.0, np.array([20.0]), 5.0, most).tolist() == [300.0]
    assert marginal_best(np.array([10.0]), 0.5, np.array([20.0]), 0.0, most).tolist() == [0.0]


def test_a_firm_follows_the_schedule() -> None:
    """The same firm, in whole lots; with the lots due as well, what is found earns nothing and pi p is lost on top."""
    audit = Audit(share=Decimal("0.4"), fine=SCHEDULE, adds_duty=False)
    assert best(1000, 300, 10.0, prospects(audit)) == 1
    assert best(1000, 300, 10.0, prospects(Audit(share=Decimal("0.5"), fine=SCHEDULE, adds_duty=False))) == 0
    rising = Audit(share=Decimal("0.1"), fine=SCHEDULE)
    # 10 (1 - 0.1) - 0.1 (20 + 5 u) = 0 at u = 14
    assert best(1000, 300, 10.0, prospects(rising)) == 14


def test_nobody_looks_so_all_of_it_is_left_out() -> None:
    assert best(1000, 300, 10.0, prospects()) == 300
    assert best(1000, 300, 0.0, prospects()) == 0


def test_verification_without_a_fine_makes_firms_stay_near_materiality() -> None:
    """A miss of 47 of 953 is within 5 %; a little more is worth a small risk, all of it is surely corrected."""
    found = best(1000, 300, 10.0, prospects(verification=Verification()))
    assert 47 <= found < 100
    assert best(1000, 300, 10.0, prospects(verification=Verification(), collusion=1.0)) == 300


def test_below_the_threshold_of_gain_the_lump_sum_bounds_the_fine() -> None:
    """Gain 10 a lot, lump 500 below a gain of 1000: 99 lots earn 990 x 0.8 - 100; from 100 on, five gains."""
    fine = FalseDataFine(multiple=Decimal(5), gain_threshold=1000, lump=500)
    audit = Audit(share=Decimal("0.2"), fine=fine)
    assert best(1000, 300, 10.0, prospects(audit)) == 99


def test_a_name_to_lose_and_a_cut_to_fear_keep_firms_honest() -> None:
    audit = Audit(share=Decimal("0.1"), fine=SCHEDULE)
    assert best(1000, 300, 10.0, prospects(audit, name=70.0)) == 0
    assert best(1000, 300, 10.0, prospects(audit, name=35.0)) == 7
    assert best(1000, 300, 10.0, prospects(audit, cut=1e6)) == 0


@given(
    measured=st.integers(1, 400),
    gain=st.integers(0, 50),
    share=st.integers(1, 10),
    phi=st.integers(0, 60),
    gamma=st.integers(0, 9),
    adds_duty=st.booleans(),
)
def test_no_other_whole_number_earns_more_under_a_schedule(
    measured: int, gain: int, share: int, phi: int, gamma: int, adds_duty: bool
) -> None:
    fine = FalseDataFine(form="per_lot", fen_per_lot=phi, rise_fen=gamma)
    audit = Audit(share=Decimal(share) / 10, fine=fine, adds_duty=adds_duty)
    most = measured * 3 // 10
    choices = np.arange(most + 1)
    offered = prospects(audit, n=len(choices))
    earned = offered.profit(np.full(len(choices), measured), choices, np.full(len(choices), float(gain)))
    chosen = best(measured, most, float(gain), prospects(audit))
    assert earned[chosen] >= earned.max() - 1e-9


def test_violations_do_not_depend_on_what_else_a_firm_is() -> None:
    """Five firms with little use and five with much, one price: the same violation for all."""
    audit = Audit(share=Decimal("0.2"), fine=SCHEDULE, adds_duty=False)
    measured = np.array([100] * 5 + [100_000] * 5)
    under = best_under(measured, measured * 3 // 10, np.full(10, 10.0), prospects(audit, n=10))
    assert under.tolist() == [6] * 10  # (10 - 4) / 1
    assert prospects(audit, n=10).profit(measured, under, np.full(10, 10.0)) == pytest.approx(18.0)
