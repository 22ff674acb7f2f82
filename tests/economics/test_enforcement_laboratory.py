"""The laboratory permit market under imperfect enforcement, against Malik (1990) and Stranlund and Dhanda (1999).

Five firms with marginal cost a and five with 2 a need 20 permits each; 120 are given out.  One with v uncovered units
is fined 20 v + 5 v^2 / 2 with probability pi, so that p = pi (20 + 5 v) for all of them, and 7.5 p = 80 - 10 v.  In the
market there are 25 copies of each of four kinds: both costs, given 6 or 18 permits.  One unit of theory is `FINE`
permits; ten groups, the last of ten rounds.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from agents.enforcement import Enforcement
from agents.permit_laboratory import PermitLaboratory
from agents.permit_spec import PermitFirm, PermitSpec
from agents.under_reporting import marginal_best
from tests.banking_market import lies_within

Floats = npt.NDArray[np.float64]

FINE = 100
SLOPES, GIVEN, COPIES, SESSIONS = (1.0, 2.0), (6, 18), 25, 10
THEORY = {0.35: (9.0811, 1.1892, 131.892), 0.5: (10.4348, 0.1739, 121.739), 0.6: (10.6667, 0.0, 120.0)}


def run(probability: float | None, **changes: object) -> PermitLaboratory:
    firms = tuple(PermitFirm(20 * FINE, 0.0, slope / FINE, given * FINE) for slope in SLOPES for given in GIVEN)
    rule = None if probability is None else Enforcement(probability, 20.0, 5.0 / FINE)
    rules: dict[str, object] = {"copies": COPIES, "sessions": SESSIONS, "rounds": 10, "first_belief": 13.0}
    model = PermitLaboratory(PermitSpec(firms, enforcement=rule, **(rules | changes)), seed=5)  # type: ignore[arg-type]
    model.run_model()
    model.market.audit()
    return model


@pytest.fixture(scope="module")
def markets() -> dict[float, PermitLaboratory]:
    return {probability: run(probability) for probability in THEORY}


def violated(model: PermitLaboratory) -> Floats:
    """Units of theory left uncovered in the last round, shape (sessions, firms)."""
    return model.violated[-1] / FINE


def emissions(model: PermitLaboratory) -> Floats:
    """Use of ten firms in the last round, by session, units of theory."""
    return np.asarray((20.0 - model.abated[-1] / FINE).mean(axis=1) * 10.0)


@pytest.mark.parametrize("probability", THEORY)
def test_price_violations_and_emissions_are_those_of_theory(
    markets: dict[float, PermitLaboratory], probability: float
) -> None:
    model, (price, violation, emitted) = markets[probability], THEORY[probability]
    assert model.price == pytest.approx(price, abs=1e-4)
    assert lies_within(model.mean_price[-1], 0.95 * price, 1.05 * price)
    assert lies_within(violated(model).mean(axis=1), 0.9 * violation - 1e-9, 1.1 * violation + 1e-9)
    assert lies_within(emissions(model), emitted - 1.0, emitted + 1.0)


@pytest.mark.parametrize("probability", [0.35, 0.5])
def test_violations_depend_neither_on_costs_nor_on_what_a_firm_was_given(
    markets: dict[float, PermitLaboratory], probability: float
) -> None:
    """Regression over the 100 firms of each group: no coefficient differs from 0 by more than 0.02 units."""
    kinds = [(1.0, slope, given) for slope in SLOPES for given in GIVEN]
    traits = np.repeat(np.array(kinds), COPIES, axis=0)
    for group in violated(markets[probability]):
        _, on_slope, on_given = np.linalg.lstsq(traits, group, rcond=None)[0]
        assert abs(on_slope) < 0.02
        assert abs(on_given) < 0.02


def test_stronger_enforcement_is_partly_offset_by_the_price(markets: dict[float, PermitLaboratory]) -> None:
    """From 0.35 to 0.4 emissions fall, but by less than they would if the price stayed where it is."""
    stronger = run(0.4)
    fell = emissions(markets[0.35]) - emissions(stronger)
    price = markets[0.35].mean_price[-1]
    first, most = np.full(SESSIONS, 20.0), np.full(SESSIONS, 20)
    before, after = (marginal_best(price, pi, first, 5.0, most) for pi in (0.35, 0.4))
    assert (fell > 0.0).all()
    assert (fell < 10.0 * (before - after)).all()
    assert (stronger.mean_price[-1] > price).all()


def test_where_nobody_is_audited_nobody_needs_a_permit() -> None:
    """Nothing is abated, and nobody buys a permit."""
    model = run(0.0, rounds=6, sessions=2)
    assert model.price == pytest.approx(0.0, abs=1e-9)
    assert not model.abated[-1].any()
    assert (violated(model).mean(axis=1) * 10.0 == 80.0).all()
    assert not model.volume[-1].any()
    assert not model.fines.any()


def test_fines_are_those_of_the_firms_that_were_audited(markets: dict[float, PermitLaboratory]) -> None:
    """About pi times the fine of all: one group's number of audits lies within four standard deviations."""
    model = markets[0.35]
    rule = model.spec.enforcement
    assert rule is not None
    whole = rule.fine_yuan(model.violated[-1].reshape(-1)).reshape(SESSIONS, -1).sum(axis=1)
    share = model.fines[-1] / whole
    assert (share > 0).all()
    assert abs(share.mean() - 0.35) < 4 * np.sqrt(0.35 * 0.65 / (100 * SESSIONS))


def test_enforcement_that_is_certain_and_dear_is_the_market_without_violations() -> None:
    sure, none = (run(p, rounds=3, sessions=2) for p in (1.0, None))
    assert (sure.abated == none.abated).all()
    assert sure.mean_price.tobytes() == none.mean_price.tobytes()


def test_a_saved_experiment_goes_on_to_the_same_bits() -> None:
    firms = tuple(PermitFirm(2000, 0.0, 0.01, given) for given in (600, 1800))
    spec = PermitSpec(firms, 3, 2, rounds=2, days=6, first_belief=9.0, enforcement=Enforcement(0.35, 20.0, 0.05))
    whole, first, second = (PermitLaboratory(spec, seed=3) for _ in range(3))
    whole.run_model()
    for _ in range(8):
        first.step()
    second.restore(first.state())
    second.run_model()
    assert (second.violated == whole.violated).all() and whole.violated.any()
    assert second.fines.tobytes() == whole.fines.tobytes()
    without = PermitLaboratory(replace(spec, enforcement=None), seed=3)
    without.run_model()
    assert not without.violated.any()
