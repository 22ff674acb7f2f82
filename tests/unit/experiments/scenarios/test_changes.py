"""Dated changes in a scenario file: what they lead to, and where mistakes in them are shown."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from experiments.scenarios.errors import ScenarioError
from experiments.scenarios.load import load_scenario
from rights_market.policies.banking import NoBanking

SAMPLE = Path(__file__).parent / "sample.yaml"
TWO = """
    changes:
      - announce: 2022-05-01
        from: 2022-09-01
        set:
          fees.buyer: 0.003
          penalties.0.low: 6
      - announce: 2022-02-01
        from: 2022-06-01
        set:
          fees: {buyer: 0.001}
          banking: {kind: none}
          make_good: null
"""


def sample(folder: Path, changes: str) -> Path:
    path = folder / "changed.yaml"
    text = SAMPLE.read_text(encoding="utf-8").replace("\npopulation:", changes.rstrip() + "\npopulation:")
    path.write_text(text, encoding="utf-8")
    return path


def one(what: str, announce: str = "2022-05-01", start: str = "2022-09-01", more: str = "") -> str:
    return f"""
    changes:
      - announce: {announce}
        from: {start}
        set:
          {what}
        {more}
"""


def test_changes_apply_one_on_top_of_the_other(tmp_path: Path) -> None:
    scenario = load_scenario(sample(tmp_path, TWO))
    first, second = scenario.rule_changes()
    assert (first.right, first.announce, first.start) == ("CEA", date(2022, 2, 1), date(2022, 6, 1))
    assert set(first.slots) == {"fees", "banking", "make_good"}
    assert first.slots["banking"] == NoBanking()
    assert first.slots["make_good"] is None
    assert (first.slots["fees"].buyer, first.slots["fees"].seller) == (Decimal("0.001"), Decimal("0.002"))
    assert set(second.slots) == {"fees", "penalties"}
    assert (second.slots["fees"].buyer, second.slots["fees"].seller) == (Decimal("0.003"), Decimal("0.002"))
    assert second.slots["penalties"][0].low == 6
    assert scenario.rule_books() == load_scenario(SAMPLE).rule_books()


def test_the_resolved_scenario_keeps_them(tmp_path: Path) -> None:
    first = load_scenario(sample(tmp_path, TWO))
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(first.resolved(), ensure_ascii=False), encoding="utf-8")
    assert load_scenario(again).rule_changes() == first.rule_changes()


def test_without_changes_there_are_none() -> None:
    assert load_scenario(SAMPLE).rule_changes() == ()


@pytest.mark.parametrize(
    ("changes", "line", "words"),
    [
        (one("fees.buyer: 0.9"), "fees.buyer: 0.9", "rights.CEA.changes.0.set: fees.buyer: is too large (got 0.9)"),
        (one("fees.byer: 0.1"), "fees.byer", "did you mean 'buyer'?"),
        (one("banking: {kind: nothing}"), "nothing", "is not a known kind"),
        (one("lot.size: 3"), "lot.size", "is a single value"),
        (one("penalties.4.low: 3"), "penalties.4", "is a list of 1"),
        (one("fees..buyer: 3"), "fees..buyer", "names no value"),
        (one("opening_price_yuan: 50"), "set:", "a dated change cannot set `opening_price_ticks`"),
        (one("auction.schedule.per_year: 2"), "set:", "a dated change cannot set `auction`"),
        (one("fees.buyer: 0.002"), "set:", "changes nothing"),
        (one("fees.buyer: 0.003", announce="2022-10-01"), "announce:", "E_RETRO: announce 2022-10-01 lies after from"),
        (
            one("make_good.factor: 3", "2022-12-30", "2022-12-30"),
            "announce:",
            "E_RETRO: announce 2022-12-30 lies after",
        ),
        (one("banking: {kind: net_sales, to_vintage: 2030}"), "banking", "to_vintage is 2030, but `periods` have"),
        (one("fees.buyer: 0.003", more="retro: true"), "retro", "did you mean 'retroactive'?"),
        (one("allocation.0.where.sectors: [stone]"), "stone", "is not a known sector"),
        (one("band: {width: 0.1, step: 3}"), "step", "is not a known field"),
    ],
)
def test_mistakes_are_shown_at_their_line(tmp_path: Path, changes: str, line: str, words: str) -> None:
    path = sample(tmp_path, changes)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem,) = caught.value.problems
    assert words in str(problem)
    assert line in path.read_text(encoding="utf-8").splitlines()[problem.line - 1]


def test_a_change_that_reaches_back_is_taken_when_it_says_so(tmp_path: Path) -> None:
    late = one("fees.buyer: 0.003", announce="2022-10-01", more="retroactive: true")
    (change,) = load_scenario(sample(tmp_path, late)).rule_changes()
    assert change.begins == date(2022, 10, 1)
