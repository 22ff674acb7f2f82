"""Units of later vintages that are sold in advance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
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
    the auctions of its own year; what stays unsold is offered then.  The units may be held from issue, and never meet
    the duty of an earlier year.  Before their compliance period is at hand they are another good than the units that
    meet the next duty, and are traded in a book of their own.

    Attributes
    ----------
    ahead : int
        Years by which the vintage lies ahead.
    advance_share : Decimal
        Share of that year's cap that is sold in advance.
    tradable_from : str
        When units of a later vintage may first be traded: from their ``issue``, from the first day of their year
        (``year_open``), or once their compliance period is ``at_hand``.

    References
    ----------
    17 CCR 95910: advance auction of the vintage three years ahead [known]; share [approx].  Books by vintage: CarbonSim
    [seen].
    """

    kind: Literal["forward_vintages"] = "forward_vintages"
    ahead: Annotated[int, Ge(1), Le(10)] = 3
    advance_share: Share = Decimal("0.1")
    tradable_from: Literal["issue", "year_open", "at_hand"] = "at_hand"

    def trades(self, vintage: int, on: date) -> bool:
        """Return whether units of a vintage whose compliance period is not at hand are traded on a day.

        Examples
        --------
        >>> rule = ForwardVintages(tradable_from="year_open")
        >>> rule.trades(2026, date(2025, 12, 31)), rule.trades(2026, date(2026, 1, 2))
        (False, True)
        """
        return self.tradable_from == "issue" or (self.tradable_from == "year_open" and on.year >= vintage)

    def lots(self, cap: int) -> int:
        """Return the lots of a later year's cap that are offered in advance, rounded down.

        Examples
        --------
        >>> ForwardVintages().lots(1239)
        123
        """
        return floor(Fraction(self.advance_share) * cap)
