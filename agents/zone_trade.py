"""Trade over zones: firms send what they want to the day's auction, and learn what units fetch where they are.

The shared solver knows one price of a right.  What a unit is worth in a zone differs from it by what past auctions
have shown: prices by zone, relative to the mean of the right, followed as slowly as other prices are.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.strategies import Quotes
from agents.streams import ZONAL_ARRIVALS
from rights_market.authority import ZonesOfRight

if TYPE_CHECKING:
    from agents.model import RightsMarketModel

Floats = npt.NDArray[np.float64]


class ZoneTrade:
    """Holds the auctions over zones of a model.

    Parameters
    ----------
    model : RightsMarketModel

    Attributes
    ----------
    in_books : ndarray of bool, shape (n_seats,)
        Seats whose right is traded in an order book.
    relative : dict of str to ndarray of float64, shape (n_zones,)
        Believed price of each zone relative to the right's mean, by code of the right.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self._model = model
        self._zones: dict[int, ZonesOfRight] = {
            p.index: model.authority.zones.of[p.rules.right.code]
            for p in model.progress
            if p.rules.permission is not None
        }
        self.in_books = ~np.isin(model.seats.right, list(self._zones))
        self.relative: dict[str, Floats] = {
            model.right_codes[r]: np.ones(len(zones.zones)) for r, zones in self._zones.items()
        }

    def hold(self, usable: list[list[int]]) -> None:
        """Hold today's auctions of the rights that are traded over zones."""
        model = self._model
        today = model.calendar.days[model.day]
        for r, zones in self._zones.items():
            if not usable[r] or not zones.is_due(model.day):
                continue
            rows = model.floor.quoting(model.seats.right == r)
            quotes = Quotes.join(model.floor.ask(rows))
            if not len(quotes.seat):
                continue
            quotes = quotes.take(model.streams[ZONAL_ARRIVALS].permutation(len(quotes.seat)))
            hold = partial(model.authority.zones.call, model.right_codes[r], on=today)
            model.floor.count(model.desk.submit_zonal(quotes, hold).trades)

    def price_values(self, value: Floats) -> None:
        """Turn values of a unit somewhere into values in the zone of each seat, in place; shape (n_seats,)."""
        if self._zones:
            value *= self._model.desk.relative

    def learn(self) -> None:
        """Follow the day's prices by zone, relative to the right's closing price."""
        model = self._model
        for r, zones in self._zones.items():
            front = model.progress[r].front(model.day)
            if front is None or not zones.priced_on(model.day).any():
                continue
            close = float(model.market.tape.last_close[model.progress[r].instruments[front]])
            relative = self.relative[model.right_codes[r]]
            step = (zones.price_ticks / max(close, 1.0) - relative) / model.behaviour.anchor_days
            relative += np.where(zones.priced_on(model.day), step, 0.0)
        self._tell()

    def _tell(self) -> None:
        """Let the desk know the relative price where each seat trades."""
        model = self._model
        for r, zones in self._zones.items():
            where = model.seats.of_right(r)
            trader = model.seats.trader[where]
            is_firm = trader < len(model.firms)
            zone = np.full(len(trader), -1)
            zone[is_firm] = zones.zone_of[trader[is_firm]]
            factor = self.relative[model.right_codes[r]]
            model.desk.relative[where] = np.where(zone >= 0, factor[zone], 1.0)

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {code: x.copy() for code, x in self.relative.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        for code, x in state.items():
            self.relative[code][:] = x
        self._tell()
