"""Sealed bids, each at its own price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rights_market.policies.auction.sealed_uniform import secret_ticks
from rights_market.policies.auction.terms import AuctionTerms
from rights_market.policies.rule import Share
from rights_market.units import Exact


@dataclass(frozen=True, slots=True, kw_only=True)
class PayAsBid(AuctionTerms):
    """Sealed bids, highest first, every winner pays what it bid.

    Attributes
    ----------
    lot_size : int
        Lots in which bids and awards are counted.
    reserve : int
        Lowest price, ticks, where the schedule has no reserve path.
    tie : str
        Bids at the marginal price are served in a drawn order, in proportion, or in order of arrival.
    undersubscribed : str
        With less bid for than offered: cancel, or serve all bids (`lowest_bid`).  There is no one price at which all
        could be served at the reserve.
    secret_reserve : Decimal or None
        Share below the mean secondary price of five days; an auction whose lowest accepted bid lies lower is cancelled.
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
    Cason & Plott 1996, JEEM 30:133; Grimm & Ilieva 2013, Journal of Regulatory Economics 44:243 [known].
    """

    kind: Literal["pay_as_bid"] = "pay_as_bid"
    tie: Literal["random", "pro_rata", "time"] = "random"
    undersubscribed: Literal["cancel", "lowest_bid"] = "lowest_bid"
    secret_reserve: Share | None = None

    def secret_reserve_ticks(self, secondary_mean_ticks: Exact) -> int | None:
        """Return the price under which the lowest accepted bid must not lie, ticks; None without a secret reserve."""
        return secret_ticks(self.secret_reserve, secondary_mean_ticks)
