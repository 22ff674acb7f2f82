"""The tables and cards of a report, as rows of text in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from experiments.results.amounts import digits, is_price, scaled, show, unit_name
from experiments.results.kpis import ALL, METRICS, kpis_of
from experiments.results.names import right_name, right_of, sector_name
from experiments.results.result import Result
from experiments.results.settings import market_lines, rule_lines, trader_lines
from experiments.results.words import Words

MAX_EVENTS = 80
MARKS = ("seen", "known", "approx", "derived")
CARDS = (
    "mean_price", "volume", "emissions", "reduction", "compliance_by_quantity", "mean_abatement_cost", "cost_excess",
    "public_revenue",
)  # fmt: skip
LABORATORY_CARDS = ("allocative_efficiency", "alpha", "mean_price", "trades")


@dataclass(frozen=True)
class Table:
    """A table of text: column 0 names the row, `numeric` ones stand flush right, `badge` holds marks."""

    caption: str
    head: list[str]
    rows: list[list[str]]
    numeric: frozenset[int] = field(default_factory=frozenset)
    badge: int | None = None
    nowrap: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Card:
    """One figure in large type, with the figures of its periods below."""

    label: str
    value: str
    detail: str


def table(
    caption: str,
    head: list[str],
    rows: Iterable[list[str]],
    numeric: Iterable[int] = (),
    badge: int | None = None,
    nowrap: Iterable[int] = (),
) -> Table:
    """Make a table from any iterables."""
    return Table(caption, head, list(rows), frozenset(numeric), badge, frozenset(nowrap))


def cards(result: Result, right: str, words: Words) -> list[Card]:
    """Choose the headline figures of a right; a figure that the run has not got has no card."""
    kpis = kpis_of(result)
    own = kpis[kpis["right"] == right]
    chosen = LABORATORY_CARDS if result.manifest.get("kind") == "laboratory" else CARDS
    by_metric = dict(iter(own.groupby("metric")))
    return [_card(by_metric[metric], metric, words) for metric in chosen if metric in by_metric]


def overview(result: Result, words: Words) -> Table:
    """Lay out the headline figures of many rights: a row a measure, a column a right."""
    codes = [right["code"] for right in result.manifest["rights"]]
    found = {code: {card.label: card.value for card in cards(result, code, words)} for code in codes}
    labels = list(dict.fromkeys(label for own in found.values() for label in own))
    rows = [[label, *(found[code].get(label, "–") for code in codes)] for label in labels]
    return table(words("page.short"), [words("page.measure"), *codes], rows, range(1, len(codes) + 1))


def _card(rows: pd.DataFrame, metric: str, words: Words) -> Card:
    parts = rows[rows["period"] != ALL]
    whole = rows[rows["period"] == ALL]
    chief = whole.iloc[0] if len(whole) else parts.iloc[-1]
    unit = str(chief["unit"])
    shown = parts if len(parts) <= 4 else parts.iloc[[0, -1]]
    divisor, _ = scaled(float(chief["value"]), unit, words)
    colon = ": " if words.lang == "en" else "："
    detail = " · ".join(
        f"{row['period']}{colon}{_number(row['value'] / divisor, unit)}" for row in shown.to_dict("records")
    )
    label = words.name("metric", metric)
    if not len(whole) and len(parts):
        span = words("fig.day_mark", day=chief["period"]) if metric == "alpha" else chief["period"]
        label = f"{label}, {span}" if words.lang == "en" else f"{label}（{span}）"
    return Card(label, show(float(chief["value"]), unit, words), detail)


def rights(result: Result, words: Words) -> Table:
    """List the rights with unit, lot, tick, the price of the first day and the highest price."""
    head = [words(f"page.{k}") for k in ("right", "code", "unit", "lot", "tick")]
    head += [words("slot.opening_price_yuan"), words("slot.max_price_yuan")]
    books = result.manifest["scenario"].get("rights", {})
    rows = [
        [
            words.pick(r.get("name"), r["code"]),
            r["code"],
            unit_name(r["unit"], words),
            f"{r['lot']:.10g}",
            _yuan(r["tick_yuan"], words),
            *(_yuan(books.get(r["code"], {}).get(k), words) for k in ("opening_price_yuan", "max_price_yuan")),
        ]
        for r in result.manifest["rights"]
    ]
    return _without_empty_columns(table(words("page.rights"), head, rows, range(3, 7)))


def _yuan(value: float | None, words: Words) -> str:
    return "–" if value is None else f"{value:,.10g} {unit_name('CNY', words)}"


def rule_books(result: Result, words: Words) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """List each right's rules; rights with the same rules stand together."""
    books: dict[str, tuple[list[str], list[tuple[str, list[str]]]]] = {}
    for right in result.manifest["rights"]:
        lines = rule_lines(result, right["code"], words)
        if lines:
            books.setdefault(repr(lines), ([], lines))[0].append(right_name(result, right["code"], words))
    found = [(words("page.rules_of", right=words("comma").join(names)), lines) for names, lines in books.values()]
    if lines := market_lines(result, words):
        found.append((words("page.rules_of_market"), lines))
    if result.manifest.get("kind") == "laboratory" and (lines := trader_lines(result, words)):
        found.append((words("page.traders"), lines))
    return found


