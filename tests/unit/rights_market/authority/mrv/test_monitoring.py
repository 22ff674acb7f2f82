"""The authority's files on use: measured, reported, verified, audited, and what follows."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from rights_market.authority import Authority
from rights_market.authority.mrv import NO_REPORT
from rights_market.authority.mrv.audits import AuditDraws
from rights_market.authority.mrv.monitoring import CheckDraws, Readings
from rights_market.exchange.calendar import Period
from rights_market.market import Market
from rights_market.policies.allocation import UpfrontTrueUp, Where
from rights_market.policies.mrv import Audit, Disclosure, FalseDataFine, Measurement, SelfReport, Verification
from tests.compliance_market import CEA, assert_journal_replays, codes, lots, market_of, period, rule_book

Y24, Y25 = period(2024), period(2025)
FINE = FalseDataFine(form="per_lot", fen_per_lot=100)
ALL_AUDITED = Audit(share=Decimal(1), fine=FINE)
NEVER, ALWAYS = 0.999999, 0.0


def file_reports(authority: Authority, true: np.ndarray, reported: np.ndarray, when: Period = Y24) -> np.ndarray:
    """Measure and report one period, all firms subject; returns what was measured."""
    n = len(true)
    measured = authority.measure("CEA", when, Readings(np.ones(n, bool), true, np.zeros(n), np.zeros(n)))
    authority.report("CEA", when, reported)
    return measured


def check(authority: Authority, chance: float = NEVER, when: Period = Y24, preferred: int = 0) -> list[int]:
    """Verify one period in the order of the firms; returns what counts."""
    n = len(authority.firms.accounts)
    draws = CheckDraws(np.arange(n), np.full(n, chance), np.full(n, preferred))
    authority.check("CEA", when, draws)
    return verified(authority, when)


def audit(authority: Authority, when: Period = Y24, chance: float = ALWAYS) -> None:
    n = len(authority.firms.accounts)
    authority.audit("CEA", when, AuditDraws(np.arange(n), np.full(n, chance), np.full(n, 100)))


def market(*rules: object, n: int = 2, **more: object) -> tuple[Market, Authority]:
    """A market with some rules of monitoring, and firms with 1000 fen each."""
    slots = {Measurement: "measurement", SelfReport: "reporting", Verification: "verification", Audit: "audit"}
    slots[Disclosure] = "disclosure"
    given = {slots[type(r)]: (r,) if isinstance(r, Measurement) else r for r in rules}
    market, authority, firms = market_of(rule_book(**given, **more), n)
    market.registry.deposit(firms, 1000)
    return market, authority


def verified(authority: Authority, when: Period = Y24) -> list[int]:
    return authority.market.obligations.verified_lots("CEA", when.name)[authority.firms.accounts].tolist()


def debts(authority: Authority, when: Period = Y25) -> list[int]:
    return authority.market.obligations.debt_lots("CEA", when.name)[authority.firms.accounts].tolist()


def test_what_is_measured_follows_the_rule_of_the_firm() -> None:
    """Firms of the power sector have an instrument that reads 10 % too much; it is known who has which."""
    _, authority = market(Measurement(bias=Decimal("0.1"), where=Where(sectors=("power",))))
    assert file_reports(authority, lots(100, 0), lots(110, 0)).tolist() == [110, 0]
    file = authority.monitoring.files["CEA", "2024"]
    assert (file.true.tolist(), file.method.tolist()) == ([100, 0], [1, 1])
    _, other = market(Measurement(bias=Decimal("0.1"), where=Where(sectors=("steel",))))
    assert file_reports(other, lots(100, 0), lots(100, 0)).tolist() == [100, 0]
    assert other.monitoring.files["CEA", "2024"].method.tolist() == [0, 0]


def test_a_noticed_miss_is_corrected_and_one_below_materiality_stands() -> None:
    """1000 measured, 930 reported: detection 0.63606, so a draw of 0.5 corrects; 960 is within 5 %."""
    market_, authority = market(Verification())
    file_reports(authority, lots(1000, 1000), lots(930, 960))
    assert check(authority, 0.5) == [1000, 960]
    assert codes(market_, "corrected") == [("corrected", int(authority.firms.accounts[0]), 0, 70, 0)]


def test_a_colluding_verifier_lets_it_stand() -> None:
    """With collusion of one half detection is 0.31803: the same draw keeps quiet."""
    _, authority = market(Verification(collusion=(Decimal("0.5"),)))
    file_reports(authority, lots(1000, 1000), lots(930, 0))
    assert check(authority, 0.5) == [930, 1000]
    assert authority.monitoring.files["CEA", "2024"].connived.tolist() == [True, False]


def test_overstatement_is_corrected_too() -> None:
    _, authority = market(Verification())
    file_reports(authority, lots(1000, 10), lots(1100, 10))
    assert check(authority, ALWAYS) == [1000, 10]


def test_a_firm_that_is_not_checked_reports_no_less_than_last_time() -> None:
    _, authority = market(Verification(coverage=Decimal("0.5")))
    file_reports(authority, lots(100, 100), lots(100, 100))
    check(authority)
    file_reports(authority, lots(90, 90), lots(80, 80), Y25)
    assert check(authority, ALWAYS, Y25) == [90, 100]  # the first is checked and found out


def test_a_missing_report_is_estimated_and_fined() -> None:
    """110 % of last year's 95 lots is 104.5, so 105; the fine of 1500 fen takes the cash and leaves 500 to pay."""
    market_, authority = market(SelfReport(late_fee=1500), Audit(share=Decimal(1), fine=FINE))
    file_reports(authority, lots(95, 10), lots(95, 10))
    check(authority)
    file_reports(authority, lots(300, 10), lots(NO_REPORT, 10), Y25)
    assert check(authority, when=Y25) == [105, 10]
    assert authority.unpaid_fines_fen.tolist() == [500, 0]
    market_.registry.deposit(authority.firms.accounts, 200)
    assert authority.shortfalls.collect(30).tolist() == [200, 0]
    audit(authority, Y25)  # an estimate is no false figure
    assert verified(authority, Y25) == [105, 10]
    assert_journal_replays(market_)


