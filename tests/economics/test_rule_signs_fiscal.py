"""What taxes, standards, subsidies and rebates must do to firms: closed forms, and signs by pairs.

Firms A to D are those of Montgomery's theorem: 100, 100, 80 and 120 units of use, marginal costs a, 2 a, 10 + a/2 and
5 + 4 a.  Least cost for 120 units less is 2557.08, at a price of 37.67; a cut of 30 % by each costs 4506.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from agents.abatement import CostCurves
from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from agents.spec import Label, MeasureSpec, PopulationSpec
from rights_market.policies.fiscal import EmissionStandard, EmissionTax, MeasureSubsidy, RevenueRecycling, TaxedUse
from rights_market.policies.rule import Rule
from rights_market.rulebook import RuleBook
from tests.banking_market import (
    FIRST,
    UNIT,
    exceeds_zero,
    lean,
    mean_price,
    run,
    run_periods,
    runs,
    summed,
    theory_market,
    theory_sector,
)

SEEDS = range(5)
FEW = range(3)
WITHOUT_UNITS: dict[str, Any] = {
    "tradable": False,
    "allocation": (),
    "cap": None,
    "penalties": (),
    "make_good": None,
}


def tax(yuan: str, **changes: Any) -> EmissionTax:
    return EmissionTax(uses=(TaxedUse(right="CEA", rate_fen=100 * Decimal(yuan)),), **changes)


def without_trade(market: MarketConfig, *fiscal: Rule) -> MarketConfig:
    """The same firms without units, under charges alone."""
    book: RuleBook = replace(market.rule_books[0], **WITHOUT_UNITS)
    return replace(market, rule_books=(book,), fiscal=fiscal)


# -- Montgomery's firms

USE = np.array([100.0, 100.0, 80.0, 120.0])


def montgomery(*fiscal: Rule) -> RightsMarketModel:
    """Run two years of the four firms under charges alone; the first one begins before they can act."""
    four = {f"firm{k}": theory_sector(1.0, 1, u / 100.0, output_sigma=0.0) for k, u in enumerate(USE)}
    market = without_trade(theory_market([0.0, 0.0], four), *fiscal)
    model = RightsMarketModel(lean(market), seed=1)
    beta = np.array([1.0, 2.0, 0.5, 4.0]) / UNIT
    curves = CostCurves.linear(np.array([0.0, 0.0, 10.0, 5.0]), beta, USE * UNIT)
    model.firms.curves = CostCurves(*(x[:, np.newaxis] for x in (curves.alpha, curves.a, curves.b, curves.limit)))
    while len(model.recorder.periods) < 2:
        model.step()
    return model


def abated(model: RightsMarketModel) -> np.ndarray:
    period = model.recorder.periods[1]
    return np.asarray((period["baseline"] - period["emissions"]) / UNIT)


def test_a_tax_at_the_permit_price_is_the_least_cost_solution() -> None:
    model = montgomery(tax("37.6667"))
    np.testing.assert_allclose(abated(model), [113 / 3, 113 / 6, 166 / 3, 49 / 6], rtol=1e-4)
    np.testing.assert_allclose(summed(model, "abatement_cost_yuan")[1] / UNIT, 2557.083, rtol=1e-4)
    (paid,) = (x for flow, x in model.authority.treasury.flows.items() if flow.year == FIRST + 1)
    np.testing.assert_allclose(paid / 100 / UNIT, 37.6667 * (USE - abated(model)), rtol=1e-6)


def test_a_uniform_standard_costs_more_for_the_same_use() -> None:
    standard = EmissionStandard(
        right="CEA", charge=20_000, form="absolute", share_of_base=Decimal("0.7"), base_year=FIRST - 1
    )
    model = montgomery(standard)
    # The past from which the limits come lies within some percent of what the firms use now.
    base = model.fiscal_year._limits[0]
    limits = np.array([float(x or 0) for x in base]) / UNIT
    cut = USE - limits
    np.testing.assert_allclose(abated(model), cut, rtol=1e-4)
    by_hand = np.array([0.0, 0.0, 10.0, 5.0]) @ cut + np.array([1.0, 2.0, 0.5, 4.0]) @ cut**2 / 2
    np.testing.assert_allclose(summed(model, "abatement_cost_yuan")[1] / UNIT, by_hand, rtol=1e-4)
    uniform = EmissionStandard(right="CEA", charge=20_000, limit={f"firm{k}": Decimal("0.7") for k in range(4)})
    model = montgomery(uniform)
    np.testing.assert_allclose(abated(model), 0.3 * USE, rtol=1e-4)
    np.testing.assert_allclose(summed(model, "abatement_cost_yuan")[1] / UNIT, 4506.0, rtol=1e-4)
    assert summed(model, "abatement_cost_yuan")[1] / UNIT > 1.7 * 2557.083


def test_nobody_abates_at_more_than_the_charge() -> None:
    """At 37.67 CNY a unit over the limit, A and C keep within it, B and D pay for a part."""
    limits = {f"firm{k}": Decimal("0.7") for k in range(4)}
    model = montgomery(EmissionStandard(right="CEA", charge=3767, limit=limits))
    np.testing.assert_allclose(abated(model), [30.0, 37.67 / 2, 24.0, 32.67 / 4], rtol=1e-4)


# -- a tax against a market on the same firms


def test_equal_marginal_cost_gives_equal_abatement_and_other_payments() -> None:
    """A cap of 70 of 100 units clears at 30 CNY; a tax of 30 asks for the same abatement of the same firms."""
    market = theory_market([70, 70])
    traded = run_periods(market, 1)
    taxed = run_periods(without_trade(market, tax("30")), 1)
    last = -1
    np.testing.assert_allclose(summed(taxed, "emissions")[last], summed(traded, "emissions")[last], rtol=0.01)
    costs = [summed(m, "abatement_cost_yuan")[last] for m in (taxed, traded)]
    np.testing.assert_allclose(costs[0], costs[1], rtol=0.03)
    np.testing.assert_allclose(costs[0] / UNIT, 450.0, rtol=0.01)
    # In the market with free units firms pay each other; the tax goes to the government.
    net = summed(traded, "spent_fen") - summed(traded, "earned_fen")
    assert abs(net[last]) < 1e-3 * summed(traded, "spent_fen")[last]
    paid = sum(float(x.sum()) for flow, x in taxed.authority.treasury.flows.items() if flow.year == FIRST + 1)
    np.testing.assert_allclose(paid / 100 / UNIT, 30 * 70, rtol=0.01)
    assert not traded.authority.treasury.flows


def test_beside_a_cap_a_tax_lowers_the_price_and_not_the_use() -> None:
    """At a binding cap the last unit still costs 30 CNY to abate: a tax of 10 leaves 20 for the permit."""
    market = theory_market([70, 70])
    both = run_periods(replace(market, fiscal=(tax("10"),)), 1)
    np.testing.assert_allclose(mean_price(both)[1], 20.0, rtol=0.05)
    np.testing.assert_allclose(summed(both, "emissions")[-1] / UNIT, 70.0, rtol=0.01)


# -- signs in a market with all its frictions


@pytest.fixture(scope="module")
def alone() -> list[RightsMarketModel]:
    return runs(small_market(20, 0.03, 2, 40), SEEDS)


def test_a_tax_lowers_use_and_the_price_of_permits(alone: list[RightsMarketModel]) -> None:
    taxed = runs(replace(small_market(20, 0.03, 2, 40), fiscal=(tax("30"),)), SEEDS)
    pairs = list(zip(alone, taxed, strict=True))
    for year in range(2):
        assert exceeds_zero([(mean_price(a) - mean_price(b))[year] for a, b in pairs])
        assert exceeds_zero([(summed(a, "emissions") - summed(b, "emissions"))[year] for a, b in pairs])


def retrofit(yuan: float) -> dict[str, Any]:
    """The sectors of the small market, in which each firm may build a measure that just does not pay by itself."""
    spec = MeasureSpec(
        Label("Retrofit", "改造"), capex_yuan_per_output=yuan, reduction={"CEA": 0.05}, lead_days=5, life_years=5
    )
    return {code: replace(sector, measures=[spec]) for code, sector in small_market(20).population.sectors.items()}


def test_a_subsidy_speeds_investment() -> None:
    market = small_market(20, 0.03, 2, 40)
    people: PopulationSpec = replace(market.population, sectors=retrofit(35.0))
    market = replace(market, population=people)
    grant = MeasureSubsidy(share=Decimal("0.4"), measures=("Retrofit",))

    def started(models: list[RightsMarketModel]) -> list[float]:
        return [float((m.operations.measures.status > 0).mean()) for m in models]

    without, with_grant = runs(market, FEW), runs(replace(market, fiscal=(grant,)), FEW)
    assert exceeds_zero(np.subtract(started(with_grant), started(without)))
    credit = MeasureSubsidy(form="tax_credit", share=Decimal("0.4"))
    with_credit = runs(replace(market, fiscal=(credit,)), FEW)
    assert exceeds_zero(np.subtract(started(with_credit), started(without)))
    for model in with_grant:
        paid = -sum(int(x.sum()) for x in model.authority.treasury.flows.values())
        built = model.operations.measures.capex_fen[model.operations.measures.status > 0].sum()
        assert abs(paid - 0.4 * built) <= len(model.firms)


def test_rebates_by_output_raise_output() -> None:
    market = small_market(20, 0.03, 2, 40)
    elastic = {c: replace(s, demand_elasticity=-2.0) for c, s in market.population.sectors.items()}
    market = replace(market, population=replace(market.population, sectors=elastic))
    rebate = RevenueRecycling(shares={"output_rebate": Decimal(1)}, right="CEA")
    more = []
    for seed in FEW:
        a, b = (run(replace(market, fiscal=rules), seed) for rules in ((tax("100"),), (tax("100"), rebate)))
        more.append(float((b.operations.response - a.operations.response).mean()))
    assert exceeds_zero(more)
