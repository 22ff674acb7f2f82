"""Sealed bids at one price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from rights_market.policies.auction.terms import AuctionTerms
from rights_market.policies.rule import Share
from rights_market.units import Exact, ceil, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedUniform(AuctionTerms):
    """Sealed bids, highest first, all winners pay one price.

    The exchange clears by these terms (`rights_market.exchange.sealed_bid.clear`).

    Attributes
    ----------
    lot_size : int
        Lots in which bids and awards are counted.
    reserve : int
        Lowest price, ticks, where the schedule has no reserve path.
    tie : str
        Bids at the marginal price are served in a drawn order, in proportion, or in order of arrival.
    undersubscribed : str
        With less bid for than offered: cancel, sell at the lowest accepted bid, or sell at the reserve.
    pricing : str
        Price of the last accepted or of the first rejected bid.
    secret_reserve : Decimal or None
        Share below the mean secondary price of five days under which the auction is cancelled.
    schedule : AuctionSchedule
        When how much is offered, and what becomes of lots that nobody took; quarterly by default.
    limits : AuctionLimits or None
        How much one bidder may win.
    delivery_days : int
        Trading days after the auction on which lots are delivered and paid; 0: at once.
    eligible : str
        Who may bid: firms with a duty (``compliance``), or ``all`` whom the right admits to auctions.

    References
    ----------
    Commission Regulation (EU) 1031/2010, article 7; UK regulations of 2021, regulation 7 [seen]; price of the first
    rejected bid [approx].
    """

    kind: Literal["sealed_uniform"] = "sealed_uniform"
    tie: Literal["random", "pro_rata", "time"] = "random"
    undersubscribed: Literal["cancel", "lowest_bid", "reserve"] = "lowest_bid"
    pricing: Literal["last_accepted", "first_rejected"] = "last_accepted"
    secret_reserve: Share | None = None

    def secret_reserve_ticks(self, secondary_mean_ticks: Exact) -> int | None:
        """Return the lowest price that is not cancelled, ticks; None without a secret reserve.

        Parameters
        ----------
        secondary_mean_ticks : int, Decimal or Fraction
            Mean price of the last five days in the secondary market, not rounded.

        Examples
        --------
        >>> SealedUniform(secret_reserve=Decimal("0.05")).secret_reserve_ticks(6801)
        6461
        """
        return secret_ticks(self.secret_reserve, secondary_mean_ticks)


def secret_ticks(share: Decimal | None, secondary_mean_ticks: Exact) -> int | None:
    """Return the lowest price, ticks, that lies no more than `share` below a mean price; None without a share."""
    return None if share is None else ceil((1 - Fraction(share)) * exact(secondary_mean_ticks))
