"""The cash side of the registry: money enters, leaves, is paid and stands behind buy orders."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.errors import InsufficientCash, RegistryError
from rights_market.kernels.codes import TAX
from rights_market.registry.accounts import CLEARING_ACCOUNT, Accounts
from rights_market.registry.checks import demand_cover, known_accounts, moving_rows, room_for, whole
from rights_market.registry.journal import Journal, Op
from rights_market.registry.ledger import Ledger
from rights_market.rights import Instruments
from rights_market.table import readonly

Int64 = npt.NDArray[np.int64]

MAX_CASH_LAG = 10
"""Days for which proceeds of sales can be held back."""


class CashRegistry:
    """Cash of all accounts, fen, with the table of accounts, the journal and the day.

    Every operation takes arrays or scalars, which are repeated to the longest; the same account may come
    several times.  Cover is checked against the balances before the call, so money that arrives in a call
    cannot be spent in it.  ``ref`` is a number of the caller's own for the journal, such as an order id.
    """

    def __init__(self, accounts: Accounts, instruments: Instruments, *, journal: Journal | None = None) -> None:
        self.accounts = accounts
        self.instruments = instruments
        self.journal = Journal() if journal is None else journal
        self._ledger = Ledger.empty(len(instruments), len(accounts))
        self._due = np.zeros((MAX_CASH_LAG, len(accounts)), np.int64)
        self._day = 0

    @property
    def day(self) -> int:
        """Day that is written into the journal."""
        return self._day

    def begin_day(self, day: int) -> None:
        """Set the day of the operations that follow.

        Raises
        ------
        RegistryError
            If the day is earlier than the present one.
        """
        if day < self._day:
            raise RegistryError(f"day {day} is before day {self._day}: the journal only goes forward")
        self._day = day

    def ledger(self) -> Ledger:
        """Return the writable arrays: the door of the matching kernel, and of nobody else.

        A kernel that writes them keeps every conservation rule and journals each change.  Opening accounts
        replaces the arrays, so ask again for every batch.
        """
        if self._ledger.n_accounts < len(self.accounts):
            self._ledger = self._ledger.widened(len(self.accounts))
        return self._ledger

    def due(self) -> Int64:
        """Return the writable proceeds that are held back, for the kernels; ask again for every batch.

        Returns
        -------
        ndarray of int64, shape (MAX_CASH_LAG, n_accounts)
            Fen inside `cash_frozen` by the calls of `pay_out_due`, less one, after which they are at the seller's
            disposal.
        """
        missing = len(self.accounts) - self._due.shape[1]
        if missing:
            self._due = np.hstack([self._due, np.zeros((MAX_CASH_LAG, missing), np.int64)])
        return self._due

    @property
    def held(self) -> Int64:
        """Proceeds of sales inside `cash_frozen` that may not be used yet, fen, shape (n_accounts,)."""
        return np.asarray(self.due().sum(axis=0))

    def pay_out_due(self) -> None:
        """End a day: give sellers the proceeds that are due, and bring all others a day nearer."""
        due = self.due()
        who = np.flatnonzero(due[0])
        if len(who):
            self.release_cash(who, due[0][who])
        due[:-1] = due[1:]
        due[-1] = 0

    @property
    def cash(self) -> Int64:
        """Free cash, fen, shape (n_accounts,), read-only."""
        return readonly(self.ledger().cash)

    @property
    def cash_frozen(self) -> Int64:
        """Cash behind buy orders or held back after sales, fen, shape (n_accounts,), read-only."""
        return readonly(self.ledger().cash_frozen)

    @property
    def entered(self) -> int:
        """Money that has come from the outside, fen."""
        return int(self._ledger.entered[0])

    @property
    def left(self) -> int:
        """Money that has gone to the outside, fen."""
        return int(self._ledger.left[0])

    def deposit(self, accounts: npt.ArrayLike, fen: npt.ArrayLike, *, ref: npt.ArrayLike = 0) -> None:
        """Bring money from the outside onto accounts."""
        fen_, who, refs = self._cash_rows(fen, accounts, ref=ref)
        ledger = self.ledger()
        room_for("cash entered", self.entered, fen_)
        np.add.at(ledger.cash, who, fen_)
        ledger.entered[0] += fen_.sum()
        self.journal.append(self._day, Op.DEPOSIT, who, cash=fen_, ref=refs)

    def withdraw(self, accounts: npt.ArrayLike, fen: npt.ArrayLike, *, ref: npt.ArrayLike = 0) -> None:
        """Take money from accounts to the outside.

        Raises
        ------
        InsufficientCash
            If an account has less free cash.
        """
        fen_, who, refs = self._cash_rows(fen, accounts, ref=ref)
        ledger = self.ledger()
        self._demand_cash("withdrawal", ledger.cash, who, fen_)
        np.subtract.at(ledger.cash, who, fen_)
        ledger.left[0] += fen_.sum()
        self.journal.append(self._day, Op.WITHDRAW, who, cash=fen_, ref=refs)

    def pay(
        self, payers: npt.ArrayLike, receivers: npt.ArrayLike, fen: npt.ArrayLike, *, ref: npt.ArrayLike = 0
    ) -> None:
        """Move free cash from payers to receivers, row by row.

        Raises
        ------
        InsufficientCash
            If a payer has less free cash.
        """
        self._move_cash(Op.PAY, "payment", payers, receivers, fen, ref)

    def fee(
        self,
        payers: npt.ArrayLike,
        fen: npt.ArrayLike,
        *,
        receivers: npt.ArrayLike = CLEARING_ACCOUNT,
        from_frozen: bool = False,
        is_tax: bool = False,
        ref: npt.ArrayLike = 0,
    ) -> None:
        """Move a fee or a tax to its receiver, by default the clearing account, from free or from frozen cash.

        Raises
        ------
        InsufficientCash
            If a payer has less cash there.
        """
        op, reason = Op.FEE_FROZEN if from_frozen else Op.FEE, TAX if is_tax else 0
        self._move_cash(op, "fee", payers, receivers, fen, ref, reason)

    def fee_from_held(
        self,
        payers: npt.ArrayLike,
        fen: npt.ArrayLike,
        lag: npt.ArrayLike,
        *,
        receivers: npt.ArrayLike = CLEARING_ACCOUNT,
        is_tax: bool = False,
    ) -> None:
        """Move a fee or a tax out of proceeds that are held back for `lag` more days, row by row."""
        fen_, source, days, receiver = np.broadcast_arrays(fen, payers, lag, receivers)
        rows = np.flatnonzero(fen_)
        np.subtract.at(self.due(), (days[rows] - 1, source[rows]), fen_[rows])
        self.fee(source[rows], fen_[rows], receivers=receiver[rows], from_frozen=True, is_tax=is_tax)

    def freeze_cash(self, accounts: npt.ArrayLike, fen: npt.ArrayLike, *, ref: npt.ArrayLike = 0) -> None:
        """Put free cash behind a buy order.

        Raises
        ------
        InsufficientCash
            If an account has less free cash.
        """
        ledger = self.ledger()
        self._shift_cash(Op.FREEZE_CASH, "freeze", ledger.cash, ledger.cash_frozen, accounts, fen, ref)

    def release_cash(self, accounts: npt.ArrayLike, fen: npt.ArrayLike, *, ref: npt.ArrayLike = 0) -> None:
        """Give frozen cash back to its owner's disposal.

        Raises
        ------
        InsufficientCash
            If an account has less frozen cash.
        """
        ledger = self.ledger()
        self._shift_cash(Op.RELEASE_CASH, "release", ledger.cash_frozen, ledger.cash, accounts, fen, ref)

    def _shift_cash(
        self,
        op: Op,
        verb: str,
        source: Int64,
        target: Int64,
        accounts: npt.ArrayLike,
        fen: npt.ArrayLike,
        ref: npt.ArrayLike,
    ) -> None:
        fen_, who, refs = self._cash_rows(fen, accounts, ref=ref)
        self._demand_cash(verb, source, who, fen_)
        np.subtract.at(source, who, fen_)
        np.add.at(target, who, fen_)
        self.journal.append(self._day, op, who, cash=fen_, ref=refs)

    def _move_cash(
        self,
        op: Op,
        verb: str,
        payers: npt.ArrayLike,
        receivers: npt.ArrayLike,
        fen: npt.ArrayLike,
        ref: npt.ArrayLike,
        reason: int = 0,
    ) -> None:
        fen_, source, target, refs = self._cash_rows(fen, payers, receivers, ref=ref)
        ledger = self.ledger()
        column = ledger.cash_frozen if op is Op.FEE_FROZEN else ledger.cash
        self._demand_cash(verb, column, source, fen_)
        np.subtract.at(column, source, fen_)
        np.add.at(ledger.cash, target, fen_)
        self.journal.append(self._day, op, source, counterparty=target, cash=fen_, ref=refs, reason=reason)

    def _cash_rows(self, fen: npt.ArrayLike, *accounts: npt.ArrayLike, ref: npt.ArrayLike) -> tuple[Int64, ...]:
        ids = (known_accounts(x, self.accounts) for x in accounts)
        return moving_rows("amounts of cash", whole(fen, "amounts of cash"), *ids, np.asarray(ref, np.int64))

    def _demand_cash(self, verb: str, column: Int64, who: Int64, fen: Int64) -> None:
        is_free = column is self._ledger.cash

        def refuse(account: int, asked: int, held: int) -> InsufficientCash:
            state, way_out = ("free", "release or deposit cash") if is_free else ("frozen", "freeze cash")
            return InsufficientCash(
                f"{verb} of {asked} fen exceeds {held} fen {state} "
                f"(account {account}, {self.accounts.name(account)}); {way_out} first, or ask for less"
            )

        demand_cover(lambda keys: column[keys], who, fen, refuse)
