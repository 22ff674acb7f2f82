"""What all rules share: refusal of unknown keys, and limits that hold however a rule is made.

The limits stand beside the fields, as `annotated_types` bounds.  A reader of scenario files checks them with line
numbers; a rule written in a notebook is checked here by the same bounds.
"""

from __future__ import annotations

import types
from dataclasses import fields
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MinLen, Unit

from rights_market.errors import PolicyError

Share = Annotated[Decimal, Ge(0), Le(1), Unit("share")]
Lots = Annotated[int, Ge(0), Unit("lots")]
Ticks = Annotated[int, Ge(1), Unit("ticks")]
Fen = Annotated[int, Ge(0), Unit("fen")]
Days = Annotated[int, Ge(0), Unit("days")]


class Rule:
    """Base of every rule: checks the limits of the fields, then whether the numbers agree with each other."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        name = type(self).__name__
        for field, hint in types_of(type(self)).items():
            _check_limits(f"{name}.{field}", getattr(self, field), hint)
        self.check()

    def check(self) -> None:
        """Refuse numbers that contradict each other; rules with such numbers override this.

        Raises
        ------
        PolicyError
            Naming both fields.
        """


def summary(rule: type) -> str:
    """Return the first line of a rule's docstring, for a reference of rules."""
    return (rule.__doc__ or "").strip().partition("\n")[0]


def kind_of(rule: type) -> str:
    """Return the tag by which a scenario file names a rule.

    Raises
    ------
    TypeError
        If the rule has no field `kind` with a default.
    """
    tag = next((f.default for f in fields(rule) if f.name == "kind"), None)
    if not isinstance(tag, str):
        raise TypeError(f"{rule.__name__} has no tag: give it a field `kind` with its name as the default")
    return tag


def types_of(rule: type) -> dict[str, Any]:
    """Return the type of each field, with its limits and unit."""
    hints = get_type_hints(rule, include_extras=True)
    return {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar}


def _check_limits(name: str, value: Any, hint: Any) -> None:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        _check_limits(name, value, args[0])
        for bound in args[1:]:
            _check_bound(name, value, bound)
    elif origin in (Union, types.UnionType):
        if value is not None:
            _check_limits(name, value, next(a for a in args if a is not type(None)))
    elif origin is Literal:
        if value not in args:
            raise PolicyError(f"{name} is {value!r}, expected one of {', '.join(map(repr, args))}")
    elif origin is tuple:
        for i, item in enumerate(value):
            _check_limits(f"{name}[{i}]", item, args[0])
    elif origin is dict:
        for key, item in value.items():
            _check_limits(f"{name}[{key}]", item, args[1])
    elif hint is Decimal and not isinstance(value, Decimal | int):
        raise PolicyError(f"{name} is {value!r}, expected a Decimal: a binary fraction cannot hold it exactly")


def _check_bound(name: str, value: Any, bound: Any) -> None:
    match bound:
        case Unit():
            return
        case Ge(ge=limit):
            met, words = value >= limit, f"at least {limit}"
        case Gt(gt=limit):
            met, words = value > limit, f"above {limit}"
        case Le(le=limit):
            met, words = value <= limit, f"at most {limit}"
        case Lt(lt=limit):
            met, words = value < limit, f"below {limit}"
        case MinLen(min_length=limit):
            met, words = len(value) >= limit, f"at least {limit} of them"
        case _:
            raise TypeError(f"{name} has the limit {bound!r}, which rules do not know")
    if not met:
        raise PolicyError(f"{name} is {value}, expected {words}")
