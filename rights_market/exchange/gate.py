"""The gate before the books: who may enter an order today, how large it may be, and how much it may make one hold.

All orders of a table are judged in one pass, by what holds before any of them is carried out; several bids of one
account count together, in their order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.records import OrderKind, Orders, Reason
from rights_market.units import Side

Int8 = npt.NDArray[np.int8]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

NO_LIMIT = 1 << 60


def judge(
    orders: Orders, may_buy: Bool, may_sell: Bool, max_lots: Int64, headroom: Int64, trims: Bool
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
    headroom : ndarray of int64, shape (n_instruments, n_accounts)
        Lots that each account may still buy, `NO_LIMIT` where there is no limit.
    trims : ndarray of bool, shape (n_instruments,)
        Whether a bid beyond the headroom is cut, instead of refused.

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
    left: dict[tuple[int, int], int] = {}
    limited = enters & buys & (reason == Reason.ACCEPTED) & (headroom[at] < NO_LIMIT)
    for row in np.flatnonzero(limited).tolist():
        key = int(orders.instrument[row]), int(orders.account[row])
        room = left.setdefault(key, max(0, int(headroom[key])))
        if lots[row] > room:
            lots[row] = room if trims[key[0]] else 0
        if lots[row] <= 0:
            reason[row] = Reason.HOLDING_LIMIT
        left[key] -= int(lots[row])
    return reason, lots
