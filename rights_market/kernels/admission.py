"""What is checked before an order may touch a book: its terms, and that its owner can cover it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from rights_market.kernels import codes
from rights_market.kernels.book import (
    ASK,
    BEST,
    BID,
    CANCEL_INCOMING,
    COUNT,
    FIRST,
    HEAD_ENTRIES,
    MAX_PRICE,
    NOBODY,
    SELF_TRADE,
    SELF_TRADE_OFF,
    Book,
    Int,
    at,
    head,
    queue_end,
)
from rights_market.kernels.compiling import inlined
from rights_market.kernels.settlement import Funds, bid_cover

# Keeps sums of lots over a whole book inside 64 bits; a pre-funded book has a tighter bound for each instrument.
MAX_LOTS: Final = 1 << 40


@inlined
def refuse_parties(book: Book, funds: Funds | None, account: Int, instrument: Int) -> Any:
    """Return why no such account or instrument can trade here, or ACCEPTED."""
    if instrument < 0 or instrument >= len(book.heads) // HEAD_ENTRIES:
        return codes.UNKNOWN_INSTRUMENT
    if account < 0:
        return codes.UNKNOWN_ACCOUNT
    if funds is not None and account >= len(funds.cash):
        return codes.UNKNOWN_ACCOUNT
    return codes.ACCEPTED


@inlined
def refuse_terms(book: Book, funds: Funds | None, instrument: Int, kind: Int, price: Int, lots: Int) -> Any:
    """Return why an order with these terms cannot be taken, or ACCEPTED."""
    if funds is not None and not funds.is_open[instrument]:
        return codes.MARKET_CLOSED
    if lots <= 0:
        return codes.OFF_LOT
    if lots > MAX_LOTS:
        return codes.TOO_LARGE
    if kind != codes.MARKET and (price < 1 or price > book.heads[head(instrument, MAX_PRICE)]):
        return codes.OUTSIDE_PRICE_RANGE
    if funds is not None:
        if kind != codes.MARKET and (price < funds.band_low[instrument] or price > funds.band_high[instrument]):
            return codes.OUTSIDE_PRICE_LIMIT
        if lots > funds.max_lots[instrument]:
            return codes.TOO_LARGE
    return codes.ACCEPTED


@inlined
def cover_for(funds: Funds, instrument: Int, side: Int, price: Int, lots: Int) -> Any:
    """Return what a new order must freeze: lots for an ask, fen for a bid."""
    return bid_cover(funds, instrument, price, lots, 0) if side == BID else np.int64(lots)


@inlined
def refuse_cover(funds: Funds, account: Int, instrument: Int, side: Int, cover: Int, credit: Int) -> Any:
    """Return why an account cannot freeze `cover`, or ACCEPTED; `credit` is what the order it replaces releases."""
    if side == BID:
        return codes.INSUFFICIENT_CASH if cover > funds.cash[account] + credit else codes.ACCEPTED
    free = funds.free[instrument, account] + credit
    if free < cover:
        return codes.INSUFFICIENT_HOLDINGS
    if free - funds.locked[instrument, account] < cover:
        return codes.RESALE_BAN
    return codes.ACCEPTED


@inlined
def is_fillable(book: Book, account: Int, instrument: Int, side: Int, limit: Int, lots: Int) -> Any:
    """Whether others' orders within the limit add up to `lots`."""
    heads, orders = book.heads, book.orders
    rule = book.meta[SELF_TRADE]
    other = 1 - side
    sign = 1 - 2 * side
    price = heads[head(instrument, BEST + other)]
    left = heads[head(instrument, COUNT + other)]
    missing = np.int64(lots)
    while left > 0 and (price - limit) * sign <= 0:
        slot = np.int64(book.ladder[queue_end(book, instrument, price, FIRST)])
        while slot != NOBODY:
            left -= 1
            if rule == SELF_TRADE_OFF or orders[at(slot)]["account"] != account:
                missing -= orders[at(slot)]["lots"]
                if missing <= 0:
                    return True
            elif rule == CANCEL_INCOMING:
                return False
            slot = np.int64(orders[at(slot)]["next"])
        price += sign
    return False


@inlined
def cover_of(funds: Funds, book: Book, slot: Int) -> Any:
    """Return what a resting order holds frozen: lots for an ask, fen for a bid."""
    order = book.orders[at(slot)]
    if order["side"] == ASK:
        return order["lots"]
    return bid_cover(funds, order["instrument"], np.int64(order["price"]), order["lots"], order["value"])
