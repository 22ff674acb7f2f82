"""Lots that are taken out of an auction, for good, when demand is weak at a trigger price."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from rights_market.policies.auction.price_path import PricePath
from rights_market.policies.rule import Rule, Share
from rights_market.policies.stability.bid_curve import BidCurve
from rights_market.policies.stability.size import Size
from rights_market.units import floor


class Withheld(NamedTuple):
    """What is taken out of an auction.

    Attributes
    ----------
    lots : int
        Lots that are not sold and are cancelled.
    at_trigger : bool
        Whether what is left is just what is bid for at the trigger, which is then the price.
    """

    lots: int
    at_trigger: bool


def _tenth() -> Size:
    return Size(share=Decimal("0.1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionsContainmentReserve(Rule):
    """Lots that are not bid for at a trigger price are withheld from the auction and cancelled.

    Attributes
    ----------
    trigger : PricePath
        Price by calendar year; every year is rounded before the next is computed.
    size : Size
        Most that is withheld in a calendar year; a tenth of the cap by default.
    participation : Decimal
        Part of the market that takes part: scales a size that is a share, and is the most of an auction that is
        withheld.

    References
    ----------
    RGGI model rule of 2017: 6.00 USD in 2021 and 7 % more every year, at most 10 % of the budgets of the states that
    take part, not offered again [seen]; sale of a part at the trigger [approx].
    """

    kind: Literal["emissions_containment_reserve"] = "emissions_containment_reserve"
    trigger: PricePath
    size: Size = field(default_factory=_tenth)
    participation: Share = Decimal(1)

    def most(self, cap: int) -> int:
        """Return the most lots withheld in a year with this cap."""
        if self.size.lots is not None:
            return self.size.lots
        return floor(Fraction(self.size.share or 0) * Fraction(self.participation) * cap)

    def withhold(self, bids: BidCurve, volume: int, left: int, year: int) -> Withheld:
        """Return what is taken out of an auction.

        Parameters
        ----------
        bids : BidCurve
        volume : int
            Lots offered.
        left : int
            Lots that may still be withheld this year.
        year : int
            Calendar year of the auction.
        """
        lacking = max(0, volume - bids.at_least(self.trigger.price(year)))
        lots = min(lacking, left, floor(Fraction(self.participation) * volume))
        return Withheld(lots, at_trigger=0 < lots == lacking)
