"""Holding limits: how much each account may still buy, and who is named as a large holder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange.calendar import Period
from rights_market.exchange.commitments import Commitments
from rights_market.exchange.gate import NO_LIMIT, Room
from rights_market.exchange.order_book import OrderBook
from rights_market.records import Event
from rights_market.registry.accounts import AccountKind
from rights_market.registry.balances import Registry
from rights_market.registry.obligations import Obligations
from rights_market.rulebook import RuleBook
from rights_market.units import floor, largest_remainder

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


class Limits(NamedTuple):
    """The limits of a day, lots, each of shape (n_instruments, n_accounts); `NO_LIMIT` where there is none.

    Attributes
    ----------
    own : ndarray of int64
        What an account may hold.
    pooled : ndarray of int64
        What all accounts of its owner may hold together.
    """

    own: Int64
    pooled: Int64


class Holdings:
    """Counts what accounts hold of each right with a limit.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, book : Registry, OrderBook
    obligations : callable
        Returns what accounts were allocated.
    commitments : Commitments
        What offers beside the books would buy.
    """

    def __init__(
        self,
        rules_of: Sequence[RuleBook | Credit],
        registry: Registry,
        book: OrderBook,
        obligations: Callable[[], Obligations],
        commitments: Commitments,
    ) -> None:
        self._rules_of, self._registry, self._book, self._obligations = rules_of, registry, book, obligations
        self._commitments = commitments
        self._instruments: dict[str, list[int]] = {}
        for i, rules in enumerate(rules_of):
            has_class_limit = rules.admission is not None and rules.admission.limits_holdings
            if rules.holding_limit is not None or has_class_limit:
                self._instruments.setdefault(rules.right.code, []).append(i)
        self._group = np.full(len(rules_of), -1, np.int64)
        for group, instruments in enumerate(self._instruments.values()):
            self._group[instruments] = group
        self._named: dict[tuple[str, int], int] = {}
        self._is_pooled = np.array([r.holding_limit is not None and r.holding_limit.scope == "group" for r in rules_of])
        self._limits_today: Limits | None = None
        self._rooms: tuple[tuple[int, int], list[Room]] | None = None

    def has_limit(self, instrument: Int64) -> bool:
        """Return whether any of some instruments has a limit on what is held."""
        return bool((self._group[instrument] >= 0).any())

    def rooms(self) -> list[Room]:
        """Return what accounts may still buy: under their own limits, and under those that their owner has for all.

        What is held in all vintages counts, open bids, and what open offers would buy.
        """
        # Whatever is bought, sold, bid, offered or withdrawn leaves a row in the journal.
        key = len(self._registry.journal), len(self._registry.accounts)
        if self._rooms is not None and self._rooms[0] == key:
            return self._rooms[1]
        limits, counted = self._limits(), self._counted()
        n, rows = len(self._registry.accounts), self._group[:, np.newaxis]
        own = Room(_left(limits.own, counted[self._group]), rows * n + np.arange(n))
        rooms = [own]
        if self._is_pooled.any():
            principals = self._registry.accounts.principals
            together = self.by_owner(counted)
            rooms.append(Room(_left(limits.pooled, together[self._group]), rows * n + principals))
        self._rooms = key, rooms
        return rooms

    def headroom(self) -> Int64:
        """Return the lots that may still be bought, `NO_LIMIT` without a limit, shape (n_instruments, n_accounts)."""
        return np.asarray(np.minimum.reduce([room.lots for room in self.rooms()]))

    def by_owner(self, lots: Int64) -> Int64:
        """Return for each account what all accounts of its owner have together; shape as given, accounts last."""
        principals = self._registry.accounts.principals
        total = np.zeros_like(lots)
        np.add.at(total.T, principals, lots.T)
        return np.asarray(total[..., principals])

    def over(self, code: str, instruments: Sequence[int]) -> Int64:
        """Return what accounts hold of a right beyond the limit of its rule, lots, shape (n_accounts,).

        Of the limits of several vintages the highest counts, and what was given is never too much.  What an owner holds
        too much is split over its accounts by what they hold.
        """
        held = self._held()[self._instruments[code]].sum(axis=0)
        limit = np.maximum.reduce([np.maximum(self._of_rule(i), self._allocated(i)) for i in instruments])
        limit = np.where(self._exempt(), NO_LIMIT, limit)
        if not self._is_pooled[instruments[0]]:
            return np.asarray(np.maximum(0, held - limit))
        over, principals = np.maximum(0, self.by_owner(held) - limit), self._registry.accounts.principals
        parts: Int64 = np.zeros_like(held)
        for first in np.unique(principals[over > 0]).tolist():
            members = np.flatnonzero(principals == first)
            parts[members] = largest_remainder(int(over[first]), held[members].tolist())
        return parts

    def open_day(self) -> None:
        """Read limits anew: allocations may have changed overnight and will in the morning."""
        self._limits_today, self._rooms = None, None

    def _counted(self) -> Int64:
        """Return what accounts hold of each right with a limit, and bid for, shape (n_rights + 1, n_accounts)."""
        limited = np.flatnonzero(self._group >= 0)
        # The last row stands for all rights without a limit, whose group is -1.
        shape = len(self._instruments) + 1, len(self._registry.accounts)
        counted = self._book.bid_lots(self._group, shape)
        held = self._held() + self._commitments.wanted
        np.add.at(counted, self._group[limited], held[limited])
        return counted

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

    def _limits(self) -> Limits:
        """Return today's limits."""
        n = len(self._registry.accounts)
        if self._limits_today is None or self._limits_today.own.shape[1] != n:
            limits = Limits(*(np.full((len(self._rules_of), n), NO_LIMIT, np.int64) for _ in range(2)))
            for i in np.flatnonzero(self._group >= 0).tolist():
                if self._is_pooled[i]:
                    limits.pooled[i] = self._of_rule(i)
                    limits.own[i] = self._of_class(i, limits.own[i])
                else:
                    limits.own[i] = self._of_class(i, self._of_rule(i))
            for part in limits:
                part[:, self._exempt()] = NO_LIMIT
            self._limits_today = limits
        return self._limits_today

    def _of_rule(self, instrument: int) -> Int64:
        """Return the limit of each account, or of its owner, by the rule for all; shape (n_accounts,)."""
        rules = self._rules_of[instrument]
        n = len(self._registry.accounts)
        if rules.holding_limit is None:
            return np.full(n, NO_LIMIT, np.int64)
        period = self._period(instrument)
        cap = None
        if isinstance(rules, RuleBook) and period is not None and rules.cap is not None:
            cap = rules.cap.cap(period.vintage)
        limits = rules.holding_limit.limits(self._allocated(instrument), cap)
        if rules.admission is not None and rules.admission.market_maker is not None:
            # Their quota stands in place of the limit for all.
            limits = np.where(self._registry.accounts.kinds == AccountKind.MARKET_MAKER, NO_LIMIT, limits)
        return limits

    def _period(self, instrument: int) -> Period | None:
        """Return the compliance period of an instrument, None for a credit."""
        rules = self._rules_of[instrument]
        if not isinstance(rules, RuleBook):
            return None
        return rules.periods[instrument - next(i for i, r in enumerate(self._rules_of) if r is rules)]

    def _allocated(self, instrument: int) -> Int64:
        """Return what each account, or all of its owner, was given free for the period of an instrument."""
        rules, period = self._rules_of[instrument], self._period(instrument)
        if period is None:
            return np.zeros(len(self._registry.accounts), np.int64)
        given, key = self._obligations(), (rules.right.code, period.name)
        allocated = np.maximum(given.allocated_lots(*key), given.preallocated_lots(*key))
        return self.by_owner(allocated) if self._is_pooled[instrument] else allocated

    def _of_class(self, instrument: int, limits: Int64) -> Int64:
        """Return limits with those of the classes of accounts put in."""
        admission, kinds = self._rules_of[instrument].admission, self._registry.accounts.kinds
        if admission is None:
            return limits
        for kind, name in CLASSES.items():
            most = admission.most(name)
            if most is not None:
                limits = np.where(kinds == kind, np.minimum(limits, most), limits)
        return limits


def _left(limits: Int64, counted: Int64) -> Int64:
    return np.where(limits < NO_LIMIT, np.maximum(0, limits - counted), NO_LIMIT)
