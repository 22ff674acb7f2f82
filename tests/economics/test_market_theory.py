"""The market of firms against theory: what must follow when rules, costs or expectations change.

Directions are tested with paired seeds and a one-sided 95 % interval; "reproduced" means that the whole 95 % interval
over seeds lies inside the tolerance.  The banking case is that of Rubin (1996) and Schennach (2000): 20 years of 100
units of use, marginal cost a at a units abated, caps of 90 for five years and 60 after, 5 % interest and no borrowing.
Its price rises by 5 % from 20.92 until the bank is empty in year 14 and is 40 from then on; abatement costs 6441.96.
"""

from calendar import isleap
from dataclasses import replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pytest

from agents.config import small_market
from agents.model import RightsMarketModel
from rights_market.policies.allocation import OutputBenchmark
from rights_market.policies.allocation.benchmarks import Benchmark, Product
from rights_market.policies.banking import NoBanking
from rights_market.policies.compliance import Penalty
from tests.banking_market import (
    FIRST,
    RATE,
    UNIT,
    bank,
    column,
    complied,
    exceeds_zero,
    frictionless,
    lies_within,
    mean_price,
    price_over_solver,
    run_periods,
    runs,
    summed,
    theory_market,
    theory_sector,
    years,
)

Floats = npt.NDArray[np.float64]

SEEDS = range(5)
LOOSE, TIGHT = 0.02, 0.04


def marginal_costs(model: RightsMarketModel) -> Floats:
    """Marginal cost of each firm at its abatement, CNY, where that is not at its limit."""
    share, curves = model.operations.share[:, 0], model.firms.curves
    cost = share * (curves.a[:, 0] + curves.b[:, 0] * share)
    return np.asarray(cost[share < curves.limit[:, 0]])


def spread(model: RightsMarketModel) -> float:
    """Standard deviation of marginal costs over firms, as a share of their mean."""
    cost = marginal_costs(model)
    return float(cost.std() / cost.mean())


# Rules and costs, in a market with all its frictions.


@pytest.fixture(scope="module")
def loose() -> list[RightsMarketModel]:
    return runs(small_market(30, LOOSE, 2, 126), SEEDS)


@pytest.fixture(scope="module")
def tight() -> list[RightsMarketModel]:
    return runs(small_market(30, TIGHT, 2, 126), SEEDS)


def test_a_tighter_cap_raises_the_price_and_lowers_use(
    loose: list[RightsMarketModel], tight: list[RightsMarketModel]
) -> None:
    for year in range(2):
        assert exceeds_zero([mean_price(b)[year] - mean_price(a)[year] for a, b in zip(loose, tight, strict=True)])
        used = [(summed(a, "emissions") - summed(b, "emissions"))[year] for a, b in zip(loose, tight, strict=True)]
        assert exceeds_zero(used)


def test_who_abates_at_less_cost_abates_more(loose: list[RightsMarketModel]) -> None:
    differences = []
    for model in loose:
        share, sector = model.operations.share[:, 0], model.firms.sector
        differences.append(share[sector == 0].mean() - share[sector == 1].mean())
    assert exceeds_zero(differences)


@pytest.mark.parametrize(("unit_fine", "met"), [(5, 70 / 95), (20, 70 / 80), (40, 1.0), (160, 1.0)])
def test_a_fine_buys_compliance_up_to_the_price_that_clears(unit_fine: int, met: float) -> None:
    """Without making good nobody abates at more than the fine; 100 units less as many are owed, and 70 are there.

    From the price of 30 on, at which 30 units are abated, a fine is never paid, and no unit costs more than that.
    """
    fine = (Penalty(form="fixed", fen_per_lot=100 * unit_fine),)
    market = theory_market([70, 70], rules={"penalties": fine, "make_good": None})
    for seed in range(3):
        model = run_periods(market, seed)
        np.testing.assert_allclose(complied(model), met, atol=0.01)
        paid = mean_price(model)
        assert (paid[~np.isnan(paid)] <= min(unit_fine, 1.02 * 30.0)).all()


def test_output_based_allocation_raises_output_and_price() -> None:
    """Fischer and Fox (2007): free units that follow output subsidise it; the same total then asks for more abatement.

    Each run with benchmarks is paired with one that gives the same totals by past use.
    """
    sectors = {
        name: theory_sector(slope, 10, demand_elasticity=-0.8, product_price_yuan=200.0, margin_share=0.3)
        for name, slope in (("cheap", 60.0), ("dear", 300.0))
    }
    benchmark = Benchmark(b0=Decimal("0.75"), base_year=FIRST - 1)
    by_output = OutputBenchmark(products=tuple(Product(name=name, output=benchmark) for name in sectors))
    rules = {"allocation": (by_output,), "cap": None}
    more_output, dearer = [], []
    for seed in range(3):
        subsidised = run_periods(theory_market([75] * 3, sectors, rules=rules), seed)
        given = summed(subsidised, "allocation")
        other = run_periods(theory_market((given / UNIT).tolist(), sectors), seed)
        np.testing.assert_array_equal(summed(other, "allocation"), given)
        made = [column(m, "output_index")[years(m)[1] | years(m)[2]].mean() for m in (subsidised, other)]
        more_output.append(made[0] - made[1])
        dearer.append(mean_price(subsidised)[1:3].mean() - mean_price(other)[1:3].mean())
    assert exceeds_zero(more_output)
    assert exceeds_zero(dearer)


