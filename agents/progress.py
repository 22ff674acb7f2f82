"""How far the compliance periods of one right have come: what was used, what is known of the allocation.

Firms know the plan of a period once it is announced.  Before that they expect the last one they saw, tightened by
what the public expects a year.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.use import PeriodUse
from rights_market.exchange.calendar import TradingCalendar
from rights_market.rule_history import RuleHistory
from rights_market.rulebook import RuleBook

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Plan:
    """What one period gives each firm, as far as firms can tell.

    Attributes
    ----------
    lots_per_output : ndarray of float64, shape (n_years, n_firms)
        Lots for one unit of output, 0 where the allocation does not follow output.
    fixed_lots : ndarray of float64, shape (n_years, n_firms)
        Lots whatever the output.
    announced, settled : bool
        Whether the plan is out; whether the final allocation is issued.
    """

    def __init__(self, n_years: int, n_firms: int) -> None:
        self.lots_per_output: Floats = np.zeros((n_years, n_firms))
        self.fixed_lots: Floats = np.zeros((n_years, n_firms))
        self.announced = False
        self.settled = False

    def expected_lots(self, output: Floats) -> Floats:
        """Return the lots expected in all, shape (n_firms,), for output by year, shape (n_years, n_firms)."""
        return np.asarray((self.lots_per_output * output + self.fixed_lots).sum(axis=0))

    def state(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "lots_per_output": self.lots_per_output.copy(),
            "fixed_lots": self.fixed_lots.copy(),
            "announced": self.announced,
            "settled": self.settled,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self.lots_per_output = np.array(state["lots_per_output"])
        self.fixed_lots = np.array(state["fixed_lots"])
        self.announced, self.settled = bool(state["announced"]), bool(state["settled"])


class RightProgress:
    """The periods of one right, in time order.

    Parameters
    ----------
    index : int
        Column of the right.
    history : RuleHistory
        Its rules: what is in force, and what is announced.
    calendar : TradingCalendar
        Trading days.
    n_firms : int
        Number of firms.
    first_instrument : int
        Registry index of the instrument of the first period; the others follow.

    Attributes
    ----------
    uses : list of PeriodUse
    plans : list of Plan
    closing : list of date
        Last date on which units serve each period's duty: its deadline, or the end of its use where the holdings of
        that time must cover it.
    deadline_day : list of int
        Trading day on which this is; beyond the calendar where it never comes.
    issued_lots : list of ndarray of int64, shape (n_firms,)
        Lots issued free for each period so far.
    balance : dict of int to float
        Announced allocation less use, as a share of use, by year.
    announced_shift : dict of int to float
        By how much announced rules change the balance of the plan of a year, against the plan before it.
    news_year : int
        Calendar year in which the last plan was announced.
    """

    def __init__(
        self, index: int, history: RuleHistory, calendar: TradingCalendar, n_firms: int, first_instrument: int
    ) -> None:
        self.index = index
        self.history = history
        rules = history.book
        self.uses = [PeriodUse(p, n_firms) for p in rules.periods]
        self.plans = [Plan(len(u.years), n_firms) for u in self.uses]
        self.instruments = [first_instrument + k for k in range(len(rules.periods))]
        self.is_cover = rules.surrender.mode == "cover"
        self.closing = [p.use_to if self.is_cover else p.deadline for p in rules.periods]
        self.deadline_day = [day_of(calendar, date) for date in self.closing]
        self.issued_lots: list[Ints] = [np.zeros(n_firms, dtype=np.int64) for _ in rules.periods]
        self.verified = [False] * len(rules.periods)
        self.balance: dict[int, float] = {}
        self.announced_shift: dict[int, float] = {}
        self.news_year = calendar.days[0].year
        self._position = {p.name: k for k, p in enumerate(rules.periods)}

    @property
    def rules(self) -> RuleBook:
        """The rule book in force."""
        return self.history.book

    @property
    def is_yearly(self) -> bool:
        """Whether a unit covers the use of its own year only, and of that what is left when it is bought."""
        return self.is_cover and not self.rules.bankable

    def position(self, period: str) -> int:
        """Return where a period stands in time order."""
        return self._position[period]

    def front(self, day: int) -> int | None:
        """Return the period whose deadline comes next, None after the last."""
        for k, deadline in enumerate(self.deadline_day):
            if day <= deadline:
                return k
        return None

    def usable(self, day: int) -> list[int]:
        """Return the instruments that serve the duty of the period at hand, oldest first."""
        k = self.front(day)
        if k is None or not self.rules.tradable:
            return []
        # Where the holdings of a year must cover it, units of the last year linger until its deadline, of no use.
        return self.instruments[k if self.is_yearly else 0 : k + 1]

    def balance_of(self, year: int, tightening: float) -> float:
        """Return the balance expected for a year: the announced one, else the last announced, tightened from then on.

        Before any plan is announced the public expects balance in the year of the start.  Rules that are announced for
        plans to come count in both cases.
        """
        if year in self.balance:
            return self.balance[year]
        known = [y for y in self.balance if y < year]
        last = max(known, default=0)
        shift = sum(x for y, x in self.announced_shift.items() if last < y <= year)
        if not known:
            return shift - tightening * max(0, year - self.news_year)
        return self.balance[last] + shift - tightening * max(0, year - max(last, self.news_year))

    def lots_of(self, units: Floats) -> Ints:
        """Return the lots that stand for units of the right, rounded up."""
        return np.ceil(units / float(self.rules.right.lot) - 1e-9).astype(np.int64)

    def state(self) -> dict[str, Any]:
        """Return everything that changes over time."""
        return {
            "uses": [u.state() for u in self.uses],
            "plans": [p.state() for p in self.plans],
            "issued": [x.copy() for x in self.issued_lots],
            "verified": list(self.verified),
            "news_year": self.news_year,
            "balance": {str(y): b for y, b in self.balance.items()},
            "announced_shift": {str(y): x for y, x in self.announced_shift.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        for use, saved in zip(self.uses, state["uses"], strict=True):
            use.restore(saved)
        for plan, saved in zip(self.plans, state["plans"], strict=True):
            plan.restore(saved)
        self.issued_lots = [np.array(x) for x in state["issued"]]
        self.verified = [bool(x) for x in state["verified"]]
        self.news_year = int(state["news_year"])
        self.balance = {int(y): float(b) for y, b in state["balance"].items()}
        self.announced_shift = {int(y): float(x) for y, x in state["announced_shift"].items()}


def day_of(calendar: TradingCalendar, when: date) -> int:
    """Return the trading day on or before a date; a day past the end for a date that the calendar does not reach."""
    if when > calendar.days[-1]:
        return len(calendar.days)
    if when < calendar.days[0]:
        return -1
    day = calendar.index_on_or_before(when)
    return -1 if day is None else day
