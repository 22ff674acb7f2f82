"""The least cost at which a cap can be met in one period: the yardstick beside every simulated market.

Cutting where it is cheapest equalises marginal cost over firms, and the common marginal cost is the price that a
competitive market must find whatever the initial allocation (Montgomery 1972, J. Econ. Theory 5:395).  Where the
price is not unique, the yardstick is an interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from agents.abatement import CostCurves, Floats
from agents.price_search import one_period_price

FLAT = 1e-9  # share of the market's size below which a response of demand to the price counts as none
STEP = 1e-7  # relative change of the price over which that response is looked for


@dataclass(frozen=True, slots=True)
class LeastCost:
    """Cheapest way to meet a cap.

    Attributes
    ----------
    price_low, price_high : float
        All competitive prices, CNY per unit; equal where the price is unique, the upper one infinite where all
        abatement there is has to be used.
    abated : ndarray of float64, shape (firm,) or (step,)
        Units abated.
    cost : float
        Total cost, CNY.
    dual : float
        Lower bound on the cost of any way to meet the cap, CNY; equals `cost` at the optimum.
    """

    price_low: float
    price_high: float
    abated: Floats
    cost: float
    dual: float

    @property
    def price(self) -> float:
        """Middle of the interval of competitive prices, or its lower end where it has no upper one."""
        return (self.price_low + self.price_high) / 2 if np.isfinite(self.price_high) else self.price_low


def least_cost_one_period(curves: CostCurves, baseline: Floats, cap: float) -> LeastCost:
    """Meet a cap at least cost when every firm has a rising marginal cost curve.

    Parameters
    ----------
    curves : CostCurves, shape (firm,)
        Abatement cost.
    baseline : ndarray of float64, shape (firm,)
        Units needed without abatement.
    cap : float
        Units that may be used.

    Returns
    -------
    LeastCost

    Raises
    ------
    ValueError
        If the cap cannot be met with all abatement.

    Notes
    -----
    Minimises sum_i C_i(a_i) subject to sum_i a_i >= sum_i ebar_i - cap and 0 <= a_i <= limit_i ebar_i.

    Examples
    --------
    >>> baseline = np.array([100.0, 100.0, 80.0, 120.0])
    >>> best = least_cost_one_period(CostCurves.linear([0, 0, 10, 5], [1, 2, 0.5, 4], baseline), baseline, 280)
    >>> round(best.price, 4), round(best.cost, 3)
    (37.6667, 2557.083)
    """
    low = one_period_price(curves, baseline, cap)
    share = curves.share_at(low)
    abated, spent = baseline * share, baseline * curves.cost(share)
    required = float(baseline.sum()) - cap
    dual = low * required - float((low * abated - spent).sum())
    return LeastCost(low, _highest_price(curves, baseline, required, low), abated, float(spent.sum()), dual)


def _highest_price(curves: CostCurves, baseline: Floats, required: float, low: float) -> float:
    """Largest price at which firms abate no more than is required."""
    above = low * (1 + STEP) + STEP
    response = float((baseline * (curves.share_at(above) - curves.share_at(low))).sum())
    surplus = float((baseline * curves.share_at(low)).sum()) - required
    size = FLAT * float(baseline.sum())
    if response > size or surplus > size:
        return low
    waiting = (baseline > 0) & (curves.limit > 0) & (curves.alpha > low)
    return float(curves.alpha[waiting].min(initial=np.inf))


def least_cost_steps(cost: Floats, capacity: Floats, required: float) -> LeastCost:
    """Meet a requirement at least cost from a list of technologies with constant unit cost, by linear programming.

    Parameters
    ----------
    cost : ndarray of float64, shape (step,)
        CNY per unit, not negative.
    capacity : ndarray of float64, shape (step,)
        Units that each technology can abate.
    required : float
        Units to abate.

    Raises
    ------
    ValueError
        If a cost is negative or the capacities do not suffice.
    RuntimeError
        If the linear program is not solved to optimality.

    Notes
    -----
    The dual of the requirement is one competitive price; all of them lie between the cost of the dearest step in
    use and that of the cheapest one with capacity to spare.
    """
    if (cost < 0).any():
        raise ValueError("a step of negative cost is no abatement cost: take it as done in the baseline")
    if required > capacity.sum():
        raise ValueError(f"{required:g} units are required, the steps abate {capacity.sum():g} at most")
    bounds = np.stack([np.zeros_like(capacity), capacity], axis=1)
    solved = linprog(cost, A_ub=-np.ones((1, len(cost))), b_ub=[-required], bounds=bounds, method="highs")
    if solved.status != 0:
        raise RuntimeError(f"the linear program of {len(cost)} steps was not solved: {solved.message}")
    abated = np.asarray(solved.x, dtype=np.float64)
    price = -float(solved.ineqlin.marginals[0])
    dual = price * required - float((np.maximum(price - cost, 0.0) * capacity).sum())
    tiny = FLAT * max(float(capacity.sum()), 1.0)
    low = float(cost[abated > tiny].max(initial=0.0)) if required > 0 else 0.0
    slack = float(abated.sum()) > required + tiny
    high = low if slack else float(cost[abated < capacity - tiny].min(initial=np.inf))
    return LeastCost(low, high, abated, float(solved.fun), dual)


def cost_excess(curves: CostCurves, baseline: Floats, abated: Floats, cap: float | None = None) -> float:
    """Return by how much an outcome costs more than the least cost, per cent.

    Parameters
    ----------
    curves : CostCurves, shape (firm,)
        Abatement cost.
    baseline, abated : ndarray of float64, shape (firm,)
        Units needed without abatement, and units abated.
    cap : float, optional
        Cap of the yardstick; the emissions actually reached if omitted, so that a market is not praised for a
        shortfall.

    Raises
    ------
    ValueError
        If a firm abates more than it can, or the yardstick costs nothing.
    """
    share = np.divide(abated, baseline, out=np.zeros_like(baseline), where=baseline > 0)
    if (share < -FLAT).any() or (share > curves.limit + FLAT).any():
        raise ValueError("a firm cannot abate less than nothing or more than the limit of its curve")
    spent = float((baseline * curves.cost(share)).sum())
    reached = float((baseline - abated).sum()) if cap is None else cap
    least = least_cost_one_period(curves, baseline, reached).cost
    if least <= 0:
        raise ValueError(f"emissions of {reached:g} units cost nothing to reach, so there is no excess in per cent")
    return 100.0 * (spent / least - 1.0)


def minimum_trade_volume(baseline: Floats, abated: Floats, initial: Floats) -> float:
    """Return the units that must change hands between an initial allocation and a plan of abatement.

    Parameters
    ----------
    baseline, abated, initial : ndarray of float64, shape (firm,)
        Units needed without abatement, units abated, and units allocated.

    Returns
    -------
    float
        Sum over firms of what they lack.
    """
    return float(np.maximum(baseline - abated - initial, 0.0).sum())
