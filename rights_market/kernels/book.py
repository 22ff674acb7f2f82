"""Memory of the order books and the steps that move an order in and out of its queue.

All books of a market share these arrays.  Each instrument has a ladder: one queue for each tick from 1 to its
highest price, used by both sides, because a book is never crossed and a tick therefore holds bids or asks, not
both.  A queue is a doubly linked list of order slots, oldest first; slot 0 means nobody.  Nobody may be written to,
which spares the ends of a queue a case of their own; what it holds means nothing.

The sides of a random stream and the emptiness of its queues cannot be predicted by a processor, so that the steps
choose values rather than ways.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.kernels.compiling import inlined, kernel

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
UInt32 = npt.NDArray[np.uint32]
Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.void]
Int = int | np.integer[Any]

BID: Final = 0
ASK: Final = 1

# Places in the part of `Book.heads` that belongs to an instrument: one line of the processor's cache.  A side's place
# is the place of bids plus the side.
BEST: Final = 0
COUNT: Final = 2
LADDER: Final = 4
MAX_PRICE: Final = 5
HEAD_ENTRIES: Final = 8

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
FIRST: Final = 0
LAST: Final = 1

ORDER = np.dtype(
    [
        ("lots", np.int64),
        ("value", np.int64),
        ("order_id", np.int64),
        ("price", np.int32),
        ("account", np.int32),
        ("next", np.uint32),
        ("prev", np.uint32),
        ("instrument", np.int32),
        ("side", np.int32),
    ]
)
TRADE = np.dtype(
    [
        ("maker", np.int64),
        ("taker", np.int64),
        ("lots", np.int64),
        ("price_ticks", np.int32),
        ("buyer", np.int32),
        ("seller", np.int32),
        ("instrument", np.int16),
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
        books only).  The ``next`` of a free slot is the next free slot.
    ladder : ndarray of uint32, shape (2 * n_ticks,)
        First and last slot of each queue, all instruments one after the other.
    slots : ndarray of uint32, shape (n_ids,)
        Slot of each live order, at order id minus ``meta[BASE_ID]``; 0 when it is not live.
    heads : ndarray of int64, shape (n_instruments * HEAD_ENTRIES,)
        By instrument: best bid (0 when there is none), best ask (highest price plus 1 when there is none), number of
        bids, number of asks, where the ladder starts, and the highest price.
    meta : ndarray of int64, shape (META_ENTRIES,)
        First free slot, live orders, next order id, id at the start of `slots`, trades written, self-trade rule.
    trades : ndarray of TRADE, shape (room,)
        Trades in the order in which they were made.
    """

    orders: Rows
    ladder: UInt32
    slots: UInt32
    heads: Int64
    meta: Int64
    trades: Rows


@inlined
def at(position: Int) -> Any:
    """Return a position that is not counted from the end: unsigned, it need not be checked for that."""
    return np.uint64(position)


@inlined
def head(instrument: Int, entry: Int) -> Any:
    """Return where `Book.heads` holds an entry of an instrument."""
    return at(instrument * HEAD_ENTRIES + entry)


@inlined
def eagerness(side: Int, price: Int) -> Any:
    """Turn a price so that more means readier to trade: as it is for bids, every bit inverted for asks."""
    return price ^ -side


@inlined
def queue_end(book: Book, instrument: Int, price: Int, end: Int) -> Any:
    """Return where `Book.ladder` holds the first or the last slot of a queue."""
    return at(2 * (book.heads[head(instrument, LADDER)] + price) + end)


@inlined
def slot_named(book: Book, order_id: Int, next_id: Int) -> Any:
    """Return the slot of a live order older than `next_id`, or 0."""
    place = order_id - book.meta[BASE_ID]
    if place < 0 or order_id >= next_id:
        return NOBODY
    return np.int64(book.slots[at(place)])


@inlined
def next_best(book: Book, instrument: Int, side: Int, price: Int) -> Any:
    """Walk from an emptied best price to the next price at which the side has orders."""
    heads, ladder = book.heads, book.ladder
    if heads[head(instrument, COUNT + side)] == 0:
        return side * (heads[head(instrument, MAX_PRICE)] + 1)
    step = 2 * side - 1
    price += step
    end = queue_end(book, instrument, price, FIRST)
    while ladder[end] == NOBODY:
        price += step
        end = at(np.int64(end) + 2 * step)
    return price


