"""A table of columns that grows: the storage behind the journal and the tape.

Rows are appended far more often than they are read, and all of a row at once: they lie one after the other in memory.
A full table begins a new block and leaves what it holds where it is; only a read puts the blocks together, into one
with room for as many rows again, and hands out views of the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]
Records = npt.NDArray[np.void]
State = dict[str, Any]

LARGEST_BLOCK = 1 << 18
"""Rows; a larger block is made only for more rows at once."""


def readonly(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view of `array` that refuses writing and shows later changes of its owner."""
    view = array.view()
    view.flags.writeable = False
    return view


def as_bytes(records: Records) -> npt.NDArray[np.uint8]:
    """Return a view of records that copies many times faster than they do field by field."""
    return records.view(np.uint8)


def plain(column: Column) -> Column:
    """Return a column that is contiguous and writable, itself or a copy: for any other a kernel is compiled anew."""
    flags = column.flags
    return column if flags.c_contiguous and flags.writeable else np.array(column)


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
    records : ndarray with one field a column
        Whole rows of the last block, with the room behind the filled ones; replaced when a block is begun.
    filled : ndarray of int64, shape (1,)
        Number of filled rows of the last block.  An array, so that a kernel that writes rows can advance it in place.
    """

    def __init__(self, dtypes: Mapping[str, npt.DTypeLike], capacity: int = 1024) -> None:
        kinds = {name: np.dtype(kind) for name, kind in dtypes.items()}
        # The widest first, so that nothing has to be left free between them.
        order = sorted(kinds, key=lambda name: -kinds[name].itemsize)
        self._names = tuple(kinds)
        self.records: Records = np.empty(capacity, np.dtype([(name, kinds[name]) for name in order], align=True))
        self.filled = np.zeros(1, np.int64)
        self._full: list[Records] = []
        self._rows_before = 0

    def __len__(self) -> int:
        return self._rows_before + int(self.filled[0])

    def reserve(self, n: int) -> int:
        """Make room for `n` more rows and return the position of the first in `records`."""
        start, capacity = int(self.filled[0]), len(self.records)
        if start + n <= capacity:
            return start
        if start:
            self._full.append(self.records[:start])
            self._rows_before += start
        # Twice the rows asked for: who reserves for the worst case uses little of it, and must not need a block a time.
        self.records = np.empty(max(2 * n, min(2 * capacity, LARGEST_BLOCK)), self.records.dtype)
        self.filled[0] = 0
        return 0

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
        if self._full:
            self._merge()
        n = len(self)
        return {name: readonly(self.records[name][:n]) for name in self._names}

    def clear(self) -> None:
        """Forget all rows and keep the storage of the last block."""
        self._full.clear()
        self._rows_before = 0
        self.filled[0] = 0

    def state(self) -> State:
        """Return a copy of the filled part of every column."""
        return {name: column.copy() for name, column in self.rows().items()}

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

    def _merge(self) -> None:
        """Put all blocks into one."""
        n = len(self)
        whole = np.empty(2 * n, self.records.dtype)
        start = 0
        for block in (*self._full, self.records[: int(self.filled[0])]):
            as_bytes(whole[start : start + len(block)])[:] = as_bytes(block)
            start += len(block)
        self.clear()
        self.records, self.filled[0] = whole, n
