"""What a strategy is: it turns what a trader wants into quotes, for many traders at once.

A new one is a subclass with one method, entered in the table by `register`::

    @register("patient")
    class Patient(Strategy):
        '''Bids or asks at its own value and waits.'''

        def quote(self, desk, rows):
            seats = desk.seats
            return Quotes(rows, side_of(seats.wish_lots[rows]), desk.round_ticks(seats.value[rows]), desk.lots(rows))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from agents.seats import Rows
from rights_market import Receipt

if TYPE_CHECKING:
    from agents.desk import Desk

STRATEGIES: dict[str, type[Strategy]] = {}


@dataclass(frozen=True, slots=True)
class Quotes:
    """Limit orders by seat; all arrays have shape (n,), rows without lots are dropped.

    Attributes
    ----------
    seat : ndarray of intp
    side : ndarray of int8
    price_ticks, lots : ndarray of int64
    """

    seat: Rows
    side: npt.NDArray[np.int8]
    price_ticks: npt.NDArray[np.int64]
    lots: npt.NDArray[np.int64]

    @classmethod
    def none(cls) -> Self:
        """Return a table without rows."""
        return cls(np.empty(0, np.intp), np.empty(0, np.int8), np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def join(cls, tables: Sequence[Quotes]) -> Self:
        """Stack several tables in the order given."""
        if not tables:
            return cls.none()
        return cls(
            np.concatenate([t.seat for t in tables]),
            np.concatenate([t.side for t in tables]),
            np.concatenate([t.price_ticks for t in tables]),
            np.concatenate([t.lots for t in tables]),
        )

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Self:
        """Return the named rows, in that order."""
        return type(self)(self.seat[rows], self.side[rows], self.price_ticks[rows], self.lots[rows])


class Strategy:
    """One way of quoting, followed by a set of seats.

    Parameters
    ----------
    seats : ndarray of intp
        Seats that follow it.
    rng : numpy.random.Generator
        Its own stream.
    """

    name: ClassVar[str] = ""
    needs_wish: ClassVar[bool] = True
    """Whether only seats that want to trade are asked; a market maker is asked always."""
    starts_early: ClassVar[bool] = True
    """Whether a firm that follows it buys from the start, and not only when its deadline comes near."""
    buffer_factor: ClassVar[float] = 1.0
    """Multiple of the usual buffer that a firm with a surplus keeps."""

    def __init__(self, seats: Rows, rng: np.random.Generator) -> None:
        self.seats = seats
        self.rng = rng

    def open_day(self, desk: Desk) -> None:
        """Prepare for a session; does nothing unless a strategy overrides it."""

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Return the quotes of the seats `rows`, a part of the strategy's own.

        Raises
        ------
        TypeError
            If the subclass does not define it.
        """
        raise TypeError(f"strategy {type(self).__name__} defines no quote(desk, rows)")

    def auction_bids(self, desk: Desk, rows: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the most that each seat without a duty would pay for a lot at auction, ticks, and how many it wants.

        None unless a strategy overrides it: firms bid for what they lack, whatever their strategy.
        """
        return np.zeros(len(rows)), np.zeros(len(rows))

    def observe(self, desk: Desk, quotes: Quotes, receipt: Receipt) -> None:
        """Learn from a batch that was traded; does nothing unless a strategy overrides it."""

    def state(self) -> dict[str, Any]:
        """Return what the strategy has learned, as plain arrays and numbers."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""


def register(name: str) -> Callable[[type[Strategy]], type[Strategy]]:
    """Enter a strategy under the name that scenario files use.

    Raises
    ------
    ValueError
        If the name is taken by another class.
    """

    def enter(cls: type[Strategy]) -> type[Strategy]:
        taken = STRATEGIES.get(name)
        if taken is not None and taken.__qualname__ != cls.__qualname__:
            raise ValueError(f"strategy name {name!r} is taken by {taken.__qualname__}")
        cls.name = name
        STRATEGIES[name] = cls
        return cls

    return enter
