"""The one-period yardstick: hand-worked markets and two independent routes on random ones."""

import ast
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from agents.abatement import CostCurves
from experiments.studies import least_cost
from experiments.studies.least_cost import cost_excess, least_cost_one_period, least_cost_steps, minimum_trade_volume

# Four firms with MAC a, 2a, 10 + a/2, 5 + 4a and 280 permits: V08, after Montgomery (1972).
BASELINE = np.array([100.0, 100.0, 80.0, 120.0])
CURVES = CostCurves.linear([0, 0, 10, 5], [1, 2, 0.5, 4], BASELINE)
BEST = least_cost_one_period(CURVES, BASELINE, 280.0)


def test_montgomery_market():
    assert (BEST.price_low, BEST.price_high) == pytest.approx((113 / 3, 113 / 3), rel=1e-9)
    assert BEST.abated == pytest.approx([113 / 3, 113 / 6, 166 / 3, 49 / 6], rel=1e-9)
    assert BEST.cost == pytest.approx(2557.0833333333, rel=1e-9)
    assert BEST.dual == pytest.approx(BEST.cost, rel=1e-10)


def test_a_uniform_cut_costs_three_quarters_more():
    uniform = 0.3 * BASELINE
    assert (BASELINE * CURVES.cost(uniform / BASELINE)).sum() == pytest.approx(4506.0)
    assert 1 - BEST.cost / 4506 == pytest.approx(0.4325, abs=5e-5)
    assert cost_excess(CURVES, BASELINE, uniform) == pytest.approx(100 * (4506 / 2557.0833333333 - 1), rel=1e-9)


@pytest.mark.parametrize(
    ("initial", "volume"), [((70, 70, 56, 84), 39.0), ((280, 0, 0, 0), 217.6667), ((0, 140, 140, 0), 174.1667)]
)
def test_minimum_volume_depends_on_the_allocation(initial, volume):
    assert minimum_trade_volume(BASELINE, BEST.abated, np.array(initial, dtype=np.float64)) == pytest.approx(
        volume, abs=5e-5
    )


def test_excess_is_zero_at_the_optimum_and_counts_over_abatement_only_against_the_cap():
    assert cost_excess(CURVES, BASELINE, BEST.abated) == pytest.approx(0, abs=1e-8)
    more = least_cost_one_period(CURVES, BASELINE, 260.0)
    assert cost_excess(CURVES, BASELINE, more.abated) == pytest.approx(0, abs=1e-8)
    assert cost_excess(CURVES, BASELINE, more.abated, cap=280.0) == pytest.approx(100 * (more.cost / BEST.cost - 1))


def test_excess_refuses_impossible_and_costless_plans():
    with pytest.raises(ValueError, match="cannot abate"):
        cost_excess(CURVES, BASELINE, np.array([101.0, 0, 0, 0]))
    with pytest.raises(ValueError, match="cost nothing"):
        cost_excess(CURVES, BASELINE, np.zeros(4))


def test_a_slack_cap_costs_nothing():
    slack = least_cost_one_period(CURVES, BASELINE, 500.0)
    assert (slack.price_low, slack.price_high, slack.cost, slack.dual) == (0, 0, 0, 0)


def test_price_is_an_interval_between_two_technologies():
    """First firm: 0 to 20, up to 40 units; second from 50 on.  Exactly 40 are needed: any price from 20 to 50."""
    baseline = np.array([100.0, 100.0])
    curves = CostCurves.of([0.0, 50.0], 50.0, 0.0, 0.4)
    best = least_cost_one_period(curves, baseline, 160.0)
    assert (best.price_low, best.price_high) == pytest.approx((20, 50), rel=1e-6)
    assert best.price == pytest.approx(35, rel=1e-6)
    assert best.abated == pytest.approx([40, 0], rel=1e-9)
    more = least_cost_one_period(curves, baseline, 159.0)
    assert more.price_low == more.price_high == pytest.approx(50.5)


def test_price_has_no_upper_end_where_everything_is_used():
    best = least_cost_one_period(CostCurves.of(0.0, 50.0, 0.0, 0.4), np.array([100.0]), 60.0)
    assert best.price_high == np.inf
    assert best.price == best.price_low == pytest.approx(20, rel=1e-6)
    with pytest.raises(ValueError, match="cannot be met"):
        least_cost_one_period(CostCurves.of(0.0, 50.0, 0.0, 0.4), np.array([100.0]), 59.0)


