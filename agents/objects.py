"""Traders as plain objects: anything with ``decide(market) -> orders`` takes part beside the arrays.

The orders of all objects of a round go to the exchange in one table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from agents.desk import Desk
from agents.seats import Rows, Seats
from agents.strategies.base import Quotes
from rights_market import Right, Side

OBJECT = "object"
BID, ASK = int(Side.BID), int(Side.ASK)


class Wanted(NamedTuple):
    """One order in words: which right, which side, at what price (CNY per unit), how many units."""

    right: str
    side: int
    price_yuan: float
    units: float


# What `Wanted(...)` does, at half its cost; an object may say thousands of them in a round.
_new = tuple.__new__


class ObjectTrader(Protocol):
    """What an object needs to trade."""

    def decide(self, market: MarketView) -> Iterable[Wanted]:
        """Return the orders of this round; each replaces the former one on its side of its right."""


@dataclass(frozen=True, slots=True)
class Participant:
    """An object that trades, with its means.

    Attributes
    ----------
    trader : ObjectTrader
    cash_yuan : float
        Cash at the start, CNY.
    rights : list of str or None
        Rights that it may trade; None means all.
    name : str
        Name of its account; its class's name where empty.
    """

    trader: ObjectTrader
    cash_yuan: float
    rights: list[str] | None = None
    name: str = ""


class PublicBoard:
    """Quotes and prices of a round, as plain numbers by right, CNY per unit."""

    def __init__(self, desk: Desk, rights: Sequence[Right]) -> None:
        self._desk = desk
        self.codes = [r.code for r in rights]
        self.lot = {r.code: float(r.lot) for r in rights}
        self.tick = {r.code: float(r.tick_yuan) for r in rights}
        self.day = -1
        self.days_left: dict[str, int] = {}
        self.best_bid: dict[str, float | None] = {}
        self.best_ask: dict[str, float | None] = {}
        self.last_price: dict[str, float] = {}

    def refresh(self) -> None:
        """Read the book anew."""
        desk = self._desk
        for r, code in enumerate(self.codes):
            tick = self.tick[code]
            bid, ask = int(desk.best_bid[r]), int(desk.best_ask[r])
            self.best_bid[code] = bid * tick if bid else None
            self.best_ask[code] = ask * tick if ask else None
            self.last_price[code] = float(desk.last_price[r]) * tick


class MarketView:
    """What one trader sees: public quotes, and its own cash and holdings."""

    __slots__ = ("_account", "_board", "_desk", "_seat_of")

    def __init__(self, board: PublicBoard, desk: Desk, account: int, seat_of: dict[str, int]) -> None:
        self._board = board
        self._desk = desk
        self._account = account
        self._seat_of = seat_of

    @property
    def day(self) -> int:
        """Trading day, counted from 0."""
        return self._board.day

    @property
    def rights(self) -> list[str]:
        """Codes of the rights that this trader may trade."""
        return list(self._seat_of)

    @property
    def cash_yuan(self) -> float:
        """Own cash that is not behind an order, CNY."""
        return float(self._desk.market.registry.cash[self._account]) / 100.0

    def best_bid(self, right: str) -> float | None:
        """Return the best bid, CNY per unit, or None."""
        return self._board.best_bid[right]

    def best_ask(self, right: str) -> float | None:
        """Return the best ask, CNY per unit, or None."""
        return self._board.best_ask[right]

    def last_price(self, right: str) -> float:
        """Return the latest price, CNY per unit."""
        return self._board.last_price[right]

    def days_left(self, right: str) -> int:
        """Return the trading days to the next deadline of a right, 0 on it and after the last."""
        return self._board.days_left.get(right, 0)

    def holdings(self, right: str) -> float:
        """Return own usable units of a right, those behind orders included."""
        rows = np.array([self._seat_of[right]])
        lots = int(self._desk.free_lots(rows)[0] + self._desk.frozen_lots(rows)[0])
        return lots * self._board.lot[right]

    def buy(self, right: str, price_yuan: float, units: float) -> Wanted:
        """Return an order to buy."""
        return _new(Wanted, (right, BID, price_yuan, units))

    def sell(self, right: str, price_yuan: float, units: float) -> Wanted:
        """Return an order to sell."""
        return _new(Wanted, (right, ASK, price_yuan, units))


class ObjectTraders:
    """The objects that take part, each with its view and its seats.

    Parameters
    ----------
    participants : sequence of Participant
    accounts : sequence of int
        Account of each.
    desk : Desk
    seats : Seats
    rights : sequence of Right
    """

    def __init__(
        self,
        participants: Sequence[Participant],
        accounts: Sequence[int],
        desk: Desk,
        seats: Seats,
        rights: Sequence[Right],
    ) -> None:
        self.board = PublicBoard(desk, rights)
        self._right_of = seats.right
        self._tick = np.array([self.board.tick[code] for code in self.board.codes])
        self._lot = np.array([self.board.lot[code] for code in self.board.codes])
        self._entry_of = np.full(len(seats) if participants else 0, -1, dtype=np.intp)
        self._entries: list[tuple[Callable[[MarketView], Iterable[Wanted]], MarketView, dict[str, int]]] = []
        by_account = np.argsort(seats.account, kind="stable")
        first = np.searchsorted(seats.account, accounts, sorter=by_account)
        last = np.searchsorted(seats.account, accounts, sorter=by_account, side="right")
        for participant, account, start, stop in zip(participants, accounts, first, last, strict=True):
            own = np.sort(by_account[start:stop])
            seat_of = {self.board.codes[seats.right[s]]: int(s) for s in own}
            self._entry_of[own] = len(self._entries)
            view = MarketView(self.board, desk, int(account), seat_of)
            self._entries.append((participant.trader.decide, view, seat_of))
        self._one_seat_each = all(len(seat_of) == 1 for _, _, seat_of in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def quotes(self, seats: Rows | None = None) -> Quotes:
        """Return the quotes of all objects for this round, or of those whose turn it is.

        Parameters
        ----------
        seats : ndarray of intp, optional
            Seats of the objects that are asked, in their order; each object is asked once.
        """
        owners: list[int] = []
        sides: list[int] = []
        prices: list[float] = []
        amounts: list[float] = []
        # Bound once: with thousands of objects a look-up costs as much as what it finds.
        own, side, price, amount = owners.append, sides.append, prices.append, amounts.append
        entries = self._entries
        if seats is not None:
            asked = self._entry_of[seats].tolist()
            entries = [entries[i] for i in (asked if self._one_seat_each else dict.fromkeys(asked))]
        if entries:
            self.board.refresh()
        for decide, view, seat_of in entries:
            # Numbers are taken out at once: thousands of tuples kept alive would keep the garbage collector busy.
            for right, which, price_yuan, units in decide(view):
                own(seat_of[right])
                side(which)
                price(price_yuan)
                amount(units)
        at = np.array(owners, dtype=np.intp)
        right_of = self._right_of[at]
        return Quotes(
            at,
            np.array(sides, dtype=np.int8),
            np.rint(np.array(prices, dtype=np.float64) / self._tick[right_of]).astype(np.int64),
            np.rint(np.array(amounts, dtype=np.float64) / self._lot[right_of]).astype(np.int64),
        )
