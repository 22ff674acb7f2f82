"""Prices of a market outside the model."""

from __future__ import annotations

import csv
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from annotated_types import Gt

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSeries(Rule):
    """Prices of an outside market by date; each stands until the next one.

    Attributes
    ----------
    name : str or None
        A series that comes with the project: ``cea``, the national market of China, at the dates whose close is known;
        ``gdea``, the pilot of Guangdong, and ``eua``, the European Union, both at the end of each month.
    prices : dict of date to Decimal
        Prices of one's own, in place of a name.
    yuan : Decimal
        CNY for one unit of the money in which the series is quoted.

    Raises
    ------
    PolicyError
        If neither or both of `name` and `prices` are given.

    References
    ----------
    ``cea``: closing prices published by the Shanghai Environment and Energy Exchange, the first one [known], the others
    [seen].  ``gdea`` and ``eua``: last value of each month of the daily series in the repository
    Chen-zhongxiu/Carbon-price-data, whose levels agree with published prices [seen].
    """

    name: Literal["cea", "gdea", "eua"] | None = None
    prices: dict[date, Annotated[Decimal, Gt(0)]] = field(default_factory=dict)
    yuan: Annotated[Decimal, Gt(0)] = Decimal(1)

    def check(self) -> None:
        """Refuse two sources, or none."""
        if (self.name is None) == (not self.prices):
            raise PolicyError(f"price series: name is {self.name} and prices has {len(self.prices)} dates; give one")

    def on(self, day: date) -> Fraction | None:
        """Return the price that stands on a day, CNY; None before the first one.

        Examples
        --------
        >>> PriceSeries(name="cea").on(date(2022, 1, 2))
        Fraction(2711, 50)
        """
        dates, prices = _shipped(self.name) if self.name else _sorted(tuple(self.prices.items()))
        place = bisect_right(dates, day)
        return None if place == 0 else Fraction(prices[place - 1]) * Fraction(self.yuan)


@cache
def _shipped(name: str) -> tuple[tuple[date, ...], tuple[Decimal, ...]]:
    with (files("rights_market.data") / "outside_prices.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["series"] == name]
    return _sorted(tuple((date.fromisoformat(row["date"]), Decimal(row["price"])) for row in rows))


@cache
def _sorted(pairs: tuple[tuple[date, Decimal], ...]) -> tuple[tuple[date, ...], tuple[Decimal, ...]]:
    ordered = sorted(pairs)
    return tuple(day for day, _ in ordered), tuple(price for _, price in ordered)
