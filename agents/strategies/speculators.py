"""Traders without obligations: those who follow fundamentals and those who follow the trend.

The pair of Chiarella and Iori (2002, Quantitative Finance 2:346): one expects the price to return to what scarcity
warrants, the other expects it to go on as it went.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.seats import Rows, side_of
from agents.strategies.base import Quotes, Strategy, register
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.desk import Desk

TREND_DAYS = 20
TREND_HORIZON_DAYS = 10


class Speculator(Strategy):
    """Holds a position in proportion to the gain it expects, within its limit, and quotes at a margin inside it."""

    needs_wish = False
    margin = 0.02

    def expected_ticks(self, desk: Desk, rows: Rows) -> npt.NDArray[np.float64]:
        """Return the price that each trader expects, in ticks.

        Raises
        ------
        TypeError
            If the subclass does not define it.
        """
        raise TypeError(f"{type(self).__name__} defines no expected_ticks(desk, rows)")

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Bid below or ask above the expected price, for the distance to the position wanted."""
        limit, expected = desk.position_limit[rows], self.expected_ticks(desk, rows)
        wish = self._target(desk, rows, expected) - desk.free_lots(rows) - desk.frozen_lots(rows)
        side = side_of(wish)
        bid, ask = np.floor(expected * (1.0 - self.margin)), np.ceil(expected * (1.0 + self.margin))
        price = np.where(side == Side.BID, bid, ask).astype(np.int64)
        low, high = desk.price_range(rows)
        can = np.flatnonzero((wish != 0) & (price >= low) & (price <= high))
        lots = np.minimum(np.abs(wish[can]), np.maximum(1, limit[can] // 10))
        return Quotes(rows[can], side[can], price[can], lots)

    def auction_bids(self, desk: Desk, rows: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Want at auction what is missing of the position wanted, below the price expected by the usual margin."""
        expected = self.expected_ticks(desk, rows)
        wish = self._target(desk, rows, expected) - desk.free_lots(rows) - desk.frozen_lots(rows)
        return expected * (1.0 - self.margin), np.maximum(wish, 0).astype(np.float64)

    def _target(self, desk: Desk, rows: Rows, expected: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Return the position that each trader wants, lots, in proportion to the gain over the last price."""
        last = desk.last_price[desk.seats.right[rows]]
        gain = np.where(last > 0, expected / np.maximum(last, 1.0), 1.0) - 1.0
        wanted = np.rint(desk.position_limit[rows] * np.minimum(np.maximum(gain / (5 * self.margin), 0.0), 1.0))
        return wanted.astype(np.int64)


@register("fundamental")
class FundamentalSpeculator(Speculator):
    """Expects the price that the shared solver derives from public data, with its own lasting error."""

    def __init__(self, seats: Rows, rng: np.random.Generator) -> None:
        super().__init__(seats, rng)
        self.error = np.exp(rng.normal(0.0, 0.1, len(seats)))

    def expected_ticks(self, desk: Desk, rows: Rows) -> npt.NDArray[np.float64]:
        """Return the solver's price times the trader's own error."""
        at = np.searchsorted(self.seats, rows)
        return np.asarray(desk.fundamental[desk.seats.right[rows]] * self.error[at])

    def state(self) -> dict[str, Any]:
        """Return the traders' errors."""
        return {"error": self.error}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back the traders' errors."""
        self.error = state["error"]


@register("trend")
class TrendSpeculator(Speculator):
    """Expects the price change of the last month to go on for half a month."""

    def expected_ticks(self, desk: Desk, rows: Rows) -> npt.NDArray[np.float64]:
        """Return the last price carried on by the mean daily growth of the last closes."""
        growth = desk.mean_growth(TREND_DAYS)
        right = desk.seats.right[rows]
        return np.asarray(desk.last_price[right] * np.exp(TREND_HORIZON_DAYS * growth[right]))
