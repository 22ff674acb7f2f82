"""The reference page of scenario files, made from the JSON Schema that the files are checked by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.scenarios.schema import json_schema
from rights_market.policies import RULES
from rights_market.policies.reference import meanings, sections

Schema = dict[str, Any]
FIRST = ("MarketScenario", "LaboratoryScenario")
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minItems": "at least {} of them",
}
_WORDS = {"integer": "whole number", "boolean": "true or false", "string": "text", "object": "mapping"}


def scenario_page() -> str:
    """Return the page of all blocks of a scenario file that are no rules."""
    blocks: Schema = json_schema()["$defs"]
    rules = {rule.__name__ for slot in RULES.values() for rule in slot}
    lines = [
        "# Scenario files",
        "",
        "Every block of a scenario file and its fields. Made from the schema by `make docs`; do not edit.",
        "",
        "The rules that stand in the slots of a right are in [rules.md](rules.md).",
        "`rights-market scenarios schema` prints the schema itself, for editors.",
    ]
    for name in sorted(blocks, key=lambda name: (name not in FIRST, name not in FIRST[:1], name)):
        if name not in rules:
            lines += ["", *_block(name, blocks[name], rules)]
    return "\n".join(lines) + "\n"


def _block(name: str, block: Schema, rules: set[str]) -> Iterator[str]:
    description = block.get("description", "")
    yield f"## {name}"
    yield ""
    yield " ".join(sections(description)[""].split()) or "Values by name."
    yield ""
    yield "| field | values | default | meaning |"
    yield "|---|---|---|---|"
    known, required = meanings(description), block.get("required", [])
    for field, schema in block.get("properties", {}).items():
        default = "to be given" if field in required else _default(schema.get("default"))
        meaning = schema.get("description", known.get(field, ""))
        cells = (f"`{field}`", _values(schema, rules), default, " ".join(meaning.split()))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(value: Any) -> str:
    if value is None or value == [] or value == {}:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "its defaults" if isinstance(value, dict) else str(value)


def _values(schema: Schema, rules: set[str]) -> str:
    """Return the words for what a field may hold, with its limits."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"rule [{name}](rules.md)" if name in rules else f"[{name}](#{name.lower()})"
    if "const" in schema or "enum" in schema:
        return " | ".join(map(str, schema.get("enum", [schema.get("const")])))
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            kinds = [s for s in schema[choice] if s.get("type") != "null"]
            # A decimal may be written as a number or, to the last digit, as text.
            kinds = [
                s for s in kinds if not (s == {"type": "string"} and any(k.get("type") == "number" for k in kinds))
            ]
            return " or ".join(dict.fromkeys(_values(s, rules) for s in kinds))
    kind = schema.get("type", "value")
    if kind == "array":
        words = f"list of {_values(schema.get('items', {}), rules)}"
    elif kind == "object" and (items := [*schema.get("patternProperties", {}).values(), *_named(schema)]):
        words = f"name -> {_values(items[0], rules)}"
    else:
        words = str(schema.get("format") or _WORDS.get(kind, kind))
    limits = [text.format(f"{schema[key]:g}") for key, text in _BOUNDS.items() if key in schema]
    return ", ".join([words, *limits])


def _named(schema: Schema) -> list[Schema]:
    """Return the schema of what may stand under a name, in a mapping of any names."""
    values = schema.get("additionalProperties")
    return [values] if isinstance(values, dict) else []
