"""Quotes of firms that trade to comply, worked by hand at a value of 60 and a last price of 50 (in ticks: 6000, 5000).

With the anchor of 0.8 the belief is 0.2 x 6000 + 0.8 x 5000 = 5200.
"""

import numpy as np
import pytest

from agents.behaviour import Behaviour
from agents.seats import Seats
from agents.strategies import STRATEGIES
from agents.strategies.base import Quotes
from rights_market.units import Side

BID, ASK = int(Side.BID), int(Side.ASK)


class BookView:
    """What a strategy reads of a desk, for one trader."""

    def __init__(
        self,
        *,
        wish,
        value=6000.0,
        kept=6000.0,
        ceiling=9000.0,
        urgency=0.0,
        bid=0,
        ask=0,
        lots_asked=7,
        traded=1,
        reference=5000.0,
        low=1,
        high=10**6,
        sealed=False,
        relative=1.0,
        indicative=0.0,
        tax=0.0,
    ):
        self.behaviour = Behaviour()
        self.seats = Seats([0], [0], [2])
        self.seats.wish_lots[:], self.seats.value[:] = wish, value
        self.seats.ceiling[:], self.seats.urgency[:] = ceiling, urgency
        self.kept_value = np.array([kept])
        self.must_sell = np.array([False])
        self.is_sealed, self.relative = np.array([sealed]), np.array([relative])
        self.best_bid, self.best_ask = np.array([bid]), np.array([ask])
        self.last_price, self.indicative = np.array([5000.0]), np.array([indicative])
        self.tax_share = np.array([tax])
        self.usable = [[0]]
        self._ladder = np.array([ask, ask + 30]), np.array([lots_asked, 100])
        self._traded = np.array([traded])
        self._reference = np.array([reference])
        self._range = np.array([low]), np.array([high])

    def is_quiet(self):
        return self._traded == 0

    def ask_ladder(self, right):
        return self._ladder

    def price_range(self, rows):
        return self._range

    def reference(self):
        return self._reference

    def lots(self, rows):
        return np.full(len(rows), 7)


def quote(strategy: str = "hedger", **view) -> tuple[int, int] | None:
    """Side and price of the one quote, None where the trader stays away."""
    desk = BookView(**view)
    rows = np.array([0])
    quotes = STRATEGIES[strategy](rows, np.random.default_rng(1)).quote(desk, rows)
    if not len(quotes.seat):
        return None
    assert quotes.lots.tolist() == [7]
    return int(quotes.side[0]), int(quotes.price_ticks[0])


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        (0, 0, 5200),  # an empty book: what a unit is believed to cost
        (4900, 6500, 4901),  # dearer than the limit of 5200: one tick over the best bid
        (5400, 6500, 5200),  # never above belief
        (5199, 6500, 5200),
        (0, 6500, 5200),
        (4900, 5100, 5200),  # within the limit: takes it, and reaches as far as the limit
        (4900, 5200, 5200),
        (4900, 5201, 4901),
        (4900, 0, 5200),  # nobody asks: waiting gains nothing
    ],
)
def test_a_patient_buyer(bid: int, ask: int, expected: int) -> None:
    assert quote(wish=10, bid=bid, ask=ask) == (BID, expected)


@pytest.mark.parametrize(
    ("urgency", "bid", "ask", "expected"),
    [
        (1.0, 4900, 8900, 8900),  # at the deadline the limit is the ceiling
        (1.0, 4900, 9001, 4901),
        (1.0, 4900, 5100, 5460),  # one order through several asks, at most 5 % above belief
        (0.5, 4900, 5569, 5569),  # 5200^(7/8) x 9000^(1/8) = 5569.06
        (0.5, 4900, 5570, 4901),
        (0.5, 0, 0, 5200),
        (0.5, 4900, 0, 5244),  # unanswered: 5200^(7/8) x 5569.06^(1/8) = 5244.8
    ],
)
def test_urgency_draws_the_limit_to_the_ceiling(urgency: float, bid: int, ask: int, expected: int) -> None:
    assert quote(wish=10, urgency=urgency, bid=bid, ask=ask) == (BID, expected)


def test_an_urgent_buyer_goes_as_deep_into_the_asks_as_it_needs() -> None:
    """It wants 7 lots; the second ask is 30 ticks above the first."""
    assert quote(wish=10, urgency=1.0, ask=8900, lots_asked=7) == (BID, 8900)
    assert quote(wish=10, urgency=1.0, ask=8900, lots_asked=6) == (BID, 8930)
    assert quote(wish=10, urgency=1.0, ask=8980, lots_asked=6) == (BID, 8980)


def test_a_buyer_whose_way_out_is_cheaper_than_its_belief_bids_that() -> None:
    """The fine is 45: it defers at any price above, and urgency does not help."""
    assert quote(wish=10, ceiling=4500.0, urgency=1.0, bid=4000, ask=4600) == (BID, 4001)
    assert quote(wish=10, ceiling=4500.0, bid=4600, ask=4700) == (BID, 4500)
    assert quote(wish=10, ceiling=4500.0, bid=4000, ask=4400) == (BID, 4500)


