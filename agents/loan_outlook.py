"""What the public expects to be borrowed from the next year, where a rule lets firms do so.

A unit borrowed is one more now, and costs what is owed for it next year.  Firms that can leave a part of their duty
uncovered do so until a unit now is worth no more than what is owed, discounted; or as far as the rule lets each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from agents.duties import Duties
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]

STEPS = 8
"""Halvings in the search for what is borrowed: to a quarter of a percent of what may be."""


class Prices(NamedTuple):
    """Public prices with a loan: of a unit this year, and next year, CNY."""

    now: float
    next_year: float


def planned_loan(
    duties: Duties, progress: RightProgress, k: int, rate: float, solve: Callable[[float, float], Prices | None]
) -> tuple[float, float]:
    """Return the units that firms are expected to borrow for a period, and those that they will owe for them.

    Parameters
    ----------
    duties : Duties
        What the rule lets each firm borrow, and what each lacks at a price.
    progress : RightProgress
    k : int
        Position of the period whose use counts now.
    rate : float
        Interest a year.
    solve : callable
        From units lent and owed to the public prices; None where no price covers what is owed.

    Notes
    -----
    Only who lacks units can borrow.  What firms lack beyond their limits must come from those who have units to spare;
    where these have too few, firms abate more and less is borrowed.
    """
    limit, owed = duties.most_lent(progress, k)
    most = float(limit.sum())
    if most <= 0.0:
        return 0.0, 0.0

    def is_wanted(lent: float) -> bool:
        price = solve(lent, owed * lent)
        if price is None:
            return True
        if price.now * (1.0 + rate) < owed * price.next_year:
            return False
        lacking = duties.lacking_at(progress, k, price.now)
        return bool(np.maximum(lacking - limit, 0.0).sum() <= np.maximum(-lacking, 0.0).sum())

    low, high = 0.0, most
    if is_wanted(most):
        return most, owed * most
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if is_wanted(middle) else (low, middle)
    return low, owed * low
