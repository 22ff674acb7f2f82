"""Continuous matching by price, then time.

One source serves two books.  Where no funds are passed, numba drops every branch that touches them and a bare
book remains; where they are passed, an order is covered on entry and every fill settles at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rights_market.kernels import codes
from rights_market.kernels.admission import cover_for, cover_of, refuse_cover, refuse_parties, refuse_terms
from rights_market.kernels.book import (
    ASK,
    BASE_ID,
    BID,
    FREE,
    LIVE,
    NEXT_ID,
    NOBODY,
    ORDER,
    TRADE,
    TRADES,
    Book,
    Int,
    Int8,
    Int32,
    Int64,
    UInt32,
    at,
    slot_named,
)
from rights_market.kernels.compiling import inlined, kernel
from rights_market.kernels.entry import enter, shrink
from rights_market.kernels.requoting import promised_lots, take_place
from rights_market.kernels.settlement import Funds, withdraw

# Journal rows that one order can cause: for itself, and for each resting order that it meets.
ROWS_OF_ORDER = 4
ROWS_OF_MAKER = 7

NEEDS_ROOM = -128
MALFORMED = -127


@inlined
def process(
    book: Book,
    funds: Funds | None,
    order_id: Int,
    account: Int,
    instrument: Int,
    side: Int,
    kind: Int,
    price: Int,
    lots: Int,
    target: Int,
    promised: Int,
) -> Any:
    """Carry out one row, for a requote with what `promised_lots` says, and return (reason, lots filled)."""
    slot = np.int64(NOBODY)
    if kind == codes.REQUOTE:
        reason, lots = take_place(book, funds, order_id, account, lots, target, promised)
        if reason != codes.ACCEPTED:
            return np.int64(reason), np.int64(0)
    if kind == codes.CANCEL or kind == codes.REPLACE:
        slot = slot_named(book, target, order_id)
        if slot == NOBODY:
            return np.int64(codes.UNKNOWN_ORDER), np.int64(0)
        order = book.orders[at(slot)]
        if order["account"] != account:
            return np.int64(codes.NOT_OWNER), np.int64(0)
        if kind == codes.CANCEL:
            withdraw(book, funds, slot)
            return np.int64(codes.ACCEPTED), np.int64(0)
        instrument, side = np.int64(order["instrument"]), np.int64(order["side"])
    else:
        reason = refuse_parties(book, funds, account, instrument)
        if reason != codes.ACCEPTED:
            return np.int64(reason), np.int64(0)
    reason = refuse_terms(book, funds, instrument, kind, price, lots)
    if reason != codes.ACCEPTED:
        return np.int64(reason), np.int64(0)
    if kind == codes.REPLACE:
        order = book.orders[at(slot)]
        if order["price"] == price and lots <= order["lots"]:
            shrink(book, funds, slot, order_id, lots)
            return np.int64(codes.ACCEPTED), np.int64(0)
        if funds is not None:
            credit = cover_of(funds, book, slot)
            cover = cover_for(funds, instrument, side, price, lots)
            reason = refuse_cover(funds, account, instrument, side, cover, credit)
            if reason != codes.ACCEPTED:
                return np.int64(reason), np.int64(0)
        withdraw(book, funds, slot)
    return enter(book, funds, order_id, account, instrument, side, kind, price, lots)


@inlined
def is_malformed(side: Int, kind: Int) -> Any:
    """Whether a side or kind does not exist."""
    return side < BID or side > ASK or kind < codes.LIMIT or kind > codes.REQUOTE


@kernel
def survey(side: Int8, kind: Int8) -> tuple[int, int, int]:
    """Count the rows whose side or kind does not exist, the cancels and the requotes."""
    malformed, cancels, requotes = 0, 0, 0
    for row in range(len(side)):
        malformed += is_malformed(side[row], kind[row])
        cancels += kind[row] == codes.CANCEL
        requotes += kind[row] == codes.REQUOTE
    return malformed, cancels, requotes


@inlined
def lacks_room(book: Book, funds: Funds | None) -> Any:
    """Whether the next order might not find a slot, or room for the journal rows that it causes."""
    if book.meta[FREE] == NOBODY:
        return True
    if funds is not None:
        journal = funds.journal
        return journal.filled[0] + ROWS_OF_ORDER + ROWS_OF_MAKER * book.meta[LIVE] > len(journal.rows)
    return False


@kernel
def match_orders(
    book: Book,
    funds: Funds | None,
    start: int,
    account: Int32,
    instrument: Int32,
    side: Int8,
    kind: Int8,
    price: Int64,
    lots: Int64,
    target: Int64,
    out_reason: Int8,
    out_filled: Int64,
) -> int:
    """Carry out the rows from `start` on, in their order.

    Parameters
    ----------
    book : Book
        Modified in place.
    funds : Funds or None
        Modified in place; None for a bare book.
    start : int
        First row to carry out.
    account, instrument, side, kind, price, lots, target : ndarray, shape (n,)
        Columns of `rights_market.records.Orders`, with sides and kinds that exist.
    out_reason, out_filled : ndarray, shape (n,)
        Written: the reason of refusal or 0, and the lots traded on arrival.  Read of `out_filled`: what `note_promised`
        wrote for requotes.

    Returns
    -------
    int
        Rows done.  If fewer than n, a free slot or room in the journal is needed before the next row can be carried
        out.
    """
    first = book.meta[NEXT_ID] - start
    done = len(account)
    for row in range(start, len(account)):
        if lacks_room(book, funds):
            done = row
            break
        i = at(row)
        promised = np.int64(0)
        if kind[i] == codes.REQUOTE:
            promised = promised_lots(row, target[i] - first, account, kind, lots, out_reason, out_filled)
        reason, filled = process(
            book,
            funds,
            first + row,
            np.int64(account[i]),
            np.int64(instrument[i]),
            np.int64(side[i]),
            np.int64(kind[i]),
            price[i],
            lots[i],
            target[i],
            promised,
        )
        out_reason[i] = reason
        out_filled[i] = filled
    book.meta[NEXT_ID] = first + done
    return done


@kernel
def match_one(
    orders: Int64,
    ladder: UInt32,
    slots: UInt32,
    heads: Int64,
    meta: Int64,
    trades: Int64,
    funds: Funds | None,
    account: Int,
    instrument: Int,
    side: Int,
    kind: Int,
    price: Int,
    lots: Int,
    target: Int,
) -> int:
    """Carry out one order.

    The arrays of the `Book` come one by one, and orders and trades as int64 words, because numba takes such arrays from
    Python several times faster than a tuple of arrays or an array of records.

    Returns
    -------
    int
        Order id of an accepted order; minus the reason of a refused one, which uses up an id too; `NEEDS_ROOM` or
        `MALFORMED` if nothing was done.
    """
    book = Book(orders.view(ORDER), ladder, slots, heads, meta, trades.view(TRADE))
    if is_malformed(side, kind):
        return MALFORMED
    order_id = meta[NEXT_ID]
    if (
        lacks_room(book, funds)
        or order_id - meta[BASE_ID] >= len(slots)
        or meta[TRADES] + meta[LIVE] >= len(book.trades)
    ):
        return NEEDS_ROOM
    meta[NEXT_ID] = order_id + 1
    reason, filled = process(book, funds, order_id, account, instrument, side, kind, price, lots, target, 0)
    return int(order_id) if reason == codes.ACCEPTED else -int(reason)


@kernel
def withdraw_slots(book: Book, funds: Funds | None, slots: Int64) -> None:
    """Take resting orders out of the book, in the order given, and release what they hold frozen."""
    for slot in slots:
        withdraw(book, funds, slot)


@kernel
def read_bid_covers(book: Book, funds: Funds, order_ids: Int64, out_cash: Int64) -> None:
    """Write the fen that live buy orders hold frozen; 0 for all other ids."""
    for i in range(len(order_ids)):
        slot = slot_named(book, order_ids[i], book.meta[NEXT_ID])
        out_cash[i] = 0
        if slot != NOBODY and book.orders[at(slot)]["side"] == BID:
            out_cash[i] = cover_of(funds, book, slot)
