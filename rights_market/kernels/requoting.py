"""Quoting anew: an order that takes the place of another, whatever that has traded meanwhile.

A requote's lots are all that its sender wants from the moment its table of orders is submitted.  What the order that
it names had to trade at that moment is promised by it; what of this no longer waits when the row's turn comes counts as
traded.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from rights_market.kernels import codes
from rights_market.kernels.book import NEXT_ID, NOBODY, Book, Int, Int8, Int32, Int64, at, slot_named
from rights_market.kernels.compiling import inlined, kernel
from rights_market.kernels.settlement import Funds, withdraw

# What is promised where a requote names an order of another account.
ANOTHERS: Final = -1


@inlined
def may_rest(kind: Int) -> Any:
    """Whether what an order does not trade on arrival waits in the book."""
    return kind == codes.LIMIT or kind == codes.REPLACE or kind == codes.REQUOTE


@kernel
def note_promised(book: Book, account: Int32, kind: Int8, target: Int64, out_promised: Int64) -> None:
    """Write for each requote the lots that wait in the order it names before the first row is carried out.

    It is 0 where that order is not live, and `ANOTHERS` where it belongs to another account.
    """
    for row in range(len(kind)):
        if kind[row] == codes.REQUOTE:
            slot = slot_named(book, target[row], book.meta[NEXT_ID])
            out_promised[row] = 0
            if slot != NOBODY:
                order = book.orders[at(slot)]
                out_promised[row] = order["lots"] if order["account"] == account[row] else np.int64(ANOTHERS)


@inlined
def promised_lots(row: Int, named: Int, account: Int32, kind: Int8, lots: Int64, reason: Int8, promised: Int64) -> Any:
    """Return what the order that a requote names had to trade since the rows began.

    It is what `note_promised` found, or all lots of an order that entered with row `named` of the same table.
    """
    if named < 0 or named >= row:
        return promised[at(row)]
    i = at(named)
    if reason[i] != codes.ACCEPTED or not may_rest(kind[i]):
        return np.int64(0)
    return lots[i] if account[i] == account[at(row)] else np.int64(ANOTHERS)


@inlined
def take_place(
    book: Book, funds: Funds | None, order_id: Int, account: Int, lots: Int, target: Int, promised: Int
) -> Any:
    """Withdraw the order that a requote names; return (reason, lots that are still wanted)."""
    slot = slot_named(book, target, order_id)
    if promised == ANOTHERS or (slot != NOBODY and book.orders[at(slot)]["account"] != account):
        return np.int64(codes.NOT_OWNER), lots
    waiting = np.int64(0)
    if slot != NOBODY:
        waiting = book.orders[at(slot)]["lots"]
        withdraw(book, funds, slot)
    traded = max(promised - waiting, 0)
    if 0 < lots <= traded:
        return np.int64(codes.UNKNOWN_ORDER), lots
    return np.int64(codes.ACCEPTED), lots - traded
