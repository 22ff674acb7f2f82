"""Add a strategy of your own, for many firms at once, and compare what it does.

Covers: a vectorised strategy in a dozen lines, `register`, running a model.
Scenario: the small carbon market of `agents.config.small_market`.
"""

from dataclasses import replace

import numpy as np

from agents.config import small_market
from agents.model import RightsMarketModel
from agents.seats import side_of
from agents.spec import StrategyShare
from agents.strategies import Quotes, Strategy, register


@register("patient")
class Patient(Strategy):
    """Bids a little below and asks a little above its own value, and waits for the market to come."""

    def quote(self, desk, rows):
        """Return one limit order for each seat that wants to trade."""
        seats = desk.seats
        side = side_of(seats.wish_lots[rows])
        price = desk.round_ticks(seats.value[rows] * np.where(side == 0, 0.98, 1.02))
        low, high = desk.price_range(rows)
        inside = (price >= low) & (price <= high)
        return Quotes(rows[inside], side[inside], price[inside], desk.lots(rows[inside]))


def mean_price(share_patient: float) -> float:
    """Return the mean closing price of a year in which a share of the firms is patient."""
    config = small_market(n_firms=40, years=1, days_per_year=60)
    strategies = [StrategyShare("hedger", 1 - share_patient), StrategyShare("patient", share_patient)]
    population = replace(config.population, strategies=[s for s in strategies if s.share > 0])
    model = RightsMarketModel(replace(config, population=population), seed=1)
    closes = []
    while model.running:
        model.step()
        closes.append(model.prices_yuan["CEA"])
    model.market.audit()
    return float(np.mean(closes))


if __name__ == "__main__":
    for share in (0.0, 0.5, 1.0):
        print(f"{share:.0%} patient: mean close {mean_price(share):.2f} CNY/t")
