"""Single values changed from the command line: ``--set rights.CEA.allocation.0.cut=0.03``."""

from __future__ import annotations

from dataclasses import replace

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.nodes import Node, merge
from experiments.scenarios.yaml_source import parse


def override(root: Node, text: str) -> Node:
    """Return the tree with one value changed.

    Parameters
    ----------
    root : Node
        Tree of the scenario.
    text : str
        ``dotted.path=value``; list items by number from 0, the value in YAML on one line.

    Raises
    ------
    ScenarioError
        If the text has no ``=``, the value is not YAML, or the path leads into a single value or beyond a list.
        Unknown fields are found later, with all others.
    """
    label = f"command line: --set {text}"
    path, equals, value = text.partition("=")
    parts = path.strip().split(".")
    if not equals or not all(parts):
        raise ScenarioError(Problem(label, 0, path or "--set", "names no value", text, "dotted.path=value"))
    new = Node(None, label, 0, raw="null")
    if value.strip() not in ("", "null", "~"):
        new = parse(value, label, top_line=0)
    return put(root, parts, new)


def put(root: Node, parts: list[str], new: Node) -> Node:
    """Return the tree with a value put at a path; a mapping is merged into the one that stands there.

    Raises
    ------
    ScenarioError
        At the new value, if the path leads into a single value or beyond a list.
    """
    return _set(root, parts, new, ())


def _set(node: Node, parts: list[str], new: Node, above: tuple[str, ...]) -> Node:
    if not parts:
        return merge(node, new) if new.children else new
    if isinstance(node.value, list):
        return _set_item(node, parts, new, above)
    if node.value is not None and not isinstance(node.value, dict):
        where = ".".join(above)
        raise ScenarioError(
            Problem(new.file, new.place, where, "is a single value", node.shown, f"a path that ends at {where}")
        )
    key, rest = _longest_key(node, parts)
    below = node.child(key) or Node(None, new.file, new.line, raw="null")
    entries = {**node.children, key: _set(below, rest, new, (*above, key))}
    return replace(node, value=entries)


def _set_item(node: Node, parts: list[str], new: Node, above: tuple[str, ...]) -> Node:
    items = node.value if isinstance(node.value, list) else []
    if not parts[0].isascii() or not parts[0].isdigit() or int(parts[0]) >= len(items):
        what = f"is a list of {len(items)}"
        expected = f"an item from 0 to {len(items) - 1}" if items else "the whole list"
        raise ScenarioError(Problem(new.file, new.place, ".".join(above), what, parts[0], expected))
    at = int(parts[0])
    changed = _set(items[at], parts[1:], new, (*above, parts[0]))
    return replace(node, value=[*items[:at], changed, *items[at + 1 :]])


def _longest_key(node: Node, parts: list[str]) -> tuple[str, list[str]]:
    """Return the key that the path starts with; keys of `columns` hold dots themselves."""
    for n in range(len(parts), 1, -1):
        if ".".join(parts[:n]) in node.children:
            return ".".join(parts[:n]), parts[n:]
    return parts[0], parts[1:]
