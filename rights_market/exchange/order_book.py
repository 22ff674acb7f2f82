"""Order books with price-time priority: the better price first, and at one price the earlier order.

An order trades at the price of the order that rests.  All books of a market are one object, so that one call carries
out a session's orders in all instruments in their order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.exchange.book_memory import BookMemory
from rights_market.exchange.funding import Funding as Funding
from rights_market.exchange.resting import Resting as Resting
from rights_market.kernels import book as layout
from rights_market.kernels import call_clearing, matching
from rights_market.kernels.book import ORDER, Rows, list_queues, read_depth, requeue
from rights_market.kernels.matching import MALFORMED
from rights_market.kernels.settlement import Funds
from rights_market.records import OrderKind, Orders, Reason, Receipt, Trades
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
ROWS_AT_A_TIME = 1 << 15
ChoosePrice = Callable[[int, Resting], int | None]


class SelfTrade(IntEnum):
    """What happens when an order meets another of the same account."""

    OFF = layout.SELF_TRADE_OFF
    CANCEL_RESTING = layout.CANCEL_RESTING
    CANCEL_INCOMING = layout.CANCEL_INCOMING


class OrderBook:
    """All order books of a market.

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

    Notes
    -----
    Every row of a table gets the next order id, accepted or not.  A replaced order goes by the id of the row that
    replaced it.  It keeps its place in the queue if only its lots become fewer.

    With `funding`, an order is covered on entry and fills settle at once; the same book must then be given funding in
    every call.
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

    def submit(self, orders: Orders, funding: Funding | None = None) -> Receipt:
        """Carry out a table of orders, row by row.

        Parameters
        ----------
        orders : Orders
            Rows in their order of arrival, for any instruments.
        funding : Funding, optional
            What to settle with; without it the book matches only.

        Returns
        -------
        Receipt
            Trades in the order in which they were made, at the price of the order that rested.

        Raises
        ------
        ExchangeError
            If a row's side or kind does not exist; nothing is carried out then.
        """
        memory, n = self._memory, len(orders)
        first, start = memory.next_id, int(memory.book.meta[layout.TRADES])
        reason, filled = np.empty(n, np.int8), np.empty(n, np.int64)
        account, instrument, side = _plain(orders.account), _plain(orders.instrument), _plain(orders.side)
        kind, price, lots = _plain(orders.kind), _plain(orders.price_ticks), _plain(orders.lots)
        target = _plain(orders.target)
        malformed, cancels, requotes = matching.survey(side, kind)
        if malformed:
            raise _first_malformed(side, kind)
        memory.make_room(n, n - cancels + len(self))
        if requotes:
            matching.note_promised(memory.book, account, kind, target, filled)
        done = 0
        while done < n:
            funds = self._funds(funding, self._rows_of(n - done))
            done = matching.match_orders(
                memory.book, funds, done, account, instrument, side, kind, price, lots, target, reason, filled
            )
            if done < n:
                memory.make_room_for_orders(1)
        return Receipt(first, reason, filled, memory.take_trades(start))

    def submit_one(
        self,
        account: int,
        instrument: int,
        side: int,
        price_ticks: int,
        lots: int,
        kind: int = 0,
        target: int = -1,
        funding: Funding | None = None,
    ) -> int:
        """Carry out one order, cheaply; its trades wait for `take_trades`.

        Returns
        -------
        int
            Order id if accepted, else minus the `Reason`.

        Raises
        ------
        ExchangeError
            If side or kind does not exist.
        """
        funds = None if funding is None else self._funds_of(funding, self._rows_of(1))
        answer: int = self._memory.match_one(funds, account, instrument, side, kind, price_ticks, lots, target)
        if answer > MALFORMED:
            return answer
        if answer == MALFORMED:
            raise _malformed("an order", side, kind)
        self._memory.make_room(1, len(self) + 1024)
        self._memory.make_room_for_orders(1)
        return self.submit_one(account, instrument, side, price_ticks, lots, kind, target, funding)

    def submit_call(self, orders: Orders, choose_price: ChoosePrice, funding: Funding | None = None) -> Receipt:
        """Collect limit orders, trade each instrument at one price, and let the rest queue.

        Parameters
        ----------
        orders : Orders
            Limit orders in their order of arrival; those that rest already take part too.
        choose_price : callable
            Given an instrument and all its orders, in priority, returns the price of all trades, ticks, or None.  At
            that price no bid above it and ask below it may both be left.
        funding : Funding, optional
            What to settle with.

        Returns
        -------
        Receipt
            Maker and taker of a trade are the older and the younger order.

        Raises
        ------
        ExchangeError
            If an order is not a limit order, or its side does not exist; nothing is carried out then.
        """
        for row in np.flatnonzero((orders.kind != OrderKind.LIMIT) | ~np.isin(orders.side, (Side.BID, Side.ASK))):
            raise ExchangeError(
                f"row {row} of a call has side {orders.side[row]} and kind {orders.kind[row]}; "
                f"sides are 0 and 1, and only limit orders (kind 0) take part"
            )
        memory, n = self._memory, len(orders)
        first, start = memory.next_id, int(memory.book.meta[layout.TRADES])
        memory.make_room(n, n + len(self))
        rows = call_clearing.ROWS_OF_NEW * n + call_clearing.ROWS_OF_CANDIDATE * (n + len(self))
        funds = self._funds(funding, rows)
        new, reason = self._collect(orders, funds)
        filled = np.zeros(n, np.int64)
        for instrument in np.unique(new["instrument"]).tolist():
            before = _in_priority(np.concatenate([self._queues(instrument), new[new["instrument"] == instrument]]))
            after = before.copy()
            price = choose_price(instrument, Resting.of(before))
            if price is not None:
                n_bids = int(np.count_nonzero(after["side"] == Side.BID))
                call_clearing.pair_orders(memory.book, funds, price, after[:n_bids], after[n_bids:])
                call_clearing.release_and_update(memory.book, funds, before, after)
            is_new = after["order_id"] >= first
            filled[after["order_id"][is_new] - first] = (before["lots"] - after["lots"])[is_new]
            self._queue(after[is_new & (after["lots"] > 0)])
        return Receipt(first, reason, filled, memory.take_trades(start))

    def take_trades(self) -> Trades:
        """Return the trades that `submit_one` made since the last call, and forget them."""
        return self._memory.take_trades(0)

    def cancel_all(self, instrument: int | None = None, funding: Funding | None = None) -> Int64:
        """Cancel all orders, of one instrument or of all, and return their ids."""
        return self._withdraw(lambda x: _of_instrument(x, instrument), funding)

    def cancel_outside(self, funding: Funding | None, low: npt.ArrayLike, high: npt.ArrayLike) -> Int64:
        """Cancel the orders that a new price band leaves outside, and return their ids.

        Parameters
        ----------
        funding : Funding or None
            What to release to.
        low, high : array_like of int, shape (n_instruments,)
            Lowest and highest price that may be quoted, ticks.
        """
        lows, highs = np.asarray(low, np.int64), np.asarray(high, np.int64)
        return self._withdraw(
            lambda x: (x["price"] < lows[x["instrument"]]) | (x["price"] > highs[x["instrument"]]), funding
        )

    def cancel_account_asks(self, account: int, instrument: int, funding: Funding | None = None) -> Int64:
        """Cancel the sell orders of an account, as the registrar may order, and return their ids."""
        return self._withdraw(
            lambda x: _of_instrument(x, instrument) & (x["account"] == account) & (x["side"] == Side.ASK), funding
        )

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

    def open_orders_of(self, account: int) -> Resting:
        """Return the resting orders of an account, by order id."""
        orders = self._memory.book.orders[self._memory.live_slots()]
        return Resting.of(orders[orders["account"] == account])

    def cash_behind(self, order_ids: npt.ArrayLike, funding: Funding) -> Int64:
        """Return the cash frozen behind live buy orders, fen; 0 for ids that are not live bids."""
        return self._covers(order_ids, Side.BID, funding)

    def lots_behind(self, order_ids: npt.ArrayLike, funding: Funding) -> Int64:
        """Return the lots frozen behind live sell orders; 0 for ids that are not live asks."""
        return self._covers(order_ids, Side.ASK, funding)

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

    def _collect(self, orders: Orders, funds: Funds | None) -> tuple[Rows, npt.NDArray[np.int8]]:
        """Check and cover the orders of a call; return those accepted, not queued yet, and all reasons."""
        first, reason = self.next_order_id, np.zeros(len(orders), np.int8)
        account, instrument, side = _plain(orders.account), _plain(orders.instrument), _plain(orders.side)
        price, lots = _plain(orders.price_ticks), _plain(orders.lots)
        call_clearing.collect_orders(self._memory.book, funds, account, instrument, side, price, lots, reason)
        rows = np.flatnonzero(reason == Reason.ACCEPTED)
        new = np.zeros(len(rows), ORDER)
        new["order_id"] = first + rows
        new["account"], new["instrument"], new["side"] = account[rows], instrument[rows], side[rows]
        new["price"], new["lots"] = price[rows], lots[rows]
        return new, reason

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

    def _rows_of(self, orders: int) -> int:
        """Journal rows for which to make room at a time: never too few for the next order, nor far more than are used.

        A journal that keeps nothing uses the same room again, which then stays in the cache of the processor.
        """
        return min(4 * orders, ROWS_AT_A_TIME) + matching.ROWS_OF_ORDER + matching.ROWS_OF_MAKER * len(self)

    def _withdraw(self, chosen: Any, funding: Funding | None) -> Int64:
        slots = self._memory.live_slots()
        slots = slots[chosen(self._memory.book.orders[slots])]
        ids: Int64 = self._memory.book.orders["order_id"][slots]
        matching.withdraw_slots(self._memory.book, self._funds(funding, len(slots)), slots)
        return ids

    def _covers(self, order_ids: npt.ArrayLike, side: Side, funding: Funding) -> Int64:
        ids = np.array(order_ids, np.int64).reshape(-1)
        cover = np.empty(len(ids), np.int64)
        matching.read_covers(self._memory.book, self._funds_of(funding, 0), ids, int(side), cover)
        return cover

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


def _of_instrument(orders: Rows, instrument: int | None) -> Bool:
    if instrument is None:
        return np.ones(len(orders), np.bool_)
    return np.asarray(orders["instrument"] == instrument)


def _in_priority(orders: Rows) -> Rows:
    """Sort orders into bids and asks, best price first; those of one price keep their order."""
    sign = np.where(orders["side"] == Side.BID, -1, 1)
    return orders[np.lexsort((sign * orders["price"], orders["side"]))]


def _first_malformed(side: npt.NDArray[np.int8], kind: npt.NDArray[np.int8]) -> ExchangeError:
    row = np.flatnonzero(~np.isin(side, list(Side)) | ~np.isin(kind, list(OrderKind)))[0]
    return _malformed(f"row {row}", side[row], kind[row])


def _malformed(what: str, side: int, kind: int) -> ExchangeError:
    return ExchangeError(f"{what} has side {side} and kind {kind}; sides are 0 and 1, kinds 0 to {max(OrderKind)}")


def _plain(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a column that is contiguous and writable: for any other the kernels would be compiled anew."""
    return column if column.flags.c_contiguous and column.flags.writeable else column.copy()
