"""The shipped defaults of industrial sectors, and how a sector of a firms file finds its own."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from experiments.scenarios.catalogue import library
from experiments.scenarios.nodes import Node
from experiments.scenarios.yaml_source import decode, parse, read_bytes


@dataclass(frozen=True, slots=True)
class SectorDefaults:
    """Defaults of one sector.

    Attributes
    ----------
    code : str
    labels : tuple of str
        Names under which firms files know it, in small letters.
    marks : str
        Where the intensities come from.
    values : dict
        Fields of a sector as a scenario has them; numbers exact.
    """

    code: str
    labels: tuple[str, ...]
    marks: str
    values: dict[str, Any]


@lru_cache(maxsize=1)
def sector_library() -> dict[str, SectorDefaults]:
    """Return the shipped sectors by code."""
    path = library() / "sectors.yaml"
    root = parse(decode(read_bytes(path), path.name), path.name)
    return {code: _defaults(code, _plain(node)) for code, node in root.children.items()}


def find_sector(label: str) -> SectorDefaults | None:
    """Return the sector that a label of a firms file means: by name, by alias, or by the longest alias inside it.

    Examples
    --------
    >>> find_sector("水泥").code, find_sector("水泥制造业").code, find_sector("spaceflight")
    ('clinker', 'clinker', None)
    """
    text = fold(label)
    sectors = sector_library().values()
    exact = next((s for s in sectors if text in s.labels), None)
    if exact is not None or not text:
        return exact
    inside = [(len(name), s) for s in sectors for name in s.labels if name in text and len(name) > 1]
    return max(inside, key=lambda pair: pair[0])[1] if inside else None


def fold(text: str) -> str:
    """Return a label as it is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("_", " ").split())


def _defaults(code: str, values: dict[str, Any]) -> SectorDefaults:
    aliases = values.pop("aliases")
    marks = values.pop("marks")
    labels = [fold(x) for x in (code, values["name"]["en"], values["name"]["zh"], *aliases)]
    return SectorDefaults(code, tuple(dict.fromkeys(labels)), marks, values)


def _plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(below) for key, below in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(below) for below in node.value]
    return node.value if not isinstance(node.value, Decimal) else node.value.normalize()
