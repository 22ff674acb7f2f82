"""A floor for some days or weeks after the price has fallen far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.policies.rule import Rule, Share
from rights_market.units import floor

Count = Annotated[int, Ge(1), Le(1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryPriceFloor(Rule):
    """When the price has fallen far, orders below a floor are refused until it has recovered.

    Attributes
    ----------
    dates : tuple of date
        Dates on which the authority sets a floor, whatever the price.
    below : Decimal or None
        The floor is set by itself when the mean close of `short_days` falls below this share of that of `long_days`;
        None: only on `dates`.
    short_days, long_days : int
        Trading days of the two means; before there are as many closes, the rule does not act by itself.
    window : int
        Days with trade whose lowest price counts.
    discount : Decimal
        Share by which the floor lies below that price, rounded down to the tick.
    lift_margin, lift_days : Decimal, int
        The floor is lifted after so many closes in a row that lie at least so far above it.

    References
    ----------
    Korea, April and June 2021: 10 % below the lowest price of five days, lifted when five closes lay 10 % above [seen];
    trigger at 60 % of the two-year mean, enforcement decree of the emissions trading act, art. 30 [known].
    """

    kind: Literal["temporary_price_floor"] = "temporary_price_floor"
    dates: tuple[date, ...] = ()
    below: Share | None = Decimal("0.6")
    short_days: Count = 21
    long_days: Count = 484
    window: Count = 5
    discount: Share = Decimal("0.1")
    lift_margin: Share = Decimal("0.1")
    lift_days: Count = 5

    def has_fallen(self, closes: Sequence[int]) -> bool:
        """Return whether closes, the latest last, have fallen far enough."""
        if self.below is None or len(closes) < self.long_days:
            return False
        short, long = sum(closes[-self.short_days :]), sum(closes[-self.long_days :])
        return Fraction(short, self.short_days) < Fraction(self.below) * Fraction(long, self.long_days)

    def floor(self, lowest: Sequence[int], close: int) -> int:
        """Return the floor, ticks, at least 1.

        Parameters
        ----------
        lowest : sequence of int
            Lowest price of each of the latest days with trade, the latest last; all if there are fewer than `window`.
        close : int
            Latest close, which stands in where nothing has been traded.

        Examples
        --------
        >>> TemporaryPriceFloor().floor([14_400, 14_500, 14_350, 14_700, 14_600], 14_600)
        12915
        """
        least = min(lowest[-self.window :], default=close)
        return max(1, floor((1 - Fraction(self.discount)) * least))

    def is_over(self, floor_ticks: int, closes: Sequence[int]) -> bool:
        """Return whether the latest of the closes since the floor was set lie far enough above it.

        Examples
        --------
        >>> rule = TemporaryPriceFloor()
        >>> rule.is_over(12_900, [14_190] * 5), rule.is_over(12_900, [14_190] * 4 + [14_189])
        (True, False)
        """
        last = closes[-self.lift_days :]
        least = (1 + Fraction(self.lift_margin)) * floor_ticks
        return len(last) == self.lift_days and all(close >= least for close in last)
