from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from rights_market.policies.compliance import Borrowing


def limit(rule: Borrowing, missing: int, obligation: int = 1000, allocated: int = 850, coming: int = 900) -> int:
    return int(rule.limit(*(np.array([x]) for x in (missing, obligation, allocated, coming)))[0])


def test_half_of_a_gap_of_at_least_a_tenth() -> None:
    # Holds 850 of 1,000: a gap of 15 % lends at most 75; a gap of 9 % lends nothing, one of 10 % does.
    assert limit(Borrowing(), 150) == 75
    assert limit(Borrowing(), 90) == 0
    assert limit(Borrowing(), 100) == 50
    assert limit(Borrowing(), 101) == 50


def test_a_gap_of_the_allocation_lends_what_is_left_to_buy() -> None:
    rule = Borrowing(basis="allocation_gap")
    # 150 were not allocated, of which half may be borrowed: who bought 75 borrows the other 75.
    assert limit(rule, 75) == 75
    assert limit(rule, 150) == 75
    assert limit(rule, 30) == 30
    assert limit(rule, 200, allocated=950) == 0


def test_a_share_of_the_next_allocation() -> None:
    assert limit(Borrowing(basis="next_allocation", share=Decimal("0.1")), 150) == 90
    assert limit(Borrowing(basis="next_allocation", share=Decimal("0.1")), 150, coming=2000) == 150


def test_debts_alone_are_a_gap_of_any_size() -> None:
    assert limit(Borrowing(), 40, obligation=0, allocated=0) == 20
    assert limit(Borrowing(min_gap=Decimal(0)), 0) == 0


@pytest.mark.parametrize(("premium", "owed"), [("0", 75), ("0.08", 81), ("0.081", 82)])
def test_what_is_owed_back_is_rounded_up(premium: str, owed: int) -> None:
    assert Borrowing(premium=Decimal(premium)).owed(np.array([75])).tolist() == [owed]


def test_years() -> None:
    assert Borrowing().is_allowed(2024)
    assert [Borrowing(years=(2022,)).is_allowed(y) for y in (2021, 2022)] == [False, True]
