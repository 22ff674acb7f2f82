"""A commented scenario to start from: around a file of firms, or with a few drawn ones."""

from __future__ import annotations

import json
import os
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from experiments.scenarios.columns import Columns
from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.firms_file import cell_number
from experiments.scenarios.header_guess import guess
from experiments.scenarios.sector_library import SectorDefaults, find_sector, fold, sector_library
from experiments.scenarios.table_file import Row, Table, read_table
from experiments.scenarios.unit_factors import factor

FIRST_YEAR = 2026
YEARS = 3

# Unit, lot, tick, highest and opening price of each right; all but the units are [approx].
RIGHTS: dict[str, tuple[str, str, str, str, str, int, int]] = {
    "CEA": ("Carbon emission right", "碳排放权", "t", "1", "0.01", 1000, 60),
    "ENE": ("Energy-use right", "用能权", "tce", "1", "0.01", 1000, 40),
    "SO2": ("SO2 discharge right", "二氧化硫排污权", "t", "0.01", "1", 60000, 1200),
    "NOX": ("NOx discharge right", "氮氧化物排污权", "t", "0.01", "1", 60000, 1800),
    "COD": ("COD discharge right", "化学需氧量排污权", "t", "0.01", "1", 100000, 2500),
    "NH3N": ("NH3-N discharge right", "氨氮排污权", "t", "0.01", "1", 200000, 6000),
}


@dataclass(slots=True)
class _Sector:
    """A sector of the new scenario."""

    code: str
    label: str
    defaults: SectorDefaults
    is_known: bool
    firms: int = 0
    outputs: list[float] = field(default_factory=list)
    pairs: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def intensity(self, right: str) -> tuple[Decimal, str] | None:
        """Return the intensity and where it comes from; None where nothing is known."""
        pairs = self.pairs.get(right)
        if pairs:
            mean = sum(use for use, _ in pairs) / sum(output for _, output in pairs)
            return Decimal(f"{mean:.4g}"), f"mean of {len(pairs)} firms in your file"
        value = self.defaults.values["intensity"].get(right)
        return None if value is None else (Decimal(value), f"of the shipped sector {self.defaults.code}")


def write_new(name: str, *, firms: Path | None = None, folder: Path = Path()) -> Path:
    """Write a new scenario and return its path.

    Parameters
    ----------
    name : str
        Name of the scenario and, with ``.yaml``, of its file.
    firms : Path, optional
        CSV or XLSX file with one row a firm.
    folder : Path
        Where to write; made if it is not there.

    Raises
    ------
    ScenarioError
        If the name cannot be used or is taken, or the firms file cannot be understood.
    """
    path = folder / f"{name}.yaml"
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name) is None:
        what, expected = "cannot be the name of a scenario", "small letters, digits, - and _, as in my-province"
        raise ScenarioError(Problem("command line", 0, "name", what, name, expected))
    if os.path.lexists(path):
        raise ScenarioError(Problem("command line", 0, "name", "exists already", str(path), "another name or --out"))
    text = "\n".join(_starter(name) if firms is None else _around(name, firms, folder)) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except BaseException:
            path.unlink()
            raise
    return path


def _starter(name: str) -> Iterator[str]:
    chosen = [("steel", 6), ("clinker", 20)]
    sectors = [_Sector(code, "", sector_library()[code], True, firms=n) for code, n in chosen]
    yield from _head(name, "Drawn firms of two sectors and one right: replace them by your own.")
    yield from _rights(["CEA"])
    yield from _population(sectors, ["CEA"])


def _around(name: str, firms: Path, folder: Path) -> Iterator[str]:
    table = read_table(firms)
    mapping = guess(table.headers)
    missing = [f for f in ("name", "sector", "output") if f not in mapping]
    if missing:
        headers = ", ".join(h for h in table.headers if h)
        what = f"has no header that looks like {' or '.join(missing)}"
        expected = "headers such as 企业名称, 行业, 产量 or name, sector, output"
        raise ScenarioError(Problem(table.file, table.header_row, "headers", what, headers, expected))
    units = {code: terms[2] for code, terms in RIGHTS.items()}
    columns = Columns.of(table, mapping, units)
    sectors = _sectors_of(table, columns, units)
    rights = [c for c in RIGHTS if any(f"{kind}.{c}" in mapping for kind in ("use", "intensity"))] or ["CEA"]
    rights = [c for c in rights if any(s.intensity(c) is not None for s in sectors)]
    if not rights:
        what = "gives no use of any right, and none is known for its sectors"
        expected = "a column such as 碳排放量 or co2 emissions"
        raise ScenarioError(Problem(table.file, table.header_row, "headers", what, "", expected))
    yield from _head(name, f"The firms of {firms.name}.")
    yield from _rights(rights)
    yield from _population(sectors, rights)
    yield from _file_lines(firms, folder, table, columns, mapping, rights)


