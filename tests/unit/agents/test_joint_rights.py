"""Prices of several rights at once, checked by duality on random sets of measures."""

import numpy as np
import pytest

from agents.abatement import CostCurves, JointMeasures
from agents.joint_rights import JointProblem, joint_prices
from agents.price_search import one_period_price


def random_problem(seed):
    """Measures that raise some rights, and requirements that some plan meets, partly with room to spare."""
    rng = np.random.default_rng(seed)
    n, rights = int(rng.integers(2, 40)), int(rng.integers(1, 7))
    curves = CostCurves.of(
        rng.uniform(0, 100, n), rng.uniform(1, 1000, n), rng.choice([0.0, 5000.0], n), rng.uniform(0.1, 1, n)
    )
    measures = JointMeasures(np.arange(n), rng.lognormal(0, 2, n) * 10, curves, rng.normal(0.3, 0.5, (n, rights)))
    some_plan = rng.uniform(0, 1, n) * measures.capacity * curves.limit
    return JointProblem(measures, measures.reduction.T @ some_plan - rng.choice([0.0, 3.0], rights))


@pytest.mark.parametrize("seed", range(100))
def test_cost_meets_its_dual_bound(seed):
    """A plan that covers all requirements at the cost of a dual value is optimal (weak duality)."""
    problem = random_problem(seed)
    found = joint_prices(problem)
    size = np.abs(problem.measures.reduction * problem.measures.capacity[:, None]).sum(axis=0)
    left = found.saved - problem.required
    assert (left >= -1e-8 * size).all()
    assert (found.price >= 0).all()
    assert found.price * left == pytest.approx(0, abs=1e-6 * max(1.0, found.cost))
    assert found.cost == pytest.approx(found.dual, rel=1e-8, abs=1e-8)


def test_one_right_reduces_to_the_one_period_price():
    baseline = np.array([100.0, 100.0, 80.0, 120.0])
    curves = CostCurves.linear([0, 0, 10, 5], [1, 2, 0.5, 4], baseline)
    measures = JointMeasures(np.arange(4), baseline, curves, np.ones((4, 1)))
    found = joint_prices(JointProblem(measures, np.array([120.0])))
    assert found.price[0] == pytest.approx(one_period_price(curves, baseline, 280.0), rel=1e-9)


def test_slack_requirements_cost_nothing():
    found = joint_prices(JointProblem(random_problem(3).measures, np.full(random_problem(3).required.shape, -50.0)))
    assert found.price.max() == 0 and found.cost == 0


def test_a_fine_bounds_its_price_and_leaves_a_shortfall():
    """One measure, MAC = x up to 10, cuts A and B one for one; A needs 8 and costs at most 3, B needs 4."""
    measures = JointMeasures(np.array([0]), np.array([10.0]), CostCurves.linear(0, 1, 10), np.ones((1, 2)))
    found = joint_prices(JointProblem(measures, np.array([8.0, 4.0]), ceiling=np.array([3.0, np.inf])))
    assert found.price == pytest.approx([3, 1], rel=1e-9)
    assert found.saved == pytest.approx([4, 4], rel=1e-9)


def test_requirements_out_of_reach_are_refused():
    measures = JointMeasures(np.array([0]), np.array([10.0]), CostCurves.linear(0, 1, 10), np.ones((1, 2)))
    with pytest.raises(ValueError, match="set a fine"):
        joint_prices(JointProblem(measures, np.array([11.0, 0.0])))


def test_wrong_shapes_are_refused():
    measures = random_problem(0).measures
    with pytest.raises(ValueError, match="finite numbers"):
        JointProblem(measures, np.ones(99))
    with pytest.raises(ValueError, match="ceiling"):
        JointProblem(measures, random_problem(0).required, ceiling=-np.ones(measures.reduction.shape[1]))
