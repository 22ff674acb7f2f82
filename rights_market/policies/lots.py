"""Arithmetic on arrays of whole lots: exact shares, and taking from stocks in order.

A share is an exact fraction.  Where the product could leave int64, the same integers are computed as Python
integers, so the result never depends on the size of the market.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.units import Exact, exact

Int64 = npt.NDArray[np.int64]

_INT64_MAX = np.iinfo(np.int64).max


def floor_share(share: Exact, lots: Int64) -> Int64:
    """Return the whole lots in `share` of each entry, rounded down.

    Examples
    --------
    >>> floor_share(exact("0.7"), np.array([1003, 10]))
    array([702,   7])
    """
    f = exact(share)
    values = _wide(lots, max(abs(f.numerator), f.denominator))
    return np.asarray(values * f.numerator // f.denominator, np.int64)


def ceil_share(share: Exact, lots: Int64) -> Int64:
    """Return the whole lots in `share` of each entry, rounded up.

    Examples
    --------
    >>> ceil_share(exact("0.95"), np.array([101, 100]))
    array([96, 95])
    """
    return -floor_share(-exact(share), lots)


def half_up_parts(lots: Int64, parts: Int64, whole: int) -> Int64:
    """Return `parts` of a `whole` of each entry, to the nearest lot, halves up.

    Examples
    --------
    >>> half_up_parts(np.array([50, 50]), np.array([101, 99]), 100)
    array([51, 50])
    """
    largest = 2 * max(int(np.abs(parts).max(initial=0)), whole)
    return np.asarray((_wide(lots, largest) * parts * 2 + whole) // (2 * whole), np.int64)


def take_in_order(wanted: Int64, stock: Int64) -> Int64:
    """Take up to `wanted` lots of each column of `stock`, first row first.

    Parameters
    ----------
    wanted : ndarray of int64, shape (n,)
    stock : ndarray of int64, shape (rows, n)

    Returns
    -------
    ndarray of int64, shape (rows, n)
        Lots taken from each row.
    """
    reached = np.minimum(np.cumsum(stock, axis=0), wanted[np.newaxis, :])
    return np.diff(reached, axis=0, prepend=np.zeros((1, stock.shape[1]), np.int64))


def _wide(lots: Int64, factor: int) -> npt.NDArray[np.int64] | npt.NDArray[np.object_]:
    largest = int(np.abs(lots).max(initial=0))
    return lots if largest * factor <= _INT64_MAX else lots.astype(np.object_)
