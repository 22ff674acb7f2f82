"""A market maker: quotes both sides around the last price and leans against its own inventory.

The inventory lean of Ho and Stoll (1981, Journal of Financial Economics 9:47): with more stock both quotes move down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.seats import Rows
from agents.strategies.base import Quotes, Strategy, register
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.desk import Desk

HALF_SPREAD = 0.01
INVENTORY_LEAN = 0.02
QUOTE_SHARE = 0.05
DUTY_SHARE = 0.75


@register("market_maker")
class MarketMaker(Strategy):
    """Bids and asks 1 % around the last price, moved by up to 2 % against inventory, 5 % of its limit at a time.

    Where a duty to quote asks for a closer spread, it quotes more closely.
    """

    needs_wish = False

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Quote a bid and an ask for each seat, as far as cash and stock cover them."""
        right = desk.seats.right[rows]
        limit = desk.position_limit[rows]
        held = desk.free_lots(rows) + desk.frozen_lots(rows)
        middle = desk.last_price[right] * (1.0 - INVENTORY_LEAN * (2.0 * held / limit - 1.0))
        # Those with a duty to quote stay within its spread, a quarter of it spared for whole ticks.
        half = np.minimum(HALF_SPREAD, DUTY_SHARE * desk.widest_spread(rows) / 2.0)
        bid = np.floor(middle * (1.0 - half)).astype(np.int64)
        ask = np.maximum(np.ceil(middle * (1.0 + half)).astype(np.int64), bid + 1)
        size = np.maximum(1, np.rint(limit * QUOTE_SHARE)).astype(np.int64)
        low, high = desk.price_range(rows)
        buy_lots = np.where((bid >= low) & (bid <= high), np.minimum(size, np.maximum(limit - held, 0)), 0)
        sell_lots = np.where((ask >= low) & (ask <= high), np.minimum(size, held), 0)
        n = len(rows)
        sides = np.repeat(np.array([Side.BID, Side.ASK], dtype=np.int8), n)
        seat, price = np.concatenate([rows, rows]), np.concatenate([bid, ask])
        lots = np.concatenate([buy_lots, sell_lots]).astype(np.int64)
        return Quotes(seat, sides, price, lots)

    def auction_bids(self, desk: Desk, rows: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Fill up to half of the limit, where quotes do not lean, below the last price by half a spread."""
        held = desk.free_lots(rows) + desk.frozen_lots(rows)
        wanted = np.maximum(desk.position_limit[rows] / 2.0 - held, 0.0)
        return desk.last_price[desk.seats.right[rows]] * (1.0 - HALF_SPREAD), wanted
