"""The reserve for new entrants: what is set aside, granted, recycled, and left at the end of the year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply import Supply
from rights_market.entitlement import Entitlement
from rights_market.policies.access import NewEntrantReserve

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Key = tuple[str, str]


class Entrants:
    """Keeps the reserve of each right.

    Parameters
    ----------
    office : Office
    entitlements : dict of str to Entitlement
    supplies : dict of str to Supply
        Auctions and their reserves, by code of the right.

    Attributes
    ----------
    pot_lots : dict of str to int
        Lots left in the reserve, by code of the right.
    for_auction : dict of str to int
        Lots that were left at the end of years and are to be auctioned, by code of the right.
    recycled_lots : dict of (str, str) to int
        Lots taken back from closed firms into the reserve, by right and period.
    """

    def __init__(
        self, office: Office, entitlements: dict[str, Entitlement], supplies: Mapping[str, Supply] | None = None
    ) -> None:
        self._office = office
        self._entitlements = entitlements
        self._supplies = supplies or {}
        self.pot_lots: dict[str, int] = {}
        self.for_auction: dict[str, int] = {}
        self.recycled_lots: dict[Key, int] = {}
        self._granted: dict[Key, Int64] = {}

    def granted_lots(self, right: str, period: str) -> Int64:
        """Return what each firm was granted in a period, shape (n_firms,)."""
        return self._granted.get((right, period), np.zeros(len(self._office.accounts), np.int64))

    def set_aside(self, matter: Matter, year: int, cap_lots: int) -> None:
        """Fill the reserve from the cap of a year, on top of what was left."""
        rule = self._office.books[matter.right].entrant_reserve
        if rule is None:
            return
        lots = rule.set_aside(cap_lots)
        self.pot_lots[matter.right] = self.pot_lots.get(matter.right, 0) + lots
        self._entitlements[matter.right].set_aside_lots[year] = lots if rule.within_cap else 0
        where = "within the cap" if rule.within_cap else "beyond the cap"
        self._office.note(matter, rule.kind, "set_aside", lots=lots, note=f"{year}, {where}")

    def grant(self, matter: Matter, rows: Rows, capacity_units: Int64) -> Int64:
        """Serve the applications of one day, and return the lots granted.

        Parameters
        ----------
        rows : ndarray of intp, shape (n,)
            Firms that apply.
        capacity_units : ndarray of int64, shape (n,)
            Whole units of product that each can make in a year.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
        """
        granted = np.zeros(len(self._office.accounts), np.int64)
        rule = self._office.books[matter.right].entrant_reserve
        if rule is None or not len(rows):
            return granted
        asked = [self._entitlement(matter, rule, row, units) for row, units in zip(rows, capacity_units, strict=True)]
        pot = self.pot_lots.get(matter.right, 0)
        granted[rows] = rule.grant(pot, asked)
        self.pot_lots[matter.right] = pot - int(granted.sum())
        short = sum(asked) - int(granted.sum())
        if short:
            self._office.note(matter, rule.kind, "reserve_exhausted", lots=short)
        self._issue(matter, rule, granted)
        return granted

    def recycle(self, matter: Matter, lots: int) -> None:
        """Put lots that were taken back from closed firms into the reserve, where the rule wants them."""
        rule = self._office.books[matter.right].entrant_reserve
        if rule is not None and rule.recycle_closures and lots:
            self.recycled_lots[matter.key] = self.recycled_lots.get(matter.key, 0) + lots
            self._add(matter, lots, "recycled")

    def keep(self, matter: Matter, lots: int) -> None:
        """Put lots into the reserve that nobody claimed of what the cap leaves for free allocation."""
        if lots:
            self._add(matter, lots, "unclaimed")

    def _add(self, matter: Matter, lots: int, code: str) -> None:
        self.pot_lots[matter.right] = self.pot_lots.get(matter.right, 0) + lots
        self._office.note(matter, "new_entrant_reserve", code, lots=lots)

    def close_year(self, matter: Matter) -> None:
        """Deal with what is left in the reserve at the end of a year."""
        rule, left = self._office.books[matter.right].entrant_reserve, self.pot_lots.get(matter.right, 0)
        if rule is None or not left or rule.leftover == "next_year":
            return
        self.pot_lots[matter.right] = 0
        if rule.leftover == "auction":
            self.for_auction[matter.right] = self.for_auction.get(matter.right, 0) + left
        if rule.leftover == "msr":
            self._supplies[matter.right].store(matter, left)
        self._office.note(matter, rule.kind, "reserve_left", lots=left, note=rule.leftover)

    def take_for_auction(self, right: str) -> int:
        """Hand over the lots that are to be auctioned."""
        return self.for_auction.pop(right, 0)

    def _entitlement(self, matter: Matter, rule: NewEntrantReserve, row: int, units: int) -> int:
        firms, right = self._office.firms, self._office.books[matter.right].right
        return rule.entitlement((firms.classes or firms.sectors)[row], int(units), right.lot)

    def _issue(self, matter: Matter, rule: NewEntrantReserve, granted: Int64) -> None:
        office, obligations = self._office, self._office.market.obligations
        self._granted[matter.key] = self.granted_lots(*matter.key) + granted
        for up_front, read in ((True, obligations.preallocated_lots), (False, obligations.allocated_lots)):
            before = read(*matter.key)[office.accounts]
            obligations.set_allocation(*matter.key, before + granted, office.accounts, up_front=up_front)
        rows = np.flatnonzero(granted)
        office.market.registry.issue(matter.instrument, office.accounts[rows], granted[rows])
        office.note_each(matter, rule.kind, "ner_granted", office.accounts, granted)

    def state(self) -> dict[str, Any]:
        """Return the reserves and what was granted."""
        return {
            "pot": dict(self.pot_lots),
            "for_auction": dict(self.for_auction),
            "recycled": [(*key, n) for key, n in self.recycled_lots.items()],
            "granted": [(*key, x.copy()) for key, x in self._granted.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.pot_lots = {code: int(n) for code, n in state["pot"].items()}
        self.for_auction = {code: int(n) for code, n in state["for_auction"].items()}
        self.recycled_lots = {(right, period): int(n) for right, period, n in state["recycled"]}
        self._granted = {(right, period): np.array(x) for right, period, x in state["granted"]}
