"""A Dutch clock: the price falls until all is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rights_market.errors import PolicyError
from rights_market.policies.auction.terms import AuctionTerms
from rights_market.policies.rule import Ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class DescendingClock(AuctionTerms):
    """Clock whose price falls until all is claimed or the reserve is passed.

    Attributes
    ----------
    lot_size : int
        Lots in which claims are counted.
    reserve : int
        Price of the last tick, where the schedule has no reserve path.
    start : int
        First price, ticks.
    step : int
        Ticks by which the price falls; the last step ends on the reserve.
    pay : str
        Each claim pays the price at which it was made, or all pay that of the last claim.
    ration : str
        Claims above what is left share it in proportion, or are served in a drawn order.
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
    Dutch auction of emission permits: Veconlab [seen].
    """

    kind: Literal["descending_clock"] = "descending_clock"
    start: Ticks
    step: Ticks = 1
    pay: Literal["claim_price", "last_price"] = "claim_price"
    ration: Literal["pro_rata", "random"] = "pro_rata"

    def check(self) -> None:
        """Refuse a clock that begins below the reserve."""
        if self.start < self.reserve:
            raise PolicyError(f"descending clock: start {self.start} lies below reserve {self.reserve}")
