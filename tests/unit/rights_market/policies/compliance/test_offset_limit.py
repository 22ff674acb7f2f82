from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.policies.compliance import Accepted, OffsetLimit
from rights_market.policies.compliance.offset_limit import Credits

CCER = Credits(["ccer"], np.array([2020]), np.array([True]))


def take(rule: OffsetLimit, wanted: int, stock: list[int], credits: Credits, basis: int, used=None) -> list[int]:
    none = np.zeros((len(stock), 1), np.int64)
    before = none if used is None else np.array(used).reshape(-1, 1)
    taken = rule.take(np.array([wanted]), np.array(stock).reshape(-1, 1), before, credits, np.array([basis]), 2021)
    return taken[:, 0].tolist()


def test_five_per_cent_of_the_obligation_rounded_down() -> None:
    assert take(OffsetLimit(), 1234, [100], CCER, 1234) == [61]
    assert take(OffsetLimit(), 40, [100], CCER, 1234) == [40]
    assert take(OffsetLimit(), 1234, [7], CCER, 1234) == [7]
    assert take(OffsetLimit(share=Decimal(0)), 1234, [100], CCER, 1234) == [0]


def test_what_was_used_at_an_earlier_stage_counts() -> None:
    assert take(OffsetLimit(), 1234, [100], CCER, 1234, used=[50]) == [11]
    assert take(OffsetLimit(), 1234, [100], CCER, 1000, used=[61]) == [0]


def test_half_of_it_must_be_local() -> None:
    # 5 % of 1,234 is 61, of which at most 30 from elsewhere (30.85 rounded down).
    two = Credits(["ccer", "ccer"], np.array([2019, 2020]), np.array([False, True]))
    rule = OffsetLimit(local_min=Decimal("0.5"))
    assert take(rule, 1234, [100, 100], two, 1234) == [30, 31]
    assert take(rule, 1234, [100, 0], two, 1234) == [30, 0]
    assert take(rule, 1234, [100, 100], two, 1234, used=[30, 0]) == [0, 31]


def test_a_type_fills_its_part_and_the_oldest_vintage_goes_first() -> None:
    three = Credits(["forest", "wind", "forest"], np.array([2021, 2020, 2019]), np.ones(3, np.bool_))
    rule = OffsetLimit(share=Decimal("0.1"), types={"forest": Decimal("0.25")})
    assert take(rule, 1000, [90, 50, 10], three, 1000) == [15, 50, 10]
    assert take(rule, 30, [90, 50, 10], three, 1000) == [0, 20, 10]


def test_equal_vintages_go_by_the_number_of_the_instrument() -> None:
    two = Credits(["a", "b"], np.array([2020, 2020]), np.ones(2, np.bool_))
    assert take(OffsetLimit(share=Decimal(1)), 30, [20, 20], two, 100) == [20, 10]


def test_what_is_accepted() -> None:
    three = Credits(["forest", "wind", "forest"], np.array([2021, 2020, 2012]), np.ones(3, np.bool_))
    accept = (Accepted(type="forest", first_vintage=2013, last_vintage=2021),)
    assert OffsetLimit(accept=accept).accepts(three).tolist() == [True, False, False]
    assert OffsetLimit(accept=(Accepted(type="wind"),)).accepts(three).tolist() == [False, True, False]
    assert OffsetLimit().accepts(three).all()


@pytest.mark.parametrize(("year", "share"), [(2021, "0.08"), (2025, "0.04"), (2026, "0.06"), (2030, "0.06")])
def test_the_share_changes_with_the_year(year: int, share: str) -> None:
    rule = OffsetLimit(share=Decimal("0.08"), later={2026: Decimal("0.06"), 2022: Decimal("0.04")})
    assert rule.share_of(year) == Decimal(share)


@given(
    st.integers(0, 500),
    st.lists(st.tuples(st.integers(0, 80), st.sampled_from("ab"), st.integers(2019, 2021), st.booleans()), min_size=1),
    st.integers(0, 2000),
)
def test_no_limit_is_ever_passed(wanted: int, stocks: list[tuple[int, str, int, bool]], basis: int) -> None:
    stock, types, vintages, local = (list(x) for x in zip(*stocks, strict=True))
    credits = Credits(types, np.array(vintages), np.array(local))
    rule = OffsetLimit(share=Decimal("0.1"), types={"a": Decimal("0.5")}, local_min=Decimal("0.3"))
    taken = np.array(take(rule, wanted, stock, credits, basis))
    assert (taken >= 0).all()
    assert (taken <= np.array(stock)).all()
    assert taken.sum() <= min(wanted, basis // 10)
    assert taken[[t == "a" for t in types]].sum() <= basis // 20
    assert taken[[not x for x in local]].sum() <= basis * 7 // 100
