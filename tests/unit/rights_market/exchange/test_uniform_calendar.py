"""The uniform calendar: equally many days in every year, the last one on 31 December."""

from datetime import date

import pytest

from rights_market.errors import PolicyError
from rights_market.exchange.uniform_calendar import UniformCalendar


@pytest.mark.parametrize("days_per_year", [1, 4, 60, 243, 365])
def test_every_year_has_as_many_days_leap_years_too(days_per_year):
    calendar = UniformCalendar(2023, 3, days_per_year)
    assert len(calendar) == 3 * days_per_year
    for year in (2023, 2024, 2025):
        days = calendar.days_of_year(year)
        assert len(days) == days_per_year
        assert calendar.date_of(days[-1]) == date(year, 12, 31)
    assert list(calendar.days) == sorted(set(calendar.days))


@pytest.mark.parametrize("days_per_year", [4, 60, 243])
def test_days_lie_at_equal_distances(days_per_year):
    calendar = UniformCalendar(2025, 1, days_per_year)
    gaps = {(b - a).days for a, b in zip(calendar.days, calendar.days[1:], strict=False)}
    assert gaps <= {365 // days_per_year, 365 // days_per_year + 1}


def test_it_serves_as_a_trading_calendar():
    calendar = UniformCalendar(2025, 2, 4)
    assert calendar.years == (2025, 2026)
    assert (calendar.start, calendar.end) == (date(2025, 1, 1), date(2026, 12, 31))
    assert calendar.index_on_or_after(date(2025, 4, 2)) == 1
    assert calendar.index_on_or_before(date(2025, 6, 30)) == 0
    assert calendar.index_on_or_before(date(2025, 3, 31)) is None
    assert calendar.index_on_or_after(date(2027, 1, 1)) is None


@pytest.mark.parametrize(
    ("day", "until", "left"),
    [
        (0, date(2025, 12, 31), 3),
        (0, date(2025, 12, 30), 2),
        (3, date(2025, 12, 31), 0),
        (5, date(2025, 12, 31), 0),
        (0, date(2024, 1, 1), 0),
        (7, date(2027, 12, 31), 4),
        (6, date(2027, 7, 2), 3),
    ],
)
def test_days_left_go_on_beyond_the_end_at_the_same_distance(day, until, left):
    assert UniformCalendar(2025, 2, 4).days_left(day, until) == left


@pytest.mark.parametrize("day", [-1, 8])
def test_days_left_of_a_day_that_does_not_exist(day):
    with pytest.raises(IndexError, match=f"day {day} lies outside"):
        UniformCalendar(2025, 2, 4).days_left(day, date(2026, 12, 31))


@pytest.mark.parametrize(("years", "days_per_year"), [(0, 4), (1, 0), (1, 366)])
def test_a_calendar_needs_days(years, days_per_year):
    with pytest.raises(PolicyError, match="calendar: years is"):
        UniformCalendar(2025, years, days_per_year)
