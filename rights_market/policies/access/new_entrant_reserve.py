"""Lots kept back from the cap for firms that begin to work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.policies.rule import Rule, Share
from rights_market.units import floor, half_up, largest_remainder


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntrantReserve(Rule):
    """Free lots for new entrants out of a share of the cap, in the order of their applications.

    Applications of one day that exceed what is left share it in proportion to what they ask for.

    Attributes
    ----------
    share : Decimal
        Share of the cap of a year that is set aside, rounded down; 0 to 0.2.
    benchmark : dict of str to Decimal
        Units of the right for a unit of product, by class.  A class that is not named has no claim.
    utilisation : Decimal
        Share of capacity that an entrant is expected to run at.
    recycle_closures : bool
        Whether lots that closed firms are not issued any more go to the reserve.
    leftover : str
        What becomes of the rest at the end of the year: offered in an ``auction``, ``cancel``, kept for the
        ``next_year``, or put into the market stability reserve (``msr``).
    within_cap : bool
        Whether the reserve is a part of the cap, or comes on top of it.

    References
    ----------
    Directive 2003/87/EC, article 10a (7), and Delegated regulation 2019/331 [known]; allowances of Beijing for new
    facilities [seen].
    """

    kind: Literal["new_entrant_reserve"] = "new_entrant_reserve"
    share: Annotated[Decimal, Ge(0), Le(Decimal("0.2"))] = Decimal("0.03")
    benchmark: dict[str, Annotated[Decimal, Ge(0)]] = field(default_factory=dict)
    utilisation: Share = Decimal("0.8")
    recycle_closures: bool = True
    leftover: Literal["auction", "cancel", "next_year", "msr"] = "next_year"
    within_cap: bool = True

    def set_aside(self, cap_lots: int) -> int:
        """Return the lots of a year's cap that go into the reserve.

        Examples
        --------
        >>> NewEntrantReserve().set_aside(1_000)
        30
        """
        return floor(Fraction(self.share) * cap_lots)

    def entitlement(self, firm_class: str, capacity_units: int, lot: Decimal = Decimal(1)) -> int:
        """Return the lots that an entrant may ask for in a year, rounded half up.

        Parameters
        ----------
        firm_class : str
        capacity_units : int
            Whole units of product that it can make in a year.
        lot : Decimal
            Units of the right in one lot.
        """
        rate = Fraction(self.benchmark.get(firm_class, Decimal(0)))
        return half_up(rate * capacity_units * Fraction(self.utilisation) / Fraction(lot))

    def grant(self, pot: int, asked: Sequence[int]) -> list[int]:
        """Return what the applications of one day are granted out of what is left.

        Examples
        --------
        >>> NewEntrantReserve().grant(18, [10, 20])
        [6, 12]
        """
        return list(asked) if sum(asked) <= pot else largest_remainder(pot, asked)
