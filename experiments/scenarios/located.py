"""Mistakes found by the schema and by the rules, put into words and at the line where they were written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from experiments.scenarios.errors import Problem, did_you_mean
from experiments.scenarios.nodes import Node, Path, dotted, to_json
from experiments.scenarios.schema import MODELS
from rights_market.errors import RightsMarketError

_EXPECTED = {
    "float": "a number, without quotes or a unit",
    "decimal": "a number, without quotes or a unit",
    "int": "a whole number",
    "bool": "true or false",
    "string": "text, in quotes where it looks like a number",
    "date": "a date as YYYY-MM-DD",
    "dict": "a mapping",
    "dataclass": "a mapping",
    "model": "a mapping",
    "list": "a list",
    "tuple": "a list",
}
_BOUNDS = {
    "greater_than_equal": ("is too small", "ge", "at least"),
    "greater_than": ("is too small", "gt", "a number above"),
    "less_than_equal": ("is too large", "le", "at most"),
    "less_than": ("is too large", "lt", "a number below"),
}
_UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")
_ORDER_OF_DATES = "dates in the order use_from, use_to, verify, true_up, deadline, penalty, make_good, banking_close"


def read_tree(kind: str, root: Node) -> tuple[Any, list[Problem]]:
    """Read a tree as a scenario of one kind.

    Parameters
    ----------
    kind : str
        ``market`` or ``laboratory``.
    root : Node
        The tree.

    Returns
    -------
    scenario : MarketScenario, LaboratoryScenario or None
        None where something is wrong.
    problems : list of Problem
        Everything that is wrong with single fields and single rules.
    """
    model = MODELS[kind]
    try:
        # Strict: text is no number and a number no date; in JSON mode lists and dates may still be written plainly.
        return model.model_validate_json(to_json(root), strict=True), []
    except ValidationError as error:
        return None, list(_schema_problems(error, root, model.model_json_schema()))


def problem_at(root: Node, path: Path, what: str, expected: str = "", got: str | None = None) -> Problem:
    """Return a problem at a field; where it was not written, at the nearest block that was."""
    node, is_written = root.nearest(path)
    shown = node.shown if got is None and is_written else (got or "")
    return Problem(node.file, node.place, dotted(path), what, shown, expected)


def rule_problem(error: RightsMarketError | ValueError, path: Path, root: Node) -> Problem:
    """Return a rule's complaint at the first of its fields that the message names, else at the block."""
    message = str(error)
    expected = _ORDER_OF_DATES if message.startswith("period ") else ""
    block, _ = root.nearest(path)
    named = next((w for w in re.findall(r"\w+", message) if w in block.children), None)
    if named is None:
        return Problem(block.file, block.place, dotted(path), message, "", expected)
    node = block.children[named]
    return Problem(node.file, node.place, dotted((*path, named)), message, node.shown, expected)


def _schema_problems(error: ValidationError, root: Node, schema: dict[str, Any]) -> Iterator[Problem]:
    found: dict[Path, list[Problem]] = {}
    for detail in error.errors(include_url=False):
        path, problem = _schema_problem(detail, root, schema)
        found.setdefault(path, []).append(problem)
    for path, problems in found.items():
        if any(len(other) > len(path) and other[: len(path)] == path for other in found):
            continue  # What is said inside a value is nearer to the mistake than what is said about it.
        first = problems[0]
        expected = " or ".join(dict.fromkeys(p.expected for p in problems))
        yield Problem(first.file, first.line, first.path, first.what, first.got, expected)


