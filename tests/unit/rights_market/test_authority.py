"""Compliance years worked by hand, in lots and fen."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from rights_market.authority import Authority, Covered, fine_per_lot, lump_fine_fen, mean_price_fen
from rights_market.errors import ExchangeError
from rights_market.market import Market
from rights_market.policies.allocation import Grandfathering, UpfrontTrueUp, Where
from rights_market.policies.banking import BankCap, CappedBanking, FreeBanking, NoBanking
from rights_market.policies.compliance import MakeGood, Penalty, Stage, Surrender
from rights_market.policies.trading import OneWayAuction, OtcOffer
from rights_market.records import Event, Orders
from rights_market.registry.accounts import CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT, AccountKind, Accounts
from rights_market.registry.obligations import Debt
from rights_market.units import Side
from tests.compliance_market import (
    CEA,
    assert_journal_replays,
    codes,
    fingerprint,
    lots,
    market_of,
    period,
    rule_book,
    swap,
)

Y24, Y25 = period(2024), period(2025)
A, B, C = 2, 3, 4
PRICE = {30: Fraction(6800)}
TEN_TIMES = Penalty(form="multiple", low=Decimal(5), high=Decimal(10), by="gap_share")


def year_book(**rules):
    given = {
        "upfront": UpfrontTrueUp(),
        "penalties": (TEN_TIMES,),
        "make_good": MakeGood(mode="deduct_allocation"),
    }
    return rule_book(**given | rules)


def hold(authority, *free, instrument=0):
    """Give the firms lots outside any allocation."""
    authority.market.registry.issue(instrument, authority.firms.accounts, lots(*free))


def firms_of(array):
    return array[[A, B, C]].tolist()


class TestTwoYears:
    """Three firms: A sells what it is given too much, B has plenty, C is short."""

    def play_first_year(self):
        market, authority, _ = market_of(year_book(), 3)
        registry = market.registry
        registry.deposit([B, C], [5_000_000, 1_000_000])
        authority.plans.announce("CEA", Y24)
        # 70 % of 1,003, 500 and 1,000, rounded down.
        assert authority.plans.preallocate("CEA", Y24, lots(1003, 500, 1000)).tolist() == [702, 350, 700]
        market.open_day(0, [0])
        swap(market, A, B, 0, 562, 6800)
        swap(market, A, C, 0, 100, 6800)
        market.close_day()
        registry.pledge(0, A, 10)
        assert registry.free[0, A] == 30
        authority.verify("CEA", Y24, lots(20, 900, 1000))
        # A: 650 - 702 = -52, of which 30 are free and taken; 22 become debt and the pledge stays.
        assert authority.plans.true_up("CEA", Y24, lots(650, 560, 780)).tolist() == [-30, 210, 80]
        return market, authority

    def test_allocation_and_true_up(self):
        market, authority = self.play_first_year()
        registry, obligations = market.registry, market.obligations
        assert firms_of(registry.free[0]) == [0, 350 + 562 + 210, 700 + 100 + 80]
        assert registry.pledged[0, A] == 10
        assert firms_of(obligations.debt_lots("CEA", "2024", Debt.ALLOCATION)) == [22, 0, 0]
        assert firms_of(obligations.preallocated_lots("CEA", "2024")) == [702, 350, 700]
        assert firms_of(obligations.allocated_lots("CEA", "2024")) == [650, 560, 780]
        assert codes(market, "clawed_back", "allocation_debt") == [
            ("clawed_back", -1, 0, 30, 0),
            ("allocation_debt", A, 0, 22, 0),
        ]
        assert firms_of(registry.cash) == [662 * 6800, 5_000_000 - 562 * 6800, 320_000]

    def play_to_the_fines(self):
        market, authority = self.play_first_year()
        missing = authority.surrender("CEA", Y24)
        fines = authority.shortfalls.penalise("CEA", Y24, PRICE)
        return market, authority, missing, fines

    def test_surrender_counts_the_debt_once(self):
        market, _, missing, _ = self.play_to_the_fines()
        obligations = market.obligations
        # A: 20 used and 22 of debt, nothing free; C: 1,000 against 880.
        assert missing.tolist() == [42, 0, 120]
        assert firms_of(obligations.duty_lots("CEA", "2024")) == [42, 900, 1000]
        assert firms_of(obligations.surrendered_lots("CEA", "2024")) == [0, 900, 880]
        assert not obligations.debt_lots("CEA", "2024").any()
        assert market.registry.total("surrendered").tolist() == [1780, 0]
        assert market.registry.free[0, B] == 222
        assert codes(market, "shortfall") == [("shortfall", A, 0, 42, 0), ("shortfall", C, 0, 120, 0)]

    def test_fines_are_taken_from_cash_and_the_rest_stays_owed(self):
        market, authority, _, fines = self.play_to_the_fines()
        # C: 120 of 1,000 missing, 5.6 times 68.00; A: more missing than used, 10 times.
        assert fines.tolist() == [42 * 68_000, 0, 4_569_600]
        assert firms_of(market.registry.cash) == [4_501_600 - 2_856_000, 1_178_400, 0]
        assert market.registry.cash[GOVERNMENT_ACCOUNT] == 2_856_000 + 320_000
        assert authority.unpaid_fines_fen.tolist() == [0, 0, 4_249_600]
        assert authority.fines_fen["CEA", "2024"].tolist() == fines.tolist()
        assert codes(market, "fined", "fine_unpaid") == [
            ("fined", A, 0, 42, 2_856_000),
            ("fined", C, 0, 120, 4_569_600),
            ("fine_unpaid", C, 0, 0, 4_249_600),
        ]

    def test_late_payers_pay_more_up_to_twice_the_fine(self):
        market, authority, _, _ = self.play_to_the_fines()
        registry = market.registry
        registry.deposit(C, 1_000_000)
        # 100 days at 0.05 % are 5 %: 952,381 of the fine and 47,619 on it.
        assert authority.shortfalls.collect(100).tolist() == [0, 0, 1_000_000]
        assert authority.unpaid_fines_fen.tolist() == [0, 0, 4_249_600 - 952_381]
        assert authority.fines.late_fees_fen()[2] == 164_861
        registry.deposit(C, 2 * 3_297_219 + 5)
        assert authority.shortfalls.collect(2900).tolist() == [0, 0, 2 * 3_297_219]
        assert registry.cash[C] == 5
        assert not authority.unpaid_fines_fen.any()
        assert authority.shortfalls.collect(1).tolist() == [0, 0, 0]
        assert_journal_replays(market)

    def test_a_shortfall_is_deducted_and_then_due(self):
        market, authority, _, _ = self.play_to_the_fines()
        registry, obligations = market.registry, market.obligations
        authority.shortfalls.make_good("CEA", Y24, Y25)
        authority.close_banking("CEA", Y24, Y25, date(2026, 1, 4))
        assert firms_of(obligations.debt_lots("CEA", "2025")) == [42, 0, 120]
        # 210 less 42; 350; 100 all deducted, 20 left to serve.
        assert authority.plans.preallocate("CEA", Y25, lots(300, 500, 143)).tolist() == [168, 350, 0]
        assert firms_of(obligations.debt_lots("CEA", "2025")) == [0, 0, 20]
        authority.verify("CEA", Y25, lots(200, 600, 30))
        assert authority.plans.true_up("CEA", Y25, lots(300, 500, 110)).tolist() == [90, 150, 0]
        assert firms_of(obligations.debt_lots("CEA", "2025")) == [0, 0, 10]
        # B hands in the 222 it kept and 378 of 500 new ones; C misses 30 and the 10 it still owed.
        assert authority.surrender("CEA", Y25).tolist() == [0, 0, 40]
        assert registry.total("surrendered").tolist() == [1780 + 222, 200 + 378]
        assert firms_of(registry.free[1]) == [58, 122, 0]
        authority.shortfalls.make_good("CEA", Y25, None)
        assert codes(market, "rule_unmet") == [("rule_unmet", -1, 1, 40, 0)]
        assert not obligations.debt_lots("CEA", "2025").any()
        market.audit()
        assert_journal_replays(market)

    def test_what_is_done_is_not_done_twice(self):
        _, authority, _, _ = self.play_to_the_fines()
        with pytest.raises(ExchangeError, match="surrender of CEA 2024 is done"):
            authority.surrender("CEA", Y24)
        with pytest.raises(ExchangeError, match="fined before"):
            authority.shortfalls.penalise("CEA", Y24, PRICE)

    def test_a_restored_copy_goes_on_to_the_same_bytes(self):
        market, authority, _, _ = self.play_to_the_fines()
        copy = Market([year_book()], Accounts())
        copy.restore(market.state())
        twin = Authority(copy, authority.firms)
        twin.restore(authority.state())
        for either in (authority, twin):
            either.market.registry.deposit(C, 1_000_000)
            either.shortfalls.collect(40)
            either.shortfalls.make_good("CEA", Y24, Y25)
            either.close_banking("CEA", Y24, Y25, date(2026, 1, 4))
            either.plans.preallocate("CEA", Y25, lots(300, 500, 143))
            either.surrender("CEA", Y25)
        assert fingerprint(copy.state()) == fingerprint(market.state())
        assert fingerprint(twin.state()) == fingerprint(authority.state())


class TestAllocation:
    def test_all_of_it_is_issued_at_once_without_an_early_part(self):
        market, authority, _ = market_of(rule_book(), 3)
        assert authority.plans.preallocate("CEA", Y24, lots(10, 20, 30)).tolist() == [10, 20, 30]
        assert firms_of(market.obligations.allocated_lots("CEA", "2024")) == [10, 20, 30]
        assert authority.plans.true_up("CEA", Y24, lots(15, 20, 25)).tolist() == [5, 0, 0]
        assert codes(market, "rule_unmet") == [("rule_unmet", -1, 0, 5, 0)]

    def test_true_down_cancels_sell_orders_and_takes_lots_bought_today(self):
        market, authority, _ = market_of(year_book(), 3)
        authority.plans.preallocate("CEA", Y24, lots(100, 100, 0))
        market.registry.deposit(B, 1_000_000)
        market.open_day(0, [0])
        swap(market, A, B, 0, 20, 6800)
        market.submit(Orders.of([A, B], 0, [Side.ASK, Side.BID], [6900, 6700], [45, 3]))
        assert authority.plans.true_up("CEA", Y24, lots(50, 0, 0)).tolist() == [-20, -70, 0]
        # A's 50 less 20; B's 70 and 20 of today less 70: what is left of the day's purchase is all of it.
        assert firms_of(market.registry.free[0]) == [30, 20, 0]
        assert codes(market, "order_cancelled_by_registrar") == [("order_cancelled_by_registrar", A, 0, 45, 0)]
        assert market.best_bid[0] == 6700
        assert_journal_replays(market)

    def test_sell_orders_stay_where_the_rule_leaves_them(self):
        market, authority, _ = market_of(year_book(upfront=UpfrontTrueUp(cancel_orders=False)), 3)
        authority.plans.preallocate("CEA", Y24, lots(100, 0, 0))
        market.open_day(0, [0])
        market.submit(Orders.of(A, 0, Side.ASK, 6900, 45))
        assert authority.plans.true_up("CEA", Y24, lots(30, 0, 0)).tolist() == [-25, 0, 0]
        assert market.registry.frozen[0, A] == 45
        assert market.obligations.debt_lots("CEA", "2024")[A] == 15

    def test_the_newest_valid_vintage_is_taken_first_where_any_will_do(self):
        market, authority, _ = market_of(year_book(upfront=UpfrontTrueUp(recover_from="any_valid")), 3)
        hold(authority, 40, 0, 0)
        authority.plans.preallocate("CEA", Y25, lots(100, 0, 0))
        market.registry.pledge(1, A, 60)
        assert authority.plans.true_up("CEA", Y25, lots(20, 0, 0)).tolist() == [-50, 0, 0]
        assert market.registry.free[:, A].tolist() == [0, 0]

    def test_debt_of_a_true_down_is_netted_from_the_next_allocation(self):
        upfront = UpfrontTrueUp(unrecovered="next_allocation")
        market, authority, _ = market_of(year_book(upfront=upfront, make_good=MakeGood()), 3)
        authority.plans.preallocate("CEA", Y24, lots(100, 100, 0))
        market.registry.pledge(0, [A, B], 70)
        authority.plans.true_up("CEA", Y24, lots(40, 0, 0))
        assert not market.obligations.debt_lots("CEA", "2024").any()
        market.obligations.add_debt("CEA", "2025", Debt.MAKE_GOOD, 5, [A])
        # Make-good waits for the duty here; the debt of 70 is larger than B's pre-allocation and its true-up.
        assert authority.plans.preallocate("CEA", Y25, lots(100, 60, 0)).tolist() == [40, 0, 0]
        assert authority.plans.true_up("CEA", Y25, lots(100, 65, 0)).tolist() == [30, 0, 0]
        assert firms_of(market.obligations.debt_lots("CEA", "2025")) == [5, 5, 0]
        market.registry.pledge(1, A, 70)
        authority.plans.true_up("CEA", Y25, lots(60, 65, 0))
        assert codes(market, "rule_unmet") == [("rule_unmet", -1, 1, 10, 0)]

    def test_an_allocation_serves_make_good_then_borrowing_then_lots_owed_from_the_one_before(self):
        upfront = UpfrontTrueUp(share=Decimal(1), unrecovered="next_allocation")
        market, authority, _ = market_of(year_book(upfront=upfront), 3)
        for kind, owed in ((Debt.ALLOCATION, 60), (Debt.BORROWED, 50), (Debt.MAKE_GOOD, 120)):
            market.obligations.add_debt("CEA", "2025", kind, owed, [A, B])
        assert authority.plans.preallocate("CEA", Y25, lots(700, 200, 0)).tolist() == [470, 0, 0]
        assert codes(market, "deducted") == [("deducted", -1, 1, x, 0) for x in (240, 100, 90)]
        assert firms_of(market.obligations.debt_lots("CEA", "2025", Debt.ALLOCATION)) == [0, 30, 0]
        # What an allocation cannot serve is due at once.
        authority.verify("CEA", Y25, lots(0, 10, 0))
        assert authority.surrender("CEA", Y25).tolist() == [0, 40, 0]

    def test_debt_of_a_true_down_is_paid_at_last_months_mean_price(self):
        market, authority, _ = market_of(year_book(upfront=UpfrontTrueUp(unrecovered="cash")), 3)
        market.registry.deposit(C, 10_000_000)
        authority.plans.preallocate("CEA", Y24, lots(200, 200, 0))
        market.open_day(0, [0])
        swap(market, A, C, 0, 1, 7000)
        swap(market, B, C, 0, 2, 7001)
        market.close_day()
        market.registry.pledge(0, [A, B], [139, 138])
        market.registry.deposit(A, 41_000)
        # Mean 21,002 / 3 fen: A pays 6 lots of 10 from 48,000 (42,004), B 2 of 10 from 14,002 (14,001.33).
        authority.plans.true_up("CEA", Y24, lots(130, 130, 0))
        assert codes(market, "allocation_debt_paid", "allocation_debt") == [
            ("allocation_debt_paid", A, 0, 6, 42_004),
            ("allocation_debt_paid", B, 0, 2, 14_001),
            ("allocation_debt", A, 0, 4, 0),
            ("allocation_debt", B, 0, 8, 0),
        ]
        assert firms_of(market.obligations.debt_lots("CEA", "2024")) == [4, 8, 0]
        assert firms_of(market.registry.cash)[:2] == [48_000 - 42_004, 1]

    def test_a_total_that_nobody_can_share_is_written_down(self):
        entry = Grandfathering(base_years=(2023,), total=90)
        market, authority, _ = market_of(rule_book(allocation=(entry,)), 3)
        authority.entitlements["CEA"].report_use(2023, lots(0, 0, 0))
        authority.plans.announce("CEA", Y24)
        assert codes(market, "nothing_to_share") == [("nothing_to_share", -1, 0, 90, 0)]
        authority.entitlements["CEA"].report_use(2023, lots(0, 7, 0))
        authority.plans.announce("CEA", Y25)
        assert len(codes(market, "nothing_to_share")) == 1


class TestSurrender:
    def test_oldest_vintage_first_later_ones_and_pledges_never(self):
        market, authority, _ = market_of(rule_book(2023, 2024, 2025), 3)
        hold(authority, 40, 0, 0)
        hold(authority, 50, 0, 0, instrument=1)
        hold(authority, 40, 0, 0, instrument=2)
        market.registry.pledge(1, A, 20)
        authority.verify("CEA", Y24, lots(100, 0, 0))
        assert authority.surrender("CEA", Y24).tolist() == [30, 0, 0]
        assert market.registry.free[:, A].tolist() == [0, 0, 40]
        assert market.registry.pledged[1, A] == 20
        assert codes(market, "surrendered") == [("surrendered", -1, 0, 40, 0), ("surrendered", -1, 1, 30, 0)]

    def test_sell_orders_in_usable_instruments_are_cancelled_and_todays_lots_count(self):
        market, authority, _ = market_of(rule_book(), 3)
        hold(authority, 40, 10, 0)
        hold(authority, 5, 0, 0, instrument=1)
        market.registry.deposit(B, 1_000_000)
        market.open_day(0, [0, 1])
        swap(market, A, B, 0, 10, 6800)
        market.submit(Orders.of([A, A, B], [0, 1, 0], [Side.ASK, Side.ASK, Side.BID], [7000, 7000, 6700], [25, 5, 2]))
        authority.verify("CEA", Y24, lots(30, 20, 0))
        assert authority.surrender("CEA", Y24).tolist() == [0, 0, 0]
        assert firms_of(market.registry.free[0]) == [0, 0, 0]
        assert market.registry.frozen[:, A].tolist() == [0, 5]
        assert codes(market, "order_cancelled_by_registrar") == [("order_cancelled_by_registrar", A, 0, 25, 0)]

    def test_lots_behind_offers_and_announced_auctions_are_surrendered_as_well(self):
        market, authority, _ = market_of(rule_book(otc=OtcOffer(), one_way=OneWayAuction()), 3)
        hold(authority, 40, 0, 0)
        market.open_day(0, [0, 1])
        market.otc.offer(A, B, 0, Side.ASK, 7000, 15)
        market.one_way.announce(A, 0, Side.ASK, 20, 7000)
        market.close_day()
        authority.verify("CEA", Y24, lots(30, 0, 0))
        assert authority.surrender("CEA", Y24).tolist() == [0, 0, 0]
        assert market.registry.free[0, A] == 10
        assert market.commitments.is_empty
        assert codes(market, "order_cancelled_by_registrar") == [("order_cancelled_by_registrar", A, 0, 35, 0)]

    def test_a_duty_of_0_leaves_orders_alone(self):
        market, authority, _ = market_of(rule_book(), 3)
        hold(authority, 40, 0, 0)
        market.open_day(0, [0])
        market.submit(Orders.of(A, 0, Side.ASK, 7000, 25))
        authority.verify("CEA", Y24, lots(0, 0, 0))
        authority.surrender("CEA", Y24)
        assert market.registry.frozen[0, A] == 25

    def test_stages_ask_for_a_part_rounded_up_and_the_deadline_for_the_rest(self):
        first = date(2025, 11, 1)
        surrender = Surrender(stages=(Stage(days_before=60, share=Decimal("0.3")),))
        staged = period(2024, stages=(first,))
        market, authority, _ = market_of(rule_book(periods=(staged,), surrender=surrender), 3)
        hold(authority, 100, 20, 0)
        authority.verify("CEA", staged, lots(101, 90, 0))
        # 30.3 and 27: 31 are taken, and 20 of 27.
        assert authority.surrender("CEA", staged).tolist() == [0, 7, 0]
        assert codes(market, "stage_shortfall", "shortfall") == [("stage_shortfall", B, 0, 7, 0)]
        assert firms_of(market.obligations.surrendered_lots("CEA", "2024")) == [31, 20, 0]
        market.obligations.add_debt("CEA", "2024", Debt.MAKE_GOOD, 4, [B])
        hold(authority, 0, 60, 0)
        assert authority.surrender("CEA", staged).tolist() == [1, 14, 0]
        assert firms_of(market.obligations.duty_lots("CEA", "2024")) == [101, 94, 0]
        assert not market.obligations.debt_lots("CEA", "2024").any()
        with pytest.raises(ExchangeError, match="is done"):
            authority.surrender("CEA", staged)

    def test_lots_of_a_stage_stay_surrendered_when_less_use_is_found(self):
        staged = period(2024, stages=(date(2025, 11, 1),))
        surrender = Surrender(stages=(Stage(days_before=60, share=Decimal("0.5")),))
        market, authority, _ = market_of(rule_book(periods=(staged,), surrender=surrender), 3)
        hold(authority, 100, 0, 0)
        authority.verify("CEA", staged, lots(100, 0, 0))
        authority.surrender("CEA", staged)
        authority.verify("CEA", staged, lots(40, 0, 0))
        assert authority.surrender("CEA", staged).tolist() == [0, 0, 0]
        assert firms_of(market.obligations.duty_lots("CEA", "2024")) == [50, 0, 0]
        assert market.registry.free[0, A] == 50

    def test_without_verified_use_last_years_is_raised_by_a_tenth(self):
        market, authority, _ = market_of(rule_book(), 3)
        hold(authority, 1000, 0, 0, instrument=1)
        authority.verify("CEA", Y24, lots(101, 0, 0))
        authority.surrender("CEA", Y25)
        assert market.obligations.verified_lots("CEA", "2025")[A] == 112
        assert codes(market, "estimated") == [("estimated", -1, 1, 112, 0)]

    def test_without_any_verified_use_the_rule_is_unmet(self):
        market, authority, _ = market_of(rule_book(), 3)
        assert authority.surrender("CEA", Y24).tolist() == [0, 0, 0]
        assert codes(market, "rule_unmet") == [("rule_unmet", -1, 0, 0, 0)]


class TestCover:
    """A year's use is compared with what was held on average; nothing is handed in."""

    YEARS = tuple(
        period(y, verify=date(y + 1, 1, 20), true_up=date(y + 1, 1, 25), deadline=date(y + 1, 1, 31))
        for y in (2025, 2026)
    )

    def start(self, banking, **of_2025):
        book = rule_book(
            periods=self.YEARS, surrender=Surrender(mode="cover"), banking=banking, make_good=MakeGood(), penalties=()
        )
        return market_of(book, 3)

    def test_the_mean_holding_is_rounded_down_and_stays(self):
        market, authority, _ = self.start(NoBanking())
        hold(authority, 10, 10, 10)
        market.registry.pledge(0, C, 10)
        # 219 days at 10, then 146 at 6: 8.4 on average for A.
        authority.count_day(date(2025, 1, 1), 219)
        market.registry.transfer(0, A, B, 4)
        authority.count_day(date(2025, 8, 8), 146)
        authority.verify("CEA", self.YEARS[0], lots(9, 12, 10))
        assert authority.surrender("CEA", self.YEARS[0]).tolist() == [1, 1, 0]
        assert market.registry.total("surrendered").tolist() == [0, 0]
        assert firms_of(market.obligations.surrendered_lots("CEA", "2025")) == [8, 11, 10]
        assert codes(market, "covered") == [("covered", -1, 0, 29, 0)]

    def test_lots_of_next_year_do_not_cover_this_one(self):
        """A holds 10 for 100 days, and 7 of the next year for the last 40 of them."""
        _, authority, _ = self.start(NoBanking())
        hold(authority, 10, 0, 0)
        authority.count_day(date(2025, 9, 23), 60)
        hold(authority, 7, 0, 0, instrument=1)
        authority.count_day(date(2025, 11, 22), 40)
        held, days = authority.held_so_far("CEA", self.YEARS[0])
        assert (held.tolist(), days) == ([1000, 0, 0], 100)
        authority.verify("CEA", self.YEARS[0], lots(12, 0, 0))
        assert authority.surrender("CEA", self.YEARS[0]).tolist() == [2, 0, 0]

    def test_lots_lapse_and_do_not_cover_a_second_year_while_they_wait(self):
        market, authority, _ = self.start(NoBanking())
        hold(authority, 100, 100, 100)
        authority.count_day(date(2025, 1, 1), 365)
        hold(authority, 80, 80, 80, instrument=1)
        authority.count_day(date(2026, 1, 1), 31)
        authority.verify("CEA", self.YEARS[0], lots(100, 100, 102))
        assert authority.surrender("CEA", self.YEARS[0]).tolist() == [0, 0, 2]
        authority.shortfalls.make_good("CEA", *self.YEARS)
        authority.close_banking("CEA", *self.YEARS, date(2026, 2, 2))
        assert not market.registry.free[0].any()
        authority.count_day(date(2026, 2, 1), 334)
        authority.verify("CEA", self.YEARS[1], lots(80, 81, 80))
        # C owes the 2 of last year beside its use.
        assert authority.surrender("CEA", self.YEARS[1]).tolist() == [0, 1, 2]

    def test_a_right_that_stays_valid_covers_every_year(self):
        _, authority, _ = self.start(FreeBanking())
        hold(authority, 10, 10, 10)
        authority.count_day(date(2026, 1, 1), 365)
        authority.verify("CEA", self.YEARS[1], lots(10, 11, 0))
        assert authority.surrender("CEA", self.YEARS[1]).tolist() == [0, 1, 0]

    def test_days_outside_the_year_do_not_count(self):
        _, authority, _ = self.start(FreeBanking())
        hold(authority, 10, 10, 10)
        # The last trading day stands for itself, two days of the year and one of the next.
        authority.count_day(date(2025, 12, 29), 4)
        hold(authority, 90, 90, 90)
        authority.count_day(date(2026, 1, 2), 10)
        authority.verify("CEA", self.YEARS[0], lots(10, 11, 0))
        assert authority.surrender("CEA", self.YEARS[0]).tolist() == [0, 1, 0]

    def test_without_a_counted_day_the_rule_is_unmet(self):
        market, authority, _ = self.start(FreeBanking())
        authority.verify("CEA", self.YEARS[0], lots(10, 11, 0))
        assert authority.surrender("CEA", self.YEARS[0]).tolist() == [0, 0, 0]
        assert codes(market, "rule_unmet") == [("rule_unmet", -1, 0, 21, 0)]