def test_an_audit_before_the_deadline_adds_to_the_duty() -> None:
    market_, authority = market(SelfReport(), ALL_AUDITED)
    file_reports(authority, lots(100, 100), lots(93, 100))
    assert check(authority) == [93, 100]
    audit(authority)
    assert verified(authority) == [100, 100]
    assert authority.monitoring.files["CEA", "2024"].fine_fen.tolist() == [700, 0]
    assert market_.registry.cash[authority.firms.accounts].tolist() == [300, 1000]
    assert debts(authority) == [0, 0]
    audit(authority)  # what was found is not found again
    assert verified(authority) == [100, 100] and authority.unpaid_fines_fen.sum() == 0


def test_an_audit_after_the_deadline_adds_to_the_next_duty() -> None:
    """No shortfall afterwards: the period stays as it was settled."""
    market_, authority = market(SelfReport(), ALL_AUDITED)
    market_.registry.issue(0, authority.firms.accounts, lots(93, 100))
    file_reports(authority, lots(100, 100), lots(93, 100))
    check(authority)
    assert authority.surrender("CEA", Y24).tolist() == [0, 0]
    audit(authority)
    assert verified(authority) == [93, 100] and debts(authority) == [7, 0]
    assert not market_.obligations.shortfall("CEA", "2024").any()
    market_.audit()


def test_after_the_last_period_there_is_no_duty_to_add_to() -> None:
    market_, authority = market(SelfReport(), ALL_AUDITED, periods=(Y24,))
    file_reports(authority, lots(100, 100), lots(93, 100))
    check(authority)
    authority.surrender("CEA", Y24)
    audit(authority)
    assert codes(market_, "rule_unmet") == [("rule_unmet", -1, 0, 7, 0)]


