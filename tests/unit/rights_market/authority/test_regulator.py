"""What the authority looks at when it reviews its rules, and what it decides."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from rights_market.authority import Authority, Covered
from rights_market.authority.mrv.audits import AuditDraws
from rights_market.authority.mrv.monitoring import Readings
from rights_market.authority.observations import Observations
from rights_market.authority.regulator import regulator_dates, review_dates
from rights_market.errors import PolicyError
from rights_market.exchange.calendar import TradingCalendar
from rights_market.market import Market
from rights_market.policies.allocation import Grandfathering
from rights_market.policies.banking import FreeBanking
from rights_market.policies.compliance import Penalty
from rights_market.policies.feedback import FeedbackRule
from rights_market.policies.mrv import Audit, FalseDataFine, SelfReport
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind, Accounts
from rights_market.rule_change import Adjustment
from tests.compliance_market import fingerprint, lots, period, rule_book, swap

CALENDAR = TradingCalendar(date(2024, 1, 1), date(2026, 12, 31))
# The duty of 2024 falls due on 30 September 2025, that of 2025 a year later.
YEARS = tuple(
    period(
        y,
        verify=date(y + 1, 4, 30),
        true_up=date(y + 1, 6, 30),
        deadline=date(y + 1, 9, 30),
        publish=date(y + 1, 11, 3),
    )
    for y in (2024, 2025)
)
A, B = 2, 3


def feedback(**changes: Any) -> FeedbackRule:
    given: dict[str, Any] = {
        "watch": "mean_price",
        "high": Decimal(60),
        "field": "allocation.0.cut",
        "if_high": Decimal("0.02"),
        "minimum": Decimal(0),
        "maximum": Decimal("0.1"),
    }
    return FeedbackRule(**given | changes)


def market_with(*rules: FeedbackRule, **more: Any) -> tuple[Market, Authority]:
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b"])
    given: dict[str, Any] = {
        "periods": YEARS,
        "allocation": (Grandfathering(base_years=(2023,), cut=Decimal("0.01")),),
        "regulator": rules,
    }
    market = Market([rule_book(**given | more)], accounts)
    market.registry.deposit(firms, 100_000_000)
    return market, Authority(market, Covered(firms, ("power",) * 2), CALENDAR)


def look(market: Market, authority: Authority, today: date, **changes: Any) -> Fraction | None:
    seen = Observations(authority._office, authority.monitoring.files, CALENDAR)
    return seen.figure("CEA", feedback(**changes), today)


def trade(market: Market, on: date, price: int, n: int) -> None:
    day = CALENDAR.index_on_or_after(on)
    assert day is not None
    market.open_day(day, [0], on)
    swap(market, A, B, 0, n, price)
    market.close_day()


def test_the_mean_price_is_that_of_all_trades_in_the_window() -> None:
    """100 lots at 60 and 300 at 64 in the window: 63 CNY; the trade at 99 lies a day before it."""
    market, authority = market_with()
    market.registry.issue(0, A, 1000)
    for on, price, n in ((date(2025, 3, 3), 9900, 50), (date(2025, 3, 4), 6000, 100), (date(2025, 5, 2), 6400, 300)):
        trade(market, on, price, n)
    assert look(market, authority, date(2025, 5, 2)) == 63
    assert look(market, authority, date(2025, 5, 3)) == 64
    assert look(market, authority, date(2025, 9, 1)) is None


def test_late_trade_is_that_of_the_last_days_before_the_deadline() -> None:
    """Between 1 January 2024 and 30 September 2025, 300 of 400 in the last 60 days; what comes after is not counted."""
    market, authority = market_with()
    market.registry.issue(0, A, 1000)
    for on, n in (
        (date(2025, 7, 31), 100),
        (date(2025, 8, 4), 200),
        (date(2025, 9, 30), 100),
        (date(2025, 10, 1), 500),
    ):
        trade(market, on, 6000, n)
    assert look(market, authority, date(2025, 9, 29), watch="late_trade_share") is None
    assert look(market, authority, date(2025, 9, 30), watch="late_trade_share") == Fraction(3, 4)
    assert look(market, authority, date(2026, 3, 2), watch="late_trade_share") == Fraction(3, 4)
    assert look(market, authority, date(2026, 3, 2), watch="late_trade_share", window=58) == Fraction(3, 4)
    assert look(market, authority, date(2026, 3, 2), watch="late_trade_share", window=57) == Fraction(1, 4)


def test_compliance_is_the_share_of_the_duty_that_was_met() -> None:
    market, authority = market_with()
    market.registry.issue(0, A, 100)
    authority.verify("CEA", YEARS[0], lots(60, 20))
    authority.surrender("CEA", YEARS[0])
    assert look(market, authority, date(2025, 9, 29), watch="compliance_rate") is None
    assert look(market, authority, date(2025, 9, 30), watch="compliance_rate") == Fraction(3, 4)


@pytest.mark.parametrize("relabel", ["keep", "new_vintage"])
def test_the_bank_is_what_is_left_of_closed_periods(relabel: str) -> None:
    """120 left of 2024, of which the government holds 20; the 500 issued for 2025 are no bank yet."""
    market, authority = market_with(banking=FreeBanking(relabel=relabel))
    market.registry.issue(0, [A, B, GOVERNMENT_ACCOUNT], [180, 70, 20])
    market.registry.issue(1, A, 500)
    authority.verify("CEA", YEARS[0], lots(100, 50))
    assert look(market, authority, date(2025, 5, 1), watch="bank_share") is None
    authority.surrender("CEA", YEARS[0])
    assert look(market, authority, date(2025, 9, 30), watch="bank_share") == Fraction(100, 150)
    authority.close_banking("CEA", YEARS[0], YEARS[1], date(2025, 10, 1))
    assert look(market, authority, date(2025, 12, 31), watch="bank_share") == Fraction(100, 150)


AUDITS = feedback(
    watch="false_report_share",
    high=Decimal("0.1"),
    field="audit.share",
    if_high=Decimal("0.25"),
    minimum=Decimal("0.5"),
    maximum=Decimal(1),
    review="publish",
    notice=10,
)
MONITORED = {
    "reporting": SelfReport(),
    "audit": Audit(share=Decimal("0.5"), fine=FalseDataFine(form="per_lot", fen_per_lot=1)),
}


def audited(reported: np.ndarray) -> tuple[Market, Authority]:
    """A market in which the first of two firms was audited; both used 100."""
    market, authority = market_with(AUDITS, **MONITORED)
    authority.measure("CEA", YEARS[0], Readings(np.ones(2, bool), lots(100, 100), np.zeros(2), np.zeros(2)))
    authority.report("CEA", YEARS[0], reported)
    authority.check("CEA", YEARS[0], None)
    authority.audit("CEA", YEARS[0], AuditDraws(np.arange(2), np.zeros(2), np.full(2, 1)))
    return market, authority


def test_of_false_reports_the_authority_sees_those_that_audits_found() -> None:
    """The second firm hides as much, but nobody looked."""
    market, authority = audited(lots(80, 80))
    assert look(market, authority, date(2025, 11, 3), watch="false_report_share") == 1
    market, authority = audited(lots(100, 80))
    assert look(market, authority, date(2025, 11, 3), watch="false_report_share") == 0
    market, authority = market_with(AUDITS, **MONITORED)
    assert look(market, authority, date(2025, 11, 3), watch="false_report_share") is None


def reviews(market: Market) -> list[tuple[str, str, str]]:
    return [(e.hook, e.code, e.note) for e in market.events if e.hook in ("rule_review", "rule_change")]


def test_a_review_announces_and_the_number_holds_after_the_notice() -> None:
    market, authority = audited(lots(80, 80))
    assert authority.regulator is not None
    assert authority.regulator.review("CEA", 0, date(2025, 11, 3))
    rules = authority.rules("CEA")
    assert (rules.book.audit.share, rules.on(date(2025, 11, 13)).audit.share) == (Decimal("0.5"), Decimal("0.75"))
    assert authority.change_rules("CEA", date(2025, 11, 12)) == []
    assert len(authority.change_rules("CEA", date(2025, 11, 13))) == 1
    assert authority._office.books["CEA"].audit.share == Decimal("0.75")
    why = "false_report_share 1 above high 0.1: audit.share 0.5 -> 0.75"
    dated = f"CEA: audit, from 2025-11-13; {why}"
    assert reviews(market) == [
        ("rule_review", "moved", f"CEA: {why}"),
        ("rule_change", "rule_announced", dated),
        ("rule_change", "rule_changed", dated),
    ]


def test_a_review_that_finds_nothing_amiss_is_written_down_and_changes_nothing() -> None:
    market, authority = audited(lots(100, 80))
    assert authority.regulator is not None
    assert not authority.regulator.review("CEA", 0, date(2025, 11, 3))
    assert reviews(market) == [
        ("rule_review", "within_band", "CEA: false_report_share 0 within ..0.1: audit.share stays 0.5")
    ]
    market, authority = market_with(AUDITS, **MONITORED)
    assert authority.regulator is not None
    assert not authority.regulator.review("CEA", 0, date(2025, 11, 3))
    assert reviews(market)[0][:2] == ("rule_review", "no_observation")


def test_the_limit_is_reached_once_and_then_kept() -> None:
    market, authority = audited(lots(80, 80))
    assert authority.regulator is not None
    done = [authority.regulator.review("CEA", 0, date(2025, 11, d)) for d in (3, 4, 5)]
    assert done == [True, True, False]
    assert [(code, note.rpartition(": ")[2]) for hook, code, note in reviews(market) if hook == "rule_review"] == [
        ("moved", "audit.share 0.5 -> 0.75"),
        ("moved", "audit.share 0.75 -> 1.00"),
        ("limit_reached", "audit.share stays 1.00"),
    ]


def test_numbers_that_do_not_go_together_are_left_as_they_are() -> None:
    """Each fine may reach the other's bound, but not both at once."""
    fine = Penalty(form="multiple", low=Decimal(3), high=Decimal(5), by="gap_share")
    up = feedback(watch="mean_price", high=Decimal(1), maximum=Decimal(5), if_high=Decimal(2), minimum=Decimal(1))
    down = feedback(
        watch="mean_price",
        high=Decimal(1),
        field="penalties.0.high",
        if_high=Decimal(-2),
        minimum=Decimal(3),
        maximum=Decimal(9),
    )
    market, authority = market_with(
        FeedbackRule(**{**as_dict(up), "field": "penalties.0.low"}), down, penalties=(fine,)
    )
    market.registry.issue(0, A, 10)
    trade(market, date(2025, 3, 3), 6000, 5)
    assert authority.regulator is not None
    assert authority.regulator.review("CEA", 0, date(2025, 3, 3))
    assert not authority.regulator.review("CEA", 1, date(2025, 3, 3))
    assert reviews(market)[-1][:2] == ("rule_review", "rule_unmet")
    announced = authority.rules("CEA").announced.penalties[0]
    assert (announced.low, announced.high) == (5, 5)


