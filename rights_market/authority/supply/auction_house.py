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
from rights_market.authority.supply.payment import Paid, collect
from rights_market.authority.supply.pots import retire
from rights_market.authority.supply.prices import mean_price
from rights_market.authority.supply.reserve_sales import Sale, deliver
from rights_market.authority.supply.reserves import Reserves
from rights_market.authority.supply.volumes import Offer, Volumes
from rights_market.policies.auction import PayAsBid, SealedUniform
from rights_market.policies.stability import CostContainmentReserve, EmissionsContainmentReserve
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

    Attributes
    ----------
    results : list of dict
        One row an auction: day, right, vintage, kind, lots offered and sold, prices in ticks, revenue in fen and more.
    """

    def __init__(self, office: Office, volumes: Volumes, reserves: Reserves) -> None:
        book = volumes.book
        assert book.auction is not None and book.cap is not None
        self._office, self.book, self._volumes, self._reserves = office, book, volumes, reserves
        self._terms, self._cap = book.auction, book.cap
        self.results: list[dict[str, Any]] = []
        self._sold: dict[int, int] = {}
        self._sold_in: dict[int, int] = {}
        self._reserve_used: dict[int, list[int]] = {}
        self._withheld_in: dict[int, int] = {}

    def sold_lots(self, vintage: int) -> int:
        """Return the lots of a vintage that the government has sold so far."""
        return self._sold.get(vintage, 0)

    def sold_in(self, year: int) -> int:
        """Return the lots that the government's auctions have sold in a calendar year."""
        return self._sold_in.get(year, 0)

    def release_sizes(self, year: int) -> tuple[int, ...]:
        """Return the lots of each tier of the cost containment reserve in a calendar year."""
        rule = self.book.steady(CostContainmentReserve)
        return () if rule is None else rule.sizes(self._cap_in(year))

    def release_left(self, year: int) -> tuple[int, ...]:
        """Return the lots left in each tier of the cost containment reserve in a calendar year."""
        sizes = self.release_sizes(year)
        used = self._reserve_used.get(year, [0] * len(sizes))
        return tuple(size - n for size, n in zip(sizes, used, strict=True))

    def withhold_most(self, year: int) -> int:
        """Return the most lots that the emissions containment reserve withholds in a calendar year."""
        rule = self.book.steady(EmissionsContainmentReserve)
        return 0 if rule is None else rule.most(self._cap_in(year))

    def withhold_left(self, year: int) -> int:
        """Return the lots that the emissions containment reserve may still withhold in a calendar year."""
        return self.withhold_most(year) - self._withheld_in.get(year, 0)

    def _cap_in(self, year: int) -> int:
        """Return the cap of a year; of the nearest year of use, where auctions are held before or after."""
        years = [y for p in self.book.periods for y in p.years]
        return self._cap.cap(min(max(year, min(years)), max(years)))

    def hold(self, matter: Matter, bidders: Bidders, ties: Ties) -> None:
        """Hold the next auction; see `Supply.hold`."""
        index = self._volumes.plan.done
        year = self._volumes.days[index][0].year
        offer = self._volumes.offer(matter, index)
        if offer.lots == 0:
            self._skip(matter, index, offer)
            return
        reserve = self.book.reserve_ticks(year)
        cleared = clear_auction(
            self._office, matter, self._terms, offer.lots, bidders, ties, reserve, self._secret(matter),
            self._inside(year, offer),
        )  # fmt: skip
        paid = collect(self._office, matter, self._terms.kind, cleared)
        self._settle(matter, index, offer, cleared, paid, reserve)

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
        reserve, inside = self.book.reserve_ticks(year), Inside(year, None, (), None, 0)
        cleared = clear_auction(self._office, matter, self._terms, lots, bidders, ties, reserve, None, inside)
        paid = collect(self._office, matter, self._terms.kind, cleared)
        if paid.sold:
            self._office.market.registry.issue(matter.instrument, GOVERNMENT_ACCOUNT, paid.sold)
            deliver(self._office, matter, paid.account, paid.awards, paid.paid_ticks)
        self._count(matter, index, paid.sold, 0)
        offer = Offer(lots, 0, [], np.zeros(0, np.int64), np.zeros(0, np.int64))
        self.results.append(self._row(matter, offer, paid.sold, reserve, cleared.result.code, cleared, paid))
        self._announce(matter, cleared, paid)

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

    def _inside(self, year: int, offer: Offer) -> Inside:
        return Inside(
            year,
            self.book.steady(CostContainmentReserve),
            self.release_left(year),
            self.book.steady(EmissionsContainmentReserve),
            min(self.withhold_left(year), offer.own),
        )

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
        self._note_reserves(matter, self._volumes.days[index][0].year, cleared, beyond)
        used = self._hand_over(matter, index, offer, own + beyond, government - own, int(consigned.sum()))
        passed_on = self._pay_out(matter, offer, paid, consigned)
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

    def _note_reserves(self, matter: Matter, year: int, cleared: Cleared, beyond: int) -> None:
        """Book what reserves inside the clearing gave and took."""
        release = self.book.steady(CostContainmentReserve)
        if release is not None and cleared.exhausted:
            self._office.note(matter, release.kind, "reserve_exhausted")
        if release is not None and beyond:
            left = self.release_left(year)
            used = self._reserve_used.setdefault(year, [0] * len(left))
            reached = np.minimum(np.cumsum(left), beyond)
            for k, lots in enumerate(np.diff(reached, prepend=0).tolist()):
                used[k] += lots
                if lots:
                    self._office.note(matter, release.kind, "ccr_released", lots=lots, note=f"tier {k + 1}")
        if cleared.withheld:
            rule = "emissions_containment_reserve"
            self._withheld_in[year] = self._withheld_in.get(year, 0) + cleared.withheld
            retire(self._office, matter, cleared.withheld)
            self._office.note(matter, rule, "ecr_withheld", lots=cleared.withheld)
            self._office.note(matter, rule, "cancelled", lots=cleared.withheld)

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

    def _pay_out(self, matter: Matter, offer: Offer, paid: Paid, consigned: Int64) -> int:
        """Exchange lots for money; return what of it goes to consignors, fen."""
        if not paid.sold:
            return 0
        deliver(self._office, matter, paid.account, paid.awards, paid.paid_ticks)
        if self._reserves.consigned is not None and consigned.any():
            total = paid.value_tick_lots * self.book.right.tick_value_fen
            fen = largest_remainder(total, [*consigned.tolist(), paid.sold - int(consigned.sum())])[:-1]
            return self._reserves.consigned.pay(matter, offer.consignors, consigned, fen)
        return 0

    def _count(self, matter: Matter, index: int, sold: int, changed: int) -> None:
        vintage, year = matter.period.vintage, self._volumes.days[index][0].year
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
            "reserve_used": sorted((y, list(used)) for y, used in self._reserve_used.items()),
            "withheld_in": sorted(self._withheld_in.items()),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.results = [dict(row) for row in state["results"]]
        self._sold, self._sold_in, self._withheld_in = (
            _by_number(state[name]) for name in ("sold", "sold_in", "withheld_in")
        )
        self._reserve_used = {int(y): [int(n) for n in used] for y, used in state["reserve_used"]}


def _by_number(rows: Sequence[Sequence[int]]) -> dict[int, int]:
    return {int(key): int(lots) for key, lots in rows}
