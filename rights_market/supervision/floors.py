"""Temporary price floors: when one is set, how high, and when it is lifted."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rights_market.credit import Credit
from rights_market.rulebook import RuleBook

NONE = 0


class Floors:
    """Closing and lowest prices of the instruments whose right may have a temporary floor, and the floors in force.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    """

    def __init__(self, rules_of: Sequence[RuleBook | Credit]) -> None:
        self._rule = {i: r.price_floor for i, r in enumerate(rules_of) if r.price_floor is not None}
        self._closes = {i: deque[int](maxlen=max(rule.long_days, rule.lift_days)) for i, rule in self._rule.items()}
        self._lowest = {i: deque[int](maxlen=rule.window) for i, rule in self._rule.items()}
        self._since = dict.fromkeys(self._rule, 0)
        self._floor = dict.fromkeys(self._rule, NONE)

    def floor(self, instrument: int) -> int:
        """Return the floor in force, ticks, 0 where there is none."""
        return self._floor.get(instrument, NONE)

    def learn(self, instrument: int, on: date, close: int, lots: int, lowest: int) -> list[tuple[str, int]]:
        """Take in a day's prices, and return what was set or lifted by them, with its floor.

        A trigger while a floor is in force sets it anew only if the new one is lower.
        """
        rule = self._rule.get(instrument)
        if rule is None:
            return []
        self._closes[instrument].append(close)
        if lots:
            self._lowest[instrument].append(lowest)
        now, done = self._floor[instrument], []
        if now:
            self._since[instrument] += 1
            since = list(self._closes[instrument])[-self._since[instrument] :]
            if rule.is_over(now, since):
                self._floor[instrument] = now = NONE
                done.append(("floor_lifted", 0))
                return done
        if on in rule.dates or rule.has_fallen(list(self._closes[instrument])):
            new = rule.floor(list(self._lowest[instrument]), close)
            if not now or new < now:
                self._floor[instrument], self._since[instrument] = new, 0
                done.append(("floor_set", new))
        return done

    def carry(self, instrument_from: int, instrument_to: int) -> None:
        """Let a vintage go on from the prices and the floor of another."""
        if instrument_from in self._rule and instrument_to in self._rule:
            for kept in (self._closes, self._lowest):
                kept[instrument_to] = kept[instrument_from].copy()
            self._since[instrument_to] = self._since[instrument_from]
            self._floor[instrument_to] = self._floor[instrument_from]

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            str(i): [list(self._closes[i]), list(self._lowest[i]), self._since[i], self._floor[i]] for i in self._rule
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for key, (closes, lowest, since, floor) in state.items():
            i = int(key)
            self._closes[i] = deque(map(int, closes), maxlen=self._closes[i].maxlen)
            self._lowest[i] = deque(map(int, lowest), maxlen=self._lowest[i].maxlen)
            self._since[i], self._floor[i] = int(since), int(floor)
