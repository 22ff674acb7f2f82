from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.banking import BankCap, CappedBanking, Carry, FreeBanking, NoBanking

VINTAGES = np.array([2021, 2022, 2023])
FIXED_40 = BankCap(basis="fixed", lots=40)


def firm(free: list[int], frozen: list[int] | None = None, pledged: list[int] | None = None) -> npt.NDArray[np.int64]:
    nothing = [0] * len(free)
    return np.array([free, frozen or nothing, pledged or nothing], np.int64)[:, :, np.newaxis]


def lapsed(carry: Carry) -> list[list[int]]:
    return carry.lapsed[:, :, 0].tolist()


def test_the_worked_case_lapses_the_oldest_first() -> None:
    carry = CappedBanking(cap=FIXED_40).carry(firm([20, 50, 0]), VINTAGES, 2022)
    assert lapsed(carry) == [[20, 10, 0], [0, 0, 0], [0, 0, 0]]
    assert carry.carried[0, :, 0].tolist() == [0, 40, 0]


def test_the_newest_may_lapse_first() -> None:
    carry = CappedBanking(cap=FIXED_40, lapse="newest").carry(firm([20, 50, 0]), VINTAGES, 2022)
    assert carry.lapsed[0, :, 0].tolist() == [0, 30, 0]


def test_free_lapses_before_frozen_and_frozen_before_pledged_within_a_vintage() -> None:
    holdings = firm([5, 10, 0], [5, 10, 0], [5, 10, 0])
    carry = CappedBanking(cap=BankCap(basis="fixed", lots=12)).carry(holdings, VINTAGES, 2022)
    assert lapsed(carry) == [[5, 10, 0], [5, 8, 0], [5, 0, 0]]


def test_a_cap_above_the_holding_does_nothing() -> None:
    carry = CappedBanking(cap=FIXED_40).carry(firm([20, 20, 0]), VINTAGES, 2022)
    assert not carry.lapsed.any()


def test_a_cap_by_share_is_rounded_down_for_each_firm() -> None:
    holdings = np.concatenate([firm([100, 0, 0]), firm([30, 0, 0])], axis=2)
    rule = CappedBanking(cap=BankCap(basis="obligation", share=Decimal("0.5")))
    carry = rule.carry(holdings, VINTAGES, 2022, basis_lots=np.array([101, 100]))
    assert carry.carried.sum(axis=(0, 1)).tolist() == [50, 30]
    with pytest.raises(PolicyError, match="basis is obligation but basis_lots is missing"):
        rule.carry(holdings, VINTAGES, 2022)


@pytest.mark.parametrize("rule", [FreeBanking(), NoBanking(), CappedBanking(cap=BankCap(basis="fixed", lots=0))])
def test_later_vintages_are_not_touched(rule: FreeBanking | NoBanking | CappedBanking) -> None:
    carry = rule.carry(firm([1, 2, 4], [8, 16, 32], [64, 128, 256]), VINTAGES, 2022)
    total = carry.carried + carry.lapsed
    assert total[:, :, 0].tolist() == [[1, 2, 0], [8, 16, 0], [64, 128, 0]]


def test_free_keeps_all_and_none_keeps_nothing() -> None:
    holdings = firm([1, 2, 0])
    assert not FreeBanking().carry(holdings, VINTAGES, 2022).lapsed.any()
    assert not NoBanking().carry(holdings, VINTAGES, 2022).carried.any()


@pytest.mark.parametrize("rule", [NoBanking, CappedBanking])
def test_units_lapse_at_the_end_of_a_phase_only(rule: type) -> None:
    end = date(2007, 12, 31)
    limits = {"cap": BankCap(basis="fixed", lots=0)} if rule is CappedBanking else {}
    banking = rule(phase_end=(end,), **limits)
    holdings = firm([5, 0, 0])
    assert banking.carry(holdings, VINTAGES, 2022, on=date(2006, 12, 29)).carried.sum() == 5
    assert banking.carry(holdings, VINTAGES, 2022, on=end).lapsed.sum() == 5
    with pytest.raises(PolicyError, match="the date `on` is missing"):
        banking.carry(holdings, VINTAGES, 2022)


@pytest.mark.parametrize(
    "fields",
    [
        {"basis": "fixed"},
        {"basis": "fixed", "lots": 1, "share": Decimal(1)},
        {"basis": "obligation"},
        {"basis": "allocation", "lots": 5},
        {"basis": "allocation", "share": Decimal(-1)},
    ],
)
def test_a_cap_needs_exactly_its_number(fields: dict[str, object]) -> None:
    with pytest.raises(PolicyError, match=rf"(?s)(?=.*{fields['basis']})(?=.*share)"):
        BankCap(**fields)  # type: ignore[arg-type]


@given(
    lots=st.lists(st.integers(0, 50), min_size=9, max_size=9),
    cap=st.integers(0, 300),
    lapse=st.sampled_from(["oldest", "newest"]),
)
def test_the_cap_is_used_up_before_anything_lapses(lots: list[int], cap: int, lapse: str) -> None:
    holdings = np.array(lots).reshape(3, 3, 1)
    rule = CappedBanking(cap=BankCap(basis="fixed", lots=cap), lapse=lapse)  # type: ignore[arg-type]
    carry = rule.carry(holdings, VINTAGES, 2023)
    assert carry.carried.sum() == min(holdings.sum(), cap)
    assert (carry.carried + carry.lapsed == holdings).all()
    assert (carry.lapsed >= 0).all()