def _sectors_of(table: Table, columns: Columns, units: dict[str, str]) -> list[_Sector]:
    """Return a sector for each label in the file, with what its firms say about output and use."""
    found: dict[str, _Sector] = {}
    for row in table.rows:
        label = str(columns.cell(row, "sector") or "").strip()
        if not label:
            continue
        if fold(label) not in found:
            found[fold(label)] = _new_sector(label, [s.code for s in found.values()], columns.unit("output"))
        _collect(found[fold(label)], row, columns, units)
    if not found:
        raise ScenarioError(
            Problem(table.file, table.header_row, "sector", "is empty in every row", "", "a sector a firm")
        )
    return list(found.values())


def _new_sector(label: str, taken: list[str], unit: str) -> _Sector:
    defaults = find_sector(label)
    other = sector_library()["other"]
    if defaults is None and unit and factor(unit, other.values["output_unit"]) is None:
        other = replace(other, values=other.values | {"output_unit": unit})
    code = defaults.code if defaults is not None else "sector"
    number = 1
    while (code if number == 1 else f"{code}_{number}") in taken:
        number += 1
    code = code if number == 1 else f"{code}_{number}"
    return _Sector(code, label, defaults or other, defaults is not None)


def _collect(sector: _Sector, row: Row, columns: Columns, units: dict[str, str]) -> None:
    """Add what a firm says; what cannot be read is told when the scenario is checked."""
    sector.firms += 1
    unit = sector.defaults.values["output_unit"]
    output = _converted(columns, row, "output", unit)
    if not output:
        return
    sector.outputs.append(output)
    for code, right_unit in units.items():
        own = _converted(columns, row, f"intensity.{code}", f"{right_unit}/{unit}")
        use = own * output if own is not None else _converted(columns, row, f"use.{code}", right_unit)
        if use is not None:
            sector.pairs.setdefault(code, []).append((use, output))


def _converted(columns: Columns, row: Row, name: str, unit: str) -> float | None:
    value, scale = cell_number(columns.cell(row, name)), columns.factor(name, unit)
    return None if value is None or scale is None or value < 0 else value * scale


def _head(name: str, about: str) -> Iterator[str]:
    yield "# A draft to be changed. Numbers marked [approx] are assumptions of this program: put your own there."
    yield f"# Check it:  rights-market scenarios check {name}.yaml"
    yield f"# Run it:    rights-market run {name}.yaml"
    yield "format: 1"
    yield f"name: {name}"
    yield f"title: {{en: {_text(name)}, zh: {_text(name)}}}"
    yield f"about: {{en: {_text(about)}, zh: {_text(about)}}}"
    yield "kind: market"
    yield "calendar:    # 120 trading days a year keep a first run short; business_days has real dates"
    yield f"  {{kind: uniform, first_year: {FIRST_YEAR}, years: {YEARS}, days_per_year: 120, batches_per_day: 4}}"


def _rights(codes: list[str]) -> Iterator[str]:
    yield "rights:"
    for code in codes:
        en, zh, unit, lot, tick, highest, opening = RIGHTS[code]
        yield f"  {code}:"
        yield f"    name: {{en: {_text(en)}, zh: {_text(zh)}}}"
        yield f"    unit: {unit}"
        yield f"    lot: {lot}    # {unit} in one lot"
        yield f"    tick_yuan: {tick}"
        yield f"    max_price_yuan: {highest}"
        yield f"    opening_price_yuan: {opening}    # [approx]"
        yield "    periods:    # dates [approx]: use is verified and settled in December"
        yield from (f"      - {_period(year)}" for year in range(FIRST_YEAR, FIRST_YEAR + YEARS))
        yield "    allocation:    # free, by use of the year before the market, 3 % less each year [approx]"
        yield f"      - {{kind: grandfathering, base_years: [{FIRST_YEAR - 1}], cut: 0.03}}"
        yield "    upfront: {kind: upfront_true_up, share: 0.7}    # 70 % early, as in the national market [known]"
        yield "    banking: {kind: free, relabel: new_vintage}    # unused units stay valid"
        yield "    penalties:    # 5 to 10 times the price, by the share missing: Decree 775, article 24 [known]"
        yield "      - {kind: penalty, form: multiple, low: 5, high: 10, by: gap_share}"
        yield "    make_good: {kind: make_good, factor: 1}    # missing units stay owed"
        yield "    band: {kind: price_band, width: 0.10}    # as in the national market [seen]"
        yield "    fees: {kind: fees, buyer: 0.002, seller: 0.002}    # [approx]"


