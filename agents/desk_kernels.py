"""The desk's inner loop, compiled: in rounds of a thousand quotes, numpy calls cost more than what they compute."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rights_market.kernels.compiling import kernel

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BID: Final = 0
NOTHING: Final = -1
ROUND_UP: Final = 1.0 + 1e-12
"""So that no rounding of floats lets a trader bid a fen more than it has."""


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
    tick_value: Int64,
    fee_factor: Floats,
    least_fee: Int64,
    free: Int64,
    frozen: Int64,
    locked: Int64,
    cash: Int64,
    behind: Int64,
    out_account: Int32,
    out_instrument: Int32,
    out_target: Int64,
    out_lots: Int64,
) -> Any:
    """Write account, instrument and former order of each quote, and how many of its lots the seat can cover.

    What withdrawing the former order would free matters only to those whose free means do not suffice.

    Parameters
    ----------
    seat, side, price, lots : ndarray, shape (n,)
        Columns of `agents.strategies.base.Quotes`.
    right, account : ndarray, shape (n_seats,)
        Right and account of each seat.
    order_id : ndarray, shape (n_seats, 2)
        Latest bid and ask of each seat.
    front, tick_value, fee_factor, least_fee : ndarray, shape (n_rights,)
        The one usable instrument of each right, fen of one lot at one tick, 1 plus the buyer's fee, and the least that
        it is, fen.
    free, frozen, locked : ndarray, shape (n_instruments, n_accounts)
        Lots that each account has, that it has behind orders, and that it may not sell today.
    cash : ndarray, shape (n_accounts,)
        Free cash, fen.
    behind : ndarray, shape (n,)
        Cash behind the former bid of each quote, fen.
    out_account, out_instrument, out_target, out_lots : ndarray, shape (n,)
        Written.

    Returns
    -------
    n_short, n_kept : int
        Bids for which free cash does not suffice, and quotes with lots left.
    """
    n_short, n_kept = 0, 0
    for i in range(len(seat)):
        s = seat[i]
        r = right[s]
        who = account[s]
        instrument = front[r]
        able = lots[i]
        if side[i] == BID:
            value = max(price[i] * tick_value[r], 1)
            cost = value * fee_factor[r] * ROUND_UP
            if cash[who] < cost * able or cash[who] - least_fee[r] < value * able:
                n_short += 1
                money = cash[who] + behind[i]
                able = min(able, np.int64(np.floor(money / cost)))
                able = min(able, max(money - least_fee[r], 0) // value)
        else:
            unlocked = free[instrument, who] - locked[instrument, who]
            if unlocked < able:
                able = min(able, unlocked + frozen[instrument, who])
        if able > 0:
            n_kept += 1
        out_account[i] = who
        out_instrument[i] = instrument
        out_target[i] = order_id[s, side[i]]
        out_lots[i] = able
    return n_short, n_kept


@kernel
def find_able(
    rows: Int64,
    wish_lots: Floats,
    right: Int64,
    account: Int32,
    usable: Int64,
    free: Int64,
    frozen: Int64,
    locked: Int64,
    cash: Int64,
    cash_frozen: Int64,
    out_able: Bools,
) -> None:
    """Write whether each seat has the lots or the cash to trade at all, what is behind its orders included.

    Parameters
    ----------
    rows : ndarray, shape (n,)
        Seats that are asked.
    wish_lots, right, account : ndarray, shape (n_seats,)
        Columns of `agents.seats.Seats`.
    usable : ndarray, shape (n_rights, most)
        Usable instruments of each right, `NOTHING` behind the last.
    free, frozen, locked : ndarray, shape (n_instruments, n_accounts)
        Lots that each account has, that it has behind orders, and that it may not sell today.
    cash, cash_frozen : ndarray, shape (n_accounts,)
        Free cash and cash behind orders, fen.
    out_able : ndarray, shape (n,)
        Written.
    """
    for i in range(len(rows)):
        seat = rows[i]
        who = account[seat]
        if wish_lots[seat] > 0:
            out_able[i] = cash[who] + cash_frozen[who] > 0
            continue
        lots = np.int64(0)
        for k in range(usable.shape[1]):
            instrument = usable[right[seat], k]
            if instrument != NOTHING:
                lots += free[instrument, who] + frozen[instrument, who] - locked[instrument, who]
        out_able[i] = lots > 0


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
