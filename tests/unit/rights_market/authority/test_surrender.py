"""What lowers a duty before it is called for, and what is lent where units are missing."""

from decimal import Decimal
from fractions import Fraction

import pytest

from rights_market.policies.allocation import Where
from rights_market.policies.banking import BankCap, CappedBanking
from rights_market.policies.compliance import Borrowing, MakeGood, Penalty, ShortfallCap
from rights_market.registry.obligations import Debt
from tests.compliance_market import assert_journal_replays, codes, lots, market_of, period, rule_book

Y24, Y25 = period(2024), period(2025)
A, B, C = 2, 3, 4
TEN_TIMES = Penalty(form="multiple", low=Decimal(5), high=Decimal(10), by="gap_share")


def settle(authority, market, given, used):
    """Give the firms their allocation, and verify what they used."""
    authority.plans.preallocate("CEA", Y24, lots(*given))
    authority.verify("CEA", Y24, lots(*used))


class TestShortfallCap:
    BOOK = rule_book(shortfall_caps=(ShortfallCap(),), make_good=MakeGood(), penalties=(TEN_TIMES,), upfront=None)

    def test_the_cap_lowers_the_duty_and_issues_nothing(self):
        market, authority, _ = market_of(self.BOOK, 3)
        settle(authority, market, (700, 1000, 0), (1000, 900, 100))
        assert authority.surrender("CEA", Y24).tolist() == [200, 0, 20]
        assert market.obligations.duty_lots("CEA", "2024")[[A, B, C]].tolist() == [900, 900, 20]
        assert market.obligations.obligation_lots("CEA", "2024")[[A, B, C]].tolist() == [900, 900, 20]
        assert codes(market, "obligation_reduced") == [
            ("obligation_reduced", A, 0, 100, 0),
            ("obligation_reduced", C, 0, 80, 0),
        ]
        assert market.registry.total("issued").tolist() == [1700, 0]

    def test_debts_are_added_afterwards_and_are_not_capped(self):
        market, authority, _ = market_of(self.BOOK, 3)
        settle(authority, market, (700, 0, 0), (1000, 0, 0))
        market.obligations.add_debt("CEA", "2024", Debt.ALLOCATION, 500, [A])
        assert authority.surrender("CEA", Y24)[0] == 900 + 500 - 700
        assert market.obligations.obligation_lots("CEA", "2024")[A] == 900

    def test_the_share_that_is_missing_is_of_the_lowered_duty(self):
        market, authority, _ = market_of(self.BOOK, 3)
        settle(authority, market, (700, 0, 0), (1000, 0, 0))
        authority.surrender("CEA", Y24)
        # 200 of 900 are missing: 5 + 5 x 2/9 times 68.00 for each.
        assert authority.shortfalls.penalise("CEA", Y24, {30: Fraction(6800)})[0] == 8_311_111

    def test_what_was_forgiven_stays_so_unless_the_rule_says_otherwise(self):
        for forgive, owed in ((True, 200), (False, 300)):
            book = rule_book(shortfall_caps=(ShortfallCap(),), make_good=MakeGood(forgive_capped=forgive))
            market, authority, _ = market_of(book, 3)
            settle(authority, market, (700, 0, 0), (1000, 0, 0))
            authority.surrender("CEA", Y24)
            authority.shortfalls.make_good("CEA", Y24, Y25)
            assert market.obligations.debt_lots("CEA", "2025", Debt.MAKE_GOOD)[A] == owed

    def test_it_concerns_those_whom_it_names(self):
        caps = (ShortfallCap(max_gap=Decimal(0), where=Where(years=(2025,))), ShortfallCap(where=Where(years=(2024,))))
        market, authority, _ = market_of(rule_book(shortfall_caps=caps), 3)
        settle(authority, market, (700, 0, 0), (1000, 0, 0))
        assert authority.surrender("CEA", Y24)[0] == 200
        authority.verify("CEA", Y25, lots(50, 0, 0))
        assert authority.surrender("CEA", Y25)[0] == 0

    def test_a_bank_that_is_a_share_of_the_obligation_follows_the_lowered_one(self):
        banking = CappedBanking(cap=BankCap(basis="obligation", share=Decimal("0.1")))
        market, authority, _ = market_of(rule_book(shortfall_caps=(ShortfallCap(),), banking=banking), 3)
        settle(authority, market, (700, 0, 0), (1000, 0, 0))
        market.registry.issue(0, A, 600)
        authority.surrender("CEA", Y24)
        authority.close_banking("CEA", Y24, Y25, Y24.deadline)
        assert market.registry.free[0, A] == 90


class TestBorrowing:
    def play(self, **rule):
        """A holds 850 of 1,000, B 910 of 1,000, C is given enough."""
        book = rule_book(
            borrowing=Borrowing(**rule), make_good=MakeGood(mode="deduct_allocation"), penalties=(TEN_TIMES,)
        )
        market, authority, _ = market_of(book, 3)
        settle(authority, market, (850, 910, 500), (1000, 1000, 400))
        return market, authority

    def test_units_of_next_year_are_surrendered_and_owed_back(self):
        market, authority = self.play()
        assert authority.surrender("CEA", Y24).tolist() == [75, 90, 0]
        assert codes(market, "borrowed") == [("borrowed", A, 1, 75, 0)]
        assert market.registry.total("surrendered").tolist() == [850 + 910 + 400, 75]
        # Only what was not borrowed is fined and has to be made good: 75 of 1,000.
        assert authority.shortfalls.penalise("CEA", Y24, {30: Fraction(6800)})[0] == 75 * 36_550
        authority.shortfalls.make_good("CEA", Y24, Y25)
        assert authority.plans.preallocate("CEA", Y25, lots(900, 900, 900)).tolist() == [750, 810, 900]
        assert [(e.rule, e.lots) for e in market.events if e.code == "deducted"] == [
            ("make_good", 165),
            ("borrowing", 75),
        ]
        market.audit()
        assert_journal_replays(market)

    @pytest.mark.parametrize(("premium", "issued"), [("0", 825), ("0.08", 819)])
    def test_a_premium_is_owed_on_top(self, premium, issued):
        market, authority = self.play(premium=Decimal(premium))
        authority.surrender("CEA", Y24)
        assert authority.plans.preallocate("CEA", Y25, lots(900, 0, 0))[0] == issued

    def test_firms_apply_for_what_they_want(self):
        market, authority = self.play()
        assert authority.surrender("CEA", Y24, lots(40, 40, 40)).tolist() == [110, 90, 0]
        assert market.obligations.debt_lots("CEA", "2025", Debt.BORROWED)[[A, B, C]].tolist() == [40, 0, 0]

    def test_other_years_lend_nothing(self):
        market, authority = self.play(years=(2025,))
        assert authority.surrender("CEA", Y24).tolist() == [150, 90, 0]

    def test_the_last_period_has_nothing_to_lend(self):
        market, authority, _ = market_of(rule_book(2024, borrowing=Borrowing()), 3)
        settle(authority, market, (850, 0, 0), (1000, 0, 0))
        assert authority.surrender("CEA", Y24)[0] == 150
        assert codes(market, "rule_unmet") == [("rule_unmet", -1, 0, 75, 0)]

    def test_a_share_of_the_next_allocation_as_far_as_it_is_known(self):
        market, authority = self.play(basis="next_allocation", share=Decimal("0.1"))
        authority.plans.preallocate("CEA", Y25, lots(400, 400, 400))
        assert authority.surrender("CEA", Y24).tolist() == [110, 90, 0]
