"""Memory of the order books and the steps that move an order in and out of its queue.

All books of a market share these arrays.  Each instrument has a ladder: one queue for each tick from 1 to its
highest price, used by both sides, because a book is never crossed and a tick therefore holds bids or asks, not
both.  A queue is a doubly linked list of order slots, oldest first; slot 0 means nobody.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.kernels.compiling import inlined, kernel

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.void]
Int = int | np.integer[Any]

BID: Final = 0
ASK: Final = 1

# Columns of `Book.heads`, one row an instrument.  A side's column is the column of bids plus the side.
BEST: Final = 0
COUNT: Final = 2
LADDER: Final = 4
MAX_PRICE: Final = 5
HEAD_COLUMNS: Final = 6

# Entries of `Book.meta`.
FREE: Final = 0
LIVE: Final = 1
NEXT_ID: Final = 2
BASE_ID: Final = 3
TRADES: Final = 4
SELF_TRADE: Final = 5
META_ENTRIES: Final = 6

SELF_TRADE_OFF: Final = 0
CANCEL_RESTING: Final = 1
CANCEL_INCOMING: Final = 2

NOBODY: Final = 0
DEAD: Final = -1
FIRST: Final = 0
LAST: Final = 1

ORDER = np.dtype(
    [
        ("lots", np.int64),
        ("value", np.int64),
        ("order_id", np.int64),
        ("price", np.int32),
        ("account", np.int32),
        ("next", np.int32),
        ("prev", np.int32),
        ("instrument", np.int32),
        ("side", np.int32),
    ]
)
TRADE = np.dtype(
    [
        ("maker", np.int64),
        ("taker", np.int64),
        ("price_ticks", np.int64),
        ("lots", np.int64),
        ("instrument", np.int32),
        ("buyer", np.int32),
        ("seller", np.int32),
        ("taker_side", np.int8),
    ],
    align=True,
)


class Book(NamedTuple):
    """All books of a market, as arrays that the kernels modify in place.

    Attributes
    ----------
    orders : ndarray of ORDER, shape (capacity,)
        Order slots; slot 0 is never used.  ``lots`` still open; ``value`` fen filled so far (kept by pre-funded
        books only); ``order_id`` is -1 in a free slot, whose ``next`` is the next free slot.
    ladder : ndarray of int32, shape (n_ticks, 2)
        First and last slot of each queue, all instruments one after the other.
    slots : ndarray of int32, shape (n_ids,)
        Slot of each live order, at order id minus ``meta[BASE_ID]``; 0 when it is not live.
    heads : ndarray of int64, shape (n_instruments, HEAD_COLUMNS)
        Best bid (0 when there is none), best ask (highest price plus 1 when there is none), number of bids, number of
        asks, where the ladder starts, and the highest price.
    meta : ndarray of int64, shape (META_ENTRIES,)
        First free slot, live orders, next order id, id at the start of `slots`, trades written, self-trade rule.
    trades : ndarray of TRADE, shape (room,)
        Trades in the order in which they were made.
    """

    orders: Rows
    ladder: Int32
    slots: Int32
    heads: Int64
    meta: Int64
    trades: Rows


@inlined
def slot_named(book: Book, order_id: Int, next_id: Int) -> Any:
    """Return the slot of a live order older than `next_id`, or 0."""
    place = order_id - book.meta[BASE_ID]
    if place < 0 or order_id >= next_id:
        return NOBODY
    return np.int64(book.slots[place])


@inlined
def free_slot(book: Book, slot: Int) -> None:
    """Forget the order in a slot that no queue holds any more."""
    meta = book.meta
    order = book.orders[slot]
    book.slots[order["order_id"] - meta[BASE_ID]] = NOBODY
    order["order_id"] = DEAD
    order["next"] = meta[FREE]
    meta[FREE] = slot
    meta[LIVE] -= 1


@inlined
def next_best(book: Book, instrument: Int, side: Int, price: Int) -> Any:
    """Walk from an emptied best price to the next price at which the side has orders."""
    heads = book.heads
    if heads[instrument, COUNT + side] == 0:
        return 0 if side == BID else heads[instrument, MAX_PRICE] + 1
    step = 2 * side - 1
    start = heads[instrument, LADDER]
    price += step
    while book.ladder[start + price, FIRST] == NOBODY:
        price += step
    return price


@inlined
def queue_last(
    book: Book, order_id: Int, account: Int, instrument: Int, side: Int, price: Int, lots: Int, value: Int
) -> None:
    """Put an order behind all others of its price.  The caller has made sure of a free slot."""
    meta, heads, ladder = book.meta, book.heads, book.ladder
    slot = meta[FREE]
    order = book.orders[slot]
    meta[FREE] = order["next"]
    meta[LIVE] += 1
    book.slots[order_id - meta[BASE_ID]] = slot
    tick = heads[instrument, LADDER] + price
    before = ladder[tick, LAST]
    ladder[tick, LAST] = slot
    if before == NOBODY:
        ladder[tick, FIRST] = slot
        best = heads[instrument, BEST + side]
        if (price > best) if side == BID else (price < best):
            heads[instrument, BEST + side] = price
    else:
        book.orders[before]["next"] = slot
    heads[instrument, COUNT + side] += 1
    order["lots"] = lots
    order["value"] = value
    order["order_id"] = order_id
    order["price"] = price
    order["account"] = account
    order["next"] = NOBODY
    order["prev"] = before
    order["instrument"] = instrument
    order["side"] = side


@inlined
def unlink(book: Book, slot: Int) -> None:
    """Take an order out of its queue and free its slot."""
    orders, ladder, heads = book.orders, book.ladder, book.heads
    order = orders[slot]
    before, after = order["prev"], order["next"]
    instrument, side, price = order["instrument"], order["side"], np.int64(order["price"])
    tick = heads[instrument, LADDER] + price
    if before == NOBODY:
        ladder[tick, FIRST] = after
    else:
        orders[before]["next"] = after
    if after == NOBODY:
        ladder[tick, LAST] = before
    else:
        orders[after]["prev"] = before
    heads[instrument, COUNT + side] -= 1
    free_slot(book, slot)
    if before == NOBODY and after == NOBODY and heads[instrument, BEST + side] == price:
        heads[instrument, BEST + side] = next_best(book, instrument, side, price)


@kernel
def requeue(book: Book, table: Rows) -> None:
    """Queue the orders of a table of ORDER, oldest of each price first; the caller has made room."""
    for row in range(len(table)):
        order = table[row]
        queue_last(
            book,
            order["order_id"],
            order["account"],
            order["instrument"],
            order["side"],
            np.int64(order["price"]),
            order["lots"],
            order["value"],
        )


@kernel
def list_queues(book: Book, instrument: Int, out_slots: Int32) -> int:
    """Write the slots of an instrument's orders, bids then asks, best first, and return their number."""
    heads, ladder = book.heads, book.ladder
    n = 0
    for side in range(2):
        left = heads[instrument, COUNT + side]
        tick = heads[instrument, LADDER] + heads[instrument, BEST + side]
        while left > 0:
            slot = np.int64(ladder[tick, FIRST])
            while slot != NOBODY:
                out_slots[n] = slot
                n += 1
                left -= 1
                slot = np.int64(book.orders[slot]["next"])
            tick += 2 * side - 1
    return n


@kernel
def read_depth(book: Book, instrument: Int, side: Int, out_price: Int64, out_lots: Int64) -> None:
    """Write the best prices of a side and the lots at each; what the side does not fill is left as it is."""
    heads, ladder = book.heads, book.ladder
    left = heads[instrument, COUNT + side]
    price = heads[instrument, BEST + side]
    level = 0
    while left > 0 and level < len(out_price):
        slot = np.int64(ladder[heads[instrument, LADDER] + price, FIRST])
        if slot != NOBODY:
            lots = np.int64(0)
            while slot != NOBODY:
                lots += book.orders[slot]["lots"]
                left -= 1
                slot = np.int64(book.orders[slot]["next"])
            out_price[level] = price
            out_lots[level] = lots
            level += 1
        price += 2 * side - 1
