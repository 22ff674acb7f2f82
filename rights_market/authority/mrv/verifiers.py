"""The verifiers of one right: their licences, and whom each firm has had for how long."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.policies.mrv import Verification

Int64 = npt.NDArray[np.int64]


class Verifiers:
    """Licensed verifiers and their clients.

    Parameters
    ----------
    rule : Verification
    n_firms : int

    Attributes
    ----------
    licensed : ndarray of bool, shape (verifiers,)
    last : ndarray of int64, shape (n_firms,)
        Last verifier of each firm, -1 for none.
    years : ndarray of int64, shape (n_firms,)
        Verifications in a row by that one.
    """

    def __init__(self, rule: Verification, n_firms: int) -> None:
        self.rule = rule
        self.licensed = np.ones(rule.verifiers, np.bool_)
        self.last = np.full(n_firms, -1, np.int64)
        self.years = np.zeros(n_firms, np.int64)

    def next_for(self, preferred: Int64) -> Int64:
        """Return who would check each firm, given whom it prefers."""
        return self.rule.assign(self.last, self.years, self.licensed, preferred)

    def engage(self, rows: Int64, preferred: Int64) -> Int64:
        """Assign verifiers to some firms for this year, and return them, shape (len(rows),)."""
        now = self.next_for(preferred)[rows]
        self.years[rows] = np.where(now == self.last[rows], self.years[rows], 0) + 1
        self.last[rows] = now
        return now

    def most_lenient(self) -> int:
        """Return the licensed verifier that colludes most, the first of equals; -1 where none is licensed."""
        if not self.licensed.any():
            return -1
        return int(np.argmax(np.where(self.licensed, self.rule.collusion_of, -1.0)))

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {"licensed": self.licensed.copy(), "last": self.last.copy(), "years": self.years.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned; under a rule with other verifiers, all of these begin anew."""
        if len(state["licensed"]) != self.rule.verifiers:
            return
        self.licensed, self.last, self.years = (np.array(state[name]) for name in ("licensed", "last", "years"))
