from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.compliance import Stage, Surrender

NEAR = Stage(days_before=16, share=Decimal("0.95"))


def test_the_worked_case_takes_the_oldest_vintage_first_and_leaves_the_pledge() -> None:
    # Duty 100 of which 5 are met by credits; 20 units of 2021 are pledged and not offered.
    free = np.array([[40], [30], [40]])
    plan = Surrender().plan(np.array([95]), free, np.array([2020, 2021, 2022]), 2022)
    assert plan.take[:, 0].tolist() == [40, 30, 25]
    assert (free - plan.take)[2, 0] == 15
    assert plan.shortfall.tolist() == [0]


def test_the_order_is_by_vintage_and_not_by_column() -> None:
    plan = Surrender().plan(np.array([50]), np.array([[40], [30]]), np.array([2022, 2021]), 2022)
    assert plan.take[:, 0].tolist() == [20, 30]


def test_a_later_vintage_is_never_surrendered() -> None:
    plan = Surrender().plan(np.array([80, 0]), np.array([[60, 5], [50, 5]]), np.array([2025, 2026]), 2025)
    assert plan.take.tolist() == [[60, 0], [0, 0]]
    assert plan.shortfall.tolist() == [20, 0]


def test_the_named_unit_of_2021_owes_its_duty_less_the_forgiven_gap() -> None:
    # Verified 3,400,000 against 2,635,939 allocated; a gap above 20 % of use is forgiven: 2,635,939 + 680,000.
    duty, allocated = np.array([3_315_939]), np.array([[2_635_939]])
    plan = Surrender().plan(duty, allocated, np.array([2021]), 2021)
    assert plan.shortfall.tolist() == [680_000]


def test_stages_ask_for_a_growing_part() -> None:
    rule = Surrender(stages=(NEAR,))
    duty = np.array([101, 0])
    assert [rule.due(duty, days).tolist() for days in (17, 16, 1, 0)] == [[0, 0], [96, 0], [96, 0], [101, 0]]
    assert Surrender().due(duty, 1).tolist() == [0, 0]


def test_the_worked_case_of_cover() -> None:
    held = np.array([[10 * 219 + 6 * 146, 10 * 365]])
    plan = Surrender(mode="cover").cover(np.array([9, 9]), held, 365, np.array([2025]), 2025)
    assert plan.shortfall.tolist() == [1, 0]
    assert not plan.take.any()


def test_cover_sums_the_vintages_before_it_rounds() -> None:
    held = np.array([[365 + 200], [165], [365]])
    plan = Surrender(mode="cover").cover(np.array([3]), held, 365, np.array([2024, 2025, 2026]), 2025)
    assert plan.shortfall.tolist() == [1]  # 730 / 365 = 2 exactly; 2026 does not count


def test_each_mode_has_its_own_verb() -> None:
    one = np.array([1])
    with pytest.raises(PolicyError, match="mode is cover"):
        Surrender(mode="cover").plan(one, np.array([[1]]), one, 1)
    with pytest.raises(PolicyError, match="mode is surrender"):
        Surrender().cover(one, np.array([[1]]), 365, one, 1)
    with pytest.raises(PolicyError, match="over 0 days"):
        Surrender(mode="cover").cover(one, np.array([[1]]), 0, one, 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mode": "cover", "stages": (NEAR,)}, "mode cover .* stages"),
        ({"stages": (NEAR, Stage(days_before=20, share=Decimal(1)))}, "days_before 20 .* days_before 16"),
        ({"stages": (NEAR, Stage(days_before=2, share=Decimal("0.5")))}, "share 0.5 .* share 0.95"),
        ({"mode": "keep"}, "expected one of 'surrender', 'cover'"),
    ],
)
def test_contradictions_name_both_fields(fields: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Surrender(**fields)  # type: ignore[arg-type]


@given(
    duty=st.integers(0, 200),
    held=st.lists(st.tuples(st.integers(2020, 2024), st.integers(0, 90)), min_size=1, max_size=5),
)
def test_a_firm_surrenders_as_much_as_it_can_and_no_more_than_it_owes(duty: int, held: list[tuple[int, int]]) -> None:
    vintages = np.array([v for v, _ in held])
    lots = np.array([[q] for _, q in held])
    plan = Surrender().plan(np.array([duty]), lots, vintages, 2022)
    usable = int(lots[vintages <= 2022].sum())
    assert plan.take.sum() == min(duty, usable)
    assert plan.shortfall.tolist() == [duty - min(duty, usable)]
    assert (plan.take <= lots).all()
    assert not plan.take[vintages > 2022].any()
    # An older vintage is used up before a younger one is touched.
    touched = vintages[plan.take[:, 0] > 0]
    if len(touched):
        assert (plan.take[vintages < touched.max()] == lots[vintages < touched.max()]).all()
