"""Closing price: volume-weighted mean, half up to the tick, previous close without trade."""

from fractions import Fraction

import numpy as np
import pytest

from rights_market.errors import ExchangeError
from rights_market.exchange.closing import closing_price
from rights_market.units import half_up


@pytest.mark.parametrize(
    ("values_fen", "lots", "tick_value", "expected"),
    [
        (200 * 50 + 200 * 51, 400, 1, 51),
        (201 * 50 + 199 * 51, 400, 1, 50),
        (3 * 4_785, 3, 1, 4_785),
        (300 * 500_000 + 100 * 500_300, 400, 100, 5_001),
        (0, 0, 100, 4_990),
        ((1 << 62) + (1 << 61), 1 << 62, 1, 2),
        ((1 << 63) - 1, (1 << 63) - 1, 1, 1),
    ],
    ids=["half up", "below half", "one price", "tick worth 1 yuan", "no trade", "half at the limit", "largest"],
)
def test_by_hand(values_fen, lots, tick_value, expected):
    assert closing_price(values_fen, lots, tick_value, 4_990).tolist() == [expected]


def test_equals_exact_fractions():
    rng = np.random.default_rng(3)
    lots, tick = rng.integers(1, 1 << 30, 300), rng.integers(1, 1 << 20, 300)
    values = lots * tick * rng.integers(1, 1 << 10, 300) + rng.integers(0, 1 << 40, 300)
    expected = [half_up(Fraction(int(v), int(q) * int(t))) for v, q, t in zip(values, lots, tick, strict=True)]
    assert closing_price(values, lots, tick, 0).tolist() == expected


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((-1, 1, 1, 1), "must not be negative"),
        ((1, -1, 1, 1), "must not be negative"),
        ((1.0, 1, 1, 1), "expected whole numbers"),
        ((1, 1, 0, 1), "at least 1 fen"),
        ((1, 0, 1, 1), "traded with 0 lots"),
        ((1, 1 << 60, 100, 1), "too many to be exact"),
    ],
)
def test_refusals(args, message):
    with pytest.raises(ExchangeError, match=message):
        closing_price(*args)
