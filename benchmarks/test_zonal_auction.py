"""A call auction over forty zones: 2,000 orders of each of six pollutants, at most half a second of processor time."""

import time
from fractions import Fraction

import numpy as np

from rights_market.exchange.zonal_auction import ZonalOrders, ZonalTerms, clear_zonal

ZONES, ORDERS, POLLUTANTS = 40, 2_000, 6
RIVER = 8
"""Zones along each river."""


def _ratios() -> dict[tuple[int, int], Fraction]:
    pairs = [(i, j) for i in range(ZONES) for j in range(i, ZONES) if i // RIVER == j // RIVER]
    return {(i, j): Fraction(85, 100) ** (j - i) for i, j in pairs}


def _orders(rng: np.random.Generator) -> ZonalOrders:
    side = rng.integers(0, 2, ORDERS).astype(np.int8)
    price = rng.integers(300, 3_000, ORDERS) + np.where(side == 0, 500, 0)
    return ZonalOrders(side, rng.integers(0, ZONES, ORDERS), price, rng.integers(1, 5_000, ORDERS))


def test_zonal_auction(benchmark) -> None:
    """Time a day of auctions; the goal is in processor time, whatever else the machine does."""
    rng, terms = np.random.default_rng(1), ZonalTerms(_ratios())
    books = [_orders(rng) for _ in range(POLLUTANTS)]

    def day() -> float:
        start = time.process_time()
        traded = [len(clear_zonal(book, terms, ZONES).deals.units) for book in books]
        assert min(traded) > 100
        return time.process_time() - start

    day()
    spent = benchmark(day)
    if benchmark.enabled:
        assert spent <= 0.5
