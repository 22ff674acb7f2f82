"""What the allocation rules of one right give each firm: from the claims of the slot's entries to what is left of them.

Each entry serves the firms and years that its `where` names; no firm is served twice in a year.  A firm that no entry
names gets nothing.  Then, in this order: the share that is given free, the totals of regions, the scaling to the cap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.allocation import AllocationRule, Observed, Remark, Scaled, free_part
from rights_market.policies.rule import kind_of
from rights_market.rulebook import RuleBook
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class Served(NamedTuple):
    """The firms that one entry serves in a year.

    Attributes
    ----------
    rule : AllocationRule
    rows : ndarray of intp, shape (n,)
        Positions of the firms.
    """

    rule: AllocationRule
    rows: Rows


class Entitlement:
    """The allocation slot of one right, applied to a population.

    Parameters
    ----------
    book : RuleBook
        Rules of the right.
    sectors, classes : sequence of str
        Sector and class of each firm; the sector where classes are empty.
    regions : sequence of str
        Region of each firm; none where empty.
    later : sequence of RuleBook
        Rules that may replace these one after the other.

    Attributes
    ----------
    lists : dict of int to ndarray of bool, shape (n_firms,)
        Firms that are covered, by the first year of each list; all of them where there is none.
    is_closed : ndarray of bool, shape (n_firms,)
        Firms that have closed, and are given nothing any more but for what they made.
    entry_year : ndarray of int64, shape (n_firms,)
        Year in which each firm began to work, 0 for those that were there before; served from the year after on.
    cap_lots, set_aside_lots : dict of int to int
        Caps by year as they were set, and what of them is kept for new entrants.
    use_lots, output_units : dict of int to ndarray of int64, shape (n_firms,)
        Use and output by year on which allocation by history rests: verified in the market, or reported from before
        it.

    Raises
    ------
    PolicyError
        If two entries serve the same firm in a year of a period, or a firm's class has no product in its benchmark.
    """

    def __init__(
        self,
        book: RuleBook,
        sectors: Sequence[str],
        classes: Sequence[str],
        regions: Sequence[str] = (),
        later: Sequence[RuleBook] = (),
    ) -> None:
        self._books: tuple[RuleBook, ...] = (book, *later)
        self.sectors = tuple(sectors)
        self.classes = tuple(classes) or self.sectors
        self.regions = np.array(tuple(regions) or ("",) * len(self.sectors), dtype=np.str_)
        self.lists: dict[int, Bools] = {}
        self.is_closed: Bools = np.zeros(len(self.sectors), dtype=np.bool_)
        self.entry_year: Int64 = np.zeros(len(self.sectors), dtype=np.int64)
        self.cap_lots: dict[int, int] = {}
        self.set_aside_lots: dict[int, int] = {}
        self.use_lots: dict[int, Int64] = {}
        self.output_units: dict[int, Int64] = {}
        self._version: dict[int, int] = {}
        self._newest = 0
        self._served: dict[tuple[int, int], list[Served]] = {}
        for version in range(len(self._books)):
            for period in book.periods:
                for year in period.years:
                    self._refuse_overlap(version, year)

    @property
    def n_firms(self) -> int:
        """Number of firms."""
        return len(self.sectors)

    def base_years(self, years: Sequence[int]) -> set[int]:
        """Return the earlier years that the entries look at when they allocate for `years`."""
        rules = [rule for book in self._books for rule in book.allocation]
        return {base for rule in rules for year in years for base in rule.base_years_of(year)}

    def adopt(self, version: int, keeps: Collection[int]) -> None:
        """Allocate by the rules number `version` from now on, but for the years in `keeps`, whose plan is published."""
        for year in keeps:
            self._version.setdefault(year, self._newest)
        for year in self._version.keys() - set(keeps):
            del self._version[year]
        self._newest = version

    def adopt_books(self, books: Sequence[RuleBook]) -> None:
        """Take up rule books that may come into force one after the other; those in force so far stay as they are."""
        self._books = tuple(books)
        self._served = {key: served for key, served in self._served.items() if key[0] <= self._newest}

    def under(self, book: RuleBook) -> Entitlement:
        """Return what another rule book of the right would give the same firms; what is filed and set is shared."""
        other = copy(self)
        other._books, other._version, other._newest, other._served = (book,), {}, 0, {}
        return other

    def book_of(self, year: int) -> RuleBook:
        """Return the rules by which a year is allocated: those of its plan, else those in force."""
        return self._book(year)

    def report_use(self, year: int, lots: Int64, output_units: Int64 | None = None) -> None:
        """File the use of a year, and the output where it is known.

        Raises
        ------
        PolicyError
            If they are not one number for each firm.
        """
        for name, filed, column in (("use", self.use_lots, lots), ("output", self.output_units, output_units)):
            if column is None:
                continue
            if np.shape(column) != (self.n_firms,):
                raise PolicyError(
                    f"{self._books[0].right.code}: {name} of {year} has shape {np.shape(column)}, not ({self.n_firms},)"
                )
            filed[year] = np.array(column, np.int64)

    def lots(self, year: int, output_units: Int64, use_lots: Int64) -> Int64:
        """Return the lots of each firm for a year, after all cuts.

        Parameters
        ----------
        output_units : ndarray of int64, shape (n_firms,)
            Output of the year, whole units of product.
        use_lots : ndarray of int64, shape (n_firms,)
            Use of the year, for rules that look at it.

        Raises
        ------
        PolicyError
            If a base year was never reported, or a benchmark lacks the year.
        """
        return self.scaled(year, self.claims(year, output_units, use_lots)).lots

    def claims(self, year: int, output_units: Int64, use_lots: Int64) -> Int64:
        """Return what each firm may claim free for a year, before regions and the cap cut it."""
        claims = np.zeros(self.n_firms, dtype=np.int64)
        observed = self._observed(year, output_units, use_lots)
        for rule, rows in self._entries(year):
            claims[rows] = rule.claims(observed.of(rows))
        free = free_part(self._book(year).mix, claims, self.sectors, self.classes, year)
        return np.where(self.served(year), free, 0)

    def listed(self, year: int) -> Bools:
        """Return the firms that are covered in a year, by the latest list that is not of a later one."""
        if not self.lists:
            return np.ones(self.n_firms, dtype=np.bool_)
        return self.lists[max((y for y in self.lists if y <= year), default=min(self.lists))].copy()

    def served(self, year: int) -> Bools:
        """Return the firms that are allocated to as incumbents in a year."""
        return self.listed(year) & (self.entry_year < year) & (~self.is_closed | self.follows_output(year))

    def without_base(self, year: int) -> Bools:
        """Return the firms that are served in a year by a rule that finds no base for them."""
        without = np.zeros(self.n_firms, dtype=np.bool_)
        nothing = np.zeros(self.n_firms, dtype=np.int64)
        observed = self._observed(year, nothing, nothing)
        for rule, rows in self._entries(year):
            without[rows] = ~rule.has_base(observed.of(rows))
        return without & self.served(year)

    def scaled(self, year: int, claims: Int64, cap: int | None = None) -> Scaled:
        """Return what claims become under the totals of regions and the cap of the year, as set unless it is given."""
        kept = self._within_regions(year, claims)
        cap = self.cap_lots.get(year) if cap is None else cap
        rule = self._book(year).scaling
        if rule is None or cap is None:
            return Scaled(kept, int(kept.sum()), int(kept.sum()), 0)
        is_exempt = np.isin(np.array(self.classes), rule.exempt)
        return rule.scale(cap, self.set_aside_lots.get(year, 0), kept, is_exempt)

    def auction_lots(self, year: int, claims: Int64, cap: int) -> int:
        """Return the lots of a cap that claims, and what is set aside for new entrants, leave for auction."""
        scaled, rule = self.scaled(year, claims, cap), self._book(year).scaling
        aside = self.set_aside_lots.get(year, 0)
        return max(0, cap - aside - int(scaled.lots.sum())) if rule is None else rule.auctioned(cap, aside, scaled)

    def unclaimed_lots(self, years: Iterable[int], given: int) -> int:
        """Return what the caps of a period's years leave for free allocation beyond what was given, for a reserve.

        0 where the rule does not put it into a reserve.
        """
        room = 0
        for year in years:
            rule, cap = self._book(year).scaling, self.cap_lots.get(year)
            if rule is None or rule.leftover != "reserve" or cap is None:
                return 0
            room += max(0, rule.room(cap, self.set_aside_lots.get(year, 0)))
        return max(0, room - given)

    def _within_regions(self, year: int, claims: Int64) -> Int64:
        """Cut the claims of each region to its total, by the largest remainder."""
        cap = self._book(year).cap
        totals = {} if cap is None else cap.region_totals()
        kept = claims.copy()
        for region, total in totals.items():
            rows = np.flatnonzero(self.regions == region)
            if int(claims[rows].sum()) > total:
                kept[rows] = largest_remainder(total, claims[rows].tolist())
        return kept

    @property
    def credits_use(self) -> bool:
        """Whether under some rule use earns free units."""
        return any(rule.credits_use for rule in self._books[self._newest].allocation)

    def credit_for_use(self, year: int, output_units: Int64, use_lots: Int64, yearly_rate: float) -> Floats:
        """Return what one more unit of a year's use earns each firm in free units, now and later; see the rules."""
        credit = np.zeros(self.n_firms)
        observed = self._observed(year, output_units, use_lots)
        for rule, rows in self._entries(year):
            credit[rows] = rule.credit_for_use(observed.of(rows), yearly_rate)
        return credit

    def remarks(self, year: int) -> list[tuple[str, Remark]]:
        """Return what people should read about the plan of a year, each with the kind of the rule that says it."""
        nothing = np.zeros(self.n_firms, dtype=np.int64)
        observed = self._observed(year, nothing, nothing)
        return [
            (kind_of(type(rule)), remark)
            for rule, rows in self._entries(year)
            for remark in rule.remarks(observed.of(rows))
        ]

    def balances(self, year: int, given_lots: Int64, use_lots: Int64) -> list[tuple[str, int]]:
        """Return by how much the sum of what some rules give differs from the sum of use, each with the rule's kind."""
        return [
            (kind_of(type(rule)), int(given_lots[rows].sum() - use_lots[rows].sum()))
            for rule, rows in self._entries(year)
            if rule.reports_balance
        ]

    def outside_mix(self, year: int) -> Bools:
        """Return the firms that no free share names in a year; nobody where there are no such shares."""
        served = np.zeros(self.n_firms, dtype=np.bool_)
        shares = self._book(year).mix
        for rule in shares:
            served |= rule.where.mask(self.sectors, self.classes, year)
        return ~served & bool(shares)

    def follows_output(self, year: int) -> Bools:
        """Return which firms are given more when they make more."""
        follows = np.zeros(self.n_firms, dtype=np.bool_)
        for rule, rows in self._entries(year):
            follows[rows] = rule.follows_output
        return follows

    def is_known(self, year: int) -> bool:
        """Return whether every entry that serves a year has numbers for it."""
        return all(
            rule.is_known(year, {self.classes[i] for i in rows.tolist()}, self.use_lots)
            for rule, rows in self._entries(year)
        )

    def _observed(self, year: int, output_units: Int64, use_lots: Int64) -> Observed:
        return Observed(
            right=self._books[0].right.code,
            year=year,
            classes=self.classes,
            output_units=output_units,
            use_lots=use_lots,
            lot=self._books[0].right.lot,
            past_use_lots=self.use_lots,
            past_output_units=self.output_units,
            first_year=self.entry_year,
        )

    def _entries(self, year: int) -> list[Served]:
        """Return the entries that serve anyone in a year, looked up once."""
        key = self._version.get(year, self._newest), year
        if key not in self._served:
            rules = self._book(year).allocation
            self._served[key] = [s for s in (self._serve(rule, year) for rule in rules) if len(s.rows)]
        return self._served[key]

    def _book(self, year: int) -> RuleBook:
        """Return the rules by which a year is allocated."""
        return self._books[self._version.get(year, self._newest)]

    def _serve(self, rule: AllocationRule, year: int) -> Served:
        rows = np.flatnonzero(rule.where.mask(self.sectors, self.classes, year))
        rule.refuse_classes({self.classes[i] for i in rows.tolist()})
        return Served(rule, rows)

    def _refuse_overlap(self, version: int, year: int) -> None:
        entry_of = np.full(self.n_firms, -1)
        for i, rule in enumerate(self._books[version].allocation):
            rows = np.flatnonzero(rule.where.mask(self.sectors, self.classes, year))
            twice = rows[entry_of[rows] >= 0]
            if len(twice):
                code, first = self._books[0].right.code, int(twice[0])
                raise PolicyError(
                    f"{code}: allocation[{entry_of[first]}] and allocation[{i}] both serve firm {first} "
                    f"({self.sectors[first]}, {self.classes[first]}) in {year}; narrow their `where`"
                )
            entry_of[rows] = i
            if len(rows):
                self._serve(rule, year)  # Refuses a firm whose class has no product.

    def state(self) -> dict[str, Any]:
        """Return what was reported and set, and by which rules each year is allocated."""
        return {
            "use": {str(year): lots.copy() for year, lots in self.use_lots.items()},
            "output": {str(year): units.copy() for year, units in self.output_units.items()},
            "lists": {str(year): listed.copy() for year, listed in self.lists.items()},
            "is_closed": self.is_closed.copy(),
            "entry_year": self.entry_year.copy(),
            "cap": {str(year): lots for year, lots in self.cap_lots.items()},
            "set_aside": {str(year): lots for year, lots in self.set_aside_lots.items()},
            "version": {str(year): version for year, version in self._version.items()},
        }

    def restore(self, state: Mapping[str, Any], newest: int) -> None:
        """Put back what `state` returned, with the rules number `newest` in force.

        A year that was allocated by rules that do not exist here follows the newest.
        """
        self.use_lots = {int(year): np.array(lots) for year, lots in state["use"].items()}
        self.output_units = {int(year): np.array(units) for year, units in state["output"].items()}
        self.lists = {int(year): np.array(listed) for year, listed in state["lists"].items()}
        self.is_closed, self.entry_year = np.array(state["is_closed"]), np.array(state["entry_year"])
        self.cap_lots = {int(year): int(lots) for year, lots in state["cap"].items()}
        self.set_aside_lots = {int(year): int(lots) for year, lots in state["set_aside"].items()}
        self._version = {int(y): int(v) for y, v in state["version"].items() if int(v) < len(self._books)}
        self._newest = newest
        self._served.clear()  # Another book may come to bear a number that one had before.
