"""A scenario that changes another one: the chain of `extends` read and merged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from experiments.scenarios.catalogue import locate
from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.nodes import Node, merge
from experiments.scenarios.yaml_source import decode, parse, read_bytes

MAX_CHAIN = 10


@dataclass(frozen=True, slots=True)
class Source:
    """A scenario file as read: its tree merged with those it extends, and the texts, its own first."""

    root: Node
    files: tuple[Path, ...]
    texts: tuple[str, ...]

    def folder_of(self, name: str) -> Path:
        """Return the folder of the file in which a value was written; the working folder for the command line."""
        return next((p.parent for p in self.files if str(p) == name), Path())


def read(path: Path, below: tuple[Path, ...] = ()) -> Source:
    """Read a scenario file and those it extends.

    Raises
    ------
    ScenarioError
        If a file cannot be read or the chain comes back to itself or is too long.
    """
    text = decode(read_bytes(path), str(path))
    root = parse(text, str(path))
    if not isinstance(root.value, dict):
        raise ScenarioError(Problem(str(path), root.line, "file", "is not a mapping", root.shown, "fields with values"))
    chain = (*below, path)
    parent = root.child("extends")
    if parent is None or parent.value is None:
        return Source(_without_extends(root), (path,), (text,))
    base = read(_parent(path, parent, chain), chain)
    return Source(merge(base.root, _without_extends(root)), (path, *base.files), (text, *base.texts))


def _parent(path: Path, node: Node, chain: tuple[Path, ...]) -> Path:
    at = Problem(node.file, node.line, "extends", "")
    if not isinstance(node.value, str):
        raise ScenarioError(
            Problem(at.file, at.line, at.path, "is not a name", node.shown, "a shipped scenario's name or a path")
        )
    found = locate(node.value, beside=path.parent, problem=at)
    if any(found.resolve() == seen.resolve() for seen in chain):
        names = " -> ".join(p.name for p in (*chain, found))
        raise ScenarioError(
            Problem(at.file, at.line, at.path, f"comes back to itself: {names}", node.value, "a chain that ends")
        )
    if len(chain) >= MAX_CHAIN:
        raise ScenarioError(
            Problem(at.file, at.line, at.path, "is too long a chain", node.value, f"at most {MAX_CHAIN} files")
        )
    return found


def _without_extends(root: Node) -> Node:
    entries = {key: node for key, node in root.children.items() if key != "extends"}
    return Node(entries, root.file, root.line, root.key_line)
