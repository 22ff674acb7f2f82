"""Rules in time: what is in force, what is announced, and what comes too late."""

import dataclasses
from datetime import date
from decimal import Decimal

import pytest

from rights_market.errors import PolicyError
from rights_market.exchange.calendar import Entry
from rights_market.policies.auction import AuctionSchedule, SealedUniform
from rights_market.policies.banking import FreeBanking, NoBanking
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import MakeGood, Penalty, Surrender
from rights_market.policies.feedback import FeedbackRule
from rights_market.policies.mrv import Audit
from rights_market.policies.trading import Fees
from rights_market.rule_change import Adjustment, RuleChange
from rights_market.rule_history import RuleHistory
from tests.compliance_market import rule_book

BOOK = rule_book()
FINE = Penalty(form="fixed", fen_per_lot=100)


def change(announce: date, start: date, retroactive: bool = False, **slots) -> RuleChange:
    return RuleChange(right="CEA", announce=announce, start=start, slots=slots, retroactive=retroactive)


NO_BANKING = change(date(2024, 10, 15), date(2025, 6, 1), banking=NoBanking())
FINES = change(date(2025, 2, 4), date(2025, 5, 1), penalties=(FINE,))


class TestHistory:
    def test_rules_hold_from_their_start_and_are_known_from_their_announcement(self):
        rules = RuleHistory(BOOK, (NO_BANKING, FINES))
        assert rules.announce(date(2024, 10, 14)) == []
        assert rules.on(date(2025, 12, 31)) is BOOK
        assert rules.announce(date(2024, 10, 15)) == [NO_BANKING]
        assert rules.begin(date(2024, 10, 15)) == []
        assert rules.book is BOOK
        expected = rules.on(date(2025, 12, 31))
        assert (expected.banking, expected.penalties) == (NoBanking(), ())
        assert rules.on(date(2025, 5, 31)) is BOOK
        assert rules.announce(date(2025, 2, 4)) == [FINES]
        assert rules.begin(date(2025, 5, 2)) == [FINES]
        assert (rules.book.banking, rules.book.penalties, rules.version) == (FreeBanking(), (FINE,), 1)
        assert rules.begin(date(2025, 6, 2)) == [NO_BANKING]
        assert (rules.book.banking, rules.book.penalties, rules.version) == (NoBanking(), (FINE,), 2)

    def test_a_later_change_of_a_slot_replaces_an_earlier_one(self):
        again = change(date(2024, 1, 1), date(2025, 7, 1), banking=FreeBanking(relabel="new_vintage"))
        rules = RuleHistory(BOOK, (again, NO_BANKING))
        rules.announce(date(2024, 12, 1))
        assert rules.on(date(2025, 6, 30)).banking == NoBanking()
        assert rules.on(date(2025, 7, 1)).banking == FreeBanking(relabel="new_vintage")

    def test_a_change_that_begins_before_it_is_announced_holds_from_its_announcement(self):
        late = change(date(2025, 3, 1), date(2024, 6, 1), retroactive=True, fees=Fees(buyer=Decimal("0.01")))
        rules = RuleHistory(BOOK, (late,))
        assert rules.begin(date(2025, 2, 1)) == []
        rules.announce(date(2025, 3, 1))
        assert rules.begin(date(2025, 3, 1)) == [late]

    def test_days_for_the_agenda(self):
        days = [(d.when, d.entry) for d in RuleHistory(BOOK, (NO_BANKING,)).dates()]
        entry = Entry("rule_change", "CEA", "0")
        assert days == [(date(2024, 10, 15), entry), (date(2025, 6, 1), entry)]
        at_once = change(date(2025, 6, 1), date(2025, 6, 1), banking=NoBanking())
        assert len(RuleHistory(BOOK, (at_once,)).dates()) == 1

    def test_it_is_put_back(self):
        rules, twin = (RuleHistory(BOOK, (NO_BANKING, FINES)) for _ in range(2))
        rules.announce(date(2025, 1, 1))
        rules.begin(date(2025, 6, 1))
        twin.restore(rules.state())
        assert twin.state() == rules.state()
        assert twin.book == rules.book
        without = RuleHistory(BOOK)
        without.restore(rules.state())
        assert without.book is BOOK

    def test_changes_of_other_rights_are_passed_over(self):
        other = RuleChange(right="SO2", announce=date(2024, 1, 1), start=date(2024, 1, 1), slots={"fees": Fees()})
        assert RuleHistory(BOOK, (other,)).changes == ()


