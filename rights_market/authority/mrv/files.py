"""The authority's file on the use of one right in one period."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_REPORT = -1
"""Stands for a report that was not filed."""
METHODS = ("none", "cems", "measured_factor", "default_factor")
"""How use was measured; "none" where no rule says how, and it is known as it is."""


@dataclass(slots=True)
class UseFile:
    """What is on file about the use of each firm; all arrays are of shape (n_firms,), quantities in lots.

    Attributes
    ----------
    vintage : int
    subject : ndarray of bool
        Who must hold the right.
    method : ndarray of int64
        Position in `METHODS`.
    true : ndarray of int64
        True use.  Private: only measurement may look at it, and whoever studies the results.
    measured, reported, verified : ndarray of int64
        What the instrument showed, what the firm wrote (`NO_REPORT` where nothing), and what verification let count.
    verifier : ndarray of int64
        Who checked the report, -1 for nobody.
    connived : ndarray of bool
        Whether the verifier noticed a miss and kept quiet.  Private until an audit finds out.
    corrected : ndarray of int64
        What verification added to the report (below 0: took away).
    audited : ndarray of bool
    found : ndarray of int64
        What audits found to be left out, beyond what was verified.
    fine_fen : ndarray of int64
        Fines for false data and missing reports.
    """

    vintage: int
    subject: Bools
    method: Int64
    true: Int64
    measured: Int64
    reported: Int64
    verified: Int64
    verifier: Int64
    connived: Bools
    corrected: Int64
    audited: Bools
    found: Int64
    fine_fen: Int64

    @classmethod
    def open(cls, vintage: int, subject: Bools, true: Int64) -> Self:
        """Return a file on which only true use is noted, taken as measured until a rule says otherwise."""
        n = len(true)
        count, flag = np.zeros(n, np.int64), np.zeros(n, np.bool_)
        columns: dict[str, Any] = {
            "subject": subject,
            **dict.fromkeys(("true", "measured", "reported", "verified"), true),
            **dict.fromkeys(("method", "corrected", "found", "fine_fen"), count),
            **dict.fromkeys(("connived", "audited"), flag),
            "verifier": count - 1,
        }
        return cls(vintage=vintage, **{name: x.copy() for name, x in columns.items()})

    def left_out(self) -> Int64:
        """Return what was measured, filed as less, and has not been found yet."""
        missing = np.maximum(self.measured - self.verified - self.found, 0)
        return np.where(self.reported == NO_REPORT, 0, missing)

    def state(self) -> dict[str, Any]:
        """Return all of it."""
        return {f.name: deepcopy(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the file that `state` described."""
        columns: dict[str, Any] = {name: np.array(x) for name, x in state.items() if name != "vintage"}
        return cls(vintage=int(state["vintage"]), **columns)