class TestFines:
    @pytest.mark.parametrize(
        ("rule", "draws", "fen"),
        [
            (Penalty(form="fixed", fen_per_lot=10_000, index=Decimal("1.21")), None, 120 * 12_100),
            (Penalty(form="multiple", low=Decimal(3)), None, 120 * 20_400),
            (Penalty(form="multiple", low=Decimal(3), cap=10_000), None, 120 * 10_000),
            (TEN_TIMES, None, 4_569_600),
            (Penalty(form="lump", lump_low=2_000_000, lump_high=3_000_000), None, 2_500_000),
            (Penalty(form="lump", lump_low=2_000_000, lump_high=3_000_000), np.array([0.1, 0.2, 0.9]), 2_900_000),
        ],
    )
    def test_each_form(self, rule, draws, fen):
        market, authority, _ = market_of(rule_book(penalties=(rule,)), 3)
        hold(authority, 5, 0, 880)
        market.registry.deposit(C, 10_000_000)
        authority.verify("CEA", Y24, lots(5, 0, 1000))
        authority.surrender("CEA", Y24)
        assert authority.shortfalls.penalise("CEA", Y24, PRICE, draws).tolist() == [0, 0, fen]
        assert market.registry.cash[C] == 10_000_000 - fen
        assert not authority.unpaid_fines_fen.any()

    def test_debts_are_fined_but_do_not_widen_the_obligation(self):
        market, authority, _ = market_of(rule_book(penalties=(TEN_TIMES,)), 3)
        market.obligations.add_debt("CEA", "2024", Debt.MAKE_GOOD, [100, 50], [A, B])
        hold(authority, 100, 0, 0)
        authority.verify("CEA", Y24, lots(200, 0, 0))
        authority.surrender("CEA", Y24)
        # A misses 200 of 300, which are all of its use of 200; B used nothing: both pay 10 times.
        assert authority.shortfalls.penalise("CEA", Y24, PRICE).tolist() == [200 * 68_000, 50 * 68_000, 0]

    def test_each_rule_takes_the_price_of_its_own_window(self):
        half_year = Penalty(form="multiple", low=Decimal(3), price_window=182)
        lump = Penalty(form="lump", lump_low=5, lump_high=5, price_window=7)
        market, authority, _ = market_of(rule_book(penalties=(TEN_TIMES, half_year, lump)), 3)
        assert authority.shortfalls.price_windows("CEA", Y24) == {30, 182}
        authority.verify("CEA", Y24, lots(1, 0, 0))
        authority.surrender("CEA", Y24)
        prices = {30: Fraction(100), 182: Fraction(10)}
        assert authority.shortfalls.penalise("CEA", Y24, prices).tolist() == [10 * 100 + 3 * 10 + 5, 0, 0]

    def test_rules_that_meet_add_up_and_years_are_told_apart(self):
        lump = Penalty(form="lump", lump_low=100, lump_high=100)
        fixed = Penalty(form="fixed", fen_per_lot=7)
        entries = (
            replace(lump, where=Where(years=(2024,))),
            fixed,
            replace(TEN_TIMES, where=Where(sectors=("steel",))),
        )
        market, authority, _ = market_of(rule_book(penalties=entries), 3)
        market.registry.deposit(A, 104)
        authority.verify("CEA", Y24, lots(3, 0, 0))
        authority.surrender("CEA", Y24)
        assert authority.shortfalls.penalise("CEA", Y24, PRICE).tolist() == [121, 0, 0]
        assert authority.unpaid_fines_fen.tolist() == [17, 0, 0]
        assert [rule for rule, _ in authority.shortfalls.penalties_of("CEA", Y25)] == [fixed]

    def test_a_payment_never_leaves_less_than_nothing(self):
        market, authority, _ = market_of(rule_book(penalties=(Penalty(form="fixed", fen_per_lot=1),)), 3)
        authority.verify("CEA", Y24, lots(1000, 1000, 0))
        authority.surrender("CEA", Y24)
        authority.shortfalls.penalise("CEA", Y24, PRICE)
        for fen, days in [(1, 0), (1, 1), (1, 999), (3, 1), (5, 5000), (1990, 0)]:
            market.registry.deposit(A, fen)
            owed = int((authority.unpaid_fines_fen + authority.fines.late_fees_fen())[0])
            paid = int(authority.shortfalls.collect(days)[0])
            left = int((authority.unpaid_fines_fen + authority.fines.late_fees_fen())[0])
            assert paid >= 0
            assert market.registry.cash[A] >= 0
            assert left + paid >= owed
        assert authority.unpaid_fines_fen[0] == 0
        assert authority.unpaid_fines_fen[1] == 1000

    def test_figures_that_agents_read(self):
        rules = (Penalty(form="fixed", fen_per_lot=100, index=Decimal(2)), replace(TEN_TIMES, cap=20_000))
        assert fine_per_lot(rules, 6800.0) == 20_200.0
        assert fine_per_lot(rules, 2.0) == 210.0
        lump = Penalty(form="lump", lump_low=2_000_000, lump_high=3_000_001)
        assert lump_fine_fen((*rules, lump)) == 2_500_001
        assert mean_price_fen(rule_book(), 21_002, 3, 5000) == Fraction(21_002, 3)
        assert mean_price_fen(rule_book(), 0, 0, 5000) == 5000


