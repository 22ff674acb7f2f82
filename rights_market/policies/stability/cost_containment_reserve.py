"""Lots that come on top of an auction's volume once demand is high at a trigger price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from annotated_types import MinLen

from rights_market.errors import PolicyError
from rights_market.policies.auction.price_path import PricePath
from rights_market.policies.rule import Rule
from rights_market.policies.stability.bid_curve import BidCurve
from rights_market.policies.stability.size import Size

HORIZON = 30
"""Years from the first over which the triggers of the tiers must rise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveTier(Rule):
    """A part of a reserve with a price of its own.

    Attributes
    ----------
    trigger : PricePath
        Price by calendar year; every year is rounded before the next is computed.
    size : Size
        Lots in it.
    """

    trigger: PricePath
    size: Size


class Release(NamedTuple):
    """What the reserve adds to an auction.

    Attributes
    ----------
    lots : tuple of int
        Lots offered from each tier.
    floor_ticks : int
        Trigger of the last tier that opened, below which nothing is sold then; 0 where none did.
    exhausted : bool
        Whether demand asked for a tier that is empty.
    """

    lots: tuple[int, ...]
    floor_ticks: int
    exhausted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CostContainmentReserve(Rule):
    """Further lots are sold in an auction at a trigger price or higher, once more is bid for above it than offered.

    A tier opens if more lots are bid for above its trigger than are offered so far.  Where demand at the trigger of the
    last open tier does not take all, the price is this trigger; else the auction clears on the larger volume.

    Attributes
    ----------
    tiers : tuple of ReserveTier
        Triggers rise from tier to tier; the lots of a tier are there anew each calendar year.
    within_cap : bool
        Whether the lots are set aside from the cap; if not, they come on top of it.

    References
    ----------
    RGGI: 10 % of the cap, 13.00 USD in 2021 and 7 % more every year; N.H. Env-A 4602.37: minimum price, triggers
    rounded to the cent each year [seen]; strict test of demand, sale of a part at the trigger [known].
    """

    kind: Literal["cost_containment_reserve"] = "cost_containment_reserve"
    tiers: Annotated[tuple[ReserveTier, ...], MinLen(1)]
    within_cap: bool = False

    def check(self) -> None:
        """Refuse triggers that do not rise from tier to tier."""
        refuse_falling("cost_containment_reserve", [t.trigger for t in self.tiers])

    def sizes(self, cap: int) -> tuple[int, ...]:
        """Return the lots of each tier in a year with this cap."""
        return tuple(t.size.of(cap) for t in self.tiers)

    def release(self, bids: BidCurve, volume: int, left: Sequence[int], year: int) -> Release:
        """Return what each tier adds to an auction.

        Parameters
        ----------
        bids : BidCurve
        volume : int
            Lots offered without the reserve.
        left : sequence of int
            Lots left in each tier this year.
        year : int
            Calendar year of the auction.
        """
        offered, floor, exhausted = volume, 0, False
        lots = [0] * len(self.tiers)
        for k, tier in enumerate(self.tiers):
            trigger = tier.trigger.price(year)
            if bids.above(trigger) <= offered:
                break
            if left[k] == 0:
                exhausted = True
                continue
            lots[k] = left[k]
            offered += left[k]
            floor = trigger
        return Release(tuple(lots), floor, exhausted)


def refuse_falling(rule: str, paths: Sequence[PricePath]) -> None:
    """Refuse price paths of tiers of which one does not lie above the one before in some year.

    Raises
    ------
    PolicyError
        Naming both tiers and the year.
    """
    first = max(p.start_year for p in paths)
    for year in range(first, first + HORIZON):
        prices = [p.price(year) for p in paths]
        for k in range(1, len(prices)):
            if prices[k] <= prices[k - 1]:
                raise PolicyError(
                    f"E_TIERS: {rule}: tiers[{k}] has {prices[k]} ticks in {year}, not above the {prices[k - 1]} of "
                    f"tiers[{k - 1}]"
                )
