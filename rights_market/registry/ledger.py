"""The ledger: the arrays that say who owns what, and how they grow with the table of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import RegistryError
from rights_market.table import State

Int64 = npt.NDArray[np.int64]

BY_INSTRUMENT_AND_ACCOUNT = ("free", "frozen", "pledged", "locked")
BY_ACCOUNT = ("cash", "cash_frozen")
BY_INSTRUMENT = ("issued", "surrendered", "cancelled", "expired", "converted_in", "converted_out")
WHOLE = ("entered", "left")


class Part(IntEnum):
    """Part of a holding from which lots are taken."""

    FREE = 0
    FROZEN = 1
    PLEDGED = 2


class Ledger(NamedTuple):
    """All balances and totals, int64 and C-contiguous.

    Attributes
    ----------
    free, frozen, pledged : ndarray, shape (n_instruments, n_accounts)
        Lots at the owner's disposal; behind sell orders; in pledge.
    locked : ndarray, shape (n_instruments, n_accounts)
        The part of `free` that was bought today and may not be sold before the close; never above `free`.
    cash, cash_frozen : ndarray, shape (n_accounts,)
        Money at the owner's disposal, and behind buy orders or held back after sales, fen.
    issued, surrendered, cancelled, expired, converted_in, converted_out : ndarray, shape (n_instruments,)
        Lots that came into being or ended in each way.  Carried-over lots count as converted.
    entered, left : ndarray, shape (1,)
        Money that came from and went to the outside, fen.
    """

    free: Int64
    frozen: Int64
    pledged: Int64
    locked: Int64
    cash: Int64
    cash_frozen: Int64
    issued: Int64
    surrendered: Int64
    cancelled: Int64
    expired: Int64
    converted_in: Int64
    converted_out: Int64
    entered: Int64
    left: Int64

    @classmethod
    def empty(cls, n_instruments: int, n_accounts: int) -> Ledger:
        """Return a ledger in which nobody owns anything."""
        return cls(*(np.zeros(_shape(name, n_instruments, n_accounts), np.int64) for name in cls._fields))

    @property
    def n_instruments(self) -> int:
        """Number of instruments."""
        return len(self.issued)

    @property
    def n_accounts(self) -> int:
        """Number of accounts."""
        return len(self.cash)

    def widened(self, n_accounts: int) -> Ledger:
        """Return a ledger with empty accounts added up to `n_accounts`.

        The arrays fit exactly, so that they stay contiguous for the kernels.
        """
        wider = Ledger.empty(self.n_instruments, n_accounts)
        for name in (*BY_INSTRUMENT_AND_ACCOUNT, *BY_ACCOUNT):
            getattr(wider, name)[..., : self.n_accounts] = getattr(self, name)
        return wider._replace(**{name: getattr(self, name) for name in (*BY_INSTRUMENT, *WHOLE)})

    def state(self) -> State:
        """Return a copy of every array."""
        return {name: array.copy() for name, array in zip(self._fields, self, strict=True)}

    @classmethod
    def of_state(cls, state: Mapping[str, Any], n_instruments: int, n_accounts: int) -> Ledger:
        """Build a ledger from a `state`.

        Raises
        ------
        RegistryError
            If an array has not the shape that these instruments and accounts need.
        """
        arrays = {name: np.array(state[name], np.int64) for name in cls._fields}
        for name, array in arrays.items():
            expected = _shape(name, n_instruments, n_accounts)
            if array.shape != expected:
                raise RegistryError(
                    f"state of {name} has shape {array.shape}, expected {expected}; restore the accounts first"
                )
        return cls(**arrays)


def _shape(name: str, n_instruments: int, n_accounts: int) -> tuple[int, ...]:
    if name in BY_INSTRUMENT_AND_ACCOUNT:
        return (n_instruments, n_accounts)
    if name in BY_ACCOUNT:
        return (n_accounts,)
    return (n_instruments,) if name in BY_INSTRUMENT else (1,)
