"""Where quotes are collected, sent and counted: who stands at the desk, by which strategy, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.late_news import LateNews
from agents.objects import OBJECT
from agents.seats import Rows
from agents.strategies import STRATEGIES, Quotes, Strategy
from agents.strategies.compliance import ComplianceTrader
from agents.strategies.market_maker import MarketMaker
from rights_market import Receipt, Trades

if TYPE_CHECKING:
    from agents.model import RightsMarketModel


class TradingFloor:
    """Lets the seats of a model quote.

    Parameters
    ----------
    model : RightsMarketModel

    Attributes
    ----------
    strategies : list of Strategy
        One for each way of quoting and each delay of news, with the seats that follow it.
    news : LateNews
        What they see and learn.
    """

    def __init__(self, model: RightsMarketModel) -> None:
        self.model = model
        self.strategies = self._assign_strategies()
        self.news = LateNews(model.desk, self._delays)

    def _assign_strategies(self) -> list[Strategy]:
        """Return one strategy object for each way of quoting; late buyers, hedgers and hoarders quote alike."""
        names = np.array(self.model.roster.strategy)[self.model.seats.trader]
        groups: dict[str, list[str]] = {}
        for name in sorted(set(self.model.roster.strategy) - {OBJECT}):
            alike = issubclass(STRATEGIES[name], ComplianceTrader)
            groups.setdefault("compliance" if alike else name, []).append(name)
        found: list[Strategy] = []
        self._delays: list[int] = []
        self._follows = np.full(len(names), -1, dtype=np.int64)
        delay = self._delay_of_seats(names)
        for key, members in groups.items():
            own = np.isin(names, members)
            for batches in np.unique(delay[own]).tolist():
                rows = np.flatnonzero(own & (delay == batches))
                self._follows[rows] = len(found)
                stream = f"strategy.{key}.{batches}" if batches else f"strategy.{key}"
                found.append(STRATEGIES[members[0]](rows, self.model.streams[stream]))
                self._delays.append(batches)
        self._always = np.isin(self._follows, [i for i, s in enumerate(found) if not s.needs_wish])
        return found

    def _delay_of_seats(self, names: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
        """Return the batches after which news reaches each seat."""
        delay = self.model.behaviour.reaction_delay
        others = np.where(names == MarketMaker.name, delay.market_maker, delay.institution)
        return np.where(self.model.expectations.is_firm, delay.compliance, others)

    def learn_rest(self) -> None:
        """Let those who hear late learn at the close what they have not heard yet."""
        for i, strategy in enumerate(self.strategies):
            for sent, receipt in self.news.rest(i):
                strategy.observe(self.model.desk, sent, receipt)

    def quoting(self, at_desk: npt.NDArray[np.bool_]) -> Rows:
        """Return the seats of those who are at their desks and want to trade today."""
        seats = self.model.seats
        return np.flatnonzero(at_desk & ((seats.active & (seats.quota > 0)) | self._always))

    def ask(self, rows: Rows) -> list[Quotes]:
        """Return what the strategies of some seats quote."""
        asked = []
        follows = self._follows[rows]
        for i, strategy in enumerate(self.strategies):
            own = rows[follows == i]
            if len(own):
                asked.append(strategy.quote(self.news.desk_of(i), own))
        return asked

    def trade(self, rows: Rows, *, call: bool = False) -> Receipt:
        """Collect quotes of some seats, shuffle the seats, send them, and let strategies learn.

        Where an indicative price is shown before a call, they quote once more when they have seen it.
        """
        self.news.look()
        asked = self.ask(rows)
        if call and self.model.market.shows_indication.any() and self.model.desk.learn_indication(Quotes.join(asked)):
            asked = self.ask(rows)
        if not call:
            asked.append(self.model.object_traders.quotes())
        quotes = Quotes.join(asked)
        quotes = quotes.take(self.model.streams["arrivals"].permutation(len(quotes.seat)))
        if not call:
            is_quoting = np.zeros(len(self.model.seats), dtype=np.bool_)
            is_quoting[quotes.seat] = True
            self.model.desk.withdraw(np.flatnonzero(is_quoting))
            quotes = self.model.named_choice.take(quotes)
        sent, receipt = self.model.desk.submit(quotes, call=call)
        self.count(receipt.trades)
        for i, strategy in enumerate(self.strategies):
            for quoted, answer in self.news.learn(i, sent, receipt):
                strategy.observe(self.model.desk, quoted, answer)
        return receipt

    def count(self, trades: Trades) -> None:
        """Count trades towards the figures of the running period."""
        if len(trades):
            value = trades.price_ticks * trades.lots * self.model.desk.tick_value[trades.instrument]
            right = self.model.desk.right_of[trades.instrument]
            self.model.recorder.count_trades(right, trades.buyer, trades.seller, trades.lots, value)
