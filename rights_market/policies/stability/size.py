"""How large a reserve is: a number of lots, or a share of the cap of the year."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rights_market.errors import PolicyError
from rights_market.policies.rule import Lots, Rule, Share
from rights_market.units import floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Size(Rule):
    """Lots, or a share of the cap of the year; exactly one of the two.

    Attributes
    ----------
    lots : int or None
    share : Decimal or None
    """

    lots: Lots | None = None
    share: Share | None = None

    def check(self) -> None:
        """Refuse a size that is named twice or not at all."""
        if (self.lots is None) == (self.share is None):
            raise PolicyError(f"size: lots is {self.lots} and share is {self.share}; give exactly one")

    def of(self, cap: int) -> int:
        """Return the lots in a year with this cap, rounded down.

        Examples
        --------
        >>> from decimal import Decimal
        >>> Size(share=Decimal("0.1")).of(1239)
        123
        """
        return self.lots if self.lots is not None else floor(Fraction(self.share or 0) * cap)
