"""The public outlook against prices worked out by hand and against the solver on every single firm."""

from datetime import date

import numpy as np
import pytest

from agents.abatement import CostCurves
from agents.firms import Firms
from agents.outlook import Outlook, PublicFigures, Work, window_at_hand
from agents.price_search import BankingProblem, one_period_price, price_path
from agents.spec import CostCurve, Label, PopulationSpec, SectorSpec, StrategyShare
from agents.streams import Streams
from agents.use import PeriodUse
from tests.province import periods

RIGHTS = ["CEA", "SO2"]
NO_PRICES = np.zeros(2)
STRAIGHT = CostCurve(a=1000.0)


def firms(n: int = 1, curve: CostCurve = STRAIGHT, **changes) -> Firms:
    given = {"firms": n, "output_sigma": 0.0, "intensity_sigma": 0.0, "cost_sigma": 0.0, "abatement": {"CEA": curve}}
    spec = SectorSpec(Label("x", "x"), 100.0, "t", {"CEA": 1.0, "SO2": 1.0}, **given | changes)
    return Firms(PopulationSpec({"x": spec}, [StrategyShare("hedger", 1.0)]), RIGHTS, Streams(1))


def work(who: Firms, share: float = 0.0, invested: float = 0.0) -> Work:
    shape = (len(who), 2)
    return Work(np.full(shape, 100.0), np.full(shape, share), np.full(shape, invested))


def known(*supply: float, bank: float = 0.0, stretch: float = 1.0, growth=None, ceiling: float = 1e6) -> PublicFigures:
    path = np.ones(len(supply)) if growth is None else np.array(growth)
    return PublicFigures(bank, np.array(supply), path, stretch, stretch, ceiling)


def price(who: Firms, figures: PublicFigures, rate: float = 0.0, *, bankable: bool = True, **state) -> float:
    return Outlook(who).price(0, work(who, **state), NO_PRICES, figures, rate, bankable)


def test_one_year_one_firm() -> None:
    """A tenth of 100 units is missing: 1,000 x 0.1; half a year before the middle of the year, at 8 %, less."""
    assert price(firms(), known(90.0)) == pytest.approx(100.0)
    assert price(firms(), known(90.0), 0.08) == pytest.approx(100.0 / 1.08**0.5)
    assert price(firms(), known(90.0, bank=5.0)) == pytest.approx(50.0)
    assert price(firms(), known(110.0)) == 0.0


def test_banking_spreads_abatement_over_the_years() -> None:
    """20 units are missing in the second year: x + 1.05 x = 0.2, so 97.56 now, and 102.44 next year."""
    assert price(firms(), known(100.0, 80.0), 0.05) == pytest.approx(200.0 / 2.05 / 1.05**0.5)
    assert price(firms(), known(100.0, 80.0)) == pytest.approx(100.0)
    assert price(firms(), known(80.0, 100.0)) == pytest.approx(200.0)  # nobody can borrow


def test_the_rest_of_a_year_counts_for_what_it_is() -> None:
    """Half a year is left, and 3 + 12 units are missing: 0.5 q + 1.0 q 1.05^0.75 = 0.15 x 1,000.

    The middles lie three quarters of a year apart, and today a quarter of a year before the first.
    """
    q = 150.0 / (0.5 + 1.05**0.75)
    found = price(firms(), known(47.0, 88.0, stretch=0.5), 0.05)
    assert found == pytest.approx(q / 1.05**0.25, rel=1e-9)
    alone = price(firms(), known(45.0, 100.0, stretch=0.5), 0.05)  # next year's units cannot help
    assert alone == pytest.approx(100.0 / 1.05**0.25, rel=1e-9)


def test_growth_of_use_adds_to_what_is_missing() -> None:
    assert price(firms(), known(100.0, growth=[1.1])) == pytest.approx(1000.0 * 10.0 / 110.0)


def test_a_right_that_cannot_be_kept_is_priced_by_its_own_period() -> None:
    """0.4 years are left, 100 a year: 40 needed, 36 there; what comes in later years does not matter."""
    figures = PublicFigures(6.0, np.array([30.0, 500.0]), np.ones(2), 0.4, 0.4, 1e6)
    found = price(firms(), figures, 0.3, bankable=False)
    assert found == pytest.approx(1000.0 * 4.0 / 40.0)
    curves = CostCurves.of(0.0, 1000.0, 0.0)
    assert found == pytest.approx(one_period_price(curves, np.array([40.0]), 36.0))


