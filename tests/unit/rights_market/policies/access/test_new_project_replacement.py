"""What a new project has to bring."""

from datetime import date
from decimal import Decimal

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.access import NewProjectReplacement

APPLIED = date(2022, 3, 1)


@pytest.mark.parametrize(("need", "missed", "expected"), [(7, False, 11), (7, True, 14), (0, True, 0)])
def test_a_project_brings_more_than_it_needs(need, missed, expected):
    assert NewProjectReplacement(ratio=Decimal("1.5")).required(need, "steel", missed=missed) == expected


def test_sectors_may_have_to_bring_more():
    rule = NewProjectReplacement(ratio=Decimal("1.2"), sector_factor={"steel": Decimal("1.25")})
    # 1.2 x 1.25 x 7 = 10.5, and 1.2 x 7 = 8.4.
    assert (rule.required(7, "steel", missed=False), rule.required(7, "paper", missed=False)) == (11, 9)


def test_only_lots_that_are_valid_for_long_enough_count():
    rule = NewProjectReplacement()
    assert rule.counts(None, APPLIED)
    assert rule.counts(date(2023, 3, 1), APPLIED)
    assert not rule.counts(date(2023, 2, 28), APPLIED)


def test_the_last_day_of_the_term_is_still_in_time():
    assert NewProjectReplacement(deadline_days=10).last_day(APPLIED) == date(2022, 3, 11)


def test_less_than_equal_replacement_is_refused():
    with pytest.raises(PolicyError, match=r"ratio is 0\.9, expected at least 1"):
        NewProjectReplacement(ratio=Decimal("0.9"))
