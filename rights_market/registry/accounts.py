"""Who may own rights: the table of accounts, one row an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.errors import RegistryError
from rights_market.table import State, readonly

GOVERNMENT_ACCOUNT = 0
CLEARING_ACCOUNT = 1


class AccountKind(IntEnum):
    """Class of an account holder; kernels and arrays see the integers.

    A gateway stands for the traders of an outside market: rules about who may trade, and how much, do not concern it.
    """

    GOVERNMENT = 0
    CLEARING = 1
    COMPLIANCE = 2
    INSTITUTION = 3
    BANK = 4
    PROJECT = 5
    INDIVIDUAL = 6
    GATEWAY = 7
    MARKET_MAKER = 8


class Accounts:
    """Table of accounts that grows; the row number is the account id and is never used again.

    Row 0 is always the government, row 1 the clearing account of the exchange, to which fees are paid.
    """

    def __init__(self) -> None:
        self._kinds = np.zeros(0, np.int8)
        self._is_open = np.zeros(0, np.bool_)
        self._principals = np.zeros(0, np.int64)
        self._names: list[str] = []
        self.open(AccountKind.GOVERNMENT, "government")
        self.open(AccountKind.CLEARING, "clearing")

    def __len__(self) -> int:
        return len(self._names)

    @property
    def kinds(self) -> npt.NDArray[np.int8]:
        """`AccountKind` of every account, int8, shape (n_accounts,), read-only."""
        return readonly(self._kinds[: len(self)])

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """Whether every account is open, shape (n_accounts,), read-only."""
        return readonly(self._is_open[: len(self)])

    @property
    def principals(self) -> npt.NDArray[np.int64]:
        """First account of the owner of every account, itself where it has none, shape (n_accounts,), read-only."""
        return readonly(self._principals[: len(self)])

    @property
    def names(self) -> list[str]:
        """Names of all accounts, a copy."""
        return list(self._names)

    def name(self, account: int) -> str:
        """Name of one account."""
        self._check(account)
        return self._names[account]

    def of_kind(self, kind: AccountKind) -> npt.NDArray[np.int64]:
        """Return the open accounts of a kind, lowest first."""
        return np.flatnonzero((self.kinds == kind) & self.is_open).astype(np.int64)

    def open(self, kind: AccountKind, name: str) -> int:
        """Open one account and return its id."""
        return int(self.open_many(kind, [name])[0])

    def open_many(self, kind: AccountKind, names: Sequence[str]) -> npt.NDArray[np.int64]:
        """Open one account for each name and return the ids, int64, in that order."""
        start, stop = len(self), len(self) + len(names)
        if stop > len(self._kinds):
            room = max(2 * len(self._kinds), stop)
            self._kinds = np.concatenate([self._kinds, np.zeros(room - len(self._kinds), np.int8)])
            self._is_open = np.concatenate([self._is_open, np.zeros(room - len(self._is_open), np.bool_)])
            self._principals = np.concatenate([self._principals, np.zeros(room - len(self._principals), np.int64)])
        self._kinds[start:stop] = AccountKind(kind)
        self._is_open[start:stop] = True
        self._principals[start:stop] = np.arange(start, stop)
        self._names.extend(names)
        return np.arange(start, stop, dtype=np.int64)

    def set_owners(self, accounts: npt.ArrayLike, owners: Sequence[str]) -> None:
        """Write down who owns some accounts; an empty name stands for nobody else.

        Raises
        ------
        RegistryError
            If an account does not exist.
        """
        first: dict[str, int] = {}
        for account, owner in zip(np.asarray(accounts, np.int64).tolist(), owners, strict=True):
            self._check(account)
            self._principals[account] = first.setdefault(owner, account) if owner else account

    def close(self, account: int) -> None:
        """Close an account for good.

        `Registry.close_account` does this once it has made sure that the account is empty.

        Raises
        ------
        RegistryError
            If the account does not exist, is closed already, or is the government or the clearing account.
        """
        self._check(account)
        if account in (GOVERNMENT_ACCOUNT, CLEARING_ACCOUNT):
            raise RegistryError(f"account {account} ({self._names[account]}) cannot be closed: the market needs it")
        if not self._is_open[account]:
            raise RegistryError(f"account {account} ({self._names[account]}) is closed already")
        self._is_open[account] = False

    def state(self) -> State:
        """Return all rows as plain arrays."""
        columns = {"kinds": self.kinds.copy(), "is_open": self.is_open.copy(), "principals": self.principals.copy()}
        return {**columns, "names": np.array(self._names, np.str_)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace all rows by those of a `state`."""
        self._kinds = np.array(state["kinds"], np.int8)
        self._is_open = np.array(state["is_open"], np.bool_)
        self._principals = np.array(state["principals"], np.int64)
        self._names = [str(name) for name in state["names"]]

    def _check(self, account: int) -> None:
        if not 0 <= account < len(self):
            raise RegistryError(f"no account {account}: there are {len(self)}, numbered from 0; open it first")
