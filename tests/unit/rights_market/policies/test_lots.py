from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rights_market.policies.lots import ceil_share, floor_share, take_in_order
from rights_market.units import ceil, exact, floor

shares = st.decimals("0", "5", places=9)
amounts = st.lists(st.integers(0, 10**15), min_size=1, max_size=5)


@given(shares, amounts)
def test_shares_are_exact_at_any_size(share: Decimal, lots: list[int]) -> None:
    array = np.array(lots, np.int64)
    assert floor_share(share, array).tolist() == [floor(exact(share) * x) for x in lots]
    assert ceil_share(share, array).tolist() == [ceil(exact(share) * x) for x in lots]


def test_29_per_cent_of_100_lots_is_29() -> None:
    assert floor_share(Decimal("0.29"), np.array([100])).tolist() == [29]


@given(st.integers(0, 100), st.lists(st.integers(0, 40), min_size=1, max_size=5))
def test_stock_is_taken_first_row_first(wanted: int, stock: list[int]) -> None:
    taken = take_in_order(np.array([wanted]), np.array([stock], np.int64).T)[:, 0].tolist()
    expected, left = [], wanted
    for lots in stock:
        expected.append(min(lots, left))
        left -= expected[-1]
    assert taken == expected
