"""Descending clock: the worked case of three claims, what is paid, rationing, what stays unsold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import ExchangeError
from rights_market.exchange.auction_result import AuctionResult
from rights_market.exchange.dutch_auction import descend
from rights_market.policies.auction import DescendingClock

CLAIMS = {30: (4, 0, 0), 28: (0, 5, 4)}


def run(terms: DescendingClock, volume: int = 10, claims: Any = CLAIMS, order: Any = (0, 1, 2)) -> AuctionResult:
    account = np.array([7, 8, 9], np.int32)

    def claim(price: int, left: int) -> Any:
        return np.array(claims.get(price, (0, 0, 0)), np.int64)

    return descend(terms, volume, account, claim, np.asarray(order), reserve_ticks=20)


def test_the_worked_case_shares_the_last_lots_and_pays_the_claimed_price() -> None:
    result = run(DescendingClock(start=30, reserve=20))
    assert result.account.tolist() == [7, 8, 9] and result.awards.tolist() == [4, 3, 3]
    assert (result.paid_ticks.tolist(), result.value_tick_lots, result.price_ticks) == ([30, 28, 28], 288, 28)
    assert (result.code, [tuple(r) for r in result.rounds]) == ("auction_cleared", [(30, 4, 0), (28, 9, 0)])


def test_all_may_pay_the_last_price() -> None:
    assert run(DescendingClock(start=30, reserve=20, pay="last_price")).value_tick_lots == 280


def test_claims_may_be_served_in_a_drawn_order() -> None:
    result = run(DescendingClock(start=30, reserve=20, ration="random"), order=(2, 1, 0))
    assert dict(zip(result.account.tolist(), result.awards.tolist(), strict=True)) == {7: 4, 8: 2, 9: 4}


def test_claims_that_equal_what_is_left_are_served_in_full() -> None:
    assert run(DescendingClock(start=30, reserve=20), 13).awards.tolist() == [4, 5, 4]


def test_what_nobody_claims_at_the_reserve_stays_unsold() -> None:
    result = run(DescendingClock(start=30, reserve=20), 20)
    assert (result.sold, result.code, result.price_ticks) == (13, "auction_undersubscribed", 28)
    none = run(DescendingClock(start=30, reserve=20), claims={})
    assert (none.sold, none.code, none.note) == (0, "auction_cancelled", "no_valid_bid")


def test_the_last_step_ends_on_the_reserve() -> None:
    assert run(DescendingClock(start=30, step=7, reserve=20), claims={20: (1, 0, 0)}).price_ticks == 20
    assert run(DescendingClock(start=30, step=7, reserve=20), claims={21: (1, 0, 0)}).sold == 0
    assert run(DescendingClock(start=19, reserve=1), claims={19: (1, 0, 0)}).code == "auction_cancelled"


def test_lots_come_in_whole_lot_sizes() -> None:
    result = run(DescendingClock(start=30, reserve=20, lot_size=10), 25, claims={30: (15, 0, 0), 25: (0, 9, 30)})
    assert (result.account.tolist(), result.awards.tolist()) == ([7, 9], [10, 10])


def test_calls_with_wrong_numbers_are_refused() -> None:
    with pytest.raises(ExchangeError, match="volume is -1"):
        run(DescendingClock(start=30), -1)
    with pytest.raises(ExchangeError, match="tie_order must name each of the 3 bidders once"):
        run(DescendingClock(start=30), order=(0, 0, 1))


@given(
    values=st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=5), min_size=1, max_size=5),
    volume=st.integers(1, 20),
)
def test_lots_go_to_the_highest_values(values: list[list[int]], volume: int) -> None:
    """Bidders who claim a lot when the clock reaches its value buy the highest values, at these."""

    def claim(price: int, left: int) -> Any:
        return np.array([own.count(price) for own in values], np.int64)

    terms = DescendingClock(start=30)
    n = len(values)
    result = descend(terms, volume, np.arange(n, dtype=np.int32), claim, np.arange(n))
    best = sorted((v for own in values for v in own), reverse=True)[:volume]
    assert (result.sold, result.value_tick_lots) == (len(best), sum(best))