def _period(y: int) -> str:
    return (
        f'{{name: "{y}", vintage: {y}, use_from: {y}-01-01, use_to: {y}-12-01, announce: {y}-01-20, '
        f"preallocate: {y}-02-10, verify: {y}-12-05, true_up: {y}-12-10, deadline: {y}-12-31}}"
    )


def _population(sectors: list[_Sector], rights: list[str]) -> Iterator[str]:
    yield "population:"
    yield "  kind: firms"
    yield "  sectors:"
    for sector in sectors:
        yield from _sector_lines(sector, rights)
    yield "  strategies:    # shares of the firms of every sector [approx]"
    yield "    - {strategy: late_buyer, share: 0.7}"
    yield "    - {strategy: hedger, share: 0.3}"


def _sector_lines(sector: _Sector, rights: list[str]) -> Iterator[str]:
    values = sector.defaults.values
    en, zh = values["name"]["en"], values["name"]["zh"]
    if fold(sector.label) not in {"", fold(sector.code), fold(en), fold(zh)}:
        zh = sector.label
    if not sector.is_known:
        en = sector.label
        yield f"    # {_comment(sector.label)} is no shipped sector: everything here is an assumption [approx]"
    yield f"    {sector.code}:"
    yield f"      name: {{en: {_text(en)}, zh: {_text(zh)}}}"
    if sector.outputs:
        yield f"      mean_output: {_plain(Decimal(f'{statistics.fmean(sector.outputs):.4g}'))}    # mean of your file"
    else:
        yield f"      firms: {max(sector.firms, 1)}    # [approx]"
        yield f"      mean_output: {_plain(values['mean_output'])}    # [approx]"
    yield f"      output_unit: {_text(values['output_unit'])}"
    yield f"      output_sigma: {_plain(values['output_sigma'])}    # [approx]"
    known = {code: found for code in rights if (found := sector.intensity(code)) is not None}
    if known:
        marks = "" if known.keys() <= sector.pairs.keys() else f"; shipped: {sector.defaults.marks}"
        yield f"      intensity:    # units of the right per {_comment(values['output_unit'])}{marks}"
        yield from (f"        {code}: {_plain(value)}    # {origin}" for code, (value, origin) in known.items())
    else:
        yield "      intensity: {}    # nothing is known: these firms hold no right"
    yield f"      intensity_sigma: {_plain(values['intensity_sigma'])}    # [approx]"
    curves = {code: values["abatement"][code] for code in known if code in values["abatement"]}
    if curves:
        yield "      abatement:    # marginal cost a x + b x^2, x the abated share; all [approx]"
        yield from (f"        {code}: {_flow(curve)}" for code, curve in curves.items())
    for name in ("product_price_yuan", "margin_share", "demand_elasticity"):
        yield f"      {name}: {_plain(values[name])}    # [approx]"


def _file_lines(
    firms: Path, folder: Path, table: Table, columns: Columns, mapping: dict[str, str], rights: list[str]
) -> Iterator[str]:
    try:
        shown = Path(os.path.relpath(firms, folder)).as_posix()
    except ValueError:  # another drive
        shown = firms.absolute().as_posix()
    yield f"  file: {_text(shown)}"
    yield "  on_bad_rows: refuse    # or skip: rows that cannot be used are left out and listed"
    yield "  columns:    # guessed from the headers: compare each with your file"
    for name, header in mapping.items():
        if "." in name and name.partition(".")[2] not in rights:
            continue
        unit = columns.unit(name)
        if unit:
            yield f"    {name}: {{column: {_text(header)}, unit: {_text(unit)}}}"
        else:
            yield f"    {name}: {_text(header)}{_unit_hint(name)}"
    unused = [h for h in table.headers if h and h not in mapping.values()]
    if unused:
        yield f"  # not used: {_comment(', '.join(unused))}"


def _unit_hint(name: str) -> str:
    if name == "output":
        return "    # taken to be in the sector's output_unit [approx]; else {column: ..., unit: 万t}"
    code = name.partition(".")[2]
    if name.startswith("use."):
        return f"    # taken to be in {RIGHTS[code][2]} a year [approx]; else {{column: ..., unit: kt}}"
    return f"    # taken to be in {RIGHTS[code][2]} per unit of output [approx]" if code else ""


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def _plain(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _flow(values: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_plain(value)}" for key, value in values.items()) + "}"
