"""Zones in force: auctions over zones, what came into each zone and left it, hot spots, and caps by zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.compensation import Compensation
from rights_market.authority.office import Matter, Office
from rights_market.exchange.zonal_auction import ZonalTerms
from rights_market.exchange.zonal_session import ZonalReceipt
from rights_market.policies.zones import NO_ZONE, HotSpotGuard, TradingRatio, ZonalCall, ZonePermission
from rights_market.policies.zones.graph import Arc, loads_of
from rights_market.records import Event, Orders, Receipt, Trades
from rights_market.rulebook import RuleBook
from rights_market.units import Side, largest_remainder

Int64 = npt.NDArray[np.int64]

NEVER = -1


class ZonesOfRight:
    """The zones of one right: who lies where, which units may go where, and what has gone.

    Parameters
    ----------
    office : Office
    book : RuleBook
        Rule book with a permission.

    Attributes
    ----------
    zones : tuple of str
    ratios : dict of (str, str) to Fraction
        What a unit counts for between different zones; 1 where no trading ratio is in force.
    zone_of : ndarray of int64, shape (n_firms,)
        Position of each firm's zone, -1 for those that lie in none.
    moved : dict of (int, int) to list of int
        By year and zone: lots that came in, and lots that went out.
    price_ticks : ndarray of int64, shape (n_zones,)
        Latest price of a lot in each zone, 0 before the first.
    compensation : Compensation or None
        What zones pay each other.
    """

    def __init__(self, office: Office, book: RuleBook) -> None:
        assert book.permission is not None
        self._office, self._book, self._rule = office, book, book.permission
        self.zones = self._rule.zones
        self.ratios = _ratios(self._rule, book.ratio)
        firms = office.firms
        self.zone_of = self._rule.zone_of(firms.regions or ("",) * len(firms.sectors))
        self._wall_of = self._rule.wall_of(firms.sectors)
        self._call = book.zonal_call or ZonalCall()
        at = {zone: i for i, zone in enumerate(self.zones)}
        self._arcs = {(at[i], at[j]): tau for (i, j), tau in self.ratios.items()}
        self._arcs |= {(i, i): Fraction(1) for i in at.values()} if self._rule.within else {}
        rule = book.compensation
        self.compensation = None if rule is None else Compensation(office, rule, self.zones, book.right.code)
        self.moved: dict[tuple[int, int], list[int]] = {}
        self.price_ticks: Int64 = np.zeros(len(self.zones), np.int64)
        self._priced: Int64 = np.full(len(self.zones), NEVER, np.int64)
        self._blocked: set[tuple[int, int]] = set()

    def zone_of_account(self, account: int) -> int:
        """Return the position of an account's zone, -1 for one that lies in none."""
        row = np.flatnonzero(self._office.accounts == account)
        return int(self.zone_of[row[0]]) if row.size else NO_ZONE

    def ratio_between(self, seller: int, buyer: int) -> Fraction:
        """Return what a unit of one zone counts for in another, 0 where it may not go there."""
        return self._arcs.get((seller, buyer), Fraction(0))

    def replacement_ratio(self, seller: int, buyer: int, *, missed: bool) -> Fraction:
        """Return what a unit of one zone counts for in the needs of a new project in another.

        Into a zone that missed its standard, or has a ban on net imports, replacement must come from inside, whatever
        has left it in the year.
        """
        is_closed = missed or (buyer != NO_ZONE and self.zones[buyer] in self._rule.no_net_import)
        return Fraction(0) if is_closed and seller != buyer else self.ratio_between(seller, buyer)

    # -- trade

    def is_due(self, day: int) -> bool:
        """Return whether auctions are held on a trading day, counted from 0."""
        return self._call.is_due(day)

    def priced_on(self, day: int) -> npt.NDArray[np.bool_]:
        """Return which zones got a price on a trading day, shape (n_zones,)."""
        return np.asarray(self._priced == day)

    def call(self, instrument: int, orders: Orders, on: date) -> ZonalReceipt:
        """Hold an auction over zones in one instrument.

        A unit that comes into another zone counts there for its trading ratio: the rest is cancelled.
        """
        n, walls = len(self.zones), len(self._rule.walls) + 1
        zone, pool = self._places(orders.account)
        room = self._room(instrument, on.year)
        ratios = {(w * n + i, w * n + j): tau for w in range(walls) for (i, j), tau in self._arcs.items()}
        limits = room if walls == 1 else self._shared(room, pool, orders)
        terms = ZonalTerms(ratios, limits, self._call.price)
        receipt = self._office.market.zonal_call(orders, pool, terms, n * walls)
        self._book_trades(instrument, zone, receipt, on)
        self._note_blocked(instrument, orders, zone, room, on.year)
        return receipt

    def _places(self, account: npt.NDArray[np.int32]) -> tuple[Int64, Int64]:
        """Return zone and pool of each account: firms of a zone behind one wall are a pool; -1 for those in none."""
        size = len(self._office.market.accounts)
        zone_at, node_at = np.full(size, NO_ZONE, np.int64), np.full(size, NO_ZONE, np.int64)
        zone_at[self._office.accounts] = self.zone_of
        node = np.where(self.zone_of == NO_ZONE, NO_ZONE, self._wall_of * len(self.zones) + self.zone_of)
        node_at[self._office.accounts] = node
        return zone_at[account], node_at[account]

    def _room(self, instrument: int, year: int) -> dict[int, int]:
        """Return the lots that may still come into zones that are limited."""
        room: dict[int, int] = {}
        guard, ratio = self._book.hot_spot, self._book.ratio
        loads = loads_of(self.zones, self.ratios, self._held(instrument)) if guard is not None else []
        for j, zone in enumerate(self.zones):
            came, went = self.moved.get((year, j), [0, 0])
            limits = [self._rule.import_room(zone, came, went)]
            if guard is not None and ratio is not None:
                limits.append(guard.import_room(loads[j], ratio.standards[zone]))
            known = [x for x in limits if x is not None]
            if known:
                room[j] = min(known)
        return room

    def _held(self, instrument: int) -> list[int]:
        """Return the lots of an instrument that firms of each zone hold, which is what they may come to use."""
        registry, accounts = self._office.market.registry, self._office.accounts
        return self.by_zone((registry.free + registry.frozen + registry.pledged)[instrument, accounts])

    def by_zone(self, lots: Int64) -> list[int]:
        """Return sums over the firms of each zone."""
        return [int(lots[self.zone_of == j].sum()) for j in range(len(self.zones))]

    def _shared(self, room: Mapping[int, int], pool: Int64, orders: Orders) -> dict[int, int]:
        """Share the room of each zone among its pools by what they bid for."""
        n, walls = len(self.zones), len(self._rule.walls) + 1
        bids = (orders.side == Side.BID) & (pool >= 0)
        wanted = np.bincount(pool[bids], orders.lots[bids], n * walls)
        limits: dict[int, int] = {}
        for j, lots in room.items():
            pools = [w * n + j for w in range(walls)]
            limits.update(zip(pools, largest_remainder(lots, [int(wanted[p]) for p in pools]), strict=True))
        return limits

    def _book_trades(self, instrument: int, zone: Int64, receipt: ZonalReceipt, on: date) -> None:
        """Count what crossed, cancel what a unit does not count for, and write down prices and losses."""
        deals = receipt.result.deals
        lost = deals.units - deals.credited
        rows = np.flatnonzero(lost)
        if rows.size:
            buyer = receipt.trades.buyer[rows].astype(np.int64)
            self._office.market.registry.cancel(instrument, buyer, lost[rows])
            self._note("trading_ratio", "converted", instrument, lots=int(lost.sum()))
        worth = Fraction(0)
        columns = (zone[deals.seller], zone[deals.buyer], deals.units, deals.credited)
        for seller, buyer_zone, units, credited in zip(*(x.tolist() for x in columns), strict=True):
            worth += self._arcs[seller, buyer_zone] * units
            if seller != buyer_zone:
                self.moved.setdefault((on.year, buyer_zone), [0, 0])[0] += credited
                self.moved.setdefault((on.year, seller), [0, 0])[1] += units
        rest = worth - int(deals.credited.sum())
        if rest > 0:
            self._note("trading_ratio", "ratio_rounding_loss", instrument, note=f"{float(rest):g} lots")
        self._note_prices(instrument, receipt)

    def _note_prices(self, instrument: int, receipt: ZonalReceipt) -> None:
        n, prices = len(self.zones), receipt.result.price_ticks
        for pool in np.flatnonzero(prices).tolist():
            wall, zone = divmod(pool, n)
            sectors = "" if not wall else f", {' and '.join(self._rule.walls[wall - 1].sectors)}"
            self.price_ticks[zone] = prices[pool]
            self._priced[zone] = self._office.market.day
            self._note(
                "zonal_call",
                "zone_price",
                instrument,
                price_ticks=int(prices[pool]),
                note=self.zones[zone] + sectors,
            )

    def _note_blocked(self, instrument: int, orders: Orders, zone: Int64, room: Mapping[int, int], year: int) -> None:
        """Write down once a year for each zone that bids met a closed border."""
        bid_for = set(zone[orders.side == Side.BID].tolist())
        for j, lots in room.items():
            if lots == 0 and j in bid_for and (year, j) not in self._blocked:
                self._blocked.add((year, j))
                self._note("zone_permission", "zone_blocked", instrument, note=self.zones[j])

    def _note(
        self,
        rule: str,
        code: str,
        instrument: int,
        *,
        lots: int = 0,
        price_ticks: int = 0,
        note: str = "",
    ) -> None:
        market = self._office.market
        event = Event(market.day, "session_open", rule, code, -1, instrument, lots, price_ticks, note=note)
        market.events.append(event)

    # -- caps and loads

    def within_caps(self, matter: Matter, lots: Int64) -> Int64:
        """Return allocations of a period, cut in proportion where a zone would get more than its cap.

        Parameters
        ----------
        matter : Matter
        lots : ndarray of int64, shape (n_firms,)
            What the rules of allocation give.
        """
        ratio = self._book.ratio
        if ratio is None or not ratio.standards:
            return lots
        cut = lots.copy()
        for zone, cap in ratio.caps(self.zones).items():
            rows = np.flatnonzero(self.zone_of == self.zones.index(zone))
            most = cap * len(matter.period.years)
            if int(lots[rows].sum()) > most:
                cut[rows] = largest_remainder(most, lots[rows].tolist())
                self._office.note(
                    matter, "trading_ratio", "zone_cap", lots=int((lots - cut)[rows].sum()), note=f"{zone}: cut"
                )
        return cut

    def review(self, matter: Matter, use_lots: Int64) -> None:
        """Publish hot spots, and let zones pay each other, from the verified use of a period.

        Parameters
        ----------
        matter : Matter
        use_lots : ndarray of int64, shape (n_firms,)
        """
        guard, ratio, years = self._book.hot_spot, self._book.ratio, len(matter.period.years)
        if guard is None and self.compensation is None:
            return
        loads = loads_of(self.zones, self.ratios, self.by_zone(use_lots))
        if self.compensation is not None:
            measured = {zone: load / years for zone, load in zip(self.zones, loads, strict=True)}
            self.compensation.pay(matter, measured)
        if guard is not None and ratio is not None:
            self._note_hot_spots(matter, guard, loads, [ratio.standards[z] * years for z in self.zones])

    def _note_hot_spots(
        self, matter: Matter, guard: HotSpotGuard, loads: Sequence[Fraction], standards: Sequence[int]
    ) -> None:
        index = guard.measure(loads, standards)
        words = "any load on a standard of 0" if index is None else f"{guard.index} excess {float(index):.4f}"
        self._office.note(matter, guard.kind, "hot_spot_index", note=words)
        for zone, load, standard in zip(self.zones, loads, standards, strict=True):
            if load > standard:
                self._office.note(matter, guard.kind, "hot_spot", lots=int(load) - standard, note=zone)

    # -- records

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "moved": [[*key, *amounts] for key, amounts in self.moved.items()],
            "blocked": sorted(self._blocked),
            "price_ticks": self.price_ticks.copy(),
            "priced": self._priced.copy(),
            "compensation": None if self.compensation is None else self.compensation.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.moved = {(int(y), int(j)): [int(came), int(went)] for y, j, came, went in state["moved"]}
        self._blocked = {(int(y), int(j)) for y, j in state["blocked"]}
        self.price_ticks = np.array(state["price_ticks"])
        self._priced = np.array(state["priced"])
        if self.compensation is not None and state["compensation"] is not None:
            self.compensation.restore(state["compensation"])


