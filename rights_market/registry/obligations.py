"""Obligations: what was verified, allocated, due, surrendered and carried as debt, by right and period."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.errors import RegistryError
from rights_market.registry.checks import demand_cover, take_in_order, whole
from rights_market.table import State, readonly

Int64 = npt.NDArray[np.int64]
Rows = npt.ArrayLike
Key = tuple[str, str]

_FIELDS = ("verified_lots", "forgiven_lots", "allocated_lots", "preallocated_lots", "duty_lots", "surrendered_lots")


class Debt(IntEnum):
    """Why lots are owed from before, in the order in which the next allocation serves them."""

    MAKE_GOOD = 0
    BORROWED = 1
    ALLOCATION = 2
    CUT = 3


class Obligations:
    """Sole writer of what accounts owe and have done in every compliance period.

    Amounts are int64 lots, shape (n_accounts,), for each pair of a right's code and the name of a period; a
    pair comes into being when it is first written, and reads as 0 before.  Where `accounts` is left out, an
    amount concerns all accounts, in order.

    Parameters
    ----------
    n_accounts : int
        Number of accounts.
    """

    def __init__(self, n_accounts: int) -> None:
        self._n = n_accounts
        self._books: dict[str, dict[Key, Int64]]
        self._debts: dict[Key, Int64]
        self._clear()

    def __len__(self) -> int:
        return self._n

    @property
    def periods(self) -> list[Key]:
        """Pairs of right and period that have been written, sorted."""
        return sorted({key for book in self._books.values() for key in book} | set(self._debts))

    @property
    def nbytes(self) -> int:
        """Memory of all amounts, bytes."""
        return sum(x.nbytes for book in self._books.values() for x in book.values()) + sum(
            x.nbytes for x in self._debts.values()
        )

    def resize(self, n_accounts: int) -> None:
        """Make room for accounts that were opened since.

        Raises
        ------
        RegistryError
            If there would be fewer accounts than before.
        """
        if n_accounts < self._n:
            raise RegistryError(f"obligations of {self._n} accounts cannot shrink to {n_accounts}")
        more = n_accounts - self._n
        for book in (*self._books.values(), self._debts):
            for key, amounts in book.items():
                book[key] = np.concatenate([amounts, np.zeros((*amounts.shape[:-1], more), np.int64)], axis=-1)
        self._n = n_accounts

    def verified_lots(self, right: str, period: str) -> Int64:
        """Return the verified use, read-only."""
        return self._read("verified_lots", right, period)

    def is_verified(self, right: str, period: str) -> bool:
        """Return whether use was verified at all."""
        return (right, period) in self._books["verified_lots"]

    def forgiven_lots(self, right: str, period: str) -> Int64:
        """Return the part of the verified use that needs no units, read-only."""
        return self._read("forgiven_lots", right, period)

    def obligation_lots(self, right: str, period: str) -> Int64:
        """Return what the use of the period asks for, without debts from before, read-only."""
        return readonly(self.verified_lots(right, period) - self.forgiven_lots(right, period))

    def allocated_lots(self, right: str, period: str) -> Int64:
        """Return the final result of the allocation formula, read-only."""
        return self._read("allocated_lots", right, period)

    def preallocated_lots(self, right: str, period: str) -> Int64:
        """Return what was issued up front, read-only."""
        return self._read("preallocated_lots", right, period)

    def duty_lots(self, right: str, period: str) -> Int64:
        """Return what has to be surrendered, debts that became duty included, read-only."""
        return self._read("duty_lots", right, period)

    def surrendered_lots(self, right: str, period: str) -> Int64:
        """Return what has been surrendered, read-only."""
        return self._read("surrendered_lots", right, period)

    def debt_lots(self, right: str, period: str, kind: Debt | None = None) -> Int64:
        """Return what is owed from before and not yet served, of one kind or of all together, read-only."""
        debts = self._debts.get((right, period), np.zeros((len(Debt), self._n), np.int64))
        return readonly(debts.sum(axis=0) if kind is None else debts[kind])

    def shortfall(self, right: str, period: str) -> Int64:
        """Duty that is not surrendered, shape (n_accounts,)."""
        shortfall: Int64 = self.duty_lots(right, period) - self.surrendered_lots(right, period)
        return shortfall

    def verify(self, right: str, period: str, lots: Rows, accounts: Rows | None = None) -> None:
        """Set the verified use; a later verification replaces an earlier one."""
        self._set("verified_lots", right, period, lots, accounts)

    def forgive(self, right: str, period: str, lots: Rows, accounts: Rows | None = None) -> None:
        """Set the part of the verified use that needs no units.

        Raises
        ------
        RegistryError
            If it is more than was verified.
        """
        who, amounts = self._rows(lots, accounts)
        verified = self.verified_lots(right, period)[who]
        if np.any(amounts > verified):
            i = int(np.argmax(amounts > verified))
            raise RegistryError(
                f"{amounts[i]} lots forgiven are more than {verified[i]} verified (account {who[i]}, {right} {period})"
            )
        self._set("forgiven_lots", right, period, amounts, who)

    def set_allocation(
        self, right: str, period: str, lots: Rows, accounts: Rows | None = None, *, up_front: bool = False
    ) -> None:
        """Set the final allocation, or with `up_front` what was issued before it."""
        self._set("preallocated_lots" if up_front else "allocated_lots", right, period, lots, accounts)

    def set_duty(self, right: str, period: str, lots: Rows, accounts: Rows | None = None) -> None:
        """Set what has to be surrendered.

        Raises
        ------
        RegistryError
            If an account has surrendered more already.
        """
        who, amounts = self._rows(lots, accounts)
        done = self.surrendered_lots(right, period)[who]
        if np.any(amounts < done):
            i = int(np.argmax(amounts < done))
            raise RegistryError(
                f"duty of {amounts[i]} lots is below {done[i]} surrendered (account {who[i]}, {right} {period}); "
                "a correction after surrender belongs to the next period"
            )
        self._set("duty_lots", right, period, amounts, who)

    def record_surrender(self, right: str, period: str, lots: Rows, accounts: Rows | None = None) -> None:
        """Count lots that the registry has surrendered; the same account may come several times.

        Raises
        ------
        RegistryError
            If an account would have surrendered more than its duty.
        """
        who, amounts = self._rows(lots, accounts)
        missing = self.shortfall(right, period)

        def refuse(account: int, asked: int, held: int) -> RegistryError:
            return RegistryError(
                f"surrender of {asked} lots exceeds {held} still due (account {account}, {right} {period}); "
                "set the duty first, or surrender less"
            )

        demand_cover(lambda keys: missing[keys], who, amounts, refuse)
        np.add.at(self._book("surrendered_lots", right, period), who, amounts)

    def add_debt(self, right: str, period: str, kind: Debt, lots: Rows, accounts: Rows | None = None) -> None:
        """Add lots that the allocation or the duty of `period` will have to serve."""
        who, amounts = self._rows(lots, accounts)
        key = (right, period)
        if key not in self._debts:
            self._debts[key] = np.zeros((len(Debt), self._n), np.int64)
        np.add.at(self._debts[key][kind], who, amounts)

    def take_debt(
        self,
        right: str,
        period: str,
        lots: Rows,
        accounts: Rows | None = None,
        kinds: Collection[Debt] = tuple(Debt),
    ) -> Int64:
        """Serve debts of some kinds with up to `lots`, in the order of `Debt`.

        Returns
        -------
        ndarray of int64, shape (4, n)
            Lots of each kind that were served; together at most what was owed.
        """
        who, amounts = self._rows(lots, accounts)
        if (right, period) not in self._debts:
            return np.zeros((len(Debt), len(who)), np.int64)
        debts = self._debts[right, period]
        served = np.array([[kind in kinds] for kind in Debt])
        taken = take_in_order(debts * served, who, amounts)
        for kind in Debt:
            np.subtract.at(debts[kind], who, taken[kind])
        return taken

    def state(self) -> State:
        """Return all amounts as plain arrays, keyed by field, right and period, and the number of accounts."""
        state: State = {"n_accounts": self._n}
        for name, book in {**self._books, "debt_lots": self._debts}.items():
            for right, period in sorted(book):
                state[f"{name}/{right}/{period}"] = book[right, period].copy()
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace all amounts by those of a `state`."""
        self._n = int(state["n_accounts"])
        self._clear()
        for name, amounts in state.items():
            if name != "n_accounts":
                field, right, period = name.split("/", 2)
                book = self._debts if field == "debt_lots" else self._books[field]
                book[right, period] = np.array(amounts, np.int64)

    def _clear(self) -> None:
        self._books = {name: {} for name in _FIELDS}
        self._debts = {}

    def _read(self, field: str, right: str, period: str) -> Int64:
        amounts = self._books[field].get((right, period))
        return readonly(np.zeros(self._n, np.int64) if amounts is None else amounts)

    def _book(self, field: str, right: str, period: str) -> Int64:
        book = self._books[field]
        if (right, period) not in book:
            book[right, period] = np.zeros(self._n, np.int64)
        return book[right, period]

    def _set(self, field: str, right: str, period: str, lots: Rows, accounts: Rows | None) -> None:
        who, amounts = self._rows(lots, accounts)
        if accounts is not None and len(np.unique(who)) != len(who):
            raise RegistryError(f"{field} of {right} {period}: an account is named twice; name each account once")
        self._book(field, right, period)[who] = amounts

    def _rows(self, lots: Rows, accounts: Rows | None) -> tuple[Int64, Int64]:
        who = np.arange(self._n) if accounts is None else np.atleast_1d(np.asarray(accounts))
        if who.size == 0:
            return who.astype(np.int64), np.zeros(0, np.int64)
        if who.dtype.kind not in "iu" or who.min() < 0 or who.max() >= self._n:
            raise RegistryError(f"obligations know accounts 0 to {self._n - 1}, got {who.max()}; resize them first")
        return who.astype(np.int64, copy=False), np.broadcast_to(whole(lots, "lots"), who.shape)
