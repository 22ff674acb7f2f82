"""When reports are due, who is audited when, and when results are published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from rights_market.exchange.calendar import Dated, Entry, Period, TradingCalendar
from rights_market.rulebook import RuleBook


def mrv_dates(book: RuleBook, calendar: TradingCalendar) -> Iterator[Dated]:
    """Yield the duties of monitoring for which a right has rules."""
    code = book.right.code
    if not book.is_monitored:
        return
    for period in book.periods:
        yield Dated(period.report or period.verify, Entry("report_due", code, period.name))
        if book.audit is not None:
            yield Dated(period.audit or period.verify, Entry("audit", code, period.name))
        public = publication_dates(book, period, calendar)
        for when in sorted(set(public)):
            yield Dated(when, Entry("publish", code, period.name))


def publication_dates(book: RuleBook, period: Period, calendar: TradingCalendar) -> tuple[date, ...]:
    """Return when the inventory and what firms disclose are published, as far as there are rules for them.

    Without a date of its own that is the day after the deadline, or the deadline if the calendar ends with it.
    """
    first = published_on(period, calendar)
    inventory = () if book.inventory is None else (first,)
    return inventory if book.disclosure is None else (*inventory, first + timedelta(book.disclosure.delay))


def published_on(period: Period, calendar: TradingCalendar) -> date:
    """Return when results of a period are published."""
    ends = calendar.end <= period.deadline or calendar.index_on_or_after(period.deadline + timedelta(1)) is None
    return period.publish or (period.deadline if ends else period.deadline + timedelta(1))
