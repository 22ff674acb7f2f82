"""The rules that a scenario file may name, printed for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby

import click

from experiments.scenarios.errors import did_you_mean
from rights_market.policies.reference import FieldCard, cards


def list_rules() -> None:
    """Print one line a rule, by family."""
    for family, members in groupby(cards(), key=lambda card: card.family):
        click.echo(family)
        for card in members:
            click.echo(f"  {card.slot:<18} {card.kind:<26} {card.summary}")


def show_rule(kind: str) -> None:
    """Print all that is known of one rule.

    Raises
    ------
    click.BadParameter
        If there is no such rule.
    """
    known = {card.kind: card for card in cards()}
    if kind not in known:
        hint = did_you_mean(kind, known) or "`rights-market rules` lists them all"
        raise click.BadParameter(f"there is no rule {kind!r}; {hint}", param_hint="KIND")
    card = known[kind]
    click.echo(f"{card.family}: {card.kind}  (slot `{card.slot}`)\n\n{card.summary}")
    if card.details:
        click.echo(card.details)
    click.echo()
    for depth, field in walk(card.fields):
        click.echo(f"{'  ' * (depth + 1)}{field.name}: {_terms(field)}")
        if field.meaning:
            click.echo(f"{'  ' * (depth + 1)}    {field.meaning}")
    click.echo(f"\nSource: {card.sources}")


def print_json() -> None:
    """Print every rule as JSON."""
    click.echo(json.dumps([asdict(card) for card in cards()], ensure_ascii=False, indent=2))


def walk(fields: Iterable[FieldCard], depth: int = 0) -> Iterator[tuple[int, FieldCard]]:
    """Yield each field, and after it the fields of the record that stands there, with how deep they lie."""
    for field in fields:
        yield depth, field
        yield from walk(field.parts, depth + 1)


def values_of(field: FieldCard) -> str:
    """Return the words for what a field may hold: kind of value, unit, limits."""
    unit = f" [{field.unit}]" if field.unit else ""
    return f"{field.values}{unit}" + (f", {field.limits}" if field.limits else "")


def _terms(field: FieldCard) -> str:
    return f"{values_of(field)}; " + (f"default {field.default}" if field.default else "to be given")
