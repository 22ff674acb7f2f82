"""The inner loops of zero-intelligence-plus traders, compiled: each shout of a market is heard by all of them.

Traders are the positions in the strategy's own arrays; `seats` gives the seat of each.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rights_market.kernels.compiling import inlined, kernel

Int8 = npt.NDArray[np.int8]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BID: Final = 0
ASK: Final = 1
ACCEPTED: Final = 0
SILENT: Final = -1
LEAST_VALUE: Final = 1.0
"""Ticks: a margin is a share of the value, and a share of nothing could not move."""


@inlined
def price_of(value: float, side: int, margin: float) -> Any:
    """Return what a trader quotes before rounding, ticks."""
    return max(value, LEAST_VALUE) * (1.0 - margin if side == BID else 1.0 + margin)


@inlined
def rounded(price: float, side: int) -> Any:
    """Return a price in whole ticks, on the safe side of the limit."""
    return np.floor(price) if side == BID else np.ceil(price)


@kernel
def read_sides(seats: Int64, wish_lots: Floats, side: Int8) -> None:
    """Note the side of each trader that wants to trade; the others keep the one they had.

    Parameters
    ----------
    seats : ndarray, shape (n,)
    wish_lots : ndarray, shape (n_seats,)
        Lots wanted (above 0) or offered (below 0).
    side : ndarray, shape (n,)
        Modified in place.
    """
    for i in range(len(seats)):
        wish = wish_lots[seats[i]]
        if wish != 0:
            side[i] = BID if wish > 0 else ASK


@kernel
def quote_margins(
    rows: Int64,
    at: Int64,
    right: Int64,
    value: Floats,
    quota: Int64,
    side: Int8,
    margin: Floats,
    price_low: Int64,
    price_high: Int64,
    largest_order: Int64,
    out_seat: Int64,
    out_side: Int8,
    out_price: Int64,
    out_lots: Int64,
) -> Any:
    """Write the quote of each trader that need not leave the allowed range on its own side of it.

    Parameters
    ----------
    rows, at : ndarray, shape (n_asked,)
        Seats that are asked, and the traders that sit there.
    right, value, quota : ndarray, shape (n_seats,)
        Columns of `agents.seats.Seats`.
    side, margin : ndarray, shape (n,)
        Of each trader.
    price_low, price_high, largest_order : ndarray, shape (n_rights,)
        Today's lowest and highest price, ticks, and the lots that an order may hold.
    out_seat, out_side, out_price, out_lots : ndarray, shape (n_asked,)
        Written from the start.

    Returns
    -------
    int
        Quotes written.
    """
    n = 0
    for i in range(len(rows)):
        seat, trader = rows[i], at[i]
        r, which = right[seat], side[trader]
        low, high = price_low[r], price_high[r]
        price = np.int64(rounded(price_of(value[seat], which, margin[trader]), which))
        if price < low if which == BID else price > high:
            continue
        out_seat[n] = seat
        out_side[n] = which
        out_price[n] = min(max(price, low), high)
        out_lots[n] = min(quota[seat], largest_order[r])
        n += 1
    return n


@kernel
def order_shouts(
    first_id: int,
    reason: Int8,
    filled: Int64,
    maker: Int64,
    taker: Int64,
    trade_price: Int64,
    seat: Int64,
    right: Int64,
    most: int,
    count: Int64,
    out_wave: Int64,
    out_price: Int64,
) -> None:
    """Put the shouts of a batch in waves, one a market, and find at what price each was accepted.

    Parameters
    ----------
    first_id : int
        Order id of row 0.
    reason, filled, seat : ndarray, shape (n,)
        Of each row: why it was refused, lots traded on arrival, and the seat that sent it.
    maker, taker, trade_price : ndarray, shape (n_trades,)
        Columns of `rights_market.records.Trades`.
    right : ndarray, shape (n_seats,)
        Market of each seat.
    most : int
        How many of the last shouts of a market are heard.
    count : ndarray, shape (2, n_rights)
        Zeros; used up.
    out_wave : ndarray, shape (n,)
        Written: 0 for the first shout of a market, 1 for the second...; `SILENT` for rows that nobody hears.
    out_price : ndarray, shape (n,)
        Zeros; written: the price of the trade, ticks, where a row traded on arrival.
    """
    for i in range(len(seat)):
        if reason[i] == ACCEPTED:
            count[0, right[seat[i]]] += 1
    for i in range(len(seat)):
        out_wave[i] = SILENT
        if reason[i] == ACCEPTED:
            r = right[seat[i]]
            if count[0, r] - count[1, r] <= most:
                out_wave[i] = count[1, r]
            count[1, r] += 1
    # A maker of the same batch was refused when it shouted, except in a call auction, where all arrive at once.
    for i in range(len(maker)):
        row = maker[i] - first_id
        if row >= 0 and filled[row] > 0:
            out_price[row] = trade_price[i]
    for i in range(len(taker)):
        row = taker[i] - first_id
        if row >= 0 and filled[row] > 0:
            out_price[row] = trade_price[i]


@kernel
def shouts_of_wave(
    number: int,
    wave: Int64,
    trade_price: Int64,
    seat: Int64,
    side: Int8,
    price: Int64,
    right: Int64,
    out_heard: Bools,
    out_side: Int8,
    out_price: Floats,
    out_accepted: Bools,
) -> None:
    """Write the shouts of one wave, at most one a market.

    Parameters
    ----------
    number : int
        The wave.
    wave, trade_price, seat, side, price : ndarray, shape (n,)
        Of each row: what `order_shouts` wrote, and the columns of `agents.strategies.base.Quotes`.
    right : ndarray, shape (n_seats,)
        Market of each seat.
    out_heard, out_side, out_price, out_accepted : ndarray, shape (n_rights,)
        Zeros; written where there was a shout.
    """
    for i in range(len(wave)):
        if wave[i] == number:
            r = right[seat[i]]
            out_heard[r] = True
            out_side[r] = side[i]
            out_accepted[r] = trade_price[i] > 0
            out_price[r] = trade_price[i] if trade_price[i] > 0 else price[i]


@kernel
def find_moved(
    seats: Int64,
    right: Int64,
    value: Floats,
    wish_lots: Floats,
    side: Int8,
    margin: Floats,
    able: Bools,
    heard: Bools,
    shout_side: Int8,
    shout_price: Floats,
    accepted: Bools,
    out_moved: Int64,
    out_up: Bools,
) -> Any:
    """Write whose margin moves after a shout, and whether towards a target above it.

    Parameters
    ----------
    seats, side, margin, able : ndarray, shape (n,)
        Of each trader; `able` says whether it has the means to trade.
    right, value, wish_lots : ndarray, shape (n_seats,)
        Columns of `agents.seats.Seats`.
    heard, shout_side, shout_price, accepted : ndarray, shape (n_rights,)
        Columns of `agents.strategies.zero_intelligence_plus.Shouts`.
    out_moved, out_up : ndarray, shape (n,)
        Written from the start.

    Returns
    -------
    int
        Traders written.
    """
    n = 0
    for i in range(len(seats)):
        seat = seats[i]
        r = right[seat]
        if not heard[r]:
            continue
        q, buys = shout_price[r], side[i] == BID
        # In whole ticks, or a trader would seem to quote better than its own shout.
        quoted = rounded(price_of(value[seat], side[i], margin[i]), side[i])
        gains = quoted >= q if buys else quoted <= q
        misses = quoted <= q if buys else quoted >= q
        widens = accepted[r] and gains
        narrows = not widens and misses and accepted[r] != (side[i] == shout_side[r])
        narrows = narrows and wish_lots[seat] != 0 and able[i]
        if widens or narrows:
            out_moved[n] = i
            out_up[n] = narrows if buys else widens
            n += 1
    return n


@kernel
def move_margins(
    moved: Int64,
    up: Bools,
    relative: Floats,
    absolute: Floats,
    seats: Int64,
    right: Int64,
    value: Floats,
    shout_price: Floats,
    price_low: Int64,
    price_high: Int64,
    side: Int8,
    rate: Floats,
    momentum: Floats,
    margin: Floats,
    drift: Floats,
) -> None:
    """Apply the Widrow-Hoff rule with momentum towards a target just beyond a shout.

    Parameters
    ----------
    moved, up, relative, absolute : ndarray, shape (n_moved,)
        Traders, whether their target lies above the shout, and how far beyond: shares of the price and of the range.
    seats : ndarray, shape (n,)
        Seat of each trader.
    right, value : ndarray, shape (n_seats,)
        Columns of `agents.seats.Seats`.
    shout_price, price_low, price_high : ndarray, shape (n_rights,)
        Price shouted and today's lowest and highest price, ticks.
    side, rate, momentum : ndarray, shape (n,)
        Of each trader.
    margin, drift : ndarray, shape (n,)
        Modified in place.
    """
    for k in range(len(moved)):
        i = moved[k]
        seat = seats[i]
        r = right[seat]
        q, sign = shout_price[r], 1.0 if up[k] else -1.0
        price = price_of(value[seat], side[i], margin[i])
        beyond = absolute[k] * (price_high[r] - price_low[r] + 1)
        target = q * (1.0 + sign * relative[k]) + sign * beyond
        drift[i] = momentum[i] * drift[i] + (1.0 - momentum[i]) * rate[i] * (target - price)
        share = (price + drift[i]) / max(value[seat], LEAST_VALUE)
        # A margin never becomes a loss, and a buyer's quote never falls below 0.
        margin[i] = min(max(1.0 - share, 0.0), 1.0) if side[i] == BID else max(share - 1.0, 0.0)
