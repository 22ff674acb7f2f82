"""The duty of market makers to quote: who had an offer on both sides, close enough to each other, and how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange.order_book import OrderBook
from rights_market.policies.trading import MarketMakerAdmission
from rights_market.records import Event
from rights_market.registry.accounts import AccountKind
from rights_market.registry.balances import Registry
from rights_market.rulebook import RuleBook

Int64 = npt.NDArray[np.int64]

ANY_SPREAD = np.inf
"""Widest spread of those who have no duty to quote."""


class Quoting:
    """Watches in every batch what market makers quote in each right that gives them terms.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, book : Registry, OrderBook
    """

    def __init__(self, rules_of: Sequence[RuleBook | Credit], registry: Registry, book: OrderBook) -> None:
        self._registry, self._book = registry, book
        self._terms: dict[str, MarketMakerAdmission] = {}
        self._instruments: dict[str, list[int]] = {}
        for i, rules in enumerate(rules_of):
            if rules.admission is not None and rules.admission.market_maker is not None:
                self._terms[rules.right.code] = rules.admission.market_maker
                self._instruments.setdefault(rules.right.code, []).append(i)
        self._code_of = {i: code for code, of in self._instruments.items() for i in of}
        self._looks = 0
        self._present: dict[tuple[str, int], int] = {}

    def widest_spread(self, account: Int64, instrument: Int64) -> npt.NDArray[np.float64]:
        """Return how far apart the quotes of accounts may be as a share of their middle; infinite without a duty."""
        widest = [
            float(self._terms[self._code_of[i]].spread_max) if i in self._code_of else ANY_SPREAD
            for i in instrument.tolist()
        ]
        is_maker = self._registry.accounts.kinds[account] == AccountKind.MARKET_MAKER
        return np.where(is_maker, np.array(widest), ANY_SPREAD)

    def open_day(self) -> None:
        """Begin to count anew."""
        self._looks, self._present = 0, {}

    def look(self, is_open: npt.NDArray[np.bool_]) -> None:
        """Note after a batch who quotes both sides closely enough in an open instrument of each right."""
        if not self._terms:
            return
        self._looks += 1
        for code, instruments in self._instruments.items():
            present = {a for i in instruments if is_open[i] for a in self._quoting(i, self._terms[code])}
            for account in present:
                self._present[code, account] = self._present.get((code, account), 0) + 1

    def close_day(self, day: int, on_duty: Mapping[str, Int64]) -> list[Event]:
        """Return who quoted in too few of the day's batches.

        Parameters
        ----------
        day : int
        on_duty : mapping of str to ndarray of int64
            Accounts that had to quote in each right today.
        """
        events = []
        for code, accounts in on_duty.items():
            needed = self._terms[code].looks_needed(self._looks)
            for account in accounts.tolist():
                there = self._present.get((code, account), 0)
                if there < needed:
                    note = f"both sides in {there} of {self._looks} batches"
                    events.append(
                        Event(
                            day, "session", "admission", "quote_missed", account, self._instruments[code][-1], note=note
                        )
                    )
        return events

    @property
    def rights(self) -> dict[str, list[int]]:
        """Instruments of each right in which there are market makers."""
        return self._instruments

    def state(self) -> dict[str, Any]:
        """Return what was seen today."""
        return {"looks": self._looks, "present": [[code, a, n] for (code, a), n in sorted(self._present.items())]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._looks = int(state["looks"])
        self._present = {(code, int(a)): int(n) for code, a, n in state["present"]}

    def _quoting(self, instrument: int, terms: MarketMakerAdmission) -> list[int]:
        """Return the market makers whose best bid and ask in a book lie close enough to each other."""
        resting, kinds = self._book.resting(instrument), self._registry.accounts.kinds
        rows = np.flatnonzero(kinds[resting.account] == AccountKind.MARKET_MAKER)
        best: dict[int, list[int]] = {}
        columns = (resting.account[rows], resting.side[rows], resting.price_ticks[rows])
        for account, side, price in zip(*(c.tolist() for c in columns), strict=True):
            quotes = best.setdefault(account, [0, 0])
            # Orders come best first.
            quotes[side] = quotes[side] or price
        return [a for a, (bid, ask) in best.items() if bid and ask and terms.is_close(bid, ask)]


def makers(registry: Registry) -> Int64:
    """Return the accounts of market makers."""
    return np.flatnonzero(registry.accounts.kinds == AccountKind.MARKET_MAKER).astype(np.int64)
