"""Listed trading with a choice of counterparties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.policies.rule import Lots, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAgreement(Rule):
    """Quotes are listed up to a size, and whoever takes may choose among those at the best prices.

    Attributes
    ----------
    max_qty : int or None
        Largest order, lots; None stands for 99,999 where a lot is one unit, and is refused elsewhere.
    depth : int
        Best prices on the other side that a taker sees, and among which it may choose.
    choice : str
        ``any_at_level``: better prices first, at one price any of them; ``any_in_depth``: any that is seen; ``time``:
        no choice, the earlier one first.

    References
    ----------
    Notice of the Shanghai Environment and Energy Exchange on national carbon trading, 2021-06-22: below 100,000 t, five
    best prices, price first, free choice at one price [seen].
    """

    kind: Literal["listed_agreement"] = "listed_agreement"
    max_qty: Annotated[Lots, Ge(1)] | None = None
    depth: Annotated[int, Ge(1), Le(100)] = 5
    choice: Literal["any_at_level", "any_in_depth", "time"] = "any_at_level"

    @property
    def max_lots(self) -> int:
        """Largest order, lots."""
        return STANDARD_MOST if self.max_qty is None else self.max_qty


STANDARD_MOST = 99_999
"""Largest listed order of the national market, where a lot is a tonne."""
