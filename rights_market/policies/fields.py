"""Numbers deep inside a record, by a dotted path: read, and replaced in a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from rights_market.errors import PolicyError

R = TypeVar("R")
Number = int | Decimal


def number_at(record: Any, path: str) -> Number:
    """Return the number at a path, such as ``penalties.0.low``; a figure counts the entries of a list from 0.

    Raises
    ------
    PolicyError
        If the path leads nowhere, or to something that is no number.

    Examples
    --------
    >>> from rights_market.policies.mrv import Audit
    >>> number_at(Audit(), "share")
    Decimal('0.05')
    """
    found = record
    parts = path.split(".")
    for k, part in enumerate(parts):
        found = _below(found, part, ".".join(parts[: k + 1]))
    if isinstance(found, bool) or not isinstance(found, int | Decimal):
        raise PolicyError(f"{path} is {found!r}, which is no number that could be moved by a step")
    return found


def with_number(record: R, path: str, value: Number) -> R:
    """Return a copy of a record with another number at a path; every record on the way checks itself anew.

    Raises
    ------
    PolicyError
        If the path leads nowhere, or a record does not take the number.
    """
    changed: R = _replaced(record, path.split("."), value)
    return changed


def _replaced(record: Any, parts: Sequence[str], value: Number) -> Any:
    if not parts:
        return value
    inner = _replaced(_below(record, parts[0], parts[0]), parts[1:], value)
    if isinstance(record, tuple):
        at = int(parts[0])
        return (*record[:at], inner, *record[at + 1 :])
    if isinstance(record, dict):
        return {key: inner if str(key) == parts[0] else kept for key, kept in record.items()}
    return replace(record, **{parts[0]: inner})


def _below(record: Any, part: str, path: str) -> Any:
    if isinstance(record, tuple) and part.isdecimal() and int(part) < len(record):
        return record[int(part)]
    if isinstance(record, dict):
        found = [kept for key, kept in record.items() if str(key) == part]
        if found:
            return found[0]
    if is_dataclass(record) and part in {f.name for f in fields(record)}:
        return getattr(record, part)
    raise PolicyError(f"{path} does not exist in these rules")