class TestMakeGood:
    def start(self, rule, periods=None):
        book = rule_book(make_good=rule, **({} if periods is None else {"periods": periods}))
        market, authority, _ = market_of(book, 3)
        hold(authority, 0, 0, 880)
        authority.verify("CEA", book.periods[0], lots(10, 0, 1000))
        authority.surrender("CEA", book.periods[0])
        return market, authority, book.periods

    def test_it_is_added_to_the_next_duty_and_not_taken_from_the_allocation(self):
        market, authority, (first, second) = self.start(MakeGood(factor=Decimal("1.5")))
        authority.shortfalls.make_good("CEA", first, second)
        assert authority.plans.preallocate("CEA", second, lots(100, 0, 700)).tolist() == [100, 0, 700]
        authority.verify("CEA", second, lots(90, 0, 500))
        # 15 and 180 beside the use; A has 100 of 105, C 700 of 680.
        assert authority.surrender("CEA", second).tolist() == [5, 0, 0]
        assert market.registry.free[1, C] == 20

    def test_factor_0_asks_for_nothing(self):
        market, authority, (first, second) = self.start(MakeGood(factor=Decimal(0)))
        authority.shortfalls.make_good("CEA", first, second)
        assert not market.obligations.debt_lots("CEA", "2025").any()
        assert codes(market, "make_good_due") == []

    def test_without_a_rule_a_shortfall_costs_money_only(self):
        market, authority, (first, second) = self.start(None)
        authority.shortfalls.make_good("CEA", first, second)
        assert not market.obligations.debt_lots("CEA", "2025").any()

    def test_with_a_date_of_its_own_it_is_handed_in_then(self):
        periods = tuple(
            replace(p, make_good=date(p.deadline.year + 1, 3, 1), banking_close=date(p.deadline.year + 1, 4, 1))
            for p in (Y24, Y25)
        )
        market, authority, (first, second) = self.start(MakeGood(deadline=60), periods)
        hold(authority, 4, 0, 200)
        authority.shortfalls.make_good("CEA", first, second)
        assert firms_of(market.registry.free[0]) == [0, 0, 80]
        assert firms_of(market.obligations.debt_lots("CEA", "2025")) == [6, 0, 0]
        # What was missing at the deadline stays a fact.
        assert firms_of(market.obligations.shortfall("CEA", "2024")) == [10, 0, 120]

    def test_a_debt_that_nobody_can_collect_is_written_down(self):
        market, authority, (first, _) = self.start(MakeGood())
        authority.shortfalls.make_good("CEA", first, None)
        assert codes(market, "make_good_due", "rule_unmet") == [
            ("make_good_due", A, 0, 10, 0),
            ("make_good_due", C, 0, 120, 0),
            ("rule_unmet", -1, 0, 130, 0),
        ]


