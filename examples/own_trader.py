"""Add one trader of your own as a plain object with `decide(market)`.

Covers: `Participant`, what a trader may see, its account in the registry afterwards.
Scenario: the small carbon market of `agents.config.small_market`.
"""

from agents.model import RightsMarketModel
from agents.objects import Participant


class Bargainer:
    """Buys below 80 CNY/t, sells above 95, a thousand tonnes at a time."""

    def decide(self, market):
        """Return the orders of this round."""
        ask, bid = market.best_ask("CEA"), market.best_bid("CEA")
        if ask is not None and ask < 80 and market.cash_yuan > 1000 * ask:
            yield market.buy("CEA", ask, 1000)
        if bid is not None and bid > 95 and market.holdings("CEA") > 0:
            yield market.sell("CEA", bid, min(1000, market.holdings("CEA")))


if __name__ == "__main__":
    trader = Participant(Bargainer(), cash_yuan=2_000_000)
    model = RightsMarketModel(n_firms=40, years=1, days_per_year=60, traders=[trader], seed=1)
    while model.running:
        model.step()
    mine = next(iter(model.agents.select(lambda a: a.name.startswith("Bargainer"))))
    print(f"cash {mine.cash_yuan:,.2f} CNY, units {mine.holdings('CEA'):,.0f} t")
    model.market.audit()
    print("the books balance")
