"""A circuit breaker at work: which trades stop the matching of an instrument, and what waits for its reopening.

An order that could reach a level is cut so that the trade that reaches it is its last one.  What is left of it, and
whatever is entered during the pause, waits outside the book until the call that ends it, where it has to be covered; of
each account and side the latest order waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.exchange.order_book import OrderBook
from rights_market.exchange.tally import Tally
from rights_market.records import OrderKind, Orders, Trades
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
CarryOut = Callable[[Orders, npt.NDArray[np.intp], Tally], None]

BID, CANCEL, MARKET = int(Side.BID), int(OrderKind.CANCEL), int(OrderKind.MARKET)
WAITING = frozenset(map(int, (OrderKind.LIMIT, OrderKind.REQUOTE, OrderKind.REPLACE)))
"""Kinds of orders that may rest, and so wait for a reopening."""

NEVER = 1 << 40
"""Batch at which a pause for the rest of the day ends."""


class Stop(NamedTuple):
    """A level of the day: prices that reach it, ticks, and batches of pause, `NEVER` for the rest of the day."""

    low: int
    high: int
    batches: int


class Halt(NamedTuple):
    """A pause that has begun: of which instrument, by which price, and the batch at which it ends."""

    instrument: int
    price_ticks: int
    until: int


class Window:
    """The latest trades of a day, around whose mean price the levels stand.

    Parameters
    ----------
    trades : int
        How many count.
    stops_at : callable
        Returns the levels around a price.
    """

    def __init__(self, trades: int, stops_at: Callable[[Fraction], Sequence[Stop]]) -> None:
        self.latest: deque[tuple[int, int]] = deque(maxlen=trades)
        self._stops_at = stops_at

    def move(self, price_ticks: Int64, lots: Int64) -> list[Stop]:
        """Take in trades, and return the levels around the mean price of the latest, weighted by lots."""
        self.latest.extend(zip(price_ticks.tolist(), lots.tolist(), strict=True))
        value, total = sum(p * n for p, n in self.latest), sum(n for _, n in self.latest)
        return list(self._stops_at(Fraction(value, total)))


class Breaker:
    """Watches one instrument for a day.

    Parameters
    ----------
    instrument : int
    stops : sequence of Stop
        Levels not reached yet, each farther out than the one before.
    pauses_left : int
        Pauses that may still happen today.
    window : Window, optional
        Where levels move with the latest trades; they move after each order, and can be reached again.
    """

    def __init__(self, instrument: int, stops: Sequence[Stop], pauses_left: int, window: Window | None = None) -> None:
        self.instrument = instrument
        self._stops = list(stops)
        self._pauses_left = pauses_left
        self._window = window
        self.until: int | None = None
        self._waiting: dict[tuple[int, int], tuple[int, int]] = {}

    @property
    def is_halted(self) -> bool:
        """Whether nothing is matched now."""
        return self.until is not None

    @property
    def _is_armed(self) -> bool:
        return bool(self._stops) and self._pauses_left > 0

    def watches(self, orders: Orders, best_bid: int, best_ask: int, floor: int = 0, ceiling: int = NEVER) -> Bool:
        """Return which rows could make a trade that reaches the next level, or come during a pause; shape (n,).

        Parameters
        ----------
        orders : Orders
        best_bid, best_ask : int
            Quotes of the book, 0 where there is none.
        floor, ceiling : int
            Prices at which the government may buy and sell besides.
        """
        if not self.is_halted and not self._is_armed:
            return np.zeros(len(orders), np.bool_)
        mine = (orders.instrument == self.instrument) & (orders.kind != CANCEL)
        if self.is_halted:
            return np.asarray(mine)
        stop, price, buys = self._stops[0], orders.price_ticks, orders.side == BID
        # A trade beyond a level takes two orders that meet, one of them beyond it; one may have come before.
        bid = np.maximum.accumulate(np.where(mine & buys, price, max(best_bid, floor)))
        ask = np.minimum.accumulate(np.where(mine & ~buys, price, min(best_ask or NEVER, ceiling)))
        # Levels that move with trades may be anywhere once one was made: all that can trade is watched.
        moves = self._window is not None
        up = (price >= ask) & ((price >= stop.high) | (ask <= stop.low) | moves)
        down = (price <= bid) & ((price <= stop.low) | (bid >= stop.high) | moves)
        return np.asarray(mine & (np.where(buys, up, down) | (orders.kind == MARKET)))

    def carry_out(
        self, order: Orders, row: int, book: OrderBook, tally: Tally, trade: CarryOut, batch: int
    ) -> Halt | None:
        """Carry out one watched row; return the pause that it caused, if it did."""
        rows = np.array([row])
        lots, whole = self._until_the_level(order, book), int(order.lots[0])
        cut = (
            order
            if lots == whole
            else Orders.of(
                order.account,
                order.instrument,
                order.side,
                order.price_ticks,
                lots,
                kind=order.kind,
                target=order.target,
            )
        )
        before = tally.n_trades
        trade(cut, rows, tally)
        halt = self.after(tally.trades_since(before), batch)
        if halt is not None and lots < whole:
            self.let_wait(replace(order, lots=np.array([whole - lots], np.int64)))
        return halt

    def after(self, trades: Trades, batch: int) -> Halt | None:
        """Begin a pause if one of the trades reached a level, and let levels move that follow trades."""
        rows = trades.instrument == self.instrument
        halt = self._judge(trades.price_ticks[rows], batch)
        if self._window is not None and rows.any():
            self._stops = self._window.move(trades.price_ticks[rows], trades.lots[rows])
        return halt

    def _judge(self, mine: Int64, batch: int) -> Halt | None:
        """Begin a pause if one of these prices reached a level."""
        if not self._is_armed or not len(mine):
            return None
        passed = [s for s in self._stops if mine.max() >= s.high or mine.min() <= s.low]
        if not passed:
            return None
        self._stops = [s for s in self._stops if s not in passed]
        self._pauses_left -= 1
        self.until = min(batch + 1 + passed[-1].batches, NEVER)
        return Halt(self.instrument, int(mine[-1]), self.until)

    def resume(self) -> Orders:
        """End the pause and return the orders that waited for it, in the order in which they came."""
        rows = [(account, side, price, lots) for (account, side), (price, lots) in self._waiting.items()]
        self.until = None
        self._waiting = {}
        if not rows:
            return Orders.none()
        account, side, price, lots = np.array(rows, np.int64).T
        return Orders.of(account, self.instrument, side, price, lots)

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "instrument": self.instrument,
            "stops": [list(s) for s in self._stops],
            "pauses_left": self._pauses_left,
            "until": -1 if self.until is None else self.until,
            "waiting": [[*key, *value] for key, value in self._waiting.items()],
            "latest": [] if self._window is None else [list(x) for x in self._window.latest],
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any], window: Window | None = None) -> Breaker:
        """Continue from a `state`; a window is given empty."""
        stops = [Stop(*map(int, s)) for s in state["stops"]]
        breaker = cls(int(state["instrument"]), stops, int(state["pauses_left"]), window)
        if window is not None:
            window.latest.extend((int(p), int(n)) for p, n in state["latest"])
        until = int(state["until"])
        breaker.until = None if until < 0 else until
        breaker._waiting = {(int(a), int(s)): (int(p), int(n)) for a, s, p, n in state["waiting"]}
        return breaker

    def let_wait(self, orders: Orders) -> None:
        """Keep orders for the reopening, each in place of the account's former one on that side."""
        columns = (orders.kind, orders.account, orders.side, orders.price_ticks, orders.lots)
        for kind, account, side, price, lots in zip(*(c.tolist() for c in columns), strict=True):
            if kind in WAITING:
                self._waiting.pop((account, side), None)
                self._waiting[account, side] = price, lots

    def _until_the_level(self, order: Orders, book: OrderBook) -> int:
        """Return the lots that an order trades up to and with the first resting order that reaches a level."""
        lots, side, stop = int(order.lots[0]), int(order.side[0]), self._stops[0]
        limit = int(order.price_ticks[0])
        if order.kind[0] == MARKET:
            limit = NEVER if side == BID else 0
        met, reached = book.reach(
            self.instrument, side, limit, lots, account=int(order.account[0]), low=stop.low, high=stop.high
        )
        return met if reached else lots
