"""Caps: what is set for a year, and what is corrected once the activity behind it is verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.entitlement import Entitlement
from rights_market.policies.cap import CapRule, IntensityTarget
from rights_market.policies.rule import kind_of
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]


class Caps:
    """Sets the caps of all rights.

    Parameters
    ----------
    office : Office
    entitlements : dict of str to Entitlement
        Where the caps are kept, for the allocation to see.
    """

    def __init__(self, office: Office, entitlements: dict[str, Entitlement]) -> None:
        self._office = office
        self._entitlements = entitlements
        self._carried: dict[str, int] = {}

    def lots(self, right: str, year: int) -> int | None:
        """Return the cap of a year as far as it is known: as set, else by a rule that fixes it in advance."""
        rule, entitlement = self._office.books[right].cap, self._entitlements[right]
        if year in entitlement.cap_lots:
            return entitlement.cap_lots[year]
        return None if rule is None or rule.needs_activity else rule.cap(year)

    def set(self, matter: Matter, year: int, activity: int) -> int:
        """Set the cap of a year for a forecast of activity, with what was carried from the year before.

        A correction that would take the cap below 0 is carried on for the next year.
        """
        rule = self._rule(matter.right)
        wanted = rule.cap(year, activity) + self._carried.pop(matter.right, 0)
        if wanted < 0:
            self._carried[matter.right] = wanted
        if wanted < 0 or rule.is_floored(year):
            self._office.note(matter, kind_of(type(rule)), "cap_floor_reached", lots=min(wanted, 0), note=f"{year}")
        lots = max(wanted, 0)
        self._entitlements[matter.right].cap_lots[year] = lots
        self._office.note(matter, kind_of(type(rule)), "cap_set", lots=lots, note=f"{year}")
        return lots

    def correct(self, matter: Matter, year: int, activity: int) -> int:
        """Carry out the correction of a year's cap for its verified activity, and return it in lots.

        What follows from it is left to the rule: nothing, more or fewer lots in the next year's cap, or lots of this
        year that are issued to firms or withdrawn from them at once, in proportion to their allocation.
        """
        rule = self._office.books[matter.right].cap
        if not isinstance(rule, IntensityTarget) or rule.ex_post == "none":
            return 0
        difference = rule.correction(year, self._entitlements[matter.right].cap_lots[year], activity)
        self._office.note(matter, rule.kind, "intensity_correction", lots=difference, note=f"{year}")
        if rule.ex_post == "next_year":
            self._carried[matter.right] = self._carried.get(matter.right, 0) + difference
        elif difference:
            self._adjust(matter, rule.kind, difference)
        return difference

    def _adjust(self, matter: Matter, kind: str, difference: int) -> None:
        """Issue lots to firms by their allocation, or withdraw free ones; what is not free is left unmet."""
        office, registry = self._office, self._office.market.registry
        weights = office.market.obligations.allocated_lots(*matter.key)[office.accounts]
        parts = np.array(largest_remainder(abs(difference), weights.tolist()), np.int64)
        if difference > 0:
            rows = np.flatnonzero(parts)
            registry.issue(matter.instrument, office.accounts[rows], parts[rows])
            return
        office.withdraw_asks(matter, kind, np.array([matter.instrument]), office.accounts[np.flatnonzero(parts)])
        taken = np.minimum(parts, registry.free[matter.instrument, office.accounts])
        rows = np.flatnonzero(taken)
        registry.cancel(matter.instrument, office.accounts[rows], taken[rows])
        unmet = -difference - int(taken.sum())
        if unmet:
            office.note(matter, kind, "rule_unmet", lots=unmet, note="lots to withdraw are not free")

    def _rule(self, right: str) -> CapRule:
        rule = self._office.books[right].cap
        if rule is None:
            raise ValueError(f"{right} has no cap that could be set")
        return rule

    def state(self) -> dict[str, Any]:
        """Return what is carried to the next caps."""
        return dict(self._carried)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._carried = {right: int(lots) for right, lots in state.items()}
