from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.compliance import Penalty

CHINA = Penalty(form="multiple", low=Decimal(5), high=Decimal(10), by="gap_share")
KOREA = Penalty(form="multiple", low=Decimal(3), cap=10_000_000)
LUMP = Penalty(form="lump", lump_low=2_000_000, lump_high=3_000_000)


def test_the_worked_case_of_the_multiple() -> None:
    assert CHINA.fine(np.array([120]), np.array([1000]), price_fen=6800).tolist() == [4_569_600]


def test_the_multiple_grows_with_the_share_that_is_missing() -> None:
    shortfall, obligation = np.array([0, 1000, 2000, 7]), np.array([1000, 1000, 1000, 0])
    assert CHINA.fine(shortfall, obligation, price_fen=100).tolist() == [0, 1_000_000, 2_000_000, 7_000]


def test_the_worked_case_of_the_cap() -> None:
    # 3 x 40,000 KRW is capped at 100,000 KRW; hundredths of a KRW stand for fen.
    assert KOREA.fine(np.array([2]), np.array([50]), price_fen=4_000_000).tolist() == [20_000_000]
    assert KOREA.fine(np.array([2]), np.array([50]), price_fen=3_000_000).tolist() == [18_000_000]


def test_a_fixed_fine_is_indexed_and_rounded_once() -> None:
    rule = Penalty(form="fixed", fen_per_lot=10_001, index=Decimal("1.2345"))
    assert rule.fine(np.array([3, 0]), np.array([10, 10])).tolist() == [37_039, 0]  # 37,038.7...


def test_the_mean_price_is_not_rounded_before_the_fine() -> None:
    rule = Penalty(form="multiple", low=Decimal(5))
    assert rule.fine(np.array([3]), np.array([9]), price_fen=Fraction(100, 3)).tolist() == [500]


def test_a_lump_sum_is_charged_once_a_firm() -> None:
    assert LUMP.fine(np.array([1, 500, 0]), np.array([10, 900, 5])).tolist() == [2_500_000, 2_500_000, 0]
    drawn = LUMP.fine(np.array([1, 1, 1]), np.array([9, 9, 9]), draws=np.array([0.0, 0.25, 1.0]))
    assert drawn.tolist() == [2_000_000, 2_250_000, 3_000_000]


def test_the_late_fee_reaches_the_fine_and_stops() -> None:
    assert CHINA.accrued(np.array([1_000_001]), 10).tolist() == [5_000]
    assert CHINA.accrued(np.array([1_000_001]), 0).tolist() == [0]
    assert CHINA.accrued(np.array([1_000_001]), 3_000).tolist() == [1_000_001]


def test_a_multiple_needs_a_price() -> None:
    with pytest.raises(PolicyError, match="price_fen is missing"):
        CHINA.fine(np.array([1]), np.array([1]))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"form": "fixed"}, "form is fixed but fen_per_lot is missing"),
        ({"form": "multiple", "low": Decimal(5), "by": "gap_share"}, "form is multiple but high is missing"),
        ({"form": "multiple", "low": Decimal(5), "high": Decimal(1)}, "low 5 is above high 1"),
        ({"form": "lump", "lump_low": 5, "lump_high": 4}, "lump_low 5 is above lump_high 4"),
        ({"form": "lump", "lump_low": 5}, "lump_high is missing"),
        ({"form": "fixed", "fen_per_lot": 5, "low": Decimal(1)}, "low is given but form is fixed"),
        ({"form": "lump", "lump_low": 5, "lump_high": 5, "cap": 3}, "cap 3 .* form is lump"),
        ({"form": "fixed", "fen_per_lot": 5, "price_window": 0}, "price_window is 0, expected at least 1"),
    ],
)
def test_contradictions_name_both_fields(fields: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Penalty(**fields)  # type: ignore[arg-type]


@given(
    shortfalls=st.lists(st.integers(0, 10**7), min_size=2, max_size=6),
    obligation=st.integers(0, 10**7),
    price=st.integers(0, 20_000),
    rule=st.sampled_from([CHINA, KOREA, LUMP, Penalty(form="fixed", fen_per_lot=777, index=Decimal("1.01"))]),
)
def test_missing_more_never_costs_less(shortfalls: list[int], obligation: int, price: int, rule: Penalty) -> None:
    ordered = np.array(sorted(shortfalls))
    fines = rule.fine(ordered, np.full_like(ordered, obligation), price_fen=price)
    assert (np.diff(fines) >= 0).all()
    assert (fines[ordered == 0] == 0).all()
