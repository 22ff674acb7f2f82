"""What holds for every rule: tag, limits, refusal of unknown keys, a documented source."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Annotated, Any

import pytest
from annotated_types import Ge, Gt, Le, Lt, MinLen, MultipleOf
from pydantic import TypeAdapter, ValidationError

from rights_market.errors import PolicyError
from rights_market.policies import FAMILIES, RULES
from rights_market.policies.rule import Rule, Share, kind_of, summary

ALL = [rule for slot in RULES.values() for rule in slot]

# The least that a scenario must say about a rule, as a reader of files hands it over.
LEAST: dict[str, dict[str, Any]] = {
    "absolute_path": {
        "base": 1000,
        "start_year": 2024,
        "lrf": [{"from_year": 2025, "rate": 0.043}],
        "steps": {2026: -27},
    },
    "grandfathering": {"base_years": [2018, 2019], "cut": 0.02},
    "output_benchmark": {
        "products": [{"name": "class I", "output": {"table": {2021: 0.8218}}, "heat": {"table": {2021: 0.1111}}}]
    },
    "descending_clock": {"start": 9000},
    "cost_containment_reserve": {"tiers": [{"trigger": {"r0": 1300, "start_year": 2021}, "size": {"share": 0.1}}]},
    "emissions_containment_reserve": {"trigger": {"r0": 600, "start_year": 2021, "growth": 0.07}},
    "tiered_price_reserve": {"tiers": [{"trigger": {"r0": 4140, "start_year": 2021}, "size": {"lots": 10}}]},
    "price_trigger_release": {"qty": 75},
    "price_indexed_supply": {"target": 5000},
    "auction_schedule": {"per_year": 4, "reserve_path": {"r0": 2404, "start_year": 2024, "growth": 0.05}},
    "penalty": {"form": "multiple", "low": 5, "high": 10, "by": "gap_share"},
    "sanctions": {"steps": [{"publish": True}]},
    "net_sales": {"window": {"first": "2024-01-01", "last": "2025-12-31"}},
    "price_collar": {"floor": 4000, "ceiling": 6000, "reserve": 100},
    "intensity_target": {"i0": 0.5, "base_year": 2023},
    "energy_dual_control": {"total": {"north": 100_000}, "start_year": 2020},
    "paid_initial_use": {"fee": 38_900},
    "mix": {"free_share": 0.3},
    "indicator": {"total": 101, "indicators": [{"field": "output", "weight": 1}], "base_year": 2024},
    "equal": {"total": 10},
    "zone_permission": {
        "zones": ["up", "down"],
        "edges": [{"seller": "up", "buyer": "down"}],
        "walls": [{"sectors": ["power"]}],
    },
    "trading_ratio": {"tau": [{"seller": "up", "buyer": "down", "tau": 0.8}], "standards": {"up": 60, "down": 98}},
    "eco_compensation": {"pairs": [{"up": "a", "down": "b", "base_pay_fen": 100, "reference": 20}]},
    "government_reserve": {"guide_fen": 38900},
    "project_credits": {
        "name": "Jishui",
        "credit": "CCER",
        "type": "forest",
        "yearly_lots": 740,
        "first_year": 2020,
        "season": {3: 0.5},
        "marginal_cost": [{"share": 1, "cost_fen": 1500}],
    },
    "inclusion_credits": {"name": "points", "credit": "PHCER", "activities": [{"name": "walk", "factor": 0.0034}]},
    "feedback": {
        "watch": "bank_share",
        "high": 0.3,
        "field": "allocation.0.cut",
        "if_high": 0.01,
        "minimum": 0,
        "maximum": 0.1,
    },
    "market_link": {"right": "CEA", "price": {"name": "eua", "yuan": 7.8}, "quota_in": 50, "quota_out": 50},
    "right_exchange_rate": {"pairs": [{"source": "ENERGY", "target": "CEA", "rate": 2.66}]},
    "power_pass_through": {"right": "CEA", "regime": "regulated"},
    "emission_tax": {"uses": [{"right": "SO2", "rate_fen": 120, "equivalent": 0.95}]},
    "measure_subsidy": {"share": 0.15},
    "revenue_recycling": {"shares": {"abatement_fund": 0.5, "equal": 0.3}},
    "emission_standard": {"right": "CEA", "charge": 6800, "limit": {"power": 0.8}},
    "capped": {"cap": {"basis": "obligation", "share": 0.5}, "phase_end": ["2025-12-31"]},
}


@pytest.mark.parametrize("rule", ALL)
def test_a_rule_is_read_from_plain_values(rule: type[Rule]) -> None:
    kind = kind_of(rule)
    read = TypeAdapter(rule).validate_python({"kind": kind, **LEAST.get(kind, {})})
    assert type(read) is rule
    assert read.kind == kind  # type: ignore[attr-defined]


@pytest.mark.parametrize("rule", ALL)
def test_unknown_keys_are_refused(rule: type[Rule]) -> None:
    adapter = TypeAdapter(rule)
    kind = kind_of(rule)
    with pytest.raises(ValidationError, match="no_such_key"):
        adapter.validate_python({"kind": kind, **LEAST.get(kind, {}), "no_such_key": 1})
    assert adapter.json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("rule", ALL)
def test_another_tag_is_refused(rule: type[Rule]) -> None:
    with pytest.raises(ValidationError, match="kind"):
        TypeAdapter(rule).validate_python({"kind": "another", **LEAST.get(kind_of(rule), {})})


@pytest.mark.parametrize("rule", ALL)
def test_a_rule_says_what_it_does_and_where_it_comes_from(rule: type[Rule]) -> None:
    assert re.fullmatch(r"[A-Z].{15,110}\.", summary(rule))
    text = inspect.cleandoc(rule.__doc__ or "")
    source = text.partition("References\n")[2]
    assert re.search(r"\[(seen|known|approx)\]", source)
    described = set(re.findall(r"^(\w+(?:, \w+)*) : ", text, re.MULTILINE))
    names = {name for group in described for name in group.split(", ")}
    assert names == {f.name for f in fields(rule)} - {"kind", "where"}  # type: ignore[arg-type]


def test_tags_are_used_once() -> None:
    kinds = [kind_of(rule) for rule in ALL]
    assert sorted(set(kinds)) == sorted(kinds)


def test_a_rule_without_a_tag_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="Example has no tag"):
        kind_of(Example)


def test_every_slot_belongs_to_one_family() -> None:
    assert sorted(slot for slots in FAMILIES.values() for slot in slots) == sorted(RULES)


def test_a_share_is_read_as_the_decimal_that_was_written() -> None:
    read = TypeAdapter(RULES["upfront"][0]).validate_python({"share": 0.29})
    assert read.share == Decimal("0.29")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("key", "value"), [("share", 1.5), ("share", -0.1), ("basis", "guess"), ("cancel_orders", "x")]
)
def test_limits_hold_for_values_from_files(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        TypeAdapter(RULES["upfront"][0]).validate_python({key: value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Rule):
    """Example with every kind of limit."""

    share: Share = Decimal("0.5")
    above: Annotated[int, Gt(0), Lt(10)] = 1
    many: Annotated[tuple[Annotated[int, Le(3)], ...], MinLen(1)] = (1,)
    named: dict[str, Annotated[int, Ge(2)]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd(Rule):
    """Example with a limit that rules do not know."""

    even: Annotated[int, MultipleOf(2)] = 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"share": Decimal("1.01")}, r"Example.share is 1.01, expected at most 1"),
        ({"share": 0.5}, r"Example.share is 0.5, expected a Decimal"),
        ({"above": 0}, r"Example.above is 0, expected above 0"),
        ({"above": 10}, r"Example.above is 10, expected below 10"),
        ({"many": ()}, r"Example.many is \(\), expected at least 1 of them"),
        ({"many": (1, 4)}, r"Example.many\[1\] is 4, expected at most 3"),
        ({"named": {"a": 1}}, r"Example.named\[a\] is 1, expected at least 2"),
    ],
)
def test_limits_hold_for_rules_written_in_code(values: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Example(**values)


def test_values_within_the_limits_are_taken() -> None:
    example = Example(share=1, above=9, many=(3,), named={"a": 2})  # type: ignore[arg-type]
    assert (example.share, example.above) == (1, 9)


def test_an_unknown_limit_is_a_mistake_in_the_rule() -> None:
    with pytest.raises(TypeError, match="which rules do not know"):
        Odd()
