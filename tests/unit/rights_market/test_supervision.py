"""Who may enter orders, how large, and how much they may make one hold: in a market by hand."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from rights_market.errors import ExchangeError
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.stability.price_collar import PriceCollar
from rights_market.policies.stability.temporary_price_floor import TemporaryPriceFloor
from rights_market.policies.trading import (
    Admission,
    BlockAgreement,
    ClassAdmission,
    HoldingLimit,
    ListedAgreement,
    PriceBand,
)
from rights_market.records import OrderKind, Orders, Reason
from rights_market.registry.accounts import AccountKind
from rights_market.units import Side
from tests.compliance_market import assert_orders_are_covered, codes, fingerprint, market_of, rule_book, swap
from tests.one_block import one_block

SELLER, BUYER, THIRD = 2, 3, 4
TODAY = date(2025, 6, 2)


def open_market(on=TODAY, **rules):
    market = market_of(rule_book(opening_price_ticks=5000, **rules), 3)[0]
    market.registry.issue(0, SELLER, 1_000_000)
    market.registry.deposit([BUYER, THIRD], [10**12, 10**12])
    market.open_day(0, [0, 1], on)
    return market


def bid(lots, who=BUYER, price=4900, **more):
    return Orders.of(who, 0, Side.BID, price, lots, **more)


class TestSize:
    def test_what_is_too_large_for_the_book_goes_to_blocks(self):
        market = open_market(listed=ListedAgreement(), block=BlockAgreement())
        receipt = market.submit(bid([99_999, 100_000, 5]))
        assert receipt.reason.tolist() == [Reason.ACCEPTED, Reason.TOO_LARGE, Reason.ACCEPTED]
        assert receipt.ids()[1] == -1
        assert market.rejected[Reason.TOO_LARGE] == 1
        assert market.book.resting(0).lots.tolist() == [99_999, 5]
        assert len(market.agree_blocks(one_block(SELLER, BUYER))) == 1


class TestHoldingLimit:
    def test_a_bid_beyond_the_limit_is_refused(self):
        market = open_market(holding_limit=HoldingLimit(lots=100))
        market.obligations.set_allocation("CEA", "2024", [500], [BUYER])
        market.registry.issue(0, BUYER, 560)
        assert market.submit(bid(30)).reason.tolist() == [Reason.ACCEPTED]
        assert market.submit(bid(25)).reason.tolist() == [Reason.HOLDING_LIMIT]
        assert market.submit(bid(10)).reason.tolist() == [Reason.ACCEPTED]
        assert market.headroom(*([BUYER], [0])).tolist() == [0]

    def test_or_cut_where_the_rule_trims(self):
        market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=40, trim=True))
        receipt = market.submit(bid([30, 25, 1]))
        assert receipt.reason.tolist() == [Reason.ACCEPTED, Reason.ACCEPTED, Reason.HOLDING_LIMIT]
        assert market.book.resting(0).lots.tolist() == [30, 10]
        assert_orders_are_covered(market)

    def test_pledged_units_and_all_vintages_count(self):
        market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=40))
        market.registry.issue([0, 1], BUYER, [20, 15])
        market.registry.pledge(0, BUYER, 20)
        assert market.submit(bid([6, 5])).reason.tolist() == [Reason.HOLDING_LIMIT, Reason.ACCEPTED]

    def test_what_is_given_may_exceed_the_limit_and_may_be_sold(self):
        market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=40))
        market.registry.issue(0, BUYER, 500)
        assert market.submit(bid(1)).reason.tolist() == [Reason.HOLDING_LIMIT]
        assert market.submit(Orders.of(BUYER, 0, Side.ASK, 5000, 470)).reason.tolist() == [Reason.ACCEPTED]

    def test_a_cancel_always_goes_through(self):
        market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=40))
        resting = market.submit(bid(40)).ids()
        gone = market.submit(Orders.of(BUYER, 0, Side.BID, 0, 0, kind=OrderKind.CANCEL, target=resting))
        assert gone.reason.tolist() == [Reason.ACCEPTED] and len(market.book) == 0

    def test_the_formula_reads_the_cap_of_the_vintage(self):
        cap = AbsolutePath(table={2024: 300, 2025: 300})
        rule = HoldingLimit(limit="formula", base=100)
        market = open_market(cap=cap, holding_limit=rule)
        # 0.1 x 100 + 0.025 x 200 = 15
        assert market.submit(bid([16, 15])).reason.tolist() == [Reason.HOLDING_LIMIT, Reason.ACCEPTED]

    def test_blocks_are_cut_to_the_limit(self):
        market = open_market(
            holding_limit=HoldingLimit(limit="fixed", lots=150_000), block=BlockAgreement(min_qty=100_000)
        )
        assert market.agree_blocks(one_block(SELLER, BUYER, 200_000)).lots.tolist() == [150_000]
        assert len(market.agree_blocks(one_block(SELLER, BUYER, 200_000))) == 0

    def test_large_holders_are_named_the_next_day_and_again_in_another_class(self):
        market = open_market(holding_limit=HoldingLimit(limit="fixed", lots=10**9))
        market.registry.issue(0, BUYER, 80_000)
        for day in (1, 2):
            market.close_day()
            market.open_day(day, [0, 1], TODAY + timedelta(day))
        # 1,000,000 and 80,000 of 1,080,000.
        named = [(e.day, e.account, e.note) for e in market.events if e.code == "large_holder"]
        assert named[:1] == [(0, SELLER, "50 to 100 %")]
        assert named[1:] == [(1, BUYER, "5 to 10 %")]


class TestAdmission:
    def test_institutions_trade_from_their_date_on(self):
        rule = Admission(institution=ClassAdmission(from_date=date(2025, 6, 3)))
        market = open_market(admission=rule)
        fund = market.accounts.open(AccountKind.INSTITUTION, "fund")
        market.registry.deposit(fund, 10**7)
        assert market.submit(bid(1, fund)).reason.tolist() == [Reason.NOT_ADMITTED]
        assert market.submit(bid(1)).reason.tolist() == [Reason.ACCEPTED]
        market.close_day()
        market.open_day(1, [0, 1], date(2025, 6, 3))
        assert market.submit(bid(1, fund)).reason.tolist() == [Reason.ACCEPTED]

    def test_individuals_have_a_limit_of_their_own(self):
        rule = Admission(individual=ClassAdmission(max_holding=10))
        market = open_market(admission=rule)
        person = market.accounts.open(AccountKind.INDIVIDUAL, "person")
        market.registry.deposit(person, 10**7)
        assert market.submit(bid([11, 10], person)).reason.tolist() == [Reason.HOLDING_LIMIT, Reason.ACCEPTED]
        assert market.submit(bid(10_000)).reason.tolist() == [Reason.ACCEPTED]

    def test_blocks_only_for_those_admitted_to_them(self):
        rule = Admission(compliance=ClassAdmission(modes=("book",)))
        market = open_market(admission=rule, block=BlockAgreement())
        assert len(market.agree_blocks(one_block(SELLER, BUYER))) == 0

    def test_orders_of_nobody_are_left_to_the_book(self):
        market = open_market(admission=Admission())
        receipt = market.submit(bid([1, 1], [99, BUYER]))
        assert receipt.reason.tolist() == [Reason.UNKNOWN_ACCOUNT, Reason.ACCEPTED]


class TestFloor:
    RULE = TemporaryPriceFloor(below=Decimal("0.9"), short_days=1, long_days=3, window=2, lift_days=2)

    def days(self, market, *prices):
        """Trade at one price a day."""
        for price in prices:
            swap(market, SELLER, BUYER, 0, 1, price)
            market.close_day()
            market.open_day(market.day + 1, [0, 1], TODAY + timedelta(market.day + 1))

    def test_it_is_set_refuses_orders_and_is_lifted(self):
        market = open_market(price_floor=self.RULE)
        self.days(market, 5000, 5000, 4000)
        # 4,000 lies below 0.9 x 4,666.7; 0.9 x min(5,000, 4,000) = 3,600.
        assert codes(market, "floor_set") == [("floor_set", -1, 0, 0, 0)]
        assert [e.price_ticks for e in market.events if e.code == "floor_set"] == [3600]
        assert market.price_low[0] == 3600 and market.price_low[1] == 1
        assert market.submit(bid(1, price=3599)).reason.tolist() == [Reason.OUTSIDE_PRICE_LIMIT]
        self.days(market, 3960, 3960)
        assert market.price_low[0] == 1
        assert [c[0] for c in codes(market, "floor_lifted")] == ["floor_lifted"]

    def test_a_second_trigger_sets_it_anew_only_if_lower(self):
        market = open_market(price_floor=TemporaryPriceFloor(below=None, dates=(TODAY, TODAY + timedelta(1)), window=1))
        self.days(market, 5000, 5500)
        assert market.price_low[0] == 4500
        lower = open_market(price_floor=TemporaryPriceFloor(below=None, dates=(TODAY, TODAY + timedelta(1)), window=1))
        self.days(lower, 5000, 4600)
        assert lower.price_low[0] == 4140

    @pytest.mark.parametrize(("collar", "low"), [(4400, 4500), (4600, 4600)])
    def test_the_higher_of_two_floors_holds(self, collar, low):
        temporary = TemporaryPriceFloor(below=None, dates=(TODAY,), window=1)
        hard = PriceCollar(floor=collar, ceiling=9000, mode="hard")
        market = open_market(price_floor=temporary, collar=hard)
        self.days(market, 5000)
        assert market.price_low[0] == low
        orders = bid([1, 1], price=[low - 1, low])
        assert market.submit(orders).reason.tolist() == [Reason.OUTSIDE_PRICE_LIMIT, Reason.ACCEPTED]

    def test_a_floor_above_the_band_is_the_only_price(self):
        rule = TemporaryPriceFloor(below=None, dates=(TODAY,), discount=Decimal(0))
        market = open_market(price_floor=rule, band=PriceBand(width=Decimal("0.1")))
        self.days(market, 5000)
        market.guide_price(0, 4000)
        assert (market.price_low[0], market.price_high[0]) == (5000, 5000)


def test_rules_that_go_by_dates_need_one():
    market = market_of(rule_book(admission=Admission()), 3)[0]
    with pytest.raises(ExchangeError, match="needs `on`"):
        market.open_day(0, [0])


def test_a_market_under_supervision_continues_from_its_state():
    rules = {"price_floor": TestFloor.RULE, "holding_limit": HoldingLimit(limit="fixed", lots=50)}
    one, other = open_market(**rules), open_market(**rules)
    TestFloor().days(one, 5000, 5000, 4000)
    other.restore(one.state())
    for market in (one, other):
        TestFloor().days(market, 3960, 3970)
    assert fingerprint(one.state()) == fingerprint(other.state())
