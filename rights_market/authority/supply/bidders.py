"""What the government asks of those who bid: bids, demand, claims.  Nobody but the institution moves property."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rights_market.exchange.sealed_bid import SealedBids
from rights_market.policies.auction import Auction

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class ReserveBids(NamedTuple):
    """Bids in a sale at fixed prices; all of shape (n,).

    Attributes
    ----------
    account, lots : ndarray of int64
    tier : ndarray of int64
        Highest tier, counted from 0, whose price each bid pays.
    """

    account: Int64
    lots: Int64
    tier: Int64


class Bidders(Protocol):
    """Those who may bid in one auction or sale."""

    @property
    def accounts(self) -> Int32:
        """Account of each bidder in a clock, shape (n,)."""

    def sealed(self, terms: Auction) -> SealedBids:
        """Return sealed bids in whole lot sizes."""

    def demand(self, price_ticks: int, excess: int | None) -> Int64:
        """Return the lots that each bidder wants at the price of a rising clock, told by how much demand exceeds."""

    def shot(self, price_ticks: int, lots: Int64) -> Int64:
        """Return the price that each bidder offers for the lots that it still wants."""

    def claim(self, price_ticks: int, left: int) -> Int64:
        """Return the further lots that each bidder claims at the price of a falling clock."""

    def reserve_bids(self, prices: tuple[int, ...]) -> ReserveBids:
        """Return bids for lots sold in tiers at these prices, ticks."""

    def ceiling_bids(self, price_ticks: int) -> ReserveBids:
        """Return bids for units sold at a ceiling price; their tier is 0."""
