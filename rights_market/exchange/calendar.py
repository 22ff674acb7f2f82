"""Trading days, the dated duties of a compliance period, and the order in which they happen on one day."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

import numpy as np

from rights_market.errors import PolicyError

Hook = Literal[
    "year_open",
    "rule_change",
    "cap_set",
    "allocation_announced",
    "preallocation",
    "firm_entry",
    "firm_exit",
    "delivery",
    "auction",
    "reserve_sale",
    "session_open",
    "session",
    "session_close",
    "mark",
    "report_due",
    "verification",
    "audit",
    "trueup",
    "surrender_deadline",
    "penalty",
    "make_good",
    "banking_close",
    "term_end",
    "stability_review",
    "publish",
    "rule_review",
    "year_close",
]

ONE_DAY = np.timedelta64(1, "D")

# What happens on one day, in this order; those before the session are done before the market opens.
HOOK_ORDER: tuple[Hook, ...] = get_args(Hook)
BEFORE_SESSION = HOOK_ORDER[: HOOK_ORDER.index("session_open")]
AFTER_SESSION = HOOK_ORDER[HOOK_ORDER.index("session_close") + 1 :]


def chinese_exchange_closings() -> frozenset[date]:
    """Return the weekdays of 2021 to 2025 on which the exchanges of the Chinese mainland stayed closed.

    Source: yearly closing notices of the exchanges [known].  Weekends that the state declares working days are not
    trading days.
    """
    with (files("rights_market.data") / "chinese_exchange_closings.csv").open(encoding="utf-8") as lines:
        return frozenset(date.fromisoformat(row["date"]) for row in csv.DictReader(lines))


class TradingCalendar:
    """The trading days between two dates: Monday to Friday without the holidays.

    Parameters
    ----------
    start, end : date
        First and last date, both included.
    holidays : iterable of date
        Dates without trade.

    Attributes
    ----------
    days : tuple of date
        Trading days; the index of a day counts from 0.

    Raises
    ------
    PolicyError
        If there is no trading day between `start` and `end`.

    Examples
    --------
    >>> calendar = TradingCalendar(date(2021, 7, 16), date(2021, 12, 31), chinese_exchange_closings())
    >>> len(calendar), calendar.date_of(1)
    (114, datetime.date(2021, 7, 19))
    """

    def __init__(self, start: date, end: date, holidays: Iterable[date] = ()) -> None:
        self._week = np.busdaycalendar(holidays=np.array(sorted(holidays), "datetime64[D]"))
        dates = np.arange(np.datetime64(start), np.datetime64(end) + ONE_DAY)
        self._days = dates[np.is_busday(dates, busdaycal=self._week)]
        if not len(self._days):
            raise PolicyError(f"calendar: no trading day between start {start} and end {end}")
        self.start = start
        self.end = end
        self.days: tuple[date, ...] = tuple(self._days.tolist())

    def __len__(self) -> int:
        return len(self.days)

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years with a trading day."""
        return tuple(sorted({d.year for d in self.days}))

    def date_of(self, day: int) -> date:
        """Return the date of a trading day.

        Raises
        ------
        IndexError
            If `day` is not one of the calendar's days.
        """
        if not 0 <= day < len(self.days):
            raise IndexError(f"day {day} lies outside the calendar, which has the days 0 to {len(self.days) - 1}")
        return self.days[day]

    def index_on_or_after(self, when: date) -> int | None:
        """Return the first trading day on or after a date, or None when the calendar ends before."""
        index = int(np.searchsorted(self._days, np.datetime64(when), side="left"))
        return index if index < len(self.days) else None

    def index_on_or_before(self, when: date) -> int | None:
        """Return the last trading day on or before a date, or None when the calendar starts after."""
        index = int(np.searchsorted(self._days, np.datetime64(when), side="right")) - 1
        return index if index >= 0 else None

    def days_of_year(self, year: int) -> range:
        """Return the indices of the trading days in a year; empty when there are none."""
        first = np.searchsorted(self._days, np.datetime64(date(year, 1, 1)))
        last = np.searchsorted(self._days, np.datetime64(date(year + 1, 1, 1)))
        return range(int(first), int(last))

    def days_left(self, day: int, until: date) -> int:
        """Return the trading days after `day` up to and including a date; 0 when it has passed.

        Dates beyond the end of the calendar count as well, by the same week and holidays.
        """
        first = np.datetime64(self.date_of(day)) + ONE_DAY
        return max(0, int(np.busday_count(first, np.datetime64(until) + ONE_DAY, busdaycal=self._week)))


