"""One-way auctions: which bids for one seller's lots are served, and at what price; purchases are the mirror image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.exchange.auction_result import serve_in_order
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Served(NamedTuple):
    """Lots that each bid is served with, and what each pays for a lot, ticks; both of shape (n,)."""

    lots: Int64
    paid_ticks: Int64


def ranked(side: Side, price_ticks: Int64) -> npt.NDArray[np.intp]:
    """Return bids from the best to the worst: dearer first in a sale, cheaper first in a purchase, then the earlier.

    Parameters
    ----------
    side : Side
        Side of the one who announced the auction.
    price_ticks : ndarray of int64, shape (n,)
        In the order in which the bids came.
    """
    return np.lexsort((np.arange(len(price_ticks)), -price_ticks if side is Side.ASK else price_ticks))


def serve(
    side: Side, volume: int, price_ticks: Int64, lots: Int64, *, divisible: bool, uniform: bool, out: Bool | None = None
) -> Served:
    """Return what each bid gets.

    Parameters
    ----------
    side : Side
        Side of the one who announced the auction.
    volume : int
        Lots announced.
    price_ticks, lots : ndarray of int64, shape (n,)
        Bids in the order in which they came.
    divisible : bool
        Whether several bids can share the volume; if not, the best one that takes all of it is served.
    uniform : bool
        Whether all pay the price of the last bid that is served.
    out : ndarray of bool, shape (n,), optional
        Bids that are passed over.

    Examples
    --------
    >>> price, lots = np.array([42, 45, 42]), np.array([4, 5, 4])
    >>> serve(Side.ASK, 10, price, lots, divisible=True, uniform=True)
    Served(lots=array([4, 5, 1]), paid_ticks=array([42, 42, 42]))
    """
    wanted = lots if out is None else np.where(out, 0, lots)
    if not divisible:
        wanted = np.where(wanted >= volume, volume, 0)
    served = serve_in_order(volume, wanted, ranked(side, price_ticks))
    paid = price_ticks.copy()
    if uniform and served.any():
        met = price_ticks[served > 0]
        paid[:] = met.min() if side is Side.ASK else met.max()
    return Served(served, paid)
