"""Zero-intelligence traders: random prices, with and without the rule of no loss (Gode and Sunder 1993)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.seats import Rows, side_of
from agents.strategies.base import Quotes, Strategy, register

if TYPE_CHECKING:
    from agents.desk import Desk

Ints = npt.NDArray[np.int64]


@register("zi_u")
class ZeroIntelligenceUnconstrained(Strategy):
    """Quotes any price of the range, each alike: ZI-U of Gode and Sunder (1993), section II."""

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Draw a price uniformly from the allowed range."""
        low, high = desk.price_range(rows)
        return Quotes(rows, side_of(desk.seats.wish_lots[rows]), _uniform(self.rng, low, high), desk.lots(rows))


@register("zi_c")
class ZeroIntelligenceConstrained(Strategy):
    """Quotes any price that loses nothing: ZI-C of Gode and Sunder (1993), section II.

    A buyer draws between the lowest price and its value, a seller between its value and the highest price.  A trader
    whose value lies outside the allowed range has no price that loses nothing and stays away.
    """

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Draw a price uniformly on the no-loss side of the value."""
        wish, value = desk.seats.wish_lots[rows], desk.seats.value[rows]
        side, buys = side_of(wish), wish > 0
        low, high = desk.price_range(rows)
        worst = np.where(buys, np.floor(value), np.ceil(value)).astype(np.int64)
        low = np.where(buys, low, np.maximum(low, worst))
        high = np.where(buys, np.minimum(high, worst), high)
        can = low <= high
        if not can.all():
            rows, side, low, high = rows[can], side[can], low[can], high[can]
        return Quotes(rows, side, _uniform(self.rng, low, high), desk.lots(rows))


def _uniform(rng: np.random.Generator, low: Ints, high: Ints) -> Ints:
    """Draw whole ticks between bounds that differ from row to row, both included.

    Scaling one uniform number is ten times faster than `Generator.integers` with arrays as bounds; a tick's probability
    is off by less than 2^-53 times the width, which no sample can show.
    """
    return low + (rng.random(len(low)) * (high - low + 1)).astype(np.int64)
