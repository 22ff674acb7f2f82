"""Positions and prices of traders without obligations, worked by hand at a last price of 50 (5000 ticks)."""

import numpy as np
import pytest

from agents.seats import Seats
from agents.strategies.speculators import FundamentalSpeculator, TrendSpeculator
from rights_market.units import Side

BID, ASK = int(Side.BID), int(Side.ASK)


class BookView:
    """What a speculator reads, for one trader with a limit of 1,000 lots."""

    def __init__(self, *, fundamental=5000.0, growth=0.0, held=0, limit=1000, low=1, high=10**6):
        self.seats = Seats([0], [0], [2])
        self.fundamental, self.last_price = np.array([fundamental]), np.array([5000.0])
        self.position_limit = np.array([limit])
        self._held, self._growth, self._range = held, growth, (np.array([low]), np.array([high]))

    def free_lots(self, rows):
        return np.full(len(rows), self._held - self._held // 4)

    def frozen_lots(self, rows):
        return np.full(len(rows), self._held // 4)

    def price_range(self, rows):
        return self._range

    def mean_growth(self, days):
        assert days == 20
        return np.array([self._growth])


def fundamental(error: float = 1.0) -> FundamentalSpeculator:
    trader = FundamentalSpeculator(np.array([0]), np.random.default_rng(1))
    trader.restore({"error": np.array([error])})
    return trader


def quote(trader, **view) -> tuple[int, int, int] | None:
    quotes = trader.quote(BookView(**view), np.array([0]))
    return None if not len(quotes.seat) else (int(quotes.side[0]), int(quotes.price_ticks[0]), int(quotes.lots[0]))


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        # A gain of 10 % or more is worth the whole limit, bought a tenth at a time, 2 % inside the expected price.
        ({"fundamental": 5500.0}, (BID, 5390, 100)),
        ({"fundamental": 9000.0}, (BID, 8820, 100)),
        # 4 %: a position of 400.
        ({"fundamental": 5200.0, "held": 380}, (BID, 5096, 20)),
        ({"fundamental": 5200.0, "held": 400}, None),
        ({"fundamental": 5200.0, "held": 480}, (ASK, 5304, 80)),
        # No gain: sells out, a tenth of the limit at a time, 2 % above what it expects.
        ({"fundamental": 4500.0, "held": 480}, (ASK, 4590, 100)),
        ({"fundamental": 4500.0}, None),
        ({"fundamental": 5500.0, "limit": 5}, (BID, 5390, 1)),
        # A price outside the day's range is not quoted.
        ({"fundamental": 5500.0, "high": 5300}, None),
        ({"fundamental": 4500.0, "held": 480, "low": 4600}, None),
    ],
)
def test_the_fundamental_speculator(view: dict, expected) -> None:
    assert quote(fundamental(), **view) == expected


def test_its_error_lasts_and_moves_what_it_expects() -> None:
    assert quote(fundamental(1.1)) == (BID, 5390, 100)
    assert quote(fundamental(0.9), held=10) == (ASK, 4590, 10)


def test_errors_are_drawn_once_and_saved() -> None:
    seats = np.arange(5000) * 2
    trader = FundamentalSpeculator(seats, np.random.default_rng(1))
    assert np.log(trader.error).std() == pytest.approx(0.1, rel=0.05)
    again = FundamentalSpeculator(seats, np.random.default_rng(2))
    again.restore(trader.state())
    assert np.array_equal(again.error, trader.error)
    view = BookView()
    view.seats = Seats(np.zeros(10_000, int), np.arange(10_000), np.arange(10_000))
    found = again.expected_ticks(view, np.array([4, 9998]))
    assert found == pytest.approx(5000.0 * trader.error[[2, 4999]])


@pytest.mark.parametrize(
    ("growth", "held", "expected"),
    [
        (0.005, 0, (BID, 5151, 100)),  # 5000 e^0.05 = 5256.4 expected: half the limit
        (0.005, 600, (ASK, 5362, 87)),  # target round(1000 x 0.51271) = 513
        (0.0, 0, None),
        (-0.01, 50, (ASK, 4615, 50)),  # 5000 e^-0.1 = 4524.2 and 2 %
    ],
)
def test_the_trend_goes_on_for_half_a_month(growth: float, held: int, expected) -> None:
    trader = TrendSpeculator(np.array([0]), np.random.default_rng(1))
    assert quote(trader, growth=growth, held=held) == expected


def test_speculators_are_always_asked() -> None:
    assert not FundamentalSpeculator.needs_wish and not TrendSpeculator.needs_wish
