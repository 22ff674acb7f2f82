"""Prices of several rights when one measure cuts several at once.

A firm values a measure by the sum of what it saves of every right, so the prices of all rights are found together.
They are the duals of the least-cost program: cheapest levels x of all measures such that sum_m g_mr x_m covers the
requirement of each right r.  A right that is delivered in excess as a by-product of the others has price 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.abatement import Floats, JointMeasures

ACCURACY = 1e-11  # unmet requirement at which the search stops, as a share of what the measures could do
STEPS = 500
HALVINGS = 60


@dataclass(frozen=True, slots=True)
class JointProblem:
    """What must be saved of each right, and the measures that can save it.

    Attributes
    ----------
    measures : JointMeasures
        All measures of all firms.
    required : ndarray of float64, shape (right,)
        Units of each right to be saved: baseline less cap; not positive where the cap is slack.
    ceiling : ndarray of float64, shape (right,), optional
        Fine per missing unit of each right, CNY; infinite where there is none.

    Raises
    ------
    ValueError
        If an array does not have one number a right, or a fine is negative.
    """

    measures: JointMeasures
    required: Floats
    ceiling: Floats | None = None

    def __post_init__(self) -> None:
        rights = self.measures.reduction.shape[1]
        if self.required.shape != (rights,) or not np.isfinite(self.required).all():
            raise ValueError(f"required needs {rights} finite numbers, got {self.required}")
        if self.ceiling is not None and (self.ceiling.shape != (rights,) or not (self.ceiling >= 0).all()):
            raise ValueError(f"ceiling needs {rights} prices that are not negative, got {self.ceiling}")


@dataclass(frozen=True, slots=True)
class JointPrices:
    """Competitive prices of all rights and what measures do at them.

    Attributes
    ----------
    price : ndarray of float64, shape (right,)
        CNY per unit; 0 for a right that is over-delivered.
    amount : ndarray of float64, shape (measure,)
        Units of its primary right that each measure abates.
    saved : ndarray of float64, shape (right,)
        Units of each right saved by all measures.
    cost : float
        Cost of all measures, CNY.
    dual : float
        Value of the dual program, CNY; equals `cost` plus fines at the optimum.
    """

    price: Floats
    amount: Floats
    saved: Floats
    cost: float
    dual: float


def joint_prices(problem: JointProblem) -> JointPrices:
    """Return the prices at which the measures that pay for themselves meet every requirement.

    Raises
    ------
    ValueError
        If the requirements cannot be met together and no fine ends the demand.

    Notes
    -----
    Maximises the concave dual, prices x required - sum_m max_x [value_m x - C_m(x)], by a projected Newton method
    with line search (Bertsekas 1982, SIAM J. Control Optim. 20:221): a price at a bound stays there while the
    market would push it further out; the others take a damped Newton step.
    """
    reach = np.abs(problem.measures.reduction * problem.measures.capacity[:, None]).sum(axis=0)
    scale = np.maximum(np.maximum(reach, np.abs(problem.required)), 1e-300)
    upper = np.full(len(problem.required), np.inf) if problem.ceiling is None else problem.ceiling
    price = np.zeros(len(problem.required))
    for _ in range(STEPS):
        lacking = problem.required - _saved(problem.measures, price)
        free = ~(((price <= 0) & (lacking <= 0)) | ((price >= upper) & (lacking >= 0)))
        if (np.abs(lacking[free]) <= ACCURACY * scale[free]).all():
            return _at(problem, price)
        price = _improved(problem, price, _direction(problem.measures, price, lacking, free), upper)
    raise ValueError(
        f"no prices were found at which {problem.required.tolist()} units are saved: at {price.tolist()} CNY the "
        f"measures save {_saved(problem.measures, price).tolist()}; raise their capacity, or set a fine for each right"
    )


def _saved(measures: JointMeasures, price: Floats) -> Floats:
    return np.asarray(measures.reduction.T @ measures.amount_at(price))


def _at(problem: JointProblem, price: Floats) -> JointPrices:
    amount = problem.measures.amount_at(price)
    saved = np.asarray(problem.measures.reduction.T @ amount)
    cost = float(problem.measures.cost(amount).sum())
    return JointPrices(price, amount, saved, cost, _dual(problem, price))


def _dual(problem: JointProblem, price: Floats) -> float:
    amount = problem.measures.amount_at(price)
    gain = problem.measures.value(price) * amount - problem.measures.cost(amount)
    return float(price @ problem.required - gain.sum())


def _direction(measures: JointMeasures, price: Floats, lacking: Floats, free: np.ndarray) -> Floats:
    """Damped Newton step of the free prices; the damping vanishes with the lack, so the last steps are exact."""
    value = measures.value(price)
    share = measures.curves.share_at(value)
    slope = measures.curves.a + 2 * measures.curves.b * share
    moving = (share > 0) & (share < measures.curves.limit) & (slope > 0)
    response = np.where(moving, measures.capacity / np.where(moving, slope, 1.0), 0.0)
    g = measures.reduction[:, free]
    curvature = (g * response[:, None]).T @ g
    highest = max(float(np.abs(measures.curves.marginal_cost(measures.curves.limit)).max()), 1.0)
    damping = float(np.linalg.norm(lacking[free])) / highest
    step = np.zeros_like(price)
    step[free] = np.linalg.solve(curvature + damping * np.eye(int(free.sum())), lacking[free])
    return step


def _improved(problem: JointProblem, price: Floats, step: Floats, upper: Floats) -> Floats:
    """Go along the step, cut back to the bounds, until the dual has risen enough (Armijo's rule)."""
    before = _dual(problem, price)
    lacking = problem.required - _saved(problem.measures, price)
    noise = 1e-13 * (abs(before) + float(np.abs(price * problem.required).sum()))
    length = 1.0
    for _ in range(HALVINGS):
        tried = np.clip(price + length * step, 0.0, upper)
        if _dual(problem, tried) >= before + 1e-4 * float(lacking @ (tried - price)) - noise:
            return np.asarray(tried)
        length /= 2
    return price
