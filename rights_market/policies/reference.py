"""What is to be known of a rule without reading its code: its fields with limits and units, and where it comes from.

All of it is read from the classes themselves, so that a reference can neither lack a rule nor say what is no longer so.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen, Unit

from rights_market.policies import FAMILIES, RULES
from rights_market.policies.rule import kind_of, summary, types_of
from rights_market.policies.where import Where

_WORDS = {int: "whole number", float: "number", Decimal: "number", bool: "yes or no", str: "text", date: "date"}
_BOUNDS = {Ge: ("at least", "ge"), Gt: ("above", "gt"), Le: ("at most", "le"), Lt: ("below", "lt")}


@dataclass(frozen=True, slots=True)
class FieldCard:
    """One field of a rule.

    Attributes
    ----------
    name : str
    values : str
        What may stand there, in words.
    limits, unit, default : str
        Empty where there is none; a field without a default must be given.
    meaning : str
        From the rule's documentation.
    parts : tuple of FieldCard
        Fields of the record that stands there, if one does.
    """

    name: str
    values: str
    limits: str
    unit: str
    default: str
    meaning: str
    parts: tuple[FieldCard, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleCard:
    """One rule.

    Attributes
    ----------
    family, slot, kind : str
        Where people look for it, where it stands in a scenario file, and its tag there.
    summary, details, sources : str
        What it does in one line and in full; the act and article, or the author and year, with their marks.
    fields : tuple of FieldCard
    """

    family: str
    slot: str
    kind: str
    summary: str
    details: str
    sources: str
    fields: tuple[FieldCard, ...]


def cards() -> Iterator[RuleCard]:
    """Yield every rule, by family.

    Examples
    --------
    >>> next(card.summary for card in cards() if card.kind == "free")
    'All unused units stay valid.'
    """
    for family, slots in FAMILIES.items():
        for slot in slots:
            for rule in RULES[slot]:
                parts = sections(rule.__doc__ or "")
                yield RuleCard(
                    family,
                    slot,
                    kind_of(rule),
                    summary(rule),
                    _flow(parts[""].partition("\n")[2]),
                    _flow(parts.get("References", "")),
                    _fields(rule),
                )


def _fields(record: type) -> tuple[FieldCard, ...]:
    known, hints = meanings(record.__doc__ or ""), types_of(record)
    return tuple(_field(f, hints[f.name], known.get(f.name, "")) for f in fields(record) if f.name != "kind")


def _field(field: Field[Any], hint: Any, meaning: str) -> FieldCard:
    parts = tuple(part for record in _records(hint) if record is not Where for part in _fields(record))
    if field.name == "where" and not meaning:
        meaning = "Firms and years that the rule is meant for; all of them if it says nothing."
    limits, units = _limits(hint), [x.unit for x in _metadata(hint) if isinstance(x, Unit)]
    return FieldCard(
        field.name, _values(hint), limits, ", ".join(dict.fromkeys(units)), _default(field), meaning, parts
    )


def _default(field: Field[Any]) -> str:
    if field.default is not MISSING:
        value = field.default
    elif field.default_factory is not MISSING:
        value = field.default_factory()
    else:
        return ""
    if value is None or value == () or value == {} or is_dataclass(value):
        return "none" if not is_dataclass(value) else "its defaults"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _values(hint: Any) -> str:
    """Return the words for what may stand in a field."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _values(args[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_values(a) for a in args if a is not type(None)))
    if origin is Literal:
        return " | ".join(map(str, args))
    if origin is tuple:
        return f"list of {_values(args[0])}"
    if origin is dict:
        return f"{_values(args[0])} -> {_values(args[1])}"
    return _WORDS.get(hint, getattr(hint, "__name__", str(hint)))


def _limits(hint: Any) -> str:
    words = []
    for bound in _metadata(hint):
        if isinstance(bound, MinLen):
            words.append(f"at least {bound.min_length} of them")
        elif type(bound) in _BOUNDS:
            word, name = _BOUNDS[type(bound)]
            words.append(f"{word} {getattr(bound, name)}")
    return ", ".join(dict.fromkeys(words))


def _metadata(hint: Any) -> Iterator[Any]:
    """Yield the limits and units in a type, the outer ones first."""
    if get_origin(hint) is Annotated:
        yield from hint.__metadata__
    if get_origin(hint) is not Literal:
        for inner in get_args(hint):
            yield from _metadata(inner)


def _records(hint: Any) -> Iterator[type]:
    """Yield the records that a field may hold."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    elif get_origin(hint) is not Literal:
        for inner in get_args(hint):
            yield from _records(inner)


def sections(docstring: str) -> dict[str, str]:
    """Return the parts of a docstring by heading; what comes before the first heading under no name."""
    found: dict[str, str] = {}
    heading, lines = "", list[str]()
    text = inspect.cleandoc(docstring).splitlines()
    for line, below in zip(text, [*text[1:], ""], strict=True):
        if line and set(below) == {"-"}:
            found[heading], heading, lines = "\n".join(lines).strip(), line, []
        elif not line or set(line) != {"-"}:
            lines.append(line)
    found[heading] = "\n".join(lines).strip()
    return found


def meanings(docstring: str) -> dict[str, str]:
    """Return what the docstring says of each attribute."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in sections(docstring).get("Attributes", "").splitlines():
        if (head := re.match(r"(\w+(?:, \w+)*) : ", line)) is not None:
            names = head[1].split(", ")
            found.update(dict.fromkeys(names, ""))
        elif line.startswith("    "):
            found.update({name: _flow(f"{found[name]} {line}") for name in names})
    return found


def _flow(text: str) -> str:
    return " ".join(text.split())
