"""The plan of a period: its caps, what it gives each firm, what is issued early, and what verified activity changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from rights_market.authority import allocation
from rights_market.authority.caps import Caps
from rights_market.authority.entrants import Entrants
from rights_market.authority.mrv.offences import Offences
from rights_market.authority.office import Matter, Office
from rights_market.authority.paid_use import PaidUse
from rights_market.authority.reserve import Reserve
from rights_market.authority.supply import Supply
from rights_market.authority.zones import Zones
from rights_market.entitlement import Entitlement
from rights_market.exchange.calendar import Period

Int64 = npt.NDArray[np.int64]


class Plans:
    """Publishes plans and issues what they give.

    All amounts are of shape (n_firms,), in the order of the firms.

    Parameters
    ----------
    office : Office
    entitlements : dict of str to Entitlement
    caps, entrants, zones, offences, paid_use, reserve
        Departments that set aside, cut or bill what is given, or keep what is left of it.
    supplies : dict of str to Supply
        Auctions to which a part may have to be consigned, by code of the right.

    Attributes
    ----------
    published : set of (str, str)
        Rights and periods whose plan is out.
    """

    def __init__(
        self,
        office: Office,
        entitlements: Mapping[str, Entitlement],
        caps: Caps,
        entrants: Entrants,
        zones: Zones,
        offences: Offences,
        paid_use: PaidUse,
        reserve: Reserve,
        supplies: Mapping[str, Supply],
    ) -> None:
        self._office = office
        self._entitlements = entitlements
        self._caps = caps
        self._entrants = entrants
        self._zones = zones
        self._offences = offences
        self._paid_use = paid_use
        self._reserve = reserve
        self._supplies = supplies
        self.published: set[tuple[str, str]] = set()

    def published_years(self, right: str) -> set[int]:
        """Return the years whose plan is out."""
        periods = self._office.books[right].periods
        return {y for p in periods if (right, p.name) in self.published for y in p.years}

    def set_caps(self, right: str, period: Period, activity: Mapping[int, int]) -> None:
        """Set the caps of a period's years, each for the activity that is forecast, whole units.

        A right without a cap is passed over.
        """
        if self._office.books[right].cap is not None:
            for year in period.years:
                matter, aside = self._office.matter("cap_set", right, period), self._entitlements[right].set_aside_lots
                cap = self._caps.set(matter, year, activity[year])
                self._entrants.set_aside(matter, year, cap)
                kept = self._reserve.set_aside(matter, year, cap)
                if kept:
                    aside[year] = aside.get(year, 0) + kept

    def estimate_base(self, right: str, period: Period, year: int, use_lots: Int64, output_units: Int64) -> None:
        """File an estimate of a base year that is not verified when the plan of a period rests on it.

        The verified figures take its place once they are there.
        """
        self._entitlements[right].report_use(year, use_lots, output_units)
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
        self.published.add(matter.key)
        self._office.note(matter, "allocation", "announced")
        for year in period.years:
            for rule, remark in self._entitlements[right].remarks(year):
                self._office.note(matter, rule, remark.code, lots=remark.lots, note=remark.note)
            allocation.publish_cuts(self._office, matter, self._entitlements[right], year, (claims or {}).get(year))

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
        rule, obligations = self._office.books[right].upfront, self._office.market.obligations
        basis = np.where(self._entitlements[right].is_closed, 0, basis_lots)
        lots = basis if rule is None else rule.preallocate(basis)
        if right in self._paid_use.terms:
            lots = self._paid_use.quota_lots(right)
        lots = self._zones.within_caps(self._office.matter("preallocation", right, period), lots)
        recorded = lots + self._entrants.granted_lots(right, period.name)
        obligations.set_allocation(right, period.name, recorded, self._office.accounts, up_front=True)
        if rule is None:
            obligations.set_allocation(right, period.name, recorded, self._office.accounts)
        matter = self._office.matter("preallocation", right, period)
        self._offences.take_cut(matter, lots)
        issued = self._issue(matter, lots, "preallocated")
        if right in self._paid_use.terms:
            self._paid_use.hold(right)
        if rule is None:
            self._keep_unclaimed(matter, int(lots.sum()))
        return issued

    def true_up(self, right: str, period: Period, final_lots: Int64) -> Int64:
        """Settle the allocation: issue what is missing, take back what was too much.

        Returns
        -------
        ndarray of int64
            Lots issued (above 0) or taken back (below 0).
        """
        rule, obligations = self._office.books[right].upfront, self._office.market.obligations
        final_lots = final_lots + self._entrants.granted_lots(right, period.name)
        # A closed firm keeps what it was issued by a rule that does not look at output; no more is issued to it.
        keeps = self._entitlements[right].is_closed & ~self._entitlements[right].follows_output(period.vintage)
        issued_before = obligations.preallocated_lots(right, period.name)[self._office.accounts]
        final_lots = np.where(keeps, issued_before, final_lots)
        final_lots = self._zones.within_caps(self._office.matter("trueup", right, period), final_lots)
        obligations.set_allocation(right, period.name, final_lots, self._office.accounts)
        difference = final_lots - issued_before if rule is None else rule.settle(final_lots, issued_before)
        matter = self._office.matter("trueup", right, period)
        verified = obligations.verified_lots(right, period.name)[self._office.accounts]
        for kind, lots in self._entitlements[right].balances(period.vintage, final_lots, verified):
            self._office.note(matter, kind, "scheme_balance", lots=lots)
        more = np.maximum(difference, 0)
        self._offences.take_cut(matter, more)
        issued = self._issue(matter, more, "trued_up")
        granted = self._entrants.granted_lots(right, period.name)
        self._keep_unclaimed(matter, int((final_lots - granted).sum()))
        return issued - allocation.claw_back(self._office, matter, np.maximum(-difference, 0))

    def correct_caps(self, right: str, period: Period, activity: Mapping[int, int]) -> None:
        """Correct the caps of a period's years for their verified activity, whole units, where the rule asks for it."""
        for year in period.years:
            self._caps.correct(self._office.matter("trueup", right, period), year, activity[year])

    def grant_without_base(self, right: str, period: Period, capacity_units: Int64) -> Int64:
        """Serve firms from the reserve for which the allocation rules of a period find no base, and return the lots."""
        without = self._entitlements[right].without_base(period.vintage)
        rows = np.flatnonzero(without & (capacity_units > 0))
        return self._entrants.grant(self._office.matter("firm_entry", right, period), rows, capacity_units[rows])

    def _keep_unclaimed(self, matter: Matter, given: int) -> None:
        """Put what the caps leave beyond a final allocation into a reserve, where the rule of scaling wants it."""
        book = self._office.books[matter.right]
        lots = self._entitlements[matter.right].unclaimed_lots(matter.period.years, given)
        # Lots taken back from firms that closed in the period are in the reserve already.
        lots = max(0, lots - self._entrants.recycled_lots.get(matter.key, 0))
        if book.entrant_reserve is not None:
            self._entrants.keep(matter, lots)
        elif lots:
            self._reserve.put(matter, lots)

    def _issue(self, matter: Matter, lots: Int64, code: str) -> Int64:
        """Issue an allocation, of which a part may have to be consigned."""
        issued = allocation.issue(self._office, matter, lots, code)
        if matter.right in self._supplies:
            self._supplies[matter.right].consign(matter, issued)
        return issued

    def state(self) -> list[tuple[str, str]]:
        """Return the plans that are out, in order."""
        return sorted(self.published)

    def restore(self, state: Iterable[tuple[str, str]]) -> None:
        """Put back what `state` returned."""
        self.published = {(right, period) for right, period in state}
