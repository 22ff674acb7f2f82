"""Small acts of many people, collected into whole lots."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.credits import Activity, InclusionCredits

WALK = Activity(name="walk", factor=Decimal("0.0034"))


def scheme(**more) -> InclusionCredits:
    return InclusionCredits(**{"name": "points", "credit": "PHCER", "activities": (WALK,)} | more)


def test_whole_lots_are_issued_and_the_rest_is_kept_exactly() -> None:
    # 12,345 x 0.0034 = 41.973.
    assert scheme().collect({"walk": 12_345}, Fraction(0)) == (41, Fraction(973, 1000))
    assert scheme().collect({"walk": 10}, Fraction(973, 1000)) == (1, Fraction(7, 1000))


def test_a_small_batch_waits() -> None:
    assert scheme(min_batch=50).collect({"walk": 12_345}, Fraction(0)) == (0, Fraction(41_973, 1000))


def test_acts_of_a_person_count_up_to_a_cap() -> None:
    capped = Activity(name="walk", factor=Decimal("0.1"), people=100, cap_per_person=3)
    assert scheme(activities=(capped,)).collect({"walk": 5_000}, Fraction(0)) == (30, Fraction(0))


def test_contradictions_are_refused() -> None:
    with pytest.raises(PolicyError, match="cap_per_person is 3 but people is missing"):
        Activity(name="walk", factor=Decimal(1), cap_per_person=3)
    with pytest.raises(PolicyError, match="expected each once"):
        scheme(activities=(WALK, WALK))


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=24), st.integers(1, 500))
def test_nothing_is_lost_over_the_months(acts: list[int], batch: int) -> None:
    issued, rest = 0, Fraction(0)
    for n in acts:
        lots, rest = scheme(min_batch=batch).collect({"walk": n}, rest)
        issued += lots
    assert issued + rest == Fraction("0.0034") * sum(acts)
    assert rest < max(batch, 1)
