"""The compliance year, hook by hook, in the order in which it happens.

The authority alone asks the registry to issue, surrender, cancel, carry over and expire.  What it is told (use,
output, prices) comes in as arguments; what it decides is left to the rules.  A rule that cannot be met is an event,
never an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority import allocation, banking
from rights_market.authority.fines import Fines
from rights_market.authority.mrv import Monitoring
from rights_market.authority.mrv.audits import AuditDraws
from rights_market.authority.mrv.monitoring import CheckDraws, Readings
from rights_market.authority.net_sales import SalesCount
from rights_market.authority.office import Covered, Matter, Office
from rights_market.authority.sanctions import SanctionList
from rights_market.authority.supply import Supply
from rights_market.authority.surrender import Surrenders, hand_in
from rights_market.entitlement import Entitlement
from rights_market.exchange.calendar import Period, TradingCalendar
from rights_market.market import Market
from rights_market.policies.banking import NetSales
from rights_market.policies.compliance import MakeGood, Penalty
from rights_market.records import Event
from rights_market.registry.obligations import Debt
from rights_market.rule_history import RuleChange, RuleHistory

Int64 = npt.NDArray[np.int64]


class Authority:
    """The competent authority of one market.

    All amounts are of shape (n_firms,), in the order of `firms`.

    Parameters
    ----------
    market : Market
        Registry, obligations and order books that it acts on.
    firms : Covered
        Who is regulated.
    calendar : TradingCalendar, optional
        Trading days, needed for rights with auctions.
    changes : sequence of RuleChange
        Dated changes of the rules.

    Attributes
    ----------
    entitlements : dict of str to Entitlement
        What the allocation rules give, by code of the right.
    fines : Fines
        What was charged, and what is unpaid.
    monitoring : Monitoring
        What is on file about use, its verifiers and offenders.
    sanctions : SanctionList
        Who offended, and what follows.
    supplies : dict of str to Supply
        Auctions and reserves, by code of the right; only rights with auctions.
    """

    def __init__(
        self,
        market: Market,
        firms: Covered,
        calendar: TradingCalendar | None = None,
        changes: Sequence[RuleChange] = (),
    ) -> None:
        self.market = market
        self.firms = firms
        self._office = Office(market, firms, changes)
        self.entitlements = {
            code: Entitlement(rules.books[0], firms.sectors, firms.classes, rules.books[1:])
            for code, rules in self._office.histories.items()
        }
        self._published: set[tuple[str, str]] = set()
        self.fines = Fines(self._office)
        self.monitoring = Monitoring(self._office)
        self.supplies: dict[str, Supply] = {}
        if calendar is not None:
            auctioned = (b for b in market.rule_books if b.auction is not None)
            self.supplies = {b.right.code: Supply(self._office, b, calendar) for b in auctioned}
        self._surrenders = Surrenders(self._office)
        self._sales = SalesCount(self._office)
        self.sanctions = SanctionList(self._office)

    @property
    def events(self) -> list[Event]:
        """What happened in the market, in order."""
        return self.market.events

    @property
    def fines_fen(self) -> dict[tuple[str, str], Int64]:
        """Fines of each firm by right and period, fen."""
        return self.fines.charged_fen

    @property
    def unpaid_fines_fen(self) -> Int64:
        """Fines that each firm has not paid, without late fees, fen."""
        return self.fines.unpaid_fen + self.monitoring.offences.unpaid_fen

    # -- the rules themselves

    def rules(self, right: str) -> RuleHistory:
        """Return the rules of a right: what is in force, and what is announced."""
        return self._office.histories[right]

    def change_rules(self, right: str, today: date) -> list[RuleChange]:
        """Announce and put into force the dated changes that are due, and return those that begin.

        Plans that were published keep their allocation rules, unless a change is retroactive.
        """
        office, rules = self._office, self._office.histories[right]
        for change in rules.announce(today):
            office.note_rules(right, "rule_announced", change)
        begun = rules.begin(today)
        if not begun:
            return []
        office.adopt(right)
        self.market.change_terms(rules.book)
        for change in begun:
            office.note_rules(right, "rule_changed", change)
        reopened = any(change.retroactive for change in begun)
        kept = [p for p in office.books[right].periods if (right, p.name) in self._published and not reopened]
        self.entitlements[right].adopt(rules.version, {y for p in kept for y in p.years})
        return begun

    # -- allocation

    def announce(self, right: str, period: Period) -> None:
        """Publish the plan of a period.

        A total that an allocation rule cannot share, because no firm has a base, is written down as
        `nothing_to_share`.
        """
        matter = self._office.matter("allocation_announced", right, period)
        self._published.add(matter.key)
        self._office.note(matter, "allocation", "announced")
        for year in period.years:
            lots = self.entitlements[right].unshared_lots(year)
            if lots:
                self._office.note(matter, "grandfathering", "nothing_to_share", lots=lots, note=f"allocation of {year}")

    def preallocate(self, right: str, period: Period, basis_lots: Int64) -> Int64:
        """Issue the early part of the allocation, or all of it where the right has no early part.

        Parameters
        ----------
        basis_lots : ndarray of int64
            Formula on last year's activity, or last year's use, as the rule's basis asks.

        Returns
        -------
        ndarray of int64
            Lots issued: what is due less the debts that it serves.
        """
        rule, obligations = self._office.books[right].upfront, self.market.obligations
        lots = basis_lots if rule is None else rule.preallocate(basis_lots)
        obligations.set_allocation(right, period.name, lots, self.firms.accounts, up_front=True)
        if rule is None:
            obligations.set_allocation(right, period.name, lots, self.firms.accounts)
        matter = self._office.matter("preallocation", right, period)
        self.monitoring.offences.take_cut(matter, lots)
        return self._issue(matter, lots, "preallocated")

    def true_up(self, right: str, period: Period, final_lots: Int64) -> Int64:
        """Settle the allocation: issue what is missing, take back what was too much.

        Returns
        -------
        ndarray of int64
            Lots issued (above 0) or taken back (below 0).
        """
        rule, obligations = self._office.books[right].upfront, self.market.obligations
        obligations.set_allocation(right, period.name, final_lots, self.firms.accounts)
        before = obligations.preallocated_lots(right, period.name)[self.firms.accounts]
        difference = final_lots - before if rule is None else rule.settle(final_lots, before)
        matter = self._office.matter("trueup", right, period)
        more = np.maximum(difference, 0)
        self.monitoring.offences.take_cut(matter, more)
        issued = self._issue(matter, more, "trued_up")
        return issued - allocation.claw_back(self._office, matter, np.maximum(-difference, 0))

    def _issue(self, matter: Matter, lots: Int64, code: str) -> Int64:
        """Issue an allocation, of which a part may have to be consigned."""
        issued = allocation.issue(self._office, matter, lots, code)
        if matter.right in self.supplies:
            self.supplies[matter.right].consign(matter, issued)
        return issued

    # -- use and surrender

    def measure(self, right: str, period: Period, readings: Readings) -> Int64:
        """Measure the use of a period, and return what the instruments show."""
        return self.monitoring.measure(self._office.matter("report_due", right, period), readings)

    def report(self, right: str, period: Period, reported: Int64) -> None:
        """Take the firms' reports on what was measured."""
        self.monitoring.report(self._office.matter("report_due", right, period), reported)

    def check(self, right: str, period: Period, draws: CheckDraws | None) -> Int64:
        """Verify the reports of a period: what comes of it counts as use.

        Returns
        -------
        ndarray of int64
            What firms owe their verifiers, fen.
        """
        matter = self._office.matter("verification", right, period)
        self.verify(right, period, self.monitoring.verified(matter, draws))
        return self.monitoring.bills_fen(matter)

    def audit(self, right: str, period: Period, draws: AuditDraws) -> None:
        """Audit some firms; what they left out becomes due now, or with the next period once this one is over."""
        self.monitoring.audit(self._office.matter("audit", right, period), draws, self._surrenders.is_over)

    def publish(
        self, right: str, period: Period, errors: Mapping[str, npt.NDArray[np.float64]], *, disclosure_due: bool
    ) -> None:
        """Publish the inventory of a period, and what firms have to disclose if that is due.

        Parameters
        ----------
        errors : mapping of str to ndarray of float64, shape (n_firms,)
            Standard normal errors by item of disclosure.
        disclosure_due : bool
            Whether the delay of disclosure has passed.
        """
        matter = self._office.matter("publish", right, period)
        if self.monitoring.is_on_file(matter):
            self.monitoring.publication.publish(matter, errors, disclosure_due=disclosure_due)

    def verify(self, right: str, period: Period, use_lots: Int64) -> None:
        """Set the verified use of a period."""
        self.market.obligations.verify(right, period.name, use_lots, self.firms.accounts)
        matter = self._office.matter("verification", right, period)
        self._office.note(matter, "verification", "verified", lots=int(use_lots.sum()))

    def count_day(self, on: date, calendar_days: int = 1) -> None:
        """Count what was held and what was sold on a day, for the rules that look at it.

        Parameters
        ----------
        on : date
            Trading day that has ended.
        calendar_days : int
            Days from `on` for which the holdings stand: up to the day before the next trading day.
        """
        self._surrenders.count_day(on, calendar_days)
        self._sales.count(on)
        self.sanctions.lift(on + timedelta(calendar_days))

    def surrender(self, right: str, period: Period, borrow: Int64 | None = None) -> Int64:
        """Take what is due from free lots, oldest vintage first, or compare it with what was held on average.

        To be called once for each of the period's stages, in order, and once at the deadline.

        Parameters
        ----------
        borrow : ndarray of int64, or None
            Lots of the next period for which firms apply at most, where they may borrow; None: all that they may.

        Returns
        -------
        ndarray of int64
            Lots missing of what is due by now.

        Raises
        ------
        ExchangeError
            If it is called again after the deadline.
        """
        may_use = self.sanctions.accepts_credits(right, period.vintage)
        return self._surrenders.call(self._office.matter("surrender_deadline", right, period), borrow, may_use)

    # -- what a shortfall costs

    def penalise(
        self,
        right: str,
        period: Period,
        prices_fen: Mapping[int, Fraction],
        draws: npt.NDArray[np.float64] | None = None,
    ) -> Int64:
        """Fine those who miss lots; what they cannot pay stays owed.

        Parameters
        ----------
        prices_fen : mapping of int to Fraction
            Mean market price up to the deadline, fen a lot, by the calendar days of its window (`price_windows`).
        draws : ndarray of float64, or None
            Where between the bounds of a lump sum each firm lies, 0 to 1; None: in the middle.

        Returns
        -------
        ndarray of int64
            Fines, fen.

        Raises
        ------
        ExchangeError
            If the period was fined before.
        """
        return self.fines.charge(self._office.matter("penalty", right, period), prices_fen, draws)

    def collect_fines(self, calendar_days: int) -> Int64:
        """Let days pass since the last call, then take what cash there is for unpaid fines and their late fees.

        Returns
        -------
        ndarray of int64
            What was paid, fen.
        """
        return self.fines.collect(calendar_days) + self.monitoring.offences.collect()

    def penalties_of(self, right: str, period: Period) -> list[tuple[Penalty, npt.NDArray[np.intp]]]:
        """Return the penalty rules of a period, as announced so far, each with the firms that it concerns."""
        book = self._office.histories[right].on(period.penalty or period.deadline)
        return [(rule, rows) for _, rule, rows in self.fines.rules_of(book, period.vintage)]

    def sanction(self, right: str, period: Period, on: date) -> None:
        """Let follow what the rules say to those who missed lots at the deadline, today."""
        missing = self.market.obligations.shortfall(right, period.name)[self.firms.accounts]
        self.sanctions.offend(self._office.matter("penalty", right, period), np.flatnonzero(missing), on)

    def price_windows(self, right: str, period: Period) -> set[int]:
        """Return over how many calendar days before the deadline the fines of a period need the mean price."""
        rules = self.fines.rules_of(self._office.books[right], period.vintage)
        return {rule.price_window for _, rule, _ in rules if rule.form == "multiple"}

    def make_good(self, right: str, period: Period, following: Period | None) -> None:
        """Ask for what is missing: at once where the rule has a date of its own, and from the next period.

        Where no period follows, what is left is written down as `rule_unmet`: there is no duty to add it to.
        """
        rule = self._office.books[right].make_good
        if rule is None:
            return
        matter = self._office.matter("make_good", right, period)
        obligations, accounts = self.market.obligations, self.firms.accounts
        due = rule.due(
            obligations.shortfall(right, period.name)[accounts], obligations.forgiven_lots(right, period.name)[accounts]
        )
        if not due.any():
            return
        self._office.note_each(matter, rule.kind, "make_good_due", self.firms.accounts, due)
        if rule.deadline is not None:
            due = hand_in(self._office, matter, self._office.books[right].surrender, due)
        self._owe(matter, rule, due, following)

    def _owe(self, matter: Matter, rule: MakeGood, due: Int64, following: Period | None) -> None:
        if following is not None:
            self.market.obligations.add_debt(matter.right, following.name, Debt.MAKE_GOOD, due, self.firms.accounts)
        elif due.any():
            self._office.note(matter, rule.kind, "rule_unmet", lots=int(due.sum()), note="no next period")

    def close_banking(self, right: str, period: Period, following: Period | None, on: date) -> None:
        """Let lapse what may not be carried over, and relabel the rest where the rule says so.

        What the government and the exchange hold is not concerned.

        Parameters
        ----------
        following : Period or None
            Period by whose vintage carried lots are replaced, if the rule replaces them.
        on : date
            Today, for rules that let lots lapse on some dates only.
        """
        banking.close(self._office, self._office.matter("banking_close", right, period), following, on, self._sales)

    def net_sold(self, right: str, rule: NetSales) -> Int64:
        """Return lots sold less bought so far in the window of a rule of carry-over, shape (n_accounts,)."""
        return self._sales.lots(right, rule)

    # -- records

    def note(self, event: Event) -> None:
        """Write down an event of another department, such as an auction."""
        self.market.events.append(event)

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers; the market keeps the events."""
        return {
            "rules": {code: rules.state() for code, rules in self._office.histories.items()},
            "published": sorted(self._published),
            "fines": self.fines.state(),
            "monitoring": self.monitoring.state(),
            "surrenders": self._surrenders.state(),
            "sales": self._sales.state(),
            "sanctions": self.sanctions.state(),
            "entitlements": {k: x.state() for k, x in self.entitlements.items()},
            "supplies": {k: x.state() for k, x in self.supplies.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for code, rules in self._office.histories.items():
            rules.restore(state["rules"][code])
            self._office.adopt(code)
            self.market.adopt(rules.book)
        self._published = {(right, period) for right, period in state["published"]}
        self.fines.restore(state["fines"])
        self.monitoring.restore(state["monitoring"])
        self._surrenders.restore(state["surrenders"])
        self._sales.restore(state["sales"])
        self.sanctions.restore(state["sanctions"])
        for code, saved in state["entitlements"].items():
            self.entitlements[code].restore(saved, self.rules(code).version)
        for code, saved in state["supplies"].items():
            self.supplies[code].restore(saved)
