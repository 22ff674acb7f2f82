"""One-way auctions in a running market: who announces, who bids what, and what stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

from agents.model import RightsMarketModel
from agents.one_way_trade import TRIES, _bid_ticks
from agents.planning import URGENT_DAYS
from rights_market.exchange.one_way_book import Auction
from rights_market.policies.trading import OneWayAuction
from rights_market.records import Mode
from rights_market.units import Side
from tests.block_market import block_config
from tests.compliance_market import assert_journal_replays, assert_orders_are_covered
from tests.province import run

RULE = OneWayAuction(notice=3, min_qty=500)


def one_way_market(rule: OneWayAuction | None = RULE, seed: int = 2) -> RightsMarketModel:
    return RightsMarketModel(block_config(block=None, one_way=rule), seed=seed)


@pytest.fixture(scope="module")
def traded() -> RightsMarketModel:
    return run(one_way_market())


def events(model: RightsMarketModel, code: str) -> list:
    return [e for e in model.market.events if e.code == code]


def test_firms_announce_bid_and_trade_and_everything_adds_up(traded: RightsMarketModel) -> None:
    trades = traded.market.tape.trades
    sold = int(trades["lots"][trades["mode"] == Mode.AUCTION].sum())
    assert sold == sum(e.lots for e in events(traded, "auction_sold")) > 0
    assert not events(traded, "auction_refused")
    assert traded.market.commitments.is_empty
    traded.market.audit()
    assert_journal_replays(traded.market)


def test_only_large_lots_are_announced_and_late(traded: RightsMarketModel) -> None:
    progress, bars = traded.progress[0], traded.market.tape.bars
    for event in events(traded, "auction_announced"):
        left = min(d for d in progress.deadline_day if d >= event.day) - event.day
        assert RULE.notice < left <= URGENT_DAYS
        month = (bars["day"] >= event.day - 21) & (bars["day"] < event.day)
        assert event.lots >= max(RULE.min_qty, 0.99 * bars["lots"][month].sum())


def test_nobody_tries_more_than_twice_in_a_period(traded: RightsMarketModel) -> None:
    deadlines = np.array(traded.progress[0].deadline_day)
    tries = [(e.account, int(np.searchsorted(deadlines, e.day))) for e in events(traded, "auction_announced")]
    most = max(tries.count(key) for key in set(tries))
    assert most <= TRIES
    starts: dict[tuple[int, int], list[int]] = {}
    for key, event in zip(tries, events(traded, "auction_announced"), strict=True):
        starts.setdefault(key, []).append(event.price_ticks)
    again = [s for s in starts.values() if len(s) == TRIES]
    assert again
    # A sale begins anew a tenth lower, a purchase a tenth higher.
    assert all(abs(abs(1 - second / first) - 0.1) < 0.001 for first, second in again)


def test_what_is_announced_is_not_wished_for_in_the_book() -> None:
    model, met = one_way_market(), 0
    while met < 5:
        model.open_day()
        seats, taken = model.seats, model.one_way_trade._taken
        for auction in model.market.one_way.auctions:
            seat = model.one_way_trade._seat(auction.instrument, auction.account)
            whole, sign = seats.wish_lots[seat] + taken[seat], 1 if auction.side is Side.BID else -1
            # Who has come to want the opposite since wants it still.
            assert taken[seat] == pytest.approx(sign * min(max(sign * whole, 0.0), auction.lots))
            assert sign * whole <= 0 or seats.quota[seat] <= abs(seats.wish_lots[seat])
            met += sign * whole > 0
        model.trade_batch()
        assert_orders_are_covered(model.market)
        for _ in range(model.config.batches_per_day - 1):
            model.trade_batch()
        model.negotiate()
        model.close_day()


def test_without_the_rule_nothing_changes() -> None:
    plain = run(one_way_market(None), 40)
    assert not plain.one_way_trade._taken.any()
    assert "one_way_arrivals" not in plain.streams.state()["streams"]


def test_a_run_with_auctions_continues_to_the_same_bits() -> None:
    straight = run(one_way_market(), 90)
    half = one_way_market()
    while not any(a.bids for a in half.market.one_way.auctions):
        run(half, 1)
    left = 90 - half.day - 1
    again = RightsMarketModel.from_state(half.config, half.state())
    run(again, left)
    for name, column in straight.market.tape.trades.items():
        assert np.array_equal(column, again.market.tape.trades[name])


@pytest.mark.parametrize(
    ("side", "pricing", "needed", "limit", "price"),
    [
        (Side.ASK, "as_bid", 45, 61.0, 50),  # half way from 45 to 61 is 53; whole steps of 5 from 40: 50
        (Side.ASK, "uniform", 45, 61.0, 60),
        (Side.ASK, "as_bid", 45, 44.0, 0),
        (Side.BID, "as_bid", 35, 19.0, 30),
        (Side.BID, "uniform", 35, 19.0, 20),
        (Side.BID, "uniform", 35, 36.0, 0),
    ],
)
def test_bids_lie_between_what_wins_and_the_reservation(
    side: Side, pricing: str, needed: int, limit: float, price: int
) -> None:
    auction = Auction(0, 2, 0, side, 10, 40, 1, 0)
    assert _bid_ticks(OneWayAuction(step=5, pricing=pricing), auction, needed, np.array([limit])).tolist() == [price]
