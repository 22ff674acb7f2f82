"""A cap that is fixed in advance."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from rights_market.errors import PolicyError
from rights_market.policies.cap.cap_rule import CapRule
from rights_market.policies.rule import Lots, Rule, Share
from rights_market.units import half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class ReductionRate(Rule):
    """Linear reduction factor that holds from a year on.

    Attributes
    ----------
    from_year : int
        First year that is reduced by it.
    rate : Decimal
        Share of the reference quantity by which the cap falls each year.
    """

    from_year: int
    rate: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsolutePath(CapRule):
    """Fixed cap that falls by a share of a reference quantity every year.

    The cap of year ``y`` is ``base`` less the yearly reductions from the year after ``start_year`` to ``y``, plus
    the steps up to ``y``; one rounding, half up, on the total, so that the path does not drift.

    Attributes
    ----------
    base : int or None
        Cap of `start_year`, lots.  None where `table` names every year.
    start_year : int or None
        Year of `base`.
    reference : int or None
        Quantity of which `lrf` is a share, lots; `base` where it is None.
    lrf : tuple of ReductionRate
        Linear reduction factors, each from its year on; 0 before the first.
    steps : dict of int to int
        Signed changes of the cap, lots, from the year named on.
    table : dict of int to int
        Published caps by year, lots; they win over the formula.

    Raises
    ------
    PolicyError
        If `base` and `start_year` are not given together, if neither `base` nor `table` is given, if the years of
        `lrf` do not rise, or if a step lies before `start_year`.

    References
    ----------
    Directive 2003/87/EC, article 9 as amended in 2018 and 2023 [known]; the factor of 2.2 % [seen].
    """

    kind: Literal["absolute_path"] = "absolute_path"
    base: Lots | None = None
    start_year: int | None = None
    reference: Lots | None = None
    lrf: tuple[ReductionRate, ...] = ()
    steps: dict[int, int] = field(default_factory=dict)
    table: dict[int, Lots] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse a path without a start."""
        if (self.base is None) != (self.start_year is None):
            raise PolicyError(f"cap: base is {self.base} but start_year is {self.start_year}; give both or neither")
        if self.base is None and not self.table:
            raise PolicyError("cap: neither base nor table is given")
        if self.base is None and (self.lrf or self.steps or self.reference is not None):
            raise PolicyError("cap: lrf, steps and reference need a base; give base and start_year, or the table alone")
        years = [r.from_year for r in self.lrf]
        if sorted(set(years)) != years:
            raise PolicyError(f"cap: the from_year of lrf are {years}, expected each later than the one before")
        early = [year for year in self.steps if self.start_year is not None and year < self.start_year]
        if early:
            raise PolicyError(f"cap: steps in {early} lie before start_year {self.start_year}, which base includes")

    def cap(self, year: int, activity: int = 0) -> int:
        """Return the cap of a year, lots; 0 where the path has fallen below 0.

        Raises
        ------
        PolicyError
            If `year` is not in `table` and lies before `start_year`.

        Examples
        --------
        >>> path = AbsolutePath(base=1000, start_year=2024, lrf=(ReductionRate(from_year=2025, rate=Decimal("0.04")),))
        >>> path.cap(2026)
        920
        """
        return self.table[year] if year in self.table else max(0, half_up(self._formula(year)))

    def last_known(self, year: int) -> int:
        """Return the last year of the table that is not after `year`, or `year` itself where there is a path."""
        if self.base is not None or year in self.table:
            return year
        return max(y for y in self.table if y < year)

    def is_floored(self, year: int) -> bool:
        """Return whether the formula gives less than 0 in `year`, so that the cap is 0 instead."""
        return year not in self.table and self._formula(year) < 0

    def _formula(self, year: int) -> Fraction:
        if self.base is None or self.start_year is None:
            raise PolicyError(f"cap: E_YEAR: table has no year {year} and there is no base")
        if year < self.start_year:
            raise PolicyError(f"cap: E_YEAR: year {year} lies before start_year {self.start_year}")
        reference = self.base if self.reference is None else self.reference
        reduced = sum((Fraction(self._rate(k)) for k in range(self.start_year + 1, year + 1)), Fraction(0))
        return self.base - reduced * reference + sum(lots for y, lots in self.steps.items() if y <= year)

    def _rate(self, year: int) -> Decimal:
        return next((r.rate for r in reversed(self.lrf) if r.from_year <= year), Decimal(0))