def _schema_problem(detail: Any, root: Node, schema: dict[str, Any]) -> tuple[Path, Problem]:
    path, rest = _written_path(detail["loc"], root)
    node, _ = root.nearest(path)
    kind, context = detail["type"], detail.get("ctx", {})
    at_key = kind in _UNKNOWN_KEY or detail["loc"][-1] == "[key]"
    line = node.key_line or node.line if at_key else node.place

    def at(what: str, expected: str, where: Path = path, got: str | None = None) -> tuple[Path, Problem]:
        return where, Problem(node.file, line, dotted(where), what, node.shown if got is None else got, expected)

    if kind == "value_error" and isinstance(context.get("error"), ValueError):
        return path, rule_problem(context["error"], path, root)
    if kind in _UNKNOWN_KEY:
        known = _known_keys(schema, path[:-1], root)
        return at("is not a known field", did_you_mean(str(path[-1]), known))
    if kind == "missing":
        field = str(rest[-1])
        return at("is missing", _described(schema, path, field, root), (*path, field), "")
    if kind == "union_tag_not_found":
        return at("is missing", "one of the kinds: " + _kinds(schema, path, root), (*path, "kind"), "")
    if kind == "union_tag_invalid":
        tag = node.children["kind"]
        names = context["expected_tags"].replace("'", "").split(", ")
        expected = did_you_mean(str(context["tag"]), names)
        where = (*path, "kind")
        return where, Problem(tag.file, tag.line, dotted(where), "is not a known kind", tag.shown, expected)
    if detail["loc"][-1] == "[key]":
        return at("is not a valid key", _expected(kind, context, detail["msg"]), got=str(path[-1]))
    if kind in _BOUNDS:
        what, key, words = _BOUNDS[kind]
        return at(what, f"{words} {context[key]:g}")
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", context["expected"])
        is_choice = len(names) > 1
        return at("is not a known choice", did_you_mean(node.shown, names) if is_choice else context["expected"])
    return at("is not valid", _expected(kind, context, detail["msg"]))


def _expected(kind: str, context: dict[str, Any], message: str) -> str:
    if kind == "string_pattern_mismatch":
        return f"letters, digits, - and _ as in {context['pattern']}"
    if kind == "too_short":
        return f"at least {context['min_length']} of them"
    if kind == "too_long":
        return f"at most {context['max_length']} of them"
    return _EXPECTED.get(kind.partition("_")[0], message[:1].lower() + message[1:])


def _written_path(location: tuple[str | int, ...], root: Node) -> tuple[Path, list[str | int]]:
    """Split a place in the schema into the path as written and what was not written.

    Branches of a union have names in a location that are in no file; they are passed over.
    """
    node, path, rest = root, [], []
    for part in location:
        below = node.child(part)
        if below is None:
            rest.append(part)
        else:
            node = below
            path.append(part)
    return tuple(path), rest


def _known_keys(schema: dict[str, Any], path: Path, root: Node) -> list[str]:
    return [key for part in _schemas_at(schema, path, root) for key in part.get("properties", {})]


def _kinds(schema: dict[str, Any], path: Path, root: Node) -> str:
    parts = list(_schemas_at(schema, path, root))
    return ", ".join(str(p["properties"]["kind"].get("const")) for p in parts if "kind" in p.get("properties", {}))


def _described(schema: dict[str, Any], path: Path, field: str, root: Node) -> str:
    """Return what a missing field should hold."""
    for part in _schemas_at(schema, path, root):
        about = part.get("properties", {}).get(field)
        if about is not None:
            words = {
                "string": "text",
                "number": "a number",
                "integer": "a whole number",
                "array": "a list",
                "object": "a mapping",
            }
            return about.get("description") or words.get(about.get("type"), "a value")
    return "a value"


def _schemas_at(schema: dict[str, Any], path: Path, root: Node) -> Iterator[dict[str, Any]]:
    """Yield the object schemas that may hold at a path, the branch of a written `kind` where there is one."""
    parts: list[tuple[dict[str, Any], Node | None]] = [(schema, root)]
    for key in path:
        parts = [
            (below, n and n.child(key)) for s, n in parts for o in _branches(s, n, schema) for below in _below(o, key)
        ]
    for s, n in parts:
        yield from _branches(s, n, schema)


def _below(schema: dict[str, Any], key: str | int) -> Iterator[dict[str, Any]]:
    if isinstance(key, int):
        if isinstance(schema.get("items"), dict):
            yield schema["items"]
    elif key in schema.get("properties", {}):
        yield schema["properties"][key]
    else:
        patterns = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
        yield from (s for s in patterns if isinstance(s, dict))


def _branches(schema: dict[str, Any], node: Node | None, root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _branches(root["$defs"][name], node, root)
    for part in schema.get("anyOf", []):
        yield from _branches(part, node, root)
    mapping = schema.get("discriminator", {}).get("mapping")
    if mapping:
        kind = None if node is None else node.child("kind")
        chosen = [mapping[str(kind.value)]] if kind is not None and kind.value in mapping else mapping.values()
        for reference in chosen:
            yield from _branches({"$ref": reference}, node, root)
    elif "$ref" not in schema and "anyOf" not in schema:
        yield schema
