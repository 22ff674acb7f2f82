"""The price search meets the optimality conditions of the banking program on random markets."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from agents.abatement import CostCurves
from agents.price_search import BankingProblem, make_good_ceiling, one_period_price, present_cost, price_path

LINE = CostCurves.linear(0, 1, 100)  # MAC = a on a baseline of 100


def market(supply, **rules):
    supply = np.asarray(supply, dtype=np.float64)
    return BankingProblem(supply, np.full((len(supply), 1), 100.0), LINE, rules.pop("rate", 0.05), **rules)


@st.composite
def problems(draw):
    """Random markets of one to seven years and three groups, some loose, some tight."""
    years, rng = draw(st.integers(1, 7)), np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (years, 3) if draw(st.booleans()) else 3
    curves = CostCurves.of(
        rng.uniform(0, 40, shape),
        rng.uniform(50, 900, shape),
        rng.choice([0.0, 4000.0], shape),
        rng.uniform(0.4, 1, shape),
    )
    baseline = rng.uniform(10, 100, (years, 3))
    supply = baseline.sum(axis=1) * rng.uniform(0.7, 1.1, years)
    rate = draw(st.sampled_from([0.0, 0.03, 0.15, -0.02]))
    return BankingProblem(supply, baseline, curves, rate, bank0=draw(st.sampled_from([0.0, 5.0, 60.0])))


def check_quantities(problem, path):
    """Every unit is accounted for and no quantity is negative."""
    size = problem.baseline.sum()
    position = path.bank - (path.shortfall if problem.make_good else 0)
    before = np.append(problem.bank0, position[:-1])
    settled = 0 if problem.make_good else path.shortfall
    change = problem.supply - path.withheld - problem.baseline.sum(axis=1) + path.abated + settled
    assert position == pytest.approx(before + change, abs=1e-9 * size)
    for quantity in (path.price, path.bank, path.abated, path.shortfall, path.withheld):
        assert quantity.min() >= -1e-9 * size
    return 1e-7 * size


def check_banking(problem, path, none):
    """Hotelling growth while a bank is held, no faster growth ever, nothing left at a positive price."""
    grown = path.price * (1 + problem.rate)
    assert (path.price[1:] <= grown[:-1] * (1 + 1e-9) + 1e-9).all()
    holding = path.bank[:-1] > none
    assert path.price[1:][holding] == pytest.approx(grown[:-1][holding], rel=1e-9, abs=1e-9)
    assert path.bank[-1] <= none or path.price[-1] == 0


@settings(max_examples=80, deadline=None)
@given(problems())
def test_banking_path_meets_the_optimality_conditions(problem):
    path = price_path(problem)
    check_banking(problem, path, check_quantities(problem, path))
    assert path.shortfall == pytest.approx(0, abs=1e-9 * problem.baseline.sum())
    abated = (problem.baseline * problem.curves.share_at(path.price[:, None])).sum(axis=1)
    assert path.abated == pytest.approx(abated, rel=1e-9)


@settings(max_examples=80, deadline=None)
@given(problems(), st.integers(0, 2**32))
def test_flat_fines_and_floors_meet_the_optimality_conditions(problem, seed):
    rng = np.random.default_rng(seed)
    years = len(problem.supply)
    fine = rng.choice([20.0, 60.0, 150.0, np.inf], years)
    floor = rng.choice([0.0, 15.0, 55.0], years)
    problem = replace(problem, ceiling=fine, floor=floor, supply=problem.supply * rng.choice([0.8, 1.0], years))
    path = price_path(problem)
    none = check_quantities(problem, path)
    check_banking(problem, path, none)
    close = 1e-9 * np.maximum(path.price, 1)
    needed = problem.baseline.sum(axis=1) - path.abated
    assert (path.price >= fine - close)[path.shortfall > none].all()
    assert (path.price <= fine + close)[path.shortfall < needed - none].all()
    assert (path.price <= floor + close)[path.withheld > none].all()
    assert (path.price >= floor - close)[path.withheld < problem.supply - none].all()


@settings(max_examples=80, deadline=None)
@given(problems(), st.integers(0, 2**32), st.booleans())
def test_making_good_meets_the_optimality_conditions(problem, seed, bankable):
    rng = np.random.default_rng(seed)
    years = len(problem.supply)
    fine = rng.choice([1.0, 20.0, 60.0], years)
    problem = replace(problem, ceiling=fine, make_good=True, price_after=float(rng.uniform(0, 80)), bankable=bankable)
    path = price_path(problem)
    after = np.append(path.price[1:], problem.price_after)
    bound = fine + after / (1 + problem.rate)
    assert (path.price <= bound * (1 + 1e-9) + 1e-9).all()
    if bankable:
        none = check_quantities(problem, path)
        check_banking(problem, path, none)
    none = 1e-7 * problem.baseline.sum()
    owing = path.shortfall > none
    assert path.price[owing] == pytest.approx(bound[owing], rel=1e-9, abs=1e-9)
    assert not (owing & (path.bank > none)).any()


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 2**32))
def test_floors_and_making_good_together_keep_every_unit(problem, seed):
    rng = np.random.default_rng(seed)
    years = len(problem.supply)
    floor = rng.choice([0.0, 15.0, 55.0], years)
    problem = replace(problem, ceiling=np.full(years, 10.0), make_good=True, price_after=30.0, floor=floor)
    path = price_path(problem)
    none = check_quantities(problem, path)
    close = 1e-9 * np.maximum(path.price, 1)
    assert (path.price <= floor + close)[path.withheld > none].all()
    assert (path.price >= floor - close)[path.withheld < problem.supply - none].all()


def best_improvement(problem, path):
    """Bound on what any other plan could save: the gap of Frank and Wolfe (1956), by linear programming.

    The plan is abated units by year and group, then units owed by year.  Cost is convex, so no plan is cheaper by
    more than the largest fall of the linearised cost over all plans that keep the bank from going negative.
    """
    years, total = len(problem.supply), problem.baseline.sum(axis=1)
    discount = (1 + problem.rate) ** -np.arange(years)
    fine = np.zeros(years)
    if problem.make_good:
        fine = discount * problem.ceiling
        fine[-1] += discount[-1] / (1 + problem.rate) * problem.price_after
    share = problem.curves.share_at(path.price[:, None])
    slope = np.append((discount[:, None] * problem.curves.marginal_cost(share)).ravel(), fine)
    plan = np.append((problem.baseline * share).ravel(), path.shortfall)
    banked = np.hstack([np.tril(np.ones((years, years))).repeat(3, axis=1), np.eye(years)])
    lacking = np.cumsum(total - problem.supply) - problem.bank0
    assert (banked @ plan >= lacking - 1e-8 * total.sum()).all()
    highest = np.append(problem.curves.limit * problem.baseline, np.full(years, total.sum() * problem.make_good))
    best = linprog(slope, A_ub=-banked, b_ub=-lacking, bounds=np.stack([np.zeros_like(highest), highest], axis=1))
    assert best.status == 0, best.message
    return slope @ plan - best.fun


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("make_good", [False, True])
def test_no_other_plan_is_cheaper(seed, make_good):
    rng = np.random.default_rng(seed)
    baseline = rng.uniform(10, 100, (5, 3))
    curves = CostCurves.of(rng.uniform(0, 40, (5, 3)), rng.uniform(50, 900, (5, 3)), rng.choice([0.0, 4000.0], 3), 1.0)
    problem = BankingProblem(baseline.sum(axis=1) * rng.uniform(0.6, 1.0, 5), baseline, curves, 0.06, bank0=3.0)
    if make_good:
        problem = replace(problem, ceiling=rng.uniform(1, 15, 5), make_good=True, price_after=20.0)
    path = price_path(problem)
    assert best_improvement(problem, path) == pytest.approx(0, abs=1e-8 * present_cost(problem, path))
    worse = replace(path, price=path.price * np.array([1.1, 1.0, 1.2, 1.0, 1.1]))
    assert best_improvement(problem, worse) > 1e-3 * present_cost(problem, path)


def test_rights_that_lapse_are_priced_year_by_year():
    path = price_path(market([90, 60, 110], bankable=False, bank0=4.0))
    assert path.price == pytest.approx([6, 40, 0], rel=1e-9)
    assert path.bank.tolist() == [0, 0, 0]
    assert path.segments == ((0, 0), (1, 1), (2, 2))


def test_a_bank_that_is_never_needed_is_worth_nothing():
    path = price_path(market([100, 99], bank0=5.0))
    assert path.price.tolist() == [0, 0]
    assert path.bank == pytest.approx([5, 4])
    assert path.segments == ((0, 1),)


def test_the_last_year_ends_a_segment_on_ties():
    """Growing tightness on a Hotelling path of its own, 20 and 21, leaves the bank empty in both years."""
    assert price_path(market([80, 79])).segments == ((0, 1),)


def test_a_debt_at_the_start_raises_the_price():
    assert price_path(market([80, 80], bank0=-10.0, rate=0.0)).price == pytest.approx([30, 20])


def test_free_borrowing_spreads_the_shortage_over_all_years():
    borrowed = price_path(market([40, 80], borrowing=True))
    assert borrowed.price == pytest.approx([80 / 2.05, 84 / 2.05])
    assert borrowed.bank[0] == pytest.approx(40 + 80 / 2.05 - 100)
    assert borrowed.bank[0] < 0 and borrowed.bank[1] == pytest.approx(0, abs=1e-9)
    assert price_path(market([40, 80])).price == pytest.approx([60, 20])


def test_a_flat_fine_ahead_caps_the_price_of_the_bank():
    path = price_path(market([100, 40], ceiling=np.array([np.inf, 21.0])))
    assert path.price == pytest.approx([20, 21], rel=1e-12)
    assert path.bank[0] == pytest.approx(20)
    assert path.shortfall == pytest.approx([0, 60 - 41])


def test_a_price_above_todays_fine_empties_todays_demand():
    """A fine about to rise from 5 to 1000: everyone pays it today and keeps the units."""
    path = price_path(market([50, 10], ceiling=np.array([5.0, 1000.0])))
    assert path.price[1] == pytest.approx(40)
    assert path.price[0] == pytest.approx(40 / 1.05)
    assert path.abated == pytest.approx([5, 40])
    assert path.shortfall == pytest.approx([95, 0])
    assert path.bank == pytest.approx([50, 0])


def test_a_floor_withholds_supply():
    path = price_path(market([90, 90], rate=0.0, floor=np.array([15.0, 0.0])))
    assert path.price == pytest.approx([15, 10])
    assert path.withheld == pytest.approx([5, 0])


def test_a_fine_with_making_good_is_a_premium_on_borrowing():
    """Two years, MAC = a, units short by 40 and 10: owed units equalise p0 = 5 + p1 / 1.05."""
    path = price_path(market([60, 90], ceiling=np.array([5.0, 5.0]), make_good=True, price_after=1000.0))
    p1 = 45 / (1 + 1 / 1.05)
    assert path.price == pytest.approx([5 + p1 / 1.05, p1])
    assert path.shortfall == pytest.approx([40 - 5 - p1 / 1.05, 0])
    assert path.segments == ((0, 1),)


def test_units_still_owed_at_the_horizon_cost_the_expected_price():
    path = price_path(market([60], ceiling=np.array([5.0]), make_good=True, price_after=21.0))
    assert path.price == pytest.approx([25])
    assert path.shortfall == pytest.approx([15])
    assert make_good_ceiling(5.0, 21.0, 0.05) == pytest.approx(25)


def test_caps_out_of_reach_are_refused_and_a_fine_makes_them_possible():
    curve = CostCurves.of(0, 100, 0, 0.2)
    tight = BankingProblem(np.array([70.0, 100.0]), np.full((2, 1), 100.0), curve, 0.05)
    with pytest.raises(ValueError, match="set a fine"):
        price_path(tight)
    with pytest.raises(ValueError, match="set a fine"):
        price_path(replace(tight, ceiling=np.array([np.inf, 50.0]), make_good=True, price_after=20.0))
    path = price_path(replace(tight, ceiling=np.full(2, 300.0)))
    assert path.price == pytest.approx([300, 0])
    assert path.shortfall == pytest.approx([10, 0])


def test_a_cap_exactly_within_reach_is_met():
    exact = BankingProblem(np.array([80.0, 80.0]), np.full((2, 1), 100.0), CostCurves.of(0, 100, 0, 0.2), 0.05)
    path = price_path(exact)
    assert path.abated == pytest.approx([20, 20])
    assert path.price.min() >= 20 * (1 - 1e-9)


def test_the_lowest_of_all_clearing_prices_is_returned():
    """The first group abates 40 units for up to 20, the second nothing below 50; exactly 40 are needed."""
    curves = CostCurves.of([0.0, 50.0], 50.0, 0.0, 0.4)
    assert one_period_price(curves, np.array([100.0, 100.0]), 160.0) == pytest.approx(20, rel=1e-9)


def test_one_period_price_respects_slack_and_fine():
    baseline = np.array([100.0])
    assert one_period_price(LINE, baseline, 120.0) == 0
    assert one_period_price(LINE, baseline, 70.0) == pytest.approx(30, rel=1e-10)
    assert one_period_price(LINE, baseline, 70.0, ceiling=12.0) == pytest.approx(12, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": -1.0}, "must exceed -1"),
        ({"baseline": np.ones((3, 1))}, "baseline has shape"),
        ({"curves": CostCurves.of(0, [1, 1], 0)}, "curves have shape"),
        ({"ceiling": np.array([-1.0, 0])}, "ceiling needs"),
        ({"floor": np.array([1.0])}, "floor needs"),
        ({"supply": np.array([np.nan, 1])}, "finite"),
        ({"make_good": True}, "making good"),
        ({"make_good": True, "ceiling": np.ones(2)}, "making good"),
        ({"borrowing": True, "bankable": False}, "borrowing"),
    ],
)
def test_problems_that_contradict_themselves_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(market([80, 80]), **change)
