"""Traders that plan their whole net trade at the price they expect, and quote at that price.

Quoting unit by unit at reservation values gains nearly all there is to gain, but at prices far from the competitive
one: early trades are made at values that lie far apart.  A trader that plans what it needs at one expected price, and
quotes there, leaves the price to what is learned about the market as a whole (`agents.permit_laboratory`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.seats import Rows, side_of
from agents.strategies.base import Quotes, Strategy, register
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.desk import Desk


@register("planner")
class Planner(Strategy):
    """Quotes at its own expected price, and on the last day at what the rest is worth to it."""

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Quote the day's part of the plan at the expected price; on the last day concede to the marginal value.

        A good quote of the other side is met, not outbid: whatever a trader concedes, it pays no more than is asked.
        """
        seats, right = desk.seats, desk.seats.right[rows]
        side = side_of(seats.wish_lots[rows])
        buys, last_day = side == Side.BID, seats.urgency[rows] >= 1.0
        value = seats.value[rows]
        most = np.where(last_day, np.maximum(seats.ceiling[rows], value), value)
        least = np.where(last_day, np.minimum(desk.kept_value[rows], value), value)
        ask, bid = desk.best_ask[right], desk.best_bid[right]
        pays = np.where((ask > 0) & (ask <= most), np.maximum(ask, value), most)
        takes = np.where(bid >= least, np.minimum(np.maximum(bid, least), value), least)
        # The nearest tick on both sides: rounded away from each other, traders of one mind would never meet.
        price = desk.round_ticks(np.where(buys, pays, takes))
        low, high = desk.price_range(rows)
        can = np.where(buys, price >= low, price <= high)
        price = np.minimum(np.maximum(price, low), high)
        return Quotes(rows[can], side[can], price[can], desk.lots(rows[can]))
