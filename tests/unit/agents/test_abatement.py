"""Cost curves, measures with joint effects, and investments."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad

from agents.abatement import NEVER, CostCurves, JointMeasures, Measures, MeasureStatus

# Ellerman and Decaux (1998) form; levels of the coal power, cement and textile sectors as the scenarios use them.
SECTORS = CostCurves.of(0, [1200, 700, 700], [8000, 9000, 4000], [0.25, 0.35, 0.40])


def test_marginal_cost_of_the_sector_curves():
    assert SECTORS.marginal_cost(0.05) == pytest.approx([80, 57.5, 45])
    assert SECTORS.marginal_cost(0.20) == pytest.approx([560, 500, 300])


def test_cost_is_the_integral_of_marginal_cost():
    shares = np.array([0.04, 0.2, 0.4])
    areas = [quad(lambda x, i=i: SECTORS.marginal_cost(x)[i], 0, shares[i])[0] for i in range(3)]
    assert SECTORS.cost(shares) == pytest.approx(areas, rel=1e-12)


def test_share_stops_at_zero_and_at_the_limit():
    assert SECTORS.share_at(0.0) == pytest.approx([0, 0, 0])
    assert SECTORS.share_at(-5.0) == pytest.approx([0, 0, 0])
    assert SECTORS.share_at(1e6) == pytest.approx([0.25, 0.35, 0.40])


@given(
    alpha=st.floats(-100, 100),
    a=st.floats(0, 1e5),
    b=arrays(np.float64, 4, elements=st.floats(1e-3, 1e5)),
    share=st.floats(0, 1),
)
def test_share_at_inverts_marginal_cost(alpha, a, b, share):
    curves = CostCurves.of(alpha, a, b)
    assert curves.share_at(curves.marginal_cost(share)) == pytest.approx(np.full(4, share), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("b", [0.0, 1e-12, 1e-8])
def test_share_is_stable_as_the_curvature_vanishes(b):
    assert CostCurves.of(0, 100, b).share_at(30.0) == pytest.approx([0.3], rel=1e-9)


def test_linear_form_abates_price_less_intercept_over_slope():
    """Montgomery (1972) market of the validation plan, V08: q = (p - alpha) / beta."""
    baseline = np.array([100.0, 100.0, 80.0, 120.0])
    curves = CostCurves.linear([0, 0, 10, 5], [1, 2, 0.5, 4], baseline)
    price = 113 / 3
    assert baseline * curves.share_at(price) == pytest.approx([113 / 3, 113 / 6, 166 / 3, 49 / 6], rel=1e-12)
    assert (baseline * curves.cost(curves.share_at(price))).sum() == pytest.approx(2557.0833333333, rel=1e-10)


def test_scaled_and_taken_curves():
    assert SECTORS.scaled([1, 2, 3]).marginal_cost(0.05) == pytest.approx([80, 115, 135])
    assert SECTORS.take(np.array([2, 0])).marginal_cost(0.05) == pytest.approx([45, 80])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0, 0), "rise"),
        ((0, -1, 5), "rise"),
        ((0, 1, 1, 1.2), "between 0 and 1"),
        ((np.nan, 1, 1), "finite"),
    ],
)
def test_curves_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CostCurves.of(*arguments)


def test_curves_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        CostCurves(np.zeros(2), np.ones(3), np.ones(3), np.ones(3))


# Efficiency, capture and scrubber of the validation plan (V21); rights CO2, SO2, energy.
THREE = JointMeasures(
    firm=np.array([0, 1, 1]),
    capacity=np.full(3, 60.0),
    curves=CostCurves.linear([10, 40, 5], [2, 1, 1], np.full(3, 60.0)),
    reduction=np.array([[1, 0.5, 1], [1, 0, -0.3], [-0.05, 1, -0.02]]),
)


def test_a_measure_is_worth_the_sum_of_its_rights():
    assert THREE.value([50.0, 20.0, 10.0]) == pytest.approx([70, 47, 17.3])
    assert THREE.amount_at([50.0, 20.0, 10.0]) == pytest.approx([30, 7, 12.3])


def test_own_shadow_prices_are_looked_up_by_firm():
    shadow = np.array([[50.0, 20.0, 10.0], [0.0, 25.0, 0.0]])
    assert THREE.value(shadow) == pytest.approx([70, 0, 25])
    assert THREE.amount_at(shadow) == pytest.approx([30, 0, 20])


def test_savings_of_firms_and_cost_of_measures():
    amount = np.array([30.0, 7.0, 12.3])
    assert THREE.abated(amount, 2) == pytest.approx(np.array([[30, 15, 30], [6.385, 12.3, -2.346]]))
    assert THREE.cost(amount) == pytest.approx([10 * 30 + 30**2, 40 * 7 + 7**2 / 2, 5 * 12.3 + 12.3**2 / 2])


def test_joint_measures_check_shapes():
    with pytest.raises(ValueError, match="one row each"):
        JointMeasures(np.array([0]), np.ones(2), THREE.curves, THREE.reduction)
    with pytest.raises(ValueError, match="prices have shape"):
        THREE.value([1.0, 2.0])


def retrofits() -> Measures:
    """Three measures of firm 0, one of firm 2; rights CO2 and energy."""
    return Measures.idle(
        firm=[0, 0, 0, 2],
        capex_fen=[100_000, 60_000, 50_000, 30_000],
        lead_days=[0, 121, 242, 0],
        life_years=[2, 1, 10, 1],
        opex_fen_per_year=[0, -5_000, 1_000, 0],
        reduction=[[10, 0], [5, 2], [8, -1], [1, 0]],
    )


def test_net_present_value_by_hand():
    value = retrofits().net_present_value([60.0, 100.0], 0.10)
    by_hand = [
        -1000 + 600 / 1.1 + 600 / 1.1**2,
        -600 + (300 + 200 + 50) / 1.1**1.5,
        -500 + (480 - 100 - 10) * sum(1.1 ** -(1 + y) for y in range(1, 11)),
        -300 + 60 / 1.1,
    ]
    assert value == pytest.approx(by_hand, rel=1e-12)


def test_prices_that_grow_at_the_hurdle_rate_are_not_discounted():
    """Hotelling (1931): a price that rises at the rate of interest has the same present value at any time."""
    value = retrofits().net_present_value([60.0, 100.0], 0.08, growth=0.08)
    assert value[0] == pytest.approx(-1000 + 2 * 600)
    nearly = retrofits().net_present_value([60.0, 100.0], 0.08, growth=0.08 + 1e-13)
    assert nearly == pytest.approx(value, rel=1e-9)


def test_each_firm_discounts_at_its_own_rate_and_price():
    own = retrofits().net_present_value(np.array([[60.0, 0], [0, 0], [400.0, 0]]), [0.10, 0.5, 0.25])
    assert own[0] == pytest.approx(-1000 + 600 / 1.1 + 600 / 1.1**2)
    assert own[3] == pytest.approx(-300 + 400 / 1.25)


def test_choose_takes_the_largest_value_first_within_each_budget():
    measures = retrofits()
    value = np.array([300.0, 500.0, 100.0, 5.0])
    assert measures.choose(value, np.array([160_000, 0, 30_000])).tolist() == [0, 1, 3]
    assert measures.choose(value, np.array([115_000, 0, 29_999])).tolist() == [1, 2]  # 0 no longer fits, 2 does
    assert measures.choose(np.array([-1.0, 0.0, -2.0, 0.0]), np.full(3, 10**9)).tolist() == []


def test_equal_values_go_to_the_lower_row():
    assert retrofits().choose(np.full(4, 7.0), np.array([100_000, 0, 0])).tolist() == [0]


def test_a_measure_is_built_runs_and_retires():
    fresh = retrofits()
    started = fresh.start(np.array([1, 3]), day=10)
    assert fresh.status.tolist() == [MeasureStatus.IDLE] * 4
    assert started.ready_day.tolist() == [NEVER, 131, NEVER, 10]
    assert started.end_day.tolist() == [NEVER, 131 + 242, NEVER, 252]
    days = {
        10: [0, 1, 0, 2],
        130: [0, 1, 0, 2],
        131: [0, 2, 0, 2],
        251: [0, 2, 0, 2],
        252: [0, 2, 0, 3],
        373: [0, 3, 0, 3],
    }
    for day, expected in days.items():
        assert started.advance(day).status.tolist() == expected
        assert started.advance(day).advance(day).status.tolist() == expected
    assert started.advance(131).reduction_per_year(3) == pytest.approx(np.array([[5, 2], [0, 0], [1, 0]]))
    assert started.choose(np.full(4, 1.0), np.full(3, 10**9)).tolist() == [0, 2]
    with pytest.raises(ValueError, match=r"\[3\] were started"):
        started.start(np.array([3]), day=20)


def test_state_survives_json():
    started = retrofits().start(np.array([0]), day=4).advance(5)
    again = retrofits().restore(json.loads(json.dumps(started.state())))
    assert again.state() == started.state()
    assert again.status.dtype == np.int8 and again.end_day.dtype == np.int64


def test_measures_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="lead_days has 1 rows"):
        Measures.idle([0, 0], [1, 1], [0], [1, 1], [0, 0], [[1.0], [1.0]])
    with pytest.raises(ValueError, match="life"):
        Measures.idle([0], [1], [0], [0], [0], [[1.0]])
    with pytest.raises(ValueError, match="present value"):
        retrofits().net_present_value([1.0, 1.0], -1.0)
