"""Lessons of single shouts, worked by hand from the rules of Cliff and Bruten (1997, HPL-97-141).

Two buyers at 300 and 250 ticks and two sellers at 100 and 150, learning rate 0.5, no momentum, no random step in the
target: a quote moves half of its distance to the price shouted.
"""

from typing import Any

import numpy as np
import pytest

from agents.laboratory import LaboratoryModel
from agents.spec import InducedSpec
from agents.strategies import Quotes, zero_intelligence_plus
from agents.strategies.zero_intelligence_plus import Shouts, ZeroIntelligencePlus
from rights_market import Receipt, Side, Trades

BID, ASK = Side.BID, Side.ASK
Waves = list[list[tuple[int, float, bool]]]


class Steady:
    """A generator whose uniform draws are the lower end: targets without perturbation."""

    def uniform(self, low: float, high: float, n: int) -> np.ndarray:
        return np.full(n, low)


def market(
    margins: list[float], momentum: float = 0.0, sessions: int = 1
) -> tuple[LaboratoryModel, ZeroIntelligencePlus]:
    spec = InducedSpec(values=[3.0, 2.5], costs=[1.0, 1.5], price_low=0.0, price_high=4.0, sessions=sessions)
    model = LaboratoryModel(spec, seed=1)
    zip_ = model.strategy
    assert isinstance(zip_, ZeroIntelligencePlus)
    zip_.margin[:] = margins * sessions
    zip_.rate[:] = 0.5
    zip_.momentum[:] = momentum
    zip_.rng = Steady()  # type: ignore[assignment]
    model.open_day()
    return model, zip_


def shout(side: Side, price: float, *, accepted: bool) -> Shouts:
    return Shouts(np.array([True]), np.array([side], np.int8), np.array([float(price)]), np.array([accepted]))


def prices_of(model: LaboratoryModel) -> np.ndarray:
    """What traders quote before rounding."""
    zip_, value = model.strategy, model.seats.value
    assert isinstance(zip_, ZeroIntelligencePlus)
    return np.where(zip_.side == BID, value * (1 - zip_.margin), value * (1 + zip_.margin))


def prices_after(margins: list[float], heard: Shouts, **changes: Any) -> list[float]:
    model, zip_ = market(margins, **changes)
    zip_.follow(model.desk, heard)
    prices: list[float] = prices_of(model).round(6).tolist()
    return prices


START = [0.2, 0.2, 0.5, 0.4]  # quotes 240, 200, 150, 210


def test_first_quotes() -> None:
    model, zip_ = market(START)
    quotes = zip_.quote(model.desk, np.arange(4))
    assert quotes.price_ticks.tolist() == [240, 200, 150, 210]
    assert quotes.side.tolist() == [BID, BID, ASK, ASK]


def test_accepted_bid_at_220() -> None:
    """The buyer at 240 could pay less, both sellers could ask more; the buyer at 200 is on the shouter's own side."""
    assert prices_after(START, shout(BID, 220, accepted=True)) == [230.0, 200.0, 185.0, 215.0]


def test_accepted_bid_at_180_makes_dear_sellers_yield() -> None:
    """Both buyers quoted 180 or more; the seller at 150 could have asked 180, the one at 210 was too dear: 195."""
    assert prices_after(START, shout(BID, 180, accepted=True)) == [210.0, 190.0, 165.0, 195.0]


def test_accepted_ask_at_220_makes_low_buyers_yield() -> None:
    """The buyer at 200 would have missed the deal: 210.  A trade on their own side makes no seller yield."""
    assert prices_after(START, shout(ASK, 220, accepted=True)) == [230.0, 210.0, 185.0, 215.0]


def test_refused_bid_at_220_concerns_buyers_who_offer_no_more() -> None:
    assert prices_after(START, shout(BID, 220, accepted=False)) == [240.0, 210.0, 150.0, 210.0]


def test_refused_ask_at_160_concerns_sellers_who_ask_no_less() -> None:
    assert prices_after(START, shout(ASK, 160, accepted=False)) == [240.0, 200.0, 150.0, 185.0]


def test_a_seller_yields_to_its_cost_and_no_further() -> None:
    """From 210 halfway to 20 would be 115, below the cost of 150."""
    assert prices_after(START, shout(ASK, 20, accepted=False)) == [240.0, 200.0, 100.0, 150.0]


def test_a_buyer_yields_to_its_value_and_no_further() -> None:
    assert prices_after(START, shout(BID, 399, accepted=False)) == [300.0, 250.0, 150.0, 210.0]


def test_the_shouter_learns_from_its_own_refusal() -> None:
    """A margin of 0.199 quotes 240.3, in whole ticks 240: it must not take its own shout for a worse one."""
    model, zip_ = market([0.199, 0.2, 0.5, 0.4])
    zip_.rng = np.random.default_rng(1)
    zip_.follow(model.desk, shout(BID, 240, accepted=False))
    assert zip_.margin[0] < 0.199


def test_target_lies_beyond_the_shout() -> None:
    """With the largest steps, 5 % and 5 ticks (1.25 % of the range of 400): target 220 * 0.95 - 5 = 204 for a buyer."""

    class Largest:
        def uniform(self, low: float, high: float, n: int) -> np.ndarray:
            return np.full(n, high)

    model, zip_ = market(START)
    zip_.rng = Largest()  # type: ignore[assignment]
    zip_.follow(model.desk, shout(BID, 220, accepted=True))
    expected = [240 + (204 - 240) / 2, 200.0, 150 + (236 - 150) / 2, 210 + (236 - 210) / 2]
    assert prices_of(model).tolist() == pytest.approx(expected)