@dataclass(frozen=True, slots=True)
class Period:
    """A compliance period: what falls due when.  All dates are calendar dates.

    Attributes
    ----------
    name : str
        Name for people, such as ``2019-20``.
    vintage : int
        Compliance year: units of this and earlier vintages meet the duty.
    use_from, use_to : date
        First and last date of the use that counts.
    announce : date
        The allocation plan is announced; from then on firms know their formula.
    preallocate, verify, true_up : date
        Early part is issued; use is verified; final allocation is settled.
    deadline : date
        Last date of surrender; on a day without trade, the trading day before.
    penalty, make_good, banking_close : date or None
        None: the trading day after the deadline (the deadline itself, where the calendar ends with it), but not
        after a later step whose date is given.
    stages : tuple of date
        Earlier dates on which a part of the duty is due.
    report, audit, publish : date or None
        Firms file their reports (None: on the day of `verify`), some are audited (None: on the same day, after
        verification), and what became known is published (None: the day after the `deadline`).  Nothing happens on
        these dates without a rule that says what.

    Raises
    ------
    PolicyError
        If two dates are out of order.
    """

    name: str
    vintage: int
    use_from: date
    use_to: date
    announce: date
    preallocate: date
    verify: date
    true_up: date
    deadline: date
    penalty: date | None = None
    make_good: date | None = None
    banking_close: date | None = None
    stages: tuple[date, ...] = ()
    report: date | None = None
    audit: date | None = None
    publish: date | None = None

    def __post_init__(self) -> None:
        for first, second in _ORDER:
            earlier, later = getattr(self, first), getattr(self, second)
            if earlier is not None and later is not None and earlier > later:
                raise PolicyError(f"period {self.name}: {first} on {earlier} lies after {second} on {later}")
        if any(s >= self.deadline for s in self.stages):
            raise PolicyError(f"period {self.name}: stages {self.stages} must lie before deadline {self.deadline}")

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years that the period stands for: those whose middle lies in its use, else its vintage."""
        spanned = range(self.use_from.year, self.use_to.year + 1)
        return tuple(y for y in spanned if self.use_from <= date(y, 7, 1) <= self.use_to) or (self.vintage,)


class Entry(NamedTuple):
    """One duty on a day: which hook, of which right, in which period (or of which auction)."""

    hook: Hook
    right_code: str
    period_name: str


class Dated(NamedTuple):
    """A duty by date that no period lists, such as an auction; it happens on the first trading day from `when` on."""

    when: date
    entry: Entry


class Agenda(Mapping[int, tuple[Entry, ...]]):
    """What is due on which trading day, in the order in which it happens.

    Days without a duty are left out of iteration and length, but can be asked for and give an empty tuple.

    Parameters
    ----------
    calendar : TradingCalendar
    periods : mapping of str to iterable of Period
        Compliance periods by code of the right.
    others : iterable of Dated
        Further duties.

    Raises
    ------
    PolicyError
        If a period's steps fall on trading days in the wrong order.

    Notes
    -----
    A date without trade is served on the next trading day, a deadline on the one before.  A date before the calendar
    starts is served on day 0, a date after its end never.  Duties of one day follow `HOOK_ORDER`; within a hook, the
    order in which rights and periods were given.
    """

    def __init__(
        self, calendar: TradingCalendar, periods: Mapping[str, Iterable[Period]], others: Iterable[Dated] = ()
    ) -> None:
        self._days: dict[int, list[Entry]] = {}
        for right_code, its_periods in periods.items():
            for period in its_periods:
                for hook, day in _steps(calendar, period):
                    self._days.setdefault(day, []).append(Entry(hook, right_code, period.name))
        for when, entry in others:
            its_day = _day(calendar, when)
            if its_day is not None:
                self._days.setdefault(its_day, []).append(entry)
        for entries in self._days.values():
            entries.sort(key=lambda e: HOOK_ORDER.index(e.hook))

    def __getitem__(self, day: int) -> tuple[Entry, ...]:
        return tuple(self._days.get(day, ()))

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._days))

    def __len__(self) -> int:
        return len(self._days)

    def before_session(self, day: int) -> tuple[Entry, ...]:
        """Return the duties of a day that are done before the market opens."""
        return tuple(e for e in self[day] if e.hook in BEFORE_SESSION)

    def after_session(self, day: int) -> tuple[Entry, ...]:
        """Return the duties of a day that are done after the market closes."""
        return tuple(e for e in self[day] if e.hook in AFTER_SESSION)

    def days_of(self, hook: Hook, right_code: str, period_name: str) -> tuple[int, ...]:
        """Return the days on which a duty falls; empty when it lies beyond the calendar."""
        entry = Entry(hook, right_code, period_name)
        return tuple(day for day in self if entry in self._days[day])


# Pairs of steps of which the first must not come later.  Plans are announced before, during or after the use.
_ORDER = (
    ("use_from", "use_to"),
    ("use_to", "verify"),
    ("use_to", "report"),
    ("report", "verify"),
    ("verify", "audit"),
    ("verify", "publish"),
    ("announce", "preallocate"),
    ("preallocate", "true_up"),
    ("verify", "true_up"),
    ("true_up", "deadline"),
    ("deadline", "penalty"),
    ("deadline", "make_good"),
    ("deadline", "banking_close"),
    ("penalty", "make_good"),
    ("penalty", "banking_close"),
)

_HOOK_OF: dict[str, Hook] = {
    "announce": "allocation_announced",
    "preallocate": "preallocation",
    "verify": "verification",
    "true_up": "trueup",
    "deadline": "surrender_deadline",
    "penalty": "penalty",
    "make_good": "make_good",
    "banking_close": "banking_close",
}


def _steps(calendar: TradingCalendar, period: Period) -> Iterator[tuple[Hook, int]]:
    """Yield the hooks of a period and the days on which they fall."""
    dates = {name: getattr(period, name) for name in _HOOK_OF}
    days: dict[str, int] = {}
    for name, when in dates.items():
        day = None if when is None else _day(calendar, when, last=name == "deadline")
        if day is not None:
            days[name] = day
    if "deadline" in days:
        _fill_in(calendar, period, days)
    for first, second in _ORDER:
        if first in days and second in days and days[first] > days[second]:
            raise PolicyError(
                f"period {period.name}: {first} falls on {calendar.date_of(days[first])}, after {second} on "
                f"{calendar.date_of(days[second])}; the dates lie too close to a day without trade"
            )
    for stage in period.stages:
        day = _day(calendar, stage, last=True)
        if day is not None:
            yield "surrender_deadline", day
    for name, day in days.items():
        yield _HOOK_OF[name], day


def _fill_in(calendar: TradingCalendar, period: Period, days: dict[str, int]) -> None:
    """Give the steps after the deadline that have no date their day."""
    is_past = period.deadline < calendar.days[0]
    following = 0 if is_past else min(days["deadline"] + 1, len(calendar) - 1)
    if period.penalty is None:
        days["penalty"] = min([following, *(days[name] for name in ("make_good", "banking_close") if name in days)])
    if "penalty" not in days:
        return  # Fined after the end of the calendar: what follows a fine lies there too.
    for name in ("make_good", "banking_close"):
        if getattr(period, name) is None:
            days[name] = max(following, days["penalty"])


def _day(calendar: TradingCalendar, when: date, *, last: bool = False) -> int | None:
    """Return the trading day of a date: day 0 before the start, None after the end."""
    if when > calendar.end:
        return None
    if when < calendar.days[0]:
        return 0
    before, after = calendar.index_on_or_before(when), calendar.index_on_or_after(when)
    return before if last or after is None else after
