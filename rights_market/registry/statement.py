"""Statement of account: what one owner held, what moved, and what is held now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from rights_market.registry.balances import Registry
from rights_market.registry.checks import known_accounts
from rights_market.registry.journal import Op
from rights_market.registry.ledger import BY_ACCOUNT, BY_INSTRUMENT_AND_ACCOUNT
from rights_market.registry.replay import Rows, amounts, effects

CASH = "cash"


@dataclass(frozen=True, slots=True)
class Movement:
    """All journal rows of one kind on one account and one item.

    Attributes
    ----------
    op : Op
        What was done.
    came, went : int
        Lots or fen that came onto and left the account.  A freeze moves property within the account and
        counts in both.
    """

    op: Op
    came: int
    went: int


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One item of a statement: an instrument, in lots, or cash, in fen.

    Attributes
    ----------
    item : str
        Code of the instrument, or ``cash``.
    opening, closing : int
        Holdings, free, frozen and pledged together, before and after the movements.
    movements : tuple of Movement
        In the order of `Op`; opening + all that came - all that went = closing.
    free, frozen, pledged, locked : int
        How the closing holdings are divided; `locked` is part of `free`.
    """

    item: str
    opening: int
    movements: tuple[Movement, ...]
    closing: int
    free: int
    frozen: int
    pledged: int
    locked: int


def statement(registry: Registry, account: int, *, since_day: int | None = None) -> list[StatementRow]:
    """List an account: one row for each instrument that it held or moved, then one for cash.

    Parameters
    ----------
    registry : Registry
        A registry whose journal keeps its rows.
    account : int
        Whose account.
    since_day : int, optional
        First day of the statement, by default the first day of the journal.

    Returns
    -------
    list of StatementRow
        Opening holdings are the present ones less all that moved since.

    Raises
    ------
    RegistryError
        If there is no such account, or the journal has not kept its rows.
    """
    known_accounts([account], registry.accounts)
    came, went = _moved(_rows_of(registry, account, since_day), account)
    ledger = registry.ledger()
    result = []
    for instrument in registry.instruments:
        i = instrument.index
        parts = tuple(int(getattr(ledger, name)[i, account]) for name in BY_INSTRUMENT_AND_ACCOUNT)
        row = _row(instrument.code, came[i], went[i], parts)
        if row.movements or row.closing:
            result.append(row)
    cash = (int(ledger.cash[account]), int(ledger.cash_frozen[account]), 0, 0)
    return [*result, _row(CASH, came[-1], went[-1], cash)]


def _rows_of(registry: Registry, account: int, since_day: int | None) -> Rows:
    rows = registry.journal.table()
    chosen = (rows["account"] == account) | (rows["counterparty"] == account)
    if since_day is not None:
        chosen &= rows["day"] >= since_day
    return {name: column[chosen] for name, column in rows.items()}


Sums = defaultdict[int, defaultdict[Op, int]]


def _moved(rows: Rows, account: int) -> tuple[Sums, Sums]:
    """Add up what came and what went by instrument (-1 is cash) and operation."""
    came: Sums = defaultdict(lambda: defaultdict(int))
    went: Sums = defaultdict(lambda: defaultdict(int))
    for op, effect, chosen in effects(rows):
        is_cash = effect.column in BY_ACCOUNT
        if not is_cash and effect.column not in ("free", "frozen", "pledged"):
            continue
        mine = chosen[rows[effect.who][chosen] == account]
        items = np.full(len(mine), -1) if is_cash else rows["instrument"][mine]
        side = came if effect.sign > 0 else went
        for item in np.unique(items):
            side[int(item)][op] += int(amounts(rows, effect.column)[mine[items == item]].sum())
    return came, went


def _row(item: str, came: dict[Op, int], went: dict[Op, int], parts: tuple[int, ...]) -> StatementRow:
    movements = tuple(Movement(op, came.get(op, 0), went.get(op, 0)) for op in Op if op in came or op in went)
    free, frozen, pledged, locked = parts
    closing = free + frozen + pledged
    opening = closing - sum(m.came - m.went for m in movements)
    return StatementRow(item, opening, movements, closing, free, frozen, pledged, locked)
