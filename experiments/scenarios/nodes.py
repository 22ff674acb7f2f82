"""A parsed scenario as a tree that remembers where each value was written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

Scalar: TypeAlias = str | int | Decimal | bool | None
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a scenario file.

    Attributes
    ----------
    value : str, int, Decimal, bool, None, dict of str to Node, or list of Node
        Keys are text as written, numbers exact.
    file : str
        File, or option of the command line.
    line, key_line : int
        Lines of the value and of its key, from 1; 0 on the command line.
    raw : str
        Scalar as written.
    """

    value: Scalar | dict[str, Node] | list[Node]
    file: str
    line: int
    key_line: int = 0
    raw: str = ""

    @property
    def children(self) -> dict[str, Node]:
        """Entries of a mapping; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def place(self) -> int:
        """Line at which a message points: of a block, its key."""
        return self.key_line if self.key_line and isinstance(self.value, dict | list) else self.line

    @property
    def shown(self) -> str:
        """The value as a message shows it."""
        if isinstance(self.value, dict):
            return f"a mapping with {', '.join(self.value)}" if self.value else "an empty mapping"
        if isinstance(self.value, list):
            return f"a list of {len(self.value)}"
        return self.raw or ("null" if self.value is None else "''")

    def child(self, key: str | int) -> Node | None:
        """Return the entry of a mapping or item of a list, or None."""
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, list) and isinstance(key, int) and 0 <= key < len(self.value):
            return self.value[key]
        return None

    def nearest(self, path: Iterable[str | int]) -> tuple[Node, bool]:
        """Follow a path as far as it was written; the flag says whether all of it was."""
        node = self
        for key in path:
            below = node.child(key)
            if below is None:
                return node, False
            node = below
        return node, True


def merge(base: Node, child: Node) -> Node:
    """Return `base` changed by `child`: mappings entry by entry, everything else is replaced.

    A block of another `kind` replaces the block of the base, whose fields it does not have.
    """
    if not isinstance(base.value, dict) or not isinstance(child.value, dict):
        return child
    old, new = base.child("kind"), child.child("kind")
    if old is not None and new is not None and old.value != new.value:
        return child
    entries = dict(base.value)
    for key, node in child.value.items():
        entries[key] = merge(entries[key], node) if key in entries else node
    return replace(child, value=entries)


def to_json(node: Node) -> str:
    """Return the tree as JSON text with numbers digit by digit as they were written."""
    return "".join(_json(node))


def _json(node: Node) -> Iterator[str]:
    value = node.value
    if isinstance(value, dict):
        yield "{"
        for i, (key, below) in enumerate(value.items()):
            yield f"{',' if i else ''}{json.dumps(key)}:"
            yield from _json(below)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for i, below in enumerate(value):
            yield "," if i else ""
            yield from _json(below)
        yield "]"
    elif isinstance(value, Decimal):
        yield format(value, "f")
    else:
        yield json.dumps(value)


def dotted(path: Iterable[str | int]) -> str:
    """Return a path as messages show it.

    Examples
    --------
    >>> dotted(("rights", "CEA", "periods", 0))
    'rights.CEA.periods.0'
    """
    return ".".join(map(str, path)) or "(whole file)"
