"""The authority: carries out the compliance year by the rule book of each right, and writes down what happened.

It alone asks the registry to issue, surrender, cancel, carry over and expire.  What it is told (use, output, bids)
comes in as arguments; what it decides is left to the rules.  A rule that cannot be met is an event, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.entitlement import Entitlement
from rights_market.exchange.calendar import Period
from rights_market.market import Market
from rights_market.policies.banking import COLUMNS
from rights_market.policies.compliance import Penalty
from rights_market.records import Event
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.registry.ledger import Part
from rights_market.registry.obligations import Debt
from rights_market.rulebook import RuleBook
from rights_market.units import half_up

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Covered:
    """Who is regulated.

    Attributes
    ----------
    accounts : ndarray of int64, shape (n,)
    sectors, classes : tuple of str
        What `where` of a rule looks at.
    """

    accounts: Int64
    sectors: tuple[str, ...]
    classes: tuple[str, ...] = field(default=())


class Authority:
    """The competent authority of one market.

    Parameters
    ----------
    market : Market
        Registry, obligations and order books that it acts on.
    firms : Covered
        Who is regulated.

    Attributes
    ----------
    events : list of Event
        What happened, in order.
    unpaid_fines_fen : ndarray of int64, shape (n_firms,)
    """

    def __init__(self, market: Market, firms: Covered) -> None:
        self.market = market
        self.firms = firms
        self.events: list[Event] = []
        self.unpaid_fines_fen: Int64 = np.zeros(len(firms.accounts), dtype=np.int64)
        self.fines_fen: dict[tuple[str, str], Int64] = {}
        self.entitlements = {b.right.code: Entitlement(b, firms.sectors, firms.classes) for b in market.rule_books}
        self._books = {b.right.code: b for b in market.rule_books}
        self._lot_days: dict[str, Int64] = {}
        self._days: dict[str, int] = {}

    # -- allocation

    def announce(self, right: str, period: Period) -> None:
        """Publish the plan of a period."""
        self._note("allocation_announced", "allocation", "announced", right, period)

    def preallocate(self, right: str, period: Period, basis_lots: Int64) -> Int64:
        """Issue the early part of the allocation, less what firms owe from before.

        Parameters
        ----------
        basis_lots : ndarray of int64, shape (n_firms,)
            Formula on last year's activity, or last year's use, as the rule's basis asks.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            Lots issued.
        """
        book = self._books[right]
        lots = basis_lots if book.upfront is None else book.upfront.preallocate(basis_lots)
        self.market.obligations.set_allocation(right, period.name, lots, self.firms.accounts, up_front=True)
        return self._issue(right, period, lots, "preallocation", "preallocated")

    def true_up(self, right: str, period: Period, final_lots: Int64) -> Int64:
        """Settle the allocation: issue what is missing, take back what was too much.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            Lots issued (above 0) or taken back (below 0).
        """
        book, accounts = self._books[right], self.firms.accounts
        obligations = self.market.obligations
        obligations.set_allocation(right, period.name, final_lots, accounts)
        before = obligations.preallocated_lots(right, period.name)[accounts]
        difference = final_lots - before if book.upfront is None else book.upfront.settle(final_lots, before)
        issued = self._issue(right, period, np.maximum(difference, 0), "trueup", "trued_up")
        return issued - self._claw_back(right, period, np.maximum(-difference, 0))

    def _issue(self, right: str, period: Period, lots: Int64, hook: str, code: str) -> Int64:
        obligations, accounts = self.market.obligations, self.firms.accounts
        book = self._books[right]
        if book.make_good is not None and book.make_good.mode == "deduct_allocation":
            served = obligations.take_debt(right, period.name, lots, accounts).sum(axis=0)
            lots = lots - served
            if served.sum():
                self._note(hook, "make_good", "deducted", right, period, lots=int(served.sum()))
        rows = np.flatnonzero(lots > 0)
        instrument = self.market.instruments.of(right, period.vintage).index
        self.market.registry.issue(instrument, accounts[rows], lots[rows])
        self._note(hook, "allocation", code, right, period, lots=int(lots.sum()))
        return lots

    def _claw_back(self, right: str, period: Period, owed: Int64) -> Int64:
        book, accounts = self._books[right], self.firms.accounts
        if book.upfront is None or not owed.any():
            return np.zeros_like(owed)
        held = [x.index for x in self.market.instruments.of_right(right)]
        vintages = np.array([self.market.instruments[i].vintage for i in held])
        if book.upfront.cancel_orders:
            for i in held:
                self._cancel_asks(accounts[owed > 0], i)
        free = self.market.registry.free[np.ix_(held, accounts)]
        take, debt = book.upfront.recover(owed, free, vintages, period.vintage)
        for row, i in enumerate(held):
            rows = np.flatnonzero(take[row] > 0)
            self.market.registry.cancel(i, accounts[rows], take[row, rows])
        taken = take.sum(axis=0)
        self._note("trueup", "upfront_true_up", "clawed_back", right, period, lots=int(taken.sum()))
        if debt.any():
            self.market.obligations.add_debt(right, period.name, Debt.ALLOCATION, debt, accounts)
            self._note("trueup", "upfront_true_up", "allocation_debt", right, period, lots=int(debt.sum()))
        return np.asarray(taken)

    # -- use and surrender

    def verify(self, right: str, period: Period, use_lots: Int64) -> None:
        """Set the verified use of a period."""
        self.market.obligations.verify(right, period.name, use_lots, self.firms.accounts)
        self._note("verification", "verification", "verified", right, period, lots=int(use_lots.sum()))

    def count_day(self, calendar_days: int) -> None:
        """Count the lots held today, where the right asks for cover and not for surrender."""
        registry = self.market.registry
        for right, book in self._books.items():
            if book.surrender.mode == "cover":
                held = [x.index for x in self.market.instruments.of_right(right)]
                at = np.ix_(held, self.firms.accounts)
                lots = registry.free[at] + registry.frozen[at] + registry.pledged[at]
                self._lot_days[right] = self._lot_days.get(right, np.zeros_like(lots)) + lots * calendar_days
                self._days[right] = self._days.get(right, 0) + calendar_days

    def surrender(self, right: str, period: Period) -> Int64:
        """Take what is due at the deadline from free lots, oldest vintage first.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            Lots missing.
        """
        book, accounts = self._books[right], self.firms.accounts
        obligations, registry = self.market.obligations, self.market.registry
        verified = obligations.verified_lots(right, period.name)[accounts]
        duty = verified + obligations.debt_lots(right, period.name)[accounts]
        obligations.set_duty(right, period.name, duty, accounts)
        held = [x.index for x in self.market.instruments.of_right(right)]
        vintages = np.array([self.market.instruments[i].vintage for i in held])
        if book.surrender.mode == "cover":
            days, lot_days = self._days.pop(right), self._lot_days.pop(right)
            missing = book.surrender.cover(duty, lot_days, days, vintages, period.vintage).shortfall
            obligations.record_surrender(right, period.name, duty - missing, accounts)
        else:
            if book.surrender.cancel_orders:
                for i in held:
                    self._cancel_asks(accounts[duty > 0], i)
            plan = book.surrender.plan(duty, registry.free[np.ix_(held, accounts)], vintages, period.vintage)
            for row, i in enumerate(held):
                rows = np.flatnonzero(plan.take[row] > 0)
                registry.surrender(i, accounts[rows], plan.take[row, rows])
            obligations.record_surrender(right, period.name, plan.take.sum(axis=0), accounts)
            missing = plan.shortfall
        done = int((duty - missing).sum())
        self._note("surrender_deadline", "surrender", "surrendered", right, period, lots=done)
        self._note_each("surrender_deadline", "surrender", "shortfall", right, period, missing)
        return missing

    def penalise(self, right: str, period: Period, price_fen: Fraction, draws: npt.NDArray[np.float64]) -> Int64:
        """Fine those who miss lots; what they cannot pay stays owed.

        Parameters
        ----------
        price_fen : Fraction
            Mean market price of the rule's window, fen a lot.
        draws : ndarray of float64, shape (n_firms,)
            Where between the bounds of a lump sum each firm lies.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
            Fines, fen.
        """
        accounts, obligations = self.firms.accounts, self.market.obligations
        missing = obligations.shortfall(right, period.name)[accounts]
        verified = obligations.verified_lots(right, period.name)[accounts]
        fines = np.zeros_like(missing)
        for rule, rows in self.penalties_of(right, period.vintage):
            fines[rows] += rule.fine(missing[rows], verified[rows], price_fen, draws[rows])
        cash = self.market.registry.cash[accounts]
        paid = np.minimum(fines, cash)
        rows = np.flatnonzero(paid > 0)
        self.market.registry.pay(accounts[rows], GOVERNMENT_ACCOUNT, paid[rows])
        self.unpaid_fines_fen += fines - paid
        self.fines_fen[right, period.name] = fines
        if fines.any():
            self._note("penalty", "penalty", "fined", right, period, money_fen=int(fines.sum()))
        if (fines > paid).any():
            self._note("penalty", "penalty", "fine_unpaid", right, period, money_fen=int((fines - paid).sum()))
        return fines

    def penalties_of(self, right: str, year: int) -> list[tuple[Penalty, npt.NDArray[np.intp]]]:
        """Return the penalty rules of a year, each with the firms that it concerns."""
        firms = self.firms
        classes = firms.classes or firms.sectors
        pairs = [(e.rule, np.flatnonzero(e.where.mask(firms.sectors, classes, year))) for e in self._books[right].penalties]
        return [(rule, rows) for rule, rows in pairs if len(rows)]

    def make_good(self, right: str, period: Period, following: Period | None) -> None:
        """Add what is missing to what the next period owes.

        Where no period follows, the debt is written down as an event: nobody is left to collect it.
        """
        rule = self._books[right].make_good
        if rule is None:
            return
        due = rule.due(self.market.obligations.shortfall(right, period.name)[self.firms.accounts])
        if not due.any():
            return
        self._note("make_good", "make_good", "make_good_due", right, period, lots=int(due.sum()))
        if following is None:
            self._note("make_good", "make_good", "rule_unmet", right, period, lots=int(due.sum()), note="no next period")
        else:
            self.market.obligations.add_debt(right, following.name, Debt.MAKE_GOOD, due, self.firms.accounts)

    def close_banking(self, right: str, period: Period, following: Period | None, on: date) -> None:
        """Let lapse what may not be carried over, and relabel the rest where the rule says so."""
        book, market = self._books[right], self.market
        held = [x.index for x in market.instruments.of_right(right)]
        vintages = np.array([market.instruments[i].vintage for i in held])
        owners = np.flatnonzero(np.arange(len(market.accounts)) != GOVERNMENT_ACCOUNT)
        at = np.ix_(held, owners)
        registry = market.registry
        holdings = np.stack([registry.free[at], registry.frozen[at], registry.pledged[at]])
        basis = market.obligations.duty_lots(right, period.name)[owners]
        if getattr(getattr(book.banking, "cap", None), "basis", "") == "allocation":
            basis = market.obligations.allocated_lots(right, period.name)[owners]
        carry = book.banking.carry(holdings, vintages, period.vintage, basis_lots=basis, on=on)
        for column, part in zip(COLUMNS, Part, strict=True):
            for row, i in enumerate(held):
                lots = carry.lapsed[Part[column.upper()], row]
                rows = np.flatnonzero(lots > 0)
                registry.expire(i, owners[rows], lots[rows], part=part)
        self._note("banking_close", "banking", "carried_over", right, period, lots=int(carry.carried.sum()))
        if carry.lapsed.any():
            self._note("banking_close", "banking", "lapsed", right, period, lots=int(carry.lapsed.sum()))
        if following is not None:
            self._relabel(right, period, following, held, vintages, owners, carry.carried)

    def _relabel(
        self,
        right: str,
        period: Period,
        following: Period,
        held: Sequence[int],
        vintages: Int64,
        owners: Int64,
        carried: Int64,
    ) -> None:
        target = self.market.instruments.of(right, following.vintage).index
        front = self.market.instruments.of(right, period.vintage).index
        self.market.carry_price(front, target)
        if getattr(self._books[right].banking, "relabel", "keep") != "new_vintage":
            return
        for part in Part:
            for row, i in enumerate(held):
                rows = np.flatnonzero(carried[part, row] > 0)
                if vintages[row] < following.vintage and len(rows):
                    self.market.registry.carry_over(i, target, owners[rows], carried[part, row, rows], part=part)

    # -- records

    def note(self, event: Event) -> None:
        """Write down an event of another department, such as an auction."""
        self.events.append(event)

    def _note(
        self,
        hook: str,
        rule: str,
        code: str,
        right: str,
        period: Period,
        *,
        lots: int = 0,
        money_fen: int = 0,
        note: str = "",
    ) -> None:
        instrument = self.market.instruments.of(right, period.vintage).index
        self.events.append(
            Event(
                self.market.registry.day, hook, rule, code, instrument=instrument, lots=lots, money_fen=money_fen, note=note
            )
        )

    def _note_each(self, hook: str, rule: str, code: str, right: str, period: Period, lots: Int64) -> None:
        instrument = self.market.instruments.of(right, period.vintage).index
        day = self.market.registry.day
        for row in np.flatnonzero(lots):
            account = int(self.firms.accounts[row])
            self.events.append(Event(day, hook, rule, code, account, instrument, lots=int(lots[row])))

    def _cancel_asks(self, accounts: Int64, instrument: int) -> None:
        frozen = self.market.registry.frozen[instrument, accounts]
        self.market.cancel_asks(accounts[frozen > 0], instrument)

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            "events": [tuple(getattr(e, f) for f in Event.__slots__) for e in self.events],
            "unpaid_fines_fen": self.unpaid_fines_fen.copy(),
            "fines_fen": [(r, p, x.copy()) for (r, p), x in self.fines_fen.items()],
            "lot_days": {k: x.copy() for k, x in self._lot_days.items()},
            "days": dict(self._days),
            "entitlements": {k: x.state() for k, x in self.entitlements.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.events = [Event(*row) for row in state["events"]]
        self.unpaid_fines_fen = np.array(state["unpaid_fines_fen"])
        self.fines_fen = {(r, p): np.array(x) for r, p, x in state["fines_fen"]}
        self._lot_days = {k: np.array(x) for k, x in state["lot_days"].items()}
        self._days = {k: int(n) for k, n in state["days"].items()}
        for code, saved in state["entitlements"].items():
            self.entitlements[code].restore(saved)


def mean_price_fen(book: RuleBook, value_fen: int, lots: int, last_close_ticks: int) -> Fraction:
    """Return the mean price of a window, fen a lot, not rounded; the last close where nothing traded."""
    if lots == 0:
        return Fraction(last_close_ticks * book.right.tick_value_fen)
    return Fraction(value_fen, lots)


def fine_per_lot(rules: Sequence[Penalty], price_fen: float) -> float:
    """Return about what one missing lot costs in fines, fen, at a market price; lump sums are not per lot."""
    total = 0.0
    for rule in rules:
        if rule.form == "fixed":
            total += float((rule.fen_per_lot or 0) * rule.index)
        elif rule.form == "multiple":
            total += float(rule.low or 0) * price_fen
    return total


def lump_fine_fen(rules: Sequence[Penalty]) -> int:
    """Return the mean lump sum that any shortfall costs, fen."""
    return sum(half_up(Fraction((r.lump_low or 0) + (r.lump_high or 0), 2)) for r in rules if r.form == "lump")
