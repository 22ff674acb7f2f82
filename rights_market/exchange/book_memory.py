"""Memory of the order books: how it is laid out at first, grows, and gives back the ids of orders long gone."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.kernels import book as layout
from rights_market.kernels import matching
from rights_market.kernels.book import ORDER, TRADE, Book
from rights_market.records import Trades
from rights_market.rights import MAX_PRICE_TICKS
from rights_market.table import as_bytes

Int64 = npt.NDArray[np.int64]

# So many the journal and the records of trades can name.
MAX_INSTRUMENTS = np.iinfo(np.int16).max + 1

# Room for orders grows by an eighth and room for ids, which are small, by a quarter: little lies idle, and what is
# copied adds up to eight and four times the room.
SHARE_OF_GROWTH = 8
SHARE_OF_IDS = 4
GROWTH_AT_LEAST = 1024


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
    A resting order takes 48 bytes and 4 more for its id, and at most 64 with the room in which to grow.  Ids are
    counted from the oldest live order, so that the table of ids stays short as long as orders lapse, as they do at the
    end of every trading day.
    """

    def __init__(self, max_price_ticks: Int64, capacity: int, self_trade: int) -> None:
        if max_price_ticks.min(initial=1) < 1 or max_price_ticks.max(initial=1) > MAX_PRICE_TICKS:
            raise ExchangeError(f"highest prices {max_price_ticks} must lie between 1 and {MAX_PRICE_TICKS} ticks")
        if capacity < 1:
            raise ExchangeError(f"capacity is {capacity}, expected at least 1")
        if len(max_price_ticks) > MAX_INSTRUMENTS:
            raise ExchangeError(f"{len(max_price_ticks)} instruments, expected at most {MAX_INSTRUMENTS}")
        heads = np.zeros((len(max_price_ticks), layout.HEAD_ENTRIES), np.int64)
        heads[:, layout.MAX_PRICE] = max_price_ticks
        heads[:, layout.BEST + layout.ASK] = max_price_ticks + 1
        # Ticks 0 and highest + 1 stand for an empty side and never hold an order.
        ends = np.cumsum(max_price_ticks + 2)
        heads[1:, layout.LADDER] = ends[:-1]
        meta = np.zeros(layout.META_ENTRIES, np.int64)
        meta[layout.SELF_TRADE] = self_trade
        self.book = Book(
            orders=np.zeros(capacity + 1, ORDER),
            ladder=np.zeros(2 * int(ends.max(initial=0)), np.uint32),
            slots=np.zeros(capacity, np.uint32),
            heads=heads.reshape(-1),
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
    def heads(self) -> Int64:
        """What the kernels know of each instrument, shape (n_instruments, HEAD_ENTRIES), shared with them."""
        return self.book.heads.reshape(-1, layout.HEAD_ENTRIES)

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
        self.book = self.book._replace(slots=np.zeros(max(len(self.book.slots), next_id - oldest), np.uint32))

    def make_room(self, rows: int, trades: int) -> None:
        """Make room for the ids and trades of `rows` orders that come next.

        Each trade uses up an order, so that there are no more `trades` than orders that rest or come.
        """
        self._make_room_for_ids(rows)
        written = int(self.book.meta[layout.TRADES])
        needed = written + trades
        if needed > len(self.book.trades):
            wider = np.empty(max(needed, 2 * written), TRADE)
            wider[:written] = self.book.trades[:written]
            self.book = self.book._replace(trades=wider)

    def make_room_for_orders(self, rows: int) -> None:
        """Make sure that `rows` more orders can rest."""
        capacity = len(self.book.orders) - 1
        if self.live + rows > capacity:
            room = capacity + max(GROWTH_AT_LEAST, capacity // SHARE_OF_GROWTH)
            wider = np.zeros(1 + max(room, self.live + rows), ORDER)
            as_bytes(wider)[: self.book.orders.nbytes] = as_bytes(self.book.orders)
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
            rows = as_bytes(rows).copy().view(TRADE)
        self.book.meta[layout.TRADES] = start
        columns = {name: rows[name] for name in Trades.__dataclass_fields__}
        # Narrow while many of them are written, because untouched memory costs more than a trade does.
        columns["instrument"] = columns["instrument"].astype(np.int32)
        columns["price_ticks"] = columns["price_ticks"].astype(np.int64)
        return Trades(**columns)

    def live_slots(self) -> Int64:
        """Return the slots of all resting orders, by order id."""
        slots: Int64 = self.book.slots[self.book.slots != layout.NOBODY].astype(np.int64)
        return slots

    def _make_room_for_ids(self, rows: int) -> None:
        meta, slots = self.book.meta, self.book.slots
        if self.live == 0:
            meta[layout.BASE_ID] = meta[layout.NEXT_ID]
        used = int(meta[layout.NEXT_ID] - meta[layout.BASE_ID])
        if used + rows <= len(slots):
            return
        gone = int(np.argmax(slots != layout.NOBODY)) if self.live else used
        kept = used - gone
        wider = np.zeros(kept + max(rows, kept // SHARE_OF_IDS, GROWTH_AT_LEAST), np.uint32)
        wider[:kept] = slots[gone:used]
        meta[layout.BASE_ID] += gone
        self.book = self.book._replace(slots=wider)


def _chain(book: Book, start: int) -> None:
    """Put the slots from `start` on at the head of the list of free slots."""
    end = len(book.orders)
    book.orders["next"][start : end - 1] = np.arange(start + 1, end)
    book.orders["next"][end - 1] = book.meta[layout.FREE]
    book.meta[layout.FREE] = start
