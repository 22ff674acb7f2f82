"""Sanctions: who offended when, who is suspended from trading, and whose output is cut."""

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
    barred_until, bound_until : ndarray of int64, shape (n_firms,)
        Dates (ordinal) from which each firm may sell again, and buy more than it owes.
    banned_to : dict of str to ndarray of int64, shape (n_firms,)
        Last compliance year in which a right accepts no credits of each firm.
    no_subsidies_to : ndarray of int64, shape (n_firms,)
        Last calendar year in which each firm gets no subsidy that excludes those who are banned.
    is_marked : ndarray of bool, shape (n_firms,)
        Whether a firm has an entry in the public credit record, which lenders may read.
    cuts : dict of int to ndarray of float64, shape (n_firms,)
        Factor on output by calendar year.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        n = len(office.accounts)
        self.offences: list[tuple[str, int, int]] = []
        self.barred_until: Int64 = np.full(n, NEVER, np.int64)
        self.bound_until: Int64 = np.full(n, NEVER, np.int64)
        self.banned_to: dict[str, Int64] = {}
        self.no_subsidies_to: Int64 = np.full(n, NEVER, np.int64)
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
        self._suspend()

    def _follow(self, matter: Matter, row: int, step: SanctionStep, on: date) -> None:
        if step.publish:
            self._note(matter, row, "named")
        if step.credit_mark:
            self.is_marked[row] = True
            self._note(matter, row, "credit_marked")
        if step.suspend_trading is not None:
            until = on + timedelta(step.suspend_days)
            self.barred_until[row] = max(self.barred_until[row], until.toordinal())
            if step.suspend_trading == "all":
                self.bound_until[row] = max(self.bound_until[row], until.toordinal())
            what = "sales" if step.suspend_trading == "buys_only" else "sales, and no buys beyond cover,"
            self._note(matter, row, "suspended", f"no {what} before {until}")
        if step.ban_credits_years:
            banned = self.banned_to.setdefault(matter.right, np.full(len(self.is_marked), NEVER, np.int64))
            banned[row] = max(banned[row], matter.period.vintage + step.ban_credits_years)
            self._note(matter, row, "credits_banned", f"up to {banned[row]}")
        if step.ban_subsidies_years:
            self.no_subsidies_to[row] = max(self.no_subsidies_to[row], on.year + step.ban_subsidies_years)
            self._note(matter, row, "subsidies_banned", f"up to {self.no_subsidies_to[row]}")
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
        """Let firms trade again whose time is over on a date."""
        any_over = False
        for until in (self.barred_until, self.bound_until):
            over = (until > NEVER) & (until <= on.toordinal())
            until[over] = NEVER
            any_over |= bool(over.any())
        if any_over:
            self._suspend()

    def accepts_credits(self, right: str, year: int) -> Bools:
        """Return whose credits a right accepts in a compliance year, shape (n_firms,)."""
        banned = self.banned_to.get(right)
        return np.ones(len(self.is_marked), np.bool_) if banned is None else banned < year

    def may_be_subsidised(self, year: int) -> Bools:
        """Return who is not banned from subsidies in a calendar year, shape (n_firms,)."""
        return self.no_subsidies_to < year

    def output_factor(self, year: int) -> Floats:
        """Return the factor on each firm's output in a calendar year, shape (n_firms,)."""
        return self.cuts.get(year, np.ones(len(self.is_marked)))

    def _suspend(self) -> None:
        accounts = self._office.accounts
        self._office.market.suspend(accounts[self.is_barred], accounts[self.bound_until > NEVER])

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            "offences": list(self.offences),
            "barred_until": self.barred_until.copy(),
            "bound_until": self.bound_until.copy(),
            "banned_to": {right: years.copy() for right, years in self.banned_to.items()},
            "no_subsidies_to": self.no_subsidies_to.copy(),
            "is_marked": self.is_marked.copy(),
            "cuts": {str(year): factor.copy() for year, factor in self.cuts.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.offences = [(right, int(row), int(day)) for right, row, day in state["offences"]]
        self.barred_until = np.array(state["barred_until"])
        self.bound_until = np.array(state["bound_until"])
        self.banned_to = {right: np.array(years) for right, years in state["banned_to"].items()}
        self.no_subsidies_to = np.array(state["no_subsidies_to"])
        self.is_marked = np.array(state["is_marked"])
        self.cuts = {int(year): np.array(factor) for year, factor in state["cuts"].items()}
        self._suspend()
