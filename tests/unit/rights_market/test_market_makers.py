"""Market makers in a market by hand: their quota, and the duty to quote both sides."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from rights_market.authority import Authority, Covered
from rights_market.errors import PolicyError
from rights_market.market import Market
from rights_market.policies.trading import Admission, ClassAdmission, HoldingLimit, MarketMakerAdmission
from rights_market.records import Orders, Reason
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.units import Side
from tests.compliance_market import codes, fingerprint, rule_book

FIRM, MAKER, OTHER = 2, 3, 4
TODAY = date(2025, 6, 2)
TERMS = MarketMakerAdmission(quota=1_000, spread_max=Decimal("0.02"), from_date=TODAY)


def open_market(maker: MarketMakerAdmission | None = TERMS, on: date = TODAY, **rules: object) -> Market:
    """A firm, a market maker with a stock, and an institution; one lot at one tick is one fen."""
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["firm"])
    accounts.open(AccountKind.MARKET_MAKER, "maker")
    accounts.open(AccountKind.INSTITUTION, "other")
    admission = Admission(institution=ClassAdmission(max_holding=50), market_maker=maker)
    market = Market([rule_book(opening_price_ticks=5000, admission=admission, **rules)], accounts)
    Authority(market, Covered(firms, ("power",)))
    market.registry.issue(0, [FIRM, MAKER], [10_000, 400])
    market.registry.deposit([FIRM, MAKER, OTHER], 10**9)
    market.open_day(0, [0], on)
    return market


def quote(market: Market, *prices: int, who: int = MAKER) -> None:
    """Enter a bid and an ask of ten lots in one batch, or only the bid."""
    sides = [Side.BID, Side.ASK][: len(prices)]
    assert not market.submit(Orders.of(who, 0, sides, prices, 10)).reason.any()


def missed(market: Market) -> list[str]:
    market.close_day()
    return [e.note for e in market.events if e.code == "quote_missed" and e.account == MAKER]


def test_close_quotes_on_both_sides_meet_the_duty() -> None:
    market = open_market()
    quote(market, 4950, 5050)
    assert missed(market) == []


@pytest.mark.parametrize(("prices", "why"), [((4940, 5050), "too far apart"), ((4990,), "one side")])
def test_other_quotes_do_not(prices: tuple[int, ...], why: str) -> None:
    market = open_market()
    quote(market, *prices)
    assert missed(market) == ["both sides in 0 of 1 batches"], why


def test_half_of_the_batches_are_enough() -> None:
    for early, expected in ((2, []), (3, ["both sides in 1 of 4 batches"])):
        market = open_market()
        for _ in range(early):
            market.submit(Orders.none())
        for _ in range(4 - early):
            quote(market, 4990, 5010)
        assert missed(market) == expected


def test_before_its_date_there_is_no_duty_and_no_trade() -> None:
    market = open_market(on=TODAY - timedelta(1))
    receipt = market.submit(Orders.of(MAKER, 0, Side.BID, 4990, 1))
    assert receipt.reason.tolist() == [Reason.NOT_ADMITTED]
    assert missed(market) == []


def test_its_quota_stands_in_place_of_other_limits() -> None:
    market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=20))
    assert market.headroom(np.array([FIRM, MAKER, OTHER]), np.zeros(3, np.int64)).tolist() == [0, 600, 20]
    reasons = market.submit(Orders.of(MAKER, 0, Side.BID, 4900, [601, 600])).reason
    assert reasons.tolist() == [Reason.HOLDING_LIMIT, Reason.ACCEPTED]


def test_without_terms_it_is_an_institution_like_others() -> None:
    market = open_market(maker=None)
    assert market.headroom(np.array([MAKER, OTHER]), np.zeros(2, np.int64)).tolist() == [0, 50]
    assert market.widest_spread(np.array([MAKER]), np.array([0])).tolist() == [np.inf]
    quote(market, 4990, who=OTHER)
    assert missed(market) == []


def test_a_market_saved_within_a_day_goes_on_counting() -> None:
    market, copy = open_market(), open_market()
    quote(market, 4990, 5010)
    copy.restore(market.state())
    for each in (market, copy):
        each.cancel_asks(np.array([MAKER]), 0)
        for _ in range(2):
            each.submit(Orders.none())
        assert missed(each) == ["both sides in 1 of 3 batches"]
    assert fingerprint(copy.state()) == fingerprint(market.state())
    assert codes(copy, "quote_missed") == codes(market, "quote_missed")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"quota": 5, "modes": ("block",)}, "modes are block, but spread_max needs the book"),
        ({"quota": 0}, "at least 1"),
        ({"quota": 5, "spread_max": Decimal(0)}, "above 0"),
    ],
)
def test_terms_that_make_no_sense_are_refused(fields: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        MarketMakerAdmission(**fields)
