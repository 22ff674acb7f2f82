"""Clearing of a call auction: which orders take part, at which price, and who trades."""

from __future__ import annotations

from typing import Any

import numpy as np

from rights_market.kernels import codes
from rights_market.kernels.admission import cover_for, refuse_cover, refuse_parties, refuse_terms
from rights_market.kernels.book import (
    ASK,
    BID,
    NEXT_ID,
    NOBODY,
    TRADES,
    Book,
    Int,
    Int8,
    Int32,
    Int64,
    Rows,
    at,
    slot_named,
    unlink,
)
from rights_market.kernels.compiling import inlined, kernel
from rights_market.kernels.entry import freeze_on_entry
from rights_market.kernels.settlement import Funds, bid_cover, buyer_fee, release_cash, settle

# Journal rows that a call can cause: one to cover a new order, and for each order that may trade its share of the
# pairings (fewer than there are orders, five rows each) and one release.
ROWS_OF_NEW = 1
ROWS_OF_CANDIDATE = 6


@kernel
def collect_orders(
    book: Book,
    funds: Funds | None,
    account: Int32,
    instrument: Int32,
    side: Int8,
    price: Int64,
    lots: Int64,
    out_reason: Int8,
) -> None:
    """Check and cover limit orders, of sides that exist, without matching them.

    Every row gets an order id, accepted or not; the accepted ones are not in the book yet.
    """
    first = book.meta[NEXT_ID]
    for row in range(len(account)):
        who, what, way = np.int64(account[row]), np.int64(instrument[row]), np.int64(side[row])
        reason = refuse_parties(book, funds, who, what)
        if reason == codes.ACCEPTED:
            reason = refuse_terms(book, funds, what, codes.LIMIT, price[row], lots[row])
        if funds is not None and reason == codes.ACCEPTED:
            cover = cover_for(funds, what, way, price[row], lots[row])
            reason = refuse_cover(funds, who, what, way, cover, 0)
            if reason == codes.ACCEPTED:
                freeze_on_entry(funds, first + row, who, what, way, cover)
        out_reason[row] = reason
    book.meta[NEXT_ID] = first + len(account)


@kernel
def clearing_tick(orders: Rows, start: int, n_bids: int, stop: int, reference: int) -> Any:
    """Find the price of a call among the orders of one instrument.

    Parameters
    ----------
    orders : ndarray of ORDER
        The orders in rows `start` to `stop`: first the bids, then the asks, each best price first.
    start, n_bids, stop : int
        Which rows they are, and how many of them are bids.
    reference : int
        Price near which to stay among equally good ones, ticks; below 0 for the middle of them.

    Returns
    -------
    int
        Ticks, 0 if no bid meets an ask.

    Notes
    -----
    Demand changes above a bid and supply at an ask, so that prices between two of them are alike: one pass over them,
    upwards, meets every price that can differ.  The best ones have no gap, because excess demand falls with the price.
    """
    asks = start + n_bids
    if n_bids == 0 or asks == stop or orders[start]["price"] < orders[asks]["price"]:
        return 0
    tick, highest = orders[asks]["price"], orders[start]["price"]
    demand, supply = np.int64(0), np.int64(0)
    bid, ask = asks - 1, asks
    for i in range(start, asks):
        demand += orders[i]["lots"]
    first, last, most, least = tick, tick, np.int64(-1), np.int64(0)
    while tick <= highest:
        while bid >= start and orders[bid]["price"] < tick:
            demand -= orders[bid]["lots"]
            bid -= 1
        while ask < stop and orders[ask]["price"] <= tick:
            supply += orders[ask]["lots"]
            ask += 1
        after = orders[bid]["price"] + 1
        if ask < stop:
            after = min(after, orders[ask]["price"])
        volume, excess = min(demand, supply), abs(demand - supply)
        if volume > most or (volume == most and excess < least):
            first, last, most, least = tick, after - 1, volume, excess
        elif volume == most and excess == least:
            last = after - 1
        tick = after
    if reference < 0:
        return (first + last + 1) // 2
    return min(max(reference, first), last)


@inlined
def write_call_trade(book: Book, bid: Any, ask: Any, price: Int, lots: Int) -> None:
    """Append a trade whose maker is the older of the two orders."""
    meta = book.meta
    trade = book.trades[at(meta[TRADES])]
    meta[TRADES] += 1
    bid_is_younger = bid["order_id"] > ask["order_id"]
    trade["maker"] = ask["order_id"] if bid_is_younger else bid["order_id"]
    trade["taker"] = bid["order_id"] if bid_is_younger else ask["order_id"]
    trade["price_ticks"] = price
    trade["lots"] = lots
    trade["instrument"] = bid["instrument"]
    trade["buyer"] = bid["account"]
    trade["seller"] = ask["account"]
    trade["taker_side"] = BID if bid_is_younger else ASK


