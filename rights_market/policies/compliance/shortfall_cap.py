"""By how much a duty may exceed what was allocated free."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.policies.lots import floor_share
from rights_market.policies.rule import Share
from rights_market.policies.where import Narrowed

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallCap(Narrowed):
    """A duty exceeds the free allocation by at most a share of verified use; what lies above it is forgiven.

    It lowers the duty and issues nothing.  Lots owed from before are added afterwards and are not capped.

    Attributes
    ----------
    max_gap : Decimal
        Largest gap, as a share of verified use; 0 forgives all that the allocation does not cover.

    References
    ----------
    Allocation plans for 2019-20 and 2021-22 of the Chinese ministry of ecology and environment: 20 %, and 0 for gas
    units [known]; later years [approx].
    """

    kind: Literal["shortfall_cap"] = "shortfall_cap"
    max_gap: Share = Decimal("0.2")

    def forgiven(self, verified: Int64, allocated: Int64) -> Int64:
        """Return by how much the duty lies below verified use, lots; all of shape (n_firms,).

        Parameters
        ----------
        verified : ndarray of int64
            Verified use.
        allocated : ndarray of int64
            Final free allocation.

        Examples
        --------
        >>> ShortfallCap().forgiven(np.array([1000, 1000]), np.array([700, 900]))
        array([100,   0])
        """
        gap = verified - allocated
        return np.asarray(np.maximum(gap - floor_share(self.max_gap, verified), 0), np.int64)
