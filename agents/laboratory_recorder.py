"""What a laboratory session was, day by day: efficiency, Smith's alpha, prices and quantities, beside the theory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agents.laboratory_kernels import add_to_sums
from agents.schedules import Equilibrium

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SUMS = ("lots", "price_sum", "square_sum", "surplus_sum")


class LaboratoryRecorder:
    """Figures of every day and session; arrays by day have shape (n_days, n_sessions), the running day included.

    Parameters
    ----------
    days, sessions : int
        How many.
    equilibrium : Equilibrium
        The competitive outcome, the same on every day.

    Attributes
    ----------
    equilibrium : Equilibrium
        What theory expects.
    lots, price_sum, square_sum, surplus_sum : ndarray of int64
        Units traded; sums over them of price, of (2 price - 2 competitive price)^2 and of value less cost, in ticks.
    days_closed : int
        Days that have ended.
    """

    def __init__(self, days: int, sessions: int, equilibrium: Equilibrium) -> None:
        self.equilibrium = equilibrium
        self.days_closed = 0
        self.lots: Ints = np.zeros((days, sessions), dtype=np.int64)
        self.price_sum: Ints = np.zeros_like(self.lots)
        self.square_sum: Ints = np.zeros_like(self.lots)
        self.surplus_sum: Ints = np.zeros_like(self.lots)

    def count_trades(self, day: int, session: Ints, price: Ints, lots: Ints, gain: Ints) -> None:
        """Count trades of a day; arrays have shape (n_trades,), `gain` is value less cost of a unit, ticks."""
        twice = self.equilibrium.price_low + self.equilibrium.price_high
        sums = self.lots[day], self.price_sum[day], self.square_sum[day], self.surplus_sum[day]
        add_to_sums(session, price, lots, gain, twice, *sums)

    @property
    def mean_price(self) -> Floats:
        """Mean price of the units traded, ticks; nan on a day without trade."""
        return _ratio(self.price_sum, self.lots)

    @property
    def alpha(self) -> Floats:
        """Smith's (1962) alpha: root mean square distance of prices from the competitive one, % of it."""
        return np.asarray(100.0 / self.equilibrium.price * np.sqrt(_ratio(self.square_sum, 4 * self.lots)))

    @property
    def efficiency(self) -> Floats:
        """Gain of all traders by redemption values, % of the most that can be gained; nan if nothing can."""
        return _ratio(100.0 * self.surplus_sum, np.full_like(self.lots, self.equilibrium.surplus))

    def state(self) -> dict[str, Any]:
        """Return what has been counted so far."""
        return {"days_closed": self.days_closed} | {name: getattr(self, name).copy() for name in _SUMS}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self.days_closed = int(state["days_closed"])
        for name in _SUMS:
            getattr(self, name)[:] = state[name]


def _ratio(above: npt.NDArray[Any], below: Ints) -> Floats:
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0)
