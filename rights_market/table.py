"""A table of equally long columns that grows: the storage behind the journal and the tape.

Rows are appended far more often than they are read, so room is made by doubling and a read hands out
views of the filled part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]
State = dict[str, Any]


def readonly(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view of `array` that refuses writing and shows later changes of its owner."""
    view = array.view()
    view.flags.writeable = False
    return view


class Table:
    """Columns of fixed type with a common number of filled rows.

    Parameters
    ----------
    dtypes : mapping of str to dtype
        Name and type of each column.
    capacity : int
        Rows for which room is made at first.

    Attributes
    ----------
    filled : ndarray of int64, shape (1,)
        Number of filled rows.  An array, so that a kernel that writes rows can advance it in place.
    columns : dict of str to ndarray
        Whole columns with the room behind the filled rows; replaced when the table grows.
    """

    def __init__(self, dtypes: Mapping[str, npt.DTypeLike], capacity: int = 1024) -> None:
        self.columns: dict[str, Column] = {name: np.zeros(capacity, kind) for name, kind in dtypes.items()}
        self.filled = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return int(self.filled[0])

    def reserve(self, n: int) -> int:
        """Make room for `n` more rows and return the position of the first."""
        start = int(self.filled[0])
        capacity = len(next(iter(self.columns.values())))
        if start + n > capacity:
            room = max(2 * capacity, start + n)
            for name, column in self.columns.items():
                wider = np.zeros(room, column.dtype)
                wider[:start] = column[:start]
                self.columns[name] = wider
        return start

    def append(self, n: int, **values: npt.ArrayLike) -> None:
        """Append `n` rows; a scalar stands for a whole column, and every column must be given.

        Raises
        ------
        ValueError
            If a column is missing, unknown, or not of length `n`.
        """
        if values.keys() != self.columns.keys():
            raise ValueError(f"table needs the columns {sorted(self.columns)}, got {sorted(values)}")
        start = self.reserve(n)
        for name, value in values.items():
            self.columns[name][start : start + n] = value
        self.filled[0] = start + n

    def rows(self) -> dict[str, Column]:
        """Return read-only views of the filled part of every column."""
        n = len(self)
        return {name: readonly(column[:n]) for name, column in self.columns.items()}

    def clear(self) -> None:
        """Forget all rows and keep the storage."""
        self.filled[0] = 0

    def state(self) -> State:
        """Return a copy of the filled part of every column."""
        n = len(self)
        return {name: column[:n].copy() for name, column in self.columns.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace all rows by those of a `state`.

        Raises
        ------
        ValueError
            If the columns differ from those of this table.
        """
        self.clear()
        n = len(next(iter(state.values()))) if state else 0
        self.append(n, **state)
