"""The inner loop of zero-intelligence quoting, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.kernels.compiling import kernel

Int8 = npt.NDArray[np.int8]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BID = 0
ASK = 1


@kernel
def no_loss_ranges(
    rows: Int64,
    right: Int64,
    wish_lots: Floats,
    value: Floats,
    quota: Int64,
    price_low: Int64,
    price_high: Int64,
    largest_order: Int64,
    out_seat: Int64,
    out_side: Int8,
    out_low: Int64,
    out_width: Int64,
    out_lots: Int64,
) -> Any:
    """Write side, lots and range of prices without loss of each seat that has such a price.

    Parameters
    ----------
    rows : ndarray, shape (n,)
        Seats that are asked.
    right, wish_lots, value, quota : ndarray, shape (n_seats,)
        Columns of `agents.seats.Seats`.
    price_low, price_high, largest_order : ndarray, shape (n_rights,)
        Today's lowest and highest price, ticks, and the lots that an order may hold.
    out_seat, out_side, out_low, out_width, out_lots : ndarray, shape (n,)
        Written from the start: seat, side, lowest price, number of prices, and lots.

    Returns
    -------
    int
        Seats written.
    """
    n = 0
    for i in range(len(rows)):
        seat = rows[i]
        r = right[seat]
        buys = wish_lots[seat] > 0
        # Both bounds are computed for both sides: no processor can guess who buys.
        most, least = np.int64(np.floor(value[seat])), np.int64(np.ceil(value[seat]))
        low = price_low[r] if buys else max(price_low[r], least)
        high = min(price_high[r], most) if buys else price_high[r]
        if low > high:
            continue
        out_seat[n] = seat
        out_side[n] = BID if buys else ASK
        out_low[n] = low
        out_width[n] = high - low + 1
        out_lots[n] = min(quota[seat], largest_order[r])
        n += 1
    return n


@kernel
def scale_draws(draw: Floats, low: Int64, width: Int64, out_price: Int64) -> None:
    """Write the whole tick on which each draw falls.

    Parameters
    ----------
    draw : ndarray, shape (n,)
        Uniform draws from 0 to below 1.
    low, width : ndarray, shape (n,)
        Lowest price and number of prices, ticks.
    out_price : ndarray, shape (n,)
        Written.
    """
    for i in range(len(draw)):
        out_price[i] = low[i] + np.int64(draw[i] * width[i])
