"""Duties and debts of one firm that meet: what an allocation serves first, what lapses, and what a closed firm owes."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from rights_market.policies.access import EntryExit
from rights_market.policies.allocation import EmissionMatchingBand, UpfrontTrueUp
from rights_market.policies.banking import NoBanking
from rights_market.policies.compliance import MakeGood, ShortfallCap
from rights_market.registry.obligations import Debt
from tests.compliance_market import assert_journal_replays, codes, lots, market_of, period, rule_book

Y24, Y25 = period(2024), period(2025)
A, B, C = 2, 3, 4


def firms_of(array):
    return array[[A, B, C]].tolist()


def test_an_allocation_serves_what_is_owed_in_one_order():
    """Make-good first, then what was borrowed, lots of the year before, and a cut for false data.

    Of 700 lots 120, 50, 60 and 30 go; 200 serve 120, 50 and 30 of 60, and the rest is due with the next duty.
    """
    upfront = UpfrontTrueUp(share=Decimal(1), unrecovered="next_allocation")
    book = rule_book(upfront=upfront, make_good=MakeGood(mode="deduct_allocation"))
    market, authority, _ = market_of(book, 3)
    for kind, owed in ((Debt.CUT, 30), (Debt.ALLOCATION, 60), (Debt.BORROWED, 50), (Debt.MAKE_GOOD, 120)):
        market.obligations.add_debt("CEA", "2025", kind, owed, [A, B])
    assert authority.plans.preallocate("CEA", Y25, lots(700, 200, 0)).tolist() == [440, 0, 0]
    served = [(e.rule, e.lots) for e in market.events if e.code == "deducted"]
    assert served == [("make_good", 240), ("borrowing", 100), ("upfront_true_up", 90), ("audit", 30)]
    authority.verify("CEA", Y25, lots(0, 10, 0))
    assert authority.surrender("CEA", Y25).tolist() == [0, 10 + 30 + 30, 0]


@pytest.mark.parametrize(("next_lots", "issued", "kept"), [(700, 580, 0), (100, 0, 20)])
def test_what_was_missing_is_deducted_from_the_next_allocation(next_lots, issued, kept):
    market, authority, _ = market_of(rule_book(make_good=MakeGood(mode="deduct_allocation")), 3)
    market.registry.issue(0, C, 880)
    authority.verify("CEA", Y24, lots(0, 0, 1000))
    assert authority.surrender("CEA", Y24).tolist() == [0, 0, 120]
    authority.shortfalls.make_good("CEA", Y24, Y25)
    assert authority.plans.preallocate("CEA", Y25, lots(0, 0, next_lots)).tolist() == [0, 0, issued]
    assert market.obligations.debt_lots("CEA", "2025", Debt.MAKE_GOOD)[C] == kept


@pytest.mark.parametrize(("days", "served"), [(60, 120), (None, 0)])
def test_units_that_lapse_serve_what_is_missing_only_where_that_is_due_before(days, served):
    """200 units of 2024 come in after the deadline and lapse on 1 April: 120 are owed on 1 March, or a year later."""
    made_good = date(2026, 3, 1) if days else None
    y24 = replace(Y24, make_good=made_good, banking_close=date(2026, 4, 1))
    y25 = replace(Y25, make_good=date(2027, 3, 1) if days else None)
    book = rule_book(periods=(y24, y25), make_good=MakeGood(deadline=days), banking=NoBanking())
    market, authority, _ = market_of(book, 3)
    market.registry.issue(0, C, 880)
    authority.verify("CEA", y24, lots(0, 0, 1000))
    authority.surrender("CEA", y24)
    market.registry.issue(0, C, 200)
    authority.shortfalls.make_good("CEA", y24, y25)
    authority.close_banking("CEA", y24, y25, date(2026, 4, 1))
    assert market.registry.total("expired")[0] == 200 - served
    authority.verify("CEA", y25, lots(0, 0, 0))
    assert authority.surrender("CEA", y25).tolist() == [0, 0, 120 - served]


def test_what_a_scheme_gives_beyond_its_use_is_reported():
    """At 1.80 and 2.20 against 2.00, 1.5 % are added and taken: 1,827 + 2,167 - 4,000 = -6."""
    rule = EmissionMatchingBand(balance_value={"power": {2024: Decimal("2.00")}})
    market, authority, _ = market_of(rule_book(allocation=(rule,), upfront=UpfrontTrueUp()), 3)
    authority.plans.preallocate("CEA", Y24, lots(1000, 1000, 0))
    authority.verify("CEA", Y24, lots(1800, 2200, 0))
    assert authority.plans.true_up("CEA", Y24, lots(1827, 2167, 0)).tolist() == [1127, 1467, 0]
    assert codes(market, "scheme_balance", "trued_up") == [
        ("scheme_balance", -1, 0, -6, 0),
        ("trued_up", -1, 0, 1127 + 1467, 0),
    ]


class TestClosure:
    """A closes in 2025 with lots borrowed, missing and given too much, and a part of its stock is pledged."""

    def start(self, **rules):
        book = rule_book(entry_exit=EntryExit(), upfront=UpfrontTrueUp(), make_good=MakeGood(), **rules)
        market, authority, _ = market_of(book, 3)
        return market, authority

    def test_use_and_debts_are_due_and_the_pledge_stays(self):
        market, authority = self.start()
        for kind, owed in ((Debt.BORROWED, 20), (Debt.MAKE_GOOD, 40)):
            market.obligations.add_debt("CEA", "2025", kind, owed, [A])
        # 70 of 100 up front less the 20 borrowed; what was missing waits for the duty.
        assert authority.plans.preallocate("CEA", Y25, lots(100, 0, 0)).tolist() == [50, 0, 0]
        market.registry.pledge(1, A, 10)
        # At what it made 60 are due to it, 70 were counted: 10 go back.  30 used and 40 owed against 30 free.
        assert authority.access.settle_closed("CEA", Y25, 0, 30, 60) == -10
        assert (market.registry.free[1, A], market.registry.pledged[1, A]) == (0, 10)
        assert codes(market, "stage_shortfall") == [("stage_shortfall", A, 1, 40, 0)]
        authority.verify("CEA", Y25, lots(30, 0, 0))
        assert authority.surrender("CEA", Y25).tolist() == [40, 0, 0]
        market.audit()
        assert_journal_replays(market)

    def test_a_cap_on_the_gap_holds_for_those_who_close_too(self):
        """30 used and 10 given: 14 above a gap of 20 % of use are forgiven, as they would be at the deadline."""
        market, authority = self.start(shortfall_caps=(ShortfallCap(),))
        authority.plans.preallocate("CEA", Y25, lots(100, 0, 0))
        assert authority.access.settle_closed("CEA", Y25, 0, 30, 10) == -60
        assert market.registry.free[1, A] == 0
        assert market.obligations.surrendered_lots("CEA", "2025")[A] == 10
        assert codes(market, "stage_shortfall") == [("stage_shortfall", A, 1, 6, 0)]
        market.registry.issue(1, A, 50)
        authority.verify("CEA", Y25, lots(30, 0, 0))
        assert authority.surrender("CEA", Y25).tolist() == [0, 0, 0]
        assert firms_of(market.obligations.duty_lots("CEA", "2025")) == [16, 0, 0]
        assert market.registry.free[1, A] == 44
