"""Abatement, investment and output of firms, each against figures worked out by hand."""

import numpy as np
import pytest

from agents.abatement import MeasureStatus
from agents.behaviour import Behaviour
from agents.firms import Firms
from agents.operations import Operations
from agents.spec import CostCurve, Label, MeasureSpec, PopulationSpec, SectorSpec, StrategyShare
from agents.streams import Streams

RIGHTS = ["CEA", "SO2"]


def operations(n: int = 2, behaviour: Behaviour | None = None, **changes) -> Operations:
    """Firms alike: output 100 a year, 2 t of carbon and 0.5 kg of sulphur per unit."""
    given = {
        "name": Label("x", "x"),
        "firms": n,
        "mean_output": 100.0,
        "output_unit": "t",
        "output_sigma": 0.0,
        "intensity": {"CEA": 2.0, "SO2": 0.5},
        "intensity_sigma": 0.0,
        "abatement": {"CEA": CostCurve(a=1000.0, limit=0.5), "SO2": CostCurve(a=200.0, b=400.0, limit=0.6)},
        "cost_sigma": 0.0,
        "product_price_yuan": 500.0,
        "margin_share": 0.1,
    }
    spec = PopulationSpec({"x": SectorSpec(**given | changes)}, [StrategyShare("hedger", 1.0)])
    streams = Streams(1)
    return Operations(Firms(spec, RIGHTS, streams), behaviour or Behaviour(), streams, 2025)


def values(carbon: float, sulphur: float, n: int = 2) -> np.ndarray:
    return np.tile([carbon, sulphur], (n, 1))


AT_ONCE = Behaviour(abatement_adjustment=1.0)


def test_abatement_runs_until_marginal_cost_meets_value() -> None:
    """Carbon: 1000 x = 80; sulphur: 200 x + 400 x^2 = 100 at x = (sqrt(5) - 1) / 4."""
    work = operations(behaviour=AT_ONCE)
    work.plan_abatement(values(80.0, 100.0))
    assert work.share[0] == pytest.approx([0.08, (np.sqrt(5.0) - 1.0) / 4.0])
    assert work.firms.curves.marginal_cost(work.share)[0] == pytest.approx([80.0, 100.0])


def test_abatement_moves_a_part_of_the_way_each_month() -> None:
    work = operations(behaviour=Behaviour(abatement_adjustment=0.4))
    for months in (1, 2, 3):
        work.plan_abatement(values(80.0, 0.0))
        assert work.share[0, 0] == pytest.approx(0.08 * (1.0 - 0.6**months))
    work.plan_abatement(values(0.0, 0.0))
    assert work.share[0, 0] == pytest.approx(0.08 * (1.0 - 0.6**3) * 0.6)


def test_what_a_measure_saves_of_other_rights_pays_for_it_too() -> None:
    """A tonne of carbon less is 0.2 kg of sulphur less: worth 80 + 0.2 x 100 = 100, so 10 % instead of 8 %."""
    work = operations(behaviour=AT_ONCE, co_benefits={"CEA": {"SO2": 0.2}})
    work.plan_abatement(values(80.0, 100.0))
    assert work.share[0, 0] == pytest.approx(0.10)
    rates = work.rates()
    assert rates.need[0] == pytest.approx([200.0, 50.0])
    saved_by_carbon = 0.10 * 200.0
    assert rates.use[0] == pytest.approx([180.0, 50.0 * (1 - work.share[0, 1]) - 0.2 * saved_by_carbon])
    assert rates.baseline[0] == pytest.approx([200.0, 50.0])
    assert rates.cost[0, 0] == pytest.approx(200.0 * 0.10**2 / 2 * 1000.0)


