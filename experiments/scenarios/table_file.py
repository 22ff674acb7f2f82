"""Reading a table of firms from CSV or XLSX as text, with row numbers; what a cell holds is data and never run."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.yaml_source import read_bytes

MAX_BYTES = 20_000_000
MAX_UNPACKED = 200_000_000
MAX_PARTS = 2_000
MAX_ROWS = 100_000
MAX_COLUMNS = 500

Cell = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a row, and its number in the file from 1 (for CSV the line on which it ends)."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its headers.

    Attributes
    ----------
    file : str
    headers : tuple of str
    header_row : int
    rows : tuple of Row
        Rows that hold anything.
    notes : tuple of str
        What had to be guessed.
    """

    file: str
    headers: tuple[str, ...]
    header_row: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def read_table(path: Path, sheet: str | None = None) -> Table:
    """Read a CSV (UTF-8 or GB18030) or XLSX file.

    Parameters
    ----------
    path : Path
        The file.
    sheet : str, optional
        Sheet of an XLSX file; the first one if None.

    Raises
    ------
    ScenarioError
        If the file is missing, too large, of another kind, damaged, or empty.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".txt", ".tsv", ".xlsx"):
        raise _refuse(path, "is not a table that can be read", kind or "no ending", "a file ending in .csv or .xlsx")
    data = read_bytes(path, MAX_BYTES, "a table of firms")
    if kind == ".xlsx":
        return _table(path, _xlsx_rows(path, data, sheet), ())
    if sheet is not None:
        raise _refuse(path, "has no sheets", sheet, "`sheet` only with an .xlsx file")
    text, notes = _decoded(path, data)
    return _table(path, _csv_rows(path, text), notes)


def _refuse(path: Path, what: str, got: str = "", expected: str = "", line: int = 0) -> ScenarioError:
    return ScenarioError(Problem(str(path), line, "file", what, got, expected))


def _table(path: Path, rows: Iterator[Row], notes: tuple[str, ...]) -> Table:
    filled = []
    for row in rows:
        if len(row.cells) > MAX_COLUMNS:
            got = f"{len(row.cells):,} columns"
            raise _refuse(path, "is too wide", got, f"at most {MAX_COLUMNS}", row.number)
        if any(c is not None and str(c).strip() for c in row.cells):
            filled.append(row)
        if len(filled) > MAX_ROWS:
            raise _refuse(path, "has too many rows", f"more than {MAX_ROWS:,}", f"at most {MAX_ROWS:,}", row.number)
    if not filled:
        raise _refuse(path, "is empty", "", "a row of headers, then one row a firm")
    head, *body = filled
    headers = tuple("" if c is None else str(c).strip() for c in head.cells)
    return Table(str(path), headers, head.number, tuple(body), notes)


def _decoded(path: Path, data: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        first = error
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        line = data.count(b"\n", 0, first.start) + 1
        got = f"byte 0x{data[first.start]:02x} at offset {first.start}"
        raise _refuse(path, "is neither UTF-8 nor GB18030 text", got, "a file saved as UTF-8", line) from first
    return text, (f"{path.name}: is not UTF-8, so it was read as GB18030",)


def _csv_rows(path: Path, text: str) -> Iterator[Row]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield Row(reader.line_num, tuple(cells))
    except csv.Error as error:
        raise _refuse(path, f"is not valid CSV: {error}", line=reader.line_num) from error


def _xlsx_rows(path: Path, data: bytes, sheet: str | None) -> Iterator[Row]:
    _check_package(path, data)
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        # Values as last computed; formulas, macros and links to other files are left alone.
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise _refuse(path, f"is a damaged workbook: {error}", expected="an .xlsx file") from error
    try:
        names = book.sheetnames
        if sheet is not None and sheet not in names:
            raise _refuse(path, "has no such sheet", sheet, f"one of: {', '.join(names)}")
        page: Any = book[sheet or names[0]]
        page.reset_dimensions()
        try:
            for number, cells in enumerate(page.iter_rows(values_only=True), start=1):
                yield Row(number, tuple(c if isinstance(c, str | int | float | None) else str(c) for c in cells))
        except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
            raise _refuse(path, f"is a damaged workbook: {error}", expected="an .xlsx file") from error
    finally:
        book.close()


def _check_package(path: Path, data: bytes) -> None:
    """Refuse a package that would unpack to far more than it is, before anything is unpacked."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except zipfile.BadZipFile as error:
        raise _refuse(path, f"is not an .xlsx file: {error}", expected="a workbook saved as .xlsx") from error
    size = sum(p.file_size for p in parts)
    if len(parts) > MAX_PARTS or size > MAX_UNPACKED:
        got = f"{len(parts):,} parts of {size:,} bytes"
        raise _refuse(path, "unpacks to too much", got, f"at most {MAX_PARTS:,} parts of {MAX_UNPACKED:,} bytes")
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for part in parts:
            if part.flag_bits & 1:
                raise _refuse(path, "is encrypted", part.filename, "a workbook without a password")
            if part.filename.endswith((".xml", ".rels")):
                with package.open(part) as stream:
                    if b"<!DOCTYPE" in stream.read(4096):
                        raise _refuse(path, "defines its own XML entities", part.filename, "a workbook saved as .xlsx")
