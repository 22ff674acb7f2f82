"""Memory of the order books: how it is laid out at first, grows, and gives back the ids of orders long gone."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.kernels import book as layout
from rights_market.kernels import matching
from rights_market.kernels.book import ORDER, TRADE, Book, Rows
from rights_market.records import Trades
from rights_market.rights import MAX_PRICE_TICKS

Int64 = npt.NDArray[np.int64]


class BookMemory:
    """The arrays of a `Book` and the room in them.

    Parameters
    ----------
    max_price_ticks : ndarray of int64, shape (n_instruments,)
        Highest price of each instrument.
    capacity : int
        Resting orders for which room is made at first.
    self_trade : int
        Self-trade rule, see `rights_market.kernels.book`.

    Attributes
    ----------
    match_one : callable
        The kernel of that name with the arrays of the book filled in.

    Notes
    -----
    A resting order takes 48 bytes and 4 more for its id.  Ids are counted from the oldest live order, so that the
    table of ids stays short as long as orders lapse, as they do at the end of every trading day.
    """

    def __init__(self, max_price_ticks: Int64, capacity: int, self_trade: int) -> None:
        if max_price_ticks.min(initial=1) < 1 or max_price_ticks.max(initial=1) > MAX_PRICE_TICKS:
            raise ExchangeError(f"highest prices {max_price_ticks} must lie between 1 and {MAX_PRICE_TICKS} ticks")
        if capacity < 1:
            raise ExchangeError(f"capacity is {capacity}, expected at least 1")
        heads = np.zeros((len(max_price_ticks), layout.HEAD_COLUMNS), np.int64)
        heads[:, layout.MAX_PRICE] = max_price_ticks
        heads[:, layout.BEST + layout.ASK] = max_price_ticks + 1
        # Ticks 0 and highest + 1 stand for an empty side and never hold an order.
        ends = np.cumsum(max_price_ticks + 2)
        heads[1:, layout.LADDER] = ends[:-1]
        meta = np.zeros(layout.META_ENTRIES, np.int64)
        meta[layout.SELF_TRADE] = self_trade
        self.book = Book(
            orders=_free_orders(capacity + 1),
            ladder=np.zeros((int(ends[-1]) if len(ends) else 0, 2), np.int32),
            slots=np.zeros(capacity, np.int32),
            heads=heads,
            meta=meta,
            trades=np.empty(capacity, TRADE),
        )
        _chain(self.book, 1)

    @property
    def book(self) -> Book:
        """The arrays; replaced when they grow."""
        return self._book

    @book.setter
    def book(self, book: Book) -> None:
        self._book = book
        orders, trades = book.orders.view(np.int64), book.trades.view(np.int64)
        self.match_one = partial(matching.match_one, orders, book.ladder, book.slots, book.heads, book.meta, trades)

    @property
    def nbytes(self) -> int:
        """Memory of all arrays, bytes."""
        return sum(array.nbytes for array in self.book)

    @property
    def live(self) -> int:
        """Number of resting orders."""
        return int(self.book.meta[layout.LIVE])

    @property
    def next_id(self) -> int:
        """Order id of the next row."""
        return int(self.book.meta[layout.NEXT_ID])

    def begin_ids(self, oldest: int, next_id: int) -> None:
        """Let an empty book continue with `next_id`, where orders back to `oldest` are about to be queued again."""
        self.book.meta[layout.BASE_ID], self.book.meta[layout.NEXT_ID] = oldest, next_id
        self.book = self.book._replace(slots=np.zeros(max(len(self.book.slots), next_id - oldest), np.int32))

    def make_room(self, rows: int, trades: int | None = None) -> None:
        """Make room for the ids and trades of `rows` orders that come next.

        A row makes at most one trade more than the resting orders that it or a later row uses up, so that rows and
        resting orders together bound the number of trades.
        """
        self._make_room_for_ids(rows)
        written = int(self.book.meta[layout.TRADES])
        needed = written + (rows + self.live if trades is None else trades)
        if needed > len(self.book.trades):
            wider = np.empty(max(needed, 2 * written), TRADE)
            wider[:written] = self.book.trades[:written]
            self.book = self.book._replace(trades=wider)

    def make_room_for_orders(self, rows: int) -> None:
        """Make sure that `rows` more orders can rest."""
        capacity = len(self.book.orders) - 1
        if self.live + rows > capacity:
            wider = _free_orders(1 + max(2 * capacity, self.live + rows))
            wider[: capacity + 1] = self.book.orders
            self.book = self.book._replace(orders=wider)
            _chain(self.book, capacity + 1)

    def take_trades(self, start: int) -> Trades:
        """Hand out the trades from `start` on and forget them.

        The storage itself is handed out when the trades fill at least half of it, and a copy otherwise.
        """
        stop = int(self.book.meta[layout.TRADES])
        rows = self.book.trades[start:stop]
        if start == 0 and 2 * stop >= len(self.book.trades):
            self.book = self.book._replace(trades=np.empty(0, TRADE))
        else:
            rows = rows.copy()
        self.book.meta[layout.TRADES] = start
        return Trades(*(rows[name] for name in Trades.__dataclass_fields__))

    def live_slots(self) -> Int64:
        """Return the slots of all resting orders, by order id."""
        orders = self.book.orders
        slots = np.flatnonzero(orders["order_id"] != layout.DEAD)
        return slots[np.argsort(orders["order_id"][slots])].astype(np.int64)

    def _make_room_for_ids(self, rows: int) -> None:
        meta, slots = self.book.meta, self.book.slots
        if self.live == 0:
            meta[layout.BASE_ID] = meta[layout.NEXT_ID]
        used = int(meta[layout.NEXT_ID] - meta[layout.BASE_ID])
        if used + rows <= len(slots):
            return
        live = self.live_slots()
        oldest = int(self.book.orders["order_id"][live[0]]) if len(live) else int(meta[layout.NEXT_ID])
        gone = oldest - int(meta[layout.BASE_ID])
        needed = used - gone + rows
        wider = np.zeros(len(slots) if needed <= len(slots) // 2 else 2 * needed, np.int32)
        wider[: used - gone] = slots[gone:used]
        meta[layout.BASE_ID] = oldest
        self.book = self.book._replace(slots=wider)


def _free_orders(n: int) -> Rows:
    orders = np.zeros(n, ORDER)
    orders["order_id"] = layout.DEAD
    return orders


def _chain(book: Book, start: int) -> None:
    """Put the slots from `start` on at the head of the list of free slots."""
    end = len(book.orders)
    book.orders["next"][start : end - 1] = np.arange(start + 1, end)
    book.orders["next"][end - 1] = book.meta[layout.FREE]
    book.meta[layout.FREE] = start
