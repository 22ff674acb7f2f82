"""A calendar for experiments: the same number of trading days in every year, evenly spread."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from rights_market.errors import PolicyError
from rights_market.exchange.calendar import TradingCalendar

DAYS_IN_YEAR = 365


class UniformCalendar(TradingCalendar):
    """Trading days at equal distances, the last one of each year on 31 December.

    Parameters
    ----------
    first_year, years : int
        First calendar year, and how many.
    days_per_year : int
        Trading days in each year, 1 to 365.

    Raises
    ------
    PolicyError
        If there is no year, or a year would have no day or more than 365.

    Examples
    --------
    >>> calendar = UniformCalendar(2025, 2, 4)
    >>> [d.isoformat() for d in calendar.days[:4]]
    ['2025-04-01', '2025-07-01', '2025-09-30', '2025-12-31']
    """

    def __init__(self, first_year: int, years: int, days_per_year: int) -> None:
        if years < 1 or not 1 <= days_per_year <= DAYS_IN_YEAR:
            raise PolicyError(
                f"calendar: years is {years} and days_per_year {days_per_year}; "
                f"expected at least 1 year of 1 to {DAYS_IN_YEAR} days"
            )
        ahead = [(i + 1) * DAYS_IN_YEAR // days_per_year - 1 for i in range(days_per_year)]
        days = []
        for year in range(first_year, first_year + years):
            spread = [date(year, 1, 1) + timedelta(days=a) for a in ahead]
            days += [*spread[:-1], date(year, 12, 31)]
        self._days = np.array(days, dtype="datetime64[D]")
        self.start = date(first_year, 1, 1)
        self.end = date(first_year + years - 1, 12, 31)
        self.days = tuple(days)
        self._days_per_year = days_per_year

    def days_left(self, day: int, until: date) -> int:
        """Return the trading days after `day` up to and including a date; beyond the end by the same spacing."""
        self.date_of(day)
        here = int(np.searchsorted(self._days, np.datetime64(until), side="right")) - 1
        beyond = max(0, (until - self.end).days) * self._days_per_year // DAYS_IN_YEAR
        return max(0, here - day) + beyond