def test_a_measure_that_harms_more_than_it_helps_stays_off() -> None:
    """A kg of sulphur less costs 0.5 t of carbon: at 100 - 0.5 x 300 = -50 it does not pay, and is wound down."""
    work = operations(behaviour=AT_ONCE, co_benefits={"SO2": {"CEA": -0.5}})
    work.plan_abatement(values(10.0, 100.0))
    running = work.share[0, 1]
    assert work.firms.curves.marginal_cost(work.share)[0, 1] == pytest.approx(95.0)
    assert work.rates().use[0, 0] == pytest.approx(200.0 - 2.0 + 0.5 * running * 50.0)
    work.plan_abatement(values(300.0, 100.0))
    assert work.share[0] == pytest.approx([0.30, 0.0])


def test_use_never_falls_below_nothing() -> None:
    work = operations(behaviour=AT_ONCE, co_benefits={"CEA": {"SO2": 2.0}})
    work.plan_abatement(values(500.0, 0.0))
    assert work.rates().use[0] == pytest.approx([100.0, 0.0])


@pytest.mark.parametrize(
    ("free_per_output", "net_per_output"),
    [(0.0, 100.0), (1.5, 25.0), (2.0, 0.0), (2.5, -25.0)],
)
def test_output_answers_the_net_cost_of_rights(free_per_output: float, net_per_output: float) -> None:
    """Elasticity -0.4, product price 500: exp(-0.4 x net / 500); an allocation that follows output subsidises it."""
    work = operations(demand_elasticity=-0.4)
    work.plan_output(values(50.0, 0.0), np.tile([free_per_output, 0.0], (2, 1)))
    assert work.response == pytest.approx(np.exp(-0.4 * net_per_output / 500.0))
    assert work.rates().output == pytest.approx(100.0 * work.response)
    assert work.rates().baseline[0, 0] == pytest.approx(200.0)  # what there would be without any policy


def test_what_is_abated_costs_no_rights_but_its_abatement() -> None:
    """A quarter of two units is abated, at up to 250: 31.25 a unit of need on average."""
    work = operations(behaviour=AT_ONCE, demand_elasticity=-0.4)
    work.plan_abatement(values(250.0, 0.0))
    work.plan_output(values(250.0, 0.0), np.zeros((2, 2)))
    assert work.response == pytest.approx(np.exp(-0.4 * 2.0 * (250.0 * 0.75 + 31.25) / 500.0))


def test_without_elasticity_output_is_untouched() -> None:
    work = operations()
    work.plan_output(values(1e6, 0.0), np.zeros((2, 2)))
    assert (work.response == 1.0).all()


SCRUBBER = MeasureSpec(
    Label("Scrubber", "脱硫塔"),
    capex_yuan_per_output=1.0,
    reduction={"SO2": 0.4, "CEA": -0.01},
    opex_yuan_per_output=0.05,
    lead_days=3,
    life_years=2,
)
MUCH = np.full(2, 10**9, dtype=np.int64)


def paying_price() -> float:
    """20 kg less and 2 t more a year, for 100 CNY now and 5 a year, over two years at 10 %, carbon at 1 CNY.

    Savings of each year arrive at its end, 3/242 years later for the time of building.
    """
    annuity = sum(1.1 ** -(3 / 242 + y) for y in (1, 2))
    return ((100.0 + 5.0 * annuity) / annuity + 2.0 * 1.0) / 20.0


@pytest.mark.parametrize(("above", "starts"), [(-0.01, False), (0.01, True)])
def test_a_lumpy_measure_pays_only_above_a_price(above: float, starts: bool) -> None:
    work = operations(measures=[SCRUBBER], behaviour=Behaviour(hurdle_rate=0.1))
    spent = work.invest(values(1.0, paying_price() + above), MUCH, growth=0.0, day=5)
    assert spent.tolist() == ([10_000, 10_000] if starts else [0, 0])
    assert (work.measures.status == (MeasureStatus.BUILDING if starts else MeasureStatus.IDLE)).all()


