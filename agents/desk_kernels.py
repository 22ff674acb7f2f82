"""The desk's inner loop, compiled: in rounds of a thousand quotes, numpy calls cost more than what they compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.kernels.compiling import kernel

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BID = 0


@kernel
def fill_orders(
    seat: Int64,
    side: Int8,
    price: Int64,
    lots: Int64,
    right: Int64,
    account: Int32,
    order_id: Int64,
    front: Int64,
    cost_of_tick: Floats,
    free: Int64,
    locked: Int64,
    cash: Int64,
    out_account: Int32,
    out_instrument: Int32,
    out_target: Int64,
) -> Any:
    """Write account, instrument and former order of each quote, as long as free means cover it in full.

    Parameters
    ----------
    seat, side, price, lots : ndarray, shape (n,)
        Columns of `agents.strategies.base.Quotes`.
    right, account : ndarray, shape (n_seats,)
        Right and account of each seat.
    order_id : ndarray, shape (n_seats, 2)
        Latest bid and ask of each seat.
    front : ndarray, shape (n_rights,)
        The one usable instrument of each right.
    cost_of_tick : ndarray of float64, shape (n_rights,)
        Fen of one lot at one tick, fees included, rounded up.
    free, locked : ndarray, shape (n_instruments, n_accounts)
        Lots that each account has, and those that it may not sell today.
    cash : ndarray, shape (n_accounts,)
        Free cash, fen.
    out_account, out_instrument, out_target : ndarray, shape (n,)
        Written.

    Returns
    -------
    bool
        Whether every quote was covered; if not, what was written is of no use.
    """
    for i in range(len(seat)):
        s = seat[i]
        r = right[s]
        who = account[s]
        instrument = front[r]
        if lots[i] <= 0:
            return False
        if side[i] == BID:
            if cash[who] < max(price[i], 1) * cost_of_tick[r] * lots[i]:
                return False
        elif free[instrument, who] - locked[instrument, who] < lots[i]:
            return False
        out_account[i] = who
        out_instrument[i] = instrument
        out_target[i] = order_id[s, side[i]]
    return True


@kernel
def note_orders(seat: Int64, side: Int8, reason: Int8, first_id: int, order_id: Int64) -> None:
    """Note the latest order of each seat: row i of a batch has the id `first_id` + i, or -1 where it was refused."""
    for i in range(len(seat)):
        order_id[seat[i], side[i]] = first_id + i if reason[i] == 0 else -1


@kernel
def book_trades(
    instrument: Int32,
    buyer: Int32,
    seller: Int32,
    lots: Int64,
    right_of: Int64,
    seat_of: Int64,
    quota: Int64,
    wish_lots: Floats,
) -> None:
    """Take what was traded off the wishes and today's quotas of buyers and sellers.

    Parameters
    ----------
    instrument, buyer, seller, lots : ndarray, shape (n_trades,)
        Columns of `rights_market.records.Trades`.
    right_of : ndarray, shape (n_instruments,)
        Right of each instrument.
    seat_of : ndarray, shape (n_rights, n_accounts)
        Seat of each account in each right, -1 where it has none.
    quota, wish_lots : ndarray, shape (n_seats,)
        Modified in place.
    """
    for i in range(len(lots)):
        right = right_of[instrument[i]]
        seat = seat_of[right, buyer[i]]
        if seat >= 0:
            quota[seat] -= lots[i]
            wish_lots[seat] -= lots[i]
        seat = seat_of[right, seller[i]]
        if seat >= 0:
            quota[seat] -= lots[i]
            wish_lots[seat] += lots[i]


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
