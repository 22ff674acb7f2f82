"""Whom a taker meets where it may choose: of quotes at one price, those of firms that it knows go first.

Firms know the members of their own group and some others.  Before a batch, whoever would take a quote at the best price
names those of its acquaintances there; what it does not get from them it seeks in the batch like everybody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.relations import Circles
from agents.seats import Rows
from agents.strategies.base import Quotes
from agents.streams import ACQUAINTANCES, Streams
from rights_market.exchange.resting import Resting
from rights_market.records import Reason
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.model import RightsMarketModel

Ints = npt.NDArray[np.int64]


class NamedChoice:
    """Lets takers name quotes of those whom they know, in rights whose rule of listed trading lets them choose.

    Parameters
    ----------
    model : RightsMarketModel
    people : Streams
        Draws of acquaintances: those of the population.
    """

    def __init__(self, model: RightsMarketModel, people: Streams) -> None:
        self._model = model
        listed = [(p.index, p.rules.listed) for p in model.progress]
        self._rights = [r for r, rule in listed if rule is not None and rule.choice != "time"]
        if self._rights:
            known = model.config.population.relations.acquaintances
            size = np.where(model.firms.covered.any(axis=1), model.firms.output, 0.0)
            self._circles = Circles(model.groups, size, known, people[ACQUAINTANCES])
            self._firm_of = np.full(len(model.accounts), -1, np.intp)
            self._firm_of[model.accounts_of[: len(model.firms)]] = np.arange(len(model.firms))

    def take(self, quotes: Quotes) -> Quotes:
        """Let takers trade with acquaintances, in the order of the quotes, and return what is left of the quotes."""
        if not self._rights or not len(quotes.seat):
            return quotes
        lots = quotes.lots.copy()
        model = self._model
        rights = model.seats.right[quotes.seat]
        rows = np.flatnonzero(
            np.isin(rights, self._rights) & (lots > 0) & (model.seats.trader[quotes.seat] < len(model.firms))
        )
        if len(rows):
            part = quotes.take(rows)
            instrument = model.desk.route(part.seat, part.side, part.price_ticks)
            for i in np.unique(instrument).tolist():
                for side in Side:
                    self._take_in(i, side, rows[(instrument == i) & (part.side == side)], quotes, lots)
        return Quotes(quotes.seat, quotes.side, quotes.price_ticks, lots)

    def _take_in(self, instrument: int, side: Side, rows: Rows, quotes: Quotes, lots: Ints) -> None:
        """Let the rows of one side take in one instrument; what they get comes off `lots`."""
        resting = self._model.market.book.resting(instrument)
        level = _best_level(resting, side)
        if not len(level):
            return
        price, sign = int(resting.price_ticks[level[0]]), 1 if side is Side.BID else -1
        owner, left = self._firm_of[resting.account[level]], resting.lots[level].copy()
        for row in rows[(quotes.price_ticks[rows] - price) * sign >= 0].tolist():
            seat = int(quotes.seat[row])
            firm = int(self._model.seats.trader[seat])
            known = np.flatnonzero((left > 0) & (owner != firm) & self._circles.knows(firm, owner))
            if len(known):
                wanted = self._able(seat, side, price, min(int(lots[row]), int(left[known].sum())))
                if wanted and not self._name(instrument, side, row, wanted, resting, level[known], quotes, lots):
                    return
                left[known] -= _used(left[known], wanted)

    def _able(self, seat: int, side: Side, price: int, wanted: int) -> int:
        """Return how much of what a seat would take the rules and its means allow."""
        one = Quotes(np.array([seat]), np.array([side], np.int8), np.array([price]), np.array([wanted]))
        _, orders = self._model.desk.covered(one)
        return int(orders.lots.sum())

    def _name(
        self,
        instrument: int,
        side: Side,
        row: int,
        wanted: int,
        resting: Resting,
        named: Ints,
        quotes: Quotes,
        lots: Ints,
    ) -> bool:
        """Take quotes that are named; return False if nothing is taken in the instrument now."""
        model, seat = self._model, int(quotes.seat[row])
        account, price = int(model.seats.account[seat]), int(resting.price_ticks[named[0]])
        ids = resting.order_id[named].tolist()
        reason, trades = model.market.take_listed(account, instrument, side, price, wanted, ids)
        if reason is not Reason.ACCEPTED:
            return False
        model.desk.book(trades)
        model.floor.count(trades)
        lots[row] -= int(trades.lots.sum())
        return True


def _best_level(resting: Resting, side: Side) -> Ints:
    """Return the quotes at the best price against a side, the earlier first."""
    against = np.flatnonzero(resting.side != side)
    if not len(against):
        return against
    return against[resting.price_ticks[against] == resting.price_ticks[against[0]]]


def _used(left: Ints, wanted: int) -> Ints:
    """Return how much of each quote is used when they are taken one after the other."""
    before = np.cumsum(left) - left
    return np.clip(wanted - before, 0, left)