class TestRefusals:
    @pytest.mark.parametrize("slot", ["periods", "right", "opening_price_ticks", "auction", "taxes"])
    def test_what_cannot_change(self, slot):
        with pytest.raises(PolicyError, match=f"a dated change cannot set `{slot}`"):
            change(date(2024, 1, 1), date(2024, 1, 1), **{slot: None})

    def test_a_cap_by_which_lots_are_auctioned(self):
        cap = AbsolutePath(table={2024: 5, 2025: 5})
        tighter = change(date(2024, 1, 1), date(2025, 1, 1), cap=AbsolutePath(table={2024: 5, 2025: 4}))
        RuleHistory(rule_book(cap=cap), (tighter,))
        auction = SealedUniform(schedule=AuctionSchedule(per_year=4))
        with pytest.raises(PolicyError, match="cannot set `cap` where an `auction` sells by it"):
            RuleHistory(rule_book(cap=cap, auction=auction), (tighter,))

    def test_a_change_that_begins_before_it_is_announced(self):
        with pytest.raises(PolicyError, match="E_RETRO: announce 2025-03-01 lies after from 2024-06-01"):
            change(date(2025, 3, 1), date(2024, 6, 1), fees=Fees())

    def test_a_change_of_what_a_shortfall_costs_after_the_deadline(self):
        # The period 2024 falls due on 2025-12-31 and is fined on 2026-01-20.
        periods = (BOOK.periods[0].__class__(**{**_dates(BOOK.periods[0]), "penalty": date(2026, 1, 20)}),)
        book = rule_book(periods=periods)
        late = change(date(2026, 1, 5), date(2026, 1, 10), penalties=(FINE,))
        with pytest.raises(PolicyError, match="E_RETRO: announce 2026-01-05 .* deadline 2025-12-31 of period 2024"):
            RuleHistory(book, (late,))
        RuleHistory(book, (change(date(2025, 12, 30), date(2026, 1, 10), penalties=(FINE,)),))
        RuleHistory(book, (change(date(2026, 1, 5), date(2026, 1, 21), penalties=(FINE,)),))
        RuleHistory(book, (change(date(2026, 1, 5), date(2026, 1, 10), fees=Fees()),))
        RuleHistory(book, (change(date(2026, 1, 5), date(2026, 1, 10), retroactive=True, penalties=(FINE,)),))

    def test_rules_that_contradict_each_other_after_the_change(self):
        cover = change(date(2024, 1, 1), date(2024, 1, 1), surrender=Surrender(mode="cover"))
        dated = tuple(p.__class__(**{**_dates(p), "make_good": date(p.vintage + 2, 1, 30)}) for p in BOOK.periods)
        with pytest.raises(PolicyError, match=r"surrender.mode is cover"):
            RuleHistory(rule_book(periods=dated, make_good=MakeGood(deadline=30)), (cover,))


def _dates(period):
    return {name: getattr(period, name) for name in period.__slots__}


AUDITED = rule_book(
    audit=Audit(share=Decimal("0.1")),
    penalties=(FINE,),
    regulator=(
        FeedbackRule(
            watch="false_report_share",
            high=Decimal("0.1"),
            field="audit.share",
            if_high=Decimal("0.1"),
            minimum=Decimal("0.1"),
            maximum=Decimal("0.5"),
        ),
    ),
)


def audits(announce: date, start: date, share: str) -> Adjustment:
    return Adjustment(
        right="CEA", announce=announce, start=start, field="audit.share", value=Decimal(share), reason="why"
    )


