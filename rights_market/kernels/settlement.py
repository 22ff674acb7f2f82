"""Delivery versus payment inside a pre-funded book: what an order freezes, what a fill moves, what a fee costs.

A sell order freezes its lots.  A buy order freezes the most it can cost, which follows from its open lots, its
limit and the value filled so far, so that nothing more has to be kept with it.  Fees are charged on the running
total of an order, so that their sum does not depend on the number of fills.  Every movement is one row of the
registry's journal.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rights_market.kernels import ops
from rights_market.kernels.book import ASK, Book, Bool, Int, Int64, at, unlink
from rights_market.kernels.compiling import inlined

PPM = np.uint64(1_000_000)
TO_NEAREST = np.uint64(500_000)
UPWARD = np.uint64(999_999)
CASH = -1
NO_ONE = -1
LOCKED = 1


class Funds(NamedTuple):
    """The registry's arrays as the kernels use them.

    Attributes
    ----------
    free, frozen, locked : ndarray of int64, shape (n_instruments, n_accounts)
        Lots at the owner's disposal, lots behind sell orders, and the part of `free` that may not be sold today.
    cash, cash_frozen : ndarray of int64, shape (n_accounts,)
        Fen at the owner's disposal and behind buy orders.
    tick_value : ndarray of int64, shape (n_instruments,)
        Fen that one lot costs at one tick.
    buyer_ppm, seller_ppm : ndarray of int64, shape (n_instruments,)
        Fee in millionths of the traded value.
    lock_bought, is_open : ndarray of bool, shape (n_instruments,)
        Whether lots bought today may not be sold today; whether new orders are admitted.
    band_low, band_high : ndarray of int64, shape (n_instruments,)
        Prices that may be quoted, ticks.
    max_lots : ndarray of int64, shape (n_instruments,)
        Largest order whose value fits 64 bits at any price.
    fee_account, day : int
        Who receives fees; the trading day written to the journal.
    journal : tuple of ndarray
        ``rows``, records with the fields of the registry's journal, and ``filled``, the number of them written.
    """

    free: Int64
    frozen: Int64
    locked: Int64
    cash: Int64
    cash_frozen: Int64
    tick_value: Int64
    buyer_ppm: Int64
    seller_ppm: Int64
    lock_bought: Bool
    is_open: Bool
    band_low: Int64
    band_high: Int64
    max_lots: Int64
    fee_account: int
    day: int
    journal: Any


@inlined
def share_of(value: Int, ppm: Int, rounding: Any) -> Any:
    """Millionths of a value, split so that the product fits 64 bits, and unsigned because that divides faster."""
    whole, part = np.uint64(value) // PPM, np.uint64(value) % PPM
    return np.int64(whole * np.uint64(ppm) + (part * np.uint64(ppm) + rounding) // PPM)


@inlined
def fee_charged(value: Int, ppm: Int) -> Any:
    """Fee on a value, halves rounded up."""
    return share_of(value, ppm, TO_NEAREST)


@inlined
def fee_at_most(value: Int, ppm: Int) -> Any:
    """Fee on a value, rounded up."""
    return share_of(value, ppm, UPWARD)


@inlined
def bid_cover(funds: Funds, instrument: Int, price: Int, lots: Int, value: Int) -> Any:
    """Return the fen behind a buy order with `lots` open at limit `price` and `value` fen already filled."""
    ppm = funds.buyer_ppm[instrument]
    cost = lots * (price * funds.tick_value[instrument])
    return cost + fee_at_most(value + cost, ppm) - fee_charged(value, ppm)


@inlined
def note(
    funds: Funds,
    op: Int,
    reason: Int,
    account: Int,
    counterparty: Int,
    instrument: Int,
    lots: Int,
    cash: Int,
    ref: Int,
) -> None:
    """Write one row of the journal."""
    journal = funds.journal
    row = journal.rows[at(journal.filled[0])]
    journal.filled[0] += 1
    row["day"] = funds.day
    row["op"] = op
    row["reason"] = reason
    row["account"] = account
    row["counterparty"] = counterparty
    row["instrument"] = instrument
    row["lots"] = lots
    row["cash"] = cash
    row["ref"] = ref


@inlined
def freeze_cash(funds: Funds, account: Int, fen: Int, ref: Int) -> None:
    """Put cash behind a buy order; the caller has checked that it is there."""
    if fen != 0:
        funds.cash[account] -= fen
        funds.cash_frozen[account] += fen
        note(funds, ops.FREEZE_CASH, 0, account, NO_ONE, CASH, 0, fen, ref)


@inlined
def release_cash(funds: Funds, account: Int, fen: Int, ref: Int) -> None:
    """Give cash behind a buy order back."""
    if fen != 0:
        funds.cash_frozen[account] -= fen
        funds.cash[account] += fen
        note(funds, ops.RELEASE_CASH, 0, account, NO_ONE, CASH, 0, fen, ref)


@inlined
def freeze_lots(funds: Funds, account: Int, instrument: Int, lots: Int, ref: Int) -> None:
    """Put lots behind a sell order; the caller has checked that they are there."""
    funds.free[instrument, account] -= lots
    funds.frozen[instrument, account] += lots
    note(funds, ops.FREEZE, 0, account, NO_ONE, instrument, lots, 0, ref)


@inlined
def release_lots(funds: Funds, account: Int, instrument: Int, lots: Int, ref: Int) -> None:
    """Give lots behind a sell order back."""
    if lots != 0:
        funds.frozen[instrument, account] -= lots
        funds.free[instrument, account] += lots
        note(funds, ops.RELEASE, 0, account, NO_ONE, instrument, lots, 0, ref)


@inlined
def release_cover(
    funds: Funds, account: Int, instrument: Int, side: Int, price: Int, lots: Int, value: Int, ref: Int
) -> None:
    """Give back all that an order with `lots` open still holds frozen."""
    if side == ASK:
        release_lots(funds, account, instrument, lots, ref)
    else:
        release_cash(funds, account, bid_cover(funds, instrument, price, lots, value), ref)


@inlined
def settle(
    funds: Funds,
    buyer: Int,
    seller: Int,
    instrument: Int,
    lots: Int,
    fen: Int,
    bid_value: Int,
    ask_value: Int,
    bid_id: Int,
    ask_id: Int,
    ref: Int,
) -> None:
    """Deliver `lots` against `fen`, both frozen before, and charge both fees.

    `bid_value` and `ask_value` are what the two orders had filled before this trade.
    """
    lock = funds.lock_bought[instrument]
    funds.frozen[instrument, seller] -= lots
    funds.free[instrument, buyer] += lots
    if lock:
        funds.locked[instrument, buyer] += lots
    funds.cash_frozen[buyer] -= fen
    funds.cash[seller] += fen
    note(funds, ops.DELIVER, LOCKED if lock else 0, seller, buyer, instrument, lots, fen, ref)
    ppm = funds.buyer_ppm[instrument]
    charge = fee_charged(bid_value + fen, ppm) - fee_charged(bid_value, ppm)
    if charge != 0:
        funds.cash_frozen[buyer] -= charge
        funds.cash[funds.fee_account] += charge
        note(funds, ops.FEE_FROZEN, 0, buyer, funds.fee_account, CASH, 0, charge, bid_id)
    ppm = funds.seller_ppm[instrument]
    charge = fee_charged(ask_value + fen, ppm) - fee_charged(ask_value, ppm)
    if charge != 0:
        funds.cash[seller] -= charge
        funds.cash[funds.fee_account] += charge
        note(funds, ops.FEE, 0, seller, funds.fee_account, CASH, 0, charge, ask_id)


@inlined
def spend(funds: Funds, instrument: Int, price: Int, lots: Int, value: Int) -> Any:
    """Return the fen, fee included, that an order with `value` filled pays for `lots` more at `price`."""
    ppm = funds.buyer_ppm[instrument]
    cost = lots * (price * funds.tick_value[instrument])
    return cost + fee_charged(value + cost, ppm) - fee_charged(value, ppm)


@inlined
def affordable(funds: Funds, account: Int, instrument: Int, price: Int, lots: Int, value: Int) -> Any:
    """Return how many of `lots` at `price` the free cash of an account pays for, fee included."""
    cash = funds.cash[account]
    if spend(funds, instrument, price, lots, value) <= cash:
        return lots
    low, high = np.int64(0), np.int64(lots)
    while high - low > 1:
        middle = (low + high) // 2
        if spend(funds, instrument, price, middle, value) <= cash:
            low = middle
        else:
            high = middle
    return low


@inlined
def withdraw(book: Book, funds: Funds | None, slot: Int) -> None:
    """Take a resting order out of the book and release what it holds frozen."""
    if funds is not None:
        order = book.orders[at(slot)]
        release_cover(
            funds,
            order["account"],
            order["instrument"],
            order["side"],
            np.int64(order["price"]),
            order["lots"],
            order["value"],
            order["order_id"],
        )
    unlink(book, slot)
