"""The compliance year, hook by hook, in the order in which it happens.

The authority alone asks the registry to issue, surrender, cancel, carry over and expire.  What it is told (use,
output, prices) comes in as arguments; what it decides is left to the rules.  A rule that cannot be met is an event,
never an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rights_market.authority import banking
from rights_market.authority.access import Access
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
from rights_market.authority.observations import Observations
from rights_market.authority.office import Covered, Matter, Office
from rights_market.authority.paid_use import PaidUse
from rights_market.authority.plans import Plans
from rights_market.authority.projects import Projects
from rights_market.authority.regulator import Regulator, refuse_late_reviews
from rights_market.authority.reserve import Reserve
from rights_market.authority.sanctions import SanctionList
from rights_market.authority.shortfalls import Shortfalls
from rights_market.authority.supply import Supply
from rights_market.authority.surrender import Surrenders
from rights_market.authority.zones import Zones
from rights_market.entitlement import Entitlement
from rights_market.exchange.calendar import Hook, Period, TradingCalendar
from rights_market.market import Market
from rights_market.policies.banking import BankingRule
from rights_market.policies.links import MarketLink, RightExchangeRate
from rights_market.policies.rule import Rule
from rights_market.records import Event, Trades
from rights_market.rule_change import Change, RuleChange
from rights_market.rule_history import RuleHistory

Int64 = npt.NDArray[np.int64]


class Department(Protocol):
    """A part of the authority with something to remember."""

    def state(self) -> Any:
        """Return everything that changes, as plain arrays and numbers."""

    def restore(self, state: Any) -> None:
        """Put back what `state` returned."""


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
    plans : Plans
        What periods give: announced, issued, settled.
    access : Access
        Firms that come and go.
    shortfalls : Shortfalls
        What follows when lots are missing.
    regulator : Regulator or None
        Who reviews the rules; None without a calendar.
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
        self.caps = Caps(self._office, self.entitlements)
        self.coverage = Coverage(self._office, self.entitlements)
        self.supplies: dict[str, Supply] = {}
        if calendar is not None:
            auctioned = (b for b in market.rule_books if b.auction is not None)
            self.supplies = {b.right.code: Supply(self._office, b, calendar) for b in auctioned}
        self.entrants = Entrants(self._office, self.entitlements, self.supplies)
        self.zones = Zones(self._office)
        self.reserve = Reserve(self._office, self.zones)
        self.projects = Projects(self._office, self.zones, self.reserve)
        self.paid_use = PaidUse(self._office)
        self.fines = Fines(self._office)
        self.monitoring = Monitoring(self._office)
        self._surrenders = Surrenders(self._office)
        self._sales = SalesCount(self._office)
        self.sanctions = SanctionList(self._office)
        self.credits = CreditOffice(self._office, credit_sources)
        self.gateways = Gateways(self._office, [rule for rule in links if isinstance(rule, MarketLink)])
        self.conversions = Conversions(self._office, [rule for rule in links if isinstance(rule, RightExchangeRate)])
        self.treasury = Treasury(self._office, fiscal)
        offences = self.monitoring.offences
        self.plans = Plans(
            self._office,
            self.entitlements,
            self.caps,
            self.entrants,
            self.zones,
            offences,
            self.paid_use,
            self.reserve,
            self.supplies,
        )
        self.access = Access(self._office, self.entitlements, self.coverage, self.entrants, self.supplies)
        self.regulator: Regulator | None = None
        if calendar is not None:
            observations = Observations(self._office, self.monitoring.files, calendar)
            self.regulator = Regulator(self._office, self.entitlements, observations)
            for book in market.rule_books:
                for number in range(len(book.regulator)):
                    refuse_late_reviews(book, number, calendar)
        self.shortfalls = Shortfalls(self._office, self.coverage, self.fines, offences, self.sanctions)
        self._stateful: dict[str, Department] = {
            "caps": self.caps,
            "coverage": self.coverage,
            "entrants": self.entrants,
            "projects": self.projects,
            "paid_use": self.paid_use,
            "fines": self.fines,
            "monitoring": self.monitoring,
            "surrenders": self._surrenders,
            "sales": self._sales,
            "sanctions": self.sanctions,
            "credits": self.credits,
            "reserve": self.reserve,
            "zones": self.zones,
            "gateways": self.gateways,
            "conversions": self.conversions,
            "treasury": self.treasury,
            "plans": self.plans,
        }

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

    def change_rules(self, right: str, today: date) -> list[Change]:
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
        self.entitlements[right].adopt(rules.version, set() if reopened else self.plans.published_years(right))
        return begun

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
        self.zones.review(matter, use_lots)

    def end_batch(self) -> Trades:
        """End a batch of the market, and return what one-way auctions traded in it; see `Market.end_batch`."""
        trades = self.market.end_batch()
        self.reserve.count_sales(trades)
        return trades

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

    def held_so_far(self, right: str, period: Period) -> tuple[Int64, int]:
        """Return what firms held on the days of a period that were counted for cover, lots times days, and the days."""
        return self._surrenders.counted(right, period)

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

    # -- what a shortfall costs

    def close_banking(self, right: str, period: Period, following: Period | None, on: date) -> None:
        """Let lapse what may not be carried over, and relabel the rest where the rule says so.

        What the government and the exchange hold is not concerned.

        Parameters
        ----------
        following : Period or None
            Period by whose vintage carried lots are replaced, if the rule replaces them.
        on : date
            Date of the close, for rules that let lots lapse on some dates only.
        """
        banking.close(self._office, self._office.matter("banking_close", right, period), following, on, self._sales)

    def net_sold(self, right: str, rule: BankingRule) -> Int64:
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
            **{name: department.state() for name, department in self._stateful.items()},
            "entitlements": {k: x.state() for k, x in self.entitlements.items()},
            "supplies": {k: x.state() for k, x in self.supplies.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for code, rules in self._office.histories.items():
            rules.restore(state["rules"][code])
            self._office.adopt(code)
            self.market.adopt(rules.book)
        for name, department in self._stateful.items():
            department.restore(state[name])
        for code, saved in state["entitlements"].items():
            self.entitlements[code].adopt_books(self.rules(code).books)
            self.entitlements[code].restore(saved, self.rules(code).version)
        for code, saved in state["supplies"].items():
            self.supplies[code].restore(saved)
