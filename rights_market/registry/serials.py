"""Serial numbers: which units of an instrument are where, derived from the journal when somebody asks.

Every unit has a number from 1 to as many as came into being, in the order in which they did; units that were carried
over or converted into the instrument count as new ones.  Units move first in, first out: of an account's units in one
state, those that came to the account first leave first.  Changing state within an account (an offer, a pledge) does
not make a unit younger.  Trade itself never looks at numbers, so it costs nothing that they exist.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from rights_market.errors import RegistryError
from rights_market.registry.journal import NOBODY, Journal, Op
from rights_market.registry.ledger import Part


class SerialState(IntEnum):
    """Where a unit is, or how it ended.  The first three are the parts of a holding."""

    FREE = Part.FREE
    FROZEN = Part.FROZEN
    PLEDGED = Part.PLEDGED
    SURRENDERED = 3
    CANCELLED = 4
    EXPIRED = 5
    CONVERTED = 6


class SerialBlock(NamedTuple):
    """Consecutive units that share owner and state.

    Attributes
    ----------
    first, last : int
        Serial numbers, both included.
    owner : int
        Account; of units that have ended, the last one.
    state : SerialState
    """

    first: int
    last: int
    owner: int
    state: SerialState


class Step(NamedTuple):
    """One event in the life of a unit.

    Attributes
    ----------
    day : int
    op : Op
    owner : int
        Account afterwards.
    state : SerialState
        State afterwards.
    """

    day: int
    op: Op
    owner: int
    state: SerialState


class _Run(NamedTuple):
    """Units that came to an account together: sorted by when they came, then by number."""

    came: int
    first: int
    last: int


# From which state to which; None: units come into being, or the part in the reason column.
_WITHIN: dict[Op, tuple[SerialState, SerialState]] = {
    Op.FREEZE: (SerialState.FREE, SerialState.FROZEN),
    Op.RELEASE: (SerialState.FROZEN, SerialState.FREE),
    Op.PLEDGE: (SerialState.FREE, SerialState.PLEDGED),
    Op.REDEEM: (SerialState.PLEDGED, SerialState.FREE),
    Op.SURRENDER: (SerialState.FREE, SerialState.SURRENDERED),
    Op.CANCEL: (SerialState.FREE, SerialState.CANCELLED),
}
_FROM_A_PART: dict[Op, SerialState] = {
    Op.EXPIRE: SerialState.EXPIRED,
    Op.CARRY_OUT: SerialState.CONVERTED,
    Op.CONVERT_OUT: SerialState.CONVERTED,
}
_HANDED_OVER = {Op.TRANSFER: SerialState.FREE, Op.DELIVER: SerialState.FROZEN}
_BORN = {Op.ISSUE, Op.CARRY_IN, Op.CONVERT_IN}


def serial_blocks(journal: Journal, instrument: int, *, until_day: int | None = None) -> list[SerialBlock]:
    """Return all units of an instrument by serial number, owner and state.

    Parameters
    ----------
    journal : Journal
        A journal that keeps its rows.
    instrument : int
    until_day : int, optional
        Last day that counts, by default the last one of the journal.

    Returns
    -------
    list of SerialBlock
        In the order of the numbers; together exactly 1 to the number of units that came into being.

    Raises
    ------
    RegistryError
        If the journal has not kept its rows, or a row moves units that are not where it takes them from.

    Examples
    --------
    >>> journal = Journal()
    >>> journal.append(0, Op.ISSUE, [2, 3], instrument=0, lots=[10, 5])
    >>> journal.append(1, Op.TRANSFER, 2, counterparty=3, instrument=0, lots=4)
    >>> [(b.first, b.last, b.owner, b.state.name) for b in serial_blocks(journal, 0)]
    [(1, 4, 3, 'FREE'), (5, 10, 2, 'FREE'), (11, 15, 3, 'FREE')]
    """
    return _replayed(journal, instrument, until_day).blocks()


def life_of(journal: Journal, instrument: int, serial: int) -> list[Step]:
    """Return what happened to one unit, from its issue on.

    Raises
    ------
    RegistryError
        If the journal has not kept its rows, or no unit has that number.
    """
    register = _replayed(journal, instrument, None, watched=serial)
    if not 1 <= serial <= register.born:
        raise RegistryError(f"serial number {serial} was never issued; the numbers are 1 to {register.born}")
    return register.steps


def _replayed(journal: Journal, instrument: int, until_day: int | None, watched: int = 0) -> _Register:
    rows = journal.table()
    chosen = rows["instrument"] == instrument
    if until_day is not None:
        chosen &= rows["day"] <= until_day
    register = _Register(instrument, watched)
    names = ("day", "op", "reason", "account", "counterparty", "lots")
    at = np.flatnonzero(chosen)
    for position, *row in zip(at.tolist(), *(rows[name][at].tolist() for name in names), strict=True):
        register.take(position, *row)
    return register


class _Register:
    """The numbers of one instrument while its journal is read."""

    def __init__(self, instrument: int, watched: int) -> None:
        self.instrument = instrument
        self.watched = watched
        self.born = 0
        self.steps: list[Step] = []
        self._runs: dict[tuple[int, SerialState], list[_Run]] = {}

    def take(self, position: int, day: int, code: int, reason: int, account: int, other: int, lots: int) -> None:
        """Read one row of the journal."""
        op = Op(code)
        if lots == 0 or op is Op.UNLOCK:
            return
        if op in _BORN:
            state = SerialState.FREE if op is Op.ISSUE else SerialState(reason)
            moved, owner = [_Run(position, self.born + 1, self.born + lots)], account
            self.born += lots
        else:
            source, state, owner = _move(op, reason, account, other)
            moved = self._out(account, source, lots)
            if owner != account:
                moved = [run._replace(came=position) for run in moved]
        self._into(owner, state, moved)
        if any(run.first <= self.watched <= run.last for run in moved):
            self.steps.append(Step(day, op, owner, state))

    def blocks(self) -> list[SerialBlock]:
        """Return all units in the order of their numbers, neighbours of one owner and state together."""
        found = sorted(
            SerialBlock(run.first, run.last, owner, state)
            for (owner, state), runs in self._runs.items()
            for run in runs
        )
        joined: list[SerialBlock] = []
        for block in found:
            last = joined[-1] if joined else None
            if last is not None and (last.owner, last.state) == (block.owner, block.state):
                joined[-1] = last._replace(last=block.last)
            else:
                joined.append(block)
        return joined

    def _out(self, account: int, state: SerialState, lots: int) -> list[_Run]:
        """Take units from an account, those that came first first."""
        runs = self._runs.get((account, state), [])
        taken, whole = [], 0
        while lots and whole < len(runs):
            run = runs[whole]
            n = min(lots, run.last - run.first + 1)
            taken.append(run._replace(last=run.first + n - 1))
            lots -= n
            if run.first + n <= run.last:
                runs[whole] = run._replace(first=run.first + n)
            else:
                whole += 1
        if lots:
            raise RegistryError(
                f"instrument {self.instrument}: the journal moves {lots} lots more than account {account} holds "
                f"{state.name.lower()}"
            )
        del runs[:whole]
        return taken

    def _into(self, account: int, state: SerialState, moved: list[_Run]) -> None:
        runs = self._runs.setdefault((account, state), [])
        for run in moved:
            insort(runs, run)
            _merge(runs, bisect_left(runs, run))


def _move(op: Op, reason: int, account: int, other: int) -> tuple[SerialState, SerialState, int]:
    """Return source state, target state and owner afterwards."""
    if op in _WITHIN:
        return *_WITHIN[op], account
    if op in _FROM_A_PART:
        return SerialState(reason), _FROM_A_PART[op], account
    if op in _HANDED_OVER and other != NOBODY:
        return _HANDED_OVER[op], SerialState.FREE, other
    raise RegistryError(f"operation {op.name} moves no units from one account to another")


def _merge(runs: list[_Run], i: int) -> None:
    """Join a run with the neighbours that continue it, so that offers and withdrawals do not crumble a holding."""
    for j in (i, i - 1):
        if 0 <= j < len(runs) - 1 and runs[j].came == runs[j + 1].came and runs[j].last + 1 == runs[j + 1].first:
            runs[j : j + 2] = [runs[j]._replace(last=runs[j + 1].last)]
