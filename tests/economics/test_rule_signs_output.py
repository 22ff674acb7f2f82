"""Free units that follow output against fixed ones of the same total: outputs, prices of rights, and welfare."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scipy.optimize import brentq

from agents.model import RightsMarketModel
from agents.spec import SectorSpec
from rights_market.policies.allocation import Benchmark, OutputBenchmark, Product
from tests.banking_market import FIRST, UNIT, column, run_periods, summed, theory_market, theory_sector, years

SEEDS = range(6)
PRICE, ELASTICITY, SLOPE, BEFORE = 20.0, -0.25, 60.0, 80.0
"""One industry: demand falls by a quarter of a percent where the product is a percent dearer, from 80 at 20 CNY."""


def balance(tau: float, cap: float, *, rebate: bool) -> tuple[float, float]:
    """Return output and what is used over the cap at a price of rights, where the rate x is cut at 30 x^2 a unit."""
    x = tau / SLOPE
    cost = SLOPE / 2 * x**2 + (0.0 if rebate else tau * (1.0 - x))
    output = BEFORE * np.exp(ELASTICITY * cost / PRICE)
    return float(output), float((1.0 - x) * output - cap)


def theory(cap: float, *, rebate: bool) -> tuple[float, float]:
    """Return price of rights and output at which the cap is met."""
    tau = float(brentq(lambda p: balance(p, cap, rebate=rebate)[1], 0.0, SLOPE))
    return tau, balance(tau, cap, rebate=rebate)[0]


def ran(
    caps: list[float], sectors: dict[str, SectorSpec], seed: int, benchmark: float | None = None
) -> RightsMarketModel:
    """Run three years, with units by output at a benchmark where one is given."""
    rules: dict[str, object] = {}
    if benchmark is not None:
        rate = Benchmark(b0=Decimal(str(round(benchmark, 6))), base_year=FIRST - 1)
        rule = OutputBenchmark(products=tuple(Product(name=code, output=rate) for code in sectors))
        rules = {"allocation": (rule,), "cap": None}
    return run_periods(theory_market(caps, sectors, days=24, rules=rules, solver_years=4), seed)


def in_the_middle(model: RightsMarketModel) -> tuple[float, float]:
    """Return the public price of rights and output relative to that without any, in the middle of the second year."""
    second = years(model)[1]
    price, output = (float(np.median(column(model, name)[second])) for name in ("fundamental", "output_index"))
    return price, output


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rebate_by_output_raises_output_and_the_price_of_rights(seed: int) -> None:
    """Fischer and Fox (2007): the product carries what it costs to abate and to hold rights, less what output earns."""
    industry = theory_sector(
        SLOPE, 8, 0.8, demand_elasticity=ELASTICITY, product_price_yuan=PRICE, margin_share=0.3, cash_share=5.0
    )
    tau, output = theory(60.0, rebate=False)
    found = in_the_middle(ran([60.0] * 3, {"industry": industry}, seed))
    np.testing.assert_allclose([found[0], found[1] * BEFORE], [tau, output], rtol=0.05)
    higher, more = theory(60.0, rebate=True)
    subsidised = ran([60.0] * 3, {"industry": industry}, seed, 60.0 / more)
    found = in_the_middle(subsidised)
    np.testing.assert_allclose([found[0], found[1] * BEFORE], [higher, more], rtol=0.05)
    np.testing.assert_allclose(summed(subsidised, "emissions")[:2] / UNIT, 60.0, rtol=0.02)
    assert higher > 1.4 * tau and more > 1.08 * output


DIRTY, CLEAN, STANDARD, STEEP, DEARER = 1.0, 0.6, 0.7, 60.0, 40.0
"""Units of right for a unit of output in two sectors of 50, one standard for both, what abating costs, product price.

Much less steep than in the fixed-rate case of the literature: where output is the main answer to a price, firms that
answer it month by month overshoot, because the shared solver takes output as it is.
"""
RATES = np.array([DIRTY, CLEAN])


def two_sectors(tau: float, standard: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Return output and use of both sectors, and the abated share, at a price of rights and free units per output."""
    x = tau / STEEP
    cost = RATES * STEEP / 2 * x**2 + tau * (RATES * (1.0 - x) - standard)
    output = 50.0 * np.exp(ELASTICITY * cost / DEARER)
    return output, RATES * (1.0 - x) * output, x


def loss(output: np.ndarray, x: np.ndarray | float) -> float:
    """Return what abatement costs, and what output that is forgone or added would have been worth beyond its cost."""
    y = output / 50.0
    dead = 50.0 * DEARER / ELASTICITY * ((1.0 * (np.log(1.0) - 1.0)) - y * (np.log(y) - 1.0))
    return float((dead + output * RATES * STEEP / 2 * np.square(x)).sum())


@pytest.mark.parametrize("seed", SEEDS)
def test_one_standard_for_all_costs_more_than_a_cap_of_the_same_use(seed: int) -> None:
    """Goulder et al. (2022): a standard subsidises those below it, who make more than without any policy."""

    def excess(tau: float) -> float:
        output, use, _ = two_sectors(tau, STANDARD)
        return float(use.sum() - STANDARD * output.sum())

    high = float(brentq(excess, 0.0, STEEP))
    by_standard, use, x = two_sectors(high, STANDARD)
    cap = float(use.sum())
    low = float(brentq(lambda tau: two_sectors(tau, 0.0)[1].sum() - cap, 0.0, STEEP))
    by_cap, _, fewer = two_sectors(low, 0.0)
    ratio = loss(by_standard, x) / loss(by_cap, fewer)
    assert high > low and by_standard[1] > 50.0 > by_cap[1] and ratio > 1.0
    sectors = {
        name: theory_sector(
            STEEP, 4, 0.5, intensity={"CEA": rate}, demand_elasticity=ELASTICITY, product_price_yuan=DEARER,
            margin_share=0.3, cash_share=5.0,
        )
        for name, rate in (("dirty", DIRTY), ("clean", CLEAN))
    }  # fmt: skip
    losses = []
    for benchmark, tau, output in ((STANDARD, high, by_standard), (None, low, by_cap)):
        model = ran([cap] * 3, sectors, seed, benchmark)
        np.testing.assert_allclose(in_the_middle(model)[0], tau, rtol=0.05)
        period, members = model.progress[0].uses[1], model.firms.members
        made = np.array([period.output.sum(axis=0)[rows].sum() for rows in members]) / UNIT
        used = np.array([period.use[rows].sum() for rows in members]) / UNIT
        np.testing.assert_allclose(made, output, rtol=0.02)
        losses.append(loss(made, 1.0 - used / (RATES * made)))
    np.testing.assert_allclose(losses[0] / losses[1], ratio, rtol=0.1)
