"""Claims on a cap that is too small for them: all are cut by one factor."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule, Share
from rights_market.units import half_up, largest_remainder

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Scaled(NamedTuple):
    """What claims became.

    Attributes
    ----------
    lots : ndarray of int64, shape (n_firms,)
        Lots given.
    budget : int
        Lots that there were for claims that are not exempt, not below 0.
    claimed : int
        Sum of those claims.
    missing : int
        Lots by which the budget would lie below 0: exempt claims and set-asides exceed the cap.
    """

    lots: Int64
    budget: int
    claimed: int
    missing: int

    @property
    def factor(self) -> Fraction:
        """Share of a claim that is given, 1 where the budget suffices."""
        return Fraction(self.budget, self.claimed) if self.claimed > self.budget else Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapScaling(Rule):
    """Cut of all free claims by one factor where together they exceed what the cap leaves for them.

    Attributes
    ----------
    min_auction_share : Decimal
        Share of the cap that is kept for auctions.
    flex_share : Decimal
        Share of the cap by which the auctioned part may fall before claims are cut.
    exempt : tuple of str
        Classes whose claims are not cut.
    leftover : str
        What becomes of the budget that nobody claims: ``auction``, or it is not issued (``cancel``), or once the
        allocation of the period is final it is put into the ``reserve`` for new entrants, where there is none into the
        government's.

    Raises
    ------
    PolicyError
        If `flex_share` is larger than `min_auction_share`.

    References
    ----------
    Directive 2003/87/EC, article 10a (5) and (5a): cross-sectoral correction factor, 57 % for auction and 3 % of
    flexibility [known].
    """

    kind: Literal["cap_scaling"] = "cap_scaling"
    min_auction_share: Share = Decimal(0)
    flex_share: Share = Decimal(0)
    exempt: tuple[str, ...] = ()
    leftover: Literal["auction", "reserve", "cancel"] = "auction"

    def check(self) -> None:
        """Refuse more flexibility than there is to be flexible with."""
        if self.flex_share > self.min_auction_share:
            raise PolicyError(
                f"cap scaling: flex_share {self.flex_share} exceeds min_auction_share {self.min_auction_share}"
            )

    def scale(self, cap: int, set_aside: int, claims: Int64, is_exempt: Bools) -> Scaled:
        """Share out the budget by the largest remainder where the claims exceed it.

        Parameters
        ----------
        cap, set_aside : int
            Lots of the year, and what of them is kept for new entrants.
        claims : ndarray of int64, shape (n_firms,)
        is_exempt : ndarray of bool, shape (n_firms,)
            Firms whose claims are not cut.

        Examples
        --------
        >>> CapScaling().scale(90, 0, np.array([50, 30, 25]), np.zeros(3, bool)).lots
        array([43, 26, 21])
        """
        room = self.room(cap, set_aside) - int(claims[is_exempt].sum())
        budget, claimed = max(room, 0), int(claims[~is_exempt].sum())
        lots = claims.copy()
        if claimed > budget:
            lots[~is_exempt] = largest_remainder(budget, claims[~is_exempt].tolist())
        return Scaled(lots, budget, claimed, max(-room, 0))

    def room(self, cap: int, set_aside: int) -> int:
        """Return the lots of a year that may be given free, below 0 where set-asides exceed the cap."""
        kept = half_up((Fraction(self.min_auction_share) - Fraction(self.flex_share)) * cap)
        return cap - set_aside - kept

    def auctioned(self, cap: int, set_aside: int, scaled: Scaled) -> int:
        """Return the lots of a year that are left for auction."""
        left = max(0, cap - set_aside - int(scaled.lots.sum()))
        if self.leftover == "auction":
            return left
        return left - max(0, scaled.budget - scaled.claimed)
