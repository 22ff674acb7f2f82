"""One HTML page that says what was asked, what happened, and how far it can be trusted.

The page needs nothing else: no script, no address outside.  Whatever comes from a scenario file is text and is escaped.
"""

from __future__ import annotations

import base64
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.results import figures, fonts, monitoring_report, report_tables
from experiments.results.figures import Picture
from experiments.results.names import right_name
from experiments.results.report_tables import Table
from experiments.results.result import Result
from experiments.results.store import write_file
from experiments.results.words import Words

FONT_MARK = "/* font of the page */"
# More rights than this are shown in one table, not as cards.
MAX_CARD_RIGHTS = 2


@dataclass(frozen=True)
class Section:
    """A heading with a figure and tables below it."""

    anchor: str
    title: str
    image: str = ""
    alt: str = ""
    tables: tuple[Table, ...] = ()
    note: str = ""


def write_report(result: Result, path: str | os.PathLike[str], lang: str = "en") -> None:
    """Write the report of a result as one HTML file, in full or not at all; an older file is replaced.

    Parameters
    ----------
    result : Result
        Any result; sections whose tables are missing are left out.
    path : path
        File to write.
    lang : str
        ``en`` or ``zh``.

    Raises
    ------
    ResultError
        If the file cannot be written.
    ValueError
        If there is no such language.
    """
    write_file(Path(path), render(result, lang).encode())


def render(result: Result, lang: str = "en") -> str:
    """Return the report of a result as HTML text."""
    import jinja2

    result = with_kpis(result)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("experiments.results", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    with fonts.use_language(lang, result.currency) as words:
        page = environment.get_template("report.html.j2").render(content(result, words))
    return page.replace(FONT_MARK, font_face(page), 1)


def font_face(page: str) -> str:
    """Return the style rule that brings along a font for the Chinese text of a page; empty if it has none."""
    woff = fonts.woff_of(page)
    if not woff:
        return ""
    # First in the page's list and for Chinese alone: as a late fallback, Chromium leaves some lines in empty boxes.
    source = f'src: url(data:font/woff;base64,{woff}) format("woff")'
    return (
        f'@font-face {{ font-family: "{fonts.FAMILY}"; {source}; unicode-range: U+{fonts.FIRST_IDEOGRAPHIC:X}-FFFF; }}'
    )


def with_kpis(result: Result) -> Result:
    """Return the result with its key figures, so that they are computed once."""
    if "kpis" in result.tables:
        return result
    from experiments.results.kpis import kpi_table

    return Result(result.manifest, {**result.tables, "kpis": kpi_table(result)})


def content(result: Result, words: Words) -> dict[str, Any]:
    """Gather what the template shows."""
    manifest = result.manifest
    summed, left_out = report_tables.events(result, words)
    codes = [right["code"] for right in manifest["rights"]]
    return {
        "w": words,
        "lang": words("language"),
        "title": words.pick(manifest.get("title"), str(manifest.get("name", ""))),
        "about": words.pick(manifest.get("about")),
        "subtitle": words(
            "page.subtitle",
            kind=words(f"page.kind.{manifest.get('kind', 'market')}"),
            seed=manifest.get("seed", "–"),
            version=manifest.get("versions", {}).get("rights_market", "–"),
        ),
        "warnings": list(_warnings(result, words)),
        "cards": [(right_name(result, code, words), report_tables.cards(result, code, words)) for code in codes],
        "overview": report_tables.overview(result, words) if len(codes) > MAX_CARD_RIGHTS else None,
        "rights": report_tables.rights(result, words),
        "books": report_tables.rule_books(result, words),
        "periods": report_tables.periods(result, words),
        "population": report_tables.population(result, words),
        "sources": report_tables.sources(result, words),
        "sections": _sections(result, words),
        "events": summed,
        "events_left_out": words("page.more_events", count=left_out) if left_out else "",
        "kpis": [report_tables.key_figures(result, code, words) for code in codes],
        "provenance": report_tables.provenance(result, words),
        "notes": [str(note) for note in manifest.get("notes", [])],
        "scenario_text": str(manifest.get("scenario_text", "")),
        "marks": {mark: words(f"mark.{mark}") for mark in report_tables.MARKS},
    }


def _sections(result: Result, words: Words) -> list[Section]:
    """Draw every figure for which there are data."""
    plan: tuple[tuple[str, Callable[[Result, Words], Picture | None] | None, tuple[Table | None, ...]], ...] = (
        ("laboratory", figures.laboratory, ()),
        ("price", figures.prices, ()),
        ("emissions", figures.emissions, ()),
        ("abatement", figures.abatement, ()),
        ("network", figures.network, ()),
        ("holdings", figures.holdings, ()),
        ("cost", figures.cost, ()),
        ("compliance", figures.compliance, ()),
        ("benchmark", figures.benchmark, (report_tables.benchmark(result, words),)),
        ("reality", figures.reality, (report_tables.reality(result, words),)),
        ("auctions", None, (report_tables.auctions(result, words),)),
        (
            "monitoring",
            None,
            (
                monitoring_report.use_known(result, words),
                monitoring_report.inventory(result, words),
                monitoring_report.targets(result, words),
            ),
        ),
    )
    found = []
    for anchor, draw, tables in plan:
        picture = draw(result, words) if draw else None
        kept = tuple(t for t in tables if t is not None)
        if picture or kept:
            image = _embed(picture) if picture else ""
            note = words("page.mark_note") if anchor == "reality" else ""
            found.append(Section(anchor, words(f"page.{anchor}"), image, picture.alt if picture else "", kept, note))
    return found


def _embed(picture: Picture) -> str:
    """Return a figure as a data address; characters that our font lacks are reported once, by `_warnings`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font", category=UserWarning)
        return "data:image/svg+xml;base64," + base64.b64encode(figures.svg(picture.figure)).decode()


def _warnings(result: Result, words: Words) -> Iterable[str]:
    for name, passed in result.manifest.get("checks", {}).items():
        if not passed:
            yield words("page.check_failed", name=words.name("check", name))
    labels = [words.pick(item.get("name")) for key in ("rights", "sectors") for item in result.manifest[key]]
    firms = result.tables.get("firms")
    if firms is not None:
        labels += [str(name) for name in firms["name"].dropna().unique()]
    if absent := fonts.missing("".join(labels)):
        yield words("page.glyphs", characters=absent[:40])
