"""What follows from false data: fines, cuts of the next allocation, and a name that nobody trusts for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.policies.lots import floor_share
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.registry.obligations import Debt

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Offences:
    """What offenders owe.

    Parameters
    ----------
    office : Office

    Attributes
    ----------
    unpaid_fen : ndarray of int64, shape (n_firms,)
        Fines that were not paid yet.
    barred_until : ndarray of int64, shape (n_firms,)
        First vintage for which a firm's published figures are believed again.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        n = len(office.accounts)
        self.unpaid_fen = np.zeros(n, np.int64)
        self.barred_until = np.zeros(n, np.int64)
        self._cut: dict[tuple[str, str], Bools] = {}

    def fine(self, matter: Matter, rule: str, fines: Int64) -> None:
        """Charge fines, take what cash there is, and write down what is left."""
        self._office.note_each(matter, rule, "fined", self._office.accounts, money_fen=fines)
        self.unpaid_fen += fines
        self.collect()

    def collect(self) -> Int64:
        """Take what cash there is for unpaid fines, and return what was paid, fen, shape (n_firms,)."""
        registry, accounts = self._office.market.registry, self._office.accounts
        paid = np.minimum(self.unpaid_fen, registry.cash[accounts])
        rows = np.flatnonzero(paid)
        registry.pay(accounts[rows], GOVERNMENT_ACCOUNT, paid[rows])
        self.unpaid_fen -= paid
        return paid

    def bar(self, offenders: Bools, until: int) -> None:
        """Let nobody believe what some firms publish before the vintage `until`."""
        self.barred_until = np.maximum(self.barred_until, np.where(offenders, until, 0))

    def cut_next(self, matter: Matter, offenders: Bools) -> None:
        """Note that some firms lose a part of their next allocation."""
        rule = self._office.books[matter.right].audit
        if rule is None or not rule.allocation_cut or not offenders.any():
            return
        following = self._office.following(matter.right, matter.period)
        if following is None:
            note = f"no next allocation of {int(offenders.sum())} firms"
            self._office.note(matter, rule.kind, "rule_unmet", note=note)
            return
        key = matter.right, following.name
        self._cut[key] = self._cut[key] | offenders if key in self._cut else offenders.copy()

    def take_cut(self, matter: Matter, lots: Int64) -> None:
        """Make what offenders lose of an allocation a debt that this allocation has to serve."""
        rule, offenders = self._office.books[matter.right].audit, self._cut.get(matter.key)
        if rule is None or offenders is None:
            return
        lost = np.where(offenders, floor_share(rule.allocation_cut, lots), 0)
        self._office.market.obligations.add_debt(*matter.key, Debt.CUT, lost, self._office.accounts)
        self._office.note_each(matter, rule.kind, "allocation_cut", self._office.accounts, lost)

    def state(self) -> dict[str, Any]:
        """Return everything that changes."""
        return {
            "unpaid_fen": self.unpaid_fen.copy(),
            "barred_until": self.barred_until.copy(),
            "cut": [(*key, x.copy()) for key, x in self._cut.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.unpaid_fen, self.barred_until = np.array(state["unpaid_fen"]), np.array(state["barred_until"])
        self._cut = {(right, period): np.array(x) for right, period, x in state["cut"]}
