"""What happens when an arriving order meets the other side: trades at the resting price, best and oldest first."""

from __future__ import annotations

from typing import Any

import numpy as np

from rights_market.kernels import codes
from rights_market.kernels.book import (
    BASE_ID,
    BEST,
    BID,
    CANCEL_INCOMING,
    COUNT,
    FIRST,
    FREE,
    LAST,
    LIVE,
    NOBODY,
    SELF_TRADE,
    SELF_TRADE_OFF,
    TRADES,
    Book,
    Int,
    at,
    eagerness,
    head,
    next_best,
    queue_end,
)
from rights_market.kernels.compiling import inlined
from rights_market.kernels.settlement import (
    Funds,
    affordable,
    bid_cover,
    freeze_cash,
    release_cash,
    release_cover,
    settle,
    spend,
)


@inlined
def write_trade(
    book: Book, slot: Int, order_id: Int, account: Int, instrument: Int, side: Int, price: Int, lots: Int
) -> None:
    """Append a trade between the resting order in `slot` and an arriving order."""
    meta = book.meta
    maker = book.orders[at(slot)]
    owner = np.int64(maker["account"])
    trade = book.trades[at(meta[TRADES])]
    meta[TRADES] += 1
    trade["maker"] = maker["order_id"]
    trade["taker"] = order_id
    trade["price_ticks"] = price
    trade["lots"] = lots
    trade["instrument"] = instrument
    trade["buyer"] = account if side == BID else owner
    trade["seller"] = owner if side == BID else account
    trade["taker_side"] = side


@inlined
def settle_fill(
    book: Book,
    funds: Funds,
    slot: Int,
    order_id: Int,
    account: Int,
    instrument: Int,
    side: Int,
    price: Int,
    lots: Int,
    value: Int,
) -> Any:
    """Settle one fill against the resting order in `slot` and return its value in fen."""
    maker = book.orders[at(slot)]
    fen = lots * (price * funds.tick_value[instrument])
    owner, maker_id, before = np.int64(maker["account"]), maker["order_id"], maker["value"]
    # One way for both sides: the code of a settlement is long, and is compiled once then.
    buys = side == BID
    settle(
        funds,
        account if buys else owner,
        owner if buys else account,
        instrument,
        lots,
        fen,
        value if buys else before,
        before if buys else value,
        order_id if buys else maker_id,
        maker_id if buys else order_id,
        order_id,
    )
    maker["value"] = before + fen
    if maker["lots"] == lots and side != BID:
        # What rounding the fee up had kept frozen for a buyer who is now served.
        rest = bid_cover(funds, instrument, price, 0, before + fen)
        release_cash(funds, maker["account"], rest, maker["order_id"])
    return fen


@inlined
def match(
    book: Book,
    funds: Funds | None,
    order_id: Int,
    account: Int,
    instrument: Int,
    side: Int,
    is_market: bool,
    limit: Int,
    lots: Int,
) -> Any:
    """Trade an arriving order against the other side.

    Returns
    -------
    rest : int
        Lots that did not trade.
    value : int
        Fen traded, 0 in a bare book.
    reason : int
        Why the rest may not trade on nor rest: SELF_TRADE, INSUFFICIENT_CASH, or ACCEPTED.
    """
    orders, ladder, heads, meta = book.orders, book.ladder, book.heads, book.meta
    rule = meta[SELF_TRADE]
    other = 1 - side
    rest, value, reason = np.int64(lots), np.int64(0), np.int64(codes.ACCEPTED)
    eager = eagerness(side, limit)
    best = heads[head(instrument, BEST + other)]
    while rest > 0 and eager >= eagerness(side, best) and reason == codes.ACCEPTED:
        end = queue_end(book, instrument, best, FIRST)
        first = np.int64(ladder[end])
        slot, last, gone = first, np.int64(NOBODY), np.int64(0)
        while slot != NOBODY and rest > 0:
            maker = orders[at(slot)]
            waiting = maker["lots"]
            size = min(rest, waiting)
            if rule != SELF_TRADE_OFF and maker["account"] == account:
                if rule == CANCEL_INCOMING:
                    reason = np.int64(codes.SELF_TRADE)
                    break
                if funds is not None:
                    release_cover(funds, account, instrument, other, best, waiting, maker["value"], maker["order_id"])
                size = waiting
            else:
                if funds is not None:
                    if is_market and side == BID:
                        size = affordable(funds, account, instrument, best, size, value)
                        if size == 0:
                            reason = np.int64(codes.INSUFFICIENT_CASH)
                            break
                        freeze_cash(funds, account, spend(funds, instrument, best, size, value), order_id)
                    value += settle_fill(book, funds, slot, order_id, account, instrument, side, best, size, value)
                write_trade(book, slot, order_id, account, instrument, side, best, size)
                rest -= size
            if size == waiting:
                book.slots[at(maker["order_id"] - meta[BASE_ID])] = NOBODY
                last = slot
                gone += 1
                slot = np.int64(maker["next"])
            else:
                maker["lots"] = waiting - size
        # Those who left are linked already, and join the free slots as they are.
        free = meta[FREE]
        orders[at(last)]["next"] = free
        meta[FREE] = first if gone > 0 else free
        meta[LIVE] -= gone
        heads[head(instrument, COUNT + other)] -= gone
        ladder[end] = slot
        orders[at(slot)]["prev"] = NOBODY
        if slot == NOBODY:
            ladder[end + at(LAST)] = NOBODY
            best = next_best(book, instrument, other, best)
            heads[head(instrument, BEST + other)] = best
    return rest, value, reason
