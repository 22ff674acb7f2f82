from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.allocation.grandfathering import Grandfathering

BASE = (2018, 2019, 2020)
WORKED = [(100, 120, 80), (50, 0, 70)]


def test_the_worked_case_of_the_mean() -> None:
    assert Grandfathering(base_years=BASE).allocate(WORKED, 2020) == [100, 60]


def test_the_worked_case_of_the_cut() -> None:
    assert Grandfathering(base_years=BASE, cut=Decimal("0.02")).allocate(WORKED, 2022) == [96, 58]


def test_the_worked_case_of_a_fixed_total() -> None:
    assert Grandfathering(base_years=BASE, total=150).allocate(WORKED, 2022) == [94, 56]


def test_zero_years_count_when_told_so() -> None:
    assert Grandfathering(base_years=BASE, skip_zero=False).allocate(WORKED, 2020) == [100, 40]


@pytest.mark.parametrize(
    ("statistic", "uses", "lots"),
    [
        ("median", (10, 90, 20), 20),
        ("median", (10, None, 21), 16),
        ("best2of3", (10, 90, 20), 55),
        ("best2of3", (10, None, None), 10),
        ("mean", (10, None, 21), 16),
    ],
)
def test_the_other_statistics(statistic: str, uses: tuple[int | None, ...], lots: int) -> None:
    rule = Grandfathering(base_years=BASE, statistic=statistic)  # type: ignore[arg-type]
    assert rule.allocate([uses], 2020) == [lots]


def test_a_firm_without_use_in_the_base_is_a_new_entrant() -> None:
    assert Grandfathering(base_years=BASE).allocate([(0, 0, 0), (None, None, None)], 2020) == [0, 0]


def test_the_start_year_moves_the_cut() -> None:
    rule = Grandfathering(base_years=BASE, cut=Decimal("0.1"), start_year=2021)
    assert [rule.allocate([(100, 100, 100)], y)[0] for y in (2021, 2022, 2023)] == [100, 90, 81]
    with pytest.raises(PolicyError, match="2020 lies before the start 2021"):
        rule.allocate(WORKED, 2020)


def test_a_rolling_base_follows_the_year_and_keeps_one_cut() -> None:
    rule = Grandfathering(base_years=BASE, update_lag=2, cut=Decimal("0.1"))
    assert rule.base_years_of(2024) == (2020, 2021, 2022)
    assert rule.allocate([(100, 100, 100)], 2024) == rule.allocate([(100, 100, 100)], 2030) == [81]


def test_a_history_of_another_length_is_refused() -> None:
    with pytest.raises(PolicyError, match="firm 1 has 2 years of use, expected 3"):
        Grandfathering(base_years=BASE).allocate([(1, 2, 3), (1, 2)], 2020)
    with pytest.raises(PolicyError, match="firm 0 used -1"):
        Grandfathering(base_years=BASE).allocate([(1, -1, 3)], 2020)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"base_years": ()}, "at least 1"),
        ({"base_years": (2020, 2019)}, "expected each later"),
        ({"base_years": (2020,), "statistic": "best2of3"}, "best2of3 needs three base_years, got 1"),
        ({"base_years": BASE, "start_year": 2019}, "start_year 2019 lies before base_years end in 2020"),
        ({"base_years": BASE, "total": 5, "cut": Decimal("0.1")}, "total 5 .* cut 0.1"),
        ({"base_years": BASE, "start_year": 2021, "update_lag": 1}, "update_lag 1 .*start_year 2021"),
        ({"base_years": BASE, "cut": Decimal("0.3")}, "at most 0.2"),
        ({"base_years": BASE, "cut": 0.1}, "expected a Decimal"),
    ],
)
def test_contradictions_name_both_fields(fields: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Grandfathering(**fields)  # type: ignore[arg-type]


@given(st.integers(0, 10**9), st.lists(st.lists(st.integers(0, 10**6), min_size=3, max_size=3), min_size=1, max_size=8))
def test_a_fixed_total_is_shared_to_the_last_lot(total: int, history: list[list[int]]) -> None:
    lots = Grandfathering(base_years=BASE, total=total).allocate(history, 2021)
    assert sum(lots) == (total if any(any(h) for h in history) else 0)
    assert all(x == 0 for x, h in zip(lots, history, strict=True) if not any(h))
