"""From a table of firms to the rows of a population: units converted, gaps filled and marked, bad rows named."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agents.spec import FirmRow, SectorSpec
from experiments.scenarios.columns import Columns
from experiments.scenarios.errors import Problem, ScenarioError, did_you_mean
from experiments.scenarios.table_file import Cell, Row, Table, read_table

if TYPE_CHECKING:
    from experiments.scenarios.blocks import FirmsBlock

MISSING = frozenset({"", "-", "--", "—", "/", "n/a", "na", "null", "无", "暂无"})
LONGEST_NAME = 200
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")


class _Bad(Exception):
    """A cell that cannot be used: what is wrong, what it holds, what would be right."""

    def __init__(self, column: str, what: str, got: object = "", expected: str = "") -> None:
        super().__init__(what)
        self.column, self.what, self.got, self.expected = column, what, "" if got is None else str(got), expected


@dataclass(frozen=True, slots=True)
class FirmsRead:
    """Firms of a file, and what the reader should know about them."""

    rows: tuple[FirmRow, ...]
    notes: tuple[str, ...]


def read_firms(path: Path, block: FirmsBlock, rights: Mapping[str, str]) -> FirmsRead:
    """Read the firms that a population names.

    Parameters
    ----------
    path : Path
        CSV or XLSX file.
    block : FirmsBlock
        Sectors, columns, and what to do with bad rows.
    rights : mapping of str to str
        Unit of each right by its code.

    Raises
    ------
    ScenarioError
        With every row that cannot be used, unless they are to be skipped; if a column is missing or no row is left.
    """
    table = read_table(path, block.sheet)
    columns = Columns.of(table, block.columns, rights)
    reader = _Reader(columns, block.sectors, rights)
    for row in table.rows:
        reader.read(row, table)
    if reader.problems and block.on_bad_rows == "refuse":
        raise ScenarioError(reader.problems)
    if not reader.rows:
        what = "has no row that can be used"
        raise ScenarioError(
            [*reader.problems, Problem(table.file, table.header_row, "file", what, "", "one row a firm")]
        )
    return FirmsRead(tuple(reader.rows), tuple(_notes(table, columns, reader, block)))


def _notes(table: Table, columns: Columns, reader: _Reader, block: FirmsBlock) -> list[str]:
    name = Path(table.file).name
    notes = [*table.notes, *columns.notes]
    filled = Counter(code for row in reader.rows for code in row.filled)
    notes += [f"{name}: intensity.{code} of {n} firms is the sector's" for code, n in sorted(filled.items())]
    notes += [f"left out: {p}" for p in reader.problems]
    if any(s.firms for s in block.sectors.values()):
        notes.append(f"{name} brings the firms, so `firms` of the sectors is not used")
    return notes


@dataclass(slots=True)
class _Reader:
    columns: Columns
    sectors: Mapping[str, SectorSpec]
    rights: Mapping[str, str]
    rows: list[FirmRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for code, sector in self.sectors.items():
            for label in (code, sector.name.en, sector.name.zh):
                self.labels.setdefault(_key(label), code)

    def read(self, row: Row, table: Table) -> None:
        try:
            self.rows.append(self.firm(row))
        except _Bad as bad:
            self.problems.append(Problem(table.file, row.number, bad.column, bad.what, bad.got, bad.expected))

    def firm(self, row: Row) -> FirmRow:
        name = self.name(row)
        sector = self.sector(row)
        spec = self.sectors[sector]
        output = self.number(row, "output", spec.output_unit)
        if output is None or output == 0:
            raise _Bad(self.columns.header("output"), "is missing or 0", "", f"output above 0, in {spec.output_unit}")
        intensity, filled = self.intensities(row, spec, output)
        cash = self.number(row, "cash_yuan", "CNY")
        stated = {code: self.number(row, f"permit.{code}", unit) for code, unit in self.rights.items()}
        self.seen[_key(name)] = row.number
        return FirmRow(
            name=name,
            sector=sector,
            output=output,
            region=self.text(row, "region"),
            intensity=intensity,
            cash_yuan=cash,
            group=self.text(row, "group"),
            filled=filled,
            permit={code: units for code, units in stated.items() if units is not None},
            concentration=self.concentrations(row),
        )

    def name(self, row: Row) -> str:
        name, header = self.text(row, "name"), self.columns.header("name")
        if not name:
            raise _Bad(header, "is empty", "", "the name of the firm")
        if len(name) > LONGEST_NAME:
            raise _Bad(header, "is too long", name, f"at most {LONGEST_NAME} characters")
        if _key(name) in self.seen:
            raise _Bad(header, f"is the name of row {self.seen[_key(name)]} already", name, "each firm once")
        return name

    def sector(self, row: Row) -> str:
        written = self.text(row, "sector")
        found = self.labels.get(_key(written))
        if found is None:
            known = [label for code, s in self.sectors.items() for label in dict.fromkeys((code, s.name.zh))]
            raise _Bad(self.columns.header("sector"), "is not a sector", written, did_you_mean(written, known))
        return found

    def intensities(self, row: Row, spec: SectorSpec, output: float) -> tuple[dict[str, float], tuple[str, ...]]:
        """Return intensities as the file gives them, those of the sector where it does not, and which these are."""
        intensity: dict[str, float] = {}
        filled = []
        for code, unit in self.rights.items():
            own = self.number(row, f"intensity.{code}", f"{unit}/{spec.output_unit}")
            use = self.number(row, f"use.{code}", unit)
            value = own if own is not None else None if use is None else use / output
            stated = spec.intensity.get(code)
            if stated is None:
                if value:
                    header = self.columns.header(f"intensity.{code}") or self.columns.header(f"use.{code}")
                    expected = f"nothing, or an intensity.{code} of the sector in the scenario"
                    raise _Bad(header, f"is given, but its sector uses no {code}", value, expected)
                continue
            if value is None:
                value = stated[min(stated)] if isinstance(stated, dict) else stated
                filled.append(code)
            intensity[code] = value
        return intensity, tuple(filled)

    def concentrations(self, row: Row) -> dict[str, float]:
        """Return the concentrations of discharge that the file gives, as shares of their limits."""
        given = {code: self.number(row, f"concentration.{code}", "1") for code in self.rights}
        return {code: level for code, level in given.items() if level is not None}

    def text(self, row: Row, name: str) -> str:
        cell = self.columns.cell(row, name)
        return "" if cell is None else _clean(_shown(cell))

    def number(self, row: Row, name: str, unit: str) -> float | None:
        """Return a number in the unit wanted; None where the cell is empty or the file has no such column."""
        cell, header = self.columns.cell(row, name), self.columns.header(name)
        value = _number(cell, header)
        if value is None:
            return None
        if value < 0:
            raise _Bad(header, "is negative", cell, "0 or more")
        factor = self.columns.factor(name, unit)
        if factor is None:
            expected = f"a unit that can be turned into {unit}"
            raise _Bad(header, "has a unit that does not fit", self.columns.unit(name), expected)
        return value * factor


def _number(cell: Cell, header: str) -> float | None:
    if cell is None or isinstance(cell, bool):
        if cell is None:
            return None
        raise _Bad(header, "is not a number", cell, "a number")
    if isinstance(cell, str):
        words = unicodedata.normalize("NFKC", cell).strip()
        if words.casefold() in MISSING:
            return None
        if words.startswith("#"):
            raise _Bad(header, "is the error of a formula", words, "a number")
        if words.startswith("="):
            raise _Bad(header, "is a formula, not its value", words, "a number")
        cell = words.replace(",", "") if _THOUSANDS.fullmatch(words) else words
    try:
        value = float(cell)
    except ValueError:
        raise _Bad(header, "is not a number", cell, "a number without its unit") from None
    if not math.isfinite(value):
        raise _Bad(header, "is not a finite number", cell, "a finite number")
    return value


def cell_number(cell: Cell) -> float | None:
    """Return the number in a cell; None where it is empty or holds something else."""
    try:
        return _number(cell, "")
    except _Bad:
        return None


def _shown(cell: Cell) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _key(text: str) -> str:
    return _clean(text).casefold()


def _clean(text: str) -> str:
    """Return a label on one line, without marks that cannot be seen."""
    words = unicodedata.normalize("NFKC", text)
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())
