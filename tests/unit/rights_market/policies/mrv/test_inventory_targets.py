"""The inventory adds up, and prefectures are scored by the way they went."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.mrv import InventoryTargets, Target

PLACES = ("Ganzhou", "Ji'an", "Yichun")
SECTORS = ("power", "steel")


def goal(**fields) -> Target:
    return Target(**{"prefecture": "Ji'an", "year": 2025, "base": 500, "target": 460} | fields)


def test_the_score_is_the_share_of_the_way() -> None:
    """From 500 to 460; 470 is 30 of 40: 75, not met; far better counts 120 at most, worse than the base 0."""
    rule = InventoryTargets()
    assert [rule.score(goal(), x) for x in (470, 460, 440, 400, 520)] == [75, 100, 120, 120, 0]
    assert [rule.grade(rule.score(goal(), x)) for x in (470, 467, 460)] == ["not met", "near", "met"]


def test_without_a_way_to_go_the_target_is_a_ceiling() -> None:
    rule = InventoryTargets()
    assert [rule.score(goal(target=500), x) for x in (500, 501)] == [100, 0]
    assert [rule.score(goal(target=600), x) for x in (480, 600, 601)] == [100, 100, 0]


def test_rows_and_the_rest_by_largest_remainder() -> None:
    """10 % of 105 is 10.5, so 11 lots: 7.33 and 3.67 by verified use."""
    rule = InventoryTargets(uncovered_ratio=Decimal("0.1"))
    lines = rule.inventory({("Ji'an", "power"): 40, ("Ji'an", "steel"): 30, ("Yichun", "steel"): 35}, 2025)
    assert [tuple(x) for x in lines] == [
        ("Ji'an", "power", True, 40),
        ("Ji'an", "steel", True, 30),
        ("Yichun", "steel", True, 35),
        ("Ji'an", "", False, 7),
        ("Yichun", "", False, 4),
    ]
    assert rule.results(lines) == {"Ji'an": 77, "Yichun": 39}


def test_the_rest_from_a_table() -> None:
    rule = InventoryTargets(by=("sector",), uncovered={2025: 5})
    assert [tuple(x) for x in rule.inventory({("Ji'an", "power"): 0}, 2025)] == [
        ("", "power", True, 0),
        ("", "", False, 5),
    ]
    assert len(rule.inventory({("Ji'an", "power"): 9}, 2026)) == 1


@given(
    st.dictionaries(st.tuples(st.sampled_from(PLACES), st.sampled_from(SECTORS)), st.integers(0, 10**12), max_size=6),
    st.integers(0, 200),
)
def test_prefectures_add_up_to_the_province(verified: dict[tuple[str, str], int], percent: int) -> None:
    rule = InventoryTargets(uncovered_ratio=Decimal(percent) / 100)
    whole = sum(verified.values())
    province = whole + (percent * whole + 50) // 100
    assert sum(rule.results(rule.inventory(verified, 2025)).values()) == province


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"uncovered_ratio": Decimal(1), "uncovered": {2025: 1}}, "uncovered_ratio or uncovered, not both"),
        ({"by": ("sector",), "targets": (goal(),)}, "targets are by prefecture but `by` is sector"),
        ({"targets": (goal(), goal(base=1))}, "targets name Ji'an in year 2025 twice"),
    ],
)
def test_contradictions_are_refused(fields: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        InventoryTargets(**fields)
