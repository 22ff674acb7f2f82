"""How much each auction of a right offers: the plan, and what rules of stability make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.adjustments import Adjustments, Kind
from rights_market.authority.supply.prices import mean_price
from rights_market.authority.supply.reserves import Reserves
from rights_market.errors import ExchangeError
from rights_market.exchange.calendar import Period
from rights_market.policies.auction import AuctionCalendarState
from rights_market.policies.stability import CostContainmentReserve, PriceIndexedSupply, PriceTriggerRelease
from rights_market.rulebook import RuleBook
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]

STABILITY = "market_stability_reserve"
TRIGGER = "price_trigger_release"


class Extra(NamedTuple):
    """Lots added to an auction: by which rule, and how they are handed over; None: from auctions to come."""

    rule: str
    lots: int
    draw: Callable[[int, int], None] | None


class Offer(NamedTuple):
    """What an auction offers.

    Attributes
    ----------
    own : int
        Planned lots, after cuts.
    withheld : int
        Planned lots that were cut.
    extras : list of Extra
    consignors, consigned : ndarray of int64, shape (n,)
    """

    own: int
    withheld: int
    extras: list[Extra]
    consignors: Int64
    consigned: Int64

    @property
    def government(self) -> int:
        """Lots offered for the government."""
        return self.own + sum(x.lots for x in self.extras)

    @property
    def lots(self) -> int:
        """All lots offered."""
        return self.government + int(self.consigned.sum())


class Volumes:
    """The volumes of a right's auctions.

    Parameters
    ----------
    office : Office
    book : RuleBook
        Rules of the right; it has auctions.
    days : list of (date, Period)
        The auctions of the whole calendar, by number.
    reserves : Reserves

    Attributes
    ----------
    plan : AuctionCalendarState
        What is planned, and what rolls on.
    orders : Adjustments
        What auctions to come will lose and gain.
    """

    def __init__(self, office: Office, book: RuleBook, days: list[tuple[date, Period]], reserves: Reserves) -> None:
        assert book.auction is not None and book.cap is not None
        self._office, self.book, self.days, self._reserves = office, book, days, reserves
        self._schedule, self._cap = book.auction.schedule, book.cap
        self.plan = AuctionCalendarState(self._schedule)
        self.orders = Adjustments()
        self._planned: list[str] = []
        self._advance: dict[int, int] = {}
        self._changed: dict[str, int] = {}

    def changed_lots(self, period: str) -> int:
        """Return by how much more (above 0) or less than its cap a period brings into the market, as far as announced.

        What is set aside, withheld or moved into reserves counts below 0, what is sold from reserves above.
        """
        return self._changed.get(period, 0) + self.orders.net(self.ahead(period))

    def ahead(self, period: str) -> list[int]:
        """Return the numbers of a period's auctions that are still to come."""
        return [i for i in range(self.plan.done, len(self.days)) if self.days[i][1].name == period]

    def has_auction_left(self, year: int) -> bool:
        """Return whether there is an auction to come in a calendar year."""
        return any(when.year == year for when, _ in self.days[self.plan.done :])

    def is_planned(self, period: str) -> bool:
        """Return whether the auctions of a period are planned."""
        return period in self._planned

    def unplanned(self, until: date | None = None) -> list[Period]:
        """Return the periods whose auctions are not planned yet, up to the one of the last auction before a date."""
        found: dict[str, Period] = {}
        for when, period in self.days:
            if until is None or when < until:
                found[period.name] = period
        return [p for name, p in found.items() if name not in self._planned]

    def plan_period(self, period: Period, free_lots: int, sold_ahead: int = 0) -> None:
        """Plan the auctions of a period.

        Parameters
        ----------
        free_lots : int
            Lots that are expected to be given free for it.
        sold_ahead : int
            Lots of its vintage that were sold in earlier years.

        Raises
        ------
        ExchangeError
            If it is planned already, or an earlier one with auctions is not.
        """
        waiting = self.unplanned()
        if not waiting or waiting[0].name != period.name:
            raise ExchangeError(f"auctions of {period.name} are not the next to be planned")
        matter = self._office.matter("auction", self.book.right.code, period)
        cap = sum(self._cap.cap(y) for y in period.years)
        if free_lots > cap:
            self._office.note(matter, "cap", "rule_unmet", lots=free_lots - cap, note="free over cap")
        left = max(0, cap - free_lots - sold_ahead)
        set_aside = 0 if self._reserves.sales is None else self._reserves.sales.fill(matter, cap, left)
        release = self.book.steady(CostContainmentReserve)
        if release is not None and release.within_cap:
            set_aside += min(left - set_aside, sum(sum(release.sizes(self._cap.cap(y))) for y in period.years))
        self.change(period, -set_aside)
        count = sum(p.name == period.name for _, p in self.days)
        self.plan = self.plan.extend(left - set_aside, count)
        self._planned.append(period.name)
        self._plan_advance(period, count)

    def _plan_advance(self, period: Period, count: int) -> None:
        """Spread what is sold in advance over a period's auctions."""
        rule, target = self.book.forward_vintages, self.advance_target(period)
        if rule is None or target is None:
            return
        lots = rule.lots(sum(self._cap.cap(y) for y in target.years))
        first = len(self.plan.planned) - count
        self._advance |= dict(enumerate(largest_remainder(lots, [1] * count), start=first))

    def advance_target(self, period: Period) -> Period | None:
        """Return the period whose units are sold in advance beside those of another, None if there is none."""
        rule = self.book.forward_vintages
        if rule is None:
            return None
        return next((p for p in self.book.periods if p.vintage == period.vintage + rule.ahead), None)

    def advance_lots(self, index: int) -> int:
        """Return the lots that are offered in advance beside an auction."""
        return self._advance.get(index, 0)

    def between(self, start: date, end: date) -> list[int]:
        """Return the auctions still to come from `start` to before `end`, as far as they are planned."""
        last = len(self.plan.planned)
        return [i for i in range(self.plan.done, last) if start <= self.days[i][0] < end]

    def change(self, period: Period, lots: int) -> None:
        """Book that a period brings more lots into the market (above 0) or fewer."""
        self._changed[period.name] = self._changed.get(period.name, 0) + lots

    def offer(self, matter: Matter, index: int) -> Offer:
        """Return what an auction offers: cuts first, then additions."""
        planned = self.plan.offer(index)
        own = self._cut_by_orders(matter, index, planned)
        own, indexed = self._index_volume(matter, own)
        extras = [*self._ordered_extras(index), *indexed]
        for extra in extras:
            self._office.note(matter, extra.rule, "supply_adjusted", lots=extra.lots, note="added")
        consignors, consigned = np.zeros((2, 0), np.int64)
        if self._reserves.consigned is not None:
            consignors, consigned = self._reserves.consigned.offered(index)
        return Offer(own, planned - own, extras, consignors.astype(np.int64), consigned.astype(np.int64))

    def _cut_by_orders(self, matter: Matter, index: int, lots: int) -> int:
        for rule in (STABILITY, TRIGGER):
            ordered = self.orders.take("cut", rule, index)
            cut = min(ordered, lots)
            lots -= cut
            if cut:
                self.change(matter.period, -cut)
                self._office.note(matter, rule, "supply_adjusted", lots=cut, note="cut")
                if rule == STABILITY and self._reserves.stability is not None:
                    self._reserves.stability.pot.put(matter.instrument, cut)
            if ordered > cut and index + 1 == len(self.days):
                self._office.note(matter, rule, "rule_unmet", lots=ordered - cut, note="no auction left")
            self.carry("cut", rule, index, ordered - cut)
        return lots

    def carry(self, kind: Kind, rule: str, index: int, lots: int) -> None:
        """Order what an auction could not take for the next one."""
        if not lots:
            return
        if index + 1 < len(self.days):
            self.orders.order(kind, rule, [index + 1], [lots])
        elif kind == "cut" and self._reserves.stability is not None and rule == STABILITY:
            self._reserves.stability.carried += lots

    def _index_volume(self, matter: Matter, lots: int) -> tuple[int, list[Extra]]:
        """Let the volume follow the price."""
        rule, pot = self.book.steady(PriceIndexedSupply), self._reserves.indexed
        if rule is None or pot is None:
            return lots, []
        wanted = rule.volume(lots, mean_price(self._office, self.book, rule.window))
        if wanted < lots:
            pot.put(matter.instrument, lots - wanted)
            self.change(matter.period, wanted - lots)
            self._office.note(matter, rule.kind, "supply_adjusted", lots=lots - wanted, note="cut")
            return wanted, []
        more = min(wanted - lots, pot.lots)
        if more < wanted - lots:
            self._office.note(matter, rule.kind, "reserve_exhausted", lots=wanted - lots - more)
        return lots, [Extra(rule.kind, more, pot.draw)] if more else []

    def _ordered_extras(self, index: int) -> list[Extra]:
        """Return additions that were ordered for an auction, as far as their source has lots."""
        found: list[Extra] = []
        stability, sales = self._reserves.stability, self._reserves.sales
        if stability is not None:
            lots = min(self.orders.take("add", STABILITY, index), stability.pot.lots)
            found.append(Extra(STABILITY, lots, stability.pot.draw))
        rule = self.book.steady(PriceTriggerRelease)
        if rule is not None:
            lots = self.orders.take("add", TRIGGER, index)
            if rule.source == "msr" and stability is not None:
                lots = min(lots, stability.pot.lots - sum(x.lots for x in found))
                found.append(Extra(TRIGGER, lots, stability.pot.draw))
            elif rule.source == "reserve" and sales is not None:
                found.append(Extra(TRIGGER, min(lots, sales.lots), sales.draw))
            else:
                found.append(Extra(TRIGGER, lots, None))
        return [x for x in found if x.lots > 0]

    def roll(self, matter: Matter, index: int, own: int, above: bool, withheld: int) -> None:
        """Let lots that stayed unsold go where the schedule wants them."""
        before = self.plan
        unsold = before.offer(index) - withheld - own
        self.plan = before.settle(index, own, above, withheld=withheld)
        if unsold:
            self._send_on(matter, unsold)

    def give_back(self, matter: Matter, lots: int) -> None:
        """Let lots that were sold and not paid for go where the schedule wants unsold ones."""
        if lots:
            self.plan = self.plan.give_back(lots)
            self._send_on(matter, lots)

    def _send_on(self, matter: Matter, unsold: int) -> None:
        """Write down where unsold lots go, and bring them there where that is a reserve."""
        rollover = self._schedule.rollover
        self._office.note(matter, "auction_schedule", "unsold_rolled", lots=unsold, note=rollover)
        if rollover == "reserve" and self._reserves.sales is not None:
            self._reserves.sales.put(matter, unsold)
        elif rollover == "msr" and self._reserves.stability is not None:
            self._reserves.stability.pot.put(matter.instrument, unsold)
        if rollover in ("reserve", "msr", "cancel"):
            self.change(matter.period, -unsold)

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain lists and numbers."""
        return {
            "plan": self.plan.state(),
            "planned": list(self._planned),
            "orders": self.orders.state(),
            "changed": sorted(self._changed.items()),
            "advance": sorted(self._advance.items()),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.plan = AuctionCalendarState.of(self._schedule, state["plan"])
        self._planned = [str(name) for name in state["planned"]]
        self.orders.restore(state["orders"])
        self._changed = {str(name): int(lots) for name, lots in state["changed"]}
        self._advance = {int(index): int(lots) for index, lots in state["advance"]}
