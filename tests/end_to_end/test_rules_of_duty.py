"""Runs in which rules of duty act: they are seen in the events, and the books add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from agents.model import RightsMarketModel
from experiments.studies.tables import all_tables
from rights_market import RuleChange
from rights_market.policies.banking import NetSales, SalesWindow
from rights_market.policies.compliance import Borrowing, Penalty, Sanctions, SanctionStep, ShortfallCap
from rights_market.policies.trading import Fees
from tests.compliance_market import assert_journal_replays, fingerprint
from tests.province import FIRST, carbon_book, province, sulphur_book

CUT = SanctionStep(
    publish=True, suspend_trading="all", suspend_days=90, cut_share=Decimal("0.5"), cut_days=292, credit_mark=True
)
LIMIT = NetSales(base=100, window=SalesWindow(first=date(FIRST, 1, 1), last=date(FIRST + 1, 12, 20)))
RULES = {
    "shortfall_caps": (ShortfallCap(max_gap=Decimal("0.05")),),
    "borrowing": Borrowing(basis="allocation_gap", min_gap=Decimal("0.01"), share=Decimal("0.3")),
    "penalties": (Penalty(form="multiple", low=Decimal("0.1"), price_window=60),),
    "make_good": None,
    "sanctions": Sanctions(steps=(CUT,)),
    "banking": LIMIT,
}


def model(**rules: object) -> RightsMarketModel:
    return province(rule_books=(carbon_book(**{**RULES, **rules}), sulphur_book()))


def run(market: RightsMarketModel, days: int | None = None) -> RightsMarketModel:
    while market.running and market.day + 1 != days:
        market.step()
    return market


@pytest.fixture(scope="module")
def done() -> RightsMarketModel:
    return run(model())


def test_every_rule_acts_and_the_books_add_up(done: RightsMarketModel) -> None:
    codes = {e.code for e in done.market.events if e.instrument in (0, 1)}
    assert {"obligation_reduced", "borrowed", "fined", "named", "suspended", "production_cut", "lapsed"} <= codes
    done.market.audit()
    assert_journal_replays(done.market)
    events = all_tables(done)["events"]
    assert {"obligation_reduced", "borrowed", "production_cut"} <= set(events["code"])


def test_offenders_do_not_sell_for_a_time_and_make_less_in_the_next_year(done: RightsMarketModel) -> None:
    found = [e for e in done.market.events if e.code == "suspended"]
    assert found
    day = found[0].day
    barred, until = {e.account for e in found if e.day == day}, done.calendar.days[day] + timedelta(90)
    trades = done.market.tape.trades
    sold = {
        int(seller)
        for when, seller in zip(trades["day"], trades["seller"], strict=True)
        if when > day and done.calendar.days[when] < until
    }
    assert sold and not sold & barred
    rows = np.flatnonzero(np.isin(done.accounts_of[: len(done.firms)], sorted(barred)))
    assert done.authority.sanctions.output_factor(FIRST + 1)[rows] == pytest.approx(0.6)
    free = run(model(sanctions=None))
    of_year = [m.progress[0].uses[1].output.sum(axis=0)[rows] for m in (done, free)]
    assert (of_year[0] < 0.8 * of_year[1]).all()
    # Who is allocated by output is given less as well.
    power = rows[rows < 8]
    given = [m.market.obligations.allocated_lots("CEA", str(FIRST + 1))[m.accounts_of[power]] for m in (done, free)]
    assert len(power) and (given[0] < given[1]).all()


def test_what_lapses_is_what_the_rule_does_not_let_firms_keep(done: RightsMarketModel) -> None:
    held = done.market.registry.free[:2] + done.market.registry.pledged[:2]
    most = LIMIT.most(done.authority.net_sold("CEA", LIMIT))
    usable = held[:, 2:].sum(axis=0)
    assert (usable <= most[2:]).all()
    assert (usable == most[2:]).any()


def test_a_restored_run_goes_on_to_the_same_bytes(done: RightsMarketModel) -> None:
    part = run(model(), 33)
    again = RightsMarketModel.from_state(part.config, part.state())
    assert fingerprint(run(again).market.state()) == fingerprint(done.market.state())
    assert fingerprint(again.authority.state()) == fingerprint(done.authority.state())


def test_a_state_goes_on_under_rules_that_change_later(done: RightsMarketModel) -> None:
    part = run(model(), 33)
    today = part.calendar.days[part.day]
    earlier = RuleChange(right="CEA", announce=today, start=today, slots={"fees": Fees()})
    later = replace(earlier, announce=today + timedelta(60), start=today + timedelta(60), slots={"make_good": None})
    config = replace(part.config, rule_changes=(earlier, later))
    again = RightsMarketModel.from_state(config, part.state(), other_rules=True)
    assert again.progress[0].rules.fees == Fees()
    assert again.market.limits.buyer_ppm[0] == 0
    run(again)
    again.market.audit()
    assert [e.code for e in again.market.events if e.hook == "rule_change"] == ["rule_announced", "rule_changed"] * 2
