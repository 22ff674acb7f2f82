"""Settings in words: one code may mean different things in different rules."""

import re
from collections.abc import Iterable, Iterator

import pandas as pd
import pytest
from sample_result import make_result

from experiments.results.report_tables import events
from experiments.results.settings import rule_lines, setting
from experiments.results.words import Words
from rights_market.policies.reference import FieldCard, cards

PROPER_NAMES = {("kind", "name", code) for code in ("cea", "gdea", "eua")}


def test_the_reserve_of_a_collar_is_not_that_of_an_auction() -> None:
    result, words = make_result(), Words("en")
    collar = {"kind": "price_collar", "reserve": 500, "bought": "reserve"}
    assert setting(collar, result, words) == (
        "price collar: lots for sale at the ceiling: 500; what is bought: kept in the reserve"
    )
    auction = {"kind": "sealed_uniform", "reserve": 500, "undersubscribed": "reserve"}
    assert setting(auction, result, words).endswith("reserve price: 500; if undersubscribed: reserve price")


@pytest.mark.parametrize(
    ("lang", "line"),
    [("en", "replacement: lots brought for one: 1.5; from: the market"), ("zh", "替代：替代比例：1.5；来源：市场购买")],
)
def test_rules_about_projects_are_told_in_words(lang: str, line: str) -> None:
    result = make_result()
    book = {"replacement": {"kind": "new_project_replacement", "ratio": 1.5, "sources": ["market"]}}
    result.manifest["scenario"]["rights"] = {"CEA": book}
    assert [lines for _, lines in rule_lines(result, "CEA", Words(lang))] == [[line]]


def test_one_code_of_two_rules_makes_two_rows_of_events() -> None:
    result = make_result()
    rows = [("trading_ratio", 5.0), ("right_exchange_rate", 7.0), ("right_exchange_rate", 1.0)]
    result.tables["events"] = pd.DataFrame(
        {"date": "2023-05-05", "right": "CEA", "code": "converted", "money_yuan": 0.0, "rule": rule, "quantity": lots}
        for rule, lots in rows
    )
    table, _ = events(result, Words("en"))
    assert [(row[2], row[3]) for row in table.rows] == [
        ("Units that count for less downstream", "1"),
        ("Exchanged for another right", "2"),
    ]


def _codes(fields: Iterable[FieldCard], kind: str) -> Iterator[tuple[str, str, str]]:
    """Yield what a report may have to name: each field of a rule, and each of the codes that it may hold."""
    for field in fields:
        yield "field", kind, field.name
        for code in re.sub(r"list of |^.* -> ", "", field.values.split(",")[0]).split(" | "):
            if re.fullmatch(r"[a-z][a-z0-9_]+", code.strip()) and " | " in field.values:
                yield "kind", field.name, code.strip()
        yield from _codes(field.parts, kind)


def test_every_field_of_every_rule_has_a_word() -> None:
    """In Chinese, where no word is its code; that both languages have the same keys is tested beside them."""
    words = Words("zh")
    named = {(family, where, code) for card in cards() for family, where, code in _codes(card.fields, card.kind)}
    without = sorted(
        f"{family}.{where}.{code}"
        for family, where, code in named - {("kind", "shares", "number"), *PROPER_NAMES}
        if words.name(family, f"{where}.{code}") == f"{where}.{code}" and words.name(family, code) == code
    )
    assert without == []
