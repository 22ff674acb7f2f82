"""Who trades how much in a call auction in which one side has more lots: shares at the last price that is served."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.kernels.book import Rows
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]


def pro_rata(price_ticks: Int64, lots: Int64, volume: int) -> Int64:
    """Share a volume among the orders of one side: better prices in full, the last price served in proportion.

    Parameters
    ----------
    price_ticks, lots : ndarray of int64, shape (n,)
        Orders that take part, best price first and the earlier one first at a price.
    volume : int
        Lots that the side trades, at most all that it has.

    Returns
    -------
    ndarray of int64, shape (n,)
        Lots of each order; their sum is `volume`.  What is left of a division goes to the largest remainders, of equal
        ones to the earlier order.

    Examples
    --------
    >>> pro_rata(np.array([52, 50, 50, 50]), np.array([10, 6, 3, 3]), 15)
    array([10,  3,  1,  1])
    """
    share, left, start = np.zeros_like(lots), volume, 0
    while left > 0:
        stop = start + int(np.searchsorted(price_ticks[start:] != price_ticks[start], True))
        level = lots[start:stop]
        if int(level.sum()) <= left:
            share[start:stop] = level
        else:
            share[start:stop] = largest_remainder(left, level.tolist())
        left -= int(share[start:stop].sum())
        start = stop
    return share


def call_shares(orders: Rows, n_bids: int, price: int) -> Int64:
    """Return the lots that each order of one instrument trades in a call at a price, pro rata.

    Parameters
    ----------
    orders : ndarray of ORDER, shape (n,)
        Bids, then asks, each in priority.
    n_bids : int
    price : int
        Price of the call, ticks.
    """
    ticks, lots = orders["price"].astype(np.int64), orders["lots"].astype(np.int64)
    demand = int(np.searchsorted(-ticks[:n_bids], -price, side="right"))
    supply = n_bids + int(np.searchsorted(ticks[n_bids:], price, side="right"))
    volume = min(int(lots[:demand].sum()), int(lots[n_bids:supply].sum()))
    share = np.zeros_like(lots)
    for part in (slice(0, demand), slice(n_bids, supply)):
        share[part] = pro_rata(ticks[part], lots[part], volume)
    return share
