"""Order books with price-time priority: the better price first, and at one price the earlier order.

An order trades at the price of the order that rests.  All books of a market are one object, so that one call carries
out a session's orders in all instruments in their order of arrival.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.exchange.book_state import BookState
from rights_market.exchange.book_state import SelfTrade as SelfTrade
from rights_market.exchange.funding import Funding as Funding
from rights_market.exchange.rationing import call_shares
from rights_market.exchange.resting import Resting as Resting
from rights_market.kernels import book as layout
from rights_market.kernels import call_clearing, matching
from rights_market.kernels.book import ORDER, Rows
from rights_market.kernels.matching import MALFORMED
from rights_market.kernels.requoting import note_promised
from rights_market.kernels.settlement import Funds
from rights_market.records import OrderKind, Orders, Reason, Receipt, Trades
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
ROWS_AT_A_TIME = 1 << 15


class Indication(NamedTuple):
    """What a call would come to.

    Attributes
    ----------
    instrument, price_ticks, lots : int
        At which price how much would trade.
    surplus : int
        Lots bid for at the price beyond those asked, below 0 the other way round.
    """

    instrument: int
    price_ticks: int
    lots: int
    surplus: int


class OrderBook(BookState):
    """All order books of a market: how orders come, trade and leave.

    `rights_market.exchange.book_state.BookState` says what it takes to make one, and what can be read in it.

    Notes
    -----
    Every row of a table gets the next order id, accepted or not.  A replaced order goes by the id of the row that
    replaced it.  It keeps its place in the queue if only its lots become fewer.

    With `funding`, an order is covered on entry and fills settle at once; the same book must then be given funding in
    every call.
    """

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
            note_promised(memory.book, account, kind, target, filled)
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

    def submit_call(
        self, orders: Orders, reference_ticks: Int64, funding: Funding | None = None, pro_rata: Bool | None = None
    ) -> Receipt:
        """Collect limit orders, trade each instrument at one price, and let the rest queue.

        Parameters
        ----------
        orders : Orders
            Limit orders in their order of arrival; those that rest already take part too.
        reference_ticks : ndarray of int64, shape (n_instruments,)
            Price near which to stay among equally good ones, ticks; below 0 for the middle of them.
        funding : Funding, optional
            What to settle with.
        pro_rata : ndarray of bool, shape (n_instruments,), optional
            Where the last price served is shared in proportion to lots; elsewhere earlier orders come first.

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
        before = self._in_call(new)
        after = before.copy()
        called = self._prices_of(before, reference_ticks)
        most = _shares(before, *called, pro_rata)
        call_clearing.clear_call(memory.book, funds, before, after, most, *called)
        filled, is_new = np.zeros(n, np.int64), after["order_id"] >= first
        filled[after["order_id"][is_new] - first] = (before["lots"] - after["lots"])[is_new]
        self._queue(after[is_new & (after["lots"] > 0)])
        return Receipt(first, reason, filled, memory.take_trades(start))

    def indicate_call(self, orders: Orders, reference_ticks: Int64) -> list[Indication]:
        """Return the prices at which a call would trade these limit orders and those that rest, and what would be left.

        Parameters
        ----------
        orders : Orders
            Limit orders for instruments that exist.
        reference_ticks : ndarray of int64, shape (n_instruments,)
            As in `submit_call`.
        """
        new = np.zeros(len(orders), ORDER)
        new["order_id"] = self.next_order_id + np.arange(len(orders))
        for name, column in (("instrument", orders.instrument), ("side", orders.side), ("lots", orders.lots)):
            new[name] = column
        new["price"] = orders.price_ticks
        every = self._in_call(new)
        starts, n_bids, prices = self._prices_of(every, reference_ticks)
        bounds = [*starts.tolist(), len(every)]
        found = []
        for k, price in enumerate(prices.tolist()):
            part = every[bounds[k] : bounds[k + 1]]
            bids, asks = part[: n_bids[k]], part[n_bids[k] :]
            demand = int(bids["lots"][bids["price"] >= price].sum())
            supply = int(asks["lots"][asks["price"] <= price].sum())
            if price > 0:
                found.append(Indication(int(part["instrument"][0]), price, min(demand, supply), demand - supply))
        return found

    def take_trades(self) -> Trades:
        """Return the trades that `submit_one` made since the last call, and forget them."""
        return self._memory.take_trades(0)

    def cancel_all(self, instrument: int | None = None, funding: Funding | None = None) -> Int64:
        """Cancel all orders, of one instrument or of all, and return their ids."""
        return self._withdraw(lambda x: _of_instrument(x, instrument), funding)

    def cancel_asks(self, accounts: npt.ArrayLike, instrument: int, funding: Funding | None = None) -> Int64:
        """Cancel the sell orders of accounts in an instrument, as the registrar may order, and return their ids."""
        return self._withdraw(
            lambda x: _of_instrument(x, instrument) & np.isin(x["account"], accounts) & (x["side"] == Side.ASK),
            funding,
        )

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

    def _in_call(self, new: Rows) -> Rows:
        """Return new orders and those that wait for them, by instrument, bids before asks, in priority."""
        waiting = [self._queues(i) for i in np.unique(new["instrument"]).tolist()] if len(self) else []
        orders = np.concatenate([*waiting, new])
        sign = np.where(orders["side"] == Side.BID, -1, 1)
        return orders[np.lexsort((sign * orders["price"], orders["side"], orders["instrument"]))]

    def _prices_of(self, orders: Rows, reference_ticks: Int64) -> tuple[Int64, Int64, Int64]:
        """Return start, number of bids and price of the orders of each instrument called."""
        found = np.zeros((3, self.n_instruments), np.int64)
        n = call_clearing.find_prices(orders, reference_ticks, found[0], found[1], found[2])
        return found[0, :n], found[1, :n], found[2, :n]

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


def _shares(orders: Rows, starts: Int64, n_bids: Int64, prices: Int64, pro_rata: Bool | None) -> Int64:
    """Return the lots that each order of a call may trade: all of them, or its share where shares are pro rata."""
    most = orders["lots"].astype(np.int64)
    if pro_rata is None:
        return most
    bounds = [*starts.tolist(), len(orders)]
    for k, price in enumerate(prices.tolist()):
        part = slice(bounds[k], bounds[k + 1])
        if price > 0 and pro_rata[orders["instrument"][bounds[k]]]:
            most[part] = call_shares(orders[part], int(n_bids[k]), price)
    return most


def _of_instrument(orders: Rows, instrument: int | None) -> Bool:
    if instrument is None:
        return np.ones(len(orders), np.bool_)
    return np.asarray(orders["instrument"] == instrument)


def _first_malformed(side: npt.NDArray[np.int8], kind: npt.NDArray[np.int8]) -> ExchangeError:
    row = np.flatnonzero(~np.isin(side, list(Side)) | ~np.isin(kind, list(OrderKind)))[0]
    return _malformed(f"row {row}", side[row], kind[row])


def _malformed(what: str, side: int, kind: int) -> ExchangeError:
    return ExchangeError(f"{what} has side {side} and kind {kind}; sides are 0 and 1, kinds 0 to {max(OrderKind)}")


def _plain(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a column that is contiguous and writable: for any other the kernels would be compiled anew."""
    return column if column.flags.c_contiguous and column.flags.writeable else column.copy()
