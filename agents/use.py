"""What firms emit, use and make in each compliance period, day by day.

A day carries the calendar days since the trading day before, so that a year adds up to a year whatever its holidays.
What happened before the first trading day is filled in when the market opens.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.exchange.calendar import Period

Floats = npt.NDArray[np.float64]

YEAR = 365.0
_SUMS = ("use", "baseline", "need", "own_abated", "cost", "output")


class PeriodUse:
    """Use of one right in one compliance period.

    Parameters
    ----------
    period : Period
        The period.
    n_firms : int
        Number of firms.

    Attributes
    ----------
    use, baseline, need, own_abated, cost : ndarray of float64, shape (n_firms,)
        Units used so far; units that would have been used without policy; units needed at the output that was made;
        units abated by the continuous measure aimed at this right; its cost, CNY.
    output : ndarray of float64, shape (n_years, n_firms)
        Output so far, by year of `years`.
    days : DailyUse or None
        Use day by day, where somebody asks for it.
    """

    def __init__(self, period: Period, n_firms: int) -> None:
        self.period = period
        self.years = period.years
        self.use: Floats = np.zeros(n_firms)
        self.baseline: Floats = np.zeros(n_firms)
        self.need: Floats = np.zeros(n_firms)
        self.own_abated: Floats = np.zeros(n_firms)
        self.cost: Floats = np.zeros(n_firms)
        self.output: Floats = np.zeros((len(self.years), n_firms))
        self.days: DailyUse | None = None

    def keep_days(self) -> None:
        """Keep every day from here on, not only their sum."""
        self.days = DailyUse()

    def covers(self, day: date) -> bool:
        """Return whether what is used on a day counts for this period."""
        return self.period.use_from <= day <= self.period.use_to

    def slot(self, day: date) -> int:
        """Return the row of `output` to which a day belongs."""
        return min(max(day.year, self.years[0]), self.years[-1]) - self.years[0]

    def weight_before(self, start: date, year: int) -> float:
        """Return the share of a year that lies in the window of use and before a date."""
        first = max(self.period.use_from, date(year, 1, 1)) if year != self.years[0] else self.period.use_from
        last = min(self.period.use_to, date(year, 12, 31)) if year != self.years[-1] else self.period.use_to
        return max(0, (min(last + timedelta(days=1), start) - first).days) / YEAR

    def rest_of_window(self, day: date) -> float:
        """Return the years of use still to come after a day."""
        ahead = (self.period.use_to - max(day, self.period.use_from - timedelta(days=1))).days
        return max(0, ahead) / YEAR

    def window(self) -> float:
        """Return the length of the window of use, years."""
        return ((self.period.use_to - self.period.use_from).days + 1) / YEAR

    def add(self, day: date, weight: float, use: Floats, baseline: Floats, output: Floats) -> None:
        """Add a stretch of `weight` years at the yearly rates given; all of shape (n_firms,)."""
        self.use += weight * use
        if self.days is not None:
            self.days.add(weight, use)
        self.baseline += weight * baseline
        self.output[self.slot(day)] += weight * output

    def add_abatement(self, weight: float, need: Floats, share: Floats, cost: Floats) -> None:
        """Add what the measure aimed at this right did in a stretch of `weight` years; all of shape (n_firms,)."""
        self.need += weight * need
        self.own_abated += weight * (share * need)
        self.cost += weight * cost

    def state(self) -> dict[str, Any]:
        """Return the sums so far, and the days if they are kept."""
        sums: dict[str, Any] = {name: getattr(self, name).copy() for name in _SUMS}
        return sums if self.days is None else {**sums, "days": self.days.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back the sums, and the days if they are kept."""
        for name in _SUMS:
            getattr(self, name)[...] = state[name]
        if self.days is not None and "days" in state:
            self.days.restore(state["days"])


class DailyUse:
    """Yearly rates of use day by day, with the share of a year that each day stands for.

    Attributes
    ----------
    rates : list of ndarray of float64, shape (n_firms,)
    weights : list of float
        Years.
    """

    def __init__(self) -> None:
        self.rates: list[Floats] = []
        self.weights: list[float] = []

    def add(self, weight: float, rate: Floats) -> None:
        """Add a stretch of `weight` years; one of no length leaves no trace."""
        if weight > 0.0:
            self.rates.append(rate.copy())
            self.weights.append(weight)

    def peak(self, share: float = 0.9) -> Floats:
        """Return a firm's rate that `share` of the time is not exceeded, over its mean rate; 1 where nothing was used.

        At least one day must have been added.

        Examples
        --------
        >>> days = DailyUse()
        >>> for rate in (1.0, 2.0, 3.0):
        ...     days.add(1 / 3, np.array([rate, 0.0]))
        >>> days.peak()
        array([1.5, 1. ])
        """
        rates, weights = np.array(self.rates), np.array(self.weights)
        mean = weights @ rates / weights.sum()
        order = np.argsort(rates, axis=0, kind="stable")
        passed = np.cumsum(weights[order], axis=0) >= share * weights.sum() * (1.0 - 1e-12)
        high = np.take_along_axis(rates, order, axis=0)[np.argmax(passed, axis=0), np.arange(rates.shape[1])]
        return np.divide(high, mean, out=np.ones_like(mean), where=mean > 0)

    def state(self) -> dict[str, Any]:
        """Return all days."""
        return {"rates": [x.copy() for x in self.rates], "weights": np.array(self.weights)}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self.rates, self.weights = [np.array(x) for x in state["rates"]], [float(w) for w in state["weights"]]


def day_weights(days: list[date], before: date) -> Floats:
    """Return the calendar days that each trading day stands for, in years of 365 days.

    Parameters
    ----------
    days : list of date
        Trading days.
    before : date
        Last calendar day that is already accounted for.
    """
    stamps = np.array([before, *days], dtype="datetime64[D]")
    return np.asarray(np.diff(stamps).astype(np.float64) / YEAR)
