"""The province's inventory from verified data, and what each prefecture answers for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from annotated_types import Ge, Le, MinLen, Unit

from rights_market.errors import PolicyError
from rights_market.policies.rule import Lots, Rule
from rights_market.units import exact, half_up, largest_remainder

Dimension = Literal["prefecture", "sector"]
BEST = 120
"""Highest score: doing far better in one place does not make up for another."""


class Line(NamedTuple):
    """One row of an inventory.

    Attributes
    ----------
    prefecture, sector : str
        Empty where the inventory does not tell them apart, or nobody knows.
    covered : bool
        Whether the lots were verified; if not, they are the estimate of what the market does not cover.
    lots : int
    """

    prefecture: str
    sector: str
    covered: bool
    lots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Rule):
    """What one prefecture must reach in one year.

    Attributes
    ----------
    prefecture : str
        Name as in `regions` of the population.
    year : int
        Vintage of the period that is judged.
    base : int
        Use at which it began.
    target : int
        Use at which it has to be.
    """

    prefecture: str
    year: int
    base: Lots
    target: Lots


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryTargets(Rule):
    """Adds up verified use by prefecture and sector, and scores prefectures against their targets.

    Attributes
    ----------
    by : tuple of str
        What rows tell apart: ``prefecture``, ``sector``, or both.
    uncovered_ratio : Decimal or None
        Use outside the market as a share of verified use.
    uncovered : dict of int to int or None
        Use outside the market by vintage, lots.
    targets : tuple of Target
        The responsibility table.
    grades : dict of int to str
        Score from which a grade is given; below the lowest it is "not met".

    Raises
    ------
    PolicyError
        If both `uncovered_ratio` and `uncovered` are given, targets name a prefecture and year twice, or there are
        targets and `by` does not tell prefectures apart.

    References
    ----------
    Guideline for provincial greenhouse gas inventories (NDRC 2011) [known]; responsibility system for energy and
    emission targets, form of the score [approx].
    """

    kind: Literal["inventory_targets"] = "inventory_targets"
    by: Annotated[tuple[Dimension, ...], MinLen(1)] = ("prefecture", "sector")
    uncovered_ratio: Annotated[Decimal, Ge(0), Unit("share")] | None = None
    uncovered: dict[int, Lots] | None = None
    targets: tuple[Target, ...] = ()
    grades: dict[Annotated[int, Ge(0), Le(BEST)], str] = field(default_factory=lambda: {100: "met", 80: "near"})

    def check(self) -> None:
        """Refuse two ways to estimate the rest, and targets that cannot be judged."""
        if self.uncovered_ratio is not None and self.uncovered is not None:
            raise PolicyError("inventory_targets: give uncovered_ratio or uncovered, not both")
        if self.targets and "prefecture" not in self.by:
            raise PolicyError(f"inventory_targets: targets are by prefecture but `by` is {', '.join(self.by)}")
        named = [(t.prefecture, t.year) for t in self.targets]
        for one in named:
            if named.count(one) > 1:
                raise PolicyError(f"inventory_targets: targets name {one[0]} in year {one[1]} twice")

    def inventory(self, verified: Mapping[tuple[str, str], int], year: int) -> list[Line]:
        """Return the rows of the inventory of a year; those of a prefecture add up to it, and all to the province.

        Parameters
        ----------
        verified : mapping of (str, str) to int
            Verified lots by prefecture and sector.
        year : int
            Vintage.

        Examples
        --------
        >>> rule = InventoryTargets(by=("prefecture",), uncovered_ratio=Decimal("0.1"))
        >>> [tuple(x) for x in rule.inventory({("Ji'an", "power"): 70, ("Yichun", "steel"): 35}, 2025)]
        [("Ji'an", '', True, 70), ('Yichun', '', True, 35), ("Ji'an", '', False, 7), ('Yichun', '', False, 4)]
        """
        sums: dict[tuple[str, str], int] = {}
        for (prefecture, sector), lots in verified.items():
            key = (prefecture if "prefecture" in self.by else "", sector if "sector" in self.by else "")
            sums[key] = sums.get(key, 0) + int(lots)
        covered = [Line(*key, True, sums[key]) for key in sorted(sums)]
        places: dict[str, int] = {}
        for line in covered:
            places[line.prefecture] = places.get(line.prefecture, 0) + line.lots
        rest = self._uncovered(sum(places.values()), year)
        if not rest:
            return covered
        if not any(places.values()):
            return [*covered, Line("", "", False, rest)]
        shares = largest_remainder(rest, list(places.values()))
        return [*covered, *(Line(p, "", False, lots) for p, lots in zip(places, shares, strict=True))]

    def _uncovered(self, verified: int, year: int) -> int:
        if self.uncovered is not None:
            return self.uncovered.get(year, 0)
        return half_up(exact(self.uncovered_ratio or 0) * verified)

    def results(self, lines: Sequence[Line]) -> dict[str, int]:
        """Return the lots of each prefecture, covered and not."""
        found: dict[str, int] = {}
        for line in lines:
            found[line.prefecture] = found.get(line.prefecture, 0) + line.lots
        return found

    def score(self, target: Target, result: int) -> Fraction:
        """Return the score of a prefecture, 0 to 120: the share of the way that it has gone, in percent.

        A target at or above the base is a ceiling: 100 below it, 0 above.

        Examples
        --------
        >>> goal = Target(prefecture="Ji'an", year=2025, base=500, target=460)
        >>> InventoryTargets().score(goal, 470)
        Fraction(75, 1)
        """
        if target.base <= target.target:
            return Fraction(100 if result <= target.target else 0)
        share = Fraction(100 * (target.base - result), target.base - target.target)
        return min(max(share, Fraction(0)), Fraction(BEST))

    def grade(self, score: Fraction) -> str:
        """Return the grade of a score."""
        reached = [mark for mark in self.grades if score >= mark]
        return self.grades[max(reached)] if reached else "not met"
