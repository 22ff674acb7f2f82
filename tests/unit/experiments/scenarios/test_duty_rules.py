"""Rules of duty in a scenario file: how they are read, and where their contradictions are shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from experiments.scenarios.errors import ScenarioError
from experiments.scenarios.load import load_scenario
from rights_market.policies.banking import NetSales
from rights_market.policies.compliance import Accepted, SanctionStep

SAMPLE = Path(__file__).parent / "sample.yaml"
RULES = """
    shortfall_caps:
      - {max_gap: 0.2, where: {sectors: [steel]}}
      - {max_gap: 0, where: {sectors: [clinker]}}
    offset_limit: {share: 0.04, later: {2026: 0.06}, accept: [{type: ccer, first_vintage: 2013}], local_min: 0.5}
    borrowing: {basis: allocation_gap, share: 0.5, min_gap: 0.1, years: [2022]}
    sanctions: {steps: [{publish: true}, {from_offence: 2, cut_share: 0.5, cut_days: 30}]}
    banking: {kind: net_sales, factor: 1.5, window: {first: 2022-01-04, last: 2022-12-30}, count: [continuous]}
"""


def sample(folder: Path, rules: str) -> Path:
    path = folder / "rules.yaml"
    text = SAMPLE.read_text(encoding="utf-8").replace("\npopulation:", rules.rstrip() + "\npopulation:")
    path.write_text(text, encoding="utf-8")
    return path


def test_they_are_read_digit_by_digit(tmp_path: Path) -> None:
    (book,) = load_scenario(sample(tmp_path, RULES)).rule_books()
    assert [rule.max_gap for rule in book.shortfall_caps] == [Decimal("0.2"), 0]
    assert book.offset_limit.accept == (Accepted(type="ccer", first_vintage=2013),)
    assert [book.offset_limit.share_of(y) for y in (2025, 2026)] == [Decimal("0.04"), Decimal("0.06")]
    assert (book.borrowing.min_gap, book.borrowing.years) == (Decimal("0.1"), (2022,))
    assert book.sanctions.step(2) == SanctionStep(from_offence=2, cut_share=Decimal("0.5"), cut_days=30)
    assert isinstance(book.banking, NetSales)
    assert (book.banking.base, book.banking.window.last) == (10_000, date(2022, 12, 30))


@pytest.mark.parametrize(
    ("rules", "line", "words"),
    [
        (
            "\n    borrowing: {}\n    banking: {kind: none}",
            "borrowing:",
            "`borrowing` needs units that outlive their year",
        ),
        ("\n    offset_limit: {}\n    surrender: {mode: cover}", "offset_limit:", "surrender.mode is cover"),
        ("\n    banking: {kind: net_sales, to_vintage: 2023}", "banking:", "banking.to_vintage is 2023"),
        ("\n    shortfall_caps:\n      - {}\n      - {where: {years: [2022]}}", "2022", "E_OVERLAP"),
        ("\n    shortfall_caps: [{where: {sectors: [stone]}}]", "stone", "is not a known sector"),
        ("\n    sanctions: {steps: []}", "steps", "at least 1 of them"),
        ("\n    sanctions: {steps: [{cut_days: 3}]}", "cut_days: 3", "cut_share is 0 but cut_days is 3"),
        (
            "\n    sanctions: {steps: [{suspend_trading: all}]}",
            "suspend_trading",
            "suspend_trading is all but suspend_days is 0",
        ),
        (
            "\n    sanctions: {steps: [{ban_subsidies_years: 1}]}",
            "ban_subsidies_years",
            "bans from subsidies, but none excludes those who are banned",
        ),
        ("\n    borrowing: {premium: 1.2}", "premium", "at most 1"),
    ],
)
def test_contradictions_are_shown_at_their_line(tmp_path: Path, rules: str, line: str, words: str) -> None:
    path = sample(tmp_path, rules)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem,) = caught.value.problems
    assert words in str(problem)
    assert line in path.read_text(encoding="utf-8").splitlines()[problem.line - 1]
