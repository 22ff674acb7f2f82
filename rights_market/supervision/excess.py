"""What is held beyond a limit and has to be sold by a date: who is told, and what is put on sale after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange.limits import Limits
from rights_market.exchange.order_book import OrderBook
from rights_market.records import Event, Orders
from rights_market.registry.balances import Registry
from rights_market.rulebook import RuleBook
from rights_market.supervision.holdings import Holdings
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]

RULE = "holding_limit"


class Due(NamedTuple):
    """Lots of a right that an account has to sell, and by when."""

    right: str
    account: int
    lots: int
    sell_by: date


class Excess:
    """Follows what accounts hold beyond the limits of rights whose rule asks them to sell it.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, book, limits : Registry, OrderBook, Limits
    holdings : Holdings
        What may be held.

    Attributes
    ----------
    is_placed : bool
        Whether the orders of the day are in the books.
    """

    def __init__(
        self,
        rules_of: Sequence[RuleBook | Credit],
        registry: Registry,
        book: OrderBook,
        limits: Limits,
        holdings: Holdings,
    ) -> None:
        self._registry, self._book, self._limits, self._holdings = registry, book, limits, holdings
        self._days: dict[str, int] = {}
        self._instruments: dict[str, list[int]] = {}
        for i, rules in enumerate(rules_of):
            if rules.holding_limit is not None and rules.holding_limit.sell_by_days is not None:
                self._days[rules.right.code] = rules.holding_limit.sell_by_days
                self._instruments.setdefault(rules.right.code, []).append(i)
        self._sell_by: dict[tuple[str, int], date] = {}
        self._on_sale: dict[int, tuple[int, int, int]] = {}
        self._open: dict[str, list[int]] = {}
        self.is_placed = True

    def open_day(self, day: int, on: date, instruments: Sequence[int]) -> list[Event]:
        """Set dates for those who have come to hold too much, and forget those who do no longer."""
        self.is_placed = not self._days
        events, over = [], set()
        self._open = {code: [i for i in of if i in set(instruments)] for code, of in self._instruments.items()}
        for code, account, lots in self._over():
            over.add((code, account))
            if (code, account) not in self._sell_by:
                sell_by = on + timedelta(self._days[code])
                self._sell_by[code, account] = sell_by
                note = f"sell by {sell_by}"
                events.append(
                    Event(day, "session_open", RULE, "excess_found", account, self._front(code), lots, note=note)
                )
        # A right that rests today keeps its dates.
        self._sell_by = {k: when for k, when in self._sell_by.items() if k in over or not self._open[k[0]]}
        return events

    def due(self) -> list[Due]:
        """Return what has to be sold and by when, of the rights that are traded today."""
        return [
            Due(code, a, lots, self._sell_by[code, a]) for code, a, lots in self._over() if (code, a) in self._sell_by
        ]

    def sales(self, on: date) -> Orders:
        """Return orders that sell at the lowest price allowed what should have been sold before today; once a day."""
        self.is_placed = True
        rows = []
        for due in self.due():
            left = due.lots if due.sell_by < on else 0
            for i in self._open[due.right]:
                free = int(self._registry.free[i, due.account] - self._registry.locked[i, due.account])
                lots = min(left, free)
                if lots > 0:
                    rows.append((due.account, i, int(self._limits.band_low[i]), lots))
                    left -= lots
        if not rows:
            return Orders.none()
        account, instrument, price, lots_ = np.array(rows, np.int64).T
        return Orders.of(account, instrument, Side.ASK, price, lots_)

    def note_sales(self, orders: Orders, order_ids: Int64) -> None:
        """Note under which ids the orders of `sales` rest."""
        columns = (order_ids, orders.account, orders.instrument, orders.lots)
        self._on_sale = {
            int(k): (int(a), int(i), int(n))
            for k, a, i, n in zip(*(c.tolist() for c in columns), strict=True)
            if k >= 0
        }

    def close_day(self, day: int, on: date) -> list[Event]:
        """Return what was sold by order of the authority, and what should have been sold and was not.

        To be called while the orders of the day still rest.
        """
        events: list[Event] = []
        waiting: dict[int, int] = {}
        for i in sorted({i for _, i, _ in self._on_sale.values()}):
            resting = self._book.resting(i)
            waiting |= dict(zip(resting.order_id.tolist(), resting.lots.tolist(), strict=True))
        for order_id, (account, i, lots) in self._on_sale.items():
            sold = lots - waiting.get(order_id, 0)
            if sold:
                events.append(Event(day, "session_close", RULE, "excess_sold", account, i, sold))
        for due in self.due():
            if due.sell_by <= on:
                events.append(
                    Event(day, "session_close", RULE, "rule_unmet", due.account, self._front(due.right), due.lots)
                )
        self._on_sale = {}
        return events

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "sell_by": [[code, a, when.isoformat()] for (code, a), when in self._sell_by.items()],
            "on_sale": [[k, *row] for k, row in self._on_sale.items()],
            "is_placed": self.is_placed,
            "open": [[code, list(of)] for code, of in self._open.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._sell_by = {(code, int(a)): date.fromisoformat(when) for code, a, when in state["sell_by"]}
        self._on_sale = {int(k): (int(a), int(i), int(n)) for k, a, i, n in state["on_sale"]}
        self.is_placed = bool(state["is_placed"])
        self._open = {code: [int(i) for i in of] for code, of in state["open"]}

    def _front(self, code: str) -> int:
        return self._open[code][-1]

    def _over(self) -> Iterator[tuple[str, int, int]]:
        """Yield right, account and lots of what is held beyond a limit in the rights that are traded today."""
        for code, instruments in self._open.items():
            if instruments:
                over = self._holdings.over(code, instruments)
                for account in np.flatnonzero(over).tolist():
                    yield code, account, int(over[account])
