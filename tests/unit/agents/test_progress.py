from datetime import date

import numpy as np
import pytest

from agents.progress import Plan, RightProgress, day_of
from rights_market.exchange.uniform_calendar import UniformCalendar
from rights_market.rule_history import RuleHistory
from tests.province import DAYS, FIRST, carbon_book

CALENDAR = UniformCalendar(FIRST, 2, DAYS)


def progress() -> RightProgress:
    return RightProgress(1, RuleHistory(carbon_book()), CALENDAR, n_firms=3, first_instrument=4)


def test_the_period_at_hand_is_the_one_whose_deadline_comes_next() -> None:
    p = progress()
    assert p.deadline_day == [28, 58]  # 18 December is the last trading day before the 20th
    assert [p.front(day) for day in (0, 28, 29, 58, 59)] == [0, 0, 1, 1, None]
    assert [p.usable(day) for day in (28, 29, 59)] == [[4], [4, 5], []]
    assert [p.position(name) for name in ("2025", "2026")] == [0, 1]


@pytest.mark.parametrize(
    ("when", "day"),
    [
        (date(2024, 6, 1), -1),
        (CALENDAR.days[0], 0),
        (date(2025, 12, 30), 28),
        (date(2025, 12, 31), 29),
        (date(2026, 12, 31), 59),
        (date(2027, 1, 1), 60),
    ],
)
def test_trading_day_of_a_date(when: date, day: int) -> None:
    assert day_of(CALENDAR, when) == day


def test_what_the_public_expects_of_years_without_a_plan() -> None:
    p = progress()
    assert [p.balance_of(y, 0.02) for y in (2024, 2025, 2027)] == pytest.approx([0.0, 0.0, -0.04])
    p.balance[2025] = 0.01
    assert [p.balance_of(y, 0.02) for y in (2025, 2026, 2028)] == pytest.approx([0.01, -0.01, -0.05])
    p.balance[2026] = -0.03
    assert [p.balance_of(y, 0.02) for y in (2025, 2026, 2027)] == pytest.approx([0.01, -0.03, -0.05])


def test_a_plan_that_came_late_tightens_from_the_year_of_the_news() -> None:
    """A plan of 2025 that is announced in 2027 says nothing of a cut between: 2026 and 2027 are like 2025."""
    p = progress()
    p.balance[2025], p.news_year = -0.01, 2027
    assert [p.balance_of(y, 0.02) for y in (2026, 2027, 2028)] == pytest.approx([-0.01, -0.01, -0.03])


def test_expected_allocation_is_rate_times_output_and_what_is_fixed() -> None:
    plan = Plan(n_years=2, n_firms=2)
    plan.lots_per_output[:] = [[0.8, 0.0], [0.7, 0.0]]
    plan.fixed_lots[:] = [[0.0, 30.0], [0.0, 20.0]]
    assert plan.expected_lots(np.array([[100.0, 1.0], [200.0, 1.0]])).tolist() == [220.0, 50.0]


def test_a_state_brings_everything_back() -> None:
    p = progress()
    p.uses[1].use[:] = [1.0, 2.0, 3.0]
    p.plans[0].lots_per_output[:] = 0.5
    p.plans[0].announced = True
    p.issued_lots[1] += 7
    p.verified[0] = True
    p.balance[2026], p.news_year = -0.02, 2026
    again = progress()
    again.restore(p.state())
    assert again.uses[1].use.tolist() == [1.0, 2.0, 3.0] and again.issued_lots[1].tolist() == [7, 7, 7]
    assert again.plans[0].announced and not again.plans[1].announced and not again.plans[0].settled
    assert (again.plans[0].lots_per_output == 0.5).all()
    assert (again.verified, again.balance, again.news_year) == ([True, False], {2026: -0.02}, 2026)
