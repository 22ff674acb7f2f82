"""Free lots in proportion to what a firm used in the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le, MinLen

from rights_market.errors import PolicyError
from rights_market.policies.allocation.observed import AllocationRule, Observed, Remark
from rights_market.policies.rule import Lots
from rights_market.units import largest_remainder

Uses = Sequence[int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grandfathering(AllocationRule):
    """Free lots by use in base years, cut by a share every year.

    Attributes
    ----------
    base_years : tuple of int
        Years whose verified use counts.
    statistic : str
        Mean, median, or mean of the best two of three base years.
    skip_zero : bool
        Whether a year without use is left out of the statistic.
    cut : Decimal
        Share by which the allocation falls each year after the base, 0 to 0.2.
    start_year : int or None
        Year that is not cut yet; None: the last base year.
    total : int or None
        Lots shared in proportion to base use by the largest remainder; None: each firm is rounded alone, half up.
    update_lag : int or None
        Years between the last base year and the year allocated, when the base rolls on; None: the base is fixed.

    Raises
    ------
    PolicyError
        If `base_years` do not rise, if `statistic` best2of3 meets other than three `base_years`, if `start_year` lies
        before the last base year, or if `total` or `update_lag` is given together with a field that it replaces.

    References
    ----------
    European Union, phases 1 and 2, and the Guangdong pilot [known].  Rolling base: Boehringer and Lange (2005) [known].
    """

    kind: Literal["grandfathering"] = "grandfathering"
    base_years: Annotated[tuple[int, ...], MinLen(1)]
    statistic: Literal["mean", "median", "best2of3"] = "mean"
    skip_zero: bool = True
    cut: Annotated[Decimal, Ge(0), Le(Decimal("0.2"))] = Decimal(0)
    start_year: int | None = None
    total: Lots | None = None
    update_lag: Annotated[int, Ge(1)] | None = None

    def check(self) -> None:
        """Refuse base years and options that do not fit each other."""
        years = self.base_years
        if sorted(set(years)) != list(years):
            raise PolicyError(f"grandfathering: base_years are {years}, expected each later than the one before")
        if self.statistic == "best2of3" and len(years) != 3:
            raise PolicyError(f"grandfathering: statistic best2of3 needs three base_years, got {len(years)}")
        if self.start_year is not None and self.start_year < years[-1]:
            raise PolicyError(f"grandfathering: start_year {self.start_year} lies before base_years end in {years[-1]}")
        if self.total is not None and self.cut != 0:
            raise PolicyError(f"grandfathering: total {self.total} fixes the sum, so cut {self.cut} would do nothing")
        if self.update_lag is not None and self.start_year is not None:
            raise PolicyError(
                f"grandfathering: update_lag {self.update_lag} moves the base, "
                f"so start_year {self.start_year} cannot be fixed"
            )

    def base_years_of(self, year: int) -> tuple[int, ...]:
        """Return the base years that count for the allocation of `year`."""
        if self.update_lag is None:
            return self.base_years
        shift = year - self.update_lag - self.base_years[-1]
        return tuple(y + shift for y in self.base_years)

    def claims(self, observed: Observed) -> npt.NDArray[np.int64]:
        """Return the lots of each firm by its reported use; 0 for a firm without any in the base years."""
        return np.array(self.allocate(observed.use_in(self.base_years_of(observed.year)), observed.year), np.int64)

    def has_base(self, observed: Observed) -> npt.NDArray[np.bool_]:
        """Return which firms used anything in the base years."""
        uses = observed.use_in(self.base_years_of(observed.year))
        return np.array([any(row) for row in uses], np.bool_)

    @property
    def credits_use(self) -> bool:
        """Whether the base moves on, so that use of today counts later."""
        return self.update_lag is not None

    def credit_for_use(self, observed: Observed, yearly_rate: float) -> npt.NDArray[np.float64]:
        """Return what use of today earns once it has become a base year; nothing where the base is fixed.

        Each of n base years counts for one nth, and comes back in the n years from `update_lag` on, cut by then.  The
        highest of several years, a median, and the shares of a fixed total are valued as the mean is.
        """
        if self.update_lag is None:
            return np.zeros(len(observed))
        n = len(self.base_years)
        kept = (1.0 - float(self.cut)) ** self.update_lag
        later = [(1.0 + yearly_rate) ** -(self.update_lag + k) for k in range(n)]
        return np.full(len(observed), kept * sum(later) / n)

    def remarks(self, observed: Observed) -> list[Remark]:
        """Say which lots of a total cannot be shared out, because no firm has used any in the base."""
        years = self.base_years_of(observed.year)
        if self.total is None or not all(y in observed.past_use_lots for y in years):
            return []
        if any(observed.past_use_lots[y].any() for y in years):
            return []
        return [Remark("nothing_to_share", self.total, f"allocation of {observed.year}")]

    def allocate(self, history: Sequence[Uses], year: int) -> list[int]:
        """Return the lots of each firm for `year`.

        Parameters
        ----------
        history : sequence of sequence of int or None
            For each firm its verified use, lots, in each of `base_years_of(year)`; None before it was in the market.
        year : int
            Vintage that is allocated.

        Returns
        -------
        list of int
            Lots per firm.  A firm without any use in the base years gets 0: it is a new entrant.

        Raises
        ------
        PolicyError
            If a firm's history is not as long as the base years, holds a negative use, or `year` lies before the start.

        Examples
        --------
        >>> Grandfathering(base_years=(2018, 2019, 2020)).allocate([[100, 120, 80], [50, 0, 70], [None, None, 9]], 2021)
        [100, 60, 9]
        """
        base = [self._base(i, uses) for i, uses in enumerate(history)]
        if self.total is not None:
            return largest_remainder(self.total, base)
        n, d = ((1 - Fraction(self.cut)) ** self._years_cut(year)).as_integer_ratio()
        # Half up of b n / d, in whole numbers: a product of fractions would look for a common divisor every time.
        return [(2 * b.numerator * n + b.denominator * d) // (2 * b.denominator * d) for b in base]

    def _years_cut(self, year: int) -> int:
        start = self.base_years_of(year)[-1] if self.start_year is None else self.start_year
        if year < start:
            raise PolicyError(f"grandfathering: year {year} lies before the start {start}")
        return year - start

    def _base(self, firm: int, uses: Uses) -> Fraction:
        if len(uses) != len(self.base_years):
            raise PolicyError(
                f"grandfathering: firm {firm} has {len(uses)} years of use, expected {len(self.base_years)} base_years"
            )
        known = sorted(u for u in uses if u is not None)
        if known and known[0] < 0:
            raise PolicyError(f"grandfathering: firm {firm} used {known[0]} lots, expected at least 0")
        counted = [u for u in known if u > 0 or not self.skip_zero]
        if not counted:
            return Fraction(0)
        if self.statistic == "median":
            low, high = counted[(len(counted) - 1) // 2], counted[len(counted) // 2]
            return Fraction(low + high, 2)
        if self.statistic == "best2of3":
            counted = counted[-2:]
        return Fraction(sum(counted), len(counted))
