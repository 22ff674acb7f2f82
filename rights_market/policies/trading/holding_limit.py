"""How much of a right one account may hold by buying."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Lots, Rule, Share
from rights_market.units import floor

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingLimit(Rule):
    """Who holds its limit may not buy more; what one is given may exceed the limit.

    Free, frozen and pledged units count, and the lots of open bids.

    Attributes
    ----------
    limit : str
        ``fixed`` lots; ``own_allocation`` plus lots; or a ``formula`` of the year's cap.
    lots : int
        The fixed limit, or what may be held beyond the own allocation.
    base, base_share, rest_share : int, Decimal, Decimal
        Formula: share of the base, plus another share of what the cap is above it, rounded down.
    scope : str
        Whether each ``account`` has the limit, or the accounts of one owner have it together (``group``), with the sum
        of their allocations.
    excess : str
        What becomes of what is held beyond the limit, for example because the limit has fallen: it ``block_buys`` until
        it is gone, or also has to be sold (``sell_by``).
    sell_by_days : int or None
        Calendar days within which it has to be sold.  What is left then, the authority puts on sale every morning at
        the lowest price allowed.
    trim : bool
        Whether a bid beyond the limit is cut to what is left (True) or refused.
    publish_above : Decimal
        Share of all units outside the government's account from which a holder is named the next day.

    Raises
    ------
    PolicyError
        If the formula has no base, or another limit has one; or `sell_by_days` is given where nothing has to be sold.

    References
    ----------
    Beijing: own allocation plus 1,000,000 t, 1,000,000 t for others [seen].  California, 17 CCR 95920 (d): 0.1 of
    25 million plus 0.025 of what the budget is above it [known].
    """

    kind: Literal["holding_limit"] = "holding_limit"
    limit: Literal["fixed", "own_allocation", "formula"] = "own_allocation"
    lots: Lots = 1_000_000
    base: Lots | None = None
    base_share: Share = Decimal("0.1")
    rest_share: Share = Decimal("0.025")
    scope: Literal["account", "group"] = "account"
    excess: Literal["block_buys", "sell_by"] = "block_buys"
    sell_by_days: Annotated[int, Ge(1), Le(3660), Unit("days")] | None = None
    trim: bool = False
    publish_above: Share = Decimal("0.05")

    def check(self) -> None:
        """Refuse a formula without its base, and days in which nothing has to be sold."""
        if (self.excess == "sell_by") != (self.sell_by_days is not None):
            raise PolicyError(
                f"holding limit: excess is {self.excess} and sell_by_days {self.sell_by_days}; sell_by alone has days"
            )
        if (self.limit == "formula") != (self.base is not None):
            raise PolicyError(
                f"holding limit: limit is {self.limit} and base {self.base}; the formula alone has a base"
            )

    def limits(self, allocation_lots: Int64, cap_lots: int | None) -> Int64:
        """Return the limit of each account, lots.

        Parameters
        ----------
        allocation_lots : ndarray of int64, shape (n,)
            What each account, or all accounts of its owner, was given free for the year; 0 for those without a duty.
        cap_lots : int or None
            Cap of the year, for the formula.

        Raises
        ------
        PolicyError
            If the formula finds no cap.

        Examples
        --------
        >>> given = np.array([500, 0])
        >>> HoldingLimit(lots=100).limits(given, None)
        array([600, 100])
        >>> HoldingLimit(limit="formula", base=25_000_000).limits(given, 300_000_000)
        array([9375000, 9375000])
        """
        if self.base is None:
            return np.asarray(allocation_lots * (self.limit == "own_allocation") + self.lots)
        if cap_lots is None:
            raise PolicyError("holding limit: limit is formula, but the right has no cap")
        rest = max(0, cap_lots - self.base)
        top = floor(Fraction(self.base_share) * self.base + Fraction(self.rest_share) * rest)
        return np.full(len(allocation_lots), top, np.int64)

    def admitted(self, headroom: Int64, lots: Int64) -> Int64:
        """Return the lots that bids may ask for: all, what is left where bids are trimmed, or none.

        Examples
        --------
        >>> HoldingLimit().admitted(np.array([10]), np.array([25])), HoldingLimit(trim=True).admitted(
        ...     np.array([10]), np.array([25])
        ... )
        (array([0]), array([10]))
        """
        return np.where(lots <= headroom, lots, np.maximum(headroom, 0) if self.trim else 0)
