"""Blocks in a scenario file that nobody is large enough to agree on."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.scenarios.errors import ScenarioError
from experiments.scenarios.load import load_scenario
from tests.unit.experiments.scenarios.test_duty_rules import sample


def test_a_block_above_the_largest_account_is_shown_at_its_line(tmp_path: Path) -> None:
    path = sample(tmp_path, "\n    block: {kind: block_agreement, min_qty: 900000000}")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem,) = caught.value.problems
    assert "is above the largest account: no firm of `population.sectors` uses more than" in str(problem)
    assert "min_qty: 900000000" in path.read_text(encoding="utf-8").splitlines()[problem.line - 1]


def test_one_that_the_largest_firm_can_fill_is_taken(tmp_path: Path) -> None:
    (book,) = load_scenario(sample(tmp_path, "\n    block: {kind: block_agreement, min_qty: 10}")).rule_books()
    assert book.block is not None and book.block.min_qty == 10


def test_a_population_that_does_not_hold_together_is_shown_first(tmp_path: Path) -> None:
    rules = (
        "\n    block: {kind: block_agreement, min_qty: 900000000}\n    shortfall_caps: [{where: {sectors: [stone]}}]"
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(sample(tmp_path, rules))
    (problem,) = caught.value.problems
    assert "is not a known sector" in str(problem)