def as_dict(rule: FeedbackRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in type(rule).__dataclass_fields__ if name != "kind"}


def test_plans_that_are_out_keep_their_numbers_and_later_ones_follow() -> None:
    market, authority = market_with(feedback())
    rules = authority.entitlements["CEA"]
    rules.report_use(2023, lots(1000, 1000))
    market.registry.issue(0, A, 10)
    authority.plans.announce("CEA", YEARS[0])
    trade(market, date(2024, 12, 31), 6800, 5)
    assert authority.regulator is not None
    assert authority.regulator.review("CEA", 0, date(2024, 12, 31))
    authority.change_rules("CEA", date(2025, 1, 30))
    assert rules.lots(2024, lots(1, 1), lots(0, 0)).tolist() == [990, 990]
    assert rules.lots(2025, lots(1, 1), lots(0, 0)).tolist() == [941, 941]  # 0.97 twice


def test_a_restored_authority_has_what_was_decided() -> None:
    market, authority = audited(lots(80, 80))
    assert authority.regulator is not None
    authority.regulator.review("CEA", 0, date(2025, 11, 3))
    copy, twin = market_with(AUDITS, **MONITORED)
    copy.restore(market.state())
    twin.restore(authority.state())
    assert fingerprint(twin.state()) == fingerprint(authority.state())
    for either in (authority, twin):
        either.change_rules("CEA", date(2025, 11, 13))
        assert either._office.books["CEA"].audit.share == Decimal("0.75")
    assert len(twin.entitlements["CEA"]._books) == 2


