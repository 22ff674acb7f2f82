"""What accounts bought from the government today, and sold through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]


class PrimarySales:
    """Keeps the lots that change hands in auctions and sales of the government until the day is counted."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, Int64, Int64]] = []

    def note(self, instrument: int, accounts: Int64, sold_lots: Int64) -> None:
        """Note lots sold by accounts, below 0 for lots bought; both of shape (n,)."""
        self._rows.append((instrument, np.array(accounts, np.int64), np.array(sold_lots, np.int64)))

    def take(self) -> list[tuple[int, Int64, Int64]]:
        """Return what was noted since the last call, as (instrument, accounts, lots sold)."""
        rows, self._rows = self._rows, []
        return rows

    def state(self) -> list[tuple[int, Int64, Int64]]:
        """Return what was noted and not taken."""
        return list(self._rows)

    def restore(self, state: Sequence[Sequence[Any]]) -> None:
        """Put back what `state` returned."""
        self._rows = [(int(i), np.array(accounts, np.int64), np.array(lots, np.int64)) for i, accounts, lots in state]