def periods(result: Result, words: Words) -> Table | None:
    """List the dates of the compliance periods; rights with the same dates share a row."""
    dates = ("announce", "preallocate", "verify", "true_up", "deadline")
    merged: dict[tuple[str, ...], list[str]] = {}
    for period in result.manifest["periods"]:
        use = f"{period.get('use_from', '')} – {period.get('use_to', '')}"
        key = (str(period["name"]), use, *(str(period.get(d) or "–") for d in dates))
        merged.setdefault(key, []).append(period["right"])
    if not merged:
        return None
    head = [words("page.period"), words("page.right"), words("page.use"), *(words(f"page.{d}") for d in dates)]
    rows = [[key[0], words("comma").join(codes), *key[1:]] for key, codes in merged.items()]
    return table(words("page.periods"), head, rows, nowrap=range(2, len(head)))


def population(result: Result, words: Words) -> list[Table]:
    """Count firms by sector, and accounts by kind and strategy."""
    found = []
    if result.manifest["sectors"]:
        rows = [[sector_name(result, s["code"], words), f"{s.get('firms', 0):,}"] for s in result.manifest["sectors"]]
        found.append(table(words("page.by_sector"), [words("page.sector"), words("page.firms")], rows, {1}))
    firms = result.tables.get("firms")
    if firms is not None and len(firms):
        sums = firms.fillna({"strategy": ""}).groupby(["kind", "strategy"]).agg(count=("account", "size")).reset_index()
        rows = [
            [words.name("account", row["kind"]), words.name("strategy", row["strategy"]), f"{row['count']:,}"]
            for row in sums.to_dict("records")
        ]
        head = [words("page.kind"), words("page.strategy"), words("page.accounts")]
        found.append(table(words("page.by_strategy"), head, rows, {2}))
    return found


def sources(result: Result, words: Words) -> Table | None:
    """List the sources of the scenario with their marks."""
    rows = [[str(s.get("id", "")), str(s.get("text", "")), str(s.get("mark", ""))] for s in result.manifest["sources"]]
    head = ["ID", words("page.source"), words("page.mark")]
    return table(words("page.sources"), head, rows, badge=2) if rows else None


def benchmark(result: Result, words: Words) -> Table | None:
    """Set simulated price and cost beside those of the least-cost market."""
    found = result.tables.get("benchmark")
    if found is None or found.empty or result.manifest.get("kind") == "laboratory":
        return None
    rows = []
    for row in found.to_dict("records"):
        unit = f"CNY/{right_of(result, row['right'])['unit']}"
        low, high = (row[f"least_cost_price_{end}"] for end in ("low", "high"))
        price = show(low, unit, words) if low == high else f"{_number(low, unit)} – {show(high, unit, words)}"
        money = [show(row[k], "CNY", words) for k in ("least_cost_yuan", "simulated_cost_yuan")]
        excess = show(row["cost_excess_percent"], "%", words)
        note = row.get("note") or ""
        rows.append(
            [row["right"], str(row["period"]), price, show(row["simulated_price"], unit, words), *money, excess, note]
        )
    keys = (
        "right",
        "period",
        "least_cost_price",
        "simulated_price",
        "least_cost",
        "simulated_cost",
        "cost_excess",
        "note",
    )
    return _without_empty_columns(table(words("page.benchmark"), [words(f"page.{k}") for k in keys], rows, range(2, 7)))


def _without_empty_columns(given: Table) -> Table:
    kept = [i for i in range(len(given.head)) if any(row[i] not in ("", "–") for row in given.rows)]
    rows = [[row[i] for i in kept] for row in given.rows]
    numeric = frozenset(j for j, i in enumerate(kept) if i in given.numeric)
    return Table(given.caption, [given.head[i] for i in kept], rows, numeric)


def reality(result: Result, words: Words) -> Table | None:
    """Set observed figures beside simulated ones, with the distance in percent of the observed."""
    found = result.tables.get("reality")
    if found is None or found.empty:
        return None
    rows = []
    for row in found.to_dict("records"):
        distance = 100 * (row["simulated"] / row["observed"] - 1) if row["observed"] else float("nan")
        seen, ours = (
            f"{_number(row[k], row['unit'])} {unit_name(row['unit'], words)}" for k in ("observed", "simulated")
        )
        far = f"{distance:+.1f} %" if np.isfinite(distance) else "–"
        name = words.name("metric", row["metric"])
        rows.append([str(row["year"]), name, seen, ours, far, str(row["source"]), str(row["mark"])])
    keys = ("year", "measure", "observed", "simulated", "distance", "source", "mark")
    return table(words("page.reality"), [words(f"page.{k}") for k in keys], rows, {2, 3, 4}, badge=6)


