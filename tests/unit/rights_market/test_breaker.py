"""A circuit breaker in a market by hand."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.exchange.breaker import Breaker
from rights_market.policies.trading import BlockAgreement, CircuitBreaker, Level
from rights_market.records import Mode, Orders
from rights_market.units import Side
from tests.compliance_market import (
    assert_journal_replays,
    assert_orders_are_covered,
    codes,
    fingerprint,
    market_of,
    rule_book,
)
from tests.one_block import one_block

SELLER, BUYER, THIRD = 2, 3, 4
TODAY = date(2025, 6, 2)


def open_market(breaker=None, **rules):
    book = rule_book(opening_price_ticks=5000, breaker=breaker or CircuitBreaker(), **rules)
    market = market_of(book, 3)[0]
    market.registry.issue(0, SELLER, 300_000)
    market.registry.deposit([BUYER, THIRD], [2_000_000_000, 10_000_000])
    market.open_day(0, [0, 1], TODAY)
    return market


def ask(price, lots=10, who=SELLER):
    return Orders.of(who, 0, Side.ASK, price, lots)


def bid(price, lots=10, who=BUYER):
    return Orders.of(who, 0, Side.BID, price, lots)


@pytest.mark.parametrize(("price", "halts"), [(5399, False), (5400, True), (4601, False), (4600, True)])
def test_the_trade_that_reaches_eight_percent_stands_and_stops_the_rest(price, halts):
    market = open_market()
    receipt = market.submit(Orders.join([ask(price), bid(price)]))
    assert receipt.trades.price_ticks.tolist() == [price]
    assert [c[0] for c in codes(market, "halt")] == ["halt"] * halts
    # What would trade at 50.00 waits for two batches.
    for _ in range(2):
        traded = len(market.submit(Orders.join([ask(5000, 1), bid(5000, 1)])).trades)
        assert traded == (0 if halts else 1)
    if halts:
        reopened = market.submit(Orders.none())
        assert reopened.trades.lots.tolist() == [1]
        assert market.tape.trades["mode"].tolist() == [Mode.CONTINUOUS, Mode.CALL]
        assert [c[0] for c in codes(market, "resume")] == ["resume"]


def test_the_rest_of_the_order_waits_and_trades_in_the_call():
    market = open_market()
    market.submit(Orders.of(SELLER, 0, Side.ASK, [5300, 5400, 5450], [5, 5, 5]))
    receipt = market.submit(bid(5500, 15))
    assert receipt.trades.price_ticks.tolist() == [5300, 5400]
    assert receipt.filled.tolist() == [10]
    market.submit(Orders.none())
    market.submit(Orders.none())
    reopened = market.submit(Orders.none())
    # 5 bid at 55.00 meet 5 asked at 54.50: midpoint 54.75.
    assert (reopened.trades.price_ticks.tolist(), reopened.trades.lots.tolist()) == ([5475], [5])
    market.audit()
    assert_orders_are_covered(market)
    assert_journal_replays(market)


def test_orders_may_be_withdrawn_during_a_pause_and_replaced_while_they_wait():
    market = open_market()
    resting = market.submit(bid(4900, 7, THIRD))
    market.submit(Orders.join([ask(5400), bid(5400)]))
    market.withdraw(Orders.of(THIRD, 0, 0, 0, 0).account, resting.ids())
    assert len(market.book) == 0
    market.submit(Orders.join([ask(5000, 3), bid(5000, 9)]))
    market.submit(bid(5000, 2))
    assert market.submit(Orders.none()).trades.lots.tolist() == [2]


def test_a_pause_ends_with_the_day():
    market = open_market(CircuitBreaker(levels=(Level(move=Decimal("0.08")),)))
    market.submit(Orders.join([ask(5400), bid(5400)]))
    for _ in range(5):
        assert len(market.submit(Orders.join([ask(5000, 1), bid(5000, 1)])).trades) == 0
    assert "for the rest of the day" in market.events[-1].note
    market.close_day()
    market.open_day(1, [0, 1], date(2025, 6, 3))
    assert len(market.submit(Orders.join([ask(5400, 1), bid(5400, 1)])).trades) == 1


def test_a_call_that_crosses_the_next_level_halts_again_and_no_more_than_allowed():
    levels = (Level(move=Decimal("0.05"), batches=1), Level(move=Decimal("0.10"), batches=1))
    market = open_market(CircuitBreaker(levels=levels))
    market.submit(Orders.join([ask(5250), bid(5250)]))
    market.submit(Orders.join([ask(5600, 1), bid(5600, 1)]))
    market.submit(Orders.none())
    assert [e.price_ticks for e in market.events if e.code == "halt"] == [5250, 5600]
    market.submit(Orders.none())
    assert len(market.submit(Orders.join([ask(5900, 1), bid(5900, 1)])).trades) == 1


def test_resuming_without_a_call():
    market = open_market(CircuitBreaker(reopen="continue"))
    market.submit(Orders.join([ask(5400), bid(5400)]))
    market.submit(Orders.join([ask(5000, 1), bid(5100, 1)]))
    market.submit(Orders.none())
    assert market.submit(Orders.none()).trades.price_ticks.tolist() == [5000]
    assert set(market.tape.trades["mode"].tolist()) == {Mode.CONTINUOUS}


def test_no_block_during_a_pause():
    market = open_market(block=BlockAgreement())
    market.submit(Orders.join([ask(5400), bid(5400)]))
    assert len(market.agree_blocks(one_block(SELLER, BUYER))) == 0
    for _ in range(3):
        market.submit(Orders.none())
    assert len(market.agree_blocks(one_block(SELLER, BUYER))) == 1


def test_the_authority_can_let_a_day_rest():
    market = open_market(CircuitBreaker(authority_halt=(TODAY,)))
    assert market.submit(Orders.join([ask(5000), bid(5000)])).filled.tolist() == [0, 0]
    assert [e.note for e in market.events if e.code == "halt"] == ["by order of the authority"] * 2


def test_levels_must_rise():
    with pytest.raises(PolicyError, match=r"moves 0\.1, 0\.05"):
        CircuitBreaker(levels=(Level(move=Decimal("0.1")), Level(move=Decimal("0.05"))))


def test_a_market_in_a_pause_continues_from_its_state():
    one, other = open_market(), open_market()
    one.submit(Orders.join([ask(5400), bid(5400, 15)]))
    other.restore(one.state())
    for market in (one, other):
        for _ in range(4):
            market.submit(ask(5000, 1))
        market.close_day()
    assert fingerprint(one.state()) == fingerprint(other.state())


def test_what_was_carried_out_before_a_pause_does_not_wait_for_its_end():
    market = open_market()
    # One order rests below the level before, in the same table, a trade at 54.00 stops the matching.
    market.submit(Orders.join([bid(4900, 3, THIRD), ask(5400, 10), bid(5400, 10)]))
    for _ in range(3):
        market.submit(Orders.none())
    assert market.book.depth(0, 5)[1].tolist() == [3, 0, 0, 0, 0]
    assert_orders_are_covered(market)


def moving(trades=2, **more):
    return CircuitBreaker(reference="window", window=trades, **more)


@given(
    breaker=st.sampled_from([CircuitBreaker(), moving()]),
    rows=st.lists(
        st.tuples(st.integers(4500, 5500), st.integers(1, 9), st.booleans(), st.sampled_from([SELLER, BUYER, THIRD])),
        max_size=25,
    ),
    cuts=st.lists(st.integers(0, 25), max_size=3),
)
@settings(max_examples=25, deadline=None)
def test_only_watching_what_could_reach_a_level_changes_nothing(breaker, rows, cuts):
    def run(watches):
        market = open_market(breaker)
        market.registry.issue(0, [BUYER, THIRD], [200, 200])
        market.registry.deposit(SELLER, 10**8)
        with patch.object(Breaker, "watches", watches):
            for start, stop in pairwise([0, *sorted(cuts), len(rows)]):
                table = [(ask if sells else bid)(price, lots, who) for price, lots, sells, who in rows[start:stop]]
                market.submit(Orders.join(table))
        return fingerprint(market.state())

    def every_row(breaker, orders, *_):
        return orders.instrument == breaker.instrument

    assert run(Breaker.watches) == run(every_row)


class TestWindow:
    def test_small_steps_never_stop_it_and_a_jump_does(self):
        market = open_market(moving())
        for price in (5200, 5400, 5600):
            assert len(market.submit(Orders.join([ask(price), bid(price)])).trades) == 1
        # The mean of 54.00 and 56.00 is 55.00: its 8 % are reached at 59.40, 18.8 % above the previous close.
        assert codes(market, "halt") == []
        market.submit(Orders.join([ask(5940), bid(5940)]))
        assert [c[0] for c in codes(market, "halt")] == ["halt"]

    def test_the_mean_is_weighted_by_lots(self):
        market = open_market(moving())
        market.submit(Orders.join([ask(5000, 30), bid(5000, 30), ask(5200, 10), bid(5200, 10)]))
        # (30 x 50.00 + 10 x 52.00) / 40 = 50.50: 8 % are reached at 54.54.
        assert len(market.submit(Orders.join([ask(5453), bid(5453)])).trades) == 1
        assert codes(market, "halt") == []

    def test_before_the_first_trade_the_previous_close_counts(self):
        market = open_market(moving())
        market.submit(Orders.join([ask(5400), bid(5400)]))
        assert [c[0] for c in codes(market, "halt")] == ["halt"]

    def test_a_level_can_be_reached_again(self):
        market = open_market(moving(1, levels=(Level(move=Decimal("0.08"), batches=1),), reopen="continue"))
        for price in (5400, 5832):
            market.submit(Orders.join([ask(price), bid(price)]))
            market.submit(Orders.none())
            market.submit(Orders.none())
        assert len(codes(market, "halt")) == len(codes(market, "resume")) == 2

    def test_a_saved_day_goes_on_with_its_window(self):
        market, copy = open_market(moving()), open_market(moving())
        for price in (5200, 5400, 5600):
            market.submit(Orders.join([ask(price), bid(price)]))
        copy.restore(market.state())
        for each in (market, copy):
            each.submit(Orders.join([ask(5939), bid(5939)]))
            each.submit(Orders.join([ask(6150), bid(6150)]))
        # 8 % above the mean of 56.00 and 59.39, which is 57.695, is 62.32.
        assert codes(market, "halt") == codes(copy, "halt") == []
        assert fingerprint(copy.state()) == fingerprint(market.state())

    @pytest.mark.parametrize("fields", [{"reference": "window"}, {"window": 3}])
    def test_a_window_has_trades_and_nothing_else_does(self, fields):
        with pytest.raises(PolicyError, match="a window alone has trades"):
            CircuitBreaker(**fields)
