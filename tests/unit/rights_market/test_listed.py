"""Listed trading with a choice of counterparties, in a market by hand."""

from datetime import date

import numpy as np
import pytest

from rights_market.errors import ExchangeError
from rights_market.policies.trading import HoldingLimit, ListedAgreement, PriceBand
from rights_market.records import Mode, Orders, Reason
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, assert_orders_are_covered, market_of, rule_book

S1, S2, S3, BUYER = 2, 3, 4, 5


def open_market(rule=None, **rules):
    """The worked case: 300 at 50.00, 200 at 50.00, 500 at 50.01."""
    market = market_of(rule_book(opening_price_ticks=5000, listed=rule or ListedAgreement(), **rules), 4)[0]
    market.registry.issue(0, [S1, S2, S3], 500)
    market.registry.deposit(BUYER, 10**9)
    market.open_day(0, [0], date(2025, 6, 2))
    ids = market.submit(Orders.of([S1, S2, S3], 0, Side.ASK, [5000, 5000, 5001], [300, 200, 500])).ids()
    return market, ids.tolist()


def test_at_one_price_the_taker_chooses():
    market, (one, two, _) = open_market()
    reason, trades = market.take_listed(BUYER, 0, Side.BID, 5001, 400, [two, one])
    assert reason is Reason.ACCEPTED
    assert list(zip(trades.seller.tolist(), trades.lots.tolist(), strict=True)) == [(S2, 200), (S1, 200)]
    # 400 t at 50.00 are 20,000.00 CNY.
    assert market.registry.cash[BUYER] == 10**9 - 2_000_000
    assert market.tape.trades["mode"].tolist() == [Mode.LISTED] * 2
    rest = market.book.resting(0)
    assert list(zip(rest.account.tolist(), rest.lots.tolist(), strict=True)) == [(S1, 100), (S3, 500)]
    assert_orders_are_covered(market)
    market.close_day()
    assert market.tape.last_close[0] == 5000
    market.audit()
    assert_journal_replays(market)


@pytest.mark.parametrize(
    ("choice", "named", "reason"),
    [
        ("any_at_level", [2], Reason.SKIPPED_BETTER_PRICE),
        ("any_at_level", [0, 2], Reason.SKIPPED_BETTER_PRICE),
        ("any_at_level", [1, 0, 2], Reason.ACCEPTED),
        ("any_in_depth", [2], Reason.ACCEPTED),
        ("time", [1], Reason.SKIPPED_BETTER_PRICE),
        ("time", [0, 1], Reason.ACCEPTED),
        ("time", [], Reason.ACCEPTED),
    ],
)
def test_how_free_the_choice_is(choice, named, reason):
    market, ids = open_market(ListedAgreement(choice=choice))
    answer, trades = market.take_listed(BUYER, 0, Side.BID, 5001, 900, [ids[k] for k in named])
    assert answer is reason
    assert bool(len(trades)) == (reason is Reason.ACCEPTED)
    assert market.rejected[Reason.SKIPPED_BETTER_PRICE] == (reason is not Reason.ACCEPTED)


def test_what_cannot_be_filled_is_not_left_in_the_book():
    market, (one, two, _) = open_market()
    assert market.take_listed(BUYER, 0, Side.BID, 5000, 900, [one, two])[1].lots.sum() == 500
    assert market.book.best_bid[0] == 0


def test_only_the_best_prices_are_seen():
    market, ids = open_market(ListedAgreement(depth=1, choice="any_in_depth"))
    assert market.take_listed(BUYER, 0, Side.BID, 5001, 10, [ids[2]])[0] is Reason.UNKNOWN_ORDER
    assert market.take_listed(BUYER, 0, Side.BID, 5001, 10, [99])[0] is Reason.UNKNOWN_ORDER


def test_own_quotes_are_passed_over():
    market, (_, two, _) = open_market()
    market.registry.deposit(S1, 10**9)
    assert market.take_listed(S1, 0, Side.BID, 5000, 100, [two])[1].seller.tolist() == [S2]


def test_sellers_take_bids_by_the_same_rule():
    market, _ = open_market()
    bids = market.submit(Orders.of(BUYER, 0, Side.BID, [4900, 4890], 50)).ids()
    assert market.take_listed(S1, 0, Side.ASK, 4890, 50, [bids[1]])[0] is Reason.SKIPPED_BETTER_PRICE
    assert market.take_listed(S1, 0, Side.ASK, 4890, 60, bids)[1].lots.tolist() == [50, 10]
    assert_orders_are_covered(market)


@pytest.mark.parametrize(
    ("rules", "lots", "limit", "reason"),
    [
        ({}, 100_000, 5000, Reason.TOO_LARGE),
        ({"band": PriceBand()}, 10, 6000, Reason.OUTSIDE_PRICE_LIMIT),
        ({"holding_limit": HoldingLimit(limit="fixed", lots=9, trim=True)}, 10, 5000, Reason.HOLDING_LIMIT),
    ],
)
def test_the_other_rules_hold_as_well(rules, lots, limit, reason):
    market, _ = open_market(**rules)
    assert market.take_listed(BUYER, 0, Side.BID, limit, lots)[0] is reason


def test_who_takes_must_be_covered():
    market, _ = open_market()
    market.registry.withdraw(BUYER, 10**9 - 499_999)
    assert market.take_listed(BUYER, 0, Side.BID, 5000, 100)[0] is Reason.INSUFFICIENT_CASH
    assert market.take_listed(BUYER, 0, Side.BID, 5000, 99)[0] is Reason.ACCEPTED
    market.submit(Orders.of(BUYER, 0, Side.BID, 1, 1))
    assert market.take_listed(BUYER, 0, Side.ASK, 1, 100)[1].lots.size == 0


def test_listed_trading_needs_its_rule():
    market = market_of(rule_book(), 2)[0]
    with pytest.raises(ExchangeError, match="no rule for listed trading"):
        market.take_listed(S1, 0, Side.BID, 5000, 1)
    assert np.all(market.rejected == 0)


def test_who_is_suspended_from_selling_takes_no_bid():
    market, _ = open_market()
    market.submit(Orders.of(BUYER, 0, Side.BID, 4900, 100))
    market.suspend(np.array([S1]))
    assert market.take_listed(S1, 0, Side.ASK, 4900, 10)[0] is Reason.NOT_ADMITTED
    assert market.take_listed(S2, 0, Side.ASK, 4900, 10)[0] is Reason.ACCEPTED
