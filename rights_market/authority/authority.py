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
from rights_market.authority.caps import Caps
from rights_market.authority.conversions import Conversions
from rights_market.authority.coverage import Coverage
from rights_market.authority.credits import CreditOffice, Source
from rights_market.authority.entrants import Entrants
from rights_market.authority.fines import Fines
from rights_market.authority.fiscal import Treasury
from rights_market.authority.gateways import Gateways
from rights_market.authority.mrv import Monitoring
from rights_market.authority.mrv.audits import AuditDraws
from rights_market.authority.mrv.monitoring import CheckDraws, Readings
from rights_market.authority.net_sales import SalesCount
from rights_market.authority.office import Covered, Matter, Office
from rights_market.authority.paid_use import PaidUse
from rights_market.authority.projects import Projects
from rights_market.authority.reserve import Reserve
from rights_market.authority.sanctions import SanctionList
from rights_market.authority.supply import Supply
from rights_market.authority.surrender import Surrenders, hand_in, hand_in_one
from rights_market.authority.zones import Zones
from rights_market.entitlement import Entitlement
from rights_market.exchange.calendar import Hook, Period, TradingCalendar
from rights_market.market import Market
from rights_market.policies.banking import NetSales
from rights_market.policies.compliance import MakeGood, Penalty
from rights_market.policies.links import MarketLink, RightExchangeRate
from rights_market.policies.rule import Rule
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
    links, fiscal : sequence of Rule
        Rules of the market as a whole.

    Attributes
    ----------
    entitlements : dict of str to Entitlement
        What the allocation rules give, by code of the right.
    caps : Caps
        Caps by right and year.
    coverage : Coverage
        Who is covered, and who has closed.
    entrants : Entrants
        The reserves for new entrants.
    projects : Projects
        New plants that have applied.
    paid_use : PaidUse
        Rights that are paid for by term.
    fines : Fines
        What was charged, and what is unpaid.
    monitoring : Monitoring
        What is on file about use, its verifiers and offenders.
    sanctions : SanctionList
        Who offended, and what follows.
    supplies : dict of str to Supply
        Auctions and reserves, by code of the right; only rights with auctions.
    credits : CreditOffice
        What projects and households earn.
    reserve : Reserve
        Rights that the government bought back.
    zones : Zones
        Zones of the rights that have any.
    gateways : Gateways
        Links to outside markets.
    conversions : Conversions
        Units exchanged for those of other rights.
    treasury : Treasury
        Charges by use, grants, and revenue.
    """

    def __init__(
        self,
        market: Market,
        firms: Covered,
        calendar: TradingCalendar | None = None,
        changes: Sequence[RuleChange] = (),
        credit_sources: Sequence[Source] = (),
        *,
        links: Sequence[Rule] = (),
        fiscal: Sequence[Rule] = (),
    ) -> None:
        self.market = market
        self.firms = firms
        self._office = Office(market, firms, changes)
        self.entitlements = {
            code: Entitlement(rules.books[0], firms.sectors, firms.classes, firms.regions, rules.books[1:])
            for code, rules in self._office.histories.items()
        }
        self._published: set[tuple[str, str]] = set()
        self.caps = Caps(self._office, self.entitlements)
        self.coverage = Coverage(self._office, self.entitlements)
        self.entrants = Entrants(self._office, self.entitlements)
        self.zones = Zones(self._office)
        self.reserve = Reserve(self._office, self.zones)
        self.projects = Projects(self._office, self.zones, self.reserve)
        self.paid_use = PaidUse(self._office)
        self.fines = Fines(self._office)
        self.monitoring = Monitoring(self._office)
        self.supplies: dict[str, Supply] = {}
        if calendar is not None:
            auctioned = (b for b in market.rule_books if b.auction is not None)
            self.supplies = {b.right.code: Supply(self._office, b, calendar) for b in auctioned}
        self._surrenders = Surrenders(self._office)
        self._sales = SalesCount(self._office)
        self.sanctions = SanctionList(self._office)
        self.credits = CreditOffice(self._office, credit_sources)
        self.gateways = Gateways(self._office, [rule for rule in links if isinstance(rule, MarketLink)])
        self.conversions = Conversions(self._office, [rule for rule in links if isinstance(rule, RightExchangeRate)])
        self.treasury = Treasury(self._office, fiscal)

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

    def set_caps(self, right: str, period: Period, activity: Mapping[int, int]) -> None:
        """Set the caps of a period's years, each for the activity that is forecast, whole units.

        A right without a cap is passed over.
        """
        if self._office.books[right].cap is not None:
            for year in period.years:
                matter = self._office.matter("cap_set", right, period)
                self.entrants.set_aside(matter, year, self.caps.set(matter, year, activity[year]))

    def estimate_base(self, right: str, period: Period, year: int, use_lots: Int64, output_units: Int64) -> None:
        """File an estimate of a base year that is not verified when the plan of a period rests on it.

        The verified figures take its place once they are there.
        """
        self.entitlements[right].report_use(year, use_lots, output_units)
        matter = self._office.matter("allocation_announced", right, period)
        self._office.note(matter, "allocation", "base_estimated", lots=int(use_lots.sum()), note=f"use of {year}")

    def announce(self, right: str, period: Period, claims: Mapping[int, Int64] | None = None) -> None:
        """Publish the plan of a period, with what its rules remark about it, such as a total that cannot be shared.

        Parameters
        ----------
        claims : dict of int to ndarray of int64, optional
            Claims of the firms by year at the output that is expected, to publish what the cap leaves of them.
        """
        matter = self._office.matter("allocation_announced", right, period)
        self._published.add(matter.key)
        self._office.note(matter, "allocation", "announced")
        for year in period.years:
            for rule, remark in self.entitlements[right].remarks(year):
                self._office.note(matter, rule, remark.code, lots=remark.lots, note=remark.note)
            allocation.publish_cuts(self._office, matter, self.entitlements[right], year, (claims or {}).get(year))

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
        basis = np.where(self.entitlements[right].is_closed, 0, basis_lots)
        lots = basis if rule is None else rule.preallocate(basis)
        if right in self.paid_use.terms:
            lots = self.paid_use.quota_lots(right)
        lots = self.zones.within_caps(self._office.matter("preallocation", right, period), lots)
        recorded = lots + self.entrants.granted_lots(right, period.name)
        obligations.set_allocation(right, period.name, recorded, self.firms.accounts, up_front=True)
        if rule is None:
            obligations.set_allocation(right, period.name, recorded, self.firms.accounts)
        matter = self._office.matter("preallocation", right, period)
        self.monitoring.offences.take_cut(matter, lots)
        issued = self._issue(matter, lots, "preallocated")
        if right in self.paid_use.terms:
            self.paid_use.hold(right)
        return issued

    def true_up(self, right: str, period: Period, final_lots: Int64) -> Int64:
        """Settle the allocation: issue what is missing, take back what was too much.

        Returns
        -------
        ndarray of int64
            Lots issued (above 0) or taken back (below 0).
        """
        rule, obligations = self._office.books[right].upfront, self.market.obligations
        final_lots = final_lots + self.entrants.granted_lots(right, period.name)
        # A closed firm keeps what it was issued by a rule that does not look at output; no more is issued to it.
        keeps = self.entitlements[right].is_closed & ~self.entitlements[right].follows_output(period.vintage)
        issued_before = obligations.preallocated_lots(right, period.name)[self.firms.accounts]
        final_lots = np.where(keeps, issued_before, final_lots)
        final_lots = self.zones.within_caps(self._office.matter("trueup", right, period), final_lots)
        obligations.set_allocation(right, period.name, final_lots, self.firms.accounts)
        difference = final_lots - issued_before if rule is None else rule.settle(final_lots, issued_before)
        matter = self._office.matter("trueup", right, period)
        verified = obligations.verified_lots(right, period.name)[self.firms.accounts]
        for kind, lots in self.entitlements[right].balances(period.vintage, final_lots, verified):
            self._office.note(matter, kind, "scheme_balance", lots=lots)
        more = np.maximum(difference, 0)
        self.monitoring.offences.take_cut(matter, more)
        issued = self._issue(matter, more, "trued_up")
        return issued - allocation.claw_back(self._office, matter, np.maximum(-difference, 0))

    def correct_caps(self, right: str, period: Period, activity: Mapping[int, int]) -> None:
        """Correct the caps of a period's years for their verified activity, whole units, where the rule asks for it."""
        for year in period.years:
            self.caps.correct(self._office.matter("trueup", right, period), year, activity[year])

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
        self.zones.review(matter, use_lots, self.credits.claimed_sites)

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

    def begin_term(self, right: str, quota_lots: Int64, on: date, *, is_first: bool) -> None:
        """Sell a right for a term: so many lots a year to each firm, 0 to those that do not want it.

        Parameters
        ----------
        is_first : bool
            Whether it is the first term since the market began, which old holders may be given.
        """
        rule = self._office.books[right].paid_use
        is_free = is_first and rule is not None and rule.free_old_holders
        hook: Hook = "allocation_announced" if is_first else "term_end"
        self.paid_use.begin(right, quota_lots, on, is_free=is_free, hook=hook)

    # -- entry and exit

    def open_year(self, right: str, period: Period, year: int, subject: npt.NDArray[np.bool_]) -> None:
        """Renew the list of covered firms, and deal with what is left of last year's reserve.

        Parameters
        ----------
        period : Period
            The period at hand.
        subject : ndarray of bool
            Firms that are at work and of a kind that may be covered.
        """
        matter = self._office.matter("year_open", right, period)
        self.entrants.close_year(matter)
        self.coverage.open_year(matter, year, subject)

    def admit(self, right: str, period: Period, row: int, yearly_lots: int, capacity_units: int) -> Int64:
        """Let a firm begin to work: put it on the list, and grant it what the reserve has for it.

        Returns
        -------
        ndarray of int64
            Lots granted.
        """
        matter = self._office.matter("firm_entry", right, period)
        if not self.coverage.admit(matter, row, yearly_lots):
            return np.zeros(len(self.firms.accounts), np.int64)
        self.entitlements[right].entry_year[row] = period.vintage
        return self.entrants.grant(matter, np.array([row]), np.array([capacity_units]))

    def grant_without_base(self, right: str, period: Period, capacity_units: Int64) -> Int64:
        """Serve firms from the reserve for which the allocation rules of a period find no base, and return the lots."""
        without = self.entitlements[right].without_base(period.vintage)
        rows = np.flatnonzero(without & (capacity_units > 0))
        return self.entrants.grant(self._office.matter("firm_entry", right, period), rows, capacity_units[rows])

    def settle_closed(self, right: str, period: Period, row: int, use_lots: int, final_lots: int | None) -> int:
        """Settle the duty of a firm that has closed, ahead of the others: verify, true up, surrender.

        Parameters
        ----------
        use_lots : int
            Its use of the period.
        final_lots : int or None
            Its allocation at what it made; None where that does not depend on output, or is settled.

        Returns
        -------
        int
            Lots issued, or below 0 taken back.
        """
        account = self.firms.accounts[[row]]
        matter = self._office.matter("firm_exit", right, period)
        self.market.obligations.verify(*matter.key, [use_lots], account)
        moved = 0 if final_lots is None else allocation.settle_one(self._office, matter, row, final_lots)
        self.entrants.recycle(matter, max(0, -moved))
        rule = self._office.books[right].entry_exit
        if self._office.books[right].surrender.mode == "surrender":
            hand_in_one(self._office, matter, row)
        if rule is not None and not rule.keep_units:
            allocation.cancel_free(self._office, matter, row, rule.kind)
        return moved

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

    def write_off_closed(self) -> Int64:
        """Give up the fines that closed firms have not paid, and return them, fen: the public's loss."""
        rows = np.array(list(self.coverage.closed_on), np.intp)
        given_up = self.fines.write_off(rows)
        for row in np.flatnonzero(given_up).tolist():
            self._office.note_firm("year_open", "entry_exit", "written_off", row, money_fen=int(given_up[row]))
        return given_up

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

    def matter(self, hook: Hook, right: str, period: Period) -> Matter:
        """Return the record of a duty at hand."""
        return self._office.matter(hook, right, period)

    def note(self, event: Event) -> None:
        """Write down an event of another department, such as an auction."""
        self.market.events.append(event)

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers; the market keeps the events."""
        return {
            "rules": {code: rules.state() for code, rules in self._office.histories.items()},
            "published": sorted(self._published),
            "caps": self.caps.state(),
            "coverage": self.coverage.state(),
            "entrants": self.entrants.state(),
            "projects": self.projects.state(),
            "paid_use": self.paid_use.state(),
            "fines": self.fines.state(),
            "monitoring": self.monitoring.state(),
            "surrenders": self._surrenders.state(),
            "sales": self._sales.state(),
            "sanctions": self.sanctions.state(),
            "credits": self.credits.state(),
            "reserve": self.reserve.state(),
            "zones": self.zones.state(),
            "gateways": self.gateways.state(),
            "conversions": self.conversions.state(),
            "treasury": self.treasury.state(),
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
        for name in ("caps", "coverage", "entrants", "projects", "paid_use"):
            getattr(self, name).restore(state[name])
        self.fines.restore(state["fines"])
        self.monitoring.restore(state["monitoring"])
        self._surrenders.restore(state["surrenders"])
        self._sales.restore(state["sales"])
        self.sanctions.restore(state["sanctions"])
        self.credits.restore(state["credits"])
        self.reserve.restore(state["reserve"])
        self.zones.restore(state["zones"])
        self.gateways.restore(state["gateways"])
        self.conversions.restore(state["conversions"])
        self.treasury.restore(state["treasury"])
        for code, saved in state["entitlements"].items():
            self.entitlements[code].restore(saved, self.rules(code).version)
        for code, saved in state["supplies"].items():
            self.supplies[code].restore(saved)
