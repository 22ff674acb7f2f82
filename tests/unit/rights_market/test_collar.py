"""A price collar in a market by hand."""

from datetime import date

import numpy as np
import pytest

from rights_market.errors import PolicyError
from rights_market.policies.stability.price_collar import CollarStep, PriceCollar
from rights_market.policies.trading import PriceBand
from rights_market.records import Orders, Reason
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind
from rights_market.units import Side
from tests.compliance_market import (
    assert_journal_replays,
    assert_orders_are_covered,
    codes,
    fingerprint,
    market_of,
    rule_book,
)

SELLER, BUYER, THIRD = 2, 3, 4
TODAY = date(2025, 6, 2)
SOFT = PriceCollar(floor=40, ceiling=60, reserve=5)
HARD = PriceCollar(floor=40, ceiling=60, mode="hard")


def open_market(collar, **rules):
    market = market_of(rule_book(opening_price_ticks=50, collar=collar, **rules), 3)[0]
    market.registry.issue(0, SELLER, 100)
    market.registry.deposit([BUYER, THIRD], [100_000, 100_000])
    market.open_day(0, [0, 1], TODAY)
    return market


def prints(receipt):
    return [
        (int(n), int(p), "government" if s == GOVERNMENT_ACCOUNT else "private")
        for n, p, s in zip(receipt.trades.lots, receipt.trades.price_ticks, receipt.trades.seller, strict=True)
    ]


def sweep(market, ask_above):
    """The worked case: asks 4 at 58, 3 at 60, 10 at 63 where that may be quoted, then a bid for 15 at 63."""
    market.submit(Orders.of(SELLER, 0, Side.ASK, [58, 60, 63], [4, 3, 10]))
    return market.submit(Orders.of(BUYER, 0, Side.BID, ask_above, 15))


def test_a_soft_collar_lets_the_price_pass_when_its_reserve_is_gone():
    market = open_market(SOFT)
    receipt = sweep(market, 63)
    assert prints(receipt) == [(4, 58, "private"), (3, 60, "private"), (5, 60, "government"), (3, 63, "private")]
    assert receipt.filled.tolist() == [15]
    market.close_day()
    assert codes(market, "ceiling_sale", "reserve_exhausted") == [
        ("ceiling_sale", -1, 0, 5, 0),
        ("reserve_exhausted", -1, -1, 0, 0),
    ]
    assert market.registry.total("issued")[0] == 105
    market.audit()
    assert_journal_replays(market)


def test_a_hard_collar_creates_what_is_missing_and_refuses_what_lies_beyond():
    market = open_market(HARD)
    receipt = sweep(market, 60)
    assert prints(receipt) == [(4, 58, "private"), (3, 60, "private"), (8, 60, "government")]
    assert (
        market.submit(Orders.of([BUYER, SELLER], 0, [Side.BID, Side.ASK], [61, 39], 1)).reason.tolist()
        == [Reason.OUTSIDE_PRICE_LIMIT] * 2
    )
    assert market.registry.total("issued")[0] == 108


def test_private_orders_of_the_same_price_come_first_whenever_they_arrive():
    market = open_market(SOFT)
    market.submit(Orders.of(BUYER, 0, Side.BID, 60, 2))
    late = market.submit(Orders.of([SELLER, THIRD], 0, [Side.ASK, Side.BID], [60, 60], [3, 4]))
    assert prints(late) == [(3, 60, "private"), (1, 60, "government")]


def test_at_the_floor_the_government_buys_what_its_cash_pays_for():
    # 40 ticks are 40 fen; 130 fen pay for 3 lots.
    market = open_market(PriceCollar(floor=40, ceiling=60, reserve=0, buy_cash=130))
    market.submit(Orders.of(THIRD, 0, Side.BID, 40, 2))
    receipt = market.submit(Orders.of(SELLER, 0, Side.ASK, 38, 9))
    assert receipt.trades.buyer.tolist() == [THIRD, GOVERNMENT_ACCOUNT]
    assert receipt.trades.lots.tolist() == [2, 3]
    assert market.registry.free[0, GOVERNMENT_ACCOUNT] == 3
    assert market.registry.cash[GOVERNMENT_ACCOUNT] == 0
    assert market.book.best_ask[0] == 38
    market.close_day()
    assert ("floor_purchase", -1, 0, 3, 0) in codes(market, "floor_purchase")
    assert [e.note for e in market.events if e.code == "reserve_exhausted"] == ["money"]
    market.open_day(1, [0, 1], TODAY)
    market.close_day()
    assert len(codes(market, "reserve_exhausted")) == 1
    market.audit()
    assert_journal_replays(market)


@pytest.mark.parametrize(("bought", "held", "cancelled"), [("reserve", 6, 0), ("cancel", 0, 6)])
def test_what_is_bought_is_kept_or_cancelled(bought, held, cancelled):
    market = open_market(PriceCollar(floor=40, ceiling=60, mode="hard", bought=bought))
    market.submit(Orders.of(SELLER, 0, Side.ASK, 40, 6))
    assert market.registry.free[0, GOVERNMENT_ACCOUNT] == held
    assert market.registry.total("cancelled")[0] == cancelled
    before = market.registry.total("issued")[0]
    market.submit(Orders.of(BUYER, 0, Side.BID, 60, 10))
    # What it holds is sold before anything is created.
    assert market.registry.total("issued")[0] - before == 10 - held


