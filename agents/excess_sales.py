"""What traders do about holdings above a limit that have to be sold by a date: they sell evenly until then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from agents.model import RightsMarketModel


def plan_excess_sales(model: RightsMarketModel) -> None:
    """Let seats that have too much sell at least an even part of it today, whatever else they wanted."""
    today = model.calendar.days[model.day]
    for due in model.market.due():
        right = model.right_codes.index(due.right) if due.right in model.right_codes else -1
        rows = model.seats.of_right(right) if right >= 0 else slice(0, 0)
        for seat in (rows.start + np.flatnonzero(model.seats.account[rows] == due.account)).tolist():
            days = max(1, (due.sell_by - today).days + 1)
            today_lots = -(-due.lots // days)
            model.seats.wish_lots[seat] = min(model.seats.wish_lots[seat], -float(due.lots))
            model.seats.quota[seat] = max(model.seats.quota[seat] if model.seats.wish_lots[seat] < 0 else 0, today_lots)
            model.seats.active[seat] = True
            model.desk.must_sell[seat] = True
