"""A table of columns that grows: the storage behind the journal and the tape.

Rows are appended far more often than they are read, and all of a row at once: they lie one after the other in memory,
room is made by doubling, and a read hands out views of the columns of the filled part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]
Records = npt.NDArray[np.void]
State = dict[str, Any]


def readonly(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view of `array` that refuses writing and shows later changes of its owner."""
    view = array.view()
    view.flags.writeable = False
    return view


def as_bytes(records: Records) -> npt.NDArray[np.uint8]:
    """Return a view of records that copies many times faster than they do field by field."""
    return records.view(np.uint8)


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
    records : ndarray with one field a column
        Whole rows, with the room behind the filled ones; replaced when the table grows.
    """

    def __init__(self, dtypes: Mapping[str, npt.DTypeLike], capacity: int = 1024) -> None:
        kinds = {name: np.dtype(kind) for name, kind in dtypes.items()}
        # The widest first, so that nothing has to be left free between them.
        order = sorted(kinds, key=lambda name: -kinds[name].itemsize)
        self._names = tuple(kinds)
        self.records: Records = np.zeros(capacity, np.dtype([(name, kinds[name]) for name in order], align=True))
        self.filled = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return int(self.filled[0])

    def reserve(self, n: int) -> int:
        """Make room for `n` more rows and return the position of the first."""
        start = int(self.filled[0])
        capacity = len(self.records)
        if start + n > capacity:
            wider = np.zeros(max(2 * capacity, start + n), self.records.dtype)
            as_bytes(wider)[: as_bytes(self.records).size] = as_bytes(self.records)
            self.records = wider
        return start

    def append(self, n: int, **values: npt.ArrayLike) -> None:
        """Append `n` rows; a scalar stands for a whole column, and every column must be given.

        Raises
        ------
        ValueError
            If a column is missing, unknown, or not of length `n`.
        """
        if values.keys() != set(self._names):
            raise ValueError(f"table needs the columns {sorted(self._names)}, got {sorted(values)}")
        start = self.reserve(n)
        for name, value in values.items():
            self.records[name][start : start + n] = value
        self.filled[0] = start + n

    def rows(self) -> dict[str, Column]:
        """Return read-only views of the filled part of every column."""
        n = len(self)
        return {name: readonly(self.records[name][:n]) for name in self._names}

    def clear(self) -> None:
        """Forget all rows and keep the storage."""
        self.filled[0] = 0

    def state(self) -> State:
        """Return a copy of the filled part of every column."""
        n = len(self)
        return {name: self.records[name][:n].copy() for name in self._names}

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
