"""Rules of a scenario in words: nested settings become short lines that a person can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.results.names import sector_name
from experiments.results.result import Result
from experiments.results.words import Words

# What the table of rights and the table of periods show already.
SHOWN_ELSEWHERE = {"name", "unit", "lot", "tick_yuan", "periods", "opening_price_yuan", "max_price_yuan"}
SLOTS = (
    "cap", "allocation", "upfront", "auction", "consignment", "forward_vintages", "stability", "banking", "surrender",
    "shortfall_caps", "offset_limit", "borrowing", "penalties", "make_good", "sanctions", "band", "block", "otc",
    "one_way", "fees", "settlement", "opening_call", "measurement", "reporting", "verification", "audit",
    "disclosure", "inventory", "government_reserve", "permission", "ratio", "zonal_call", "hot_spot",
    "compensation", "regulator", "changes",
)  # fmt: skip


# Kinds that are the only one of their slot, so that the name of the slot says it already.
ONLY_KINDS = {
    "audit", "borrowing", "disclosure", "eco_compensation", "feedback", "fees", "government_reserve", "hot_spot_guard",
    "inventory_targets", "make_good", "measurement", "offset_limit", "one_way_auction", "otc_offer", "trading_ratio",
    "zonal_call", "zone_permission", "penalty", "price_band", "sanctions", "self_report", "settlement_cycle",
    "shortfall_cap", "surrender", "upfront_true_up", "verification",
}  # fmt: skip


def rule_lines(result: Result, right: str, words: Words) -> list[tuple[str, list[str]]]:
    """List the rules of a right: the name of each slot and its settings, one line a rule.

    Slots come in the order in which a rule book is written; a slot that is left open is not listed.
    """
    book = result.manifest["scenario"].get("rights", {}).get(right, {})
    if not isinstance(book, Mapping):
        return []
    slots = [*(s for s in SLOTS if s in book), *(s for s in book if s not in SLOTS and s not in SHOWN_ELSEWHERE)]
    rows = []
    for slot in slots:
        value = book[slot]
        entries = value if isinstance(value, list) else [value]
        lines = [text for entry in entries if (text := setting(entry, result, words))]
        if lines:
            rows.append((words.name("slot", slot), lines))
    return rows


def market_lines(result: Result, words: Words) -> list[tuple[str, list[str]]]:
    """List the rules of the market as a whole, as `rule_lines` does those of a right."""
    scenario = result.manifest["scenario"]
    found = []
    for slot in ("links", "fiscal", "information"):
        given = scenario.get(slot) or []
        entries = given if isinstance(given, list) else [given]
        lines = [text for entry in entries if (text := setting(entry, result, words))]
        if lines:
            found.append((words.name("slot", slot), lines))
    return found


def trader_lines(result: Result, words: Words) -> list[tuple[str, list[str]]]:
    """List what the traders of a laboratory were given: values, costs, strategy, days."""
    given = result.manifest["scenario"].get("population", {})
    texts = {key: setting(value, result, words, key) for key, value in given.items() if key != "kind"}
    return [(words.name("field", key), [text]) for key, text in texts.items() if text]


def setting(value: Any, result: Result, words: Words, key: str = "") -> str:
    """Write one setting; nested settings go into brackets, open ones are left out.

    Parameters
    ----------
    value : object
        Plain JSON value.
    key : str
        Name of the field, which tells what a code stands for.
    """
    if isinstance(value, Mapping):
        return _mapping(value, result, words)
    if isinstance(value, list):
        items = (_nested(item, result, words, key) for item in value)
        return words("comma").join(item for item in items if item)
    if isinstance(value, bool):
        return words("page.yes" if value else "page.no")
    if value is None:
        return ""
    if isinstance(value, str):
        if key == "sectors":
            return sector_name(result, value, words)
        if key == "strategy":
            return words.name("strategy", value)
        return value if key == "name" else _most_special(words, "kind", key, value)
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


def _most_special(words: Words, family: str, where: str, code: str) -> str:
    """Return the word for a code in this place, such as the `reserve` of a collar, or else the one for any place."""
    special = words.name(family, f"{where}.{code}")
    return words.name(family, code) if special == f"{where}.{code}" else special


def _brackets(text: str, words: Words) -> str:
    return f"({text})" if words.lang == "en" else f"（{text}）"


def _nested(item: Any, result: Result, words: Words, key: str) -> str:
    text = setting(item, result, words, key)
    return _brackets(text, words) if isinstance(item, Mapping) and text else text


def _mapping(value: Mapping[str, Any], result: Result, words: Words) -> str:
    colon, semicolon, space = (": ", "; ", " ") if words.lang == "en" else ("：", "；", "")
    parts = []
    kind = str(value.get("kind") or "")
    for field, inner in value.items():
        if field == "kind" or not (text := _nested(inner, result, words, field)):
            continue
        name = _most_special(words, "field", kind, field)
        parts.append(f"{name}{space}{text}" if isinstance(inner, Mapping) else f"{name}{colon}{text}")
    if not kind or (kind in ONLY_KINDS and parts):
        return semicolon.join(parts)
    return words.name("kind", kind) + (colon if parts else "") + semicolon.join(parts)
