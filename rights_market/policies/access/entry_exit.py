"""Who is covered: by a threshold of use, and for as long as use stays above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge

from rights_market.policies.rule import Days, Lots, Rule

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryExit(Rule):
    """Coverage by a threshold of yearly use: in after one year on it, out after some years below it.

    Attributes
    ----------
    threshold : int
        Lots a year from which a firm is covered; exactly the threshold is covered.
    lag_years : int
        Years from the use that reaches the threshold to the first year covered.
    exit_years : int
        Years in a row below the threshold after which a firm is off the list, from the next year on.
    closure_obligation_days : int
        Days after a firm closes on which its duty for what it used so far falls due.
    keep_units : bool
        Whether a closed firm keeps what its duty leaves it; else that is cancelled.

    References
    ----------
    Interim measures for carbon emission trading (2020), articles 8 and 11 [known]; threshold of 26,000 t [seen].
    """

    kind: Literal["entry_exit"] = "entry_exit"
    threshold: Lots = 26_000
    lag_years: Annotated[int, Ge(1)] = 1
    exit_years: Annotated[int, Ge(1)] = 2
    closure_obligation_days: Days = 30
    keep_units: bool = True

    def covered(self, year: int, use_lots: Mapping[int, Int64], listed: Bools) -> Bools:
        """Return who is covered in a year.

        Parameters
        ----------
        year : int
        use_lots : dict of int to ndarray of int64, shape (n_firms,)
            Verified use by year.  Where the last year is not verified yet, the latest ones that are count.
        listed : ndarray of bool, shape (n_firms,)
            Who was covered in the year before.

        Examples
        --------
        >>> use = {2021: np.array([26_000]), 2022: np.array([25_999]), 2023: np.array([25_000])}
        >>> EntryExit().covered(2022, use, np.array([False])), EntryExit().covered(2024, use, np.array([True]))
        (array([ True]), array([False]))
        """
        known = sorted(y for y in use_lots if y < year)
        covered = listed.copy()
        entered = [y for y in known if y <= year - self.lag_years]
        if entered:
            covered |= use_lots[entered[-1]] >= self.threshold
        if len(known) >= self.exit_years:
            covered &= ~np.all([use_lots[y] < self.threshold for y in known[-self.exit_years :]], axis=0)
        return covered

    def duty_date(self, closed: date) -> date:
        """Return the date on which the duty of a firm that closed falls due."""
        return closed + timedelta(self.closure_obligation_days)
