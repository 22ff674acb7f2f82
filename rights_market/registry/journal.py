"""The journal: every movement of property in the order in which it happened.

The registry appends a row for each operation, and the matching kernel writes its own rows into room that
the journal made for it.  Replaying the rows gives the balances back (`rights_market.registry.replay`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import RegistryError
from rights_market.kernels import ops
from rights_market.table import Column, Records, State, Table

Int64 = npt.NDArray[np.int64]

NOBODY = -1
NO_INSTRUMENT = -1

_DTYPES: dict[str, npt.DTypeLike] = {
    "day": np.int32,
    "op": np.int8,
    "reason": np.int8,
    "account": np.int32,
    "counterparty": np.int32,
    "instrument": np.int16,
    "lots": np.int64,
    "cash": np.int64,
    "ref": np.int64,
}


class Op(IntEnum):
    """What a journal row did.  Kernels write the same numbers from `rights_market.kernels.ops`."""

    ISSUE = ops.ISSUE
    TRANSFER = ops.TRANSFER
    FREEZE = ops.FREEZE
    RELEASE = ops.RELEASE
    PLEDGE = ops.PLEDGE
    REDEEM = ops.REDEEM
    SURRENDER = ops.SURRENDER
    CANCEL = ops.CANCEL
    EXPIRE = ops.EXPIRE
    CARRY_OUT = ops.CARRY_OUT
    CARRY_IN = ops.CARRY_IN
    CONVERT_OUT = ops.CONVERT_OUT
    CONVERT_IN = ops.CONVERT_IN
    DEPOSIT = ops.DEPOSIT
    WITHDRAW = ops.WITHDRAW
    PAY = ops.PAY
    FREEZE_CASH = ops.FREEZE_CASH
    RELEASE_CASH = ops.RELEASE_CASH
    DELIVER = ops.DELIVER
    FEE_FROZEN = ops.FEE_FROZEN
    FEE = ops.FEE
    UNLOCK = ops.UNLOCK


class JournalSpace(NamedTuple):
    """Room for rows, for a kernel to write into.

    Row i goes to position ``filled[0] + i`` of `rows`, whose fields are the columns of the journal; the kernel then
    adds the number of rows it wrote to ``filled[0]``.  The arrays are good until the next call to the journal.
    """

    rows: Records
    filled: Int64


class Journal:
    """Append-only table of operations.

    Parameters
    ----------
    keep : bool
        Keep all rows.  If False, rows are counted and their storage is used again, so that memory stays
        flat in long runs; the journal can then neither be read nor replayed.
    capacity : int
        Rows for which room is made at first.

    Notes
    -----
    Columns: ``day`` int32; ``op`` int8, an `Op`; ``reason`` int8, which is 1 for a `Op.DELIVER` whose lots
    are locked, 2 for one whose cash is held back and 3 for both, 1 for a fee that is a tax, and the
    `rights_market.registry.ledger.Part` that an expiry or carry-over took from, else 0;
    ``account`` and ``counterparty`` int32, -1 for nobody; ``instrument`` int16, -1 for cash; ``lots`` int64;
    ``cash`` int64 fen; ``ref`` int64, a number that the caller chose.
    """

    def __init__(self, *, keep: bool = True, capacity: int = 1024) -> None:
        self._table = Table(_DTYPES, capacity)
        self._keep = keep
        self._dropped = 0

    def __len__(self) -> int:
        return self._dropped + len(self._table)

    @property
    def keep(self) -> bool:
        """Whether rows are kept."""
        return self._keep

    def reserve(self, n: int) -> JournalSpace:
        """Make room for `n` rows that a kernel is about to write."""
        self._recycle()
        self._table.reserve(n)
        return JournalSpace(self._table.records, self._table.filled)

    def append(
        self,
        day: npt.ArrayLike,
        op: npt.ArrayLike,
        account: npt.ArrayLike,
        *,
        counterparty: npt.ArrayLike = NOBODY,
        instrument: npt.ArrayLike = NO_INSTRUMENT,
        lots: npt.ArrayLike = 0,
        cash: npt.ArrayLike = 0,
        reason: npt.ArrayLike = 0,
        ref: npt.ArrayLike = 0,
    ) -> None:
        """Append one row for each entry of `account`; scalars are repeated."""
        accounts = np.atleast_1d(np.asarray(account))
        self._recycle()
        self._table.append(
            len(accounts),
            day=day,
            op=op,
            reason=reason,
            account=accounts,
            counterparty=counterparty,
            instrument=instrument,
            lots=lots,
            cash=cash,
            ref=ref,
        )

    def table(self) -> dict[str, Column]:
        """Return read-only views of all rows, one array per column.

        Raises
        ------
        RegistryError
            If the journal does not keep its rows.
        """
        if not self._keep:
            raise RegistryError(
                f"the journal counted {len(self)} rows but kept none; "
                "build it with Journal(keep=True) to read or replay it"
            )
        return self._table.rows()

    def state(self) -> State:
        """Return all that is needed to continue, as plain arrays and integers."""
        return {"keep": int(self._keep), "dropped": self._dropped, **self._table.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state`."""
        rest = dict(state)
        self._keep = bool(rest.pop("keep"))
        self._dropped = int(rest.pop("dropped"))
        self._table.restore(rest)

    def _recycle(self) -> None:
        if not self._keep:
            self._dropped += len(self._table)
            self._table.clear()