def test_only_those_with_a_duty_are_served_unless_all_are():
    for collar, filled in ((SOFT, 0), (PriceCollar(floor=40, ceiling=60, reserve=5, eligible="all"), 4)):
        market = open_market(collar)
        fund = market.accounts.open(AccountKind.INSTITUTION, "fund")
        market.registry.deposit(fund, 1000)
        assert market.submit(Orders.of(fund, 0, Side.BID, 60, 4)).filled.tolist() == [filled]


def test_the_quotes_of_the_government_are_seen():
    market = open_market(SOFT)
    assert (market.best_bid[0], market.best_ask[0]) == (40, 60)
    market.submit(Orders.of([SELLER, BUYER], 0, [Side.ASK, Side.BID], [55, 45], 1))
    assert (market.best_bid[0], market.best_ask[0]) == (45, 55)


def test_order_ids_stay_those_of_the_orders():
    market = open_market(SOFT)
    receipt = market.submit(Orders.of([BUYER, THIRD, BUYER], 0, Side.BID, [50, 60, 49], [1, 2, 3]))
    assert receipt.filled.tolist() == [0, 2, 0]
    resting = market.book.resting(0)
    assert dict(zip(resting.order_id.tolist(), resting.price_ticks.tolist(), strict=True)) == {
        int(receipt.ids()[0]): 50,
        int(receipt.ids()[2]): 49,
    }
    assert_orders_are_covered(market)


def test_the_government_takes_part_in_calls():
    market = open_market(SOFT)
    receipt = market.call_auction(Orders.of([BUYER, SELLER], 0, [Side.BID, Side.ASK], [61, 61], [9, 2]))
    # Supply at 60: 5 lots of the government, demand 9; at 61 two more.
    assert sorted(prints(receipt)) == [(2, 61, "private"), (5, 61, "government")]
    assert len(market.book) == 1
    market.audit()
    assert_journal_replays(market)


def test_a_call_does_not_go_beyond_a_price_at_which_the_government_serves_all():
    market = open_market(HARD)
    bids = Orders.of([BUYER, THIRD, SELLER], 0, [Side.BID, Side.BID, Side.ASK], [60, 60, 55], [9, 2, 4])
    assert sorted(prints(market.call_auction(bids))) == [
        (2, 60, "government"),
        (4, 60, "private"),
        (5, 60, "government"),
    ]
    large = open_market(PriceCollar(floor=40, ceiling=60, reserve=500))
    receipt = large.call_auction(Orders.of([BUYER, SELLER], 0, [Side.BID, Side.ASK], [80, 70], [9, 2]))
    assert prints(receipt) == [(9, 60, "government")]
    # Two that would meet halfway above the ceiling do so at it, as the government would serve either.
    halfway = large.call_auction(Orders.of([BUYER, SELLER], 0, [Side.BID, Side.ASK], [80, 58], 3))
    assert prints(halfway) == [(3, 59, "private")]
    low = large.call_auction(Orders.of([SELLER, THIRD], 0, [Side.ASK, Side.BID], [20, 30], [7, 1]))
    assert (low.trades.price_ticks.tolist(), low.trades.lots.tolist()) == ([40], [7])


def test_a_band_is_cut_to_a_hard_collar():
    market = open_market(HARD, band=PriceBand())
    assert (market.price_low[0], market.price_high[0]) == (45, 55)
    assert market.best_ask[0] == 0
    wide = open_market(PriceCollar(floor=48, ceiling=52, mode="hard"), band=PriceBand())
    assert (wide.price_low[0], wide.price_high[0]) == (48, 52)
    # Where they do not meet, the edge nearest to the band is the only price.
    above = open_market(PriceCollar(floor=70, ceiling=80, mode="hard"), band=PriceBand())
    assert (above.price_low[0], above.price_high[0]) == (70, 70)
    below = open_market(PriceCollar(floor=10, ceiling=20, mode="hard"), band=PriceBand())
    assert (below.price_low[0], below.price_high[0]) == (20, 20)


def test_prices_change_with_the_year():
    collar = PriceCollar(floor=40, ceiling=60, reserve=5, steps=(CollarStep(from_year=2026, floor=45, ceiling=70),))
    market = open_market(collar)
    assert market.best_ask[0] == 60
    market.close_day()
    market.open_day(1, [0, 1], date(2026, 1, 5))
    assert market.best_ask[0] == 70


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"floor": 60, "ceiling": 60, "reserve": 1}, "E_COLLAR: floor is 60 and ceiling 60"),
        (
            {"floor": 4, "ceiling": 6, "reserve": 1, "steps": (CollarStep(from_year=2026, floor=7, ceiling=6),)},
            r"steps\[0\]\.floor is 7",
        ),
        ({"floor": 4, "ceiling": 6}, "mode is soft and reserve None"),
        ({"floor": 4, "ceiling": 6, "mode": "hard", "reserve": 3}, "mode is hard and reserve 3"),
    ],
)
def test_contradictions_are_refused(given, words):
    with pytest.raises(PolicyError, match=words):
        PriceCollar(**given)


def test_a_ceiling_must_be_quotable():
    with pytest.raises(PolicyError, match=r"E_COLLAR: collar\.ceiling is 30000 ticks"):
        rule_book(collar=PriceCollar(floor=1, ceiling=30_000, mode="hard"))


def test_a_market_with_a_collar_continues_from_its_state():
    one, other = open_market(SOFT), open_market(SOFT)
    sweep(one, 63)
    other.restore(one.state())
    for market in (one, other):
        market.submit(Orders.of(BUYER, 0, Side.BID, 60, 3))
        market.close_day()
    assert fingerprint(one.state()) == fingerprint(other.state())
    assert np.array_equal(one.registry.free, other.registry.free)
