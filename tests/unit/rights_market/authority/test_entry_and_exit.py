"""Who is covered, who is served from the reserve, and what a closing firm settles; by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from rights_market.policies.access import EntryExit, NewEntrantReserve
from rights_market.policies.allocation import CapScaling, EmissionMatchingBand, Grandfathering, UpfrontTrueUp
from rights_market.policies.auction import Consignment, SealedUniform
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import MakeGood, Penalty, ShortfallCap, Surrender
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.paid_use import PaidInitialUse
from rights_market.policies.stability import MarketStabilityReserve
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.registry.obligations import Debt
from tests.compliance_market import assert_journal_replays, codes, fingerprint, lots, market_of, period, rule_book
from tests.supply_market import Stage

Y24, Y25 = period(2024), period(2025)
A, B, C = 2, 3, 4
CAP = AbsolutePath(table={2024: 1000, 2025: 1000})
RESERVE = NewEntrantReserve(benchmark={"power": Decimal(1)}, utilisation=Decimal(1))
ALL = np.ones(3, np.bool_)


def authority_of(**rules):
    market, authority, _ = market_of(rule_book(**rules), 3)
    return market, authority


class TestCoverage:
    def start(self, **rule):
        market, authority = authority_of(entry_exit=EntryExit(threshold=100, **rule))
        authority.coverage.begin("CEA", np.array([True, True, False]))
        return market, authority

    def test_the_list_is_renewed_each_year(self):
        market, authority = self.start()
        for year, use in ((2022, (99, 500, 10)), (2023, (99, 500, 100))):
            authority.coverage.report_use("CEA", year, lots(*use))
        authority.access.open_year("CEA", Y24, 2024, ALL)
        assert authority.coverage.listed("CEA").tolist() == [False, True, True]
        assert codes(market, "firm_entered", "firm_exited") == [
            ("firm_entered", C, 0, 0, 0),
            ("firm_exited", A, 0, 0, 0),
        ]
        assert authority.entitlements["CEA"].listed(2024).tolist() == [False, True, True]

    def test_the_duties_of_earlier_years_keep_their_list(self):
        """Whoever leaves the list on 1 January still answers for the year that has just ended."""
        _, authority = self.start()
        for year in (2022, 2023):
            authority.coverage.report_use("CEA", year, lots(1, 500, 500))
        authority.access.open_year("CEA", Y24, 2024, ALL)
        assert authority.coverage.listed("CEA", 2023).tolist() == [True, True, False]
        assert authority.coverage.listed("CEA", 2025).tolist() == [False, True, True]

    def test_who_is_not_subject_never_comes_on_the_list(self):
        _, authority = self.start()
        authority.coverage.report_use("CEA", 2023, lots(500, 500, 500))
        authority.access.open_year("CEA", Y24, 2024, np.array([True, True, False]))
        assert authority.coverage.listed("CEA").tolist() == [True, True, False]

    def test_a_closed_firm_is_served_no_more_and_off_the_list_next_year(self):
        _, authority = self.start()
        due = authority.coverage.close(1, date(2024, 5, 31))
        assert due == {"CEA": date(2024, 6, 30)}
        assert authority.coverage.listed("CEA").tolist() == [True, True, False]
        assert authority.entitlements["CEA"].served(2024).tolist() == [True, False, False]
        authority.access.open_year("CEA", Y25, 2025, ALL)
        assert authority.coverage.listed("CEA").tolist() == [True, False, False]

    def test_a_small_entrant_stays_off_the_list(self):
        _, authority = self.start()
        assert not authority.access.admit("CEA", Y24, 2, 99, 99).any()
        assert not authority.coverage.listed("CEA")[2]
        authority.access.admit("CEA", Y24, 2, 100, 100)
        assert authority.coverage.listed("CEA")[2]

    def test_without_such_a_rule_the_list_stands(self):
        _, authority = authority_of()
        assert authority.coverage.close(0, date(2024, 5, 31)) == {}
        authority.access.open_year("CEA", Y24, 2024, ALL)
        assert authority.coverage.listed("CEA").all()
        assert authority.entitlements["CEA"].served(2024).all()


class TestReserve:
    def start(self, rules=None, **changes):
        market, authority = authority_of(cap=CAP, entrant_reserve=replace(RESERVE, **changes), **(rules or {}))
        authority.plans.set_caps("CEA", Y24, {2024: 0})
        return market, authority

    def grant(self, authority, rows, capacity, on=Y24):
        matter = authority._office.matter("firm_entry", "CEA", on)
        return authority.entrants.grant(matter, np.array(rows), lots(*capacity)).tolist()

    def test_applications_are_served_as_they_come(self):
        market, authority = self.start()
        assert self.grant(authority, [0], [12]) == [12, 0, 0]
        assert self.grant(authority, [1, 2], [10, 20]) == [0, 6, 12]
        assert market.registry.free[0, [A, B, C]].tolist() == [12, 6, 12]
        assert codes(market, "set_aside", "ner_granted", "reserve_exhausted") == [
            ("set_aside", -1, 0, 30, 0),
            ("ner_granted", A, 0, 12, 0),
            ("reserve_exhausted", -1, 0, 12, 0),
            ("ner_granted", B, 0, 6, 0),
            ("ner_granted", C, 0, 12, 0),
        ]
        assert_journal_replays(market)

    def test_what_was_granted_stays_through_the_settlement_of_all(self):
        market, authority = self.start()
        self.grant(authority, [0], [12])
        authority.plans.preallocate("CEA", Y24, lots(0, 100, 100))
        authority.plans.true_up("CEA", Y24, lots(0, 100, 100))
        assert market.obligations.allocated_lots("CEA", "2024")[[A, B, C]].tolist() == [12, 100, 100]
        assert market.registry.free[0, [A, B, C]].tolist() == [12, 100, 100]

    def test_an_entrant_waits_a_year_for_the_rules_of_incumbents(self):
        _, authority = self.start()
        assert authority.access.admit("CEA", Y24, 1, 10, 10).tolist() == [0, 10, 0]
        entitlement = authority.entitlements["CEA"]
        assert entitlement.served(2024).tolist() == [True, False, True]
        assert entitlement.served(2025).all()

    def test_a_firm_without_a_base_is_an_entrant_to_grandfathering(self):
        market, authority, _ = market_of(
            rule_book(cap=CAP, entrant_reserve=RESERVE, allocation=(Grandfathering(base_years=(2023,)),)), 3
        )
        authority.plans.set_caps("CEA", Y24, {2024: 0})
        authority.entitlements["CEA"].report_use(2023, lots(50, 0, 0))
        assert authority.plans.grant_without_base("CEA", Y24, lots(90, 12, 0)).tolist() == [0, 12, 0]
        assert codes(market, "ner_granted") == [("ner_granted", B, 0, 12, 0)]

    @pytest.mark.parametrize(
        ("leftover", "pot", "auction"), [("next_year", 60, 0), ("cancel", 30, 0), ("auction", 30, 30)]
    )
    def test_what_is_left_at_the_end_of_the_year(self, leftover, pot, auction):
        _, authority = self.start(leftover=leftover, rules={"auction": SealedUniform()})
        authority.access.open_year("CEA", Y25, 2025, ALL)
        authority.plans.set_caps("CEA", Y25, {2025: 0})
        assert authority.entrants.pot_lots["CEA"] == pot
        assert authority.entrants.take_for_auction("CEA") == auction
        assert authority.entrants.take_for_auction("CEA") == 0

    def test_what_is_left_may_go_to_the_stability_reserve(self):
        stage = Stage(
            entrant_reserve=NewEntrantReserve(leftover="msr"),
            stability=(MarketStabilityReserve(start_fill=5, hold_at_most=1000),),
        )
        stage.supply.open_year(2024)
        stage.authority.plans.set_caps("CEA", stage.period(2024), {2024: 0})
        assert stage.authority.entrants.pot_lots["CEA"] == 3
        stage.authority.access.open_year("CEA", stage.period(2025), 2025, ALL)
        assert stage.authority.entrants.pot_lots["CEA"] == 0
        assert stage.supply.reserves.stability.pot.lots == 5 + 3
        assert stage.events("reserve_left") == [("new_entrant_reserve", "reserve_left", -1, 3, "msr")]
        stage.check()

    def test_a_reserve_beyond_the_cap_takes_nothing_from_it(self):
        _, authority = self.start(within_cap=False)
        assert authority.entitlements["CEA"].set_aside_lots == {2024: 0}
        _, within = self.start()
        assert within.entitlements["CEA"].set_aside_lots == {2024: 30}


class TestClosure:
    def start(self, mode="surrender", **rule):
        market, authority = authority_of(
            cap=CAP,
            entrant_reserve=RESERVE,
            upfront=UpfrontTrueUp(),
            entry_exit=EntryExit(**rule),
            surrender=Surrender(mode=mode),
        )
        authority.plans.set_caps("CEA", Y24, {2024: 0})
        authority.plans.preallocate("CEA", Y24, lots(1000, 500, 0))
        return market, authority

    def test_too_much_is_taken_back_and_the_duty_met_the_rest_stays_for_sale(self):
        market, authority = self.start()
        # 700 up front; 300 used, 350 due to it: 350 go back to the reserve, 300 are surrendered, 50 stay.
        assert authority.access.settle_closed("CEA", Y24, 0, 300, 350) == -350
        assert market.registry.free[0, A] == 50
        assert authority.entrants.pot_lots["CEA"] == 30 + 350
        assert market.obligations.surrendered_lots("CEA", "2024")[A] == 300
        assert market.obligations.shortfall("CEA", "2024")[A] == 0
        assert_journal_replays(market)

    def test_the_settlement_of_all_finds_nothing_left_to_do(self):
        market, authority = self.start()
        authority.access.settle_closed("CEA", Y24, 0, 300, 350)
        authority.verify("CEA", Y24, lots(300, 400, 0))
        assert authority.plans.true_up("CEA", Y24, lots(350, 400, 0)).tolist() == [0, 50, 0]
        assert authority.surrender("CEA", Y24).tolist() == [0, 0, 0]
        assert market.registry.free[0, [A, B]].tolist() == [50, 0]

    def test_what_cannot_be_taken_back_is_due_and_missed(self):
        market, authority = self.start()
        market.registry.pledge(0, A, 600)
        # 100 free; 350 to give back: 250 become debt, and 300 + 250 are due with nothing left.
        assert authority.access.settle_closed("CEA", Y24, 0, 300, 350) == -100
        assert codes(market, "allocation_debt", "stage_shortfall") == [
            ("allocation_debt", A, 0, 250, 0),
            ("stage_shortfall", A, 0, 550, 0),
        ]
        authority.verify("CEA", Y24, lots(300, 0, 0))
        authority.plans.true_up("CEA", Y24, lots(350, 0, 0))
        assert authority.surrender("CEA", Y24)[0] == 550

    def test_nothing_made_means_that_all_goes_back(self):
        market, authority = self.start()
        assert authority.access.settle_closed("CEA", Y24, 0, 0, 0) == -700
        assert market.registry.free[0, A] == 0

    def test_a_rule_may_leave_a_closed_firm_nothing(self):
        market, authority = self.start(keep_units=False)
        authority.access.settle_closed("CEA", Y24, 0, 300, 700)
        assert market.registry.free[0, A] == 0
        assert codes(market, "cancelled") == [("cancelled", -1, 0, 400, 0)]

    def test_where_cover_is_asked_for_nothing_is_handed_in(self):
        market, authority = self.start(mode="cover")
        authority.access.settle_closed("CEA", Y24, 0, 300, None)
        assert market.registry.free[0, A] == 700

    def test_a_fine_that_a_closed_firm_cannot_pay_is_written_off(self):
        fine = Penalty(form="fixed", fen_per_lot=100)
        market, authority = authority_of(penalties=(fine,), entry_exit=EntryExit())
        market.registry.deposit(B, 300)
        authority.verify("CEA", Y24, lots(4, 5, 0))
        authority.surrender("CEA", Y24)
        authority.shortfalls.penalise("CEA", Y24, {30: Fraction(1)})
        authority.coverage.close(0, date(2024, 5, 31))
        assert authority.shortfalls.write_off_closed().tolist() == [400, 0, 0]
        assert codes(market, "written_off") == [("written_off", A, -1, 0, 400)]
        # The other firm still owes what it could not pay.
        assert authority.unpaid_fines_fen.tolist() == [0, 200, 0]
        assert not authority.shortfalls.write_off_closed().any()


def test_a_state_gives_everything_back():
    def made():
        return authority_of(cap=CAP, entrant_reserve=RESERVE, entry_exit=EntryExit(threshold=10))[1]

    one, other = made(), made()
    one.plans.set_caps("CEA", Y24, {2024: 0})
    one.coverage.report_use("CEA", 2023, lots(1, 2, 3))
    one.coverage.close(1, date(2024, 5, 31))
    one.access.admit("CEA", Y24, 2, 12, 12)
    other.restore(one.state())
    assert fingerprint(other.state()) == fingerprint(one.state())
    assert other.entrants.granted_lots("CEA", "2024").tolist() == [0, 0, 12]
    assert other.coverage.closed_on == {1: date(2024, 5, 31)}


class TestUnclaimed:
    """A cap of 1,000 lots of which 200 are kept for auctions; three firms claim 300 together."""

    SCALING = CapScaling(min_auction_share=Decimal("0.2"), leftover="reserve")

    def test_what_nobody_claims_goes_to_the_reserve_for_entrants(self):
        """1,000 less 30 set aside and 200 kept leave 770, of which 300 are given: 470 join the 30."""
        market, authority = authority_of(cap=CAP, scaling=self.SCALING, entrant_reserve=RESERVE)
        authority.plans.set_caps("CEA", Y24, {2024: 0})
        authority.plans.preallocate("CEA", Y24, lots(100, 150, 50))
        assert authority.entrants.pot_lots["CEA"] == 30 + 470
        assert [c[3] for c in codes(market, "unclaimed")] == [470]
        entitlement = authority.entitlements["CEA"]
        # None of it is auctioned as well.
        assert entitlement.auction_lots(2024, lots(100, 150, 50), 1000) == 200

    def test_or_to_the_government_where_there_is_none(self):
        reserve = GovernmentReserve(guide_fen=1)
        market, authority = authority_of(cap=CAP, scaling=self.SCALING, government_reserve=reserve)
        authority.plans.set_caps("CEA", Y24, {2024: 0})
        authority.plans.preallocate("CEA", Y24, lots(100, 150, 50))
        assert authority.reserve.stock == {("CEA", 0, -1): 500}
        assert market.registry.free[0, GOVERNMENT_ACCOUNT] == 500
        assert_journal_replays(market)

    def test_the_final_allocation_decides_and_no_lot_counts_twice(self):
        """100 up front and 250 at last: 770 - 250; A has closed, of whose 60 lots 40 were taken into the reserve."""
        market, authority = authority_of(
            cap=CAP, scaling=self.SCALING, entrant_reserve=RESERVE, upfront=UpfrontTrueUp(), entry_exit=EntryExit()
        )
        authority.plans.set_caps("CEA", Y24, {2024: 0})
        authority.plans.preallocate("CEA", Y24, lots(60, 30, 10))
        assert authority.entrants.pot_lots["CEA"] == 30
        authority.entrants.recycle(authority.matter("firm_exit", "CEA", Y24), 40)
        authority.plans.true_up("CEA", Y24, lots(20, 180, 50))
        assert authority.entrants.pot_lots["CEA"] == 30 + 40 + (770 - 250 - 40)

    def test_where_more_is_claimed_nothing_is_left(self):
        market, authority = authority_of(cap=CAP, scaling=self.SCALING, entrant_reserve=RESERVE)
        authority.plans.set_caps("CEA", Y24, {2024: 0})
        authority.plans.preallocate("CEA", Y24, lots(500, 250, 20))
        assert authority.entrants.pot_lots["CEA"] == 30 and codes(market, "unclaimed") == []


def test_what_must_be_made_good_is_missing_from_the_market_and_not_shared_out():
    """Claims of 50, 30 and 25 on 90 lots become 43, 26 and 21; A must make good 10, so that 80 are issued.

    Deducted before the scaling, claims of 40, 30 and 25 would have become 38, 28 and 24: all of the 90, and B and C
    would have gained from what A had failed to surrender.
    """
    rule = MakeGood(mode="deduct_allocation")
    cap = AbsolutePath(table={2024: 90, 2025: 90})
    market, authority = authority_of(cap=cap, scaling=CapScaling(), make_good=rule)
    authority.plans.set_caps("CEA", Y24, {2024: 0})
    given = authority.entitlements["CEA"].scaled(2024, lots(50, 30, 25)).lots
    market.obligations.add_debt("CEA", Y24.name, Debt.MAKE_GOOD, lots(10, 0, 0), authority.firms.accounts)
    assert authority.plans.preallocate("CEA", Y24, given).tolist() == [33, 26, 21]
    assert authority.entitlements["CEA"].scaled(2024, lots(40, 30, 25)).lots.tolist() == [38, 28, 24]
    assert_journal_replays(market)


def test_what_a_cap_on_the_gap_forgives_is_not_asked_of_a_closed_firm_either():
    """It used 100 and was given 70: by a cap of 20 % it owes 90."""
    market, authority = authority_of(entry_exit=EntryExit(), shortfall_caps=(ShortfallCap(),))
    authority.plans.preallocate("CEA", Y24, lots(70, 0, 0))
    market.registry.issue(0, A, 30)
    authority.access.settle_closed("CEA", Y24, 0, 100, None)
    assert (market.registry.free[0, A], market.registry.total("surrendered")[0]) == (10, 90)


def test_a_closed_firm_gets_back_what_it_has_consigned():
    """A and B consign 30 and 20 over four auctions; A closes after the first, in which 6 of its 8 were sold."""
    stage = Stage(consignment=Consignment(), entry_exit=EntryExit(keep_units=False))
    stage.plan(2024, free=50)
    stage.go_to(2024, 1)
    stage.authority.plans.preallocate("CEA", stage.period(2024), np.array([30, 20, 0]))
    stage.hold(2024, (2, 30, 10))
    queue = stage.supply.reserves.consigned
    assert sum(t.lots for t in queue.queue if t.account == stage.firms[0]) == 24
    due = stage.authority.access.close(0, stage.today)
    assert set(due) == {"CEA"} and {t.account for t in queue.queue} == {stage.firms[1]}
    assert stage.held(2024)[0] == 24
    assert stage.events("consign_withdrawn") == [("consignment", "consign_withdrawn", stage.firms[0], 24, "")]
    # Its duty of 10 is served first, and the rest is cancelled by the rule.
    stage.authority.access.settle_closed("CEA", stage.period(2024), 0, 10, None)
    assert stage.held(2024)[0] == 0
    assert stage.market.registry.total("surrendered")[0] == 10 and stage.market.registry.total("cancelled")[0] == 14
    stage.check()


def test_what_is_given_around_verified_use_is_compared_with_it():
    """Reference 2.0: A uses 1.8 a unit and is given 1.5 % more for 1,801, B 2.6 and 3 % less for 1,000."""
    rule = EmissionMatchingBand(balance_value={"power": {2024: Decimal("2.00")}})
    market, authority = authority_of(allocation=(rule,), upfront=UpfrontTrueUp())
    authority.verify("CEA", Y24, lots(1801, 1000, 0))
    given = authority.entitlements["CEA"].lots(2024, np.array([1001, 385, 0]), lots(1801, 1000, 0))
    authority.plans.true_up("CEA", Y24, given)
    assert given.tolist() == [1828, 970, 0]
    (balance,) = [(e.rule, e.lots) for e in market.events if e.code == "scheme_balance"]
    assert balance == ("emission_matching_band", 1828 + 970 - 2801)


def test_the_duty_of_a_closed_firm_comes_first_and_what_is_idle_may_be_bought_back():
    """A right for a term of 100 lots: 60 were used, 15 of last year must be made good; 25 are idle, and 5 pledged."""
    market, authority = authority_of(
        paid_use=PaidInitialUse(fee=1, term_years=5),
        entry_exit=EntryExit(),
        make_good=MakeGood(),
        government_reserve=GovernmentReserve(guide_fen=10, budget_fen=1000),
    )
    market.registry.deposit(A, 10_000)
    authority.begin_term("CEA", lots(100, 0, 0), date(2024, 1, 2), is_first=True)
    authority.plans.preallocate("CEA", Y24, lots(0, 0, 0))
    market.obligations.add_debt("CEA", Y24.name, Debt.MAKE_GOOD, lots(15, 0, 0), authority.firms.accounts)
    market.registry.pledge(0, A, 5)
    authority.access.close(0, date(2024, 5, 31))
    authority.access.settle_closed("CEA", Y24, 0, 60, None)
    assert (market.registry.total("surrendered")[0], market.registry.free[0, A]) == (75, 20)
    closed = np.array([True, False, False])
    assert authority.reserve.buy_back("CEA", date(2024, 12, 31), ALL, closed).tolist() == [20, 0, 0]
    assert codes(market, "idle_pledged") == [("idle_pledged", A, -1, 5, 0)]
    assert authority.reserve.stock == {("CEA", 0, -1): 20}
    assert_journal_replays(market)
