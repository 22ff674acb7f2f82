"""Auction volumes that follow the price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.policies.rule import Lots, Rule, Ticks
from rights_market.units import Exact, exact, floor, half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceIndexedSupply(Rule):
    """More is offered in an auction while the price lies above a target, less while it lies below.

    What is cut goes into a reserve of the rule's own, and what is added comes from there.

    Attributes
    ----------
    target : int
        Price at which the planned volume is offered, ticks.
    elasticity : Decimal
        By how many percent the volume moves when the price lies one percent off the target.
    window : int
        Trading days before the auction over whose trades the price is averaged.
    min, max : Decimal
        Bounds of the volume, as shares of the planned one.
    start_fill : int
        Lots in the reserve at the start, beyond the caps.

    References
    ----------
    Price-responsive supply of allowances: Burtraw, Holt, Palmer & Shobe 2020, 2022 [known]; linear form [approx].
    """

    kind: Literal["price_indexed_supply"] = "price_indexed_supply"
    target: Ticks
    elasticity: Annotated[Decimal, Ge(0)] = Decimal("0.5")
    window: Annotated[int, Ge(1), Le(250)] = 20
    min: Annotated[Decimal, Ge(0), Le(1)] = Decimal("0.5")
    max: Annotated[Decimal, Ge(1)] = Decimal("1.5")
    start_fill: Lots = 0

    def volume(self, planned: int, price_ticks: Exact | None) -> int:
        """Return the lots to offer instead of those planned.

        Parameters
        ----------
        price_ticks : int, Decimal, Fraction or None
            Mean price of the window, not rounded; None where nothing was traded.

        Examples
        --------
        >>> PriceIndexedSupply(target=50).volume(100, 60)
        110
        """
        if price_ticks is None:
            return planned
        moved = planned * (1 + Fraction(self.elasticity) * (exact(price_ticks) - self.target) / self.target)
        low, high = floor(Fraction(self.min) * planned), floor(Fraction(self.max) * planned)
        return min(max(half_up(moved), low), high)
