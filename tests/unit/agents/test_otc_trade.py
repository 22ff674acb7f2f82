"""Offers over the counter in a running market: who makes them, at which price, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.model import RightsMarketModel
from agents.otc_trade import _one_each
from agents.spec import RelationSpec
from agents.strategies.compliance import buyer_limit, seller_reserve
from rights_market import RuleChange
from rights_market.policies.trading import BlockAgreement, OneWayAuction, OtcOffer
from rights_market.records import Mode
from tests.block_market import block_config
from tests.compliance_market import assert_journal_replays, assert_orders_are_covered
from tests.province import run

NETWORK = RelationSpec(groups=4, share=0.6, acquaintances=3)
OTC = OtcOffer()


def otc_market(otc: OtcOffer | None = OTC, seed: int = 2, block=None, **changes) -> RightsMarketModel:
    return RightsMarketModel(block_config(block=block, otc=otc, relations=NETWORK, **changes), seed=seed)


@pytest.fixture(scope="module")
def traded() -> RightsMarketModel:
    return run(otc_market())


def over_the_counter(model: RightsMarketModel) -> dict[str, np.ndarray]:
    trades = model.market.tape.trades
    rows = trades["mode"] == Mode.OTC
    return {name: column[rows] for name, column in trades.items()}


def count(model: RightsMarketModel, code: str) -> int:
    return sum(e.code == code for e in model.market.events)


def test_offers_are_made_countered_and_accepted_and_everything_adds_up(traded: RightsMarketModel) -> None:
    assert count(traded, "otc_accept") == len(over_the_counter(traded)["day"]) > 0
    assert count(traded, "otc_counter") > 0
    made, ended = count(traded, "otc_offer"), count(traded, "otc_accept") + count(traded, "otc_reject")
    assert made == ended
    assert traded.market.commitments.is_empty
    traded.market.audit()
    assert_journal_replays(traded.market)


def test_only_acquaintances_trade(traded: RightsMarketModel) -> None:
    found, first = over_the_counter(traded), int(traded.accounts_of[0])
    graph = traded.otc_trade.relations.graph
    assert all(graph.has_edge(b - first, s - first) for b, s in zip(found["buyer"], found["seller"], strict=True))


def test_nobody_trades_beyond_its_reservation_or_the_spread() -> None:
    model = otc_market()
    seen = 0
    while model.running and seen < 3:
        model.open_day()
        for _ in range(model.config.batches_per_day):
            model.trade_batch()
        desk, seats = model.desk, model.seats
        every = np.arange(len(seats))
        most, least = buyer_limit(desk, every), seller_reserve(desk, every)
        ask = float(desk.best_ask[0]) or np.inf
        before = len(model.market.tape.trades["day"])
        model.negotiate()
        new = {k: v[before:] for k, v in model.market.tape.trades.items()}
        first = int(model.accounts_of[0])
        for b, s, price in zip(new["buyer"] - first, new["seller"] - first, new["price_ticks"], strict=True):
            # Each firm has one seat, and the deals before may have moved no reservation: prices are of the book.
            assert np.ceil(least[s] - 1e-6) <= price <= most[b] + 1e-6
            assert price <= max(ask, np.ceil(least[s]))
            seen += 1
        model.close_day()
    assert seen


def test_without_counter_offers_fewer_agree() -> None:
    without = run(otc_market(OtcOffer(counter=0)))
    assert count(without, "otc_counter") == 0
    assert count(without, "otc_reject") > 0
    without.market.audit()


def test_firms_with_enough_for_a_block_leave_small_offers_to_others() -> None:
    model = run(otc_market(block=BlockAgreement(min_qty=3_000)))
    assert over_the_counter(model)["lots"].max(initial=0) < 3_000
    assert np.isin(model.market.tape.trades["mode"], (Mode.BLOCK, Mode.BLOCK_RELATED)).any()


def test_the_volume_of_a_day_does_not_tell_of_unpublished_trades(traded: RightsMarketModel) -> None:
    trades, bars = traded.market.tape.trades, traded.market.tape.bars
    day = int(over_the_counter(traded)["day"][0])
    public = (trades["day"] == day) & (trades["mode"] != Mode.OTC)
    before = (trades["day"] == day - 1) & (trades["mode"] == Mode.OTC)
    assert bars["lots"][bars["day"] == day].sum() == trades["lots"][public].sum() + trades["lots"][before].sum()


def test_without_the_rule_nothing_changes() -> None:
    """Neither a stream nor a price moves where no right has the rule, whatever the groups."""
    plain, other = (RightsMarketModel(block_config(block=None, relations=r), seed=1) for r in (RelationSpec(), NETWORK))
    assert plain.otc_trade.relations is None
    run(plain, 50)
    run(other, 50)
    for name, column in plain.market.tape.trades.items():
        assert np.array_equal(column, other.market.tape.trades[name])


def test_a_run_with_offers_continues_to_the_same_bits() -> None:
    straight, half = run(otc_market(), 62), run(otc_market(), 50)
    again = RightsMarketModel.from_state(half.config, half.state())
    run(again, 12)
    for name, column in straight.market.tape.trades.items():
        assert np.array_equal(column, again.market.tape.trades[name])
    assert_orders_are_covered(again.market)


def test_each_asker_that_looks_draws_one_of_its_own_edges() -> None:
    asker = np.array([2, 0, 0, 2, 1])
    pick = np.array([0.9, 0.0, 0.0, 0.9, 0.5])
    looks = np.array([True, False, True])
    assert _one_each(asker, pick, looks).tolist() == [1, 3]


def test_firms_are_known_by_size_whether_they_trade_blocks_or_not() -> None:
    config = block_config(block=None, otc=OtcOffer(), relations=replace(NETWORK, groups=0, share=0.0))
    model = RightsMarketModel(config, seed=2)
    assert len(model.otc_trade.relations.graph) == int(model.firms.covered[:, 0].sum())


@pytest.mark.parametrize(("before", "after"), [(None, OTC), (OTC, None)])
def test_offers_begin_and_end_with_a_dated_change(before: OtcOffer | None, after: OtcOffer | None) -> None:
    config = block_config(block=None, otc=before, one_way=before and OneWayAuction(), relations=NETWORK)
    day = config.calendar.days_of_year(config.calendar.days[-1].year).start
    on = config.calendar.days[day]
    change = RuleChange(
        right="CEA", announce=on, start=on, slots={"otc": after, "one_way": after and OneWayAuction()}, retroactive=True
    )
    model = run(RightsMarketModel(replace(config, rule_changes=(change,)), seed=2))
    assert {d >= day for d in over_the_counter(model)["day"].tolist()} == {after is not None}
    announced = {e.day >= day for e in model.market.events if e.code == "auction_announced"}
    assert announced == {after is not None}
    model.market.audit()
