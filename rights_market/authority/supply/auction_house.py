"""An auction from the call for bids to the account of what was sold: delivery, payment, and what rolls on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.bidders import Bidders
from rights_market.authority.supply.clearing import Cleared, Inside, Ties, clear_auction
from rights_market.authority.supply.containment import Containment
from rights_market.authority.supply.deliveries import Award, Deliveries
from rights_market.authority.supply.eligibility import eligible
from rights_market.authority.supply.payment import Paid, collect
from rights_market.authority.supply.prices import mean_price
from rights_market.authority.supply.reserve_sales import Sale, deliver
from rights_market.authority.supply.reserves import Reserves
from rights_market.authority.supply.volumes import Offer, Volumes
from rights_market.policies.auction import PayAsBid, SealedUniform
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]

SECONDARY_DAYS = 5
"""Trading days before an auction whose prices a secret reserve is derived from."""
INDEXED = "price_indexed_supply"


class AuctionHouse:
    """Holds the auctions of one right, and keeps their books.

    Parameters
    ----------
    office : Office
    volumes : Volumes
    reserves : Reserves
    last_day : int
        Last trading day: whatever is sold is delivered by then.

    Attributes
    ----------
    results : list of dict
        One row an auction: day, right, vintage, kind, lots offered and sold, prices in ticks, revenue in fen and more.
    deliveries : Deliveries
        What was won and waits for its delivery.
    containment : Containment
        Reserves that act inside the clearing.
    """

    def __init__(self, office: Office, volumes: Volumes, reserves: Reserves, last_day: int) -> None:
        book = volumes.book
        assert book.auction is not None
        self._office, self.book, self._volumes, self._reserves = office, book, volumes, reserves
        self._terms, self._last_day = book.auction, last_day
        self.deliveries = Deliveries(office, book.right.code)
        self.containment = Containment(office, book)
        self.results: list[dict[str, Any]] = []
        self._sold: dict[int, int] = {}
        self._sold_in: dict[int, int] = {}

    def sold_lots(self, vintage: int) -> int:
        """Return the lots of a vintage that the government has sold and delivered so far."""
        return self._sold.get(vintage, 0)

    def sold_in(self, year: int) -> int:
        """Return the lots that the government's auctions have sold in a calendar year."""
        return self._sold_in.get(year, 0)

    def hold(self, matter: Matter, bidders: Bidders, ties: Ties) -> None:
        """Hold the next auction; see `Supply.hold`."""
        index = self._volumes.plan.done
        year = self._volumes.days[index][0].year
        offer = self._volumes.offer(matter, index)
        if offer.lots == 0:
            self._skip(matter, index, offer)
            return
        reserve = self.book.reserve_ticks(year)
        bidders = eligible(self._office, matter, self.book, bidders, self._volumes.days[index][0])
        cleared = clear_auction(
            self._office, matter, self._terms, offer.lots, bidders, ties, reserve, self._secret(matter),
            self.containment.inside(year, offer.own),
        )  # fmt: skip
        self._settle(matter, index, offer, cleared, self._collect(matter, cleared), reserve)

    def sell_in_advance(self, matter: Matter, index: int, bidders: Bidders, ties: Ties) -> None:
        """Sell units of a later vintage beside an auction; what stays unsold is offered in its own year.

        Parameters
        ----------
        matter : Matter
            The later period.
        index : int
            Number of the auction.
        """
        lots, year = self._volumes.advance_lots(index), self._volumes.days[index][0].year
        if not lots:
            return
        bidders = eligible(self._office, matter, self.book, bidders, self._volumes.days[index][0])
        reserve, inside = self.book.reserve_ticks(year), Inside(year, None, (), None, 0)
        cleared = clear_auction(self._office, matter, self._terms, lots, bidders, ties, reserve, None, inside)
        paid = self._collect(matter, cleared)
        offer = Offer(lots, 0, [], np.zeros(0, np.int64), np.zeros(0, np.int64))
        if self._is_later:
            self._put_off(matter, index, offer, cleared, np.zeros(0, np.int64), 0, in_advance=True)
        elif paid.sold:
            self._office.market.registry.issue(matter.instrument, GOVERNMENT_ACCOUNT, paid.sold)
            deliver(self._office, matter, paid.account, paid.awards, paid.paid_ticks)
        self._count(matter, index, paid.sold, 0)
        self.results.append(self._row(matter, offer, paid.sold, reserve, cleared.result.code, cleared, paid))
        self._announce(matter, cleared, paid)

    @property
    def _due(self) -> int:
        """Trading day on which what is sold today is delivered."""
        return min(self._office.market.registry.day + self._terms.delivery_days, self._last_day)

    @property
    def _is_later(self) -> bool:
        """Whether what is sold today is delivered on a later day."""
        return self._due > self._office.market.registry.day

    def _collect(self, matter: Matter, cleared: Cleared) -> Paid:
        """Return what winners can pay for today; all that they have won, where they pay later."""
        if self._is_later:
            return Paid.won(cleared.result)
        return collect(self._office, matter, self._terms.kind, cleared)

    def _put_off(
        self,
        matter: Matter,
        index: int,
        offer: Offer,
        cleared: Cleared,
        consigned: Int64,
        waiting: int,
        *,
        in_advance: bool = False,
    ) -> None:
        """Write down what was won for its delivery on a later day; the row of the auction is written next."""
        won = Paid.won(cleared.result)
        guarantors, guarantee = self.deliveries.set_aside(cleared)
        award = Award(
            due=self._due, row=len(self.results), vintage=matter.period.vintage, auction=-1 if in_advance else index,
            year=self._volumes.days[index][0].year, account=won.account, awards=won.awards, paid_ticks=won.paid_ticks,
            guarantors=guarantors, guarantee_fen=guarantee, government=offer.government, waiting=waiting,
            consignors=offer.consignors, consigned=consigned, offered=offer.consigned,
        )  # fmt: skip
        if award.lots:
            self.deliveries.waiting.append(award)

    def deliver(self) -> None:
        """Deliver what was won some days ago, against payment; what is not paid for returns to the queue."""
        for award in self.deliveries.due(self._office.market.registry.day):
            period = next(p for p in self.book.periods if p.vintage == award.vintage)
            self._hand_out(self._office.matter("delivery", self.book.right.code, period), award)

    def _hand_out(self, matter: Matter, award: Award) -> None:
        registry = self._office.market.registry
        paid = Paid(award.account, self.deliveries.collect(matter, self._terms.kind, award), award.paid_ticks)
        back = self._consigned_back(award, paid.sold)
        consigned = award.consigned - back
        government = paid.sold - int(consigned.sum())
        registry.issue(matter.instrument, GOVERNMENT_ACCOUNT, max(0, government - award.waiting))
        # Lots from reserves that were not paid for are issued again when they are sold.
        registry.cancel(matter.instrument, GOVERNMENT_ACCOUNT, max(0, award.waiting - government))
        if self._reserves.consigned is not None and consigned.any():
            self._reserves.consigned.deliver(matter.instrument, int(consigned.sum()))
        passed_on = self._pay_out(matter, award.consignors, paid, consigned)
        self._sold[award.vintage] = self.sold_lots(award.vintage) + government
        self._office.note(matter, self._terms.kind, "auction_delivered", lots=paid.sold)
        failed = award.lots - paid.sold
        row = self.results[award.row]
        row |= {"sold": row["sold"] - failed, "consigned_sold": int(consigned.sum()), "consignors_fen": passed_on}
        row["revenue_fen"] = paid.value_tick_lots * self.book.right.tick_value_fen
        self._take_back(matter, award, failed - int(back.sum()), back)

    def _consigned_back(self, award: Award, sold: int) -> Int64:
        """Return the consigned lots that are not sold after all, as if only the lots paid for had been sold."""
        if self._reserves.consigned is None or not award.consigned.any():
            return np.zeros_like(award.consigned)
        within = min(sold, int(award.offered.sum()) + award.government)
        kept = int(self._reserves.consigned.rule.sold_for(within, award.offered, award.government).sum())
        over = int(award.consigned.sum()) - kept
        return np.array(largest_remainder(over, award.consigned.tolist()), np.int64)

    def _take_back(self, matter: Matter, award: Award, government: int, consigned: Int64) -> None:
        """Let lots that were not paid for be offered again: with the next auctions, or in their own year."""
        self._sold_in[award.year] = self.sold_in(award.year) - government
        if award.auction >= 0 or self._volumes.is_planned(matter.period.name):
            self._volumes.give_back(matter, government)
        if self._reserves.consigned is not None:
            following = next(iter(self._volumes.ahead(matter.period.name)), None)
            self._reserves.consigned.give_back(matter, award.consignors, consigned, following)

    def book_sale(self, matter: Matter, kind: str, sale: Sale) -> None:
        """Book a sale at a fixed price.

        Units sold at the ceiling are surrendered at once and never come into the market.
        """
        vintage = matter.period.vintage
        if sale.tier >= 0:
            self._sold[vintage] = self.sold_lots(vintage) + sale.lots
        self._volumes.change(matter.period, sale.lots)
        none = Offer(sale.offered, 0, [], np.zeros(0, np.int64), np.zeros(0, np.int64))
        code = "ceiling_sale" if sale.tier < 0 else "reserve_sale"
        price = sale.price_ticks if sale.lots else 0
        row = self._row(matter, none, sale.lots, sale.price_ticks, code)
        row |= {"kind": kind, "bidders": sale.bidders, "price_ticks": price, "lowest_ticks": price}
        row |= {"highest_ticks": price, "revenue_fen": sale.lots * price * self.book.right.tick_value_fen}
        self.results.append(row)

    def _skip(self, matter: Matter, index: int, offer: Offer) -> None:
        """Hold no auction, because there is nothing to sell."""
        self._office.note(matter, "auction_schedule", "auction_skipped")
        self._volumes.roll(matter, index, 0, False, offer.withheld)
        self.results.append(self._row(matter, offer, 0, 0, "auction_skipped"))

    def _settle(self, matter: Matter, index: int, offer: Offer, cleared: Cleared, paid: Paid, reserve: int) -> None:
        """Share what was sold among its sources, deliver and pay, and let roll what stayed unsold."""
        result, sold = cleared.result, paid.sold
        beyond = max(0, sold - offer.lots)
        consigned = np.zeros(0, np.int64)
        if self._reserves.consigned is not None:
            consigned = self._reserves.consigned.rule.sold_for(sold - beyond, offer.consigned, offer.government)
        government = sold - beyond - int(consigned.sum())
        own = min(government, offer.own - cleared.withheld)
        self.containment.book(matter, self._volumes.days[index][0].year, cleared, beyond)
        if self._is_later:
            used = self._hand_over(matter, index, offer, 0, government - own, 0)
            self._put_off(matter, index, offer, cleared, consigned, sum(used))
            passed_on = 0
        else:
            used = self._hand_over(matter, index, offer, own + beyond, government - own, int(consigned.sum()))
            passed_on = self._pay_out(matter, offer.consignors, paid, consigned)
        self._count(matter, index, own + beyond + sum(used), beyond + sum(used) - cleared.withheld)
        above = result.price_ticks > reserve
        self._volumes.roll(matter, index, own, above, offer.withheld + cleared.withheld)
        if self._reserves.consigned is not None:
            same = index + 1 < len(self._volumes.days) and self._volumes.days[index + 1][1].name == matter.period.name
            self._reserves.consigned.settle(matter, index, offer.consignors, consigned, index + 1 if same else None)
        row = self._row(matter, offer, sold, reserve, result.code, cleared, paid)
        row |= {"released": beyond + sum(used), "consigned_sold": int(consigned.sum()), "consignors_fen": passed_on}
        self.results.append(row)
        self._announce(matter, cleared, paid)

    def _hand_over(
        self, matter: Matter, index: int, offer: Offer, issued: int, from_extras: int, consigned: int
    ) -> list[int]:
        """Bring all lots that were sold onto the government's account; return what came from each addition."""
        if issued:
            self._office.market.registry.issue(matter.instrument, GOVERNMENT_ACCOUNT, issued)
        used = []
        for extra in offer.extras:
            part = min(extra.lots, from_extras)
            from_extras -= part
            used.append(part)
            if part and extra.draw is None:
                self._office.market.registry.issue(matter.instrument, GOVERNMENT_ACCOUNT, part)
            elif part and extra.draw is not None:
                extra.draw(matter.instrument, part)
            if extra.rule != INDEXED:
                self._volumes.carry("add", extra.rule, index, extra.lots - part)
        if consigned and self._reserves.consigned is not None:
            self._reserves.consigned.deliver(matter.instrument, consigned)
        return used

    def _pay_out(self, matter: Matter, consignors: Int64, paid: Paid, consigned: Int64) -> int:
        """Exchange lots for money; return what of it goes to consignors, fen."""
        if not paid.sold:
            return 0
        deliver(self._office, matter, paid.account, paid.awards, paid.paid_ticks)
        if self._reserves.consigned is not None and consigned.any():
            total = paid.value_tick_lots * self.book.right.tick_value_fen
            fen = largest_remainder(total, [*consigned.tolist(), paid.sold - int(consigned.sum())])[:-1]
            return self._reserves.consigned.pay(matter, consignors, consigned, fen)
        return 0

    def _count(self, matter: Matter, index: int, sold: int, changed: int) -> None:
        vintage, year = matter.period.vintage, self._volumes.days[index][0].year
        if not self._is_later:
            self._sold[vintage] = self.sold_lots(vintage) + sold
        self._sold_in[year] = self.sold_in(year) + sold
        self._volumes.change(matter.period, changed)

    def _announce(self, matter: Matter, cleared: Cleared, paid: Paid) -> None:
        """Write down the outcome, and each winning bid where each pays its own price."""
        kind, result = self._terms.kind, cleared.result
        self._office.note(matter, kind, result.code, lots=paid.sold, price_ticks=result.price_ticks, note=result.note)
        if isinstance(self._terms, PayAsBid):
            for i in np.flatnonzero(paid.awards).tolist():
                account, lots = int(paid.account[i]), int(paid.awards[i])
                price = int(paid.paid_ticks[i])
                self._office.note(matter, kind, "bid_served", account=account, lots=lots, price_ticks=price)
        if self._reserves.sales is not None and paid.sold:
            self._reserves.sales.note_auction(self._office.market.registry.day, result.price_ticks)

    def _row(
        self,
        matter: Matter,
        offer: Offer,
        sold: int,
        reserve: int,
        code: str,
        cleared: Cleared | None = None,
        paid: Paid | None = None,
    ) -> dict[str, Any]:
        """Return the published figures of an auction."""
        prices = np.zeros(0, np.int64) if paid is None else paid.paid_ticks[paid.awards > 0]
        value = 0 if paid is None else paid.value_tick_lots
        return {
            "day": self._office.market.registry.day,
            "right": self.book.right.code,
            "vintage": matter.period.vintage,
            "offered": offer.lots,
            "sold": sold,
            "price_ticks": 0 if cleared is None else cleared.result.price_ticks,
            "reserve_ticks": reserve,
            "bidders": 0 if cleared is None else cleared.bidders,
            "code": code,
            "kind": self._terms.kind,
            "lowest_ticks": int(prices.min(initial=np.iinfo(np.int64).max)) if len(prices) else 0,
            "highest_ticks": int(prices.max(initial=0)),
            "revenue_fen": value * self.book.right.tick_value_fen,
            "consigned": int(offer.consigned.sum()),
            "consigned_sold": 0,
            "consignors_fen": 0,
            "released": 0,
            "withheld": offer.withheld + (0 if cleared is None else cleared.withheld),
        }

    def _secret(self, matter: Matter) -> int | None:
        if not isinstance(self._terms, SealedUniform | PayAsBid) or self._terms.secret_reserve is None:
            return None
        mean = mean_price(self._office, self.book, SECONDARY_DAYS)
        close = Fraction(int(self._office.market.tape.last_close[matter.instrument]))
        return self._terms.secret_reserve_ticks(close if mean is None else mean)

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain lists and numbers."""
        return {
            "results": [dict(row) for row in self.results],
            "sold": sorted(self._sold.items()),
            "sold_in": sorted(self._sold_in.items()),
            "containment": self.containment.state(),
            "deliveries": self.deliveries.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.results = [dict(row) for row in state["results"]]
        self._sold, self._sold_in = (_by_number(state[name]) for name in ("sold", "sold_in"))
        self.containment.restore(state["containment"])
        self.deliveries.restore(state["deliveries"])


def _by_number(rows: Sequence[Sequence[int]]) -> dict[int, int]:
    return {int(key): int(lots) for key, lots in rows}
