"""Quotes around a last price of 100.00 (10,000 ticks), leaning against inventory (Ho and Stoll 1981)."""

import numpy as np
import pytest

from agents.seats import Seats
from agents.strategies.market_maker import MarketMaker
from rights_market.units import Side


class BookView:
    def __init__(
        self,
        held: int,
        limit: int = 1000,
        last: float = 10_000.0,
        low: int = 1,
        high: int = 10**6,
        duty: float = np.inf,
    ):
        self._duty = duty
        self.seats = Seats([0], [0], [2])
        self.position_limit, self.last_price = np.array([limit]), np.array([last])
        self._held, self._range = held, (np.array([low]), np.array([high]))

    def free_lots(self, rows):
        return np.full(len(rows), self._held)

    def frozen_lots(self, rows):
        return np.zeros(len(rows), dtype=np.int64)

    def price_range(self, rows):
        return self._range

    def widest_spread(self, rows):
        return np.full(len(rows), self._duty)


def quotes(*args, **view) -> list[tuple[int, int, int]]:
    found = MarketMaker(np.array([0]), np.random.default_rng(1)).quote(BookView(*args, **view), np.array([0]))
    return list(zip(found.side.tolist(), found.price_ticks.tolist(), found.lots.tolist(), strict=True))


@pytest.mark.parametrize(
    ("held", "bid", "ask", "buys", "sells"),
    [
        (500, 9900, 10_100, 50, 50),  # half full: 1 % on either side
        (0, 10_098, 10_302, 50, 0),  # empty: middle 2 % up
        (1000, 9702, 9898, 0, 50),  # full: middle 2 % down
        (980, 9709, 9907, 20, 50),  # 0.96 x 2 % = 1.92 %
        (30, 10_086, 10_290, 50, 30),  # 1.88 % up: 10,188 x 0.99 = 10,086.12 and x 1.01 = 10,289.88
    ],
)
def test_both_sides_lean_against_the_stock(held: int, bid: int, ask: int, buys: int, sells: int) -> None:
    assert quotes(held) == [(Side.BID, bid, buys), (Side.ASK, ask, sells)]


def test_a_side_outside_the_range_of_the_day_is_left_out() -> None:
    assert quotes(500, low=9950) == [(Side.BID, 9900, 0), (Side.ASK, 10_100, 50)]
    assert quotes(500, high=10_050) == [(Side.BID, 9900, 50), (Side.ASK, 10_100, 0)]


def test_at_the_lowest_prices_the_quotes_still_do_not_meet() -> None:
    (_, bid, _), (_, ask, _) = quotes(500, last=1.0)
    assert (bid, ask) == (0, 2)


def test_a_small_limit_still_quotes_one_lot() -> None:
    assert [lots for _, _, lots in quotes(3, limit=6)] == [1, 1]


@pytest.mark.parametrize(("duty", "bid", "ask"), [(0.03, 9900, 10_100), (0.01, 9962, 10_038), (0.0002, 9999, 10_001)])
def test_a_duty_to_quote_brings_both_sides_together(duty: float, bid: int, ask: int) -> None:
    # Three quarters of 1 % are 37.5 ticks on either side of 10,000.
    assert quotes(500, duty=duty) == [(Side.BID, bid, 50), (Side.ASK, ask, 50)]


def test_it_is_always_asked() -> None:
    assert not MarketMaker.needs_wish
