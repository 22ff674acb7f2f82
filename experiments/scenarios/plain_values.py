"""Records as plain JSON values, in a fixed order and without loss."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel


def plain_value(value: Any) -> Any:
    """Return a record as mappings, lists, text and numbers.

    A decimal becomes a number where a number holds it exactly when printed, else text.

    Examples
    --------
    >>> plain_value({"rate": Decimal("0.29"), "years": (2024,), "from": date(2024, 1, 2)})
    {'rate': 0.29, 'years': [2024], 'from': '2024-01-02'}
    """
    if isinstance(value, BaseModel):
        model = type(value).model_fields
        return {info.alias or name: plain_value(getattr(value, name)) for name, info in model.items()}
    if is_dataclass(value):
        return {f.name: plain_value(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, Decimal):
        return _number(value)
    return value.isoformat() if isinstance(value, date) else value


def _number(value: Decimal) -> int | float | str:
    if value == value.to_integral_value():
        return int(value)
    near = float(value)
    return near if Decimal(repr(near)) == value else str(value)
