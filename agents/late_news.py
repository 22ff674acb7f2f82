"""Traders to whom news of prices and of the book comes late: what they see, and when they learn of a batch.

News runs behind within a day only; overnight it reaches everybody.  What a trader knows of itself, its own orders,
means and wishes, is never late, nor are announcements of the exchange: price limits and reference prices.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from agents.strategies.base import Quotes
from rights_market import Receipt, Trades

if TYPE_CHECKING:
    from agents.desk import Desk

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class View(NamedTuple):
    """What was to be seen before a batch, by right.

    Attributes
    ----------
    best_bid, best_ask : ndarray of int64, shape (n_rights,)
    last_price : ndarray of float64, shape (n_rights,)
    is_quiet : ndarray of bool, shape (n_rights,)
        Whether nothing had made a price on the day.
    ladder : list of tuple of ndarray of int64
        Prices and lots of the best asks of each right.
    """

    best_bid: Ints
    best_ask: Ints
    last_price: Floats
    is_quiet: npt.NDArray[np.bool_]
    ladder: list[tuple[Ints, Ints]]


class LateDesk:
    """A desk as it is seen by those to whom news comes late; in all else it is the desk itself."""

    def __init__(self, desk: Desk, view: View) -> None:
        self._desk, self._view = desk, view
        self.best_bid, self.best_ask, self.last_price = view.best_bid, view.best_ask, view.last_price
        # An indicative price is news as well.
        self.indicative: Floats = np.zeros(len(view.last_price))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)

    def is_quiet(self) -> npt.NDArray[np.bool_]:
        """Return whether nothing had made a price on the day, as far as is known."""
        return self._view.is_quiet

    def ask_ladder(self, right: int) -> tuple[Ints, Ints]:
        """Return prices and lots of the best asks of a right that are known."""
        return self._view.ladder[right]


class LateNews:
    """Keeps what was to be seen before the batches of a day, and what is still to be learned from them.

    Parameters
    ----------
    desk : Desk
    delays : sequence of int
        Batches after which news reaches the followers of each strategy.
    """

    def __init__(self, desk: Desk, delays: list[int]) -> None:
        self._desk, self._delays = desk, delays
        self._views: deque[View] = deque(maxlen=max(delays, default=0) + 1)
        self._lessons: list[deque[tuple[Quotes, Receipt]]] = [deque() for _ in delays]
        self._day = -1

    def look(self) -> None:
        """Keep what is to be seen before the next batch, if anybody will see it late."""
        if not any(self._delays):
            return
        desk = self._desk
        if desk.market.day != self._day:
            self._day = desk.market.day
            self._views.clear()
        ladder = [desk.ask_ladder(r) for r in range(len(desk.last_price))]
        self._views.append(
            View(desk.best_bid.copy(), desk.best_ask.copy(), desk.last_price.copy(), desk.is_quiet(), ladder)
        )

    def desk_of(self, strategy: int) -> Desk:
        """Return the desk as the followers of a strategy see it now."""
        delay = self._delays[strategy]
        if not delay:
            return self._desk
        return cast("Desk", LateDesk(self._desk, self._views[max(0, len(self._views) - 1 - delay)]))

    def learn(self, strategy: int, quotes: Quotes, receipt: Receipt) -> Iterator[tuple[Quotes, Receipt]]:
        """Take in a batch, and yield those that the followers of a strategy learn of now."""
        waiting = self._lessons[strategy]
        waiting.append((quotes, receipt))
        while len(waiting) > self._delays[strategy]:
            yield waiting.popleft()

    def rest(self, strategy: int) -> Iterator[tuple[Quotes, Receipt]]:
        """Yield at the close what the followers of a strategy have not learned yet."""
        waiting = self._lessons[strategy]
        while waiting:
            yield waiting.popleft()

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "day": self._day,
            "views": [[*(x.copy() for x in v[:4]), [list(pair) for pair in v.ladder]] for v in self._views],
            "lessons": [[(_columns(q), _receipt(r)) for q, r in waiting] for waiting in self._lessons],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._day = int(state["day"])
        self._views.clear()
        for bid, ask, last, quiet, ladder in state["views"]:
            pairs = [(np.array(p), np.array(n)) for p, n in ladder]
            self._views.append(View(np.array(bid), np.array(ask), np.array(last), np.array(quiet), pairs))
        for waiting, saved in zip(self._lessons, state["lessons"], strict=True):
            waiting.clear()
            waiting.extend((Quotes(**q), _receipt_of(r)) for q, r in saved)


def _columns(table: Quotes | Trades) -> dict[str, Any]:
    return {f.name: np.array(getattr(table, f.name)) for f in fields(table)}


def _receipt(receipt: Receipt) -> dict[str, Any]:
    own = {"reason": receipt.reason.copy(), "filled": receipt.filled.copy(), "ids": receipt.ids()}
    return {**own, "first": receipt.first_order_id, "trades": _columns(receipt.trades)}


def _receipt_of(saved: Mapping[str, Any]) -> Receipt:
    trades = Trades(**{name: np.array(x) for name, x in saved["trades"].items()})
    arrays = np.array(saved["reason"]), np.array(saved["filled"])
    return Receipt(int(saved["first"]), *arrays, trades, np.array(saved["ids"]))
