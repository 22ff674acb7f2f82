from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.cap import AbsolutePath, ReductionRate

LRF = (ReductionRate(from_year=2025, rate=Decimal("0.043")), ReductionRate(from_year=2028, rate=Decimal("0.044")))


def worked_case() -> AbsolutePath:
    return AbsolutePath(base=1000, start_year=2024, reference=1100, lrf=LRF, steps={2026: -27})


@pytest.mark.parametrize(("year", "lots"), [(2024, 1000), (2025, 953), (2026, 878), (2027, 831), (2028, 783)])
def test_the_worked_case_rounds_once_on_the_total(year: int, lots: int) -> None:
    assert worked_case().cap(year) == lots


@pytest.mark.parametrize(
    ("year", "lots"),
    [(2024, 1_386_052), (2025, 1_301_999), (2026, 1_190_947), (2027, 1_106_895), (2028, 1_020_888)],
)
def test_the_european_path_of_phase_4_in_kilotonnes(year: int, lots: int) -> None:
    rates = (("2022", "0.022"), ("2024", "0.043"), ("2028", "0.044"))
    path = AbsolutePath(
        base=1_571_583,
        start_year=2021,
        reference=1_954_705,
        lrf=tuple(ReductionRate(from_year=int(y), rate=Decimal(r)) for y, r in rates),
        steps={2024: -15_472, 2026: -27_000},
    )
    assert path.cap(year) == lots


def test_the_published_table_wins_over_the_formula() -> None:
    path = AbsolutePath(base=1000, start_year=2024, lrf=LRF, table={2025: 999})
    assert (path.cap(2025), path.cap(2026)) == (999, 914)


def test_a_table_alone_is_enough() -> None:
    path = AbsolutePath(table={2018: 60_344, 2019: 58_288})
    assert path.cap(2019) == 58_288
    with pytest.raises(PolicyError, match="no year 2020"):
        path.cap(2020)


def test_the_cap_stops_at_zero_and_says_so() -> None:
    path = AbsolutePath(base=100, start_year=2020, lrf=(ReductionRate(from_year=2021, rate=Decimal("0.6")),))
    assert [path.cap(y) for y in (2020, 2021, 2022)] == [100, 40, 0]
    assert [path.is_floored(y) for y in (2020, 2021, 2022)] == [False, False, True]


def test_a_year_before_the_start_is_refused() -> None:
    with pytest.raises(PolicyError, match="2023 lies before start_year 2024"):
        worked_case().cap(2023)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "neither base nor table"),
        ({"base": 10}, "base is 10 but start_year is None"),
        ({"start_year": 2020}, "base is None but start_year is 2020"),
        ({"table": {2020: 1}, "steps": {2020: 1}}, "need a base"),
        ({"base": 10, "start_year": 2020, "steps": {2019: 1}}, "before start_year 2020"),
        ({"base": 10, "start_year": 2020, "lrf": tuple(reversed(LRF))}, "expected each later"),
        ({"base": -1, "start_year": 2020}, "AbsolutePath.base is -1, expected at least 0"),
        ({"table": {2020: -1}}, "table.2020. is -1"),
    ],
)
def test_contradictions_name_both_fields(fields: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        AbsolutePath(**fields)  # type: ignore[arg-type]


@given(
    base=st.integers(0, 10**10),
    rate=st.decimals("0", "0.2", places=4),
    years=st.integers(0, 40),
)
def test_the_path_never_rises_and_stays_within_a_lot_of_the_line(base: int, rate: Decimal, years: int) -> None:
    path = AbsolutePath(base=base, start_year=2020, lrf=(ReductionRate(from_year=2021, rate=rate),))
    caps = [path.cap(2020 + k) for k in range(years + 1)]
    assert caps == sorted(caps, reverse=True)
    assert abs(caps[-1] - max(Decimal(0), base - base * rate * years)) <= Decimal("0.5")
