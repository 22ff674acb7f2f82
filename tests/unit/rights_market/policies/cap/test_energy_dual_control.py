"""Regions under control of quantity and intensity."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from rights_market.policies.cap import EnergyDualControl, RegionState

RULE = EnergyDualControl(total={"north": 100_000, "south": 50_000}, start_year=2020)
START = Fraction("0.500")


def state(now, used=97_500, year=2022, rule=RULE):
    return rule.state("north", year, used, START, Fraction(now)).name


def test_too_little_of_the_cut_is_red_although_the_quantity_is_kept():
    # Two of five years: 5.6 % due, 4.2 % achieved, a ratio of 0.75.
    assert RULE.due(2022) == Fraction("0.056")
    assert state("0.479") == "RED"


@pytest.mark.parametrize(
    ("now", "used", "expected"),
    [
        ("0.472", 100_000, "GREEN"),  # 5.6 % achieved, and exactly the total is not over
        ("0.472", 100_001, "RED"),
        ("0.4775", 100_000, "AMBER"),  # 4.5 % achieved: above four fifths, below all
        ("0.4776", 100_000, "AMBER"),  # 4.48 % achieved: exactly four fifths
        ("0.55", 0, "RED"),
    ],
)
def test_states(now, used, expected):
    assert state(now, used) == expected


def test_a_tolerance_makes_a_small_excess_amber():
    rule = replace(RULE, tolerance=Decimal("0.02"))
    assert state("0.47", 102_000, rule=rule) == "AMBER"
    assert state("0.47", 102_001, rule=rule) == "RED"


def test_nothing_is_due_in_the_first_year_and_no_more_than_the_target_after_the_last():
    assert state("0.500", year=2020) == "GREEN"
    assert RULE.due(2030) == Fraction("0.14")


def test_a_region_without_a_total_or_a_start_is_judged_by_what_there_is():
    assert RULE.state("west", 2022, 10**9, START, Fraction("0.4")) == RegionState.GREEN
    assert RULE.state("north", 2022, 1, Fraction(0), Fraction("0.4")) == RegionState.GREEN


def test_the_cap_is_the_sum_of_the_regions():
    assert RULE.cap(2024) == 150_000
    assert RULE.region_totals() == {"north": 100_000, "south": 50_000}


def test_large_projects_wait_in_red_regions_and_longer_in_amber_ones():
    assert RULE.extra_days(RegionState.RED, 1_000) is None
    assert RULE.extra_days(RegionState.RED, 999) == 0
    assert RULE.extra_days(RegionState.AMBER, 1_000) == 90
    assert RULE.extra_days(RegionState.GREEN, 10**6) == 0
    assert replace(RULE, red="slow").extra_days(RegionState.RED, 1_000) == 90
