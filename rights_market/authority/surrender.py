"""Surrender and cover: what is due, what meets it, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.borrowing import lend
from rights_market.authority.office import Matter, Office
from rights_market.authority.offsets import Offsets
from rights_market.errors import ExchangeError
from rights_market.exchange.calendar import Period
from rights_market.policies.compliance import Surrender

Int64 = npt.NDArray[np.int64]
Key = tuple[str, str]


@dataclass(slots=True)
class HoldingDays:
    """Lots held, summed over the days of each period of a right in cover mode.

    Attributes
    ----------
    lots : dict of (str, str) to ndarray of int64, shape (n_instruments, n_firms)
    days : dict of (str, str) to int
        Calendar days counted.
    """

    lots: dict[Key, Int64] = field(default_factory=dict)
    days: dict[Key, int] = field(default_factory=dict)

    def count(self, office: Office, on: date, calendar_days: int) -> None:
        """Count what is held on `calendar_days` days from `on`, in every period in whose use they fall."""
        until = on + timedelta(calendar_days - 1)
        for right, book in office.books.items():
            if book.surrender.mode != "cover":
                continue
            for period in book.periods:
                days = (min(until, period.use_to) - max(on, period.use_from)).days + 1
                if days > 0:
                    key = right, period.name
                    held = _held(office, right, period) * days
                    self.lots[key] = self.lots[key] + held if key in self.lots else held
                    self.days[key] = self.days.get(key, 0) + days

    def state(self) -> dict[str, Any]:
        """Return all sums as plain arrays and numbers."""
        return {"lots": [(*k, x.copy()) for k, x in self.lots.items()], "days": [(*k, n) for k, n in self.days.items()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.lots = {(right, period): np.array(x) for right, period, x in state["lots"]}
        self.days = {(right, period): int(n) for right, period, n in state["days"]}


def _held(office: Office, right: str, period: Period) -> Int64:
    """Return the lots of each vintage that count as cover for a period."""
    registry, shelf = office.market.registry, office.shelf(right)
    at = np.ix_(shelf.instruments, office.accounts)
    lots: Int64 = registry.free[at] + registry.frozen[at] + registry.pledged[at]
    book = office.books[right]
    # Lots of last year lapse only after its deadline, weeks into the new year: they cover one year, not two.
    ended = [p.vintage for p in book.periods if p.vintage < period.vintage and not book.outlives(p)]
    if ended:
        lots *= (shelf.vintages > max(ended))[:, np.newaxis]
    return lots


class Surrenders:
    """Calls for what is due, and takes it.

    Parameters
    ----------
    office : Office
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._held = HoldingDays()
        self._offsets = Offsets(office)
        self._calls: dict[Key, int] = {}

    def count_day(self, on: date, calendar_days: int) -> None:
        """Count what is held on `calendar_days` days from `on`, where a right asks for cover."""
        self._held.count(self._office, on, calendar_days)

    def counted(self, right: str, period: Period) -> tuple[Int64, int]:
        """Return the lots held on the days of a period counted so far, summed by firm, and how many days those are.

        Lots of later vintages, which cannot cover the period, are left out.
        """
        lots, usable = self._held.lots.get((right, period.name)), self._office.shelf(right).vintages <= period.vintage
        total = np.zeros(len(self._office.accounts), np.int64) if lots is None else lots[usable].sum(axis=0)
        return total, self._held.days.get((right, period.name), 0)

    def is_over(self, right: str, period: Period) -> bool:
        """Return whether the whole duty of a period was called for."""
        return self._calls.get((right, period.name), 0) > len(self._office.books[right].surrender.stages)

    def call(self, matter: Matter, borrow: Int64 | None, may_use_credits: npt.NDArray[np.bool_]) -> Int64:
        """Call for what is due by now, and return what is missing, shape (n_firms,).

        Parameters
        ----------
        borrow : ndarray of int64, shape (n_firms,), or None
            Lots of the next period for which firms apply at most, where they may borrow; None: all that they may.
        may_use_credits : ndarray of bool, shape (n_firms,)
            Whose credits are accepted.

        Raises
        ------
        ExchangeError
            If the whole duty was called for before.
        """
        office, obligations = self._office, self._office.market.obligations
        rule, calls = office.books[matter.right].surrender, self._calls.get(matter.key, 0)
        due, is_last = due_now(office, matter, calls)
        self._calls[matter.key] = calls + 1
        if rule.mode == "cover":
            missing = cover(office, matter, rule, due, self._held)
            obligations.record_surrender(*matter.key, due - missing, office.accounts)
        else:
            wanted = np.maximum(due - obligations.surrendered_lots(*matter.key)[office.accounts], 0)
            on = matter.period.deadline if is_last else matter.period.stages[calls]
            missing = hand_in(office, matter, rule, self._offsets.hand_in(matter, wanted, on, may_use_credits))
            if is_last:
                missing -= lend(office, matter, missing, borrow)
            obligations.record_surrender(*matter.key, wanted - missing, office.accounts)
        office.note_each(matter, rule.kind, "shortfall" if is_last else "stage_shortfall", office.accounts, missing)
        return missing

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            "held": self._held.state(),
            "offsets": self._offsets.state(),
            "calls": [(*key, n) for key, n in self._calls.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._held.restore(state["held"])
        self._offsets.restore(state["offsets"])
        self._calls = {(right, period): int(n) for right, period, n in state["calls"]}


def due_now(office: Office, matter: Matter, stages_done: int) -> tuple[Int64, bool]:
    """Set the duty of a period, and return what of it must be surrendered by now and whether that is all.

    Parameters
    ----------
    stages_done : int
        Earlier calls for this period: each serves one stage, the last one the rest.

    Raises
    ------
    ExchangeError
        If the whole duty was called for before.
    """
    rule = office.books[matter.right].surrender
    if stages_done > len(rule.stages):
        raise ExchangeError(f"surrender of {matter.right} {matter.period.name} is done; it is called for once")
    duty, forgiven, debts = set_duty(office, matter)
    if stages_done < len(rule.stages):
        return rule.due(duty, rule.stages[stages_done].days_before), False
    office.note_each(matter, "shortfall_cap", "obligation_reduced", office.accounts, forgiven)
    # From here on the debts are part of the duty: what stays unserved is a shortfall, and that alone.
    office.market.obligations.take_debt(*matter.key, debts, office.accounts)
    return duty, True


def set_duty(office: Office, matter: Matter) -> tuple[Int64, Int64, Int64]:
    """Set the duty of a period by what is known of its use, and return it, what is forgiven in it, and its debts.

    Use less what a cap on the gap forgives, and the debts, which it does not; all of shape (n_firms,).
    """
    obligations, accounts = office.market.obligations, office.accounts
    debts = obligations.debt_lots(*matter.key)[accounts]
    # Lots surrendered at a stage are not returned when a later verification finds less use.
    done = obligations.surrendered_lots(*matter.key)[accounts]
    forgiven = _forgive(office, matter)
    duty = np.maximum(obligations.obligation_lots(*matter.key)[accounts] + debts, done)
    obligations.set_duty(*matter.key, duty, accounts)
    return duty, forgiven, debts


def hand_in(office: Office, matter: Matter, rule: Surrender, wanted: Int64) -> Int64:
    """Take lots from free ones, oldest vintage first, and return what is missing, shape (n_firms,)."""
    registry, shelf, accounts = office.market.registry, office.shelf(matter.right), office.accounts
    vintage = matter.period.vintage
    if rule.cancel_orders:
        office.withdraw_asks(matter, rule.kind, shelf.instruments[shelf.vintages <= vintage], accounts[wanted > 0])
    free = registry.free[np.ix_(shelf.instruments, accounts)]
    plan = rule.plan(wanted, free, shelf.vintages, vintage)
    for i, lots in zip(shelf.instruments.tolist(), plan.take, strict=True):
        rows = np.flatnonzero(lots)
        if rows.size:
            registry.surrender(i, accounts[rows], lots[rows])
            office.note(matter, rule.kind, "surrendered", instrument=i, lots=int(lots.sum()))
    return plan.shortfall


def hand_in_one(office: Office, matter: Matter, row: int) -> int:
    """Take the duty of one firm before the deadline, and return what is missing; that stays due at the deadline."""
    obligations, account = office.market.obligations, office.accounts[[row]]
    done = obligations.surrendered_lots(*matter.key)[account]
    debts = obligations.debt_lots(*matter.key)[account]
    use = obligations.verified_lots(*matter.key)[office.accounts]
    obligations.forgive(*matter.key, _forgiven(office, matter, use)[[row]], account)
    duty = np.maximum(obligations.obligation_lots(*matter.key)[account] + debts, done)
    obligations.set_duty(*matter.key, duty, account)
    wanted = np.zeros(len(office.accounts), np.int64)
    wanted[row] = int((duty - done)[0])
    rule = office.books[matter.right].surrender
    missing = hand_in(office, matter, rule, wanted)
    obligations.record_surrender(*matter.key, (wanted - missing)[[row]], account)
    office.note_each(matter, rule.kind, "stage_shortfall", office.accounts, missing)
    return int(missing[row])


def cover(office: Office, matter: Matter, rule: Surrender, duty: Int64, held: HoldingDays) -> Int64:
    """Compare a duty with what was held on average, and return what is missing, shape (n_firms,)."""
    days, lots = held.days.pop(matter.key, 0), held.lots.pop(matter.key, None)
    if lots is None:
        office.note(matter, rule.kind, "rule_unmet", lots=int(duty.sum()), note="no day of holding was counted")
        return np.zeros_like(duty)
    vintages = office.shelf(matter.right).vintages
    missing = rule.cover(duty, lots, days, vintages, matter.period.vintage).shortfall
    office.note(matter, rule.kind, "covered", lots=int((duty - missing).sum()))
    return missing


def _forgive(office: Office, matter: Matter) -> Int64:
    """Set and return what the caps on the gap forgive of the verified use, shape (n_firms,)."""
    forgiven = _forgiven(office, matter, _use(office, matter))
    office.market.obligations.forgive(*matter.key, forgiven, office.accounts)
    return forgiven


def _forgiven(office: Office, matter: Matter, use: Int64) -> Int64:
    """Return what the caps on the gap forgive of some use, shape (n_firms,)."""
    allocated = office.market.obligations.allocated_lots(*matter.key)[office.accounts]
    forgiven = np.zeros_like(use)
    for rule in office.books[matter.right].shortfall_caps:
        rows = office.firms.meant_by(rule.where, matter.period.vintage)
        forgiven[rows] = rule.forgiven(use[rows], allocated[rows])
    return forgiven


def _use(office: Office, matter: Matter) -> Int64:
    """Return verified use; where nothing was verified, the authority's estimate becomes it."""
    obligations, accounts = office.market.obligations, office.accounts
    if not obligations.is_verified(*matter.key):
        before = office.previous(matter.right, matter.period)
        if before is None:
            office.note(matter, "verification", "rule_unmet", note="no verified use, now or before")
            return np.zeros(len(accounts), np.int64)
        used_before = obligations.verified_lots(matter.right, before.name)[accounts]
        estimate = office.books[matter.right].surrender.estimate(used_before)
        obligations.verify(*matter.key, estimate, accounts)
        office.note(matter, "verification", "estimated", lots=int(estimate.sum()))
    return obligations.verified_lots(*matter.key)[accounts]
