"""A fixed number of lots, shared among firms: by published indicators, or equally."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from math import lcm, prod
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, MinLen

from rights_market.errors import PolicyError
from rights_market.policies.allocation.observed import AllocationRule, Observed, Remark
from rights_market.policies.rule import Lots, Rule, Share
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]
Field = Literal["use", "output", "intensity"]

SCALE = 10**18
"""Ratios of observed figures are counted in whole parts of this size: shares stay exact, and quick to compute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedField(Rule):
    """An observed figure of the base year and its part in the shares.

    Attributes
    ----------
    field : str
        ``use``, ``output``, or ``intensity``: use per unit of output.
    weight : Decimal
        Part of the total that it shares out.
    direction : str
        Whether firms are given more the more of it they have, or the less.
    """

    field: Field
    weight: Share
    direction: Literal["more", "less"] = "more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(AllocationRule):
    """Free lots by weighted indicators: each indicator shares out its part of a total.

    A firm's share is the sum over the indicators of ``weight * x_i / sum x``, with 1/x in place of x where less is
    rewarded; lots by the largest remainder.  An indicator that is 0 for all firms is left out and the weights of the
    others are raised to 1.

    Attributes
    ----------
    total : int
        Lots shared out each year.
    indicators : tuple of WeightedField
        Figures by which the total is shared, with weights that add up to 1.
    base_year : int
        Year whose figures count.
    update_lag : int or None
        Years between the base year and the year allocated, when the base moves on; None: `base_year` is fixed.

    Raises
    ------
    PolicyError
        If the weights of `indicators` do not add up to 1, or two are of one field and direction.

    References
    ----------
    Indicator rules are compared in arXiv 2406.07875 [seen]; the weights are a choice of the designer [approx].
    """

    kind: Literal["indicator"] = "indicator"
    total: Lots
    indicators: Annotated[tuple[WeightedField, ...], MinLen(1)]
    base_year: int
    update_lag: Annotated[int, Ge(1)] | None = None

    def check(self) -> None:
        """Refuse weights that do not add up."""
        total = sum(i.weight for i in self.indicators)
        if total != 1:
            raise PolicyError(f"indicator: the weights of indicators add up to {total}, expected 1")
        names = [(i.field, i.direction) for i in self.indicators]
        if len(set(names)) != len(names):
            raise PolicyError(f"indicator: indicators are {names}, expected each field and direction once")

    def base_years_of(self, year: int) -> tuple[int, ...]:
        """Return the year whose figures count for the allocation of `year`."""
        return (self.base_year if self.update_lag is None else year - self.update_lag,)

    def is_known(self, year: int, classes: Collection[str], reported: Collection[int]) -> bool:
        """Return whether the base year was reported."""
        return self.base_years_of(year)[0] in reported

    def claims(self, observed: Observed) -> Int64:
        """Return the lots of each firm by its figures in the base year."""
        return np.array(largest_remainder(self.total, self._weights(observed)), np.int64)

    def remarks(self, observed: Observed) -> list[Remark]:
        """Say which indicators were left out, and what cannot be shared without any."""
        if self.base_years_of(observed.year)[0] not in observed.past_use_lots:
            return []
        dropped = [i for i in self.indicators if not any(self._figures(observed, i))]
        remarks = [Remark("indicator_dropped", note=f"{i.field} is 0 for all in {observed.year}") for i in dropped]
        if len(dropped) == len(self.indicators):
            remarks.append(Remark("nothing_to_share", self.total, f"allocation of {observed.year}"))
        return remarks

    def _weights(self, observed: Observed) -> list[int]:
        """Return whole numbers in proportion to the shares."""
        columns = [(self._figures(observed, i), Fraction(i.weight)) for i in self.indicators]
        kept = [(x, weight) for x, weight in columns if any(x) and weight]
        sums = [sum(x) for x, _ in kept]
        unit = lcm(*(weight.denominator for _, weight in kept)) if kept else 1
        weights = [0] * len(observed)
        for k, (x, weight) in enumerate(kept):
            factor = int(weight * unit) * prod(s for j, s in enumerate(sums) if j != k)
            weights = [w + factor * value for w, value in zip(weights, x, strict=True)]
        return weights

    def _figures(self, observed: Observed, indicator: WeightedField) -> list[int]:
        """Return an indicator of each firm as a whole number.

        Raises
        ------
        PolicyError
            If less is rewarded and a firm has none of it.
        """
        year = self.base_years_of(observed.year)[0]
        if year not in observed.past_use_lots or year not in observed.past_output_units:
            raise PolicyError(f"{observed.right}: no use and output were reported for the base year {year}")
        use, output = observed.past_use_lots[year].tolist(), observed.past_output_units[year].tolist()
        x: list[int]
        if indicator.field == "intensity":
            x = [SCALE * u // q if q else 0 for u, q in zip(use, output, strict=True)]
        else:
            x = use if indicator.field == "use" else output
        if indicator.direction == "more":
            return x
        if not all(x):
            raise PolicyError(
                f"{observed.right}: indicator {indicator.field} of {year} is 0 for firm {x.index(0)} of the rule, "
                "so that direction less would give it everything"
            )
        return [SCALE**2 // value for value in x]


@dataclass(frozen=True, slots=True, kw_only=True)
class Equal(AllocationRule):
    """Free lots in equal parts of a total, one lot more for the first firms where it does not divide.

    Attributes
    ----------
    total : int
        Lots shared out each year.

    References
    ----------
    The equal split that indicator rules are compared with, arXiv 2406.07875 [seen].
    """

    kind: Literal["equal"] = "equal"
    total: Lots

    def claims(self, observed: Observed) -> Int64:
        """Return the lots of each firm.

        Examples
        --------
        >>> nothing = np.zeros(3, np.int64)
        >>> firms = Observed(right="CEA", year=2025, classes=("a",) * 3, output_units=nothing, use_lots=nothing)
        >>> Equal(total=11).claims(firms)
        array([4, 4, 3])
        """
        return np.array(largest_remainder(self.total, [1] * len(observed)), np.int64)