@inlined
def queue_last(
    book: Book, order_id: Int, account: Int, instrument: Int, side: Int, price: Int, lots: Int, value: Int
) -> None:
    """Put an order behind all others of its price.  The caller has made sure of a free slot."""
    meta, heads, ladder, orders = book.meta, book.heads, book.ladder, book.orders
    slot = meta[FREE]
    order = orders[at(slot)]
    meta[FREE] = order["next"]
    meta[LIVE] += 1
    book.slots[at(order_id - meta[BASE_ID])] = slot
    end = queue_end(book, instrument, price, FIRST)
    first, before = np.int64(ladder[end]), np.int64(ladder[end + at(LAST)])
    ladder[end] = slot if before == NOBODY else first
    ladder[end + at(LAST)] = slot
    orders[at(before)]["next"] = slot
    best = eagerness(side, heads[head(instrument, BEST + side)])
    heads[head(instrument, BEST + side)] = eagerness(side, max(best, eagerness(side, price)))
    heads[head(instrument, COUNT + side)] += 1
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
    meta, heads, ladder, orders = book.meta, book.heads, book.ladder, book.orders
    order = orders[at(slot)]
    before, after = np.int64(order["prev"]), np.int64(order["next"])
    instrument, side, price = np.int64(order["instrument"]), np.int64(order["side"]), np.int64(order["price"])
    end = queue_end(book, instrument, price, FIRST)
    first, last = np.int64(ladder[end]), np.int64(ladder[end + at(LAST)])
    ladder[end] = after if before == NOBODY else first
    ladder[end + at(LAST)] = before if after == NOBODY else last
    orders[at(before)]["next"] = after
    orders[at(after)]["prev"] = before
    heads[head(instrument, COUNT + side)] -= 1
    book.slots[at(order["order_id"] - meta[BASE_ID])] = NOBODY
    order["next"] = meta[FREE]
    meta[FREE] = slot
    meta[LIVE] -= 1
    if before == NOBODY and after == NOBODY and heads[head(instrument, BEST + side)] == price:
        heads[head(instrument, BEST + side)] = next_best(book, instrument, side, price)


@kernel
def requeue(book: Book, table: Rows) -> None:
    """Queue the orders of a table of ORDER, oldest of each price first; the caller has made room."""
    for row in range(len(table)):
        order = table[row]
        queue_last(
            book,
            order["order_id"],
            order["account"],
            np.int64(order["instrument"]),
            np.int64(order["side"]),
            np.int64(order["price"]),
            order["lots"],
            order["value"],
        )


@kernel
def list_queues(book: Book, instrument: Int, out_slots: UInt32) -> int:
    """Write the slots of an instrument's orders, bids then asks, best first, and return their number."""
    n = 0
    for side in range(2):
        left = book.heads[head(instrument, COUNT + side)]
        price = book.heads[head(instrument, BEST + side)]
        while left > 0:
            slot = np.int64(book.ladder[queue_end(book, instrument, price, FIRST)])
            while slot != NOBODY:
                out_slots[n] = slot
                n += 1
                left -= 1
                slot = np.int64(book.orders[at(slot)]["next"])
            price += 2 * side - 1
    return n


@kernel
def read_depth(book: Book, instrument: Int, side: Int, out_price: Int64, out_lots: Int64) -> None:
    """Write the best prices of a side and the lots at each; what the side does not fill is left as it is."""
    left = book.heads[head(instrument, COUNT + side)]
    price = book.heads[head(instrument, BEST + side)]
    level = 0
    while left > 0 and level < len(out_price):
        slot = np.int64(book.ladder[queue_end(book, instrument, price, FIRST)])
        if slot != NOBODY:
            lots = np.int64(0)
            while slot != NOBODY:
                lots += book.orders[at(slot)]["lots"]
                left -= 1
                slot = np.int64(book.orders[at(slot)]["next"])
            out_price[level] = price
            out_lots[level] = lots
            level += 1
        price += 2 * side - 1
