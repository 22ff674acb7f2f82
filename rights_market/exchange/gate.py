"""The gate before the books: who may enter an order today, how large it may be, and how much it may make one hold.

All orders of a table are judged in one pass, by what holds before any of them is carried out; several bids of one
account count together, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.records import OrderKind, Orders, Reason
from rights_market.units import Side

Int8 = npt.NDArray[np.int8]
Rows = npt.NDArray[np.integer[Any]]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

NO_LIMIT = 1 << 60


class Room(NamedTuple):
    """What may still be bought under one limit; both of shape (n_instruments, n_accounts).

    Attributes
    ----------
    lots : ndarray of int64
        `NO_LIMIT` where there is no limit.
    pool : ndarray of int64
        Which instruments and accounts share the room.
    """

    lots: Int64
    pool: Int64


def judge(
    orders: Orders, may_buy: Bool, may_sell: Bool, max_lots: Int64, rooms: Sequence[Room], trims: Bool
) -> tuple[Int8, Int64]:
    """Return why each order may not enter, and the lots with which it may.

    Parameters
    ----------
    orders : Orders
        Rows of instruments and accounts that exist.
    may_buy, may_sell : ndarray of bool, shape (n_instruments, n_accounts)
        Who is admitted.
    max_lots : ndarray of int64, shape (n_instruments,)
        Largest order, `NO_LIMIT` where there is none.
    rooms : sequence of Room
        What may still be bought under each limit.
    trims : ndarray of bool, shape (n_instruments,)
        Whether a bid beyond the room is cut, instead of refused.

    Returns
    -------
    reason : ndarray of int8, shape (n,)
        `Reason`, `Reason.ACCEPTED` for orders that may go on to the book.
    lots : ndarray of int64, shape (n,)
    """
    at = orders.instrument, orders.account
    enters, buys = orders.kind != OrderKind.CANCEL, orders.side == Side.BID
    reason = np.zeros(len(orders), np.int8)
    admitted = np.where(buys, may_buy[at], may_sell[at])
    reason[enters & ~admitted] = Reason.NOT_ADMITTED
    reason[enters & (reason == Reason.ACCEPTED) & (orders.lots > max_lots[orders.instrument])] = Reason.TOO_LARGE
    lots = orders.lots.copy()
    limited = np.zeros(len(orders), np.bool_)
    for room in rooms:
        limited |= room.lots[at] < NO_LIMIT
    rows = np.flatnonzero(limited & enters & buys & (reason == Reason.ACCEPTED))
    allowed = allot(orders.instrument[rows], orders.account[rows], lots[rows], rooms, trims)
    lots[rows] = allowed
    reason[rows[allowed <= 0]] = Reason.HOLDING_LIMIT
    return reason, lots


def allot(instrument: Rows, account: Rows, lots: Int64, rooms: Sequence[Room], trims: Bool | None = None) -> Int64:
    """Return the lots that wishes to buy may have, one after the other.

    Parameters
    ----------
    instrument, account : ndarray of int, shape (n,)
    lots : ndarray of int64, shape (n,)
    rooms : sequence of Room
    trims : ndarray of bool, shape (n_instruments,), optional
        Whether a wish beyond the room is cut, instead of left out; without it, all are.
    """
    left: dict[tuple[int, int], int] = {}
    allowed = lots.copy()
    for row, (i, a) in enumerate(zip(instrument.tolist(), account.tolist(), strict=True)):
        keys = [(k, int(room.pool[i, a])) for k, room in enumerate(rooms) if room.lots[i, a] < NO_LIMIT]
        most = min((left.setdefault(key, int(rooms[key[0]].lots[i, a])) for key in keys), default=NO_LIMIT)
        if allowed[row] > most:
            allowed[row] = most if trims is None or trims[i] else 0
        for key in keys:
            left[key] -= int(allowed[row])
    return allowed
