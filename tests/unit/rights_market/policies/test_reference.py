"""The reference of rules says of each rule what its class says."""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from annotated_types import Gt, Le, MinLen

from rights_market.policies import RULES, reference
from rights_market.policies.reference import FieldCard, RuleCard, cards
from rights_market.policies.rule import Rule, Share, kind_of
from rights_market.policies.where import Narrowed

ALL = list(cards())


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Rule):
    """Part of the example.

    Attributes
    ----------
    share : Decimal
        How much.
    """

    share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Narrowed):
    """Rule with every kind of field.

    It stands for all others.

    Attributes
    ----------
    low, high : Decimal or None
        Bounds, of
        two lines.
    steps : tuple of Step
        In order.
    by_year : dict of int to int
    on : bool
    way : str
        Which.

    References
    ----------
    Act of 2024, article 1 [seen].
    """

    kind: Literal["example"] = "example"
    steps: Annotated[tuple[Step, ...], MinLen(1)]
    low: Annotated[Decimal, Gt(0)] | None = None
    high: Annotated[Decimal, Le(2)] = Decimal("1.5")
    by_year: dict[int, Share] | None = None
    on: bool = False
    way: Literal["one", "other"] = "one"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> RuleCard:
    monkeypatch.setattr(reference, "RULES", {"slot": (Example,)})
    monkeypatch.setattr(reference, "FAMILIES", {"family": ("slot",)})
    (card,) = cards()
    return card


def test_every_rule_has_one_card() -> None:
    assert sorted(card.kind for card in ALL) == sorted(kind_of(rule) for slot in RULES.values() for rule in slot)


@pytest.mark.parametrize("card", ALL, ids=lambda card: card.kind)
def test_a_card_names_all_fields_with_their_meaning_and_the_source(card: RuleCard) -> None:
    (rule,) = (r for r in RULES[card.slot] if kind_of(r) == card.kind)
    assert {f.name for f in card.fields} == {f.name for f in fields(rule)} - {"kind"}  # type: ignore[arg-type]
    assert card.sources
    assert [f.name for f in card.fields if not f.meaning and not f.parts] == []


def test_head_and_sources(example: RuleCard) -> None:
    assert (example.family, example.slot, example.kind) == ("family", "slot", "example")
    assert example.summary == "Rule with every kind of field."
    assert example.details == "It stands for all others."
    assert example.sources == "Act of 2024, article 1 [seen]."


def test_fields_in_words(example: RuleCard) -> None:
    share = FieldCard("share", "number", "at least 0, at most 1", "share", "", "How much.")
    assert {f.name: f for f in example.fields if f.name != "where"} == {
        "steps": FieldCard("steps", "list of Step", "at least 1 of them", "", "", "In order.", (share,)),
        "low": FieldCard("low", "number", "above 0", "", "none", "Bounds, of two lines."),
        "high": FieldCard("high", "number", "at most 2", "", "1.5", "Bounds, of two lines."),
        "by_year": FieldCard("by_year", "whole number -> number", "at least 0, at most 1", "share", "none", ""),
        "on": FieldCard("on", "yes or no", "", "", "no", ""),
        "way": FieldCard("way", "one | other", "", "", "one", "Which."),
    }


def test_whom_a_rule_is_meant_for(example: RuleCard) -> None:
    where = next(f for f in example.fields if f.name == "where")
    assert where.meaning.startswith("Firms and years")
    assert where.parts == ()
