"""Demand in a sealed-bid auction, as rules see it that act inside the clearing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


class BidCurve(NamedTuple):
    """Valid bids of an auction; both of shape (n,).

    Attributes
    ----------
    price_ticks, lots : ndarray of int64
    """

    price_ticks: Int64
    lots: Int64

    def above(self, price_ticks: int) -> int:
        """Return the lots bid at higher prices than this."""
        return int(self.lots[self.price_ticks > price_ticks].sum())

    def at_least(self, price_ticks: int) -> int:
        """Return the lots bid at this price or higher ones."""
        return int(self.lots[self.price_ticks >= price_ticks].sum())