@kernel
def pair_orders(
    book: Book, funds: Funds | None, price: Int, bids: Rows, asks: Rows, bid_most: Int64, ask_most: Int64
) -> None:
    """Trade bids with asks of one instrument at one price, best and oldest first, and settle.

    Parameters
    ----------
    book : Book
        Trades are appended to it.
    funds : Funds or None
        Modified in place; None for a bare book.
    price : int
        Price of all trades, ticks.
    bids, asks : ndarray of ORDER
        Orders in priority; ``lots`` and ``value`` are brought up to date.
    bid_most, ask_most : ndarray of int64
        Lots that each order may trade, counted down.
    """
    b, a = 0, 0
    while b < len(bids) and a < len(asks) and bids[b]["price"] >= price and asks[a]["price"] <= price:
        bid, ask = bids[b], asks[a]
        size = min(bid_most[b], ask_most[a])
        if size == 0:
            b += bid_most[b] == 0
            a += ask_most[a] == 0
            continue
        write_call_trade(book, bid, ask, price, size)
        if funds is not None:
            instrument = np.int64(bid["instrument"])
            fen = size * (price * funds.tick_value[instrument])
            bid_id, ask_id = bid["order_id"], ask["order_id"]
            settle(
                funds,
                np.int64(bid["account"]),
                np.int64(ask["account"]),
                instrument,
                size,
                fen,
                bid["value"],
                ask["value"],
                bid_id,
                ask_id,
                max(bid_id, ask_id),
            )
            bid["value"] += fen
            ask["value"] += fen
        bid["lots"] -= size
        ask["lots"] -= size
        bid_most[b] -= size
        ask_most[a] -= size


@kernel
def release_and_update(book: Book, funds: Funds | None, before: Rows, after: Rows) -> None:
    """Release what a call made free, and bring the orders that rested before it up to date.

    Parameters
    ----------
    book, funds : Book, Funds or None
        Modified in place.
    before, after : ndarray of ORDER, shape (n,)
        Orders of one instrument, as they came and as the call left them.  Those that do not rest yet are not
        queued here: their tick may still hold the other side.
    """
    for i in range(len(after)):
        old, order = before[i], after[i]
        lots, value = order["lots"], order["value"]
        if lots == old["lots"]:
            continue
        if funds is not None and order["side"] == BID:
            instrument, price = np.int64(order["instrument"]), np.int64(order["price"])
            was_paid = old["value"] + buyer_fee(funds, instrument, old["value"])
            spent = value + buyer_fee(funds, instrument, value) - was_paid
            kept = bid_cover(funds, instrument, price, lots, value) if lots > 0 else np.int64(0)
            was = bid_cover(funds, instrument, price, old["lots"], old["value"])
            release_cash(funds, np.int64(order["account"]), was - spent - kept, order["order_id"])
        slot = slot_named(book, order["order_id"], book.meta[NEXT_ID])
        if slot != NOBODY:
            book.orders[at(slot)]["lots"] = lots
            book.orders[at(slot)]["value"] = value
            if lots == 0:
                unlink(book, slot)


@kernel
def find_prices(orders: Rows, reference: Int64, out_start: Int64, out_bids: Int64, out_price: Int64) -> int:
    """Write where the orders of each instrument start, how many of them are bids, and the price of its call.

    Parameters
    ----------
    orders : ndarray of ORDER, shape (n,)
        All orders that take part, by instrument, bids before asks, in priority.
    reference : ndarray of int64, shape (n_instruments,)
        Price of each near which to stay among equally good ones, ticks; below 0 for the middle of them.
    out_start, out_bids, out_price : ndarray of int64, shape (n_instruments,)
        Written, one entry for each instrument that has orders; a price of 0 where no bid meets an ask.

    Returns
    -------
    int
        Number of entries written.
    """
    start, n = 0, 0
    while start < len(orders):
        instrument = orders[start]["instrument"]
        stop, n_bids = start, 0
        while stop < len(orders) and orders[stop]["instrument"] == instrument:
            n_bids += orders[stop]["side"] == BID
            stop += 1
        out_start[n], out_bids[n] = start, n_bids
        out_price[n] = clearing_tick(orders, start, n_bids, stop, reference[instrument])
        n += 1
        start = stop
    return n


@kernel
def clear_call(
    book: Book,
    funds: Funds | None,
    before: Rows,
    after: Rows,
    most: Int64,
    starts: Int64,
    n_bids: Int64,
    prices: Int64,
) -> None:
    """Trade the orders of each instrument at its own clearing price, and release what became free.

    Parameters
    ----------
    book, funds : Book, Funds or None
        Modified in place.
    before : ndarray of ORDER, shape (n,)
        All orders that take part, by instrument, bids before asks, in priority.
    after : ndarray of ORDER, shape (n,)
        A copy of them; ``lots`` and ``value`` are brought up to date.
    most : ndarray of int64, shape (n,)
        Lots that each order may trade, counted down.
    starts, n_bids, prices : ndarray of int64, shape (n_called,)
        As `find_prices` wrote them.
    """
    for k in range(len(prices)):
        start, price = starts[k], prices[k]
        asks, stop = start + n_bids[k], len(before)
        if k + 1 < len(prices):
            stop = starts[k + 1]
        if price > 0:
            pair_orders(book, funds, price, after[start:asks], after[asks:stop], most[start:asks], most[asks:stop])
            release_and_update(book, funds, before[start:stop], after[start:stop])
