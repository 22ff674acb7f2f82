"""How loads by zone compare with their standards, and what follows where they are too high."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge

from rights_market.policies.rule import Rule
from rights_market.units import floor


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpotGuard(Rule):
    """Loads above the standard of a zone are published, and may close the zone to imports.

    Attributes
    ----------
    limit : Decimal
        Share above the standard up to which a load is accepted.
    index : str
        Largest excess over all zones (``max``) or their ``mean`` excess.
    act : str
        Whether units may still come into a zone (``report``) or only up to the limit (``block_imports``).

    References
    ----------
    Debate on hot spots in the markets for SO2 and NOx of the United States; Fowlie and Muller (2019), Market-based
    emissions regulation when damages vary across sources, JAERE 6 [known].
    """

    kind: Literal["hot_spot_guard"] = "hot_spot_guard"
    limit: Annotated[Decimal, Ge(0)] = Decimal(0)
    index: Literal["max", "mean"] = "max"
    act: Literal["block_imports", "report"] = "report"

    def excess(self, loads: Sequence[Fraction], standards: Sequence[int]) -> list[Fraction | None]:
        """Return the share by which each load exceeds its standard, at least 0; None above a standard of 0."""
        pairs = zip(loads, standards, strict=True)
        return [max(Fraction(0), x / e - 1) if e else (None if x > 0 else Fraction(0)) for x, e in pairs]

    def measure(self, loads: Sequence[Fraction], standards: Sequence[int]) -> Fraction | None:
        """Return the index of hot spots; None where a zone has any load above a standard of 0.

        Examples
        --------
        >>> guard = HotSpotGuard(index="mean")
        >>> guard.measure([Fraction(55), Fraction(110)], [60, 100])
        Fraction(1, 20)
        """
        excess = self.excess(loads, standards)
        known = [x for x in excess if x is not None]
        if len(known) < len(excess):
            return None
        return max(known) if self.index == "max" else sum(known, Fraction(0)) / len(known)

    def import_room(self, load: Fraction, standard: int) -> int | None:
        """Return how many lots may still come into a zone, None where imports are only reported.

        Examples
        --------
        >>> HotSpotGuard(act="block_imports").import_room(Fraction(95), 100)
        5
        """
        if self.act == "report":
            return None
        return max(0, floor((1 + Fraction(self.limit)) * standard - load))