def test_an_audit_may_look_back_and_may_miss() -> None:
    rule = Audit(share=Decimal(1), fine=FINE, lookback=2, accuracy=Decimal("0.5"))
    _, authority = market(SelfReport(), rule)
    for when in (Y24, Y25):
        file_reports(authority, lots(100, 100), lots(95, 100), when)
        check(authority, when=when)
    audit(authority, Y25, chance=0.5)
    assert verified(authority, Y25) == [95, 100]
    audit(authority, Y25, chance=0.49)
    assert (verified(authority, Y24), verified(authority, Y25)) == ([100, 100], [100, 100])


def test_only_a_fine_where_the_rule_adds_no_duty() -> None:
    _, authority = market(SelfReport(), Audit(share=Decimal(1), fine=FINE, adds_duty=False))
    file_reports(authority, lots(100, 100), lots(93, 100))
    check(authority)
    audit(authority)
    assert verified(authority) == [93, 100]
    assert authority.monitoring.files["CEA", "2024"].found.tolist() == [7, 0]


def test_what_verification_corrected_is_no_offence() -> None:
    _, authority = market(SelfReport(), Verification(), ALL_AUDITED)
    file_reports(authority, lots(1000, 100), lots(700, 100))
    check(authority, ALWAYS)
    audit(authority)
    assert not authority.monitoring.files["CEA", "2024"].fine_fen.any()


def test_a_verifier_that_kept_quiet_loses_its_licence_and_its_clients_are_verified_again() -> None:
    """Only the first firm is audited; the second had the same verifier, the third left out nothing to notice."""
    rule = Verification(verifiers=2, collusion=(Decimal(1), Decimal(0)))
    market_, authority = market(SelfReport(), rule, Audit(share=Decimal("0.3"), fine=FINE), n=3)
    file_reports(authority, lots(1000, 1000, 1000), lots(700, 800, 970))
    assert check(authority, ALWAYS) == [700, 800, 970]
    audit(authority)
    assert verified(authority) == [1000, 1000, 970]
    assert authority.monitoring.files["CEA", "2024"].fine_fen.tolist() == [30_000, 0, 0]
    assert authority.monitoring.verifiers["CEA"].licensed.tolist() == [False, True]
    assert [code for code, *_ in codes(market_, "licence_ended", "false_data")] == ["false_data", "licence_ended"]
    file_reports(authority, lots(1000, 1000, 1000), lots(700, 800, 970), Y25)
    assert check(authority, ALWAYS, Y25) == [1000, 1000, 970]


def test_without_a_licensed_verifier_reports_count_but_no_less_than_before() -> None:
    market_, authority = market(SelfReport(), Verification(collusion=(Decimal(1),)), ALL_AUDITED)
    file_reports(authority, lots(1000, 1000), lots(700, 1000))
    check(authority, ALWAYS)
    audit(authority)
    file_reports(authority, lots(900, 1000), lots(800, 1100), Y25)
    assert check(authority, ALWAYS, Y25) == [1000, 1100]
    assert "no verifier is licensed" in [e.note for e in market_.events]


def test_an_offender_loses_a_part_of_the_next_allocation() -> None:
    """Half of 70 early lots, and half of the 30 that follow: 50 of 100."""
    rule = Audit(share=Decimal(1), fine=FINE, allocation_cut=Decimal("0.5"))
    market_, authority = market(SelfReport(), rule, upfront=UpfrontTrueUp(share=Decimal("0.7")))
    file_reports(authority, lots(100, 100), lots(93, 100))
    check(authority)
    audit(authority)
    assert authority.plans.preallocate("CEA", Y25, lots(100, 100)).tolist() == [35, 70]
    assert authority.plans.true_up("CEA", Y25, lots(100, 100)).tolist() == [15, 30]
    assert debts(authority) == [0, 0]
    cut = codes(market_, "allocation_cut")
    assert [(account - authority.firms.accounts[0], n) for _, account, _, n, _ in cut] == [(0, 35), (0, 15)]
    market_.audit()