def random_market(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 30))
    baseline = rng.lognormal(3, 1.2, n)
    curves = CostCurves.of(
        rng.choice([0.0, 1.0], n) * rng.uniform(0, 80, n),
        rng.uniform(20, 2000, n),
        rng.choice([0.0, 8000.0], n),
        rng.uniform(0.1, 1, n),
    )
    return curves, baseline, float(baseline.sum() - rng.uniform(0.02, 0.95) * (curves.limit * baseline).sum())


@pytest.mark.parametrize("seed", range(100))
def test_bisection_agrees_with_linear_programming(seed):
    """Second route: the curves cut into 40 steps each bracket the program from above, its tangents from below."""
    curves, baseline, cap = random_market(seed)
    best = least_cost_one_period(curves, baseline, cap)
    required = baseline.sum() - cap
    assert best.abated.sum() == pytest.approx(required, rel=1e-8)
    assert best.dual == pytest.approx(best.cost, rel=1e-8)

    pieces = 40
    edges = np.linspace(0, 1, pieces + 1)[:, None] * curves.limit
    unit_cost = np.diff(baseline * curves.cost(edges), axis=0) / (baseline * np.diff(edges, axis=0))
    steps = least_cost_steps(
        unit_cost.ravel(), np.broadcast_to(baseline * curves.limit / pieces, unit_cost.shape).ravel(), required
    )
    rises = np.diff(curves.marginal_cost(edges), axis=0).max(axis=0)
    chord_error = (rises * baseline * curves.limit / pieces).sum() / 4  # a chord lies at most rise x width / 4 above
    assert best.cost * (1 - 1e-9) <= steps.cost <= best.cost * (1 + 1e-9) + chord_error
    assert steps.price_low - rises.max() <= best.price_low <= steps.price_high + rises.max()

    # Frank and Wolfe (1956): no plan is cheaper by more than the gap of the linearised program.
    slope = curves.marginal_cost(best.abated / baseline)
    cheapest = linprog(
        slope, A_ub=-np.ones((1, len(slope))), b_ub=[-required], bounds=[(0, u) for u in curves.limit * baseline]
    )
    assert cheapest.status == 0
    assert slope @ best.abated - cheapest.fun == pytest.approx(0, abs=1e-8 * best.cost)


@pytest.mark.parametrize("seed", range(100))
def test_steps_agree_with_sorting(seed):
    """Second route for steps: accept technologies in the order of their cost."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 25))
    cost, capacity = rng.integers(1, 60, n).astype(float), rng.integers(1, 20, n).astype(float)
    required = float(rng.integers(1, capacity.sum() + 1))
    order = np.argsort(cost)
    before = np.cumsum(capacity[order]) - capacity[order]
    used = np.clip(required - before, 0, capacity[order])
    last = cost[order][used > 0].max()
    spare = cost[order][used < capacity[order]].min(initial=np.inf)
    best = least_cost_steps(cost, capacity, required)
    assert best.cost == pytest.approx(used @ cost[order], rel=1e-9)
    assert (best.price_low, best.price_high) == (last, spare)
    assert best.dual == pytest.approx(best.cost, rel=1e-9)


def test_steps_by_hand():
    best = least_cost_steps(np.array([50.0, 10.0, 30.0]), np.array([5.0, 4.0, 6.0]), 10.0)
    assert best.abated == pytest.approx([0, 4, 6])
    assert best.cost == pytest.approx(220)
    assert (best.price_low, best.price_high) == (30, 50)
    everything = least_cost_steps(np.array([50.0, 10.0]), np.array([5.0, 4.0]), 9.0)
    assert (everything.price_low, everything.price_high) == (50, np.inf)
    inside = least_cost_steps(np.array([50.0, 10.0]), np.array([5.0, 4.0]), 6.0)
    assert (inside.price_low, inside.price_high) == (50, 50)
    slack = least_cost_steps(np.array([50.0, 10.0]), np.array([5.0, 4.0]), -1.0)
    assert (slack.price_low, slack.price_high, slack.cost) == (0, 0, 0)


def test_steps_refuse_negative_costs_and_impossible_requirements():
    with pytest.raises(ValueError, match="negative"):
        least_cost_steps(np.array([-1.0]), np.array([5.0]), 1.0)
    with pytest.raises(ValueError, match="5 at most"):
        least_cost_steps(np.array([1.0]), np.array([5.0]), 6.0)


def test_the_yardstick_does_not_import_the_simulator():
    tree = ast.parse(Path(least_cost.__file__).read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert modules <= {
        "__future__",
        "dataclasses",
        "numpy",
        "scipy.optimize",
        "agents.abatement",
        "agents.price_search",
    }
