"""What reserves that act inside the clearing have left in a year, and what they gave and took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.clearing import Cleared, Inside
from rights_market.authority.supply.pots import retire
from rights_market.policies.stability import CostContainmentReserve, EmissionsContainmentReserve
from rights_market.rulebook import RuleBook


class Containment:
    """The containment reserves of one right, by calendar year of the auctions.

    Parameters
    ----------
    office : Office
    book : RuleBook
        Rules of the right; it has a cap.
    """

    def __init__(self, office: Office, book: RuleBook) -> None:
        assert book.cap is not None
        self._office, self._cap = office, book.cap
        self._release = book.steady(CostContainmentReserve)
        self._withhold = book.steady(EmissionsContainmentReserve)
        self._years = [y for p in book.periods for y in p.years]
        self._used: dict[int, list[int]] = {}
        self._withheld: dict[int, int] = {}

    def release_sizes(self, year: int) -> tuple[int, ...]:
        """Return the lots of each tier of the cost containment reserve in a calendar year."""
        return () if self._release is None else self._release.sizes(self._cap_in(year))

    def release_left(self, year: int) -> tuple[int, ...]:
        """Return the lots left in each tier of the cost containment reserve in a calendar year."""
        sizes = self.release_sizes(year)
        used = self._used.get(year, [0] * len(sizes))
        return tuple(size - n for size, n in zip(sizes, used, strict=True))

    def withhold_most(self, year: int) -> int:
        """Return the most lots that the emissions containment reserve withholds in a calendar year."""
        return 0 if self._withhold is None else self._withhold.most(self._cap_in(year))

    def withhold_left(self, year: int) -> int:
        """Return the lots that the emissions containment reserve may still withhold in a calendar year."""
        return self.withhold_most(year) - self._withheld.get(year, 0)

    def inside(self, year: int, own: int) -> Inside:
        """Return what the reserves may give and take in an auction with so many lots of the government's own."""
        taken = min(self.withhold_left(year), own)
        return Inside(year, self._release, self.release_left(year), self._withhold, taken)

    def book(self, matter: Matter, year: int, cleared: Cleared, beyond: int) -> None:
        """Book what the reserves gave (`beyond` what was offered) and took in an auction."""
        if self._release is not None and cleared.exhausted:
            self._office.note(matter, self._release.kind, "reserve_exhausted")
        if self._release is not None and beyond:
            left = self.release_left(year)
            used = self._used.setdefault(year, [0] * len(left))
            reached = np.minimum(np.cumsum(left), beyond)
            for k, lots in enumerate(np.diff(reached, prepend=0).tolist()):
                used[k] += lots
                if lots:
                    self._office.note(matter, self._release.kind, "ccr_released", lots=lots, note=f"tier {k + 1}")
        if cleared.withheld:
            rule = "emissions_containment_reserve"
            self._withheld[year] = self._withheld.get(year, 0) + cleared.withheld
            retire(self._office, matter, cleared.withheld)
            self._office.note(matter, rule, "ecr_withheld", lots=cleared.withheld)
            self._office.note(matter, rule, "cancelled", lots=cleared.withheld)

    def _cap_in(self, year: int) -> int:
        """Return the cap of a year; of the nearest year of use, where auctions are held before or after."""
        return self._cap.cap(min(max(year, min(self._years)), max(self._years)))

    def state(self) -> dict[str, Any]:
        """Return what was used and withheld by year, as plain lists."""
        return {
            "used": sorted((y, list(used)) for y, used in self._used.items()),
            "withheld": sorted(self._withheld.items()),
        }

    def restore(self, state: Mapping[str, Sequence[Any]]) -> None:
        """Put back what `state` returned."""
        self._used = {int(y): [int(n) for n in used] for y, used in state["used"]}
        self._withheld = {int(y): int(n) for y, n in state["withheld"]}
