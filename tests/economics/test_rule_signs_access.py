"""What rules of allocation make firms do: paired seeds, one rule against another, one-sided 95 % intervals."""

from decimal import Decimal

import numpy as np

from agents.spec import SectorSpec
from rights_market.policies.allocation import EmissionMatchingBand, Equal, Grandfathering
from tests.banking_market import FIRST, UNIT, exceeds_zero, run_periods, summed, theory_market, theory_sector

SEEDS = range(6)


def sectors() -> dict[str, SectorSpec]:
    """Firms with elastic demand, half of them cheap to abate."""
    return {
        name: theory_sector(slope, 5, demand_elasticity=-0.5, product_price_yuan=300.0, margin_share=0.3)
        for name, slope in (("cheap", 60.0), ("dear", 300.0))
    }


def used(seed: int, *allocation: object, caps: tuple[float, ...] = (85, 80, 75)) -> float:
    """Units of theory used in the first two years under some allocation."""
    rules = {"allocation": allocation, "cap": None}
    model = run_periods(theory_market(list(caps), sectors(), rules=rules, days=30), seed)
    return float(summed(model, "emissions")[:2].sum() / UNIT)


def test_a_base_that_rolls_on_raises_use_today() -> None:
    """Boehringer and Lange (2005): what is used now is a claim to free units later, so that less is saved."""
    fixed = Grandfathering(base_years=(FIRST - 1,), cut=Decimal("0.15"))
    rolling = Grandfathering(base_years=(FIRST - 1,), update_lag=1, cut=Decimal("0.15"))
    assert exceeds_zero([used(seed, rolling) - used(seed, fixed) for seed in SEEDS])


def test_lots_that_follow_use_leave_little_reason_to_save_any() -> None:
    """At the mean intensity a unit saved brings 15 % of the price, where a fixed allocation brings all of it."""
    fixed = Grandfathering(base_years=(FIRST - 1,), cut=Decimal("0.05"))
    assert exceeds_zero([used(seed, EmissionMatchingBand()) - used(seed, fixed) for seed in SEEDS])


def test_grandfathering_and_auctioning_at_one_cap_ask_for_the_same_abatement() -> None:
    """Only who pays differs (Montgomery 1972): equal shares of a total and shares by history give equal use."""
    lots = 85 * UNIT
    by_history = Grandfathering(base_years=(FIRST - 1,), total=lots)
    pairs = [(used(seed, by_history), used(seed, Equal(total=lots))) for seed in SEEDS]
    np.testing.assert_allclose(*np.array(pairs).T, rtol=0.01)
