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
