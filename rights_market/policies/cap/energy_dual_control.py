"""Control of energy by quantity and by intensity, region by region."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt, MinLen

from rights_market.policies.cap.cap_rule import CapRule
from rights_market.policies.rule import Days, Lots, Share


class RegionState(IntEnum):
    """How a region stands against its targets."""

    GREEN = 0
    AMBER = 1
    RED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyDualControl(CapRule):
    """Cap on energy by region, with reviews that hold up new projects where quantity or intensity miss their target.

    A region is red where it has cut its intensity by less than `red_share` of what is due by now, or uses more than
    its total and the tolerance; amber where it misses either by less; else green.

    Attributes
    ----------
    total : dict of str to int
        Lots of counted use by region and year; no more than that is issued to its firms.
    target : Decimal
        Share by which intensity has to fall over `target_years`.
    target_years : int
        Years from `start_year` in which the target has to be met.
    start_year : int
        Year of the first intensity, to which the others are compared.
    exclude : tuple of str
        Kinds of use that do not count: use from new renewables, energy carriers used as feedstock.
    red_share : Decimal
        Part of the reduction due below which a region is red.
    tolerance : Decimal
        Share by which use may exceed the total before a region is red.
    red : str
        ``suspend``: no project is approved in a red region.  ``slow``: as in an amber one.
    slow_days : int
        Days that an approval takes longer in an amber region.
    min_project : int
        Yearly lots of a project from which it is held up.

    References
    ----------
    Plan of the Chinese development and reform commission for dual control of energy, 2021; implementing opinion of
    Jiangxi, 2022, section 3 (1) [seen]; the thresholds are a choice [approx].
    """

    kind: Literal["energy_dual_control"] = "energy_dual_control"
    total: Annotated[dict[str, Lots], MinLen(1)]
    start_year: int
    target: Annotated[Decimal, Ge(0), Lt(1)] = Decimal("0.14")
    target_years: Annotated[int, Ge(1)] = 5
    exclude: tuple[Literal["new_renewable", "feedstock"], ...] = ("new_renewable", "feedstock")
    red_share: Share = Decimal("0.8")
    tolerance: Annotated[Decimal, Ge(0)] = Decimal(0)
    red: Literal["suspend", "slow"] = "suspend"
    slow_days: Days = 90
    min_project: Annotated[int, Gt(0)] = 1_000

    def cap(self, year: int, activity: int = 0) -> int:
        """Return the totals of all regions together."""
        return sum(self.total.values())

    def region_totals(self) -> dict[str, int]:
        """Return the totals by region."""
        return dict(self.total)

    def due(self, year: int) -> Fraction:
        """Return the share by which intensity must have fallen by a year; all of `target` once its years are over."""
        passed = min(max(year - self.start_year, 0), self.target_years)
        return Fraction(self.target) * passed / self.target_years

    def state(self, region: str, year: int, counted_lots: int, start: Fraction, now: Fraction) -> RegionState:
        """Return how a region stands.

        Parameters
        ----------
        region : str
        year : int
        counted_lots : int
            Yearly use that counts, lots; exactly the total is not over it.
        start, now : Fraction
            Intensity of `start_year` and of today, lots of counted use for a unit of activity.  Without an intensity
            to start from (0) nothing is due.

        Examples
        --------
        >>> rule = EnergyDualControl(total={"north": 100_000}, start_year=2020)
        >>> rule.state("north", 2022, 97_500, Fraction("0.500"), Fraction("0.479")).name
        'RED'
        """
        due = self.due(year)
        total = self.total.get(region)
        achieved = 1 - now / start if start else due
        limit = None if total is None else total * (1 + Fraction(self.tolerance))
        if achieved < Fraction(self.red_share) * due or (limit is not None and counted_lots > limit):
            return RegionState.RED
        if achieved < due or (total is not None and counted_lots > total):
            return RegionState.AMBER
        return RegionState.GREEN

    def extra_days(self, state: RegionState, project_lots: int) -> int | None:
        """Return by how many days a project is held up, or None where it waits until the region has changed."""
        if project_lots < self.min_project or state == RegionState.GREEN:
            return 0
        if state == RegionState.RED and self.red == "suspend":
            return None
        return self.slow_days
