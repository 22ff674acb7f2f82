"""Terms of call auctions in a market by hand: shares, ties, what is shown before, and reopenings."""

from datetime import date
from decimal import Decimal

import pytest

from rights_market.errors import PolicyError
from rights_market.market import Market
from rights_market.policies.trading import CallAuctionTerms, CircuitBreaker, Level
from rights_market.records import Mode, Orders
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, market_of, rule_book

SELLER, BUYER, THIRD = 2, 3, 4
BID, ASK = Side.BID, Side.ASK


def open_market(call: CallAuctionTerms | None, **rules: object) -> Market:
    market = market_of(rule_book(opening_price_ticks=5000, call=call, **rules), 3)[0]
    market.registry.issue(0, SELLER, 1_000)
    market.registry.deposit([BUYER, THIRD], 10**8)
    market.open_day(0, [0], date(2025, 6, 2))
    return market


TWO_BIDS = Orders.of([BUYER, THIRD, SELLER], 0, [BID, BID, ASK], 5000, [60, 40, 50])


@pytest.mark.parametrize(("ration", "filled"), [("time", [50, 0, 50]), ("pro_rata", [30, 20, 50])])
def test_what_is_scarce_goes_by_time_or_by_lots(ration: str, filled: list[int]) -> None:
    market = open_market(CallAuctionTerms(ration=ration))  # type: ignore[arg-type]
    assert market.call_auction(TWO_BIDS).filled.tolist() == filled
    market.close_day()
    market.audit()
    assert_journal_replays(market)


@pytest.mark.parametrize(("tie", "price"), [("midpoint", 5100), ("previous_close", 5000)])
def test_of_equally_good_prices_one_is_taken(tie: str, price: int) -> None:
    market = open_market(CallAuctionTerms(tie=tie))  # type: ignore[arg-type]
    receipt = market.call_auction(Orders.of([BUYER, SELLER], 0, [BID, ASK], [5300, 4900], 10))
    assert receipt.trades.price_ticks.tolist() == [price]


def test_an_indicative_price_is_published_and_binds_nobody() -> None:
    market = open_market(CallAuctionTerms(show=True))
    (found,) = market.indicate(TWO_BIDS)
    assert (found.price_ticks, found.lots, found.surplus) == (5000, 50, 50)
    (event,) = [e for e in market.events if e.code == "indicative_price"]
    assert (event.hook, event.price_ticks, event.lots, event.note) == ("session_open", 5000, 50, "50 lots more bid for")
    assert len(market.book) == 0 and not market.registry.cash_frozen.any()
    assert market.call_auction(Orders.none()).trades.lots.size == 0


def test_without_the_rule_nothing_is_shown() -> None:
    market = open_market(CallAuctionTerms())
    assert market.indicate(TWO_BIDS) == [] and market.events == []


def test_a_reopening_shares_in_the_same_way() -> None:
    breaker = CircuitBreaker(levels=(Level(move=Decimal("0.08"), batches=1),))
    market = open_market(CallAuctionTerms(ration="pro_rata"), breaker=breaker)
    market.submit(Orders.of([SELLER, BUYER], 0, [ASK, BID], 5400, 10))
    market.submit(Orders.of([BUYER, THIRD, SELLER], 0, [BID, BID, ASK], 5400, [60, 40, 50]))
    receipt = market.submit(Orders.none())
    assert sorted(receipt.trades.lots.tolist()) == [20, 30]
    assert market.tape.trades["mode"].tolist() == [Mode.CONTINUOUS, Mode.CALL, Mode.CALL]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (CallAuctionTerms(), "`call` is given, but opening_call is false and no breaker reopens with a call"),
        (CallAuctionTerms(show=True), "opening_call is false"),
    ],
)
def test_terms_of_a_call_that_nobody_holds_are_refused(call: CallAuctionTerms, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        rule_book(call=call, opening_call=False)


def test_an_indication_needs_the_opening_call() -> None:
    with pytest.raises(PolicyError, match=r"call\.show publishes a price before the opening call"):
        rule_book(call=CallAuctionTerms(show=True), opening_call=False, breaker=CircuitBreaker())
