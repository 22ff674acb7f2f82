"""What every cap can be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from rights_market.policies.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class CapRule(Rule, ABC):
    """Base of the caps: lots of a year, from a table or from the activity that is expected."""

    needs_activity: ClassVar[bool] = False
    """Whether the cap follows from activity, so that it is known only once that is forecast."""

    @property
    def counts_value(self) -> bool:
        """Whether activity is the value of output, and not output itself."""
        return False

    @abstractmethod
    def cap(self, year: int, activity: int = 0) -> int:
        """Return the cap of a year, lots.

        Parameters
        ----------
        year : int
        activity : int
            Activity forecast for the year, in whole units; read where `needs_activity`.

        Raises
        ------
        PolicyError
            If the rule has no number for the year.
        """

    def last_known(self, year: int) -> int:
        """Return the latest year, not after `year`, for which the rule has a number of its own."""
        return year

    def is_floored(self, year: int) -> bool:
        """Return whether the cap of a year is 0 because its formula gives less."""
        return False

    def region_totals(self) -> dict[str, int]:
        """Return the most that may be issued to the firms of a region in a year, lots; empty without such limits."""
        return {}
