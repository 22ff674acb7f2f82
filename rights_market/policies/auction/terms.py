"""What all kinds of auction have in common: lot size, reserve price, dates, limits of a bidder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge

from rights_market.policies.auction.limits import AuctionLimits
from rights_market.policies.auction.schedule import AuctionSchedule
from rights_market.policies.rule import Days, Rule, Ticks


def _quarterly() -> AuctionSchedule:
    return AuctionSchedule(per_year=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctionTerms(Rule):
    """Base of the kinds of auction.

    Attributes
    ----------
    lot_size : int
        Lots in which bids and awards are counted.
    reserve : int
        Lowest price, ticks, where the schedule has no reserve path.
    schedule : AuctionSchedule
        When how much is offered, and what becomes of lots that nobody took.
    limits : AuctionLimits or None
        How much one bidder may win; None: as much as it bids for.
    delivery_days : int
        Trading days after the auction on which lots are delivered and paid; until then winners keep their money, but
        for what they have put up.  0: at once.
    eligible : str
        Who may bid: firms with a duty (``compliance``), or ``all`` whom the right admits to auctions.

    References
    ----------
    Commission Regulation (EU) 1031/2010, articles 45 and 47: delivery and payment by the second trading day, and
    common practice the next one [seen]; eligible bidders: articles 18 to 20 [known].
    """

    lot_size: Annotated[int, Ge(1)] = 1
    reserve: Ticks = 1
    schedule: AuctionSchedule = field(default_factory=_quarterly)
    limits: AuctionLimits | None = None
    delivery_days: Days = 0
    eligible: Literal["compliance", "all"] = "compliance"

    def reserve_ticks(self, year: int, floors: Iterable[int] = ()) -> int:
        """Return the lowest price of a year at which lots are sold, ticks.

        Parameters
        ----------
        year : int
            Calendar year of the auction.
        floors : iterable of int
            Price floors of other rules; the highest of all holds.

        Raises
        ------
        PolicyError
            If the reserve path begins later.
        """
        path = self.schedule.reserve_path
        own = self.reserve if path is None else path.price(year)
        return max((own, *floors))
