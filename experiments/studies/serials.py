"""Serial numbers of a finished run: who holds which units of an instrument, and the life of one unit.

Both are worked out from the journal of the result when somebody asks (`rights_market.registry.serials`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from experiments.results.result import Result
from experiments.results.store import ResultError
from rights_market.errors import RegistryError
from rights_market.registry.journal import Journal, Op
from rights_market.registry.serials import life_of, serial_blocks


def blocks_table(result: Result, instrument: str, until: date | None = None) -> pd.DataFrame:
    """Return the blocks of an instrument, one row for consecutive units that share owner and state.

    Parameters
    ----------
    result : Result
        A result that keeps its journal.
    instrument : str
        Code, such as ``CEA-2024``.
    until : date, optional
        Last day that counts, by default the last one of the run.

    Returns
    -------
    DataFrame
        Columns ``first``, ``last`` (serial numbers, both included), ``lots``, ``account`` (its name) and ``state``.

    Raises
    ------
    ResultError
        If the result keeps no journal, or has no such instrument.
    """
    index, journal = _index_of(result, instrument), _journal_of(result)
    day = None if until is None else int(_days(result).searchsorted(pd.Timestamp(until), side="right")) - 1
    names = _names_of(result)
    rows = [
        (block.first, block.last, block.last - block.first + 1, names[block.owner], block.state.name.lower())
        for block in serial_blocks(journal, index, until_day=day)
    ]
    return pd.DataFrame(rows, columns=["first", "last", "lots", "account", "state"])


def life_table(result: Result, instrument: str, number: int) -> pd.DataFrame:
    """Return what happened to one unit of an instrument, from its issue on.

    Returns
    -------
    DataFrame
        Columns ``date``, ``operation``, and ``account`` and ``state`` afterwards.

    Raises
    ------
    ResultError
        If the result keeps no journal, or has no such instrument or unit.
    """
    names, days = _names_of(result), _days(result)
    index, journal = _index_of(result, instrument), _journal_of(result)
    try:
        steps = life_of(journal, index, number)
    except RegistryError as error:
        raise ResultError(f"{instrument}: {error}") from error
    rows = [(days[step.day].date(), step.op.name.lower(), names[step.owner], step.state.name.lower()) for step in steps]
    return pd.DataFrame(rows, columns=["date", "operation", "account", "state"])


def instruments_of(result: Result) -> list[str]:
    """Return the codes of all instruments of a result, in the order of the registry."""
    return list(result.manifest.get("instruments", ()))


def _index_of(result: Result, instrument: str) -> int:
    known = instruments_of(result)
    if instrument not in known:
        raise ResultError(f"the result has no instrument {instrument!r}, but {', '.join(known) or 'none at all'}")
    return known.index(instrument)


def _journal_of(result: Result) -> Journal:
    if "journal" not in result.tables:
        raise ResultError("the result has no journal: run the scenario with `record.journal: true`")
    table = result.tables["journal"]
    kinds = np.array([Op[name.upper()] for name in table["op"].cat.categories], np.int8)
    journal = Journal(capacity=len(table) + 1)
    columns = ("account", "counterparty", "instrument", "lots", "reason", "ref")
    journal.append(
        table["day"].to_numpy(),
        kinds[table["op"].cat.codes.to_numpy()],
        cash=table["cash_fen"].to_numpy(),
        **{name: table[name].to_numpy() for name in columns},
    )
    return journal


def _names_of(result: Result) -> dict[int, str]:
    firms = result.tables["firms"]
    names = dict(zip(firms["account"].tolist(), firms["name"].tolist(), strict=True))
    return {**names, **{int(row["account"]): row["name"] for row in result.manifest["other_accounts"]}}


def _days(result: Result) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(result.tables["days"]["date"].drop_duplicates().sort_values())
