"""How far an order would come, against carrying it out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.exchange.order_book import OrderBook
from rights_market.records import OrderKind, Orders
from rights_market.units import Side


@given(
    resting=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 5), st.integers(0, 2)), max_size=12),
    side=st.sampled_from(list(Side)),
    limit=st.integers(1, 12),
    lots=st.integers(1, 30),
    low=st.integers(0, 6),
    high=st.integers(7, 13),
)
def test_it_meets_what_it_would_trade_up_to_and_with_the_first_order_beyond_a_level(
    resting, side, limit, lots, low, high
):
    book = OrderBook(1, 12)
    other = Side.ASK if side is Side.BID else Side.BID
    for price, size, who in resting:
        book.submit(Orders.of(who, 0, other, price, size))
    mine = 0
    met, beyond = book.reach(0, side, limit, lots, account=mine, low=low, high=high)
    queue = book.resting(0)
    expected, found = 0, False
    for price, size, who in zip(queue.price_ticks, queue.lots, queue.account, strict=True):
        crosses = price <= limit if side is Side.BID else price >= limit
        if who == mine or not crosses or expected >= lots or found:
            continue
        expected, found = expected + size, price <= low or price >= high
    assert (met, beyond) == (min(expected, lots), found)


def test_without_a_level_it_is_what_an_order_fills():
    book = OrderBook(1, 100)
    book.submit(Orders.of([1, 2, 3], 0, Side.ASK, [50, 51, 60], [5, 5, 5]))
    assert book.reach(0, Side.BID, 55, 30, account=-1, low=0, high=1000) == (10, False)
    assert book.submit(Orders.of(4, 0, Side.BID, 55, 30, kind=OrderKind.IOC)).filled.tolist() == [10]


@pytest.mark.parametrize(("group", "expected"), [([0, 0], [[0, 7]]), ([0, 1], [[0, 3], [0, 4]]), ([-1, 0], [[0, 4]])])
def test_bids_are_added_up_by_group_and_account(group, expected):
    book = OrderBook(2, 100)
    book.submit(Orders.of([1, 1, 0], [0, 1, 0], [Side.BID, Side.BID, Side.ASK], [10, 10, 20], [3, 4, 5]))
    counted = book.bid_lots(np.array(group), (max(group) + 1, 2))
    assert counted.tolist() == expected