def moved_by_hand(authority: Authority, value: str) -> list[int]:
    """Move the cut as a review would, and return what the firms are given then."""
    history, rules = authority.rules("CEA"), authority.entitlements["CEA"]
    history.adjust(
        Adjustment(
            right="CEA",
            announce=date(2024, 1, 2),
            start=date(2024, 1, 3),
            field="allocation.0.cut",
            value=Decimal(value),
            reason="by hand",
        )
    )
    rules.adopt_books(history.books)
    authority.change_rules("CEA", date(2024, 1, 3))
    return rules.lots(2024, lots(1, 1), lots(0, 0)).tolist()


def test_an_authority_that_takes_up_another_state_allocates_by_what_was_decided_there() -> None:
    """Here the cut was moved to 0.03, there to 0.05; either way it is the first change."""
    (_, here), (_, there) = market_with(feedback()), market_with(feedback())
    for authority in (here, there):
        authority.entitlements["CEA"].report_use(2023, lots(1000, 1000))
    assert moved_by_hand(here, "0.03") == [970, 970]
    assert moved_by_hand(there, "0.05") == [950, 950]
    here.restore(there.state())
    assert here.entitlements["CEA"].lots(2024, lots(1, 1), lots(0, 0)).tolist() == [950, 950]


@pytest.mark.parametrize(
    ("review", "days"),
    [
        ("publish", [date(2025, 11, 3), date(2026, 11, 3)]),
        ("year_close", [date(2024, 12, 31), date(2025, 12, 31), date(2026, 12, 31)]),
    ],
)
def test_reviews_have_their_days(review: str, days: list[date]) -> None:
    book = rule_book(periods=YEARS)
    assert review_dates(feedback(review=review), book, CALENDAR) == days
    months = review_dates(feedback(review="month_close"), book, CALENDAR)
    assert (len(months), months[:2]) == (36, [date(2024, 1, 31), date(2024, 2, 29)])


