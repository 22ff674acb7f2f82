"""Replay: the balances that follow from the journal alone.

What each kind of row does is written here a second time, as a table, so that agreement with the registry
is a proof and not a repetition.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import RegistryError
from rights_market.kernels.codes import HELD, LOCKED
from rights_market.registry.journal import Journal, Op
from rights_market.registry.ledger import BY_ACCOUNT, BY_INSTRUMENT, WHOLE, Ledger, Part
from rights_market.table import Column

Int64 = npt.NDArray[np.int64]
Rows = dict[str, Column]

ACCOUNT = "account"
COUNTERPARTY = "counterparty"


class Effect(NamedTuple):
    """One balance or total that a row changes: which, whose, and in which direction."""

    column: str
    who: str
    sign: int


def _own(*signed: str) -> tuple[Effect, ...]:
    """Effects on the row's account and on totals, written as ``-free`` or ``+frozen``."""
    return tuple(Effect(x[1:], ACCOUNT, 1 if x[0] == "+" else -1) for x in signed)


_TAKEN = Effect("free", COUNTERPARTY, 1)
_PAID = Effect("cash", COUNTERPARTY, 1)

# Where a row may concern one of the three parts, {part} stands for the part in its reason column.
EFFECTS: dict[Op, tuple[Effect, ...]] = {
    Op.ISSUE: _own("+free", "+issued"),
    Op.TRANSFER: (*_own("-free"), _TAKEN),
    Op.FREEZE: _own("-free", "+frozen"),
    Op.RELEASE: _own("-frozen", "+free"),
    Op.PLEDGE: _own("-free", "+pledged"),
    Op.REDEEM: _own("-pledged", "+free"),
    Op.SURRENDER: _own("-free", "+surrendered"),
    Op.CANCEL: _own("-free", "+cancelled"),
    Op.EXPIRE: _own("-{part}", "+expired"),
    Op.CARRY_OUT: _own("-{part}", "+converted_out"),
    Op.CARRY_IN: _own("+{part}", "+converted_in"),
    Op.CONVERT_OUT: _own("-{part}", "+converted_out"),
    Op.CONVERT_IN: _own("+{part}", "+converted_in"),
    Op.DEPOSIT: _own("+cash", "+entered"),
    Op.WITHDRAW: _own("-cash", "+left"),
    Op.PAY: (*_own("-cash"), _PAID),
    Op.FREEZE_CASH: _own("-cash", "+cash_frozen"),
    Op.RELEASE_CASH: _own("-cash_frozen", "+cash"),
    Op.DELIVER: (
        *_own("-frozen", "+cash", "+cash_frozen"),
        _TAKEN,
        Effect("cash_frozen", COUNTERPARTY, -1),
        Effect("locked", COUNTERPARTY, 1),
    ),
    Op.FEE_FROZEN: (*_own("-cash_frozen"), _PAID),
    Op.FEE: (*_own("-cash"), _PAID),
    Op.UNLOCK: _own("-locked"),
}

# Effects of a delivery that depend on a bit of the reason column.
DEPENDS_ON: dict[Effect, tuple[int, bool]] = {
    Effect("locked", COUNTERPARTY, 1): (LOCKED, True),
    Effect("cash", ACCOUNT, 1): (HELD, False),
    Effect("cash_frozen", ACCOUNT, 1): (HELD, True),
}


def effects(rows: Rows) -> Iterator[tuple[Op, Effect, npt.NDArray[np.intp]]]:
    """Yield every effect that occurs in `rows`, with its operation and the positions of its rows.

    Parameters
    ----------
    rows : dict of str to ndarray
        Columns of the journal.

    Yields
    ------
    tuple of (Op, Effect, ndarray of intp)
        In the order of operations, parts and effects.
    """
    for op in Op:
        of_op = np.flatnonzero(rows["op"] == op)
        if not of_op.size:
            continue
        for effect in EFFECTS[op]:
            if effect.column == "{part}":
                for part in Part:
                    chosen = of_op[rows["reason"][of_op] == part]
                    yield op, effect._replace(column=part.name.lower()), chosen
            elif op is Op.DELIVER and effect in DEPENDS_ON:
                bit, is_set = DEPENDS_ON[effect]
                yield op, effect, of_op[(rows["reason"][of_op] & bit > 0) == is_set]
            else:
                yield op, effect, of_op


def amounts(rows: Rows, column: str) -> Column:
    """Return the column of `rows` that counts in the unit of a balance: fen for cash, else lots."""
    return rows["cash" if column in BY_ACCOUNT or column in WHOLE else "lots"]


def replay(journal: Journal, n_accounts: int, n_instruments: int, opening: Ledger | None = None) -> Ledger:
    """Rebuild all balances and totals from the journal.

    Parameters
    ----------
    journal : Journal
        A journal that keeps its rows.
    n_accounts, n_instruments : int
        Size of the ledger.
    opening : Ledger, optional
        Balances before the first row, by default all 0; not changed.

    Returns
    -------
    Ledger
        Balances after the last row.

    Raises
    ------
    RegistryError
        If the journal has not kept its rows, or `opening` has another size.
    """
    rows = journal.table()
    ledger = Ledger.empty(n_instruments, n_accounts)
    if opening is not None:
        if (opening.n_instruments, opening.n_accounts) != (n_instruments, n_accounts):
            raise RegistryError(
                f"opening balances are of {opening.n_instruments} instruments and {opening.n_accounts} accounts, "
                f"expected {n_instruments} and {n_accounts}"
            )
        ledger = Ledger(*(column.copy() for column in opening))
    for _, effect, chosen in effects(rows):
        column = getattr(ledger, effect.column)
        change = effect.sign * amounts(rows, effect.column)[chosen]
        if effect.column in WHOLE:
            column += change.sum()
        elif effect.column in BY_ACCOUNT:
            np.add.at(column, rows[effect.who][chosen], change)
        elif effect.column in BY_INSTRUMENT:
            np.add.at(column, rows["instrument"][chosen], change)
        else:
            keys = rows["instrument"][chosen].astype(np.int64) * n_accounts + rows[effect.who][chosen]
            np.add.at(column.reshape(-1), keys, change)
    return ledger