def test_momentum_keeps_part_of_the_last_change() -> None:
    """With momentum 0.1: 0.9 * 0.5 * (220 - 240) = -9; the same again from 231: 0.1 * -9 + 0.45 * -11 = -5.85."""
    model, zip_ = market(START, momentum=0.1)
    heard = shout(BID, 220, accepted=True)
    zip_.follow(model.desk, heard)
    assert prices_of(model)[0] == pytest.approx(231.0)
    zip_.follow(model.desk, heard)
    assert prices_of(model)[0] == pytest.approx(225.15)


def test_those_who_are_done_may_only_raise_their_margins() -> None:
    """The seller at 210 has sold, the buyer at 200 has bought: neither yields, but both may widen."""
    model, zip_ = market(START)
    model.seats.wish_lots[[1, 3]] = 0.0
    zip_.open_day(model.desk)
    zip_.follow(model.desk, shout(BID, 180, accepted=True))
    assert prices_of(model).round(6).tolist() == [210.0, 190.0, 165.0, 210.0]


def test_a_buyer_who_is_done_stays_a_buyer() -> None:
    model, zip_ = market(START)
    model.seats.wish_lots[:] = 0.0
    zip_.observe(model.desk, Quotes.none(), Receipt(0, np.empty(0, np.int8), np.empty(0, np.int64), _no_trades()))
    assert zip_.side.tolist() == [BID, BID, ASK, ASK]


def test_a_shout_is_heard_in_its_own_market_only() -> None:
    model, zip_ = market(START, sessions=2)
    heard = Shouts(
        np.array([False, True]), np.array([BID, BID], np.int8), np.array([0.0, 220.0]), np.array([False, True])
    )
    zip_.follow(model.desk, heard)
    prices = prices_of(model).round(6).tolist()
    assert prices == [240.0, 200.0, 150.0, 210.0, 230.0, 200.0, 185.0, 215.0]


def _no_trades() -> Trades:
    none = np.empty(0, np.int64)
    small = np.empty(0, np.int32)
    return Trades(small, small, small, none, none, none, none, np.empty(0, np.int8))


def seen(monkeypatch: pytest.MonkeyPatch, quotes: Quotes, receipt: Receipt, sessions: int) -> Waves:
    model, zip_ = market(START, sessions=sessions)
    waves: Waves = []

    def note(_: object, heard: Shouts) -> None:
        at = np.flatnonzero(heard.heard)
        waves.append([(int(r), float(heard.price[r]), bool(heard.accepted[r])) for r in at])

    monkeypatch.setattr(zip_, "follow", note)
    zip_.observe(model.desk, quotes, receipt)
    return waves


def test_order_of_shouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shouts of one market one after the other; the trade's price counts, and refused rows are silent."""
    quotes = Quotes(
        np.array([2, 6, 0, 1, 4]),
        np.array([ASK, ASK, BID, BID, BID], np.int8),
        np.array([150, 160, 170, 180, 120]),
        np.ones(5, np.int64),
    )
    trades = Trades(
        instrument=np.array([0], np.int32),
        buyer=np.array([2], np.int32),
        seller=np.array([4], np.int32),
        price_ticks=np.array([150]),
        lots=np.array([1]),
        maker=np.array([70]),
        taker=np.array([72]),
        taker_side=np.array([BID], np.int8),
    )
    receipt = Receipt(70, np.array([0, 0, 0, 1, 0], np.int8), np.array([0, 0, 1, 0, 0]), trades)
    assert seen(monkeypatch, quotes, receipt, 2) == [
        [(0, 150.0, False), (1, 160.0, False)],
        [(0, 150.0, True), (1, 120.0, False)],
    ]


def test_only_the_last_shouts_of_a_large_batch_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 40
    quotes = Quotes(np.zeros(n, np.intp), np.zeros(n, np.int8), np.arange(101, 101 + n), np.ones(n, np.int64))
    receipt = Receipt(0, np.zeros(n, np.int8), np.zeros(n, np.int64), _no_trades())
    waves = seen(monkeypatch, quotes, receipt, 1)
    assert [price for ((_, price, _),) in waves] == list(range(141 - zero_intelligence_plus.SHOUTS_SEEN, 141))


def test_constants_are_drawn_once_from_the_published_ranges() -> None:
    model = LaboratoryModel(InducedSpec([3.0] * 100, [1.0] * 100, 0.0, 4.0), seed=1)
    zip_ = model.strategy
    assert isinstance(zip_, ZeroIntelligencePlus)
    for drawn, low, high in ((zip_.rate, 0.1, 0.5), (zip_.momentum, 0.0, 0.1), (zip_.margin, 0.05, 0.35)):
        assert low <= drawn.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < drawn.max() <= high


def test_quotes_outside_the_range_of_prices() -> None:
    """From 220 to 230, a buyer at 200 and a seller at 240 stay away, and better quotes stand at the limit."""
    model, zip_ = market([0.2, 0.2, 0.5, 0.6])
    model.market.limits.set_band(0, 220, 230)
    quotes = zip_.quote(model.desk, np.arange(4))
    assert quotes.seat.tolist() == [0, 2]
    assert quotes.price_ticks.tolist() == [230, 220]
