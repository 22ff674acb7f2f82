"""Suspensions: accounts that may sell nothing, and those that may buy only what they owe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange.calendar import Period
from rights_market.exchange.gate import NO_LIMIT
from rights_market.exchange.order_book import OrderBook
from rights_market.registry.balances import Registry
from rights_market.registry.obligations import Obligations
from rights_market.rulebook import RuleBook

Int64 = npt.NDArray[np.int64]


class Suspensions:
    """Who is suspended from trading, and how much of what is owed is not covered yet.

    What an account owes is its verified use of every open period, or the authority's estimate before it is known, with
    its debts and less what it has surrendered.  What it holds of the right, pledged or frozen, covers that, and so do
    its open bids.  Credits cover nothing here: an account that may only cover buys none.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, book : Registry, OrderBook
    obligations : callable
        Returns what accounts owe.

    Attributes
    ----------
    no_sales, only_cover : ndarray of int64
        Accounts that may not sell, and those that may buy only what they owe.
    """

    def __init__(
        self,
        rules_of: Sequence[RuleBook | Credit],
        registry: Registry,
        book: OrderBook,
        obligations: Callable[[], Obligations],
    ) -> None:
        self._rules_of, self._registry, self._book, self._obligations = rules_of, registry, book, obligations
        self.no_sales: Int64 = np.zeros(0, np.int64)
        self.only_cover: Int64 = np.zeros(0, np.int64)
        self._on = date.min
        self._room: tuple[tuple[int, int], Int64] | None = None
        self._of_right: dict[str, list[int]] = {}
        for i, rules in enumerate(rules_of):
            self._of_right.setdefault(rules.right.code, []).append(i)

    def __bool__(self) -> bool:
        return bool(len(self.no_sales) or len(self.only_cover))

    def suspend(self, no_sales: Int64, only_cover: Int64) -> None:
        """Suspend these accounts, and no others, from now on."""
        self.no_sales, self.only_cover = np.array(no_sales, np.int64), np.array(only_cover, np.int64)
        self._room = None

    def open_day(self, on: date) -> None:
        """Prepare for a day: what is owed may have changed overnight."""
        self._on, self._room = on, None

    def headroom(self) -> Int64 | None:
        """Return the lots that each account may still buy, shape (n_instruments, n_accounts); None if nobody is bound.

        `NO_LIMIT` for accounts that are not bound to their cover.
        """
        if not len(self.only_cover):
            return None
        # Whatever is bought, sold, bid or withdrawn leaves a row in the journal.
        key = len(self._registry.journal), len(self._registry.accounts)
        if self._room is None or self._room[0] != key:
            room = np.full((len(self._rules_of), key[1]), NO_LIMIT, np.int64)
            for instruments in self._of_right.values():
                rows = np.array(instruments)[:, np.newaxis]
                room[rows, self.only_cover] = self._uncovered(instruments)
            self._room = key, room
        return self._room[1]

    def _uncovered(self, instruments: list[int]) -> Int64:
        """Return what the bound accounts owe of a right and do not hold, shape (n_instruments_of_right, n_bound)."""
        rules, who, registry = self._rules_of[instruments[0]], self.only_cover, self._registry
        if not isinstance(rules, RuleBook):
            return np.zeros((len(instruments), len(who)), np.int64)
        befores = (None, *rules.periods)
        owed = np.array([self._owed(rules, p, before) for p, before in zip(rules.periods, befores, strict=False)])
        at = np.ix_(np.array(instruments), who)
        held = (registry.free[at] + registry.frozen[at] + registry.pledged[at]).sum(axis=0)
        group = np.full(len(self._rules_of), -1, np.int64)
        group[instruments] = 0
        held += self._book.bid_lots(group, (1, len(registry.accounts)))[0, who]
        # Units meet no duty of a period before theirs.
        from_here_on = owed[::-1].cumsum(axis=0)[::-1]
        room: Int64 = np.minimum(from_here_on, np.maximum(owed.sum(axis=0) - held, 0))
        return room

    def _owed(self, rules: RuleBook, period: Period, before: Period | None) -> Int64:
        """Return what the bound accounts owe for a period, nothing if it is not open."""
        code, obligations, who = rules.right.code, self._obligations(), self.only_cover
        if period.deadline < self._on:
            still_open = period.make_good is not None and self._on <= period.make_good and rules.make_good is not None
            if not still_open or rules.make_good is None:
                return np.zeros(len(who), np.int64)
            missing = obligations.shortfall(code, period.name)[who]
            return rules.make_good.due(missing, obligations.forgiven_lots(code, period.name)[who])
        if self._on < period.use_from:
            return np.zeros(len(who), np.int64)
        if obligations.is_verified(code, period.name):
            use = obligations.obligation_lots(code, period.name)[who]
        elif before is not None:
            use = rules.surrender.estimate(obligations.verified_lots(code, before.name)[who])
        else:
            use = np.zeros(len(who), np.int64)
        due = use + obligations.debt_lots(code, period.name)[who] - obligations.surrendered_lots(code, period.name)[who]
        return np.asarray(np.maximum(due, 0), np.int64)
