from datetime import date, timedelta

import numpy as np
import pytest

from agents.use import DailyUse, PeriodUse, day_weights
from rights_market.exchange.calendar import Period, TradingCalendar, chinese_exchange_closings
from rights_market.exchange.uniform_calendar import UniformCalendar


def period(use_from: date, use_to: date) -> Period:
    after = [use_to + timedelta(days=n) for n in (10, 20, 30)]
    return Period("p", use_to.year, use_from, use_to, use_from, use_from, *after)


TWO_YEARS = PeriodUse(period(date(2019, 1, 1), date(2020, 12, 31)), 2)
SHIFTED = PeriodUse(period(date(2024, 12, 2), date(2025, 12, 1)), 1)


def test_a_year_of_trading_days_weighs_a_year_whatever_its_holidays() -> None:
    calendar = TradingCalendar(date(2021, 1, 1), date(2023, 12, 29), chinese_exchange_closings())
    weights = day_weights(list(calendar.days), date(2020, 12, 31))
    assert weights.sum() * 365 == pytest.approx((date(2023, 12, 29) - date(2020, 12, 31)).days)
    assert len(weights) == len(calendar)
    uniform = UniformCalendar(2025, 1, 7)
    assert day_weights(list(uniform.days), date(2024, 12, 31)).sum() == pytest.approx(1.0)


def test_a_day_carries_the_days_without_trade_before_it() -> None:
    friday, monday, tuesday = date(2025, 1, 3), date(2025, 1, 6), date(2025, 1, 7)
    weights = day_weights([friday, monday, tuesday], date(2025, 1, 1))
    assert (weights * 365).tolist() == pytest.approx([2, 3, 1])


@pytest.mark.parametrize(
    ("day", "counts"),
    [(date(2024, 12, 1), False), (date(2024, 12, 2), True), (date(2025, 12, 1), True), (date(2025, 12, 2), False)],
)
def test_the_window_includes_both_ends(day: date, counts: bool) -> None:
    assert SHIFTED.covers(day) is counts


@pytest.mark.parametrize(
    ("use", "day", "slot"),
    [
        (TWO_YEARS, date(2019, 12, 31), 0),
        (TWO_YEARS, date(2020, 1, 1), 1),
        (SHIFTED, date(2024, 12, 15), 0),
        (SHIFTED, date(2025, 11, 1), 0),
    ],
)
def test_output_is_booked_to_the_year_it_stands_for(use: PeriodUse, day: date, slot: int) -> None:
    assert use.slot(day) == slot


@pytest.mark.parametrize(
    ("use", "start", "year", "days"),
    [
        (SHIFTED, date(2025, 1, 1), 2025, 30),  # 2 to 31 December belong to 2025
        (SHIFTED, date(2024, 12, 1), 2025, 0),
        (SHIFTED, date(2026, 5, 1), 2025, 365),
        (TWO_YEARS, date(2021, 7, 16), 2019, 365),
        (TWO_YEARS, date(2021, 7, 16), 2020, 366),
        (TWO_YEARS, date(2020, 3, 1), 2020, 60),
        (TWO_YEARS, date(2019, 3, 1), 2020, 0),
    ],
)
def test_what_was_used_before_the_market(use: PeriodUse, start: date, year: int, days: int) -> None:
    assert use.weight_before(start, year) * 365 == pytest.approx(days)


@pytest.mark.parametrize(
    ("day", "days"),
    [(date(2024, 6, 1), 365), (date(2024, 12, 1), 365), (date(2024, 12, 2), 364), (date(2025, 11, 30), 1)]
    + [(date(2025, 12, 1), 0), (date(2026, 3, 1), 0)],
)
def test_what_is_still_to_come(day: date, days: int) -> None:
    assert SHIFTED.rest_of_window(day) * 365 == pytest.approx(days)
    assert SHIFTED.window() * 365 == pytest.approx(365)
    assert TWO_YEARS.window() * 365 == pytest.approx(731)


def test_history_and_days_of_trade_together_fill_the_window() -> None:
    """A firm with a rate of 1 a year uses, over a period that starts before the market, its length in years."""
    calendar = TradingCalendar(date(2021, 7, 16), date(2022, 12, 31), chinese_exchange_closings())
    use = PeriodUse(period(date(2021, 1, 1), date(2022, 12, 30)), 1)
    one = np.ones(1)
    for year in use.years:
        use.add(date(year, 7, 1), use.weight_before(calendar.days[0], year), one, one, one)
    weights = day_weights(list(calendar.days), calendar.days[0] - timedelta(days=1))
    for day, weight in zip(calendar.days, weights, strict=True):
        if use.covers(day):
            use.add(day, weight, one, one, one)
    assert use.use[0] == pytest.approx(use.window(), abs=1e-12)
    assert use.output[:, 0] * 365 == pytest.approx([365, 364], abs=3)  # new year's holidays fall to the later year


def test_sums_of_days() -> None:
    use = PeriodUse(period(date(2019, 1, 1), date(2020, 12, 31)), 2)
    use.add(date(2020, 5, 4), 0.25, np.array([8.0, 4.0]), np.array([12.0, 4.0]), np.array([20.0, 2.0]))
    use.add_abatement(0.25, np.array([10.0, 6.0]), np.array([0.2, 0.5]), np.array([40.0, 0.0]))
    assert use.use.tolist() == [2.0, 1.0] and use.baseline.tolist() == [3.0, 1.0]
    assert use.output.tolist() == [[0.0, 0.0], [5.0, 0.5]]
    assert (use.need.tolist(), use.own_abated.tolist(), use.cost.tolist()) == ([2.5, 1.5], [0.5, 0.75], [10.0, 0.0])
    other = PeriodUse(use.period, 2)
    other.restore(use.state())
    for name, sums in use.state().items():
        assert np.array_equal(getattr(other, name), sums)


def test_the_largest_days_against_the_mean() -> None:
    """Nine tenths of the time 2, else 7: the 90th percentile is 2, the mean 2.5; of a steady firm both are the same."""
    days = DailyUse()
    days.add(0.1, np.array([7.0, 4.0, 0.0]))
    days.add(0.9, np.array([2.0, 4.0, 0.0]))
    days.add(0.0, np.array([99.0, 99.0, 99.0]))
    assert days.peak() == pytest.approx([0.8, 1.0, 1.0])
    assert days.peak(0.95) == pytest.approx([2.8, 1.0, 1.0])


def test_days_are_kept_where_somebody_asks_for_them() -> None:
    use, other = (PeriodUse(period(date(2019, 1, 1), date(2020, 12, 31)), 1) for _ in range(2))
    one = np.ones(1)
    use.keep_days()
    other.keep_days()
    for rate in (1.0, 3.0):
        use.add(date(2020, 5, 4), 0.5, rate * one, one, one)
    assert use.days is not None and use.days.peak().tolist() == [1.5]
    other.restore(use.state())
    assert other.days is not None and other.days.peak().tolist() == [1.5]
