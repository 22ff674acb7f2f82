"""Pauses of trading: the circuit breakers of the day, and what they write down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange.breaker import NEVER, Breaker, Halt, Stop, Window
from rights_market.exchange.order_book import OrderBook
from rights_market.exchange.tape import Tape
from rights_market.policies.trading import CircuitBreaker
from rights_market.records import Event, OrderKind, Orders
from rights_market.rulebook import RuleBook

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

CANCEL = int(OrderKind.CANCEL)


class Pauses:
    """The breaker of each instrument that is traded today and has the rule.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    book, tape : OrderBook, Tape
    events : list of Event
        Written to.

    Attributes
    ----------
    breakers : dict of int to Breaker
    """

    def __init__(self, rules_of: Sequence[RuleBook | Credit], book: OrderBook, tape: Tape, events: list[Event]) -> None:
        self._rules_of, self._book, self._tape, self._events = rules_of, book, tape, events
        self.breakers: dict[int, Breaker] = {}
        self._day = -1

    def open_day(self, day: int, on: date, instruments: Sequence[int]) -> list[int]:
        """Set the levels of the day, and return the instruments that the authority lets rest."""
        self._day, self.breakers = day, {}
        resting = []
        for i in instruments:
            rule = self._rules_of[i].breaker
            if rule is None:
                continue
            if on in rule.authority_halt:
                resting.append(i)
                self.note("halt", i, note="by order of the authority")
                continue
            stops = _stops(rule, Fraction(int(self._tape.last_close[i])))
            self.breakers[i] = Breaker(i, stops, rule.max_per_day, _window(rule))
        return resting

    def close_day(self) -> None:
        """End all pauses."""
        self.breakers = {}

    def halted(self) -> list[int]:
        """Return the instruments in which nothing is matched now."""
        return [i for i, b in self.breakers.items() if b.is_halted]

    def over(self, batch: int) -> list[tuple[int, Breaker]]:
        """Return the pauses that are over."""
        return [(i, b) for i, b in self.breakers.items() if b.until is not None and b.until <= batch]

    def are_watched(self, orders: Orders, floor: Int64, ceiling: Int64) -> Bool:
        """Return which orders could make a trade that reaches a level, or come during a pause; shape (n,).

        `floor` and `ceiling` are the prices at which the government trades in each instrument.
        """
        rows = np.zeros(len(orders), np.bool_)
        if not self.breakers:
            return rows
        bid, ask = self._book.best_bid, self._book.best_ask
        for i, breaker in self.breakers.items():
            rows |= breaker.watches(orders, int(bid[i]), int(ask[i]), int(floor[i]), int(ceiling[i]))
        return rows

    def note_halt(self, halt: Halt | None) -> None:
        """Write down a pause that has begun, if one has."""
        if halt is not None:
            words = "for the rest of the day" if halt.until >= NEVER else f"until batch {halt.until}"
            self.note("halt", halt.instrument, price_ticks=halt.price_ticks, note=words)

    def note(self, code: str, instrument: int, **amounts: Any) -> None:
        """Write an event of the rule."""
        self._events.append(Event(self._day, "session", "circuit_breaker", code, instrument=instrument, **amounts))

    def state(self) -> list[Any]:
        """Return what changes over time."""
        return [b.state() for b in self.breakers.values()]

    def restore(self, state: Sequence[Mapping[str, Any]], day: int) -> None:
        """Put back what `state` returned."""
        self._day = day
        self.breakers = {}
        for saved in state:
            rule = self._rules_of[int(saved["instrument"])].breaker
            assert rule is not None
            self.breakers[int(saved["instrument"])] = Breaker.of_state(saved, _window(rule))


def _stops(rule: CircuitBreaker, reference: Fraction) -> list[Stop]:
    """Return the levels around a price as the exchange watches them."""
    return [Stop(t.low, t.high, NEVER if t.batches is None else t.batches) for t in rule.thresholds(reference)]


def _window(rule: CircuitBreaker) -> Window | None:
    return None if rule.window is None else Window(rule.window, partial(_stops, rule))


def let_wait(breaker: Breaker, orders: Orders, left: Bool) -> None:
    """Let what is left of an instrument's new orders wait for the end of its pause."""
    waits = np.flatnonzero(left & (orders.instrument == breaker.instrument) & (orders.kind != CANCEL))
    breaker.let_wait(orders.take(waits))
    left[waits] = False
