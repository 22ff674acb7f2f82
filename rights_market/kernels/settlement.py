"""Delivery versus payment inside a pre-funded book: what an order freezes, what a fill moves, what a fee costs.

A sell order freezes its lots.  A buy order freezes the most it can cost, which follows from its open lots, its
limit and the value filled so far, so that nothing more has to be kept with it.  Fees and taxes are charged on the
running total of an order, so that their sum does not depend on the number of fills.  What a seller is charged comes out
of the proceeds first, then out of its free cash; what neither covers stays unpaid and is counted.  Proceeds that may
not be used for some days stay with the seller's frozen cash.  Every movement is one row of the registry's journal.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from rights_market.kernels import codes, ops
from rights_market.kernels.book import ASK, Book, Bool, Int, Int64, at, unlink
from rights_market.kernels.compiling import inlined

PPM = np.uint64(1_000_000)
TO_NEAREST = np.uint64(500_000)
UPWARD = np.uint64(999_999)
CASH = -1
NO_ONE = -1
GOVERNMENT = 0

# Entries of a row of `Funds.charges`: one line of the processor's cache.
BUYER_PPM: Final = 0
SELLER_PPM: Final = 1
BUYER_LEAST: Final = 2
SELLER_LEAST: Final = 3
TAX_PPM: Final = 4
RECEIVER: Final = 5
CHARGED: Final = 6
TAXED: Final = 7
CHARGE_ENTRIES: Final = 8


class Funds(NamedTuple):
    """The registry's arrays as the kernels use them.

    Attributes
    ----------
    free, frozen, locked : ndarray of int64, shape (n_instruments, n_accounts)
        Lots at the owner's disposal, lots behind sell orders, and the part of `free` that may not be sold today.
    cash, cash_frozen : ndarray of int64, shape (n_accounts,)
        Fen at the owner's disposal, and behind buy orders or held back.
    due : ndarray of int64, shape (most days, n_accounts)
        Proceeds inside `cash_frozen` by the closings, less one, after which they may be used.
    tick_value : ndarray of int64, shape (n_instruments,)
        Fen that one lot costs at one tick.
    charges : ndarray of int64, shape (n_instruments, CHARGE_ENTRIES)
        Fees of buyer and seller in millionths of the traded value, the least that an order which trades is charged on
        each side, fen, the tax on sellers in millionths, and the account that receives fees.  The last two entries are
        written: fees and taxes taken so far, fen.
    lock_bought, is_open : ndarray of bool, shape (n_instruments,)
        Whether lots bought today may not be sold today; whether new orders are admitted.
    cash_lag : ndarray of int64, shape (n_instruments,)
        Closings after which the proceeds of a sale may be used, 0 for at once.
    band_low, band_high : ndarray of int64, shape (n_instruments,)
        Prices that may be quoted, ticks.
    max_lots : ndarray of int64, shape (n_instruments,)
        Largest order whose value fits 64 bits at any price.
    unpaid : ndarray of int64, shape (n_accounts,)
        Fees that sellers could not pay, fen; added to.
    day : int
        The trading day written to the journal.
    journal : tuple of ndarray
        ``rows``, records with the fields of the registry's journal, and ``filled``, the number of them written.
    """

    free: Int64
    frozen: Int64
    locked: Int64
    cash: Int64
    cash_frozen: Int64
    due: Int64
    tick_value: Int64
    charges: Int64
    lock_bought: Bool
    cash_lag: Int64
    is_open: Bool
    band_low: Int64
    band_high: Int64
    max_lots: Int64
    unpaid: Int64
    day: int
    journal: Any


@inlined
def share_of(value: Int, ppm: Int, rounding: Any) -> Any:
    """Millionths of a value, split so that the product fits 64 bits, and unsigned because that divides faster."""
    whole, part = np.uint64(value) // PPM, np.uint64(value) % PPM
    return np.int64(whole * np.uint64(ppm) + (part * np.uint64(ppm) + rounding) // PPM)


@inlined
def fee(value: Int, ppm: Int, least: Int, rounding: Any) -> Any:
    """Fee on the value that an order has traded, at least the minimum once it has traded."""
    return max(share_of(value, ppm, rounding), least if value > 0 else np.int64(0))


@inlined
def buyer_fee(funds: Funds, instrument: Int, value: Int) -> Any:
    """Fee on the value that a buy order has traded, halves rounded up."""
    charges = funds.charges
    return fee(value, charges[instrument, BUYER_PPM], charges[instrument, BUYER_LEAST], TO_NEAREST)


@inlined
def seller_fee(funds: Funds, instrument: Int, value: Int) -> Any:
    """Fee on the value that a sell order has traded, halves rounded up."""
    charges = funds.charges
    return fee(value, charges[instrument, SELLER_PPM], charges[instrument, SELLER_LEAST], TO_NEAREST)


@inlined
def bid_cover(funds: Funds, instrument: Int, price: Int, lots: Int, value: Int) -> Any:
    """Return the fen behind a buy order with `lots` open at limit `price` and `value` fen already filled."""
    charges = funds.charges
    cost = lots * (price * funds.tick_value[instrument])
    most = fee(value + cost, charges[instrument, BUYER_PPM], charges[instrument, BUYER_LEAST], UPWARD)
    return cost + most - buyer_fee(funds, instrument, value)


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
    lock, charges = funds.lock_bought[instrument], funds.charges
    receiver = charges[instrument, RECEIVER]
    funds.frozen[instrument, seller] -= lots
    funds.free[instrument, buyer] += lots
    if lock:
        funds.locked[instrument, buyer] += lots
    funds.cash_frozen[buyer] -= fen
    lag = funds.cash_lag[instrument]
    held: Int = np.int64(0)
    if lag == 0:
        funds.cash[seller] += fen
    else:
        held = fen
        funds.cash_frozen[seller] += fen
        funds.due[lag - 1, seller] += fen
    reason = (codes.LOCKED if lock else 0) + (codes.HELD if lag != 0 else 0)
    note(funds, ops.DELIVER, reason, seller, buyer, instrument, lots, fen, ref)
    charge = buyer_fee(funds, instrument, bid_value + fen) - buyer_fee(funds, instrument, bid_value)
    if charge != 0:
        funds.cash_frozen[buyer] -= charge
        funds.cash[receiver] += charge
        charges[instrument, CHARGED] += charge
        note(funds, ops.FEE_FROZEN, 0, buyer, receiver, CASH, 0, charge, bid_id)
    ppm = charges[instrument, TAX_PPM]
    if ppm != 0:
        tax = share_of(ask_value + fen, ppm, TO_NEAREST) - share_of(ask_value, ppm, TO_NEAREST)
        charges[instrument, TAXED] += charge_seller(funds, seller, GOVERNMENT, tax, held, lag, codes.TAX, ask_id)
        held -= min(tax, held)
    charge = seller_fee(funds, instrument, ask_value + fen) - seller_fee(funds, instrument, ask_value)
    if charge != 0:
        paid = charge_seller(funds, seller, receiver, charge, held, lag, 0, ask_id)
        charges[instrument, CHARGED] += paid
        if paid != charge:
            funds.unpaid[seller] += charge - paid


@inlined
def charge_seller(
    funds: Funds, seller: Int, receiver: Int, fen: Int, held: Int, lag: Int, reason: Int, ref: Int
) -> Any:
    """Move a charge out of the `held` proceeds, then out of free cash, and return what was paid.

    A minimum can be more than the proceeds and all other free cash.
    """
    early = min(fen, held)
    if early != 0:
        funds.cash_frozen[seller] -= early
        funds.due[lag - 1, seller] -= early
        funds.cash[receiver] += early
        note(funds, ops.FEE_FROZEN, reason, seller, receiver, CASH, 0, early, ref)
    late = min(fen - early, funds.cash[seller])
    if late != 0:
        funds.cash[seller] -= late
        funds.cash[receiver] += late
        note(funds, ops.FEE, reason, seller, receiver, CASH, 0, late, ref)
    return early + late


@inlined
def spend(funds: Funds, instrument: Int, price: Int, lots: Int, value: Int) -> Any:
    """Return the fen, fee included, that an order with `value` filled pays for `lots` more at `price`."""
    cost = lots * (price * funds.tick_value[instrument])
    return cost + buyer_fee(funds, instrument, value + cost) - buyer_fee(funds, instrument, value)


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
