"""The list of covered firms of each right: who comes on it, and who leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.entitlement import Entitlement

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BEGINNING, LATEST = 0, 9999
"""Years before and after all others."""


class Coverage:
    """Keeps the lists of covered firms.

    Parameters
    ----------
    office : Office
    entitlements : dict of str to Entitlement

    Attributes
    ----------
    closed_on : dict of int to date
        Firms that closed, by row.
    """

    def __init__(self, office: Office, entitlements: dict[str, Entitlement]) -> None:
        self._office = office
        self._entitlements = entitlements
        self.closed_on: dict[int, date] = {}
        self._use: dict[str, dict[int, Int64]] = {code: {} for code in office.books}

    def listed(self, right: str, year: int = LATEST) -> Bools:
        """Return who is covered in a compliance year, or by the latest list."""
        return self._entitlements[right].listed(year)

    def begin(self, right: str, listed: Bools) -> None:
        """Begin a list, without an event: these firms were covered before the market opened."""
        self._entitlements[right].lists = {BEGINNING: np.array(listed)}

    def report_use(self, right: str, year: int, lots: Int64) -> None:
        """File the verified use of all firms in a year, covered or not."""
        self._use[right][year] = np.array(lots, np.int64)

    def open_year(self, matter: Matter, year: int, subject: Bools) -> Bools:
        """Put firms on the list and take others off it at the beginning of a year, where the right has such a rule.

        Parameters
        ----------
        subject : ndarray of bool, shape (n_firms,)
            Firms that are at work and of a kind that may be covered.

        Returns
        -------
        ndarray of bool, shape (n_firms,)
            The new list.
        """
        rule, before = self._office.books[matter.right].entry_exit, self.listed(matter.right)
        if rule is None:
            return before
        now = rule.covered(year, self._use[matter.right], before) & subject
        now[list(self.closed_on)] = False
        self._change(matter, rule.kind, before, now, year)
        return now

    def admit(self, matter: Matter, row: int, yearly_lots: int) -> bool:
        """Put a firm that begins to work on the list, unless it is expected to stay below a threshold."""
        rule, listed = self._office.books[matter.right].entry_exit, self.listed(matter.right)
        now = listed.copy()
        now[row] = rule is None or yearly_lots >= rule.threshold
        self._change(matter, "entry_exit", listed, now)
        return bool(now[row])

    def close(self, row: int, on: date) -> dict[str, date]:
        """Write down that a firm has closed, and return the dates on which its duties fall due, by right.

        What it offered to others, and they to it, is released.
        """
        self.closed_on[row] = on
        self._office.market.release_offers(self._office.accounts[[row]], "a side has closed")
        due = {}
        for code, book in self._office.books.items():
            if self.listed(code)[row]:
                self._note(code, "entry_exit", "firm_closed", row)
                if book.entry_exit is not None:
                    due[code] = book.entry_exit.duty_date(on)
                    self._entitlements[code].is_closed[row] = True
        return due

    def _change(self, matter: Matter, kind: str, before: Bools, now: Bools, year: int | None = None) -> None:
        """Put a new list in place of the latest one, or from `year` on; duties of earlier years keep theirs."""
        lists = self._entitlements[matter.right].lists
        lists[max(lists, default=BEGINNING) if year is None else year] = now
        for rows, code in ((now & ~before, "firm_entered"), (before & ~now, "firm_exited")):
            for row in np.flatnonzero(rows).tolist():
                self._note(matter.right, kind, code, row)

    def _note(self, right: str, kind: str, code: str, row: int) -> None:
        self._office.note_firm("firm_exit" if code != "firm_entered" else "firm_entry", kind, code, row, right=right)

    def state(self) -> dict[str, Any]:
        """Return the closures and the reported use; the lists are with the allocation."""
        return {
            "closed_on": [(row, day.isoformat()) for row, day in self.closed_on.items()],
            "use": {code: {str(y): x.copy() for y, x in use.items()} for code, use in self._use.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.closed_on = {int(row): date.fromisoformat(day) for row, day in state["closed_on"]}
        self._use = {code: {int(y): np.array(x) for y, x in use.items()} for code, use in state["use"].items()}