class TestBanking:
    FORTY = CappedBanking(cap=BankCap(basis="fixed", lots=40))

    def start(self, banking, **of_2025):
        """A holds 20 and 50 lots of two vintages and 60 of a later one; others hold lots too."""
        market, authority, _ = market_of(
            rule_book(periods=(period(2023), period(2024), period(2025, **of_2025)), banking=banking), 3
        )
        trader = market.accounts.open(AccountKind.INSTITUTION, "trader")
        registry = market.registry
        registry.issue([0, 1, 2], A, [20, 50, 60])
        registry.issue(1, [GOVERNMENT_ACCOUNT, CLEARING_ACCOUNT, trader], [9, 8, 45])
        return market, authority, trader

    def close(self, authority, on=date(2026, 1, 5)):
        authority.close_banking("CEA", Y24, Y25, on)

    def test_free_keeps_all(self):
        market, authority, _ = self.start(FreeBanking())
        before = market.registry.free.copy()
        self.close(authority)
        assert np.array_equal(market.registry.free, before)
        assert codes(market, "carried_over", "lapsed") == [("carried_over", -1, 1, 115, 0)]

    def test_none_lets_all_but_later_vintages_and_public_accounts_lapse(self):
        market, authority, trader = self.start(NoBanking())
        self.close(authority)
        free = market.registry.free
        assert free[:, A].tolist() == [0, 0, 60]
        assert free[1, [GOVERNMENT_ACCOUNT, CLEARING_ACCOUNT, trader]].tolist() == [9, 8, 0]
        assert market.registry.total("expired").tolist() == [20, 95, 0]
        assert codes(market, "lapsed") == [("lapsed", -1, 0, 20, 0), ("lapsed", -1, 1, 95, 0)]

    def test_none_waits_for_the_end_of_the_phase(self):
        market, authority, _ = self.start(NoBanking(phase_end=(date(2026, 12, 31),)), banking_close=date(2026, 12, 31))
        self.close(authority, date(2025, 12, 31))
        assert market.registry.total("expired").tolist() == [0, 0, 0]
        self.close(authority, date(2026, 12, 31))
        assert market.registry.total("expired").tolist() == [20, 95, 0]

    @pytest.mark.parametrize(("lapse", "kept"), [("oldest", [0, 40, 60]), ("newest", [20, 20, 60])])
    def test_a_cap_lets_the_rest_lapse(self, lapse, kept):
        market, authority, trader = self.start(replace(self.FORTY, lapse=lapse))
        self.close(authority)
        assert market.registry.free[:, A].tolist() == kept
        assert market.registry.free[1, trader] == 40

    def test_a_cap_on_the_obligation_leaves_debts_out(self):
        market, authority, trader = self.start(CappedBanking(cap=BankCap(basis="obligation", share=Decimal("0.5"))))
        authority.verify("CEA", Y24, lots(60, 0, 0))
        market.obligations.add_debt("CEA", "2024", Debt.MAKE_GOOD, 10, [A])
        hold(authority, 70, 0, 0)
        authority.surrender("CEA", Y24)
        self.close(authority)
        assert market.registry.free[:, A].tolist() == [0, 30, 60]
        assert market.registry.free[1, trader] == 0

    def test_a_cap_on_the_allocation_reads_the_final_one(self):
        market, authority, _ = self.start(CappedBanking(cap=BankCap(basis="allocation", share=Decimal("0.1"))))
        market.obligations.set_allocation("CEA", "2024", 655, [A])
        self.close(authority)
        assert market.registry.free[:, A].tolist() == [15, 50, 60]

    def test_carried_lots_are_replaced_in_their_part(self):
        market, authority, trader = self.start(replace(self.FORTY, relabel="new_vintage"))
        market.registry.pledge(1, A, 5)
        self.close(authority)
        assert market.registry.free[:, A].tolist() == [0, 0, 60 + 35]
        assert market.registry.pledged[:, A].tolist() == [0, 0, 5]
        assert market.registry.free[:, trader].tolist() == [0, 0, 40]
        assert market.registry.total("converted_in").tolist() == [0, 0, 80]
        assert_journal_replays(market)

    def test_nothing_is_replaced_after_the_last_period(self):
        market, authority, _ = self.start(FreeBanking(relabel="new_vintage"))
        authority.close_banking("CEA", Y25, None, date(2027, 1, 4))
        assert market.registry.free[:, A].tolist() == [20, 50, 60]

    def test_a_pledge_lapses_last_and_the_lender_is_told(self):
        market, authority, _ = self.start(self.FORTY)
        market.registry.pledge([0, 1], A, [20, 50])
        self.close(authority)
        assert market.registry.pledged[:, A].tolist() == [0, 40, 0]
        assert codes(market, "pledge_lost") == [("pledge_lost", A, 0, 20, 0), ("pledge_lost", A, 1, 10, 0)]

    @pytest.mark.parametrize("banking", [FORTY, FreeBanking(relabel="new_vintage")])
    def test_sell_orders_in_what_lapses_or_is_replaced_are_cancelled_first(self, banking):
        market, authority, _ = self.start(banking)
        market.open_day(0, [0, 1, 2])
        market.submit(Orders.of(A, [0, 1, 2], Side.ASK, 7000, [20, 45, 30]))
        self.close(authority)
        assert market.registry.frozen[:, A].tolist()[2] == 30
        assert market.registry.frozen[0, A] == 0
        market.audit()
        market.close_day()
        market.audit()
        assert_journal_replays(market)


class TestRecords:
    def test_events_of_other_departments_stand_in_the_same_list(self):
        market, authority, _ = market_of(rule_book(), 3)
        authority.plans.announce("CEA", Y24)
        authority.note(Event(0, "auction", "sealed_uniform", "auction_cleared", lots=5))
        assert [e.code for e in authority.events] == ["announced", "auction_cleared"]
        assert authority.events is market.events

    def test_firms_are_told_apart_by_class(self):
        accounts = Accounts()
        firms = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b"])
        entries = (replace(TEN_TIMES, where=Where(classes=("small",))),)
        market = Market([rule_book(penalties=entries)], accounts)
        authority = Authority(market, Covered(firms, ("power", "power"), ("large", "small")))
        ((_, rows),) = authority.shortfalls.penalties_of(CEA.code, Y24)
        assert rows.tolist() == [1]
