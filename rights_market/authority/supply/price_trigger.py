"""The monthly look at prices that may bring lots to auction earlier."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from rights_market.authority.office import Matter, Office
from rights_market.exchange.calendar import TradingCalendar
from rights_market.policies.stability import PriceTriggerRelease

MONTHS = 12


class PriceTrigger:
    """Compares mean closes of past months.

    Parameters
    ----------
    office : Office
    right : str
        Code of the right.
    rule : PriceTriggerRelease
    calendar : TradingCalendar
    """

    def __init__(self, office: Office, right: str, rule: PriceTriggerRelease, calendar: TradingCalendar) -> None:
        self._office, self._right, self.rule, self._calendar = office, right, rule, calendar
        self._last_release: int | None = None

    def is_due(self, matter: Matter, month: int, draw: float) -> bool:
        """Return whether lots are to be offered, by the means up to a month and the decision of the authority.

        Parameters
        ----------
        month : int
            The month that ends, counted from year 0.
        draw : float
            Between 0 and 1; decides where an authority does.
        """
        if self._last_release is not None and month - self._last_release <= self.rule.cooldown:
            return False
        first = month - self.rule.short - self.rule.long + 1
        start = self._calendar.days[0]
        if first < start.year * MONTHS + start.month - 1:
            return False
        turn = month - self.rule.short + 1
        short, long = self._mean_close(turn, month + 1), self._mean_close(first, turn)
        if short is None or long is None or not self.rule.is_triggered(short, long):
            return False
        decided = self.rule.decides(draw)
        note = "" if self.rule.decision == "automatic" else f"drew {draw:.6f}"
        self._office.note(matter, self.rule.kind, "price_trigger" if decided else "price_trigger_passed", note=note)
        if decided:
            self._last_release = month
        return decided

    def _mean_close(self, first: int, end: int) -> Fraction | None:
        """Return the mean daily close of the vintage at hand over the months from `first` to before `end`, ticks."""
        bars = self._office.market.tape.bars
        closes: list[int] = []
        periods = self._office.books[self._right].periods
        shelf = self._office.shelf(self._right)
        for day, when in enumerate(self._calendar.days):
            if first <= when.year * MONTHS + when.month - 1 < end:
                at_hand = next((k for k, p in enumerate(periods) if when <= p.deadline), len(periods) - 1)
                rows = np.flatnonzero((bars["day"] == day) & (bars["instrument"] == shelf.instruments[at_hand]))
                closes.extend(bars["close_ticks"][rows].tolist())
        return Fraction(sum(closes), len(closes)) if closes else None

    def state(self) -> dict[str, Any]:
        """Return when lots were last released."""
        return {"last_release": self._last_release}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        last = state["last_release"]
        self._last_release = None if last is None else int(last)
