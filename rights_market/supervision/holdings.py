"""Holding limits: how much each account may still buy, and who is named as a large holder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange.gate import NO_LIMIT
from rights_market.exchange.order_book import OrderBook
from rights_market.records import Event
from rights_market.registry.accounts import AccountKind
from rights_market.registry.balances import Registry
from rights_market.registry.obligations import Obligations
from rights_market.rulebook import RuleBook
from rights_market.units import floor

Int64 = npt.NDArray[np.int64]

EXEMPT = (AccountKind.GOVERNMENT, AccountKind.CLEARING, AccountKind.GATEWAY)
CLASSES = {
    AccountKind.COMPLIANCE: "compliance",
    AccountKind.INSTITUTION: "institution",
    AccountKind.INDIVIDUAL: "individual",
    AccountKind.MARKET_MAKER: "market_maker",
}
"""Classes of accounts that a rule of admission may limit."""
SIZE_CLASSES = (5, 10, 20, 35, 50, 100)
"""Bounds of the published classes of size, percent of all units outside the government's account."""


class Holdings:
    """Counts what accounts hold of each right with a limit.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, book : Registry, OrderBook
    obligations : callable
        Returns what accounts were allocated.
    """

    def __init__(
        self,
        rules_of: Sequence[RuleBook | Credit],
        registry: Registry,
        book: OrderBook,
        obligations: Callable[[], Obligations],
    ) -> None:
        self._rules_of, self._registry, self._book, self._obligations = rules_of, registry, book, obligations
        self._instruments: dict[str, list[int]] = {}
        for i, rules in enumerate(rules_of):
            admission = rules.admission
            has_class_limit = admission is not None and any(
                admission.most(name) is not None for name in CLASSES.values()
            )
            if rules.holding_limit is not None or has_class_limit:
                self._instruments.setdefault(rules.right.code, []).append(i)
        self._group = np.full(len(rules_of), -1, np.int64)
        for group, instruments in enumerate(self._instruments.values()):
            self._group[instruments] = group
        self._named: dict[tuple[str, int], int] = {}
        self._limits_today: Int64 | None = None
        self._room: tuple[tuple[int, int], Int64] | None = None

    def headroom(self) -> Int64:
        """Return the lots that each account may still buy, shape (n_instruments, n_accounts); `NO_LIMIT` without limit.

        What an account holds in all vintages counts, and its open bids.
        """
        # Whatever is bought, sold, bid or withdrawn leaves a row in the journal.
        key = len(self._registry.journal), len(self._registry.accounts)
        if self._room is not None and self._room[0] == key:
            return self._room[1]
        limits, limited = self._limits(), np.flatnonzero(self._group >= 0)
        counted = self._book.bid_lots(self._group, (len(self._instruments), limits.shape[1]))
        np.add.at(counted, self._group[limited], self._held()[limited])
        counted = counted[self._group] if len(counted) else np.zeros_like(limits)
        room = np.where(limits < NO_LIMIT, np.maximum(0, limits - counted), NO_LIMIT)
        self._room = key, room
        return room

    def open_day(self) -> None:
        """Read limits anew: allocations may have changed overnight and will in the morning."""
        self._limits_today, self._room = None, None

    def publish(self, day: int) -> list[Event]:
        """Return who has come into another class of size among the large holders since the last call."""
        events = []
        for code, instruments in self._instruments.items():
            rule = self._rules_of[instruments[0]].holding_limit
            if rule is None:
                continue
            held = self._held()[instruments].sum(axis=0)
            held[self._exempt()] = 0
            total = int(held.sum())
            large = np.flatnonzero(held > floor(rule.publish_above * total)) if total else np.empty(0, np.intp)
            classes = {int(a): int(np.searchsorted(SIZE_CLASSES, 100 * held[a] / total)) for a in large}
            for account, size in sorted(classes.items()):
                if self._named.get((code, account)) != size:
                    words = f"{SIZE_CLASSES[size - 1] if size else 0} to {SIZE_CLASSES[size]} %"
                    events.append(
                        Event(day, "publish", rule.kind, "large_holder", account, instruments[-1], note=words)
                    )
            self._named = {key: x for key, x in self._named.items() if key[0] != code}
            self._named |= {(code, account): size for account, size in classes.items()}
        return events

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {"named": [[code, account, size] for (code, account), size in self._named.items()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._named = {(code, int(account)): int(size) for code, account, size in state["named"]}

    def _exempt(self) -> npt.NDArray[np.bool_]:
        """Return the accounts that no limit concerns, shape (n_accounts,)."""
        return np.isin(self._registry.accounts.kinds, EXEMPT)

    def _held(self) -> Int64:
        registry = self._registry
        return np.asarray(registry.free + registry.frozen + registry.pledged)

    def _limits(self) -> Int64:
        """Return today's limits, shape (n_instruments, n_accounts): the tighter of the rule's and of the class's."""
        n = len(self._registry.accounts)
        if self._limits_today is None or self._limits_today.shape[1] != n:
            limits = np.full((len(self._rules_of), n), NO_LIMIT, np.int64)
            for i in np.flatnonzero(self._group >= 0).tolist():
                limits[i] = self._work_out(i)
            limits[:, self._exempt()] = NO_LIMIT
            self._limits_today = limits
        return self._limits_today

    def _work_out(self, instrument: int) -> Int64:
        rules = self._rules_of[instrument]
        n = len(self._registry.accounts)
        limits = np.full(n, NO_LIMIT, np.int64)
        if rules.holding_limit is not None:
            allocated, cap = np.zeros(n, np.int64), None
            if isinstance(rules, RuleBook):
                first = next(i for i, r in enumerate(self._rules_of) if r is rules)
                period = rules.periods[instrument - first]
                given = self._obligations()
                allocated = np.maximum(
                    given.allocated_lots(rules.right.code, period.name),
                    given.preallocated_lots(rules.right.code, period.name),
                )
                cap = None if rules.cap is None else rules.cap.cap(period.vintage)
            limits = rules.holding_limit.limits(allocated, cap)
        if rules.admission is not None:
            kinds = self._registry.accounts.kinds
            for kind, name in CLASSES.items():
                most = rules.admission.most(name)
                # The quota of a market maker stands in place of the limit for all.
                own = kind is AccountKind.MARKET_MAKER and rules.admission.market_maker is not None
                if most is not None:
                    limits = np.where(kinds == kind, most if own else np.minimum(limits, most), limits)
        return limits
