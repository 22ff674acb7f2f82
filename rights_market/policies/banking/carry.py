"""What every rule of carry-over decides: what is carried over and what lapses, and in which order."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.lots import take_in_order

Int64 = npt.NDArray[np.int64]

# Rows of the first axis of holdings, in the order in which units lapse.
COLUMNS = ("free", "frozen", "pledged")


class Carry(NamedTuple):
    """What is carried over and what lapses, of the vintages up to the compliance year.

    Attributes
    ----------
    carried, lapsed : ndarray of int64, shape (3, n_instruments, n_firms)
        First axis as `COLUMNS`; later vintages are 0 in both, because the rule does not concern them.
    """

    carried: Int64
    lapsed: Int64


def usable_lots(holdings: Int64, vintages: Int64, compliance_year: int) -> Int64:
    """Return the holdings without those of later vintages, which no rule of this year concerns."""
    return holdings * (vintages <= compliance_year)[np.newaxis, :, np.newaxis]


def split(usable: Int64, most: Int64, vintages: Int64, *, newest_first: bool = False) -> Carry:
    """Let the lots above `most` lapse vintage by vintage, free ones before frozen and frozen before pledged.

    Parameters
    ----------
    usable : ndarray of int64, shape (3, n_instruments, n_firms)
    most : ndarray of int64, shape (n_firms,)
        Lots that each firm may carry over.
    vintages : ndarray of int64, shape (n_instruments,)
    newest_first : bool
        Whether the newest vintage lapses first, not the oldest.
    """
    excess = np.maximum(usable.sum(axis=(0, 1)) - most, 0)
    order = np.argsort(-vintages if newest_first else vintages, kind="stable")
    # One row for each vintage and column, in lapsing order: all columns of a vintage before the next vintage.
    rows = usable[:, order].transpose(1, 0, 2)
    taken = take_in_order(excess, rows.reshape(-1, rows.shape[2])).reshape(rows.shape)
    lapsed = np.empty_like(usable)
    lapsed[:, order] = taken.transpose(1, 0, 2)
    return Carry(usable - lapsed, lapsed)


def bites(phase_end: tuple[date, ...], on: date | None) -> bool:
    """Return whether a rule holds on a date of banking close.

    Raises
    ------
    PolicyError
        If dates are listed but today's is missing.
    """
    if phase_end and on is None:
        raise PolicyError("banking: phase_end lists dates but the date `on` is missing")
    return not phase_end or on in phase_end
