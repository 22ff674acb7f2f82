"""How far an order would come into the book, without carrying it out."""

from __future__ import annotations

from typing import Any

import numpy as np

from rights_market.kernels.book import BEST, COUNT, FIRST, NOBODY, Book, Int, at, eagerness, head, queue_end
from rights_market.kernels.compiling import kernel


@kernel
def measure_reach(
    book: Book, instrument: Int, side: Int, account: Int, limit: Int, lots: Int, low: Int, high: Int
) -> tuple[Any, bool]:
    """Return the lots that an order would meet, at most its own, and whether the last of them rest beyond a level.

    Resting orders count in priority up to the order's limit, those of its own account left out, and end with the first
    whose price is at most `low` or at least `high`.
    """
    other = 1 - side
    left = book.heads[head(instrument, COUNT + other)]
    price = book.heads[head(instrument, BEST + other)]
    met = np.int64(0)
    while left > 0 and eagerness(side, price) <= eagerness(side, limit):
        slot = np.int64(book.ladder[queue_end(book, instrument, price, FIRST)])
        while slot != NOBODY and met < lots:
            left -= 1
            order = book.orders[at(slot)]
            if order["account"] != account:
                met += order["lots"]
                if price <= low or price >= high:
                    return min(met, lots), True
            slot = np.int64(order["next"])
        if met >= lots:
            return np.int64(lots), False
        price += 2 * other - 1
    return met, False
