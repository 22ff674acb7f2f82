"""A cap that moves with activity: so many units of the right for each unit of output or of its value."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from rights_market.errors import PolicyError
from rights_market.policies.cap.cap_rule import CapRule
from rights_market.units import half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityTarget(CapRule):
    """Cap by a falling intensity times activity: forecast first, corrected once activity is known.

    The intensity of year y is ``i0 (1 - cut)^(y - base_year)``, not rounded; cap and correction are rounded half up.

    Attributes
    ----------
    i0 : Decimal
        Lots for a unit of activity in `base_year`.
    base_year : int
        Year of `i0`.
    cut : Decimal
        Share by which the intensity falls each year, 0 to 0.3.
    table : dict of int to Decimal
        Published intensities by year; they win over the formula.
    activity : str
        What is counted: ``output`` of the covered firms, its ``output_value`` in CNY, or the ``series`` as it stands.
    series : dict of int to int
        Activity by year, such as gross domestic product, where `activity` is ``series``.
    ex_post : str
        What becomes of the difference once activity is verified: ``none``; ``now``: lots of the year are issued to
        firms, or withdrawn, in proportion to what they were allocated; ``next_year``: it is added to the next cap.

    Raises
    ------
    PolicyError
        If `series` is given for another `activity`, or missing for its own.

    References
    ----------
    Intensity goals of the Chinese five-year plans [known]; Fischer (2003), tradable performance standards [known].
    """

    needs_activity: ClassVar[bool] = True
    kind: Literal["intensity_target"] = "intensity_target"
    i0: Annotated[Decimal, Gt(0)]
    base_year: int
    cut: Annotated[Decimal, Ge(0), Le(Decimal("0.3"))] = Decimal("0.03")
    table: dict[int, Annotated[Decimal, Gt(0)]] = field(default_factory=dict)
    activity: Literal["output", "output_value", "series"] = "output"
    series: dict[int, Annotated[int, Ge(0)]] = field(default_factory=dict)
    ex_post: Literal["none", "now", "next_year"] = "next_year"

    def check(self) -> None:
        """Refuse a series that is not read, or missing."""
        if (self.activity == "series") != bool(self.series):
            raise PolicyError(
                f"cap: activity is {self.activity} and series has {len(self.series)} years; they disagree"
            )

    @property
    def counts_value(self) -> bool:
        """Whether activity is the value of output."""
        return self.activity == "output_value"

    def intensity(self, year: int) -> Fraction:
        """Return the lots for a unit of activity in a year, exact.

        Raises
        ------
        PolicyError
            If the year lies before `base_year` and is not in `table`.
        """
        if year in self.table:
            return Fraction(self.table[year])
        if year < self.base_year:
            raise PolicyError(f"cap: E_YEAR: year {year} lies before base_year {self.base_year}")
        return Fraction(self.i0) * (1 - Fraction(self.cut)) ** (year - self.base_year)

    def cap(self, year: int, activity: int = 0) -> int:
        """Return the cap of a year for an activity; 0 without any.

        Examples
        --------
        >>> IntensityTarget(i0=Decimal("0.5"), base_year=2023).cap(2025, 10_000)
        4705
        """
        return half_up(self.intensity(year) * self.activity_of(year, activity))

    def activity_of(self, year: int, observed: int) -> int:
        """Return the activity that counts: what was observed, or the series.

        Raises
        ------
        PolicyError
            If the series lacks the year.
        """
        if self.activity != "series":
            return observed
        if year not in self.series:
            raise PolicyError(f"cap: E_YEAR: series has no year {year}")
        return self.series[year]

    def last_known(self, year: int) -> int:
        """Return the last year of the series that is not after `year`, or `year` itself where activity is observed."""
        return year if self.activity != "series" else max(y for y in self.series if y <= year)

    def correction(self, year: int, forecast_cap: int, activity: int) -> int:
        """Return the lots by which the cap of a year differs from what was set, below 0 if too many were.

        Examples
        --------
        >>> IntensityTarget(i0=Decimal("0.5"), base_year=2023).correction(2025, 4705, 9_000)
        -471
        """
        return self.cap(year, activity) - forecast_cap