class TestAdjustments:
    def test_nobody_knows_of_an_adjustment_before_it_is_made_and_all_do_afterwards(self):
        rules = RuleHistory(AUDITED, (NO_BANKING,))
        rules.begin(date(2024, 6, 1))
        assert rules.on(date(2026, 1, 1)).audit == Audit(share=Decimal("0.1"))
        rules.adjust(audits(date(2024, 12, 31), date(2025, 1, 30), "0.2"))
        assert rules.on(date(2025, 1, 29)).audit.share == Decimal("0.1")
        assert rules.on(date(2025, 1, 30)).audit.share == Decimal("0.2")
        assert rules.book.audit.share == Decimal("0.1")
        assert [c.slots for c in rules.begin(date(2025, 1, 30))] == [("audit",)]
        assert (rules.book.audit.share, rules.version) == (Decimal("0.2"), 1)
        assert rules.begin(date(2025, 6, 2)) == [NO_BANKING]
        assert (rules.book.audit.share, rules.book.banking) == (Decimal("0.2"), NoBanking())

    def test_the_next_step_starts_from_what_is_announced(self):
        rules = RuleHistory(AUDITED)
        rules.adjust(audits(date(2024, 6, 1), date(2024, 12, 1), "0.2"))
        rules.adjust(audits(date(2024, 7, 1), date(2025, 1, 1), "0.3"))
        assert (rules.book.audit.share, rules.announced.audit.share) == (Decimal("0.1"), Decimal("0.3"))

    def test_what_begins_earlier_goes_before_what_was_announced_before(self):
        rules = RuleHistory(AUDITED)
        rules.adjust(audits(date(2024, 6, 1), date(2025, 6, 1), "0.3"))
        rules.adjust(audits(date(2024, 7, 1), date(2024, 9, 1), "0.2"))
        assert [b.audit.share for b in rules.books] == [Decimal("0.1"), Decimal("0.2"), Decimal("0.3")]

    def test_the_past_cannot_be_adjusted(self):
        rules = RuleHistory(AUDITED)
        rules.begin(date(2025, 1, 1))
        with pytest.raises(PolicyError, match="comes after 2025-01-01"):
            rules.adjust(audits(date(2024, 12, 1), date(2025, 1, 1), "0.2"))

    def test_a_contradiction_leaves_the_rules_as_they_were(self):
        rules = RuleHistory(AUDITED)
        with pytest.raises(PolicyError, match="expected at most 1"):
            rules.adjust(audits(date(2024, 12, 1), date(2025, 1, 1), "2"))
        assert rules.books == (AUDITED,)
        assert rules.state()["adjustments"] == []

    def test_a_restored_history_has_them_and_one_without_the_number_does_not(self):
        rules, twin = RuleHistory(AUDITED), RuleHistory(AUDITED)
        rules.adjust(audits(date(2024, 12, 31), date(2025, 1, 30), "0.2"))
        rules.begin(date(2025, 2, 1))
        twin.restore(rules.state())
        assert twin.state() == rules.state()
        assert (twin.book.audit.share, twin.version) == (Decimal("0.2"), 1)
        other = RuleHistory(BOOK)
        other.restore(rules.state())
        assert (other.book, other.books) == (BOOK, (BOOK,))

    def test_a_day_is_due_once_and_only_if_something_happens(self):
        rules = RuleHistory(AUDITED)
        rules.adjust(audits(date(2024, 12, 31), date(2025, 1, 30), "0.2"))
        assert [rules.is_due(date(2025, 1, d)) for d in (29, 30)] == [False, True]
        rules.begin(date(2025, 1, 30))
        assert not rules.is_due(date(2025, 1, 30))

    @pytest.mark.parametrize(
        ("field", "words"),
        [
            ("auction.lot_multiple", "cannot set `auction`"),
            ("periods.0.vintage", "cannot set `periods`"),
            ("audit.sher", "does not exist"),
            ("audit.fine.lump", "outside minimum 0.1"),
            ("penalties.0.fen_per_lot", "is a whole number, so if_high cannot be 0.1"),
        ],
    )
    def test_feedback_on_what_cannot_be_moved_is_refused(self, field, words):
        rule = dataclasses.replace(AUDITED.regulator[0], field=field)
        if "fen_per_lot" in field:
            rule = dataclasses.replace(rule, maximum=Decimal(200))
        with pytest.raises(PolicyError, match=words):
            RuleHistory(dataclasses.replace(AUDITED, regulator=(rule,)))

    def test_a_cap_by_which_an_auction_sells_is_not_moved(self):
        cap = AbsolutePath(table={2024: 100, 2025: 90})
        selling = SealedUniform(schedule=AuctionSchedule(per_year=1))
        rule = dataclasses.replace(
            AUDITED.regulator[0], field="cap.table.2025", if_high=Decimal(5), minimum=Decimal(50), maximum=Decimal(200)
        )
        RuleHistory(dataclasses.replace(AUDITED, cap=cap, regulator=(rule,)))
        with pytest.raises(PolicyError, match="cannot set `cap` where an `auction` sells by it"):
            RuleHistory(dataclasses.replace(AUDITED, cap=cap, auction=selling, regulator=(rule,)))

    def test_a_limit_that_the_rule_does_not_take_is_refused(self):
        rule = dataclasses.replace(AUDITED.regulator[0], maximum=Decimal(2))
        with pytest.raises(PolicyError, match=r"audit.share cannot become maximum 2: Audit.share is 2"):
            RuleHistory(dataclasses.replace(AUDITED, regulator=(rule,)))

    def test_two_hands_on_one_number_are_refused(self):
        with pytest.raises(PolicyError, match="E_OVERLAP: .* is moved by another feedback rule"):
            RuleHistory(dataclasses.replace(AUDITED, regulator=AUDITED.regulator * 2))
        more = change(date(2024, 5, 1), date(2025, 5, 1), audit=Audit(share=Decimal("0.3")))
        with pytest.raises(PolicyError, match="E_OVERLAP: .* stands in `audit`, which a dated change sets"):
            RuleHistory(AUDITED, (more,))

    def test_watching_for_what_nobody_finds_is_refused(self):
        with pytest.raises(PolicyError, match="watches false_report_share, but there is no `audit`"):
            dataclasses.replace(AUDITED, audit=None)


def test_audits_change_by_date_but_neither_begin_nor_end():
    more = change(date(2024, 5, 1), date(2025, 5, 1), audit=Audit(share=Decimal("0.3")))
    assert RuleHistory(dataclasses.replace(AUDITED, regulator=()), (more,)).books[1].audit == Audit(
        share=Decimal("0.3")
    )
    with pytest.raises(PolicyError, match="cannot set `audit` where there was none"):
        RuleHistory(BOOK, (more,))
    with pytest.raises(PolicyError, match="cannot set `audit` to nothing"):
        RuleHistory(
            dataclasses.replace(AUDITED, regulator=()), (change(date(2024, 5, 1), date(2025, 5, 1), audit=None),)
        )