def test_nobody_pays_more_than_the_ceiling() -> None:
    assert price(firms(), known(10.0, ceiling=300.0)) == pytest.approx(300.0)
    assert price(firms(), known(10.0, ceiling=300.0), bankable=False) == pytest.approx(300.0)


def test_investments_and_measures_for_other_rights_need_no_further_abatement() -> None:
    """7 units are saved by investments; of the 3 still missing, sulphur's measure saves 0.2 x 10 %."""
    who = firms(co_benefits={"SO2": {"CEA": 0.2}})
    state = Work(np.full((1, 2), 100.0), np.array([[0.0, 0.1]]), np.array([[7.0, 0.0]]))
    found = Outlook(who).price(0, state, NO_PRICES, known(90.0), 0.0, True)
    assert found == pytest.approx(1000.0 * 1.0 / 91.0)


def test_own_abatement_that_runs_is_part_of_the_curve_and_not_counted_twice() -> None:
    assert price(firms(), known(90.0), share=0.1) == pytest.approx(price(firms(), known(90.0)))


@pytest.mark.parametrize(("units", "expected"), [(0.5, 80.0), (-0.5, 120.0)])
def test_what_a_measure_saves_of_other_rights_makes_this_one_cheaper(units: float, expected: float) -> None:
    """MAC 100 at a tenth, less 0.5 x 40 CNY of sulphur saved with each tonne (or more, where it needs energy)."""
    who = firms(co_benefits={"CEA": {"SO2": units}})
    found = Outlook(who).price(0, work(who), np.array([0.0, 40.0]), known(90.0), 0.0, True)
    assert found == pytest.approx(expected)


def test_firms_that_need_not_hold_the_right_do_not_count() -> None:
    assert price(firms(3, covered=["SO2"]), known(0.0)) == 0.0


@pytest.mark.parametrize("n", [5, 12, 300])
def test_classes_of_cost_lose_nothing_of_straight_curves(n: int) -> None:
    """Supply of abatement of a class is the sum of its firms', so the price is that of the solver on every firm."""
    who = firms(n, cost_sigma=0.3)
    assert Outlook(who).n_groups == [min(n, 12)] * 2
    supply = np.full(3, 85.0 * n)
    by_class = price(who, known(*supply), 0.05)
    curves = who.curves.take(np.arange(n))
    each = CostCurves.of(0.0, curves.a[:, 0], 0.0)
    alone = price_path(BankingProblem(supply, np.full((3, n), 100.0), each, rate=0.05)).price[0]
    assert (alone * 1.05**2 < curves.a[:, 0]).all()  # no firm abates all it emits
    assert by_class == pytest.approx(alone / 1.05**0.5, rel=1e-9)


def test_classes_of_cost_are_close_for_bent_and_limited_curves() -> None:
    who = firms(300, CostCurve(a=1000.0, b=6000.0, limit=0.3), cost_sigma=0.5)
    supply = np.full(3, 85.0 * 300)
    c = who.curves
    each = CostCurves.of(0.0, c.a[:, 0], c.b[:, 0], c.limit[:, 0])
    alone = price_path(BankingProblem(supply, np.full((3, 300), 100.0), each, rate=0.05)).price[0]
    assert price(who, known(*supply), 0.05) == pytest.approx(alone / 1.05**0.5, rel=0.01)


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2024, 6, 1), (0, 365, 2025)),  # the first window has not begun
        (date(2025, 6, 1), (0, 183, 2025)),
        (date(2025, 12, 1), (1, 365, 2026)),
        (date(2026, 11, 30), (1, 1, 2026)),
        (date(2026, 12, 1), (None, 365, 2027)),
        (date(2027, 3, 1), (None, 275, 2027)),
        (date(2028, 1, 15), (None, 320, 2028)),
    ],
)
def test_the_window_of_use_at_hand(today: date, expected: tuple) -> None:
    uses = [PeriodUse(p, 1) for p in periods()]
    k, rest, year = window_at_hand(uses, today)
    assert (k, round(rest * 365), year) == expected
