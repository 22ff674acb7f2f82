"""Lots that are offered earlier, or from a reserve, when the price has risen far above its past mean."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from rights_market.policies.rule import Lots, Rule
from rights_market.units import Exact, exact, largest_remainder

Months = Annotated[int, Ge(1), Le(120)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTriggerRelease(Rule):
    """Further lots are offered when the mean price of some months lies far above that of the months before.

    Examined on the last trading day of each month.

    Attributes
    ----------
    short : int
        Months whose mean daily close is compared.
    long : int
        Months before these with which it is compared.
    multiple : Decimal
        How many times the longer mean the shorter one must exceed.
    qty : int
        Lots offered additionally.
    source : str
        Where they come from: the market stability reserve, next year's auctions, or the reserve sold in tiers.
    decision : str
        Whether they are offered for sure, or with a probability, because an authority decides.
    probability : Decimal
        That of the authority.
    cooldown : int
        Months after a release in which there is no other.
    spread : int
        Months over whose auctions they are spread.

    References
    ----------
    Directive 2003/87/EC, article 29a as of 2023 [known]; UK cost containment mechanism, triggered in November and
    December 2021 without action [seen].
    """

    kind: Literal["price_trigger_release"] = "price_trigger_release"
    short: Months = 6
    long: Months = 24
    multiple: Annotated[Decimal, Gt(0)] = Decimal("2.4")
    qty: Lots
    source: Literal["msr", "next_year", "reserve"] = "msr"
    decision: Literal["automatic", "authority"] = "automatic"
    probability: Annotated[Decimal, Ge(0), Le(1)] = Decimal("0.5")
    cooldown: Annotated[int, Ge(0)] = 12
    spread: Months = 3

    def is_triggered(self, short_mean: Exact, long_mean: Exact) -> bool:
        """Return whether the shorter mean lies above the multiple of the longer one.

        Examples
        --------
        >>> rule = PriceTriggerRelease(qty=75)
        >>> rule.is_triggered(80, 33), rule.is_triggered(79, 33)
        (True, False)
        """
        return exact(short_mean) > Fraction(self.multiple) * exact(long_mean)

    def decides(self, draw: float) -> bool:
        """Return whether lots are offered, given a draw between 0 and 1."""
        return self.decision == "automatic" or draw < self.probability

    def release(self, available: int, count: int) -> tuple[int, ...]:
        """Return what each of the next `count` auctions offers additionally.

        Parameters
        ----------
        available : int
            Lots in the source.
        """
        return tuple(largest_remainder(min(self.qty, available), [1] * count))
