"""How an order enters a book: it is covered, trades what it can, and its rest queues or lapses."""

from __future__ import annotations

from typing import Any

import numpy as np

from rights_market.kernels import codes
from rights_market.kernels.admission import cover_for, is_fillable, refuse_cover
from rights_market.kernels.book import BASE_ID, BID, COUNT, MAX_PRICE, NOBODY, Book, Int, at, head, queue_last
from rights_market.kernels.compiling import inlined
from rights_market.kernels.crossing import match
from rights_market.kernels.requoting import may_rest
from rights_market.kernels.settlement import (
    Funds,
    bid_cover,
    buyer_fee,
    freeze_cash,
    freeze_lots,
    release_cash,
    release_lots,
)


@inlined
def freeze_on_entry(funds: Funds, order_id: Int, account: Int, instrument: Int, side: Int, cover: Int) -> None:
    """Freeze the cover of an order that was found to have it."""
    if side == BID:
        freeze_cash(funds, account, cover, order_id)
    else:
        freeze_lots(funds, account, instrument, cover, order_id)


@inlined
def release_unused(
    funds: Funds,
    order_id: Int,
    account: Int,
    instrument: Int,
    side: Int,
    limit: Int,
    cover: Int,
    rest: Int,
    value: Int,
    rests: bool,
) -> None:
    """Release what an order froze on entry and needs no longer: price improvement, and a rest that lapses."""
    if side == BID:
        spent = value + buyer_fee(funds, instrument, value)
        kept = bid_cover(funds, instrument, limit, rest, value) if rests else np.int64(0)
        release_cash(funds, account, cover - spent - kept, order_id)
    elif not rests:
        release_lots(funds, account, instrument, rest, order_id)


@inlined
def enter(
    book: Book,
    funds: Funds | None,
    order_id: Int,
    account: Int,
    instrument: Int,
    side: Int,
    kind: Int,
    price: Int,
    lots: Int,
) -> Any:
    """Cover and match an order with admissible terms, and let its rest queue or lapse; return (reason, filled)."""
    heads = book.heads
    is_market = kind == codes.MARKET
    # A market buy has no limit to be covered at: it pays fill by fill from free cash.
    pays_as_it_goes = is_market and side == BID
    limit = np.int64(price)
    if is_market:
        limit = heads[head(instrument, MAX_PRICE)] if side == BID else np.int64(1)
    cover = np.int64(0)
    if funds is not None and not pays_as_it_goes:
        cover = cover_for(funds, instrument, side, limit, lots)
        reason = refuse_cover(funds, account, instrument, side, cover, 0)
        if reason != codes.ACCEPTED:
            return reason, np.int64(0)
    if is_market and heads[head(instrument, COUNT + 1 - side)] == 0:
        return np.int64(codes.NO_COUNTERPARTY), np.int64(0)
    if kind == codes.FOK and not is_fillable(book, account, instrument, side, limit, lots):
        return np.int64(codes.NOT_FILLABLE), np.int64(0)
    if funds is not None and not pays_as_it_goes:
        freeze_on_entry(funds, order_id, account, instrument, side, cover)
    rest, value, stop = match(book, funds, order_id, account, instrument, side, is_market, limit, lots)
    rests = rest > 0 and stop == codes.ACCEPTED and may_rest(kind)
    if funds is not None and not pays_as_it_goes and (rest < lots or not rests):
        release_unused(funds, order_id, account, instrument, side, limit, cover, rest, value, rests)
    if rests:
        queue_last(book, order_id, account, instrument, side, limit, rest, value)
    elif rest == lots and stop != codes.ACCEPTED:
        return stop, np.int64(0)
    elif rest == lots and is_market:
        return np.int64(codes.NO_COUNTERPARTY), np.int64(0)
    return np.int64(codes.ACCEPTED), lots - rest


@inlined
def shrink(book: Book, funds: Funds | None, slot: Int, order_id: Int, lots: Int) -> None:
    """Reduce a resting order where it stands in its queue; from now on it goes by the new order id."""
    order = book.orders[at(slot)]
    before = order["lots"]
    if funds is not None:
        account, instrument = order["account"], order["instrument"]
        if order["side"] == BID:
            price, value = np.int64(order["price"]), order["value"]
            fen = bid_cover(funds, instrument, price, before, value) - bid_cover(funds, instrument, price, lots, value)
            release_cash(funds, account, fen, order_id)
        else:
            release_lots(funds, account, instrument, before - lots, order_id)
    base = book.meta[BASE_ID]
    book.slots[at(order["order_id"] - base)] = NOBODY
    book.slots[at(order_id - base)] = slot
    order["order_id"] = order_id
    order["lots"] = lots
