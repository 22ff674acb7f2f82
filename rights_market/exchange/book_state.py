"""What rests in the order books: how it is kept, read, saved and restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.exchange.book_memory import BookMemory
from rights_market.exchange.funding import Funding
from rights_market.exchange.resting import Resting
from rights_market.kernels import book as layout
from rights_market.kernels import matching
from rights_market.kernels.book import ORDER, Rows, list_queues, read_depth, requeue
from rights_market.kernels.reach import measure_reach
from rights_market.kernels.settlement import Funds
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]


class SelfTrade(IntEnum):
    """What happens when an order meets another of the same account."""

    OFF = layout.SELF_TRADE_OFF
    CANCEL_RESTING = layout.CANCEL_RESTING
    CANCEL_INCOMING = layout.CANCEL_INCOMING


class BookState:
    """The resting orders of all instruments of a market, and what can be asked about them.

    Parameters
    ----------
    n_instruments : int
        Number of books.
    max_price_ticks : array_like of int, shape (n_instruments,) or scalar
        Highest price of each instrument; prices run from 1.
    capacity : int
        Resting orders for which room is made at first.
    self_trade : SelfTrade
        What happens when an order meets another of the same account.

    Raises
    ------
    ExchangeError
        If a highest price is out of range.
    """

    def __init__(
        self,
        n_instruments: int,
        max_price_ticks: npt.ArrayLike,
        capacity: int = 1024,
        self_trade: SelfTrade = SelfTrade.OFF,
    ) -> None:
        self._max_price = np.broadcast_to(np.asarray(max_price_ticks, np.int64), (n_instruments,)).copy()
        self._capacity = capacity
        self._self_trade = SelfTrade(self_trade)
        self._memory = BookMemory(self._max_price, capacity, self._self_trade)

    def __len__(self) -> int:
        return self._memory.live

    @property
    def n_instruments(self) -> int:
        """Number of books."""
        return len(self._max_price)

    @property
    def self_trade(self) -> SelfTrade:
        """What happens when an order meets another of the same account."""
        return self._self_trade

    @property
    def nbytes(self) -> int:
        """Memory of all books, bytes."""
        return self._memory.nbytes

    @property
    def next_order_id(self) -> int:
        """Order id that the next row will get."""
        return self._memory.next_id

    @property
    def best_bid(self) -> Int64:
        """Best bid of each instrument, ticks, 0 where there is none, shape (n_instruments,)."""
        return self._memory.heads[:, layout.BEST + Side.BID].copy()

    @property
    def best_ask(self) -> Int64:
        """Best ask of each instrument, ticks, 0 where there is none, shape (n_instruments,)."""
        best = self._memory.heads[:, layout.BEST + Side.ASK]
        return np.where(best > self._max_price, 0, best)

    def depth(self, instrument: int, levels: int = 5) -> tuple[Int64, Int64, Int64, Int64]:
        """Return bid prices, bid lots, ask prices and ask lots of the best levels, 0 where there are fewer."""
        self._check(instrument)
        table = np.zeros((4, levels), np.int64)
        for side in Side:
            read_depth(self._memory.book, instrument, int(side), table[2 * side], table[2 * side + 1])
        return table[0], table[1], table[2], table[3]

    def resting(self, instrument: int) -> Resting:
        """Return the orders of an instrument in priority: bids, then asks, the first to trade first."""
        return Resting.of(self._queues(instrument))

    def reach(
        self, instrument: int, side: int, limit_ticks: int, lots: int, *, account: int, low: int, high: int
    ) -> tuple[int, bool]:
        """Return the lots that an order would meet, at most its own, and whether the last of them rest beyond a level.

        Parameters
        ----------
        instrument, side, limit_ticks, lots : int
            The order.
        account : int
            Whose resting orders do not count, -1 for nobody.
        low, high : int
            Level: prices at most `low` or at least `high`, where counting ends with the first resting order.
        """
        met, beyond = measure_reach(self._memory.book, instrument, side, account, limit_ticks, lots, low, high)
        return int(met), bool(beyond)

    def bid_lots(self, group: Int64, shape: tuple[int, int]) -> Int64:
        """Return the lots bid for, added up by group of instruments and by account.

        Parameters
        ----------
        group : ndarray of int64, shape (n_instruments,)
            Group of each instrument, -1 for those that do not count.
        shape : tuple of int
            Numbers of groups and of accounts.
        """
        orders, slots = self._memory.book.orders, self._memory.live_slots()
        slots = slots[orders["side"][slots] == layout.BID]
        rows = group[orders["instrument"][slots]]
        slots, rows = slots[rows >= 0], rows[rows >= 0]
        lots = np.zeros(shape, np.int64)
        np.add.at(lots, (rows, orders["account"][slots]), orders["lots"][slots])
        return lots

    def cash_behind(self, order_ids: npt.ArrayLike, funding: Funding) -> Int64:
        """Return the cash frozen behind live buy orders, fen; 0 for ids that are not live bids."""
        ids = np.array(order_ids, np.int64).reshape(-1)
        cash = np.empty(len(ids), np.int64)
        matching.read_bid_covers(self._memory.book, self._funds_of(funding, 0), ids, cash)
        return cash

    def state(self) -> dict[str, Any]:
        """Return all that is needed to continue, as plain arrays and integers."""
        queues = [self._queues(i) for i in range(self.n_instruments)]
        orders = np.concatenate([np.empty(0, ORDER), *queues])
        columns = {f.name: getattr(Resting.of(orders), f.name).copy() for f in fields(Resting)}
        return {**columns, "next_order_id": self.next_order_id, "self_trade": int(self._self_trade)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state` of a book with the same instruments.

        Raises
        ------
        ExchangeError
            If the state has an order in an instrument or at a price that this book does not have.
        """
        orders = np.zeros(len(state["order_id"]), ORDER)
        for name in ("order_id", "account", "instrument", "side", "lots"):
            orders[name] = state[name]
        orders["price"], orders["value"] = state["price_ticks"], state["value_fen"]
        self._check_fit(orders)
        self._self_trade = SelfTrade(state["self_trade"])
        self._memory = BookMemory(self._max_price, self._capacity, self._self_trade)
        self._memory.begin_ids(orders["order_id"].min(initial=int(state["next_order_id"])), state["next_order_id"])
        self._queue(orders)

    def _queue(self, orders: Rows) -> None:
        """Let orders rest that have an id and, in a pre-funded book, are covered."""
        self._memory.make_room_for_orders(len(orders))
        requeue(self._memory.book, orders)

    def _queues(self, instrument: int) -> Rows:
        """Copy an instrument's orders in priority."""
        self._check(instrument)
        slots = np.empty(len(self), np.uint32)
        n = list_queues(self._memory.book, instrument, slots)
        orders: Rows = self._memory.book.orders[slots[:n]]
        return orders

    def _funds(self, funding: Funding | None, rows: int) -> Funds | None:
        return None if funding is None else self._funds_of(funding, rows)

    def _funds_of(self, funding: Funding, rows: int) -> Funds:
        if len(funding.tick_value_fen) != self.n_instruments or funding.ledger.n_instruments != self.n_instruments:
            raise ExchangeError(
                f"funding for {funding.ledger.n_instruments} instruments does not fit a book of {self.n_instruments}"
            )
        return funding.reserve(self._max_price, rows)

    def _check(self, instrument: int) -> None:
        if not 0 <= instrument < self.n_instruments:
            raise ExchangeError(f"no book of instrument {instrument}: there are {self.n_instruments}")

    def _check_fit(self, orders: Rows) -> None:
        for order in orders:
            self._check(int(order["instrument"]))
            highest = self._max_price[order["instrument"]]
            if not 1 <= order["price"] <= highest:
                raise ExchangeError(
                    f"order {order['order_id']} of a saved state has price {order['price']}, expected 1 to {highest}"
                )
