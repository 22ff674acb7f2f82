from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.banking import NetSales, SalesWindow

WINDOW = SalesWindow(first=date(2024, 1, 1), last=date(2025, 12, 31))
END = date(2025, 12, 31)


def kept(rule: NetSales, held: int, net_sold: int, on: date = END) -> int:
    holdings = np.array([held, 0, 0]).reshape(3, 1, 1)
    carry = rule.carry(holdings, np.array([2024]), 2024, basis_lots=np.array([net_sold]), on=on)
    assert (carry.carried + carry.lapsed == holdings).all()
    return int(carry.carried.sum())


def test_the_carry_over_limit_of_the_chinese_plan() -> None:
    # 500,000 held; 220,000 sold, 40,000 bought: 10,000 + 1.5 x 180,000 = 280,000 stay, 220,000 lapse.
    assert kept(NetSales(), 500_000, 180_000) == 280_000
    assert kept(NetSales(), 500_000, -5_000) == 10_000
    assert kept(NetSales(), 8_000, 0) == 8_000


def test_the_draft_had_no_base_and_korea_asks_for_five_times() -> None:
    assert kept(NetSales(base=0), 500_000, -5_000) == 0
    assert kept(NetSales(base=0, factor=Decimal(5)), 500, 60) == 300


def test_without_the_floor_purchases_take_from_the_base() -> None:
    assert kept(NetSales(floor_zero=False), 50_000, -2_000) == 7_000
    assert kept(NetSales(floor_zero=False), 50_000, -7_000) == 0
    assert kept(NetSales(factor=Decimal("1.5"), base=0), 10, 1) == 1  # 1.5 rounded down


def test_units_stay_valid_until_the_window_is_over() -> None:
    rule = NetSales(window=WINDOW)
    assert kept(rule, 500_000, 0, date(2025, 1, 2)) == 500_000
    assert kept(rule, 500_000, 0, END) == 10_000
    assert [
        rule.counted_sales.counts_on(date(*d)) for d in ((2023, 12, 31), (2024, 1, 1), (2025, 12, 31), (2026, 1, 1))
    ] == [
        False,
        True,
        True,
        False,
    ]
    assert NetSales().bites(date(2021, 1, 1))
    assert NetSales().counted_sales.counts_on(date(2021, 1, 1))
    with pytest.raises(PolicyError, match="the date `on` is missing"):
        rule.bites(None)


def test_the_oldest_lapse_first_and_pledged_ones_last() -> None:
    holdings = np.array([[5, 6, 9], [1, 2, 9], [3, 4, 9]]).reshape(3, 3, 1)
    rule = NetSales(base=9)
    carry = rule.carry(holdings, np.array([2023, 2024, 2025]), 2024, basis_lots=np.array([0]), on=END)
    assert carry.lapsed[:, :, 0].tolist() == [[5, 3, 0], [1, 0, 0], [3, 0, 0]]
    only = NetSales(base=9, vintages=(2023,)).carry(
        holdings, np.array([2023, 2024, 2025]), 2024, basis_lots=np.array([-2]), on=END
    )
    assert only.carried[:, :, 0].sum(axis=0).tolist() == [9, 0, 0]
    assert not only.lapsed.any()


def test_contradictions_and_missing_numbers_are_refused() -> None:
    with pytest.raises(PolicyError, match="first 2025-01-01 lies after last 2024-01-01"):
        SalesWindow(first=date(2025, 1, 1), last=date(2024, 1, 1))
    with pytest.raises(PolicyError, match="basis is net_sales but basis_lots is missing"):
        NetSales().carry(np.zeros((3, 1, 1), np.int64), np.array([2024]), 2024)


@given(st.integers(0, 10**8), st.integers(-(10**8), 10**8), st.integers(0, 10**6))
def test_to_sell_a_lot_more_frees_the_factor_and_the_lot(held: int, sold: int, base: int) -> None:
    # Why a firm with stock S sells x = (S - A - m X) / (1 + m): then S - x = A + m (X + x).
    rule = NetSales(base=base)
    assert kept(rule, held, sold) == min(held, base + 3 * max(sold, 0) // 2)
    assert kept(rule, held, sold + 2) - kept(rule, held, sold) in range(4)


@pytest.mark.parametrize(
    ("count", "related", "wanted"),
    [
        ((), True, [True] * 4),
        ((), False, [True, True, True, False]),
        (("block",), True, [False, False, True, True]),
        (("block", "listed"), False, [False, True, True, False]),
    ],
)
def test_modes_that_count(count: tuple, related: bool, wanted: list[bool]) -> None:
    sales = NetSales(count=count, related=related).counted_sales
    modes = (("continuous", False), ("listed", False), ("block", False), ("block", True))
    assert [sales.counts(mode, related=inside) for mode, inside in modes] == wanted
