"""Prices that a rule raises year by year, each rounded before the next is computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from annotated_types import Ge, Le

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule, Ticks
from rights_market.units import half_up

Growth = Annotated[Decimal, Ge(-1), Le(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePath(Rule):
    """Price that grows every year, each year rounded before the next is computed.

    Attributes
    ----------
    r0 : int
        Price of `start_year`, ticks.
    start_year : int
    growth : Decimal
        Share by which it grows each year, above inflation.
    cpi : Decimal
        Inflation of a year that `cpi_of` does not name.
    cpi_of : dict of int to Decimal
        Inflation added in the step to the year named.
    table : dict of int to int
        Published prices by year, ticks; each wins over the formula, which goes on from it.
    tick : int
        Ticks to a multiple of which each year is rounded, half up.
    """

    r0: Ticks
    start_year: int
    growth: Growth = Decimal(0)
    cpi: Growth = Decimal(0)
    cpi_of: dict[int, Growth] = field(default_factory=dict)
    table: dict[int, Ticks] = field(default_factory=dict)
    tick: Ticks = 1

    def check(self) -> None:
        """Refuse a first price off the grid, and published prices from before the start."""
        if self.r0 % self.tick:
            raise PolicyError(f"price path: r0 {self.r0} is no multiple of tick {self.tick}")
        early = sorted(y for y in self.table if y <= self.start_year)
        if early:
            raise PolicyError(f"price path: table has {early}, not after start_year {self.start_year}, which r0 names")

    def price(self, year: int) -> int:
        """Return the price of a year, ticks, at least one `tick`.

        Raises
        ------
        PolicyError
            If `year` lies before `start_year`.

        Examples
        --------
        >>> path = PricePath(r0=2404, start_year=2024, growth=Decimal("0.05"), cpi=Decimal("0.026"))
        >>> path.price(2025)
        2587
        """
        if year < self.start_year:
            raise PolicyError(f"price path: year {year} lies before start_year {self.start_year}")
        ticks = self.r0
        for y in range(self.start_year + 1, year + 1):
            factor = 1 + Fraction(self.growth) + Fraction(self.cpi_of.get(y, self.cpi))
            ticks = self.table.get(y, max(self.tick, half_up(ticks * factor / self.tick) * self.tick))
        return ticks
