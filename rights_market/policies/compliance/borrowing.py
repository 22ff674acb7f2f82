"""Units of the next compliance year that may be used for this one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.policies.lots import ceil_share, floor_share
from rights_market.policies.rule import Rule, Share

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowing(Rule):
    """A firm with a large gap may surrender units of the next year in advance, and owes them back.

    Attributes
    ----------
    basis : str
        What the limit is a share of.  ``gap``: lots missing after surrender, debts included.  ``allocation_gap``: the
        year's obligation less its free allocation, so that who has bought a part may borrow the rest.
        ``next_allocation``: what is allocated free for the next year, or this year's where that is not known yet.
    share : Decimal
        Share of the basis that may be borrowed, rounded down.
    min_gap : Decimal
        Smallest gap as a share of the obligation at which borrowing is allowed; the gap is the basis `allocation_gap`,
        or else what is missing.
    premium : Decimal
        Lots owed on top of each one borrowed; the sum is rounded up.
    years : tuple of int
        Compliance years in which borrowing is allowed; empty: all.

    References
    ----------
    Allocation plan of the Chinese ministry of ecology and environment for 2021-22, 10 % and half of the gap [known],
    not continued for 2023-24 [seen].  There the gap is that of the allocation.
    """

    kind: Literal["borrowing"] = "borrowing"
    basis: Literal["gap", "allocation_gap", "next_allocation"] = "gap"
    share: Share = Decimal("0.5")
    min_gap: Share = Decimal("0.1")
    premium: Share = Decimal(0)
    years: tuple[int, ...] = ()

    def is_allowed(self, year: int) -> bool:
        """Return whether lots may be borrowed for a compliance year."""
        return not self.years or year in self.years

    def limit(self, missing: Int64, obligation: Int64, allocated: Int64, next_allocation: Int64) -> Int64:
        """Return the most that each firm may borrow, never more than it misses; all of shape (n_firms,), in lots.

        Parameters
        ----------
        missing : ndarray of int64
            Duty, debts included, that is not surrendered.
        obligation : ndarray of int64
            Duty without debts; where it is 0, any gap is large enough.
        allocated, next_allocation : ndarray of int64
            Free allocation of this year and of the next.

        Examples
        --------
        >>> obligation, allocated = np.array([1000, 1000]), np.array([850, 910])
        >>> Borrowing().limit(obligation - allocated, obligation, allocated, allocated)
        array([75,  0])
        """
        gap = np.maximum(obligation - allocated, 0) if self.basis == "allocation_gap" else missing
        is_large = (gap > 0) & (gap >= ceil_share(self.min_gap, obligation))
        most = floor_share(self.share, next_allocation if self.basis == "next_allocation" else gap)
        return np.where(is_large, np.minimum(most, missing), 0).astype(np.int64)

    def owed(self, borrowed: Int64) -> Int64:
        """Return the lots owed back, rounded up; both of shape (n_firms,).

        Examples
        --------
        >>> Borrowing(premium=Decimal("0.08")).owed(np.array([75]))
        array([81])
        """
        return ceil_share(1 + Fraction(self.premium), borrowed)
