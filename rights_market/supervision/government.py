"""The government at price collars: its desks, what it quotes, and which orders reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange.collar_desk import CollarDesk, Pot
from rights_market.exchange.limits import Limits
from rights_market.exchange.order_book import OrderBook
from rights_market.records import Event, OrderKind, Orders
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind
from rights_market.registry.balances import Registry
from rights_market.rulebook import RuleBook
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

BID, CANCEL, MARKET = int(Side.BID), int(OrderKind.CANCEL), int(OrderKind.MARKET)
COMPLIANCE = int(AccountKind.COMPLIANCE)
FAR = 1 << 60
"""A ceiling that no price reaches."""


class Government:
    """The desks of all rights with a collar.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, book, limits : Registry, OrderBook, Limits
    tick_value_fen : ndarray of int64, shape (n_instruments,)
    """

    def __init__(
        self,
        rules_of: Sequence[RuleBook | Credit],
        registry: Registry,
        book: OrderBook,
        limits: Limits,
        tick_value_fen: Int64,
    ) -> None:
        self._rules_of, self._registry, self._limits = rules_of, registry, limits
        self._desks = {
            code: _desk(rules, registry, book, limits, tick_value_fen)
            for code, rules in {r.right.code: r for r in rules_of}.items()
            if rules.collar is not None
        }
        self._desk_of = [self._desks.get(r.right.code) for r in rules_of]
        self._only_compliance = np.array([d is not None and d.only_compliance for d in self._desk_of], np.bool_)
        self._quotes: tuple[tuple[Any, ...], Int64, Int64] | None = None
        self._edges: tuple[Int64, Int64] = np.zeros(len(rules_of), np.int64), np.full(len(rules_of), FAR, np.int64)

    def desk(self, instrument: int) -> CollarDesk:
        """Return the desk of an instrument whose right has a collar."""
        desk = self._desk_of[instrument]
        assert desk is not None
        return desk

    def has_desk(self, instrument: int) -> bool:
        """Return whether the right of an instrument has a collar."""
        return self._desk_of[instrument] is not None

    @property
    def edges(self) -> tuple[Int64, Int64]:
        """Floor and ceiling of each instrument, ticks; 0 and a price that nobody reaches where there is no collar."""
        return self._edges

    def open_day(self, year: int, instruments: Sequence[int]) -> None:
        """Set the prices of a year for the instruments traded today, and begin to count."""
        for i in instruments:
            collar = self._rules_of[i].collar
            if collar is not None:
                self.desk(i).set_prices(*collar.prices(year))
        for desk in self._desks.values():
            desk.begin()
        self._read_edges()

    def close_day(self, day: int) -> list[Event]:
        """Return what was traded today."""
        events = []
        for desk in self._desks.values():
            for code, price, traded_by in (
                ("ceiling_sale", desk.ceiling, desk.sold),
                ("floor_purchase", desk.floor, desk.bought),
            ):
                for i, traded in sorted(traded_by.items()):
                    if traded:
                        events.append(
                            Event(day, "session", "price_collar", code, instrument=i, lots=traded, price_ticks=price)
                        )
            events += [Event(day, "session", "price_collar", "reserve_exhausted", note=what) for what in desk.ran_out()]
        return events

    def hard_edges(self, instrument: int) -> tuple[int, int] | None:
        """Return floor and ceiling of a hard collar, None where there is none."""
        collar = self._rules_of[instrument].collar
        if collar is None or collar.mode != "hard":
            return None
        desk = self.desk(instrument)
        return desk.floor, desk.ceiling

    def are_reached(self, orders: Orders) -> Bool:
        """Return which orders would trade at a ceiling or a floor if the books were empty, shape (n,).

        Orders that the band refuses, or whose owner is not served, do not count.
        """
        if not self._desks:
            return np.zeros(len(orders), np.bool_)
        floor, ceiling = self._edges
        low, high, kinds = self._limits.band_low, self._limits.band_high, self._registry.accounts.kinds
        known = (orders.instrument >= 0) & (orders.instrument < len(floor))
        known &= (orders.account >= 0) & (orders.account < len(kinds))
        i, price = np.where(known, orders.instrument, 0), orders.price_ticks
        far = np.where(orders.side == BID, price >= ceiling[i], price <= floor[i])
        far &= (price >= low[i]) & (price <= high[i])
        far |= (orders.kind == MARKET) & (ceiling[i] < FAR)
        far &= known & (orders.kind != CANCEL)
        rows = np.flatnonzero(far)
        if len(rows):
            account = orders.account[rows]
            served = np.where(
                self._only_compliance[i[rows]], kinds[account] == COMPLIANCE, account != GOVERNMENT_ACCOUNT
            )
            far[rows] = served
        return np.asarray(far)

    def is_reached_in_call(self, instrument: int, orders: Orders, best_bid: int, best_ask: int) -> bool:
        """Return whether orders of a call, or those that rest already, come to the ceiling or the floor."""
        if not self.has_desk(instrument):
            return False
        floor, ceiling = int(self._edges[0][instrument]), int(self._edges[1][instrument])
        if best_bid >= ceiling or 0 < best_ask <= floor:
            return True
        mine = orders.instrument == instrument
        bids = orders.side == BID
        price = orders.price_ticks
        return bool((mine & np.where(bids, price >= ceiling, price <= floor)).any())

    def put_in(self, best_bid: Int64, best_ask: Int64) -> tuple[Int64, Int64]:
        """Return best quotes with those of the government, which are good at any time, put in."""
        if not self._desks:
            return best_bid, best_ask
        sells, buys = self._own_quotes()
        ask = np.where((sells > 0) & ((best_ask == 0) | (sells < best_ask)), sells, best_ask)
        return np.maximum(best_bid, buys), ask

    def state(self) -> list[Any]:
        """Return what changes over time."""
        return [[code, desk.state()] for code, desk in self._desks.items()]

    def restore(self, state: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Put back what `state` returned."""
        for code, saved in state:
            self._desks[code].restore(saved)
        self._read_edges()

    def _read_edges(self) -> None:
        for i, desk in enumerate(self._desk_of):
            if desk is not None:
                self._edges[0][i], self._edges[1][i] = desk.floor, desk.ceiling

    def _own_quotes(self) -> tuple[Int64, Int64]:
        """Return at what prices the government sells and buys now, 0 where it does not."""
        bands = self._limits.band_low.tobytes(), self._limits.band_high.tobytes()
        key = *bands, *(desk.terms() for desk in self._desks.values())
        if self._quotes is None or self._quotes[0] != key:
            sells = [0 if desk is None else desk.sells_at(i) for i, desk in enumerate(self._desk_of)]
            buys = [0 if desk is None else desk.buys_at(i) for i, desk in enumerate(self._desk_of)]
            self._quotes = key, np.array(sells, np.int64), np.array(buys, np.int64)
        return self._quotes[1], self._quotes[2]


def _desk(
    rules: RuleBook | Credit, registry: Registry, book: OrderBook, limits: Limits, tick_value_fen: Int64
) -> CollarDesk:
    collar = rules.collar
    assert collar is not None
    return CollarDesk(
        registry,
        book,
        limits,
        tick_value_fen,
        Pot(collar.reserve, collar.buy_cash),
        only_compliance=collar.eligible == "compliance",
        keeps_bought=collar.bought == "reserve",
    )
