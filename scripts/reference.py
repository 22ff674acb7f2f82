"""Write the generated pages of the reference: ``python -m scripts.reference`` (or ``make docs``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from experiments.cli.rule_listing import values_of, walk
from rights_market.policies.reference import RuleCard, cards
from scripts.presets_page import presets_page
from scripts.scenario_page import scenario_page

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"


def rules_page() -> str:
    """Return the page of all rules."""
    lines = [
        "# Rules",
        "",
        "Every rule that a scenario file may name, by family. Made from the classes by `make docs`; do not edit.",
        "",
        "Marks of sources: *seen* in the source, *known* but not re-read, *approx*: a modelling choice.",
    ]
    for family, members in groupby(cards(), key=lambda card: card.family):
        lines += ["", f"## {family}"]
        for card in members:
            lines += ["", *_section(card)]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "rules.md": rules_page,
    "scenario.md": scenario_page,
    "presets.md": presets_page,
}


def main() -> None:
    """Write every page anew."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


def _section(card: RuleCard) -> Iterator[str]:
    yield f"### `{card.slot}: {{kind: {card.kind}}}`"
    yield ""
    yield f"{card.summary} {card.details}".strip()
    yield ""
    if card.fields:
        yield "| field | values | default | meaning |"
        yield "|---|---|---|---|"
        for depth, field in walk(card.fields):
            name = "&nbsp;" * 4 * depth + f"`{field.name}`"
            cells = (name, values_of(field), field.default or "to be given", field.meaning)
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield ""
    yield f"Source: {card.sources}"


if __name__ == "__main__":
    main()
