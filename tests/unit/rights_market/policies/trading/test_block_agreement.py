from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market import Right
from rights_market.errors import PolicyError
from rights_market.policies.trading import BlockAgreement
from tests.compliance_market import rule_book

RULE = BlockAgreement()
LOW, HIGH = 4200, 7800


def price(v: int, c: int, rule: BlockAgreement = RULE, low: int = LOW, high: int = HIGH) -> int:
    return int(rule.prices(*(np.array([x]) for x in (v, c, low, high)))[0])


def test_the_band_stands_around_the_previous_close() -> None:
    # 30 % of 60.00, as the notice of 2021 has it.
    assert RULE.range(6000)[:2] == (LOW, HIGH)


def test_the_gain_is_split_half_up() -> None:
    # 0.5 x 58.01 + 0.5 x 55.00 = 56.505
    assert price(5801, 5500) == 5651


@pytest.mark.parametrize(("split", "expected"), [("0", 5500), ("1", 5801), ("0.25", 5575), ("0.3", 5590)])
def test_the_split_is_the_buyers_weight(split: str, expected: int) -> None:
    assert price(5801, 5500, BlockAgreement(split=Decimal(split))) == expected


def test_who_does_not_meet_makes_no_deal() -> None:
    assert price(5499, 5500) == 0
    assert price(5500, 5500) == 5500


def test_a_price_is_drawn_into_the_band_as_long_as_both_still_agree() -> None:
    # Halfway between 70.00 and 90.00 lies 80.00, above the band, but 78.00 suits both.
    assert price(9000, 7000) == HIGH
    assert price(9000, 7900) == 0
    assert price(4100, 3000) == 0


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 100))
def test_an_agreed_price_suits_both_and_lies_in_the_band(v: int, c: int, low: int, width: int, percent: int) -> None:
    agreed = price(v, c, BlockAgreement(split=Decimal(percent) / 100), low, low + width)
    assert agreed == 0 or (c <= agreed <= v and low <= agreed <= low + width)
    if low <= c <= v <= low + width:
        assert agreed > 0


def test_the_standard_size_holds_only_where_a_lot_is_a_unit() -> None:
    assert RULE.min_lots == 100_000
    coarse = Right("CEA", "carbon", "碳", "t", Decimal(10), Decimal("0.01"))
    with pytest.raises(PolicyError, match=r"block\.min_qty is not given, and a lot is 10 t"):
        rule_book(right=coarse, block=RULE)
    assert rule_book(right=coarse, block=BlockAgreement(min_qty=10_000)).block is not None
