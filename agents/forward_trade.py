"""Trade in units of later vintages, before the period in which they may be surrendered is at hand.

They are another good than the units that meet the next duty, and have books of their own, in which a call auction is
held once a day.  Firms bid for what they will lack of that vintage and offer what they will have left over, at what a
unit is worth to them less the interest until then; traders without a duty, at what they hope to resell it for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.resale import HIGHEST, resellers
from agents.streams import FORWARD_ARRIVALS
from rights_market import Orders, Side

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAILY_SHARE = 0.05
"""Share of what a trader wants or can spare of a later vintage that it bids for or offers on a day [approx]."""
CASH_SHARE = 0.2
"""Share of its cash that a trader bids for a later vintage on a day."""
SPREAD = 0.04
"""Share by which a trader without a duty asks more for a unit than it would pay."""


class ForwardBook(NamedTuple):
    """A book of a later vintage.

    Attributes
    ----------
    progress : RightProgress
    k : int
        Its period.
    ahead : int
        Years by which its vintage lies beyond that of the period at hand.
    """

    progress: RightProgress
    k: int
    ahead: int

    @property
    def instrument(self) -> int:
        """Registry index of the vintage."""
        return self.progress.instruments[self.k]


class ForwardTrade:
    """The daily auctions of later vintages.

    Parameters
    ----------
    model : RightsMarketModel
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self._model = model
        self._begun: set[int] = set()

    def open_now(self) -> list[int]:
        """Return the instruments of later vintages that are traded today."""
        return [book.instrument for book in self._books()]

    def _books(self) -> Iterator[ForwardBook]:
        model = self._model
        today, outstanding = model.calendar.days[model.day], model.market.registry.outstanding
        for progress in model.progress:
            rule, front = progress.rules.forward_vintages, progress.front(model.day)
            if rule is None or front is None:
                continue
            periods = progress.rules.periods
            for k in range(front + 1, len(periods)):
                if outstanding[progress.instruments[k]] > 0 and rule.trades(periods[k].vintage, today):
                    yield ForwardBook(progress, k, periods[k].vintage - periods[front].vintage)

    def hold(self) -> None:
        """Hold the auction of each later vintage that is open today."""
        model, rows = self._model, []
        for book in self._books():
            if not model.market.is_open[book.instrument]:
                continue  # Issued since the morning, or not traded for now.
            self._begin(book)
            rows += [*self._firms(book), *self._others(book)]
        if not rows:
            return
        account, instrument, side, price, lots = (np.array(column) for column in zip(*rows, strict=True))
        order = model.streams[FORWARD_ARRIVALS].permutation(len(rows))
        receipt = model.market.call_auction(Orders.of(account, instrument, side, price, lots).take(order))
        model.floor.count(receipt.trades)

    def _begin(self, book: ForwardBook) -> None:
        """Let a vintage that was never traded begin at today's price less the interest until it may be used."""
        if book.instrument in self._begun:
            return
        self._begun.add(book.instrument)
        model = self._model
        price = float(model.desk.last_price[book.progress.index]) * self._discount(book)
        model.market.guide_price(book.instrument, max(1, round(price)))

    def _discount(self, book: ForwardBook) -> float:
        return float((1.0 + self._model.behaviour.discount_rate) ** -book.ahead)

    def _firms(self, book: ForwardBook) -> Iterator[tuple[int, int, int, int, int]]:
        """Yield the orders of firms: asks at their own, discounted, value, bids as in an auction."""
        model, right = self._model, book.progress.rules.right
        accounts = model.accounts_of[: len(model.firms)]
        spare = model.primary_market.spare_lots(book.progress, book.k, book.ahead)
        value = self._discount(book) * model.values_yuan()[:, book.progress.index] / float(right.tick_yuan)
        held = self._saleable(book, accounts)
        market = float(model.market.last_price[book.instrument])
        worth = model.primary_market.worth_ticks(book.progress, book.ahead, market)
        yield from self._orders(book, Side.BID, accounts, worth, np.maximum(-spare, 0.0))
        yield from self._orders(book, Side.ASK, accounts, value, np.minimum(held, np.maximum(spare, 0.0)))

    def _others(self, book: ForwardBook) -> Iterator[tuple[int, int, int, int, int]]:
        """Yield the orders of traders without a duty."""
        wanted = resellers(self._model, book.progress)
        most = wanted.value * HIGHEST * self._discount(book)
        held = self._saleable(book, wanted.accounts)
        yield from self._orders(book, Side.BID, wanted.accounts, most, wanted.lots)
        yield from self._orders(book, Side.ASK, wanted.accounts, most * (1.0 + SPREAD), held)

    def _saleable(self, book: ForwardBook, accounts: Ints) -> Floats:
        registry = self._model.market.registry
        lots = registry.free[book.instrument, accounts] - registry.locked[book.instrument, accounts]
        return np.asarray(lots, np.float64)

    def _orders(
        self, book: ForwardBook, side: Side, accounts: Ints, value: Floats, lots: Floats
    ) -> Iterator[tuple[int, int, int, int, int]]:
        """Yield orders for a day's part of some lots, within the limits of price, cash and admission."""
        market, i = self._model.market, book.instrument
        price = np.floor(value) if side == Side.BID else np.ceil(value)
        low, high = int(market.price_low[i]), int(market.price_high[i])
        today = np.where(lots >= 1.0, np.maximum(1.0, np.floor(DAILY_SHARE * lots)), 0.0)
        if side == Side.BID:
            tick_fen = book.progress.rules.right.tick_value_fen
            money = CASH_SHARE * market.registry.cash[accounts] / np.maximum(price * tick_fen, 1.0)
            today = np.minimum(today, np.floor(money))
        where, sides = np.full(len(accounts), i), np.full(len(accounts), side, np.int8)
        may = market.may_enter(accounts, where, sides)
        if side == Side.BID:
            today = np.minimum(today, market.headroom(accounts, where))
        for row in np.flatnonzero(may & (today > 0) & (price >= low) & (price <= high)).tolist():
            yield int(accounts[row]), i, int(side), int(price[row]), int(today[row])

    def state(self) -> dict[str, Any]:
        """Return which vintages have begun to trade."""
        return {"begun": sorted(self._begun)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._begun = {int(i) for i in state["begun"]}
