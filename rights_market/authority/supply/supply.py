"""The supply of one right: what its auctions offer, what rules of stability make of it, who gets the lots.

The order of a year: the cap, less what is set aside and given free, is planned over the period's auctions; the reserves
cut an auction, then enlarge it; consigned lots join; other reserves act inside the clearing; tiers are sold after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.auction_house import AuctionHouse
from rights_market.authority.supply.bidders import Bidders
from rights_market.authority.supply.clearing import Ties
from rights_market.authority.supply.days import auction_days, last_day_of_duty
from rights_market.authority.supply.eligibility import may_bid
from rights_market.authority.supply.price_trigger import MONTHS, PriceTrigger
from rights_market.authority.supply.reserves import Reserves
from rights_market.authority.supply.volumes import Volumes
from rights_market.errors import ExchangeError
from rights_market.exchange.calendar import Hook, Period, TradingCalendar
from rights_market.policies.stability import PriceIndexedSupply, PriceTriggerRelease
from rights_market.rulebook import RuleBook
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]


class Supply:
    """Auctions and reserves of one right.

    Parameters
    ----------
    office : Office
    book : RuleBook
        Rules of the right; it has auctions.
    calendar : TradingCalendar

    Attributes
    ----------
    reserves : Reserves
    volumes : Volumes
        What the auctions offer.
    auctions : AuctionHouse
        What they have sold.

    Raises
    ------
    PolicyError
        If prices of auctions and reserves are not in order, or not there, in a year in which there are auctions.
    """

    def __init__(self, office: Office, book: RuleBook, calendar: TradingCalendar) -> None:
        self._office, self.book, self.calendar = office, book, calendar
        self.reserves = Reserves.of(office, book)
        days = auction_days(book, calendar)
        book.check_auctions(sorted({when.year for when, _ in days}))
        self.volumes = Volumes(office, book, days, self.reserves)
        self.auctions = AuctionHouse(office, self.volumes, self.reserves, len(calendar) - 1)
        trigger = book.steady(PriceTriggerRelease)
        self._trigger = None if trigger is None else PriceTrigger(office, book.right.code, trigger, calendar)

    def consign(self, matter: Matter, issued: Int64) -> None:
        """Take the share of newly issued lots that firms must offer in the period's auctions."""
        if self.reserves.consigned is not None:
            self.reserves.consigned.take(matter, issued, self.volumes.ahead(matter.period.name))

    def store(self, matter: Matter, lots: int) -> None:
        """Put lots that were kept back for something else into the market stability reserve."""
        assert self.reserves.stability is not None
        self.reserves.stability.pot.put(matter.instrument, lots)

    def withdraw_consigned(self, matter: Matter, account: int) -> int:
        """Give a firm that has closed back what it has consigned and what is not sold, and return the lots."""
        return 0 if self.reserves.consigned is None else self.reserves.consigned.withdraw(matter, account)

    def hold(self, period: Period, bidders: Bidders, ties: Ties) -> None:
        """Hold the next auction.

        Parameters
        ----------
        bidders : Bidders
            Who may bid.
        ties : callable
            Draws an order of that many bids.

        Raises
        ------
        ExchangeError
            If its period is not planned, or the next auction is one of another period.
        """
        if not self.volumes.is_planned(period.name):
            raise ExchangeError(f"auctions of {period.name} are not planned yet")
        number, days = self.volumes.plan.done, self.volumes.days
        if number >= len(days) or days[number][1].name != period.name:
            raise ExchangeError(f"the next auction, number {number}, is not one of {period.name}")
        self.auctions.hold(self._matter("auction", period), bidders, ties)

    def plan_next(self, free_lots: Callable[[Period], int]) -> None:
        """Plan the auctions of the next period that has any.

        Parameters
        ----------
        free_lots : callable
            From a period to the lots that are expected to be given free for it.
        """
        period = self.volumes.unplanned()[0]
        ahead = self.auctions.sold_lots(period.vintage)
        ahead += int(self.auctions.deliveries.awaited_lots(period.vintage).sum())
        self.volumes.plan_period(period, free_lots(period), ahead)

    def hold_advance(self, period: Period, bidders: Bidders, ties: Ties) -> None:
        """Sell units of the later vintage that goes with a period, beside the auction just held.

        Parameters
        ----------
        bidders : Bidders
            Who may bid for the later vintage.
        """
        target = self.volumes.advance_target(period)
        if target is not None:
            last = self.volumes.plan.done - 1
            self.auctions.sell_in_advance(self._matter("auction", target), last, bidders, ties)

    def may_bid(self, on: date) -> npt.NDArray[np.bool_]:
        """Return which accounts may bid in an auction on a day, shape (n_accounts,)."""
        return may_bid(self._office, self.book, on)

    def deliver(self) -> None:
        """Deliver what was won in auctions and is due by today, against payment."""
        self.auctions.deliver()

    def sell_reserves(self, period: Period, on: date, bidders: Bidders) -> None:
        """Hold the sales of the tiered reserve that are due."""
        if self.reserves.sales is None:
            return
        matter = self._matter("reserve_sale", period)
        deadline = last_day_of_duty(period, self.calendar)
        for sale in self.reserves.sales.hold(matter, on, deadline, bidders):
            self.auctions.book_sale(matter, self.reserves.sales.rule.kind, sale)

    def open_year(self, year: int) -> None:
        """Fill reserves at the start, and cancel what the stability reserve may not hold."""
        matter = self._matter("year_open", self.book.periods[0])
        if year == self.calendar.years[0]:
            if self.reserves.stability is not None:
                self.reserves.stability.fill(matter)
            rule = self.book.steady(PriceIndexedSupply)
            if rule is not None and self.reserves.indexed is not None:
                self.reserves.indexed.put(matter.instrument, rule.start_fill)
        elif self.reserves.stability is not None:
            self.reserves.stability.invalidate(matter, year, self.auctions.sold_in(year - 1))

    def close_year(self, year: int) -> None:
        """Take down the figures of 31 December."""
        if self.reserves.stability is not None:
            self.reserves.stability.close_year(year)

    def review(self, year: int) -> None:
        """Publish the circulation, and order cuts or additions for the auctions of the next window."""
        if self.reserves.stability is None:
            return
        matter = self._matter(
            "stability_review", self._at_hand(date(year, self.reserves.stability.rule.review_month, 1))
        )
        intake, release = self.reserves.stability.review(matter, year, self.calendar.end)
        start, end = self.reserves.stability.window(year)
        auctions = self.volumes.between(start, end)
        volumes = [self.volumes.plan.planned[i] for i in auctions]
        kind = self.reserves.stability.rule.kind
        cut = min(intake, sum(volumes))
        self.volumes.orders.order("cut", kind, auctions, largest_remainder(cut, volumes))
        self.reserves.stability.carried = intake - cut
        if intake > cut:
            self._office.note(
                matter, kind, "rule_unmet", lots=intake - cut, note="auctions are too small for the intake"
            )
        weights = volumes if any(volumes) else [1] * len(volumes)
        self.volumes.orders.order("add", kind, auctions, largest_remainder(release, weights))
        if release and not auctions:
            self._office.note(matter, kind, "rule_unmet", lots=release, note="no auction in the window")

    def window_end(self, year: int) -> date:
        """Return the day before which auctions must be planned when the stability of a year is reviewed."""
        after_next_year, reserve = date(year + 2, 1, 1), self.reserves.stability
        return after_next_year if reserve is None else max(reserve.window(year)[1], after_next_year)

    def look_at_price(self, year: int, month: int, draw: float) -> None:
        """Compare mean prices at the end of a month, and order lots for the next auctions where they have risen far."""
        if self._trigger is None:
            return
        rule = self._trigger.rule
        count = year * MONTHS + month - 1
        matter = self._matter("stability_review", self._at_hand(date(year, month, 1)))
        if not self._trigger.is_due(matter, count, draw):
            return
        after = count + 1 + rule.spread
        auctions = self.volumes.between(_first_of(count + 1), _first_of(after))
        later = self.volumes.between(date(year + 1, 1, 1), date(year + 2, 1, 1))
        later = [i for i in later if i not in auctions]
        volumes = [self.volumes.plan.planned[i] for i in later]
        source = {
            "msr": 0 if self.reserves.stability is None else self.reserves.stability.pot.lots,
            "reserve": 0 if self.reserves.sales is None else self.reserves.sales.lots,
            "next_year": sum(volumes),
        }[rule.source]
        parts = rule.release(source if auctions else 0, len(auctions))
        self.volumes.orders.order("add", rule.kind, auctions, parts)
        if rule.source == "next_year":
            self.volumes.orders.order("cut", rule.kind, later, largest_remainder(sum(parts), volumes))
        if sum(parts) < rule.qty:
            self._office.note(matter, rule.kind, "rule_unmet", lots=rule.qty - sum(parts), note=f"source {rule.source}")

    def _at_hand(self, on: date) -> Period:
        """Return the period whose deadline comes next."""
        return next((p for p in self.book.periods if on <= p.deadline), self.book.periods[-1])

    def _matter(self, hook: Hook, period: Period) -> Matter:
        return self._office.matter(hook, self.book.right.code, period)

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain lists and numbers; lots in reserves lie in the registry."""
        return {name: part.state() for name, part in self._parts().items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for name, part in self._parts().items():
            part.restore(state[name])

    def _parts(self) -> dict[str, Any]:
        r = self.reserves
        parts = {"stability": r.stability, "sales": r.sales, "consigned": r.consigned, "trigger": self._trigger}
        there = {name: part for name, part in parts.items() if part is not None}
        return {"volumes": self.volumes, "auctions": self.auctions, **there}


def _first_of(month: int) -> date:
    """Return the first day of a month counted from year 0."""
    return date(month // MONTHS, month % MONTHS + 1, 1)
