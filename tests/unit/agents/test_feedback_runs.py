"""Feedback rules in a running market: when firms learn of them, and what is saved of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from agents.config import MarketConfig
from agents.model import RightsMarketModel
from agents.snapshot import load, save
from rights_market.policies.feedback import FeedbackRule
from rights_market.policies.mrv import Audit, FalseDataFine, SelfReport
from rights_market.registry.replay import replay
from tests.province import carbon_book, config, run, sulphur_book

AUDITS = FeedbackRule(
    watch="false_report_share",
    field="audit.share",
    high=Decimal("0.1"),
    if_high=Decimal("0.4"),
    minimum=Decimal("0.3"),
    maximum=Decimal(1),
    review="publish",
    notice=20,
)
FEES = FeedbackRule(
    watch="mean_price",
    field="fees.buyer",
    low=Decimal(1),
    if_low=Decimal("-0.0002"),
    high=Decimal(30),
    if_high=Decimal("0.0005"),
    minimum=Decimal(0),
    maximum=Decimal("0.005"),
    review="month_close",
    notice=13,
)
MONITORED = {
    "reporting": SelfReport(),
    "audit": Audit(share=Decimal("0.3"), fine=FalseDataFine(multiple=Decimal(2), gain_threshold=0)),
}


def province(*rules: FeedbackRule) -> MarketConfig:
    return replace(config(), rule_books=(carbon_book(**MONITORED, regulator=rules), sulphur_book()))


def started(given: MarketConfig, days: int | None = None) -> RightsMarketModel:
    return run(RightsMarketModel(given, seed=9), days)


@pytest.fixture(scope="module")
def straight() -> RightsMarketModel:
    return started(province(AUDITS, FEES))


def notes(model: RightsMarketModel, code: str) -> list[tuple[int, str]]:
    return [(e.day, e.note) for e in model.market.events if e.code == code]


def test_both_rules_act_and_are_told_with_their_reason(straight: RightsMarketModel) -> None:
    announced, changed = notes(straight, "rule_announced"), notes(straight, "rule_changed")
    assert any("CEA: audit, from" in note and "false_report_share" in note for _, note in announced)
    assert any("CEA: fees, from" in note and "mean_price" in note for _, note in announced)
    assert {note for _, note in changed} <= {note for _, note in announced}
    assert len(changed) > 4
    days = straight.calendar.days
    for day, note in changed:
        told = next(when for when, words in announced if words == note)
        assert told < day and days[day].isoformat() >= note.partition("from ")[2][:10]


def test_the_exchange_charges_the_fee_in_force(straight: RightsMarketModel) -> None:
    last = straight.authority.rules("CEA").book
    assert last.fees.buyer == Decimal("0.005")
    assert straight.market.limits.buyer_ppm[straight.progress[0].instruments[-1]] == 5000
    straight.market.audit()
    again = replay(straight.market.registry.journal, len(straight.market.accounts), len(straight.market.instruments))
    assert all(np.array_equal(a, b) for a, b in zip(again, straight.market.registry.ledger(), strict=True))


def test_nothing_differs_before_the_first_announcement(straight: RightsMarketModel) -> None:
    """Firms do not foresee what the authority will decide: to the last bit, not even that it might."""
    without = started(province())
    first = notes(straight, "rule_announced")[0][0]
    assert first > 5
    for table in ("bars", "trades"):
        ours, theirs = getattr(straight.market.tape, table), getattr(without.market.tape, table)
        before = [t["day"] <= first for t in (ours, theirs)]
        for name in ours:
            assert ours[name][before[0]].tobytes() == theirs[name][before[1]].tobytes(), name
    prices = [m.market.tape.trades["price_ticks"].tobytes() for m in (straight, without)]
    assert prices[0] != prices[1]


def test_a_rule_whose_band_is_never_left_changes_nothing() -> None:
    quiet = replace(FEES, low=Decimal("0.001"), high=Decimal(100_000))
    with_rule, without = started(province(quiet), 30), started(province(), 30)
    assert notes(with_rule, "within_band") and not notes(with_rule, "rule_announced")
    ours, theirs = with_rule.market.tape.trades, without.market.tape.trades
    assert {k: x.tobytes() for k, x in ours.items()} == {k: x.tobytes() for k, x in theirs.items()}


@pytest.mark.parametrize("days", [4, 6, 30, 45])
def test_a_restored_run_ends_in_the_same_bits(days: int, straight: RightsMarketModel, tmp_path: Path) -> None:
    given = province(AUDITS, FEES)
    save(started(given, days), tmp_path / "then")
    continued = run(load(given, tmp_path / "then"))
    for name, model in (("straight", straight), ("again", continued)):
        save(model, tmp_path / name)
    assert (tmp_path / "straight").read_bytes() == (tmp_path / "again").read_bytes()


def test_what_was_decided_goes_on_where_the_rule_is_taken_away(tmp_path: Path) -> None:
    """A what-if from a saved day: without the rule nothing more is decided, and what was stays."""
    given = province(AUDITS, FEES)
    then = started(given, 30)
    save(then, tmp_path / "then")
    without = load(province(), tmp_path / "then", other_rules=True)
    assert without.authority.rules("CEA").book.fees == then.authority.rules("CEA").book.fees
    run(without)
    assert len(notes(without, "within_band")) + len(notes(without, "moved")) == len(
        [*notes(then, "within_band"), *notes(then, "moved")]
    )
