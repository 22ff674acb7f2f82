"""Blocks in a market by hand: what they cost, what they are printed as, and what they leave alone."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import ExchangeError
from rights_market.exchange.block_trades import BlockInterests
from rights_market.policies.trading import BlockAgreement, Fees, PriceBand
from rights_market.records import Mode, Orders
from rights_market.registry.accounts import CLEARING_ACCOUNT
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, assert_orders_are_covered, market_of, rule_book, swap

SELLER, BUYER, THIRD = 2, 3, 4
BOOK = rule_book(
    opening_price_ticks=6000,
    band=PriceBand(),
    block=BlockAgreement(),
    fees=Fees(buyer=Decimal("0.002"), seller=Decimal("0.001")),
)


def column(*values):
    return np.array(values, np.int64)


def talk(seller=SELLER, buyer=BUYER, c=5500, v=5801, offered=150_000, wanted=120_000, related=False):
    """One pair: the worked case of the rule."""
    return BlockInterests(
        column(seller),
        column(0),
        column(offered),
        column(buyer),
        column(wanted),
        column(0),
        column(0),
        column(c),
        column(v),
        np.array([related]),
    )


def open_market(book=BOOK, cash=10**9):
    market = market_of(book, 3)[0]
    market.registry.issue(0, SELLER, 200_000)
    market.registry.deposit([BUYER, THIRD], [cash, cash])
    market.open_day(0, [0])
    return market


def test_a_block_is_settled_at_once_and_is_no_closing_price():
    market = open_market()
    trades = market.agree_blocks(talk())
    assert (trades.price_ticks.tolist(), trades.lots.tolist()) == ([5651], [120_000])
    # 120,000 t at 56.51: 6,781,200.00 CNY; fees of 0.2 % and 0.1 %.
    value = 678_120_000
    assert market.registry.cash[BUYER] == 10**9 - value - 1_356_240
    assert market.registry.cash[SELLER] == value - 678_120
    assert market.registry.cash[CLEARING_ACCOUNT] == 1_356_240 + 678_120
    assert market.registry.free[0, [SELLER, BUYER]].tolist() == [80_000, 120_000]
    assert market.tape.trades["mode"].tolist() == [Mode.BLOCK]
    market.close_day()
    bars = market.tape.bars
    assert (bars["lots"][0], bars["value_fen"][0], bars["n_trades"][0]) == (120_000, value, 1)
    assert (bars["vwap_lots"][0], bars["close_ticks"][0], bars["high_ticks"][0]) == (0, 6000, -1)
    market.audit()
    assert_journal_replays(market)


def test_what_a_block_brought_may_not_be_sold_on_the_day():
    market = open_market()
    market.agree_blocks(talk())
    again = market.agree_blocks(talk(seller=BUYER, buyer=THIRD, offered=120_000))
    assert len(again) == 0
    market.close_day()
    market.open_day(1, [0])
    assert market.agree_blocks(talk(seller=BUYER, buyer=THIRD, offered=120_000)).lots.tolist() == [120_000]


def test_orders_in_the_book_make_room_for_a_block():
    market = open_market(cash=680_000_000)
    market.submit(Orders.of([SELLER, BUYER], 0, [Side.ASK, Side.BID], [6500, 5900], [150_000, 50_000]))
    assert market.agree_blocks(talk()).lots.tolist() == [120_000]
    assert len(market.book) == 0
    assert_orders_are_covered(market)
    market.audit()
    assert_journal_replays(market)


def test_the_orders_of_others_stay():
    market = open_market()
    market.submit(Orders.of([THIRD], 0, Side.BID, 5900, 10))
    market.agree_blocks(talk())
    assert len(market.book) == 1


def test_the_band_of_blocks_is_wider_than_that_of_the_book():
    market = open_market()
    # 45.00 lies outside 54.00 to 66.00, where orders must stay.
    assert market.agree_blocks(talk(c=4400, v=4600)).price_ticks.tolist() == [4500]
    assert len(market.agree_blocks(talk(c=7900, v=8100, offered=100_000))) == 0


def test_the_band_stands_around_the_close_and_not_around_a_block():
    market = open_market()
    market.registry.issue(0, SELLER, 10)
    swap(market, SELLER, THIRD, 0, 10, 6600)
    market.agree_blocks(talk(c=4200, v=4200))
    market.close_day()
    market.open_day(1, [0])
    assert market.tape.last_close[0] == 6600
    # 30 % of 66.00: 46.20 to 85.80.
    assert len(market.agree_blocks(talk(c=4300, v=4400))) == 0


def test_blocks_inside_a_group_are_marked_and_can_be_ruled_out():
    market = open_market()
    market.agree_blocks(talk(related=True))
    assert market.tape.trades["mode"].tolist() == [Mode.BLOCK_RELATED]
    strict = open_market(rule_book(opening_price_ticks=6000, block=BlockAgreement(exclude_related=True)))
    assert len(strict.agree_blocks(talk(related=True))) == 0
    assert len(strict.agree_blocks(talk(related=False))) == 1


def test_a_buyer_pays_what_it_can():
    market = open_market(cash=600_000_000)
    # At 56.51 with 0.2 %: 105,963 t cost 599,994,487 fen, one more would be too many.
    assert market.agree_blocks(talk()).lots.tolist() == [105_963]
    assert market.registry.cash[BUYER] < 5_663


def test_nobody_sells_what_it_lacks():
    market = open_market()
    market.registry.cancel(0, SELLER, 90_000)
    assert market.agree_blocks(talk()).lots.tolist() == [110_000]
    assert market.registry.free[0, SELLER] == 0


def test_no_block_where_the_instrument_is_not_open():
    market = market_of(BOOK, 3)[0]
    market.registry.issue(0, SELLER, 200_000)
    market.registry.deposit(BUYER, 10**9)
    market.open_day(0, [1])
    assert len(market.agree_blocks(talk())) == 0


def test_blocks_need_a_rule():
    market = open_market(rule_book(opening_price_ticks=6000))
    with pytest.raises(ExchangeError, match="no rule for blocks"):
        market.agree_blocks(talk())


def test_blocks_are_published_after_the_close_or_at_once():
    for publish, known in (("after_close", 0), ("at_once", 120_000)):
        market = open_market(replace(BOOK, block=BlockAgreement(publish=publish)))
        market.agree_blocks(talk())
        assert market.tape.today["lots"][0] == market.tape.today["n_trades"][0] * 120_000 == known
        copy = open_market(replace(BOOK, block=BlockAgreement(publish=publish)))
        copy.restore(market.state())
        for each in (market, copy):
            each.end_session()
            assert (each.tape.today["lots"][0], each.tape.today["value_fen"][0]) == (120_000, 678_120_000)
            each.close_day()
            assert each.tape.bars["lots"].tolist() == [120_000]


def test_prices_cannot_be_withheld():
    market = open_market()
    trades = market.agree_blocks(talk())
    with pytest.raises(ExchangeError, match="which cannot be withheld"):
        market.tape.add_trades(0, 0, Mode.CONTINUOUS, trades, withheld=True)


def test_who_is_suspended_from_selling_sells_no_blocks():
    market = open_market()
    market.suspend(column(SELLER))
    assert market.is_supervised
    assert len(market.agree_blocks(talk())) == 0
    market.suspend(column())
    assert not market.is_supervised
    assert market.agree_blocks(talk()).lots.tolist() == [120_000]
