"""Lots for those who begin to work."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.access import NewEntrantReserve

RULE = NewEntrantReserve(benchmark={"steel": Decimal("1.8")})


def test_first_come_first_served_and_those_of_one_day_share():
    pot = RULE.set_aside(1_000)
    assert pot == 30
    assert RULE.grant(pot, [12]) == [12]
    assert RULE.grant(pot - 12, [10, 20]) == [6, 12]


def test_the_reserve_is_rounded_down():
    assert RULE.set_aside(1_099) == 32


def test_an_entrant_asks_for_its_capacity_at_normal_use():
    # 1.8 x 1,001 x 0.8 = 1,441.44; in lots of 10 t 144.
    assert RULE.entitlement("steel", 1001) == 1441
    assert RULE.entitlement("steel", 1001, Decimal(10)) == 144


def test_a_class_without_a_benchmark_has_no_claim():
    assert RULE.entitlement("paper", 1001) == 0


def test_an_empty_pot_grants_nothing():
    assert RULE.grant(0, [3, 5]) == [0, 0]


def test_more_than_a_fifth_of_the_cap_is_refused():
    with pytest.raises(PolicyError, match=r"share is 0\.3, expected at most 0\.2"):
        NewEntrantReserve(share=Decimal("0.3"))


@given(st.integers(0, 1000), st.lists(st.integers(0, 500), max_size=8))
def test_no_more_is_granted_than_asked_for_or_left(pot, asked):
    granted = RULE.grant(pot, asked)
    assert sum(granted) == min(pot, sum(asked))
    assert all(g <= a for g, a in zip(granted, asked, strict=True))
