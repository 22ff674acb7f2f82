"""Units of later vintages that are sold in advance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.policies.rule import Rule, Share
from rights_market.units import floor


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardVintages(Rule):
    """A share of the cap of a later year is auctioned in advance, in units that may be surrendered from that year on.

    What is sold in advance is offered beside the current vintage in each of the year's auctions, and is missing from
    the auctions of its own year; what stays unsold is offered then.  The units may be held from issue and traded once
    their compliance period is at hand.

    Attributes
    ----------
    ahead : int
        Years by which the vintage lies ahead.
    advance_share : Decimal
        Share of that year's cap that is sold in advance.

    References
    ----------
    17 CCR 95910: advance auction of the vintage three years ahead [known]; share [approx].
    """

    kind: Literal["forward_vintages"] = "forward_vintages"
    ahead: Annotated[int, Ge(1), Le(10)] = 3
    advance_share: Share = Decimal("0.1")

    def lots(self, cap: int) -> int:
        """Return the lots of a later year's cap that are offered in advance, rounded down.

        Examples
        --------
        >>> ForwardVintages().lots(1239)
        123
        """
        return floor(Fraction(self.advance_share) * cap)
