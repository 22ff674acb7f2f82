"""Rights paid for by term, by hand: fen and lots."""

from datetime import date

import numpy as np
import pytest

from rights_market.policies.banking import NoBanking
from rights_market.policies.paid_use import PaidInitialUse
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from tests.compliance_market import assert_journal_replays, codes, fingerprint, lots, market_of, period, rule_book

Y24, Y25 = period(2024), period(2025)
A, B, C = 2, 3, 4
T0 = date(2024, 2, 1)
FEE = 38_900


def start(cash=(10_000_000, 10_000_000, 10_000_000), quota=(7, 96, 10), **changes):
    given = {"fee": FEE, "instalments": 3} | changes
    market, authority, _ = market_of(rule_book(2024, 2025, 2026, paid_use=PaidInitialUse(**given)), 3)
    market.registry.deposit([A, B, C], list(cash))
    authority.paid_use.begin("CEA", lots(*quota), T0)
    return market, authority, authority.paid_use


def test_the_first_instalment_is_paid_when_the_right_is_issued():
    market, authority, paid = start()
    # 7 x 389 x 5 = 13,615.00 in three: 4,538.34 first.
    assert market.registry.cash[A] == 10_000_000 - 453_834
    assert paid.quota_lots("CEA").tolist() == [7, 96, 10]
    assert [c for c in codes(market, "paid_use_billed") if c[1] == B] == [("paid_use_billed", B, 0, 96, 18_672_000)]
    assert authority.plans.preallocate("CEA", Y24, lots(1, 1, 1)).tolist() == [7, 96, 10]
    assert authority.plans.preallocate("CEA", Y25, lots(1, 1, 1)).tolist() == [7, 96, 10]


def test_who_cannot_pay_the_first_instalment_gets_no_right():
    market, authority, paid = start(cash=(453_833, 10_000_000, 10_000_000))
    assert paid.quota_lots("CEA").tolist() == [0, 96, 10]
    assert market.registry.cash[A] == 453_833
    assert codes(market, "paid_use_refused") == [("paid_use_refused", A, 0, 7, 1_361_500)]
    assert authority.plans.preallocate("CEA", Y24, lots(7, 96, 10)).tolist() == [0, 96, 10]


def test_old_holders_may_be_given_their_first_term():
    market, authority, _ = market_of(rule_book(paid_use=PaidInitialUse(fee=FEE, free_old_holders=True)), 3)
    authority.begin_term("CEA", lots(7, 96, 10), T0, is_first=True)
    assert authority.paid_use.quota_lots("CEA").tolist() == [7, 96, 10]
    assert market.registry.cash[A] == 0
    authority.paid_use.end("CEA")
    authority.begin_term("CEA", lots(7, 96, 10), date(2029, 2, 1), is_first=False)
    assert authority.paid_use.quota_lots("CEA").tolist() == [0, 0, 0]


def test_instalments_fall_due_on_the_same_day_of_the_years_after():
    market, _, paid = start()
    paid.day(date(2025, 1, 31))
    assert market.registry.cash[A] == 10_000_000 - 453_834
    paid.day(date(2025, 2, 3))
    assert market.registry.cash[A] == 10_000_000 - 453_834 - 453_833
    paid.day(date(2026, 2, 2))
    assert market.registry.cash[A] == 10_000_000 - 1_361_500
    assert len([c for c in codes(market, "instalment_paid") if c[1] == A]) == 3


class TestSuspension:
    """A pays once and then has nothing; C and B pay always."""

    def suspended(self):
        market, authority, paid = start(cash=(453_834, 20_000_000, 10_000_000))
        authority.plans.preallocate("CEA", Y24, lots(0, 0, 0))
        paid.day(date(2025, 3, 3))
        assert market.registry.free[0, A] == 7
        paid.day(date(2025, 3, 4))
        return market, authority, paid

    def test_after_the_grace_the_lots_are_held_by_the_government(self):
        market, _, paid = self.suspended()
        assert market.registry.free[0, [GOVERNMENT_ACCOUNT, A, B]].tolist() == [7, 0, 96]
        assert codes(market, "right_suspended") == [("right_suspended", A, 0, 7, 0)]
        paid.day(date(2025, 3, 5))
        assert len(codes(market, "right_suspended")) == 1

    def test_the_next_years_lots_are_held_as_well(self):
        market, authority, _ = self.suspended()
        authority.plans.preallocate("CEA", Y25, lots(0, 0, 0))
        assert market.registry.free[1, [GOVERNMENT_ACCOUNT, A, B]].tolist() == [7, 0, 96]

    def test_paying_gives_them_back(self):
        market, _, paid = self.suspended()
        market.registry.deposit(A, 453_833)
        paid.day(date(2025, 4, 1))
        assert market.registry.free[0, [GOVERNMENT_ACCOUNT, A]].tolist() == [0, 7]
        assert not paid.terms["CEA"].is_suspended.any()
        assert codes(market, "right_restored") == [("right_restored", A, 0, 7, 0)]
        assert_journal_replays(market)

    def test_lots_that_lapsed_meanwhile_are_not_given_back(self):
        market, authority, _ = market_of(
            rule_book(2024, 2025, 2026, paid_use=PaidInitialUse(fee=FEE, instalments=3), banking=NoBanking()), 3
        )
        paid = authority.paid_use
        market.registry.deposit([A, B, C], [453_834, 20_000_000, 10_000_000])
        paid.begin("CEA", lots(7, 96, 10), T0)
        for y in (Y24, Y25):
            authority.plans.preallocate("CEA", y, lots(0, 0, 0))
        paid.day(date(2025, 3, 4))
        market.registry.deposit(A, 2_000_000)
        # The deadline of 2024 passed on 31 December 2025.
        paid.day(date(2026, 1, 5))
        assert market.registry.free[:2, A].tolist() == [0, 7]
        assert market.registry.free[:2, GOVERNMENT_ACCOUNT].tolist() == [0, 0]
        market.audit()


