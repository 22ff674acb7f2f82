"""One-way auctions in a market by hand: what they freeze, who wins, and what ends them."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights_market.errors import ExchangeError
from rights_market.market import Market
from rights_market.policies.trading import (
    Admission,
    CircuitBreaker,
    ClassAdmission,
    Fees,
    HoldingLimit,
    OneWayAuction,
    PriceBand,
)
from rights_market.policies.trading.settlement import SettlementCycle
from rights_market.records import Mode, Reason, Trades
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.units import Side
from tests.compliance_market import (
    assert_journal_replays,
    assert_orders_are_covered,
    codes,
    fingerprint,
    market_of,
    rule_book,
    swap,
)

SELLER, A, B, C = 2, 3, 4, 5
TODAY = date(2025, 6, 2)
RULE = OneWayAuction(notice=1, session=2)


def open_market(rule=RULE, cash=100_000, **rules) -> Market:
    book = rule_book(opening_price_ticks=40, one_way=rule, **rules)
    market = market_of(book, 4)[0]
    market.registry.issue(0, SELLER, 100)
    market.registry.deposit([A, B, C], [cash] * 3)
    market.open_day(0, [0, 1], TODAY)
    return market


def announced(market: Market, side=Side.ASK, lots=10, start=40, who=SELLER) -> int:
    reason, number = market.one_way.announce(who, 0, side, lots, start)
    assert reason is Reason.ACCEPTED
    return number


def next_day(market: Market) -> None:
    market.close_day()
    market.open_day(market.day + 1, [0, 1], TODAY)


def finished(market: Market, batches=2):
    """Let batches go by, and return what the auction sold."""
    return Trades.join([market.end_batch() for _ in range(batches)])


def proved(market: Market) -> None:
    market.audit()
    assert_orders_are_covered(market)
    assert_journal_replays(market)


def sold(trades) -> list[tuple[int, int, int]]:
    return list(zip(trades.buyer.tolist(), trades.lots.tolist(), trades.price_ticks.tolist(), strict=True))


@pytest.mark.parametrize(("pricing", "revenue"), [("as_bid", 435), ("uniform", 420)])
def test_the_best_bids_are_served_and_the_earlier_of_equal_ones(pricing: str, revenue: int) -> None:
    # Ten lots from 40 on: A bids 4 at 42, B 5 at 45, C 4 at 42.  B has 5, A 4, C what is left: 225 + 168 + 42 = 435;
    # at one price for all, 42, it is 420.
    market = open_market(OneWayAuction(notice=1, session=2, pricing=pricing))
    number = announced(market)
    next_day(market)
    for account, price, lots in ((A, 42, 4), (B, 45, 5), (C, 42, 4)):
        assert market.one_way.bid(account, number, price, lots) is Reason.ACCEPTED
    trades = finished(market)
    assert {buyer: lots for buyer, lots, _ in sold(trades)} == {A: 4, B: 5, C: 1}
    assert market.registry.cash[SELLER] == revenue
    assert market.tape.trades["mode"].tolist() == [Mode.AUCTION] * 3
    assert codes(market, "auction_sold") == [("auction_sold", SELLER, 0, 10, revenue)]
    proved(market)
    market.close_day()
    assert market.tape.last_close[0] == 40


def test_a_purchase_is_the_mirror_image() -> None:
    market = open_market()
    market.registry.issue(0, [B, C], [20, 20])
    market.registry.deposit(SELLER, 16)
    number = announced(market, Side.BID, who=A)
    assert market.registry.cash_frozen[A] == 400
    next_day(market)
    assert market.one_way.bid(B, number, 41, 5) is Reason.OFF_TICK
    for account, price, lots in ((SELLER, 38, 4), (B, 35, 5), (C, 38, 4)):
        assert market.one_way.bid(account, number, price, lots) is Reason.ACCEPTED
    trades = finished(market)
    assert dict(zip(trades.seller.tolist(), trades.lots.tolist(), strict=True)) == {B: 5, SELLER: 4, C: 1}
    assert market.registry.cash[A] == 100_000 - 5 * 35 - 5 * 38
    proved(market)


def test_the_announcement_comes_before_the_session_and_freezes_the_lots() -> None:
    market = open_market(OneWayAuction(notice=2, session=2))
    number = announced(market)
    assert market.registry.frozen[0, SELLER] == 10
    for _ in range(2):
        assert market.one_way.bid(A, number, 40, 1) is Reason.MARKET_CLOSED
        next_day(market)
    assert market.one_way.bid(A, number, 40, 1) is Reason.ACCEPTED
    assert [(e.day, e.code) for e in market.events if e.code.startswith("auction")] == [
        (0, "auction_announced"), (2, "auction_opened"),
    ]  # fmt: skip


def test_who_wins_with_one_lot_for_all() -> None:
    market = open_market(OneWayAuction(notice=1, session=2, divisible=False))
    number = announced(market)
    next_day(market)
    assert market.one_way.bid(A, number, 60, 9) is Reason.NOT_FILLABLE
    for account, price in ((A, 41), (B, 45), (C, 45)):
        market.one_way.bid(account, number, price, 10)
    assert sold(finished(market)) == [(B, 10, 45)]


def test_without_a_bid_the_lots_come_back_and_a_second_try_starts_a_tenth_lower() -> None:
    market = open_market()
    number = announced(market)
    next_day(market)
    assert not len(finished(market))
    assert market.registry.free[0, SELLER] == 100
    assert [(e.code, e.note) for e in market.events][-1] == ("auction_cancelled", "no bid")
    assert market.one_way.relist(A, number)[0] is Reason.NOT_OWNER
    reason, again = market.one_way.relist(SELLER, number)
    assert (reason, market.one_way.auctions[0].start_ticks) == (Reason.ACCEPTED, 36)
    assert market.one_way.relist(SELLER, number)[0] is Reason.UNKNOWN_ORDER
    next_day(market)
    market.one_way.bid(A, again, 36, 10)
    assert sold(finished(market)) == [(A, 10, 36)]


def test_a_winner_that_does_not_pay_loses_its_deposit_and_the_next_bid_is_served() -> None:
    market = open_market(cash=500)
    number = announced(market)
    next_day(market)
    market.one_way.bid(A, number, 45, 10)
    market.one_way.bid(B, number, 41, 10)
    assert market.registry.cash_frozen[[A, B]].tolist() == [45, 41]
    market.registry.withdraw(A, 455)
    assert sold(finished(market)) == [(B, 10, 41)]
    assert codes(market, "deposit_forfeited") == [("deposit_forfeited", A, 0, 0, 45)]
    assert market.registry.cash[[SELLER, A, B]].tolist() == [455, 0, 90]
    proved(market)


def test_a_winner_of_a_purchase_that_does_not_deliver_loses_its_deposit_too() -> None:
    market = open_market()
    number = announced(market, Side.BID, who=A)
    next_day(market)
    market.one_way.bid(B, number, 30, 10)
    assert market.one_way.bid(SELLER, number, 40, 10) is Reason.INSUFFICIENT_CASH
    market.registry.deposit(SELLER, 40)
    assert market.one_way.bid(SELLER, number, 40, 10) is Reason.ACCEPTED
    trades = finished(market)
    assert (trades.seller.tolist(), trades.price_ticks.tolist()) == ([SELLER], [40])
    assert market.registry.cash[B] == 100_000 - 30


def test_where_nobody_honours_a_bid_the_auction_fails() -> None:
    market = open_market(cash=100)
    number = announced(market)
    next_day(market)
    market.one_way.bid(A, number, 45, 10)
    assert not len(finished(market))
    assert [(e.code, e.note) for e in market.events][-1] == ("auction_cancelled", "no bid was honoured")
    assert market.registry.cash[[SELLER, A]].tolist() == [45, 55]


def test_late_bids_put_the_end_off_at_most_ten_times() -> None:
    market = open_market()
    number = announced(market)
    next_day(market)
    market.one_way.bid(A, number, 40, 1)
    left = []
    for price in range(41, 55):
        trades = market.end_batch()
        if len(trades):
            break
        market.one_way.bid(A, number, price, 1)
        left.append(market.one_way.batches_left(market.one_way.auctions[0]))
    # Two batches; in the last one each bid brings one more, ten times; then the end comes.
    assert left == [2] * 10 + [1]
    assert len(codes(market, "auction_extended")) == 10
    assert sold(trades) == [(A, 1, 51)]


def test_a_session_goes_on_over_the_night() -> None:
    market = open_market(OneWayAuction(notice=1, session=3))
    number = announced(market)
    next_day(market)
    market.one_way.bid(A, number, 40, 10)
    assert not len(finished(market))
    next_day(market)
    assert market.one_way.bid(B, number, 41, 10) is Reason.ACCEPTED
    assert sold(finished(market)) == [(B, 10, 41)]


@pytest.mark.parametrize("halts", [False, True])
def test_a_breaker_stops_an_auction_only_where_it_says_so(halts: bool) -> None:
    market = open_market(breaker=CircuitBreaker(halt_auctions=halts))
    number = announced(market)
    next_day(market)
    market.one_way.bid(A, number, 40, 10)
    swap(market, SELLER, B, 0, 1, 44)
    assert market.one_way.bid(B, number, 41, 10) is (Reason.MARKET_CLOSED if halts else Reason.ACCEPTED)
    # One batch was left; the bid of the last one, if it is taken, brings another.
    assert len(finished(market)) == (0 if halts else 1)


def test_an_auction_rests_on_a_day_of_the_authoritys_halt_only_where_the_breaker_says_so() -> None:
    for halts in (False, True):
        breaker = CircuitBreaker(halt_auctions=halts, authority_halt=(date(2025, 6, 3),))
        market = open_market(breaker=breaker)
        number = announced(market)
        market.close_day()
        market.open_day(1, [0, 1], date(2025, 6, 3))
        assert market.one_way.bid(A, number, 40, 10) is (Reason.MARKET_CLOSED if halts else Reason.ACCEPTED)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ((SELLER, 0, Side.ASK, 0, 40), Reason.OFF_LOT),
        ((SELLER, 0, Side.ASK, 4, 40), Reason.OFF_LOT),
        ((SELLER, 0, Side.ASK, 101, 40), Reason.INSUFFICIENT_HOLDINGS),
        ((SELLER, 0, Side.ASK, 10, 45), Reason.OUTSIDE_PRICE_LIMIT),
        ((SELLER, 0, Side.BID, 10, 40), Reason.NOT_ADMITTED),
        ((99, 0, Side.ASK, 10, 40), Reason.UNKNOWN_ACCOUNT),
    ],
)
def test_announcements_that_cannot_be_made(terms: tuple, reason: Reason) -> None:
    market = open_market(OneWayAuction(min_qty=5, sides=("sell",), band=Decimal("0.1")))
    assert market.one_way.announce(*terms) == (reason, -1)
    assert market.events[-1].note == reason.name.lower()
    assert market.commitments.is_empty


def test_the_smallest_size_does_not_bind_the_government() -> None:
    market = open_market(OneWayAuction(min_qty=50))
    market.registry.issue(0, GOVERNMENT_ACCOUNT, 5)
    assert market.one_way.announce(GOVERNMENT_ACCOUNT, 0, Side.ASK, 5, 40)[0] is Reason.ACCEPTED


@pytest.mark.parametrize(
    ("bid", "reason"),
    [
        ((SELLER, 40, 1), Reason.SELF_TRADE),
        ((A, 39, 1), Reason.OFF_TICK),
        ((A, 42, 1), Reason.OFF_TICK),
        ((A, 40, 11), Reason.OFF_LOT),
        ((A, 40, 0), Reason.OFF_LOT),
        ((A, 50, 1), Reason.OUTSIDE_PRICE_LIMIT),
        ((A, 45, 10), Reason.INSUFFICIENT_CASH),
    ],
)
def test_bids_that_cannot_be_made(bid: tuple, reason: Reason) -> None:
    market = open_market(OneWayAuction(notice=1, step=5, band=Decimal("0.2")), cash=44)
    number = announced(market)
    next_day(market)
    assert market.one_way.bid(bid[0], number, *bid[1:]) is reason
    assert market.events[-1].code == "bid_refused"
    assert market.one_way.bid(A, number + 1, 40, 1) is Reason.UNKNOWN_ORDER


def test_bids_are_bettered_and_never_worsened() -> None:
    market = open_market()
    number = announced(market)
    next_day(market)
    market.one_way.bid(A, number, 42, 5)
    for price, lots in ((42, 5), (41, 9), (45, 4)):
        assert market.one_way.bid(A, number, price, lots) is Reason.SKIPPED_BETTER_PRICE
    market.one_way.bid(B, number, 43, 5)
    assert market.one_way.bid(A, number, 43, 10) is Reason.ACCEPTED
    # B was first at 43, and A takes the rest.
    assert sold(finished(market)) == [(B, 5, 43), (A, 5, 43)]


def test_an_auction_may_be_withdrawn_before_its_first_bid() -> None:
    market = open_market()
    one, other = announced(market), announced(market)
    assert market.one_way.withdraw(A, one) is Reason.NOT_OWNER
    assert market.one_way.withdraw(SELLER, one) is Reason.ACCEPTED
    next_day(market)
    market.one_way.bid(A, other, 40, 1)
    assert market.one_way.withdraw(SELLER, other) is Reason.NOT_FILLABLE
    assert market.one_way.withdraw(SELLER, 7) is Reason.UNKNOWN_ORDER


def test_fees_are_paid_as_for_any_trade() -> None:
    market = open_market(fees=Fees(buyer=Decimal("0.05"), seller=Decimal("0.05")))
    number = announced(market)
    next_day(market)
    market.one_way.bid(A, number, 40, 10)
    finished(market)
    assert (market.registry.cash[A], market.registry.cash[SELLER]) == (100_000 - 420, 380)


def test_what_was_bought_today_is_not_announced_for_sale() -> None:
    market = open_market(settlement=SettlementCycle(units_lag_days=1))
    swap(market, SELLER, A, 0, 10, 40)
    assert market.one_way.announce(A, 0, Side.ASK, 10, 40)[0] is Reason.RESALE_BAN


def test_who_is_not_admitted_to_auctions_or_at_its_limit_does_not_bid() -> None:
    market = open_market(admission=Admission(compliance=ClassAdmission(modes=("book", "otc"))))
    assert market.one_way.announce(SELLER, 0, Side.ASK, 10, 40)[0] is Reason.NOT_ADMITTED
    market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=100))
    number = announced(market)
    market.registry.issue(0, A, 95)
    next_day(market)
    assert market.one_way.bid(A, number, 40, 6) is Reason.HOLDING_LIMIT
    assert market.one_way.bid(A, number, 40, 5) is Reason.ACCEPTED
    assert market.one_way.bid(A, number, 41, 5) is Reason.ACCEPTED


def test_a_barred_seller_is_not_sold_for() -> None:
    market = open_market()
    number = announced(market)
    next_day(market)
    market.one_way.bid(A, number, 40, 10)
    market.suspend(np.array([SELLER]))
    assert market.one_way.announce(SELLER, 0, Side.ASK, 10, 40)[0] is Reason.NOT_ADMITTED
    assert not len(finished(market))
    assert (market.events[-1].code, market.events[-1].note) == ("auction_cancelled", "suspended")
    assert market.commitments.is_empty


def test_those_who_leave_take_auctions_and_bids_with_them() -> None:
    market = open_market()
    one, other = announced(market), announced(market, Side.BID, who=C)
    next_day(market)
    market.one_way.bid(A, one, 40, 5)
    market.one_way.bid(B, one, 41, 5)
    market.release_offers([A, C], "a side has closed")
    assert [a.number for a in market.one_way.auctions] == [one]
    assert other != one
    assert sold(finished(market)) == [(B, 5, 41)]
    proved(market)


def test_the_registrar_the_end_of_trading_and_new_terms_cancel_auctions() -> None:
    market = open_market()
    announced(market)
    market.cancel_asks(np.array([SELLER]), 0)
    announced(market)
    market.close_day()
    market.open_day(1, [1], TODAY)
    market.close_day()
    market.open_day(2, [0, 1], TODAY)
    announced(market)
    market.change_terms(rule_book(opening_price_ticks=40))
    assert [e.note for e in market.events if e.code == "auction_cancelled"] == [
        "by the registrar", "not traded any more", "terms of trade change",
    ]  # fmt: skip
    assert market.commitments.is_empty


def test_there_is_no_door_without_a_rule_or_an_instrument() -> None:
    market = market_of(rule_book(), 3)[0]
    with pytest.raises(ExchangeError, match="no rule for one-way"):
        market.one_way.announce(SELLER, 0, Side.ASK, 10, 40)
    with pytest.raises(ExchangeError, match="no instrument 9"):
        market.one_way.announce(SELLER, 9, Side.ASK, 10, 40)


def test_an_auction_under_way_is_put_back_to_the_same_bits() -> None:
    market = open_market(band=PriceBand())
    number = announced(market)
    announced(market, Side.BID, who=C)
    next_day(market)
    market.one_way.bid(A, number, 42, 4)
    market.end_batch()
    saved = market.state()
    again = open_market(band=PriceBand())
    again.restore(saved)
    assert fingerprint(again.state()) == fingerprint(saved)
    assert_orders_are_covered(again)
    assert sold(finished(again, 1)) == sold(finished(market, 1)) == [(A, 4, 42)]


ACTS = st.tuples(
    st.sampled_from(("sell", "buy", "bid", "bid", "withdraw", "relist", "batch", "day")),
    st.sampled_from((SELLER, A, B, C)),
    st.integers(30, 50),
    st.integers(0, 40),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTS, max_size=30))
def test_whatever_is_done_everything_frozen_stands_behind_an_auction(acts: list[tuple]) -> None:
    market = open_market(cash=900, fees=Fees(buyer=Decimal("0.01"), seller=Decimal("0.02")))
    for verb, account, price, lots in acts:
        match verb:
            case "sell" | "buy":
                market.one_way.announce(account, 0, Side.ASK if verb == "sell" else Side.BID, lots, price)
            case "bid":
                for auction in market.one_way.auctions[:1]:
                    market.one_way.bid(account, auction.number, price, lots)
            case "batch":
                market.end_batch()
            case "day":
                next_day(market)
            case _:
                getattr(market.one_way, verb)(account, lots % 5)
    proved(market)