def test_banking_carries_units_from_loose_to_tight_years() -> None:
    """Without it the price jumps with the cap, and what was left over in the loose years is lost."""
    caps = [90.0] * 2 + [60.0] * 2
    with_bank = [run_periods(theory_market(caps), seed) for seed in range(3)]
    without = [run_periods(theory_market(caps, rules={"banking": NoBanking()}), seed) for seed in range(3)]
    assert all((bank(model)[:2] > 5.0).all() for model in with_bank)
    assert all((bank(model) == 0.0).all() for model in without)
    used = [(summed(model, "emissions") / UNIT)[:2].sum() for model in (with_bank[0], without[0])]
    assert used[0] < used[1]

    def jump(model: RightsMarketModel) -> float:
        price = mean_price(model)
        return float(np.log(price[2] / price[1]))

    assert exceeds_zero([jump(b) - jump(a) for a, b in zip(with_bank, without, strict=True)])


# The market without any friction.


@pytest.fixture(scope="module")
def plain() -> list[RightsMarketModel]:
    return runs(frictionless(), range(6))


def test_without_frictions_the_price_is_the_solvers_and_all_comply(plain: list[RightsMarketModel]) -> None:
    """Every year of every seed, and not only their mean, lies within 0.2 %."""
    ratios = np.array([price_over_solver(model) for model in plain])
    assert np.abs(ratios - 1.0).max() < 0.002
    for year in range(ratios.shape[1]):
        assert lies_within(ratios[:, year], 0.998, 1.002)
    assert all((complied(model) == 1.0).all() for model in plain)
    assert all((period["shortfall"] == 0).all() for model in plain for period in model.recorder.periods)


def test_marginal_costs_come_together(plain: list[RightsMarketModel], loose: list[RightsMarketModel]) -> None:
    """Within 1 % without frictions; lasting differences of belief keep them apart otherwise."""
    assert max(spread(model) for model in plain) < 0.01
    assert min(spread(model) for model in loose) > 0.05


def test_firms_trade_although_they_are_of_one_mind(plain: list[RightsMarketModel]) -> None:
    """Who is short and who has too much meet throughout the year, not only under the pressure of a deadline."""
    for model in plain:
        volume = column(model, "volume")
        for days in years(model)[1:]:
            first_half = np.flatnonzero(days)[: days.sum() // 2]
            assert volume[first_half].sum() > 0.1 * volume[days].sum()


# Hotelling's path.

CAPS = [90.0] * 5 + [60.0] * 15
LEAST_PRESENT_COST = 6441.96


@pytest.fixture(scope="module")
def foresighted() -> list[RightsMarketModel]:
    return [run_periods(theory_market(CAPS), seed) for seed in range(3)]


@pytest.fixture(scope="module")
def myopic() -> list[RightsMarketModel]:
    """Firms that know of no year but the one at hand."""
    return [run_periods(theory_market(CAPS, solver_years=1), seed) for seed in range(3)]


def growth(model: RightsMarketModel) -> float:
    """Mean growth a year of the annual price over years 1 to 13."""
    price = mean_price(model)
    return float((price[12] / price[0]) ** (1.0 / 12.0) - 1.0)


def present_cost(model: RightsMarketModel) -> float:
    """Abatement cost in units of theory, discounted to the first year."""
    yearly = summed(model, "abatement_cost_yuan") / UNIT
    return float((yearly / (1.0 + RATE) ** np.arange(len(yearly))).sum())


def test_the_price_of_a_banked_unit_rises_at_the_rate_of_interest(foresighted: list[RightsMarketModel]) -> None:
    assert lies_within([growth(model) for model in foresighted], 0.049, 0.051)
    assert lies_within([mean_price(model)[0] for model in foresighted], 0.99 * 20.92, 1.01 * 20.92)
    assert lies_within([mean_price(model)[14:20].mean() for model in foresighted], 0.995 * 40.0, 1.005 * 40.0)
    assert all((complied(model) > 0.999).all() for model in foresighted)


def test_the_bank_peaks_before_the_cap_falls_and_is_used_up_in_time(foresighted: list[RightsMarketModel]) -> None:
    """In theory 0.55 units are left at the end of year 13, and none at the end of year 14."""
    for model in foresighted:
        held = bank(model)
        assert int(held.argmax()) + 1 == 5
        assert held[4] == pytest.approx(65.6, rel=0.02)
        assert abs(int(np.argmax(held < 0.5)) + 1 - 14) <= 1


def test_abatement_costs_little_more_than_it_must(foresighted: list[RightsMarketModel]) -> None:
    assert lies_within([present_cost(model) / LEAST_PRESENT_COST - 1.0 for model in foresighted], 0.0, 0.01)


def test_myopic_firms_fail(myopic: list[RightsMarketModel]) -> None:
    """Control: they hold no bank, and their price is what each year's cap alone asks for, 10 and then 40.

    It is a little more in leap years, in which a day's use more must be abated.
    Abating 10 units in five years and 40 in fifteen costs 7058.8 in the first year's money, 9.6 % more than the least.
    """
    for model in myopic:
        assert (bank(model)[:5] < 0.1).all()
        days = np.array([366 if isleap(FIRST + k) else 365 for k in range(20)])
        np.testing.assert_allclose(mean_price(model)[:20], 100.0 * days / 365.0 - CAPS, rtol=0.01)
        assert present_cost(model) == pytest.approx(7058.8, rel=0.01)


def test_the_path_does_not_depend_on_the_opening_price() -> None:
    first = run_periods(theory_market(CAPS[:3], rules={"opening_price_ticks": 500}), 1)
    other = run_periods(theory_market(CAPS[:3], rules={"opening_price_ticks": 8000}), 1)
    np.testing.assert_allclose(mean_price(first)[:3], mean_price(other)[:3], rtol=0.01)


def test_more_batches_a_day_change_nothing_without_frictions() -> None:
    prices = [mean_price(runs(replace(frictionless(years=2), batches_per_day=b), [3])[0]) for b in (2, 8)]
    np.testing.assert_allclose(prices[0], prices[1], rtol=0.01)