@pytest.mark.parametrize(
    ("kept", "bid", "ask", "expected"),
    [
        (6000.0, 0, 0, 5200),
        (6000.0, 5199, 5300, 5299),  # reserve 5200: one tick under the best ask
        (6000.0, 5200, 5300, 5200),  # an acceptable bid is taken at once
        (6000.0, 5250, 5300, 5250),
        (6000.0, 4000, 5100, 5200),  # never under the reserve
        (1000.0, 0, 0, 5200),  # into an empty book it asks what it believes
        (1000.0, 4100, 5100, 5099),  # what cannot be kept has a reserve of 0.2 x 1000 + 0.8 x 5000 = 4200
        (1000.0, 4200, 5100, 4200),
    ],
)
def test_a_seller(kept: float, bid: int, ask: int, expected: int) -> None:
    assert quote(wish=-10, kept=kept, bid=bid, ask=ask) == (ASK, expected)


def test_a_tax_on_sellers_comes_on_top() -> None:
    """Of 12.50 a tax of a fifth leaves the 10.00 that a kept unit is worth: 0.2 x 1250 + 0.8 x 5000."""
    assert quote(wish=-10, kept=1000.0, bid=4250, ask=5100, tax=0.2) == (ASK, 4250)
    assert quote(wish=-10, kept=1000.0, bid=4249, ask=5100, tax=0.2) == (ASK, 5099)


def test_no_discount_touches_the_last_price() -> None:
    """Kept value at 95 % of 50, last price 50: the reserve is 49.50, not 47.50."""
    assert quote(wish=-10, value=5000.0, kept=4750.0, bid=0, ask=4000) == (ASK, 4950)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ({"wish": 10, "low": 5300, "high": 5500}, None),  # its limit lies below the day's range
        ({"wish": 10, "low": 4500, "high": 5100}, (BID, 5100)),  # above it: the limit of the day
        ({"wish": -10, "low": 4000, "high": 5100}, None),
        ({"wish": -10, "low": 5300, "high": 5500}, (ASK, 5300)),
    ],
)
def test_the_range_of_the_day(view: dict, expected: tuple[int, int] | None) -> None:
    assert quote(**view) == expected


@pytest.mark.parametrize(
    ("value", "wish", "expected"), [(6000.9, 10, 5200), (6000.9, -10, 5200), (6004.9, 10, 5200), (6000.0, -10, 5200)]
)
def test_traders_of_one_mind_meet_between_ticks(value: float, wish: float, expected: int) -> None:
    assert quote(wish=wish, value=value, kept=value)[1] == expected


def test_the_anchor_is_what_others_pay() -> None:
    """The reference before the first trade of the day; a bid that nobody answers and that is higher."""
    assert quote(wish=10, traded=0, reference=5500.0) == (BID, 5600)
    assert quote(wish=10, traded=1, reference=5500.0) == (BID, 5200)
    assert quote(wish=10, traded=0, indicative=5500.0) == (BID, 5600)
    assert quote(wish=-10, bid=5500, kept=6000.0) == (ASK, 5600)
    assert quote(wish=-10, bid=5500, ask=6500, kept=6000.0) == (ASK, 5500)


def test_traits_of_the_three_kinds() -> None:
    traits = {name: (STRATEGIES[name].starts_early, STRATEGIES[name].buffer_factor) for name in STRATEGIES}
    assert traits["late_buyer"] == (False, 1.0)
    assert traits["hedger"] == (True, 1.0)
    assert traits["hoarder"] == (False, 3.0)


def test_tables_of_quotes() -> None:
    none = Quotes.join([])
    assert len(none.seat) == 0 and none.price_ticks.dtype == np.int64
    one = Quotes(np.array([3]), np.array([ASK], np.int8), np.array([9]), np.array([2]))
    both = Quotes.join([one, Quotes.none(), one])
    assert both.seat.tolist() == [3, 3] and both.take(np.array([True, False])).lots.tolist() == [2]


def test_in_a_sealed_auction_the_limit_is_bid_and_the_reserve_is_asked():
    # The limit rises from the belief of 5200 to the ceiling of 9000; the reserve is 0.2 x 1000 + 0.8 x 5000 = 4200.
    assert quote(wish=10, urgency=1.0, sealed=True) == (BID, 9000)
    assert quote(wish=10, urgency=0.0, sealed=True) == (BID, 5200)
    assert quote(wish=-10, kept=1000.0, sealed=True) == (ASK, 4200)


def test_what_others_pay_counts_where_the_trader_is():
    # 0.2 x 6000 + 0.8 x 5000 x 1.1 = 5600.
    assert quote(wish=10, sealed=True, relative=1.1) == (BID, 5600)