def test_a_possible_change_has_its_day_in_the_calendar() -> None:
    market, _ = market_with(feedback(notice=31))
    dated = [(d.when, d.entry.hook) for d in regulator_dates(market.rule_books[0], CALENDAR)]
    assert dated[:2] == [(date(2024, 12, 31), "rule_review"), (date(2025, 1, 31), "rule_change")]


def test_what_a_period_costs_is_not_changed_between_its_deadline_and_its_end() -> None:
    """The duty of 2024 is due in September 2025, but units lapse in January 2026 only."""
    late = tuple(
        period(y, verify=date(y + 1, 4, 30), true_up=date(y + 1, 6, 30), deadline=date(y + 1, 9, 30),
               banking_close=date(y + 2, 1, 30))
        for y in (2024, 2025)
    )  # fmt: skip
    fine = Penalty(form="multiple", low=Decimal(3), high=Decimal(5), by="gap_share")
    moved = feedback(field="penalties.0.low", minimum=Decimal(1), maximum=Decimal(5), if_high=Decimal(1), notice=20)
    with pytest.raises(PolicyError, match=r"E_RETRO: announce 2025-12-31 lies after the deadline 2025-09-30 .* notice"):
        market_with(moved, periods=late, penalties=(fine,))
    market_with(FeedbackRule(**{**as_dict(moved), "notice": 31}), periods=late, penalties=(fine,))
