"""Zero-intelligence-plus traders: a profit margin that learns from every shout (Cliff and Bruten 1997, HPL-97-141)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.seats import Rows, side_of
from agents.strategies.base import Quotes, Strategy, register
from rights_market import Receipt
from rights_market.records import Reason
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.desk import Desk

LEARNING_RATE = (0.1, 0.5)
MOMENTUM = (0.0, 0.1)
FIRST_MARGIN = (0.05, 0.35)
RELATIVE_STEP = 0.05
ABSOLUTE_STEP = 0.0125
"""Largest absolute perturbation of a target, as a share of the price range (0.05 on Smith's range of 4)."""
SHOUTS_SEEN = 32
"""A trader follows at most this many of the last shouts of a batch; in a laboratory batch of one it follows all."""


@register("zip")
class ZeroIntelligencePlus(Strategy):
    """Quotes value and margin, and moves the margin towards prices that trade (Cliff and Bruten 1997, section 5).

    Margins are kept as distances: a buyer quotes ``value * (1 - margin)``, a seller ``value * (1 + margin)``.
    """

    def __init__(self, seats: Rows, rng: np.random.Generator) -> None:
        super().__init__(seats, rng)
        n = len(seats)
        self.rate = rng.uniform(*LEARNING_RATE, n)
        self.momentum = rng.uniform(*MOMENTUM, n)
        self.margin = rng.uniform(*FIRST_MARGIN, n)
        self.drift = np.zeros(n)

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Quote value and margin, inside the allowed range; a margin never turns into a loss."""
        at = np.searchsorted(self.seats, rows)
        side = side_of(desk.seats.wish_lots[rows])
        price = self._price(desk, rows, at, side)
        low, high = desk.price_range(rows)
        ticks = np.where(side == Side.BID, np.floor(price), np.ceil(price)).astype(np.int64)
        can = np.where(side == Side.BID, ticks >= low, ticks <= high)
        ticks = np.minimum(np.maximum(ticks, low), high)
        return Quotes(rows[can], side[can], ticks[can], desk.lots(rows[can]))

    def observe(self, desk: Desk, quotes: Quotes, receipt: Receipt) -> None:
        """Move margins after the shouts of a batch, in the order in which they were made."""
        n = len(quotes.seat)
        taken = receipt.trades.taker - receipt.first_order_id
        price_of_trade = np.zeros(n, dtype=np.int64)
        price_of_trade[taken] = receipt.trades.price_ticks
        for i in range(max(0, n - SHOUTS_SEEN), n):
            if receipt.reason[i] == Reason.ACCEPTED:
                self._follow(desk, int(quotes.side[i]), int(quotes.price_ticks[i]), int(price_of_trade[i]))

    def _price(self, desk: Desk, rows: Rows, at: Rows, side: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        sign = np.where(side == Side.BID, -1.0, 1.0)
        return np.asarray(desk.seats.value[rows] * (1.0 + sign * self.margin[at]))

    def _follow(self, desk: Desk, shout_side: int, shout_price: int, trade_price: int) -> None:
        """Apply the six cases of Cliff and Bruten (1997), figure 27, to all traders at once."""
        rows = self.seats
        side = side_of(desk.seats.wish_lots[rows])
        price = self._price(desk, rows, np.arange(len(rows)), side)
        buys, can_trade = side == Side.BID, desk.can_trade(rows)
        accepted = trade_price > 0
        q = trade_price if accepted else shout_price
        keen = np.where(buys, price <= q, price >= q) & can_trade & (desk.seats.wish_lots[rows] != 0)
        if accepted:
            widen = np.where(buys, price >= q, price <= q)
            narrow = keen & (side != shout_side)
        else:
            widen = np.zeros(len(rows), dtype=np.bool_)
            narrow = keen & (side == shout_side)
        self._adjust(desk, widen, narrow & ~widen, q, price, buys)

    def _adjust(
        self,
        desk: Desk,
        widen: npt.NDArray[np.bool_],
        narrow: npt.NDArray[np.bool_],
        q: int,
        price: npt.NDArray[np.float64],
        buys: npt.NDArray[np.bool_],
    ) -> None:
        moved = np.flatnonzero(widen | narrow)
        if not len(moved):
            return
        low, high = desk.price_range(self.seats[moved])
        up = np.where(buys[moved], narrow[moved], widen[moved])
        relative = self.rng.uniform(0.0, RELATIVE_STEP, len(moved))
        absolute = self.rng.uniform(0.0, ABSOLUTE_STEP, len(moved)) * (high - low)
        sign = np.where(up, 1.0, -1.0)
        target = q * (1.0 + sign * relative) + sign * absolute
        step = self.rate[moved] * (target - price[moved])
        self.drift[moved] = self.momentum[moved] * self.drift[moved] + (1.0 - self.momentum[moved]) * step
        value = desk.seats.value[self.seats[moved]]
        shift = np.divide(price[moved] + self.drift[moved], value, out=np.ones(len(moved)), where=value > 0) - 1.0
        self.margin[moved] = np.where(buys[moved], np.clip(-shift, 0.0, 1.0), np.maximum(shift, 0.0))

    def state(self) -> dict[str, Any]:
        """Return margins and what drives them."""
        return {"rate": self.rate, "momentum": self.momentum, "margin": self.margin.copy(), "drift": self.drift.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back margins and what drives them."""
        self.rate, self.momentum = state["rate"], state["momentum"]
        self.margin, self.drift = state["margin"].copy(), state["drift"].copy()
