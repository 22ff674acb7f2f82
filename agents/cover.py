"""What a unit covers where use must be covered by what was held on average over the year.

A unit bought on a day covers the rest of the year only: with half of it to go, two units make up for one that is
missing, and each is worth half.  Whoever waits until the year is over cannot make up for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]


def share_left(model: RightsMarketModel, progress: RightProgress, k: int) -> float:
    """Return the part of a period for which a unit counts that is held from today on; 1 where units are surrendered."""
    if not progress.is_yearly:
        return 1.0
    period, today = progress.uses[k].period, model.calendar.days[model.day]
    if today < period.use_from:
        return 1.0
    counted = model.authority.held_so_far(progress.rules.right.code, period)[1]
    left = max(0, (period.use_to - today).days + 1)
    return left / (counted + left)


def still_needed(model: RightsMarketModel, progress: RightProgress, k: int, owed: Floats, share: float) -> Floats:
    """Return the lots that each firm must hold from today on so that its mean holding reaches what it owes.

    Parameters
    ----------
    owed : ndarray of float64, shape (n_firms,)
        Lots that must be held on average.
    share : float
        What `share_left` returns for the period, above 0.
    """
    held, counted = model.authority.held_so_far(progress.rules.right.code, progress.uses[k].period)
    if not progress.is_yearly or counted == 0:
        return owed
    return np.asarray((owed - held * (1.0 - share) / counted) / share)
