"""Coverage by a threshold."""

from datetime import date

import numpy as np

from rights_market.policies.access import EntryExit
from tests.compliance_market import lots

RULE = EntryExit()


def listed(*use, rule=RULE, first=2021, until=2026):
    """Years in which a firm with these uses from 2021 on is covered."""
    known = {first + k: lots(u) for k, u in enumerate(use)}
    on, found = np.array([False]), []
    for year in range(first, until):
        on = rule.covered(year, {y: u for y, u in known.items() if y < year}, on)
        found += [year] if on[0] else []
    return found


def test_on_the_threshold_is_in_and_two_years_below_it_are_out():
    assert listed(26_000, 25_999, 25_000) == [2022, 2023]


def test_a_year_on_the_threshold_starts_the_count_anew():
    assert listed(26_000, 25_999, 26_000, 25_999) == [2022, 2023, 2024, 2025]


def test_who_never_reaches_it_is_never_in():
    assert listed(25_999, 25_999, 25_999) == []


def test_a_longer_lag_comes_in_later():
    assert listed(26_000, 26_000, 26_000, rule=EntryExit(lag_years=2), until=2025) == [2023, 2024]


def test_where_the_last_year_is_not_verified_yet_the_latest_that_are_count():
    on = np.array([True, False])
    assert RULE.covered(2024, {2022: lots(1, 30_000)}, on).tolist() == [True, True]
    assert RULE.covered(2024, {2021: lots(1, 1), 2022: lots(1, 1)}, on).tolist() == [False, False]
    assert RULE.covered(2024, {}, on).tolist() == [True, False]


def test_the_duty_of_a_closed_firm_falls_due_soon():
    assert RULE.duty_date(date(2023, 5, 31)) == date(2023, 6, 30)