def test_or_the_part_that_is_not_paid_for_is_cancelled():
    market, authority, paid = start(cash=(453_834, 20_000_000, 10_000_000), on_arrears="cancel")
    authority.plans.preallocate("CEA", Y24, lots(0, 0, 0))
    paid.day(date(2025, 3, 4))
    # Two of three instalments: 7 x 907,666 / 1,361,500 = 4.67.
    assert paid.quota_lots("CEA").tolist() == [3, 96, 10]
    assert market.registry.free[0, A] == 3
    assert codes(market, "right_cancelled") == [("right_cancelled", A, 0, 4, 0)]
    market.registry.deposit(A, 10_000_000)
    paid.day(date(2026, 3, 4))
    assert market.registry.cash[A] == 10_000_000
    assert_journal_replays(market)


class TestSaleInMidTerm:
    """389.00 a lot and year; the term of five years ends on 1 February 2029."""

    ON = date(2025, 9, 8)  # 1,242 days before

    def start(self, **changes):
        market, authority, paid = start(mid_term_sales=True, **changes)
        authority.plans.preallocate("CEA", Y24, lots(0, 0, 0))
        return market, authority, paid

    def test_the_price_is_for_a_lot_and_year_and_the_days_that_are_left(self):
        market, authority, paid = self.start()
        before = market.registry.cash[[A, B]].copy()
        assert paid.sell("CEA", 1, 0, 4, 38_900, self.ON) == 4
        # 4 x 389.00 x 1,242 / 365 = 5,294.66 (5,294.6630...)
        assert (market.registry.cash[[A, B]] - before).tolist() == [-529_466, 529_466]
        assert paid.quota_lots("CEA").tolist() == [11, 92, 10]
        assert market.registry.free[0, [A, B]].tolist() == [11, 92]
        assert authority.plans.preallocate("CEA", Y25, lots(0, 0, 0)).tolist() == [11, 92, 10]
        assert [c[:4] for c in codes(market, "right_sold", "right_bought")] == [
            ("right_sold", B, 0, 4), ("right_bought", A, 0, 4),
        ]  # fmt: skip
        assert_journal_replays(market)

    def test_no_more_than_this_years_free_lots(self):
        market, _, paid = self.start()
        market.registry.pledge(0, C, 7)
        assert paid.saleable_lots("CEA").tolist() == [7, 96, 3]
        assert paid.sell("CEA", 2, 0, 10, 100, self.ON) == 3

    def test_nothing_where_the_buyer_lacks_the_money_or_the_seller_is_in_arrears(self):
        market, _, paid = self.start(cash=(460_000, 30_000_000, 10_000_000))
        assert paid.sell("CEA", 1, 0, 96, 38_900, self.ON) == 0
        paid.day(date(2025, 3, 5))
        assert paid.terms["CEA"].is_suspended.tolist() == [True, False, False]
        assert paid.sell("CEA", 0, 1, 7, 1, self.ON) == 0
        assert paid.quota_lots("CEA").tolist() == [7, 96, 10]


def test_at_the_end_of_the_term_the_right_expires_and_holders_come_first():
    market, authority, paid = start(term_years=3)
    assert paid.day(date(2027, 1, 29)) == []
    assert paid.day(date(2027, 2, 1)) == ["CEA"]
    paid.end("CEA")
    assert [c[1] for c in codes(market, "expired")] == [A, B, C]
    authority.begin_term("CEA", lots(7, 0, 10), date(2027, 2, 1), is_first=False)
    assert paid.quota_lots("CEA").tolist() == [7, 0, 10]


def test_lots_in_custody_at_the_end_are_cancelled():
    market, authority, paid = start(cash=(453_834, 20_000_000, 10_000_000), term_years=3)
    authority.plans.preallocate("CEA", Y24, lots(0, 0, 0))
    paid.day(date(2025, 6, 4))
    assert market.registry.free[0, GOVERNMENT_ACCOUNT] > 0
    paid.end("CEA")
    assert market.registry.free[0, GOVERNMENT_ACCOUNT] == 0
    market.audit()


def test_a_right_that_is_not_sold_by_term_has_none():
    _, authority, _ = market_of(rule_book(), 3)
    assert authority.paid_use.day(T0) == []
    with pytest.raises(ValueError, match="CEA is not sold by term"):
        authority.paid_use.begin("CEA", lots(1, 1, 1), T0)


def test_a_state_gives_the_terms_back():
    _, authority, paid = start(cash=(453_834, 20_000_000, 10_000_000))
    authority.plans.preallocate("CEA", Y24, lots(0, 0, 0))
    paid.day(date(2025, 3, 4))
    _, other, copy = start(cash=(0, 0, 0))
    other.restore(authority.state())
    assert fingerprint(copy.state()) == fingerprint(paid.state())
    assert np.array_equal(copy.terms["CEA"].is_suspended, [True, False, False])
