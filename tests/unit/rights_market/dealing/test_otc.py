"""Offers over the counter in a market by hand: what they freeze, what they cost, and what ends them."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights_market.errors import ExchangeError
from rights_market.exchange.block_trades import BlockInterests
from rights_market.market import Market
from rights_market.policies.trading import (
    Admission,
    BlockAgreement,
    CircuitBreaker,
    ClassAdmission,
    Fees,
    HoldingLimit,
    ModeFees,
    OtcOffer,
    PriceBand,
)
from rights_market.policies.trading.settlement import SettlementCycle
from rights_market.records import Mode, Orders, Reason
from rights_market.registry.accounts import CLEARING_ACCOUNT
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

SELLER, BUYER, THIRD = 2, 3, 4
TODAY = date(2025, 6, 2)
FEES = Fees(buyer=Decimal("0.002"), seller=Decimal("0.002"))


def open_market(otc=None, cash=10**6, **rules) -> Market:
    book = rule_book(opening_price_ticks=5000, otc=otc or OtcOffer(), **rules)
    market = market_of(book, 3)[0]
    market.registry.issue(0, SELLER, 300)
    market.registry.deposit([BUYER, THIRD], [cash, cash])
    market.open_day(0, [0, 1], TODAY)
    return market


def sale(market: Market, price=5000, lots=100, partner=BUYER) -> int:
    reason, number = market.otc.offer(SELLER, partner, 0, Side.ASK, price, lots)
    assert reason is Reason.ACCEPTED
    return number


def proved(market: Market) -> None:
    market.audit()
    assert_orders_are_covered(market)
    assert_journal_replays(market)


def test_a_sale_is_frozen_with_the_offer_and_settled_with_its_acceptance() -> None:
    market = open_market(fees=FEES)
    number = sale(market)
    assert (market.registry.frozen[0, SELLER], market.registry.free[0, SELLER]) == (100, 200)
    reason, trades = market.otc.accept(BUYER, number)
    assert (reason, trades.lots.tolist(), trades.price_ticks.tolist()) == (Reason.ACCEPTED, [100], [5000])
    # 100 lots at 50.00 are 5,000.00; with 0.2 % a side the buyer pays 5,010.00, the seller has 4,990.00.
    assert market.registry.cash[BUYER] == 10**6 - 501_000
    assert market.registry.cash[SELLER] == 499_000
    assert market.registry.cash[CLEARING_ACCOUNT] == 2_000
    assert market.registry.free[0, BUYER] == 100
    assert market.tape.trades["mode"].tolist() == [Mode.OTC]
    assert [c[:2] for c in codes(market, "otc_offer", "otc_accept")] == [("otc_offer", SELLER), ("otc_accept", BUYER)]
    proved(market)


def test_a_purchase_freezes_the_money_with_the_fee() -> None:
    market = open_market(fees=FEES)
    _, number = market.otc.offer(BUYER, SELLER, 0, Side.BID, 5000, 100)
    assert market.registry.cash_frozen[BUYER] == 501_000
    assert_orders_are_covered(market)
    market.otc.accept(SELLER, number)
    assert (market.registry.cash_frozen[BUYER], market.registry.cash[BUYER]) == (0, 10**6 - 501_000)
    proved(market)


def test_an_offer_refused_or_taken_back_releases_what_it_froze() -> None:
    market = open_market()
    assert market.otc.reject(BUYER, sale(market)) is Reason.ACCEPTED
    assert market.otc.withdraw(SELLER, sale(market)) is Reason.ACCEPTED
    assert market.registry.free[0, SELLER] == 300
    assert [c[0] for c in codes(market, "otc_reject", "otc_withdraw")] == ["otc_reject", "otc_withdraw"]
    assert not market.otc.standing


def test_a_counter_offer_takes_the_place_of_the_first_and_there_is_one() -> None:
    market = open_market()
    reason, second = market.otc.counter(BUYER, sale(market), 4900, 60)
    assert reason is Reason.ACCEPTED
    assert (market.registry.frozen[0, SELLER], market.registry.cash_frozen[BUYER]) == (0, 294_000)
    assert market.otc.counter(SELLER, second, 4950, 60)[0] is Reason.NO_COUNTER
    assert market.otc.accept(SELLER, second)[1].price_ticks.tolist() == [4900]
    proved(market)


def test_a_counter_offer_without_cover_leaves_the_first_one() -> None:
    market = open_market(cash=100)
    number = sale(market)
    assert market.otc.counter(BUYER, number, 4900, 60)[0] is Reason.INSUFFICIENT_CASH
    assert [o.number for o in market.otc.standing] == [number]


def test_an_acceptance_without_cover_is_a_refusal() -> None:
    market = open_market(cash=499_999)
    reason, trades = market.otc.accept(BUYER, sale(market))
    assert (reason, len(trades)) == (Reason.INSUFFICIENT_CASH, 0)
    assert market.registry.free[0, SELLER] == 300
    assert [(e.code, e.note) for e in market.events][-1] == ("otc_reject", "sale, uncovered")
    assert market.rejected[Reason.INSUFFICIENT_CASH] == 1


@pytest.mark.parametrize("expiry", [1, 3])
def test_an_offer_lapses_after_its_batches_which_count_on_over_the_night(expiry: int) -> None:
    market = open_market(OtcOffer(expiry=expiry))
    sale(market)
    for day in range(1, expiry + 1):
        assert len(market.otc.standing) == 1
        market.close_day()
        assert market.registry.frozen[0, SELLER] == 100
        market.open_day(day, [0, 1], TODAY)
        market.end_batch()
    assert [c[:4] for c in codes(market, "otc_expire")] == [("otc_expire", SELLER, 0, 100)]
    assert market.registry.free[0, SELLER] == 300


def test_only_the_partner_answers_and_only_the_maker_withdraws() -> None:
    market = open_market()
    number = sale(market)
    assert market.otc.accept(THIRD, number)[0] is Reason.NOT_OWNER
    assert market.otc.reject(THIRD, number) is Reason.NOT_OWNER
    assert market.otc.counter(SELLER, number, 5000, 1)[0] is Reason.NOT_OWNER
    assert market.otc.withdraw(BUYER, number) is Reason.NOT_OWNER
    assert market.otc.accept(BUYER, number + 1)[0] is Reason.UNKNOWN_ORDER
    assert {e.note for e in market.events if e.code == "otc_refused"} == {"not_owner", "unknown_order"}
    assert market.rejected[Reason.NOT_OWNER] == 4


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ((SELLER, SELLER, 0, Side.ASK, 5000, 1), Reason.SELF_TRADE),
        ((SELLER, BUYER, 0, Side.ASK, 5000, 0), Reason.OFF_LOT),
        ((SELLER, BUYER, 0, Side.ASK, 0, 1), Reason.OUTSIDE_PRICE_RANGE),
        ((SELLER, BUYER, 0, Side.ASK, 5501, 1), Reason.OUTSIDE_PRICE_LIMIT),
        ((SELLER, BUYER, 0, Side.ASK, 5000, 301), Reason.INSUFFICIENT_HOLDINGS),
        ((BUYER, SELLER, 0, Side.BID, 5000, 201), Reason.INSUFFICIENT_CASH),
        ((SELLER, 99, 0, Side.ASK, 5000, 1), Reason.UNKNOWN_ACCOUNT),
    ],
)
def test_offers_that_cannot_be_made(terms: tuple, reason: Reason) -> None:
    market = open_market(OtcOffer(band=Decimal("0.1")))
    assert market.otc.offer(*terms) == (reason, -1)
    assert market.events[-1].note == reason.name.lower()
    assert market.commitments.is_empty


def test_without_a_rule_or_an_instrument_there_is_no_door() -> None:
    market = market_of(rule_book(), 3)[0]
    with pytest.raises(ExchangeError, match="no rule for offers"):
        market.otc.offer(SELLER, BUYER, 0, Side.ASK, 5000, 1)
    with pytest.raises(ExchangeError, match="no instrument 9"):
        market.otc.offer(SELLER, BUYER, 9, Side.ASK, 5000, 1)


def test_a_trade_makes_no_price_and_is_in_no_volume_before_it_is_published() -> None:
    market = open_market(OtcOffer(publish_delay=2), band=PriceBand())
    market.otc.accept(BUYER, sale(market, 4000))
    assert market.tape.trades["lots"].tolist() == [100]
    volumes = []
    for day in range(1, 4):
        market.close_day()
        volumes.append(market.traded([0], 1))
        market.open_day(day, [0, 1], TODAY)
    market.close_day()
    assert volumes == [(0, 0), (0, 0), (400_000, 100)]
    mine = market.tape.bars["instrument"] == 0
    assert market.tape.bars["close_ticks"][mine].tolist() == [5000] * 4
    assert market.tape.bars["lots"][mine].tolist() == [0, 0, 100, 0]


def test_without_delay_a_trade_is_in_the_volume_of_its_day() -> None:
    market = open_market(OtcOffer(publish_delay=0))
    market.otc.accept(BUYER, sale(market))
    market.close_day()
    assert (market.tape.bars["lots"][0], market.tape.bars["close_ticks"][0]) == (100, 5000)


def test_nothing_is_offered_or_accepted_while_a_breaker_halts() -> None:
    market = open_market(breaker=CircuitBreaker())
    number = sale(market)
    swap(market, SELLER, BUYER, 0, 1, 5400)
    assert market.otc.accept(BUYER, number)[0] is Reason.MARKET_CLOSED
    assert market.otc.offer(SELLER, BUYER, 0, Side.ASK, 5000, 1)[0] is Reason.MARKET_CLOSED
    for _ in range(3):
        market.submit(Orders.none())
    assert market.otc.accept(BUYER, number)[0] is Reason.ACCEPTED


def test_what_was_bought_today_cannot_be_offered_today() -> None:
    market = open_market(settlement=SettlementCycle(units_lag_days=1))
    market.otc.accept(BUYER, sale(market))
    assert market.otc.offer(BUYER, THIRD, 0, Side.ASK, 5000, 1)[0] is Reason.RESALE_BAN
    market.close_day()
    market.open_day(1, [0, 1], TODAY)
    assert market.otc.offer(BUYER, THIRD, 0, Side.ASK, 5000, 1)[0] is Reason.ACCEPTED


def test_classes_without_the_mode_are_left_out() -> None:
    without = Admission(compliance=ClassAdmission(modes=("book",)))
    market = open_market(admission=without)
    assert market.otc.offer(SELLER, BUYER, 0, Side.ASK, 5000, 1)[0] is Reason.NOT_ADMITTED


def test_barred_sellers_neither_offer_to_sell_nor_accept_a_purchase() -> None:
    market = open_market()
    number, (_, wanted) = sale(market), market.otc.offer(BUYER, SELLER, 0, Side.BID, 5000, 1)
    market.suspend(np.array([SELLER]))
    assert market.otc.accept(BUYER, number)[0] is Reason.NOT_ADMITTED
    assert market.otc.accept(SELLER, wanted)[0] is Reason.NOT_ADMITTED
    assert market.otc.offer(SELLER, BUYER, 0, Side.ASK, 5000, 1)[0] is Reason.NOT_ADMITTED


def test_open_purchases_count_towards_a_holding_limit() -> None:
    market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=100))
    assert market.otc.offer(BUYER, SELLER, 0, Side.BID, 5000, 60)[0] is Reason.ACCEPTED
    assert market.otc.offer(BUYER, SELLER, 0, Side.BID, 5000, 41)[0] is Reason.HOLDING_LIMIT
    assert market.otc.accept(BUYER, sale(market, lots=41))[0] is Reason.HOLDING_LIMIT
    assert market.otc.accept(BUYER, sale(market, lots=40))[0] is Reason.ACCEPTED


def test_offers_of_those_who_leave_are_released_on_both_sides() -> None:
    market = open_market()
    sale(market)
    market.otc.offer(THIRD, SELLER, 0, Side.BID, 5000, 1)
    market.release_offers([SELLER], "a side has closed")
    assert market.commitments.is_empty
    assert [e.note for e in market.events if e.code == "otc_release"] == [
        "sale, a side has closed", "purchase, a side has closed",
    ]  # fmt: skip


def test_the_registrar_gets_at_what_is_offered_for_sale() -> None:
    market = open_market()
    sale(market)
    market.otc.offer(BUYER, SELLER, 0, Side.BID, 5000, 1)
    market.cancel_asks(np.array([SELLER]), 0)
    assert market.registry.free[0, SELLER] == 300
    assert [o.side for o in market.otc.standing] == [Side.BID]


def test_offers_end_where_terms_change_and_where_trading_ends() -> None:
    market = open_market()
    sale(market)
    market.close_day()
    market.open_day(1, [1], TODAY)
    assert not market.otc.standing
    market.close_day()
    market.open_day(2, [0, 1], TODAY)
    sale(market)
    market.change_terms(rule_book(opening_price_ticks=5000, fees=FEES))
    assert market.commitments.is_empty


def test_a_block_leaves_alone_what_stands_behind_an_offer() -> None:
    market = open_market(block=BlockAgreement(min_qty=10))
    sale(market, lots=250)
    market.otc.offer(BUYER, THIRD, 0, Side.BID, 5000, 100)
    one = np.ones(1, np.int64)
    pair = BlockInterests(
        one * SELLER, one * 0, one * 300, one * BUYER, one * 300, one * 0, one * 0, one * 5000, one * 5000, one == 0
    )
    # 50 lots are left of 300, and of 1,000,000 fen 500,000.
    assert market.agree_blocks(pair).lots.tolist() == [50]
    proved(market)


def test_a_market_with_offers_is_put_back_to_the_same_bits() -> None:
    market = open_market()
    market.otc.accept(BUYER, sale(market, lots=10))
    sale(market)
    market.otc.offer(BUYER, THIRD, 0, Side.BID, 5000, 3)
    saved = market.state()
    again = open_market()
    again.restore(saved)
    assert fingerprint(again.state()) == fingerprint(saved)
    assert again.otc.standing == market.otc.standing
    assert_orders_are_covered(again)
    for one in (market, again):
        one.close_day()
        one.open_day(1, [0, 1], TODAY)
        one.close_day()
    assert again.tape.bars["lots"].tolist() == market.tape.bars["lots"].tolist()


ACTS = st.tuples(
    st.sampled_from(("offer", "accept", "reject", "counter", "withdraw", "batch")),
    st.sampled_from((SELLER, BUYER, THIRD)),
    st.sampled_from((SELLER, BUYER, THIRD)),
    st.sampled_from(Side),
    st.integers(4000, 6000),
    st.integers(0, 200),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTS, max_size=25))
def test_whatever_is_done_everything_frozen_stands_behind_an_offer(acts: list[tuple]) -> None:
    market = open_market(OtcOffer(expiry=3, counter=2), fees=FEES)
    for verb, account, other, side, price, lots in acts:
        number = lots % 8
        match verb:
            case "offer":
                market.otc.offer(account, other, 0, side, price, lots)
            case "counter":
                market.otc.counter(account, number, price, lots)
            case "batch":
                market.end_batch()
            case _:
                getattr(market.otc, verb)(account, number)
    proved(market)


def test_offers_may_have_fees_of_their_own() -> None:
    market = open_market(fees=Fees(buyer=Decimal("0.002"), otc=ModeFees(seller=Decimal("0.001"), min_fen=900)))
    market.otc.accept(BUYER, sale(market))
    # 0.1 % of 5,000.00 is 5.00, below the least fee of 9.00; the buyer pays none.
    assert market.registry.cash[BUYER] == 10**6 - 500_000
    assert market.registry.cash[[SELLER, CLEARING_ACCOUNT]].tolist() == [499_100, 900]
    proved(market)
