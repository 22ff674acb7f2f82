"""Caps as they are set and corrected."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rights_market.policies.allocation import CapScaling, FreeShare, Where
from rights_market.policies.cap import AbsolutePath, IntensityTarget, ReductionRate
from tests.compliance_market import assert_journal_replays, codes, fingerprint, lots, market_of, period, rule_book

Y24, Y25 = period(2024), period(2025)
TARGET = IntensityTarget(i0=Decimal("0.47045"), base_year=2024, cut=Decimal(0))
A, B, C = 2, 3, 4


def authority_of(**rules):
    market, authority, _ = market_of(rule_book(**rules), 3)
    return market, authority


def test_a_fixed_cap_is_set_as_it_stands():
    _, authority = authority_of(cap=AbsolutePath(table={2024: 900, 2025: 800}))
    assert authority.caps.lots("CEA", 2025) == 800
    authority.plans.set_caps("CEA", Y24, {2024: 0})
    assert codes(authority.market, "cap_set", "cap_floor_reached") == [("cap_set", -1, 0, 900, 0)]
    assert authority.entitlements["CEA"].cap_lots == {2024: 900}


def test_a_path_that_has_fallen_below_zero_is_written_down():
    path = AbsolutePath(
        base=10, start_year=2023, reference=100, lrf=(ReductionRate(from_year=2024, rate=Decimal("0.2")),)
    )
    _, authority = authority_of(cap=path)
    authority.plans.set_caps("CEA", Y24, {2024: 0})
    assert [code for code, *_ in codes(authority.market, "cap_set", "cap_floor_reached")] == [
        "cap_floor_reached",
        "cap_set",
    ]


def test_a_right_without_a_cap_is_passed_over():
    _, authority = authority_of()
    authority.plans.set_caps("CEA", Y24, {2024: 5})
    authority.plans.correct_caps("CEA", Y24, {2024: 5})
    assert authority.caps.lots("CEA", 2024) is None
    assert not authority.events


def test_the_cap_follows_activity_and_the_difference_enters_the_next_one():
    _, authority = authority_of(cap=TARGET)
    assert authority.caps.lots("CEA", 2024) is None
    authority.plans.set_caps("CEA", Y24, {2024: 10_000})
    authority.plans.correct_caps("CEA", Y24, {2024: 9_000})
    authority.plans.set_caps("CEA", Y25, {2025: 10_000})
    assert codes(authority.market, "cap_set", "intensity_correction") == [
        ("cap_set", -1, 0, 4705, 0),
        ("intensity_correction", -1, 0, -471, 0),
        ("cap_set", -1, 1, 4705 - 471, 0),
    ]


def test_what_would_take_a_cap_below_zero_is_carried_on():
    _, authority = authority_of(cap=TARGET)
    authority.plans.set_caps("CEA", Y24, {2024: 10_000})
    authority.plans.correct_caps("CEA", Y24, {2024: 0})
    authority.plans.set_caps("CEA", Y25, {2025: 1_000})
    # 470 - 4,705: nothing is issued, and 4,235 lots wait for the year after.
    assert codes(authority.market, "cap_floor_reached") == [("cap_floor_reached", -1, 1, -4235, 0)]
    assert authority.caps.lots("CEA", 2025) == 0
    assert authority.caps.state() == {"CEA": -4235}


@pytest.mark.parametrize(("verified", "expected"), [(9_000, [-236, -118, -117]), (11_000, [235, 118, 117])])
def test_a_correction_at_once_is_shared_by_allocation(verified, expected):
    market, authority = authority_of(cap=replace(TARGET, ex_post="now"))
    authority.plans.set_caps("CEA", Y24, {2024: 10_000})
    authority.plans.preallocate("CEA", Y24, lots(2000, 1000, 995))
    authority.plans.correct_caps("CEA", Y24, {2024: verified})
    assert (market.registry.free[0, [A, B, C]] - [2000, 1000, 995]).tolist() == expected
    assert_journal_replays(market)
    market.audit()


def test_lots_that_are_not_free_are_not_withdrawn():
    market, authority = authority_of(cap=replace(TARGET, ex_post="now"))
    authority.plans.set_caps("CEA", Y24, {2024: 10_000})
    authority.plans.preallocate("CEA", Y24, lots(1000, 0, 0))
    market.registry.pledge(0, A, 900)
    authority.plans.correct_caps("CEA", Y24, {2024: 9_000})
    assert market.registry.free[0, A] == 0
    assert codes(market, "rule_unmet") == [("rule_unmet", -1, 0, 371, 0)]


def test_a_state_gives_back_what_is_carried():
    (_, one), (_, other) = authority_of(cap=TARGET), authority_of(cap=TARGET)
    one.plans.set_caps("CEA", Y24, {2024: 10_000})
    one.plans.correct_caps("CEA", Y24, {2024: 9_000})
    other.restore(one.state())
    assert fingerprint(other.state()) == fingerprint(one.state())
    other.plans.set_caps("CEA", Y25, {2025: 10_000})
    assert other.caps.lots("CEA", 2025) == 4234


class TestPublishedCuts:
    def test_the_factor_is_published(self):
        _, authority = authority_of(cap=AbsolutePath(table={2024: 90, 2025: 90}), scaling=CapScaling())
        authority.plans.set_caps("CEA", Y24, {2024: 0})
        authority.plans.announce("CEA", Y24, {2024: lots(50, 30, 25)})
        assert codes(authority.market, "scaled") == [("scaled", -1, 0, 15, 0)]

    def test_exempt_claims_beyond_the_cap_are_published(self):
        rule = CapScaling(exempt=("power",))
        _, authority = authority_of(cap=AbsolutePath(table={2024: 90, 2025: 90}), scaling=rule)
        authority.plans.set_caps("CEA", Y24, {2024: 0})
        authority.plans.announce("CEA", Y24, {2024: lots(50, 30, 25)})
        assert codes(authority.market, "budget_negative") == [("budget_negative", -1, 0, 15, 0)]

    def test_firms_that_no_share_names_are_counted(self):
        share = FreeShare(free_share=Decimal(1), where=Where(sectors=("steel",)))
        _, authority = authority_of(mix=(share,))
        authority.plans.announce("CEA", Y24)
        assert [e.note for e in authority.events if e.code == "no_allocation_rule"] == ["3 firms in 2024"]
