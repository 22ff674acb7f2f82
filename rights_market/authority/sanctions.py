"""Sanctions: who offended when, who is barred from selling, and whose output is cut."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.policies.compliance import SanctionStep

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NEVER = date.min.toordinal()


class SanctionList:
    """Keeps the list of offenders, and carries out what follows from it.

    Parameters
    ----------
    office : Office

    Attributes
    ----------
    offences : list of (str, int, int)
        Right, position of the firm and date (ordinal) of every offence.
    barred_until : ndarray of int64, shape (n_firms,)
        Date (ordinal) from which each firm may sell again.
    banned_to : dict of str to ndarray of int64, shape (n_firms,)
        Last compliance year in which a right accepts no credits of each firm.
    is_marked : ndarray of bool, shape (n_firms,)
        Whether a firm has an entry in the public credit record.
    cuts : dict of int to ndarray of float64, shape (n_firms,)
        Factor on output by calendar year.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        n = len(office.accounts)
        self.offences: list[tuple[str, int, int]] = []
        self.barred_until: Int64 = np.full(n, NEVER, np.int64)
        self.banned_to: dict[str, Int64] = {}
        self.is_marked: Bools = np.zeros(n, np.bool_)
        self.cuts: dict[int, Floats] = {}

    def offend(self, matter: Matter, rows: npt.NDArray[np.intp], on: date) -> None:
        """Enter offences of firms, and let follow what the rule of the right says.

        Parameters
        ----------
        rows : ndarray of intp
            Positions of the firms.
        on : date
            Today.
        """
        rule = self._office.books[matter.right].sanctions
        if rule is None:
            return
        for row in rows.tolist():
            before = [d for right, i, d in self.offences if right == matter.right and i == row]
            self.offences.append((matter.right, row, on.toordinal()))
            step = rule.step(1 + sum(rule.counts(date.fromordinal(d), on) for d in before))
            if step is not None:
                self._follow(matter, row, step, on)
        self._bar()

    def _follow(self, matter: Matter, row: int, step: SanctionStep, on: date) -> None:
        if step.publish:
            self._note(matter, row, "named")
        if step.credit_mark:
            self.is_marked[row] = True
            self._note(matter, row, "credit_marked")
        if step.suspend_sales:
            until = on + timedelta(step.suspend_sales)
            self.barred_until[row] = max(self.barred_until[row], until.toordinal())
            self._note(matter, row, "suspended", f"no sales before {until}")
        if step.ban_credits_years:
            banned = self.banned_to.setdefault(matter.right, np.full(len(self.is_marked), NEVER, np.int64))
            banned[row] = max(banned[row], matter.period.vintage + step.ban_credits_years)
            self._note(matter, row, "credits_banned", f"up to {banned[row]}")
        if step.cut_days:
            # Cuts of one year do not add up: the larger holds.  One that reaches into the next year counts there.
            year = (on + timedelta(step.cut_days)).year
            factor = self.cuts.setdefault(year, np.ones(len(self.is_marked)))
            factor[row] = min(factor[row], float(step.output_factor))
            self._note(matter, row, "production_cut", f"{step.cut_share} for {step.cut_days} days of {year}")

    def _note(self, matter: Matter, row: int, code: str, words: str = "") -> None:
        self._office.note(matter, "sanctions", code, account=int(self._office.accounts[row]), note=words)

    @property
    def is_barred(self) -> Bools:
        """Whether each firm may not sell today."""
        return self.barred_until > NEVER

    def lift(self, on: date) -> None:
        """Let firms sell again whose time is over on a date."""
        over = (self.barred_until > NEVER) & (self.barred_until <= on.toordinal())
        if over.any():
            self.barred_until[over] = NEVER
            self._bar()

    def accepts_credits(self, right: str, year: int) -> Bools:
        """Return whose credits a right accepts in a compliance year, shape (n_firms,)."""
        banned = self.banned_to.get(right)
        return np.ones(len(self.is_marked), np.bool_) if banned is None else banned < year

    def output_factor(self, year: int) -> Floats:
        """Return the factor on each firm's output in a calendar year, shape (n_firms,)."""
        return self.cuts.get(year, np.ones(len(self.is_marked)))

    def _bar(self) -> None:
        self._office.market.suspend(self._office.accounts[self.is_barred])

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            "offences": list(self.offences),
            "barred_until": self.barred_until.copy(),
            "banned_to": {right: years.copy() for right, years in self.banned_to.items()},
            "is_marked": self.is_marked.copy(),
            "cuts": {str(year): factor.copy() for year, factor in self.cuts.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.offences = [(right, int(row), int(day)) for right, row, day in state["offences"]]
        self.barred_until = np.array(state["barred_until"])
        self.banned_to = {right: np.array(years) for right, years in state["banned_to"].items()}
        self.is_marked = np.array(state["is_marked"])
        self.cuts = {int(year): np.array(factor) for year, factor in state["cuts"].items()}
        self._bar()