class Zones:
    """Zones of all rights that have any.

    Parameters
    ----------
    office : Office

    Attributes
    ----------
    of : dict of str to ZonesOfRight
        By code of the right.
    """

    def __init__(self, office: Office) -> None:
        books = office.books.items()
        self.of = {code: ZonesOfRight(office, book) for code, book in books if book.permission is not None}

    def call(self, right: str, orders: Orders, on: date) -> Receipt:
        """Hold auctions over zones in the instruments that orders name.

        Returns
        -------
        Receipt
            Rows as those of the orders.  What a buyer's row filled counts in its own zone; ids of orders are -1.
        """
        zones = self.of[right]
        reason, filled = np.zeros(len(orders), np.int8), np.zeros(len(orders), np.int64)
        trades = []
        for i in np.unique(orders.instrument).tolist():
            rows = np.flatnonzero(orders.instrument == i)
            receipt = zones.call(i, orders.take(rows), on)
            reason[rows], filled[rows] = receipt.reason, receipt.filled
            trades.append(receipt.trades)
        return Receipt(-1, reason, filled, _joined(trades))

    def replacement_ratio(self, right: str, giver: int, taker: int, *, missed: bool) -> Fraction:
        """Return what a unit of one account counts for in a new project; 1 for rights without zones."""
        if right not in self.of:
            return Fraction(1)
        zones = self.of[right]
        return zones.replacement_ratio(zones.zone_of_account(giver), zones.zone_of_account(taker), missed=missed)

    def review(self, matter: Matter, use_lots: Int64) -> None:
        """Draw the consequences of the verified use of a period; see `ZonesOfRight.review`."""
        if matter.right in self.of:
            self.of[matter.right].review(matter, use_lots)

    def within_caps(self, matter: Matter, lots: Int64) -> Int64:
        """Return allocations of a period within the caps of zones; see `ZonesOfRight.within_caps`."""
        return self.of[matter.right].within_caps(matter, lots) if matter.right in self.of else lots

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {code: zones.state() for code, zones in self.of.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for code, saved in state.items():
            self.of[code].restore(saved)


def _ratios(permission: ZonePermission, ratio: TradingRatio | None) -> dict[Arc, Fraction]:
    """Return what a unit counts for in every other zone that it may go to."""
    arcs = {arc for arc in permission.arcs() if arc[0] != arc[1]}
    if ratio is None:
        return dict.fromkeys(sorted(arcs), Fraction(1))
    known = ratio.ratios()
    return {arc: known[arc] for arc in sorted(arcs) if arc in known}


def _joined(tables: list[Trades]) -> Trades:
    columns = ("instrument", "buyer", "seller", "price_ticks", "lots", "maker", "taker", "taker_side")
    return Trades(*(np.concatenate([getattr(t, name) for t in tables]) for name in columns))
