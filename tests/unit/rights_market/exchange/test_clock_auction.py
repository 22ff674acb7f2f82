"""Ascending clock: the worked case of three bidders, endings, the activity rule, sealed bids at the end."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import ExchangeError
from rights_market.exchange.auction_result import AuctionResult
from rights_market.exchange.clock_auction import ascend
from rights_market.policies.auction import AscendingClock

TABLE = {20: (6, 5, 3), 21: (5, 4, 3), 22: (4, 3, 2)}
IN_ORDER = np.arange(3)


@dataclass
class Bidders:
    """What three bidders want at each price, and what they were told."""

    table: dict[int, tuple[int, ...]]
    heard: list[int | None]

    def __call__(self, price: int, excess: int | None) -> Any:
        self.heard.append(excess)
        return np.array(self.table[price], np.int64)


def run(
    terms: AscendingClock, volume: int = 10, table: Any = TABLE, order: Any = IN_ORDER, **more: Any
) -> AuctionResult:
    account = np.arange(5, 5 + len(order), dtype=np.int32)
    return ascend(terms, volume, account, Bidders(table, []), np.asarray(order), reserve_ticks=20, **more)


def test_the_worked_case_rolls_back_to_the_last_price_with_enough_demand() -> None:
    result = run(AscendingClock())
    assert (result.price_ticks, result.awards.tolist(), result.sold) == (21, [5, 3, 2], 10)
    assert (result.code, result.paid_ticks.tolist(), result.account.tolist()) == (
        "auction_cleared",
        [21] * 3,
        [5, 6, 7],
    )
    assert [tuple(r) for r in result.rounds] == [(20, 14, 0), (21, 12, 0), (22, 9, 0)]


def test_raised_demand_is_held_to_the_round_before_and_written_down() -> None:
    """The second bidder asks for 6 at 21 after 5 at 20: one lot does not count."""
    raised = {20: (6, 5, 3), 21: (5, 6, 3), 22: (4, 3, 2)}
    result = run(AscendingClock(), table=raised)
    assert [(r.lots, r.refused_lots) for r in result.rounds] == [(14, 0), (13, 1), (9, 0)]


def test_the_odd_lot_goes_by_the_drawn_order() -> None:
    assert run(AscendingClock(), order=[2, 0, 1]).awards.tolist() == [4, 3, 3]
    assert run(AscendingClock(ration="random"), order=[1, 2, 0]).awards.tolist() == [4, 4, 2]


def test_the_current_price_may_hold_and_leave_lots_unsold() -> None:
    result = run(AscendingClock(final="current"))
    assert (result.price_ticks, result.awards.tolist(), result.code) == (22, [4, 3, 2], "auction_undersubscribed")


@pytest.mark.parametrize(("volume", "price", "sold"), [(12, 21, 12), (9, 22, 9), (14, 20, 14), (20, 20, 14)])
def test_demand_that_fits_is_served_at_the_clock(volume: int, price: int, sold: int) -> None:
    result = run(AscendingClock(), volume)
    assert (result.price_ticks, result.sold) == (price, sold)
    assert result.code == ("auction_cleared" if sold == volume else "auction_undersubscribed")


def test_nobody_may_want_more_than_in_the_round_before() -> None:
    result = run(AscendingClock(), table=TABLE | {21: (9, 4, 3), 22: (4, 3, 2)})
    assert [r.lots for r in result.rounds] == [14, 13, 9]


def test_rounds_are_limited() -> None:
    """Twelve lots wanted at 21 share ten: 5, 4 and 3 get 4.17, 3.33 and 2.5."""
    result = run(AscendingClock(max_rounds=2))
    assert (result.price_ticks, result.awards.tolist()) == (21, [4, 3, 3])


def test_without_bidders_the_auction_is_cancelled() -> None:
    result = run(AscendingClock(), table={20: (0, 0, 0)})
    assert (result.code, result.note, result.sold) == ("auction_cancelled", "no_valid_bid", 0)
    nobody = ascend(
        AscendingClock(), 5, np.zeros(0, np.int32), lambda p, e: np.zeros(0, np.int64), np.zeros(0, np.int64)
    )
    assert nobody.code == "auction_cancelled"


def test_bidders_hear_the_excess_demand_or_nothing() -> None:
    told, untold = Bidders(TABLE, []), Bidders(TABLE, [])
    account = np.arange(3, dtype=np.int32)
    ascend(AscendingClock(), 10, account, told, IN_ORDER, reserve_ticks=20)
    ascend(AscendingClock(information="none"), 10, account, untold, IN_ORDER, reserve_ticks=20)
    assert told.heard == [None, 4, 2] and untold.heard == [None] * 3


def test_a_shot_ends_the_clock_at_its_own_prices() -> None:
    """At 21, 12 lots are wanted of 10: each makes one bid, one of them below the clock, which counts as the clock."""
    result = run(AscendingClock(shootout_at=Decimal("1.2")), shot=lambda price, lots: np.array([23, 19, 22]))
    assert (result.awards.tolist(), result.paid_ticks.tolist()) == ([5, 2, 3], [23, 21, 22])
    assert (result.price_ticks, result.code, len(result.rounds)) == (21, "auction_cleared", 2)
    with pytest.raises(ExchangeError, match="no `shot` was given"):
        run(AscendingClock(shootout_at=Decimal(2)))


def test_lots_come_in_whole_lot_sizes() -> None:
    table = {20: (650, 500, 300), 21: (400, 300, 200)}
    result = run(AscendingClock(lot_size=100), 1050, table=table)
    assert (result.price_ticks, result.awards.tolist(), result.sold) == (20, [500, 300, 200], 1000)


def test_calls_with_wrong_numbers_are_refused() -> None:
    with pytest.raises(ExchangeError, match="volume is -1"):
        run(AscendingClock(), -1)
    with pytest.raises(ExchangeError, match="tie_order must name each of the 3 bidders once"):
        run(AscendingClock(), order=[0, 0, 1])


@given(
    values=st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=6), min_size=1, max_size=6),
    volume=st.integers(1, 20),
    seed=st.integers(0, 9),
)
def test_the_clock_sells_all_that_is_wanted_at_its_price(values: list[list[int]], volume: int, seed: int) -> None:
    """Bidders want a lot for each value at or above the price: roll-back sells as much as is wanted at the price."""

    def demand(price: int, excess: int | None) -> Any:
        return np.array([sum(v >= price for v in own) for own in values], np.int64)

    order = np.random.default_rng(seed).permutation(len(values))
    result = ascend(AscendingClock(), volume, np.arange(len(values), dtype=np.int32), demand, order)
    wanted = demand(result.price_ticks, None) if result.sold else demand(1, None)
    assert result.sold == min(volume, int(wanted.sum()))
    assert (result.awards <= wanted).all()
    if result.code == "auction_cleared" and result.price_ticks > 1:
        assert int(demand(result.price_ticks + 1, None).sum()) <= volume
