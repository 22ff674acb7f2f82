"""Lots sold less bought on a day, by mode of trading: what rules of carry-over look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.records import Mode, Trades
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT

Int64 = npt.NDArray[np.int64]


class NetSold:
    """Counts the trades of the day at hand.

    Parameters
    ----------
    n_instruments : int
        Number of instruments.
    """

    def __init__(self, n_instruments: int) -> None:
        self._day = -1
        self._lots: Int64 = np.zeros((max(Mode) + 1, n_instruments, 0), np.int64)

    def count(self, day: int, mode: Mode, trades: Trades) -> None:
        """Count trades of a day, at least one; those of an earlier day are forgotten.

        What the government sells in auctions does not count as bought.
        """
        if day != self._day:
            self._day = day
            self._lots[:] = 0
        more = int(max(trades.buyer.max(), trades.seller.max())) + 1 - self._lots.shape[2]
        if more > 0:
            self._lots = np.pad(self._lots, ((0, 0), (0, 0), (0, more)))
        if mode is Mode.AUCTION:
            trades = trades.take(np.flatnonzero(trades.seller != GOVERNMENT_ACCOUNT))
        np.add.at(self._lots[mode], (trades.instrument, trades.seller), trades.lots)
        np.subtract.at(self._lots[mode], (trades.instrument, trades.buyer), trades.lots)

    def on(self, day: int, modes: list[Mode], n_accounts: int) -> Int64:
        """Return lots sold less bought on a day in some modes, shape (n_instruments, n_accounts)."""
        sold = np.zeros((self._lots.shape[1], n_accounts), np.int64)
        if day == self._day:
            sold[:, : self._lots.shape[2]] = self._lots[modes].sum(axis=0)
        return sold

    def state(self) -> dict[str, Any]:
        """Return the day and its counts."""
        return {"net_sold/day": self._day, "net_sold/lots": self._lots.copy()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._day, self._lots = int(state["net_sold/day"]), np.array(state["net_sold/lots"])
