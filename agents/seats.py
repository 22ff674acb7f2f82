"""Seats: one row for each pair of a trader and a right that it may trade.

Everything that a trader wants, believes and quotes about one right stands in one row, so that a session is array work
whatever the mix of rights.  Rows of one right are contiguous.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

NO_ORDER = -1

_STATE = ("value", "ceiling", "wish_lots", "urgency", "active", "order_id", "quota")


class Seats:
    """Rows of (trader, right), with what each wants today.

    Parameters
    ----------
    right : array_like of int, shape (n,)
        Index of the right, not falling.
    trader : array_like of int, shape (n,)
        Row of the trader.
    account : array_like of int, shape (n,)
        Account of the trader.

    Attributes
    ----------
    value : ndarray of float64, shape (n,)
        What one more unit is worth to the trader, in ticks.
    ceiling : ndarray of float64, shape (n,)
        The most a buyer may rationally pay at the deadline, in ticks.
    wish_lots : ndarray of float64, shape (n,)
        Lots wanted (above 0) or offered (below 0) in all.
    quota : ndarray of int64, shape (n,)
        Lots still to be traded today, always a part of the wish.
    urgency : ndarray of float64, shape (n,)
        0 far from a deadline, 1 at it.
    active : ndarray of bool, shape (n,)
        Whether the trader looks at this market today.
    order_id : ndarray of int64, shape (n, 2)
        Last bid and ask that was entered, -1 where none.
    """

    def __init__(self, right: npt.ArrayLike, trader: npt.ArrayLike, account: npt.ArrayLike) -> None:
        self.right = np.asarray(right, dtype=np.intp)
        self.trader = np.asarray(trader, dtype=np.intp)
        self.account = np.asarray(account, dtype=np.int32)
        n = len(self.right)
        if np.any(np.diff(self.right) < 0):
            raise ValueError("seats must be ordered by right")
        self.value: Floats = np.zeros(n)
        self.ceiling: Floats = np.zeros(n)
        self.wish_lots: Floats = np.zeros(n)
        self.urgency: Floats = np.zeros(n)
        self.active = np.zeros(n, dtype=np.bool_)
        self.quota: Ints = np.zeros(n, dtype=np.int64)
        self.order_id: Ints = np.full((n, 2), NO_ORDER, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.right)

    def of_right(self, right: int) -> slice:
        """Return the rows of one right."""
        lo, hi = np.searchsorted(self.right, [right, right + 1])
        return slice(int(lo), int(hi))

    def forget_orders(self) -> None:
        """Note that no order rests any more, after the close."""
        self.order_id.fill(NO_ORDER)

    def state(self) -> dict[str, Any]:
        """Return what changes from day to day, for an exact restore."""
        return {name: getattr(self, name).copy() for name in _STATE}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        for name in _STATE:
            getattr(self, name)[...] = state[name]


def side_of(wish_lots: Floats | Ints) -> npt.NDArray[np.int8]:
    """Return the side on which a wish is traded: bid (0) where lots are wanted, ask (1) where they are offered."""
    return (wish_lots <= 0).astype(np.int8)
