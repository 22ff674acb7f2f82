import numpy as np
import pytest

from agents.laboratory import LaboratoryModel
from agents.spec import InducedSpec
from agents.strategies import Quotes

VALUES = [3.0, 2.0, 0.5]
COSTS = [1.0, 3.5]


def quoted(strategy: str, rounds: int = 4000, low: float = 1.0, high: float = 3.2) -> list[Quotes]:
    spec = InducedSpec(values=VALUES, costs=COSTS, price_low=low, price_high=high, strategy=strategy)  # type: ignore[arg-type]
    model = LaboratoryModel(spec, seed=1)
    model.open_day()
    rows = np.arange(5)
    return [model.strategy.quote(model.desk, rows) for _ in range(rounds)]


def by_seat(quotes: list[Quotes], seat: int) -> np.ndarray:
    return np.concatenate([q.price_ticks[q.seat == seat] for q in quotes])


@pytest.mark.parametrize(("seat", "low", "high"), [(0, 100, 300), (1, 100, 200), (3, 100, 320)])
def test_constrained_traders_use_every_price_without_loss(seat: int, low: int, high: int) -> None:
    prices = by_seat(quoted("zi_c"), seat)
    assert (prices.min(), prices.max()) == (low, high)
    width = high - low
    assert prices.mean() == pytest.approx((low + high) / 2, abs=4 * width / np.sqrt(12 * len(prices)))
    expected = len(prices) / (width + 1)
    assert np.bincount(prices - low).max() < expected + 5 * np.sqrt(expected)


def test_constrained_traders_without_such_a_price_stay_away() -> None:
    """The buyer at 0.50 and the seller at 3.50 lie outside the range of 1.00 to 3.20."""
    quotes = quoted("zi_c", rounds=50)
    assert not len(by_seat(quotes, 2))
    assert not len(by_seat(quotes, 4))
    assert {tuple(q.side.tolist()) for q in quotes} == {(0, 0, 1)}


@pytest.mark.parametrize("seat", range(5))
def test_unconstrained_traders_use_the_whole_range(seat: int) -> None:
    prices = by_seat(quoted("zi_u"), seat)
    assert (prices.min(), prices.max()) == (100, 320)
    assert prices.mean() == pytest.approx(210, abs=4 * 220 / np.sqrt(12 * len(prices)))


def test_values_between_ticks_round_to_the_safe_side() -> None:
    spec = InducedSpec(values=[3.0], costs=[1.0], price_low=1.0, price_high=3.2, strategy="zi_c")
    model = LaboratoryModel(spec, seed=1)
    model.open_day()
    model.seats.value[:] = [102.9, 317.1]
    quotes = [model.strategy.quote(model.desk, np.arange(2)) for _ in range(300)]
    assert set(by_seat(quotes, 0).tolist()) == {100, 101, 102}
    assert set(by_seat(quotes, 1).tolist()) == {318, 319, 320}


def test_one_unit_at_a_time() -> None:
    assert {int(x) for q in quoted("zi_u", rounds=5) for x in q.lots} == {1}