def test_who_pays_the_verifier() -> None:
    for payer, bills, public in (("firm", [300, 0], 0), ("authority", [0, 0], 300)):
        rule = Verification(cost=300, paid_by=payer, coverage=Decimal("0.5"))
        market_, authority = market(rule)
        file_reports(authority, lots(10, 10), lots(10, 10))
        draws = CheckDraws(np.arange(2), np.full(2, NEVER), np.zeros(2, np.int64))
        assert authority.check("CEA", Y24, draws).tolist() == bills
        assert sum(e.money_fen for e in market_.events if e.code == "verification_paid") == public


def test_firms_that_need_not_hold_the_right_are_left_alone() -> None:
    market_, authority = market(SelfReport(), Verification(), ALL_AUDITED)
    subject, none = np.array([True, False]), np.zeros(2)
    authority.measure("CEA", Y24, Readings(subject, lots(100, 0), none, none))
    authority.report("CEA", Y24, lots(90, 0))
    draws = CheckDraws(np.arange(1), np.full(2, NEVER), np.zeros(2, np.int64))
    authority.check("CEA", Y24, draws)
    authority.audit("CEA", Y24, AuditDraws(np.arange(1), np.zeros(2), lots(1, 0)))
    file = authority.monitoring.files["CEA", "2024"]
    assert (file.audited.tolist(), file.verifier.tolist()) == ([True, False], [0, -1])


def test_a_false_figure_is_not_believed_for_two_years() -> None:
    rule = Disclosure(rate_discount={3: 20})
    _, authority = market(SelfReport(), ALL_AUDITED, rule, n=3)
    file_reports(authority, lots(100, 100, 40), lots(93, 100, 40))
    check(authority)
    audit(authority)
    authority.publish("CEA", Y24, {"emissions": np.zeros(3)}, disclosure_due=True)
    shown = authority.monitoring.publication.shown[0]
    assert np.isnan(shown.published[0]) and shown.published[1:].tolist() == [100, 40]
    assert shown.belief[0] == pytest.approx(80) and shown.belief_sd[0] == pytest.approx(np.sqrt(800))
    assert shown.belief_sd[1:].tolist() == [0, 0]
    discount = authority.monitoring.publication.discount_bp
    assert [discount("CEA", y).tolist() for y in (2025, 2026)] == [[0, 20, 20], [20, 20, 20]]


def test_records_can_be_saved_and_restored() -> None:
    rules = (SelfReport(), Verification(cost=5), Audit(share=Decimal(1), allocation_cut=Decimal(1)), Disclosure())
    _, authority = market(*rules)
    file_reports(authority, lots(1000, 100), lots(990, NO_REPORT))
    check(authority)
    audit(authority)
    authority.publish("CEA", Y24, {"emissions": np.zeros(2)}, disclosure_due=True)
    _, twin = market(*rules)
    twin.restore(authority.state())
    assert repr(twin.state()) == repr(authority.state())
    issued = authority.plans.preallocate("CEA", Y25, lots(10, 10))
    assert twin.plans.preallocate("CEA", Y25, lots(10, 10)).tolist() == issued.tolist()


def test_the_gain_is_valued_at_the_mean_price() -> None:
    """Nothing traded: the last close, 68 fen a lot on this tape of 6800, stands for the mean."""
    rule = Audit(share=Decimal(1), fine=FalseDataFine(multiple=Decimal(7), gain_threshold=0))
    market_, authority = market(SelfReport(), rule)
    file_reports(authority, lots(100, 100), lots(98, 100))
    check(authority)
    audit(authority)
    fine = authority.monitoring.files["CEA", "2024"].fine_fen[0]
    assert fine == 2 * 7 * Fraction(market_.tape.last_close[0] * CEA.tick_value_fen)
