"""On which days a right is auctioned, its reserves are sold, and its supply is reviewed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rights_market.exchange.calendar import Dated, Entry, Period, TradingCalendar
from rights_market.policies.stability import (
    MarketStabilityReserve,
    PriceIndexedSupply,
    PriceTriggerRelease,
    TieredPriceReserve,
)
from rights_market.rulebook import RuleBook


def auction_days(book: RuleBook, calendar: TradingCalendar) -> list[tuple[date, Period]]:
    """Return the dates of a right's auctions, each with the period in whose use it falls."""
    if book.auction is None:
        return []
    found = []
    for year in calendar.years:
        for when in book.auction.schedule.days_in(calendar.days, year):
            period = next((p for p in book.periods if p.use_from <= when <= p.use_to), None)
            if period is not None:
                found.append((when, period))
    return found


def last_day_of_duty(period: Period, calendar: TradingCalendar) -> date:
    """Return the trading day on which a period's duty is due; its deadline, where the calendar ends before."""
    index = calendar.index_on_or_before(period.deadline)
    return period.deadline if index is None or period.deadline > calendar.end else calendar.days[index]


def supply_dates(book: RuleBook, calendar: TradingCalendar) -> list[Dated]:
    """Return all dates of a right's supply: auctions, sales of reserves, reviews, the turns of the year."""
    return [*_auctions(book, calendar), *_sales(book, calendar), *_reviews(book, calendar)]


def _auctions(book: RuleBook, calendar: TradingCalendar) -> Iterator[Dated]:
    for when, period in auction_days(book, calendar):
        yield Dated(when, Entry("auction", book.right.code, period.name))
        delivery = _delivery(book, calendar, when)
        if delivery is not None:
            yield Dated(delivery, Entry("delivery", book.right.code, period.name))


def _delivery(book: RuleBook, calendar: TradingCalendar, auctioned: date) -> date | None:
    """Return when lots of an auction are delivered: by the last trading day at the latest; None: at once."""
    day = calendar.days.index(auctioned)
    days = 0 if book.auction is None else book.auction.delivery_days
    due = min(day + days, len(calendar) - 1)
    return calendar.days[due] if due > day else None


def _sales(book: RuleBook, calendar: TradingCalendar) -> Iterator[Dated]:
    rule = book.steady(TieredPriceReserve)
    if rule is None:
        return
    whens = {(when, period.name) for when, period in auction_days(book, calendar)}
    whens |= {(when, p.name) for p in book.periods for when in rule.dates(last_day_of_duty(p, calendar))}
    # A date before the first day lies in the past, where `Agenda` would move it to the first day.
    for when, name in sorted(whens):
        if when >= calendar.days[0]:
            yield Dated(when, Entry("reserve_sale", book.right.code, name))


def _reviews(book: RuleBook, calendar: TradingCalendar) -> Iterator[Dated]:
    """Yield the turns of the year and the yearly review of the reserve, and the monthly look at the price."""
    reserve = book.steady(MarketStabilityReserve)
    code = book.right.code
    if reserve is not None or book.steady(PriceIndexedSupply) is not None:
        for year in calendar.years:
            days = [calendar.days[i] for i in calendar.days_of_year(year)]
            yield Dated(days[0], Entry("year_open", code, str(year)))
            if reserve is not None:
                yield Dated(days[-1], Entry("year_close", code, str(year)))
    if reserve is not None:
        for year in calendar.years:
            when = date(year, reserve.review_month, 1)
            if calendar.days[0] <= when <= calendar.end:
                yield Dated(when, Entry("stability_review", code, str(year)))
    if book.steady(PriceTriggerRelease) is not None:
        last: dict[tuple[int, int], date] = {(d.year, d.month): d for d in calendar.days}
        for (year, month), when in last.items():
            yield Dated(when, Entry("stability_review", code, f"{year}-{month:02d}"))
