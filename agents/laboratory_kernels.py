"""The laboratory's inner loops, compiled: its traders act one or a thousand at a time, thousands of times."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.kernels.compiling import kernel

Int8 = npt.NDArray[np.int8]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BID = 0
NO_ORDER = -1


@kernel
def choose_kinds(
    seat: Int64, side: Int8, wish_lots: Floats, order_id: Int64, requote: int, replace: int, out_kind: Int8
) -> None:
    """Write the kind of each quote of a batch: `replace` for who renews a quote for its last unit, else `requote`.

    Parameters
    ----------
    seat, side : ndarray, shape (n,)
        Columns of `agents.strategies.base.Quotes`.
    wish_lots, order_id : ndarray, shapes (n_seats,) and (n_seats, 2)
        Lots still wanted or offered, and latest bid and ask, -1 where none.
    requote, replace : int
        Codes of the two kinds.
    out_kind : ndarray, shape (n,)
        Written.
    """
    for i in range(len(seat)):
        renews_last = abs(wish_lots[seat[i]]) <= 1 and order_id[seat[i], side[i]] != NO_ORDER
        out_kind[i] = replace if renews_last else requote


@kernel
def add_to_sums(
    session: Int64,
    price: Int64,
    lots: Int64,
    gain: Int64,
    twice_competitive: int,
    out_lots: Int64,
    out_price: Int64,
    out_square: Int64,
    out_surplus: Int64,
) -> None:
    """Add trades to the sums of a day.

    Parameters
    ----------
    session, price, lots, gain : ndarray, shape (n_trades,)
        Session, price in ticks, units, and value less cost of a unit in ticks.
    twice_competitive : int
        Twice the competitive price, ticks.
    out_lots, out_price, out_square, out_surplus : ndarray, shape (n_sessions,)
        Sums over units of one, of price, of (2 price - 2 competitive price)^2 and of gain.  Modified in place.
    """
    for i in range(len(lots)):
        s, away = session[i], 2 * price[i] - twice_competitive
        out_lots[s] += lots[i]
        out_price[s] += price[i] * lots[i]
        out_square[s] += away * away * lots[i]
        out_surplus[s] += gain[i] * lots[i]


@kernel
def take_next_units(
    buyer: Int64, seller: Int64, maker: Int64, taker: Int64, wish_lots: Floats, quota: Int64, order_id: Int64
) -> Any:
    """Let traders of single units go on to their next one, and forget the orders that traded.

    Parameters
    ----------
    buyer, seller : ndarray, shape (n_trades,)
        Seats that traded.
    maker, taker : ndarray, shape (n_trades,)
        Orders that traded.
    wish_lots : ndarray, shape (n_seats,)
        Lots still wanted or offered.
    quota, order_id : ndarray, shapes (n_seats,) and (n_seats, 2)
        Modified in place.

    Returns
    -------
    bool
        Whether one of them has no unit left.
    """
    is_done = False
    for i in range(len(buyer)):
        for side in range(2):
            seat = buyer[i] if side == BID else seller[i]
            quota[seat] = 1 if abs(wish_lots[seat]) >= 1 else 0
            if quota[seat] == 0:
                is_done = True
            if order_id[seat, side] == maker[i] or order_id[seat, side] == taker[i]:
                order_id[seat, side] = -1
    return is_done
