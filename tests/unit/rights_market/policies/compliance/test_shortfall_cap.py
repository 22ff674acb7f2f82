from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rights_market.policies.compliance import ShortfallCap


def forgiven(verified: int, allocated: int, share: str = "0.2") -> int:
    return int(ShortfallCap(max_gap=Decimal(share)).forgiven(np.array([verified]), np.array([allocated]))[0])


def test_coal_bears_a_gap_of_a_fifth_and_gas_none() -> None:
    # Plans of the ministry: 1,000 used and 700 given leave a duty of 900; gas that used 500 and was given 450 owes 450.
    assert forgiven(1000, 700) == 100
    assert forgiven(500, 450, "0") == 50


def test_edges() -> None:
    assert forgiven(1000, 1000) == 0
    assert forgiven(900, 1000) == 0
    assert forgiven(0, 0) == 0
    assert forgiven(1000, 0) == 800  # a new firm without allocation is capped as well
    assert forgiven(1004, 700) == 104  # 200.8 rounded down


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.decimals("0", "1", places=4))
def test_the_duty_lies_between_what_was_given_and_what_was_used(use: int, given_: int, share: Decimal) -> None:
    duty = use - forgiven(use, given_, str(share))
    assert min(use, given_) <= duty <= use
    assert duty <= given_ + share * use or duty == min(use, given_)
