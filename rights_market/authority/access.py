"""Who comes under the rules and who leaves them: the yearly list, new firms, and firms that close."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt

from rights_market.authority import allocation
from rights_market.authority.coverage import Coverage
from rights_market.authority.entrants import Entrants
from rights_market.authority.office import Office
from rights_market.authority.supply import Supply
from rights_market.authority.surrender import hand_in_one
from rights_market.entitlement import Entitlement
from rights_market.exchange.calendar import Period

Int64 = npt.NDArray[np.int64]


class Access:
    """Admits firms, and settles with those that close.

    Parameters
    ----------
    office : Office
    entitlements : dict of str to Entitlement
    coverage : Coverage
    entrants : Entrants
    supplies : dict of str to Supply
    """

    def __init__(
        self,
        office: Office,
        entitlements: Mapping[str, Entitlement],
        coverage: Coverage,
        entrants: Entrants,
        supplies: Mapping[str, Supply],
    ) -> None:
        self._office = office
        self._entitlements = entitlements
        self._coverage = coverage
        self._entrants = entrants
        self._supplies = supplies

    def open_year(self, right: str, period: Period, year: int, subject: npt.NDArray[np.bool_]) -> None:
        """Renew the list of covered firms, and deal with what is left of last year's reserve.

        Parameters
        ----------
        period : Period
            The period at hand.
        subject : ndarray of bool
            Firms that are at work and of a kind that may be covered.
        """
        matter = self._office.matter("year_open", right, period)
        self._entrants.close_year(matter)
        self._coverage.open_year(matter, year, subject)

    def admit(self, right: str, period: Period, row: int, yearly_lots: int, capacity_units: int) -> Int64:
        """Let a firm begin to work: put it on the list, and grant it what the reserve has for it.

        Returns
        -------
        ndarray of int64
            Lots granted.
        """
        matter = self._office.matter("firm_entry", right, period)
        if not self._coverage.admit(matter, row, yearly_lots):
            return np.zeros(len(self._office.accounts), np.int64)
        self._entitlements[right].entry_year[row] = period.vintage
        return self._entrants.grant(matter, np.array([row]), np.array([capacity_units]))

    def close(self, row: int, on: date) -> dict[str, date]:
        """Write down that a firm has closed, and return the dates on which its duties fall due, by right.

        What it has consigned and what is not sold comes back to it, where there is a rule of entry and exit: its duty
        is served from it, and the rest follows that rule.
        """
        due = self._coverage.close(row, on)
        for code in due.keys() & self._supplies.keys():
            period = next((p for p in self._office.books[code].periods if on <= p.deadline), None)
            if period is not None:
                matter = self._office.matter("firm_exit", code, period)
                self._supplies[code].withdraw_consigned(matter, int(self._office.accounts[row]))
        return due

    def settle_closed(self, right: str, period: Period, row: int, use_lots: int, final_lots: int | None) -> int:
        """Settle the duty of a firm that has closed, ahead of the others: verify, true up, surrender.

        Parameters
        ----------
        use_lots : int
            Its use of the period.
        final_lots : int or None
            Its allocation at what it made; None where that does not depend on output, or is settled.

        Returns
        -------
        int
            Lots issued, or below 0 taken back.
        """
        account = self._office.accounts[[row]]
        matter = self._office.matter("firm_exit", right, period)
        self._office.market.obligations.verify(*matter.key, [use_lots], account)
        moved = 0 if final_lots is None else allocation.settle_one(self._office, matter, row, final_lots)
        self._entrants.recycle(matter, max(0, -moved))
        rule = self._office.books[right].entry_exit
        if self._office.books[right].surrender.mode == "surrender":
            hand_in_one(self._office, matter, row)
        if rule is not None and not rule.keep_units:
            allocation.cancel_free(self._office, matter, row, rule.kind)
        return moved