def auctions(result: Result, words: Words) -> Table | None:
    """List the auctions."""
    found = result.tables.get("auctions")
    if found is None or found.empty:
        return None
    rows = []
    for row in found.to_dict("records"):
        unit = right_of(result, row["right"])["unit"]
        rows.append(
            [
                str(pd.Timestamp(row["date"]).date()),
                row["right"],
                words.name("kind", str(row["kind"])),
                show(row["offered"], unit, words),
                show(row["sold"], unit, words),
                show(row["price"], f"CNY/{unit}", words) if row["sold"] > 0 else "–",
                show(row["reserve"], f"CNY/{unit}", words),
                f"{row['bidders']:,}",
                words.name("event", str(row["code"])),
            ]
        )
    keys = ("date", "right", "auction_kind", "offered", "sold", "clearing", "reserve", "bidders", "outcome")
    return table(words("page.auctions"), [words(f"page.{k}") for k in keys], rows, range(3, 8))


def events(result: Result, words: Words) -> tuple[Table | None, int]:
    """Sum up the events by year, right and kind; also return how many sums did not fit into the table."""
    found = result.tables.get("events")
    if found is None or found.empty:
        return None, 0
    year = pd.to_datetime(found["date"]).dt.year.rename("year")
    right = found["right"].fillna("").astype(str)
    known = words.all()
    # Two rules may write one code for different things.
    special = (found["rule"].astype(str) + "." + found["code"]).rename("code")
    code = special.where(("event." + special).isin(list(known)), found["code"])
    order = {code: i for i, code in enumerate(dict.fromkeys(code))}
    sums = found.groupby([year, right, code]).agg(
        times=("code", "size"), quantity=("quantity", "sum"), money=("money_yuan", "sum")
    )
    keyed = sorted(sums.reset_index().to_dict("records"), key=lambda r: (r["year"], r["right"], order[r["code"]]))
    rows = []
    for row in keyed[:MAX_EVENTS]:
        unit = _unit(result, row["right"])
        quantity = show(row["quantity"], unit, words) if row["quantity"] else ""
        money = show(row["money"], "CNY", words) if row["money"] else ""
        rows.append(
            [str(row["year"]), row["right"], words.name("event", row["code"]), f"{row['times']:,}", quantity, money]
        )
    head = [words(f"page.{k}") for k in ("year", "right", "event", "times", "quantity", "money")]
    return table(words("page.events"), head, rows, {3, 4, 5}), max(0, len(keyed) - MAX_EVENTS)


def _unit(result: Result, right: str) -> str:
    return next((r["unit"] for r in result.manifest["rights"] if r["code"] == right), "")


def key_figures(result: Result, right: str, words: Words) -> Table:
    """Lay out all key figures of a right: a row a measure, a column a period, one scale a row."""
    kpis = kpis_of(result)
    own = kpis[kpis["right"] == right]
    spans = [p for p in dict.fromkeys(own["period"].astype(str)) if p != ALL]
    spans = [*sorted(spans, key=lambda p: (len(p), p)), *([ALL] if (own["period"] == ALL).any() else [])]
    rows = []
    for metric in (m for m in METRICS if m in set(own["metric"])):
        part = own[own["metric"] == metric]
        unit = str(part["unit"].iloc[0])
        divisor, label = scaled(float(part["value"].abs().max()), unit, words)
        values = part.set_index("period")["value"].reindex(spans) / divisor
        rows.append([words.name("metric", metric), label, *("" if np.isnan(v) else _number(v, unit) for v in values)])
    head = [words("page.measure"), words("page.unit"), *(words("page.all") if s == ALL else s for s in spans)]
    return table(right_name(result, right, words), head, rows, range(2, len(head)))


def _number(value: float, unit: str) -> str:
    if unit == "%" and 99 < value < 100:
        return f"{value:.2f}"
    return f"{value:,.2f}" if is_price(unit) and abs(value) < 1000 else digits(value)


def provenance(result: Result, words: Words) -> list[Table]:
    """List the checks of the run, and what would be needed to run it again."""
    manifest: dict[str, Any] = result.manifest
    checks = [
        [words.name("check", name), words("page.passed" if passed else "page.failed")]
        for name, passed in manifest.get("checks", {}).items()
    ]
    run = [
        [words("page.seed"), str(manifest.get("seed", ""))],
        [words("page.commit"), str(manifest.get("commit") or words("page.no_commit"))],
        [words("page.started"), str(manifest.get("started", ""))],
    ]
    for stage, seconds in manifest.get("duration_s", {}).items():
        name = f"{words('page.duration')} ({words.name('stage', stage)})"
        run.append([name, words("page.seconds", value=digits(seconds))])
    run += [
        [f"{words('page.versions')}: {name}", str(version)] for name, version in manifest.get("versions", {}).items()
    ]
    found = [table(words("page.check"), [words("page.check"), words("page.outcome")], checks)] if checks else []
    return [*found, table(words("page.run"), [words("page.run"), ""], run)]
