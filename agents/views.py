"""Mesa agents: thin views on rows of the arrays, for Mesa users to inspect, select and collect as they are used to.

A view holds no number of its own; it reads the model's arrays when asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

if TYPE_CHECKING:
    from agents.model import RightsMarketModel


class Trader(mesa.Agent):
    """One trader: a row of the population, and an account of the registry.

    Parameters
    ----------
    model : RightsMarketModel
        The model it belongs to.
    row : int
        Its row; firms come first.
    """

    model: RightsMarketModel

    def __init__(self, model: RightsMarketModel, row: int) -> None:
        super().__init__(model)
        self.row = row

    @property
    def account(self) -> int:
        """Account in the registry."""
        return int(self.model.accounts_of[self.row])

    @property
    def name(self) -> str:
        """Name of the account."""
        return self.model.market.accounts.name(self.account)

    @property
    def strategy(self) -> str:
        """Name of the strategy by which it quotes."""
        return self.model.strategy_of[self.row]

    @property
    def cash_yuan(self) -> float:
        """Cash, including what stands behind its bids, CNY."""
        registry = self.model.market.registry
        return float(registry.cash[self.account] + registry.cash_frozen[self.account]) / 100.0

    def holdings(self, right: str) -> float:
        """Return what it owns of a right over all vintages, in the right's unit."""
        market = self.model.market
        registry = market.registry
        lots = sum(
            int(table[x.index, self.account])
            for x in market.instruments.of_right(right)
            for table in (registry.free, registry.frozen, registry.pledged)
        )
        return lots * float(market.instruments.of_right(right)[0].right.lot)


class Firm(Trader):
    """A firm with obligations."""

    @property
    def sector(self) -> str:
        """Code of its sector."""
        firms = self.model.firms
        return firms.sector_codes[firms.sector[self.row]]

    @property
    def output(self) -> float:
        """Output at today's rate, units of product a year."""
        return float(self.model.rates.output[self.row])

    def use(self, right: str) -> float:
        """Return use or emissions at today's rate, units of the right a year."""
        return float(self.model.rates.use[self.row, self.model.right_codes.index(right)])

    def abated_share(self, right: str) -> float:
        """Return the share of its need of a right that the firm abates."""
        return float(self.model.operations.share[self.row, self.model.right_codes.index(right)])

    def value_yuan(self, right: str) -> float:
        """Return what one unit of a right is worth to the firm, CNY."""
        return float(self.model.values_yuan()[self.row, self.model.right_codes.index(right)])


class Institution(Trader):
    """A trader without obligations."""


def release_from_mesa(model: Any) -> None:
    """Let Mesa forget a model when the model is dropped.

    Mesa 3.3.1 keeps a counter for every model in a table of its `Agent` class, and with it the model itself, for the
    life of the process.  All agents of ours are made when the model is, so the counter is not needed afterwards.
    """
    counters = getattr(mesa.Agent, "_ids", None)
    if counters is not None and hasattr(counters, "pop"):
        counters.pop(model, None)
