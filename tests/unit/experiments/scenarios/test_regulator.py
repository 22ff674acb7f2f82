"""Feedback rules in a scenario file, and where mistakes in them are shown."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.load import load_scenario
from rights_market.policies.feedback import FeedbackRule

SAMPLE = Path(__file__).with_name("sample.yaml")
BANK = "watch: bank_share, high: 0.3, if_high: 0.01, field: allocation.0.cut, minimum: 0, maximum: 0.1"


def sample(folder: Path, *rules: str, more: str = "") -> Path:
    path = folder / "adaptive.yaml"
    entries = "\n".join(f"      - {{{rule}}}" for rule in rules)
    text = SAMPLE.read_text(encoding="utf-8")
    path.write_text(text.replace("\npopulation:", f"\n    regulator:\n{entries}{more}\npopulation:"), encoding="utf-8")
    return path


def problem(path: Path) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (found,) = caught.value.problems
    return found


def test_a_feedback_rule_is_read_and_kept_with_the_result(tmp_path: Path) -> None:
    scenario = load_scenario(sample(tmp_path, f"kind: feedback, {BANK}, review: publish, notice: 90"))
    (rule,) = scenario.rule_books()[0].regulator
    assert rule == FeedbackRule(
        watch="bank_share",
        high=Decimal("0.3"),
        if_high=Decimal("0.01"),
        field="allocation.0.cut",
        minimum=Decimal(0),
        maximum=Decimal("0.1"),
        review="publish",
        notice=90,
    )
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(scenario.resolved(), ensure_ascii=False), encoding="utf-8")
    assert load_scenario(again).rule_books() == scenario.rule_books()


@pytest.mark.parametrize(
    ("rules", "line", "words"),
    [
        (
            (BANK.replace("high: 0.3", "high: 0.3, low: 0.4, if_low: -0.01"),),
            "low: 0.4",
            "low 0.4 is not below high 0.3",
        ),
        ((BANK.replace("if_high: 0.01, ", ""),), "high: 0.3", "give both or neither"),
        ((BANK.replace("if_high: 0.01", "if_high: 0.2"),), "if_high: 0.2", "if_high 0.2 is more than all the way"),
        ((BANK.replace("bank_share", "beliefs"),), "beliefs", "is not a known choice"),
        ((BANK.replace("maximum: 0.1", "maximum: 0.3"),), "maximum: 0.3", "cannot become maximum 0.3"),
        ((BANK.replace("minimum: 0,", "minimum: 0.05,"),), "minimum: 0.05", "is 0.02, outside minimum 0.05"),
        ((BANK.replace("allocation.0.cut", "allocation.7.cut"),), "allocation.7", "allocation.7 does not exist"),
        ((BANK.replace("allocation.0.cut", "auction.schedule.per_year"),), "auction", "cannot set `auction`"),
        (
            (BANK.replace("allocation.0.cut", "cap.base"),),
            "cap.base",
            "cannot set `cap` where an `auction` sells by it",
        ),
        ((BANK, BANK), "allocation.0.cut", "E_OVERLAP: CEA: field allocation.0.cut is moved by another feedback rule"),
        (
            (BANK.replace("bank_share", "false_report_share"),),
            "regulator:",
            "watches false_report_share, but there is no `audit`",
        ),
        (
            ("watch: mean_price, high: 60, if_high: 1, field: penalties.0.low, minimum: 3, maximum: 9, notice: 1",),
            "notice: 1",
            "E_RETRO: announce 2022-12-30 lies after the deadline 2022-12-30",
        ),
    ],
)
def test_mistakes_are_shown_at_their_line(tmp_path: Path, rules: tuple[str, ...], line: str, words: str) -> None:
    late = "\n        penalty: 2023-02-01" if "penalties" in rules[0] else ""
    path = sample(tmp_path, *rules)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("deadline: 2022-12-30", f"deadline: 2022-12-30{late}"), encoding="utf-8")
    found = problem(path)
    assert words in str(found)
    assert line in path.read_text(encoding="utf-8").splitlines()[found.line - 1]


def test_a_dated_change_of_the_same_slot_is_refused(tmp_path: Path) -> None:
    change = """
    changes:
      - {announce: 2022-02-01, from: 2022-06-01, set: {allocation.0.cut: 0.03}}"""
    found = problem(sample(tmp_path, BANK, more=change))
    assert "E_OVERLAP: CEA: field allocation.0.cut stands in `allocation`, which a dated change sets" in str(found)
    assert found.path.startswith("rights.CEA.changes.0")


def test_an_audit_share_may_change_by_date(tmp_path: Path) -> None:
    more = "    audit: {share: 0.1}\n    reporting: {}\n    changes:\n"
    more += "      - {announce: 2022-02-01, from: 2022-06-01, set: {audit.share: 0.3}}"
    path = tmp_path / "audits.yaml"
    text = SAMPLE.read_text(encoding="utf-8").replace("\npopulation:", f"\n{more}\npopulation:")
    path.write_text(text, encoding="utf-8")
    (change,) = load_scenario(path).rule_changes()
    assert change.slots["audit"].share == Decimal("0.3")
