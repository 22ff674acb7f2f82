"""Which column of a firms file holds what, and in which unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.scenarios.errors import Problem, ScenarioError, did_you_mean
from experiments.scenarios.table_file import Cell, Row, Table
from experiments.scenarios.unit_factors import factor, unit_in_header

if TYPE_CHECKING:
    from experiments.scenarios.blocks import Column

REQUIRED = ("name", "sector", "output")
PLAIN = (*REQUIRED, "region", "group", "cash_yuan")


def fields_of(rights: Iterable[str]) -> list[str]:
    """Return the fields that a column may be mapped to."""
    codes = list(rights)
    return [*PLAIN, *(f"{what}.{c}" for what in ("intensity", "use", "permit", "concentration") for c in codes)]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of a table by field.

    Attributes
    ----------
    at : dict of str to int
        Position of the column.
    headers : dict of str to str
    units : dict of str to str
        Unit of the column, where it is stated in the scenario or in the header.
    notes : tuple of str
        Units that were read from headers, or not stated at all.
    """

    at: dict[str, int]
    headers: dict[str, str]
    units: dict[str, str]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, table: Table, mapping: Mapping[str, str | Column], rights: Iterable[str]) -> Columns:
        """Find the columns of a mapping in a table; without a mapping the headers are the fields themselves.

        Raises
        ------
        ScenarioError
            If a header is not in the table or stands there twice, or a required field has no column.
        """
        known = fields_of(rights)
        wanted = {f: h if isinstance(h, str) else h.column for f, h in mapping.items()}
        wanted = wanted or {h: h for h in table.headers if h in known}
        problems = [
            *(p for f, header in wanted.items() if (p := _missing(table, f, header)) is not None),
            *_required(table, wanted),
        ]
        if problems:
            raise ScenarioError(problems)
        units = {f: h.unit for f, h in mapping.items() if not isinstance(h, str) and h.unit}
        read = {f: u for f, header in wanted.items() if f not in units and (u := unit_in_header(header)) is not None}
        notes = [f"population.columns.{f}: the unit {u} was read from the header" for f, u in read.items()]
        measured = [
            f for f in wanted if f.startswith(("output", "use.", "intensity.", "permit.")) and f not in units | read
        ]
        if measured:
            notes.append(f"population.columns: {', '.join(measured)} taken to be in the scenario's own units")
        at = {f: table.headers.index(header) for f, header in wanted.items()}
        return cls(at, wanted, units | read, tuple(notes))

    def cell(self, row: Row, field: str) -> Cell:
        """Return a cell; None where the table has no such column or the row ends before it."""
        at = self.at.get(field)
        return row.cells[at] if at is not None and at < len(row.cells) else None

    def header(self, field: str) -> str:
        """Return the header of a field, empty where it has no column."""
        return self.headers.get(field, "")

    def unit(self, field: str) -> str:
        """Return the unit of a field as it was stated, empty where it was not."""
        return self.units.get(field, "")

    def factor(self, field: str, unit: str) -> float | None:
        """Return what turns a column's numbers into `unit`; None where that is impossible."""
        stated = self.units.get(field)
        return 1.0 if stated is None else factor(stated, unit)


def _missing(table: Table, field: str, header: str) -> Problem | None:
    count = table.headers.count(header)
    if count == 1:
        return None
    path = f"columns.{field}"
    if count > 1:
        return Problem(table.file, table.header_row, path, "is the header of two columns", header, "each header once")
    expected = did_you_mean(header, [h for h in table.headers if h])
    return Problem(table.file, table.header_row, path, "is not a header of the file", header, expected)


def _required(table: Table, wanted: Mapping[str, str]) -> list[Problem]:
    what = "has no column"
    expected = f"a header for it in population.columns, one of: {', '.join(h for h in table.headers if h)}"
    return [
        Problem(table.file, table.header_row, f"columns.{f}", what, "", expected) for f in REQUIRED if f not in wanted
    ]
