"""Blocks in a running market: who trades them, when, at which price, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from agents.behaviour import Behaviour
from agents.model import RightsMarketModel
from agents.spec import RelationSpec
from rights_market.policies.trading import BlockAgreement
from rights_market.records import Mode
from tests.block_market import BLOCK, block_config, block_market
from tests.compliance_market import assert_journal_replays
from tests.province import run


@pytest.fixture(scope="module")
def traded() -> RightsMarketModel:
    return run(block_market())


def blocks(model: RightsMarketModel) -> dict[str, np.ndarray]:
    trades = model.market.tape.trades
    rows = np.isin(trades["mode"], (Mode.BLOCK, Mode.BLOCK_RELATED))
    return {name: column[rows] for name, column in trades.items()}


def test_blocks_are_traded_and_everything_adds_up(traded: RightsMarketModel) -> None:
    found = blocks(traded)
    assert {Mode.BLOCK, Mode.BLOCK_RELATED} == set(found["mode"].tolist())
    assert found["lots"].min() >= BLOCK.min_lots
    traded.market.audit()
    assert_journal_replays(traded.market)


def test_only_those_who_know_each_other_trade_blocks(traded: RightsMarketModel) -> None:
    found, first = blocks(traded), int(traded.accounts_of[0])
    graph = traded.block_desk.relations.graph
    for buyer, seller, mode in zip(found["buyer"], found["seller"], found["mode"], strict=True):
        assert graph.edges[buyer - first, seller - first]["related"] == (mode == Mode.BLOCK_RELATED)


def test_prices_stay_within_the_band_of_blocks(traded: RightsMarketModel) -> None:
    found, bars = blocks(traded), traded.market.tape.bars
    close = {(d, i): c for d, i, c in zip(bars["day"], bars["instrument"], bars["close_ticks"], strict=True)}
    for day, i, price in zip(found["day"], found["instrument"], found["price_ticks"], strict=True):
        if (day - 1, i) in close:
            assert 0.7 * close[day - 1, i] <= price <= 1.3 * close[day - 1, i]


@pytest.mark.parametrize(("day", "waits"), [(40, True), (55, False)])
def test_large_lots_wait_for_a_block_until_the_last_days(day: int, waits: bool) -> None:
    model = run(block_market(), day)
    model.open_day()
    seats = model.seats
    known = model.block_desk.relations.knows_anybody()[seats.trader]
    large = known & (np.abs(seats.wish_lots) >= BLOCK.min_lots)
    assert (model.progress[0].deadline_day[0] - model.day > 5) == waits
    assert large.any() and seats.quota[large].any() != waits


def test_groups_even_out_only_at_the_end_of_the_year(traded: RightsMarketModel) -> None:
    alone = run(block_market(relations=RelationSpec(groups=2, share=0.9, acquaintances=0), block=BLOCK))
    found = blocks(alone)
    days = {d.year: alone.calendar.days_of_year(d.year) for d in alone.calendar.days}
    behaviour = Behaviour()
    early = [d for d in found["day"] if d < days[alone.calendar.days[d].year].stop - behaviour.group_days]
    # Before, only a firm's own search meets its own group, at prices of its own.
    assert len(early) < len(found["day"])
    assert set(found["mode"].tolist()) == {Mode.BLOCK_RELATED}


def test_a_group_passes_units_on_at_a_discount() -> None:
    behaviour = Behaviour(block_search=1.0, group_discount=0.1)
    config = replace(block_config(relations=RelationSpec(groups=1, share=1.0, acquaintances=0)), behaviour=behaviour)
    model = RightsMarketModel(config, seed=1)
    run(model, 36)
    before = len(model.market.tape.trades["day"])
    model.open_day()
    # All search, and only inside the group.
    model.block_desk._even_out_groups(model.progress[0], BLOCK, np.arange(len(model.seats)), np.zeros(len(model.seats)))
    new = {k: v[before:] for k, v in model.market.tape.trades.items()}
    inside = new["mode"] == Mode.BLOCK_RELATED
    assert inside.any()
    last = model.desk.last_price[0]
    assert np.abs(new["price_ticks"][inside] - 0.9 * last).max() <= 1


def test_without_the_rule_nothing_changes() -> None:
    """Neither a stream nor a price moves where no right has a rule for blocks, whatever the groups."""
    plain, grouped = (run(block_market(block=None, relations=r), 50) for r in (RelationSpec(), RelationSpec(2, 0.5)))
    assert plain.block_desk.relations is None
    for name, column in plain.market.tape.trades.items():
        assert np.array_equal(column, grouped.market.tape.trades[name])


def test_a_firm_cannot_sell_in_a_block_what_it_listed() -> None:
    model = run(block_market(block=BlockAgreement(min_qty=500)))
    model.market.audit()
    assert (model.market.registry.free >= 0).all()
    assert len(blocks(model)["day"])


def test_a_run_with_blocks_continues_to_the_same_bits() -> None:
    straight = run(block_market(), 60)
    half = run(block_market(), 45)
    again = RightsMarketModel.from_state(block_config(), half.state())
    run(again, 15)
    for name, column in straight.market.tape.trades.items():
        assert np.array_equal(column, again.market.tape.trades[name])


def test_blocks_may_be_agreed_in_the_middle_of_the_day() -> None:
    late, early = (run(block_market(3, block=replace(BLOCK, begin=Decimal(x)))) for x in ("1", "0.5"))
    batches = late.config.batches_per_day
    for model, done in ((late, batches), (early, -(-batches // 2))):
        trades = model.market.tape.trades
        blocks = np.isin(trades["mode"], (Mode.BLOCK, Mode.BLOCK_RELATED))
        assert blocks.any()
        # The opening call is the first batch of a day.
        assert set(trades["batch"][blocks].tolist()) == {done + 1}
