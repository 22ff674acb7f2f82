"""How much of a claim is given free, by sector and year; the rest of the cap is auctioned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.policies.rule import Share
from rights_market.policies.where import Narrowed
from rights_market.units import half_up

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeShare(Narrowed):
    """Share of what the allocation rules give that is free, for the sectors and years named; the rest is auctioned.

    Where a right has such shares, a firm that none of them names is given nothing.

    Attributes
    ----------
    free_share : Decimal
        Part of the claim that is free.

    References
    ----------
    Directive 2003/87/EC, articles 10 and 10a: nothing for power, all for sectors at risk of leakage, 30 % for heat and
    others until 2026 [known].
    """

    kind: Literal["mix"] = "mix"
    free_share: Share

    def claims(self, lots: Int64) -> Int64:
        """Return the free part of the lots that firms would be given, rounded half up.

        Examples
        --------
        >>> from decimal import Decimal
        >>> FreeShare(free_share=Decimal("0.3")).claims(np.array([200, 5]))
        array([60,  2])
        """
        share = Fraction(self.free_share)
        return np.array([half_up(n * share) for n in lots.tolist()], np.int64)


def free_part(
    rules: Sequence[FreeShare], lots: Int64, sectors: Sequence[str], classes: Sequence[str], year: int
) -> Int64:
    """Return what firms are given free under a list of such shares; all of it where there are none."""
    if not rules:
        return lots
    free = np.zeros_like(lots)
    for rule in rules:
        rows = np.flatnonzero(rule.where.mask(sectors, classes, year))
        free[rows] = rule.claims(lots[rows])
    return free