def test_expected_growth_of_prices_makes_it_pay_earlier() -> None:
    work = operations(measures=[SCRUBBER], behaviour=Behaviour(hurdle_rate=0.1))
    assert work.invest(values(1.0, paying_price() - 0.2), MUCH, growth=0.08, day=5).sum() > 0


def test_a_measure_is_built_runs_and_wears_out() -> None:
    work = operations(measures=[SCRUBBER])
    work.invest(values(0.0, 1e4), MUCH, 0.0, day=5)
    use = {}
    for day in (5, 7, 8, 8 + 2 * 242 - 1, 8 + 2 * 242):
        work.advance_measures(day)
        use[day] = work.rates().use[0].tolist()
    assert [use[d] for d in (5, 7)] == [[200.0, 50.0]] * 2
    assert [use[d] for d in (8, 8 + 2 * 242 - 1)] == [pytest.approx([202.0, 30.0])] * 2
    assert use[8 + 2 * 242] == [200.0, 50.0]
    assert work.invest(values(0.0, 1e4), MUCH, 0.0, day=500).sum() == 0  # once in a lifetime


def test_a_firm_without_the_money_does_not_build() -> None:
    work = operations(measures=[SCRUBBER])
    assert work.invest(values(0.0, 1e4), np.array([9_999, 10_000]), 0.0, 5).tolist() == [0, 10_000]
    assert work.measures.status.tolist() == [MeasureStatus.IDLE, MeasureStatus.BUILDING]


def test_some_firms_cannot_build_it() -> None:
    work = operations(1000, measures=[MeasureSpec(Label("x", "x"), 1.0, {"SO2": 0.1}, share_of_firms=0.3)])
    assert len(work.measures.firm) == pytest.approx(300, abs=60)
    assert len(np.unique(work.measures.firm)) == len(work.measures.firm)


def test_income_of_a_stretch() -> None:
    """25 units at 500 with a margin of 10 %, less 40 for abatement, opex 5 a year and 8 % on a debt of 1,000 CNY."""
    work = operations(measures=[SCRUBBER])
    work.invest(values(0.0, 1e4), MUCH, 0.0, day=0)
    work.advance_measures(3)
    work.debt_fen[:] = [100_000, 0]
    income = work.income_fen(np.full(2, 25.0), np.array([40.0, 0.0]), years=0.25)
    assert income.tolist() == [round((1250.0 - 40.0 - 1.25 - 20.0) * 100), round((1250.0 - 1.25) * 100)]


def test_a_new_year_moves_intensities() -> None:
    work = operations(intensity={"CEA": {2025: 2.0, 2026: 1.9}, "SO2": 0.5})
    work.begin_year(2026, Streams(1))
    assert work.intensity[0] == pytest.approx([1.9, 0.5]) and work.need()[0] == pytest.approx([190.0, 50.0])


def test_a_state_brings_everything_back() -> None:
    work = operations(measures=[SCRUBBER], demand_elasticity=-0.4)
    work.plan_abatement(values(80.0, 100.0))
    work.plan_output(values(80.0, 100.0), np.zeros((2, 2)))
    work.invest(values(0.0, 1e4), MUCH, 0.0, day=0)
    work.advance_measures(3)
    work.debt_fen[:] = [1, 2]
    again = operations(measures=[SCRUBBER], demand_elasticity=-0.4)
    again.restore(work.state())
    for name in ("output", "baseline", "need", "use", "cost"):
        assert np.array_equal(getattr(again.rates(), name), getattr(work.rates(), name))
    assert again.debt_fen.tolist() == [1, 2] and again.measures.status.tolist() == work.measures.status.tolist()


def test_nobody_builds_what_it_does_not_know_of() -> None:
    work = operations(measures=[SCRUBBER])
    work.considered[0] = False
    assert work.invest(values(0.0, 1e4), MUCH, 0.0, day=0).tolist() == [0, 10_000]
    assert work.measures.status.tolist() == [MeasureStatus.IDLE, MeasureStatus.BUILDING]
