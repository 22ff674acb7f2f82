"""Zero-intelligence traders: random prices, with and without the rule of no loss (Gode and Sunder 1993)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.seats import Rows, side_of
from agents.strategies.base import Quotes, Strategy, register
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.desk import Desk


@register("zi_u")
class ZeroIntelligenceUnconstrained(Strategy):
    """Quotes any price of the range, each alike: ZI-U of Gode and Sunder (1993), section II."""

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Draw a price uniformly from the allowed range."""
        low, high = desk.price_range(rows)
        price = self.rng.integers(low, high + 1)
        return Quotes(rows, side_of(desk.seats.wish_lots[rows]), price, desk.lots(rows))


@register("zi_c")
class ZeroIntelligenceConstrained(Strategy):
    """Quotes any price that loses nothing: ZI-C of Gode and Sunder (1993), section II.

    A buyer draws between the lowest price and its value, a seller between its value and the highest price.  A trader
    whose value lies outside the allowed range has no price that loses nothing and stays away.
    """

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Draw a price uniformly on the no-loss side of the value."""
        side = side_of(desk.seats.wish_lots[rows])
        value = desk.seats.value[rows]
        low, high = desk.price_range(rows)
        buys = side == Side.BID
        low = np.where(buys, low, np.maximum(low, np.ceil(value).astype(np.int64)))
        high = np.where(buys, np.minimum(high, np.floor(value).astype(np.int64)), high)
        can = low <= high
        seat, side, low, high = rows[can], side[can], low[can], high[can]
        price = self.rng.integers(low, high + 1)
        return Quotes(seat, side, price, desk.lots(seat))
