"""The reference page of presets: which rules the shipped scenario of each real market sets, read from the files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.scenarios.blocks import RightBlock
from experiments.scenarios.catalogue import FIRST, shipped
from experiments.scenarios.load import load_scenario
from experiments.scenarios.schema import MarketScenario
from rights_market.policies import RULES

ALWAYS = ("banking", "surrender")
"""Slots that matter where they hold their default as well."""


def presets_page() -> str:
    """Return the page of all presets: a table of rules by slot and preset, and what each preset leaves out."""
    presets = [scenario for name in shipped() if name not in FIRST and _is_market(scenario := load_scenario(name))]
    lines = [
        "# Presets",
        "",
        "The rules of real markets that ship as scenarios, and the slots that each fills. Made from the files by",
        "`make docs`; do not edit. Numbers, sources and marks stand there (`rights-market scenarios show NAME`),",
        "the rules in [rules.md](rules.md).",
        "A date stands before what holds only from then on.",
        "",
        "| slot | " + " | ".join(p.name for p in presets) + " |",
        "|---" * (len(presets) + 1) + "|",
        *_rows(presets),
        "",
        "## What they are, and what they leave out",
    ]
    for preset in presets:
        lines += ["", f"**`{preset.name}`** {preset.title.en}. {preset.about.en.strip()}"]
    return "\n".join(lines) + "\n"


def _is_market(scenario: object) -> bool:
    return isinstance(scenario, MarketScenario)


def _rows(presets: list[Any]) -> Iterator[str]:
    """Yield a row for each slot that any preset fills."""
    for slot in (s for s in RULES if s in RightBlock.model_fields):
        cells = ["<br>".join(_kinds(preset, slot)) for preset in presets]
        if any(cells):
            yield f"| `{slot}` | " + " | ".join(cells) + " |"


def _kinds(preset: MarketScenario, slot: str) -> list[str]:
    """Return the kinds that the rights of a preset hold in a slot, and those that dated changes put there."""
    found: dict[str, None] = {}
    for block in preset.rights.values():
        value = getattr(block, slot)
        if slot in ALWAYS or value != RightBlock.model_fields[slot].get_default():
            found |= dict.fromkeys(_names(value))
        for change in block.changes:
            for kind in _names(change.set.get(slot)):
                found[f"{change.start}: {kind}"] = None
    return list(found)


def _names(value: Any) -> list[str]:
    entries = value if isinstance(value, (list, tuple)) else [value]
    return [x["kind"] if isinstance(x, dict) else x.kind for x in entries if x is not None]
