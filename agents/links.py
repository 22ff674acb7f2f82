"""Trade over borders: gateways quote in each batch, and firms turn spare units of one right into those of another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rights_market.policies.links import Way

if TYPE_CHECKING:
    from agents.model import RightsMarketModel

Ints = npt.NDArray[np.int64]


class Links:
    """Drives gateways and conversions; all that changes is kept by the authority.

    Parameters
    ----------
    model : RightsMarketModel
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model

    def quote(self) -> None:
        """Let gateways quote anew, and book what firms traded by it."""
        model, gateways = self.model, self.model.authority.gateways
        today = model.calendar.days[model.day]
        for code in gateways.rules:
            usable = model.desk.usable[model.right_codes.index(code)]
            receipt = gateways.requote(code, usable[-1], today) if usable else None
            if receipt is not None:
                model.desk.book(receipt.trades)
                model.desk.refresh()
                model.floor.count(receipt.trades)

    def close_day(self) -> None:
        """Take back the gateways' quotes and stock."""
        model, gateways = self.model, self.model.authority.gateways
        if gateways.rules:
            gateways.close_day(model.calendar.days[model.day])
            model.desk.refresh()

    def hear_prices(self) -> None:
        """Note where the outside price has changed since the last trading day: it is news of the right."""
        model = self.model
        if model.day == 0:
            return
        days = model.calendar.days
        for code, rule in model.authority.gateways.rules.items():
            if rule.outside_price(days[model.day]) != rule.outside_price(days[model.day - 1]):
                model.expectations.hear(model.right_codes.index(code))

    def convert(self) -> None:
        """Let firms give up spare units of a right where units of another are worth more to them."""
        for way in self.model.authority.conversions.ways:
            self._convert(way)

    def _convert(self, way: Way) -> None:
        model = self.model
        r, s = (model.right_codes.index(code) for code in (way.source, way.target))
        source, target = model.progress[r], model.progress[s]
        front = target.front(model.day)
        if front is None or not model.desk.usable[r] or not model.desk.usable[s]:
            return
        period = target.rules.periods[front]
        today = model.calendar.days[model.day]
        if way.window is not None and today < period.deadline - timedelta(days=way.window):
            return
        wish = np.zeros((len(model.firms), len(model.right_codes)))
        rows = np.flatnonzero(model.expectations.is_firm)
        wish[model.seats.trader[rows], model.seats.right[rows]] = model.seats.wish_lots[rows]
        value = model.values_yuan()
        pays = float(way.rate) * value[:, s] > value[:, r]
        spare = np.where(pays & (value[:, s] > 0), np.floor(np.maximum(-wish[:, r], 0.0)), 0.0).astype(np.int64)
        use = model.forecasts.expected_use(target, front) / float(target.rules.right.lot)
        use_lots = np.floor(np.where(model.firms.covered[:, s], use, 0.0)).astype(np.int64)
        ratio = way.ratio(source.rules.right.lot, target.rules.right.lot)
        accounts = model.accounts_of[: len(model.firms)]
        total = 0
        for instrument in model.desk.usable[r]:
            given = np.minimum(spare, model.market.registry.free[instrument][accounts])
            wanted = given * ratio.numerator // ratio.denominator
            if wanted.any():
                made = model.authority.conversions.convert(way, instrument, period, wanted, use_lots)
                spare = spare - made * ratio.denominator // ratio.numerator
                total += int(made.sum())
        if total:
            model.expectations.hear(r)
            model.expectations.hear(s)
