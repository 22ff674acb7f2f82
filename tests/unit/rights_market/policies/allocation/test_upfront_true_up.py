from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rights_market.policies.allocation import UpfrontTrueUp

VINTAGES = np.array([2021, 2022, 2023])


def test_the_worked_case_leaves_the_pledge_alone() -> None:
    rule = UpfrontTrueUp()
    early = rule.preallocate(np.array([1003]))
    assert early.tolist() == [702]
    difference = rule.settle(np.array([650]), early)
    assert difference.tolist() == [-52]
    # 30 lots are free; 10 more are pledged and never reach the rule.
    take, debt = rule.recover(-difference, np.array([[30]]), np.array([2021]), 2021)
    assert (take.tolist(), debt.tolist()) == ([[30]], [22])


def test_a_firm_without_earlier_data_gets_its_whole_allocation_later() -> None:
    rule = UpfrontTrueUp()
    assert rule.preallocate(np.array([0])).tolist() == [0]
    assert rule.settle(np.array([650]), np.array([0])).tolist() == [650]


def test_a_closed_firm_gives_everything_back() -> None:
    assert UpfrontTrueUp().settle(np.array([0]), np.array([702])).tolist() == [-702]


def test_the_same_vintage_only() -> None:
    free = np.array([[40], [30], [50]])
    take, debt = UpfrontTrueUp().recover(np.array([52]), free, VINTAGES, 2022)
    assert (take[:, 0].tolist(), debt.tolist()) == ([0, 30, 0], [22])


def test_any_valid_vintage_newest_first_and_never_a_later_one() -> None:
    free = np.array([[40], [30], [50]])
    take, debt = UpfrontTrueUp(recover_from="any_valid").recover(np.array([52]), free, VINTAGES, 2022)
    assert (take[:, 0].tolist(), debt.tolist()) == ([22, 30, 0], [0])


@given(
    st.decimals("0", "1", places=3),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=6),
)
def test_early_and_late_lots_add_up_to_the_final_allocation(share: Decimal, firms: list[tuple[int, int]]) -> None:
    rule = UpfrontTrueUp(share=share)
    prior, final = (np.array(column, np.int64) for column in zip(*firms, strict=True))
    early = rule.preallocate(prior)
    difference = rule.settle(final, early)
    assert (early <= prior).all()
    assert (early + difference == final).all()
    owed = np.maximum(-difference, 0)
    take, debt = rule.recover(owed, early[np.newaxis, :] // 2, np.array([2021]), 2021)
    assert (take.sum(axis=0) + debt == owed).all()
