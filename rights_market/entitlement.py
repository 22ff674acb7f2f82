"""What the allocation rules of one right give each firm: the slot's entries put together.

Each entry serves the firms and years that its `where` names; no firm is served twice in a year.  A firm that no entry
names gets nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.allocation import Activity, Grandfathering, OutputBenchmark, Product
from rights_market.rulebook import RuleBook

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


class Served(NamedTuple):
    """The firms that one entry serves in a year.

    Attributes
    ----------
    rule : Grandfathering or OutputBenchmark
    rows : ndarray of intp, shape (n,)
        Positions of the firms.
    product : ndarray of int64, shape (n,)
        Position of each firm's product in the rule; 0 where the rule has none.
    is_exempt : ndarray of bool, shape (n,)
        Whether the firm is given its use and not a benchmark.
    """

    rule: Grandfathering | OutputBenchmark
    rows: Rows
    product: Int64
    is_exempt: npt.NDArray[np.bool_]


class Entitlement:
    """The allocation slot of one right, applied to a population.

    Parameters
    ----------
    book : RuleBook
        Rules of the right.
    sectors, classes : sequence of str
        Sector and class of each firm; the sector where classes are empty.
    later : sequence of RuleBook
        Rules that may replace these one after the other.

    Attributes
    ----------
    use_lots : dict of int to ndarray of int64, shape (n_firms,)
        Use by year on which grandfathering rests: verified in the market, or reported from before it.

    Raises
    ------
    PolicyError
        If two entries serve the same firm in a year of a period, or a firm's class has no product in its benchmark.
    """

    def __init__(
        self, book: RuleBook, sectors: Sequence[str], classes: Sequence[str], later: Sequence[RuleBook] = ()
    ) -> None:
        self._books = (book, *later)
        self.sectors = tuple(sectors)
        self.classes = tuple(classes) or self.sectors
        self.use_lots: dict[int, Int64] = {}
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
        """Return the years of past use that the entries look at when they allocate for `years`."""
        rules = [r for book in self._books for r in book.allocation if isinstance(r, Grandfathering)]
        return {base for rule in rules for year in years for base in rule.base_years_of(year)}

    def adopt(self, version: int, keeps: Collection[int]) -> None:
        """Allocate by the rules number `version` from now on, but for the years in `keeps`, whose plan is published."""
        for year in keeps:
            self._version.setdefault(year, self._newest)
        for year in self._version.keys() - set(keeps):
            del self._version[year]
        self._newest = version

    def report_use(self, year: int, lots: Int64) -> None:
        """File the use of a year.

        Raises
        ------
        PolicyError
            If it is not one number for each firm.
        """
        if np.shape(lots) != (self.n_firms,):
            raise PolicyError(
                f"{self._books[0].right.code}: use of {year} has shape {np.shape(lots)}, not ({self.n_firms},)"
            )
        self.use_lots[year] = np.array(lots, np.int64)

    def lots(self, year: int, output_units: Int64, use_lots: Int64) -> Int64:
        """Return the lots of each firm for a year.

        Parameters
        ----------
        output_units : ndarray of int64, shape (n_firms,)
            Output of the year, whole units of product.
        use_lots : ndarray of int64, shape (n_firms,)
            Use of the year, which firms with a product exempt from the benchmark are given.

        Raises
        ------
        PolicyError
            If a base year was never reported, or a benchmark lacks the year.
        """
        given = np.zeros(self.n_firms, dtype=np.int64)
        for served in self._entries(year):
            rows, rule = served.rows, served.rule
            if isinstance(rule, Grandfathering):
                given[rows] = rule.allocate(self._history(rule, rows, year), year)
            else:
                activity = Activity.of(served.product, output_units[rows], n_firms=len(rows))
                lots = np.array(rule.allocate(activity, year, self._books[0].right.lot), np.int64)
                given[rows] = np.where(served.is_exempt, use_lots[rows], lots)
        return given

    def unshared_lots(self, year: int) -> int:
        """Return the lots of totals that cannot be shared out for a year, because no firm has used any in the base."""
        lots = 0
        for served in self._entries(year):
            rule = served.rule
            if not isinstance(rule, Grandfathering) or rule.total is None or not self._is_reported(rule, year):
                continue
            if not np.any(self._history(rule, served.rows, year)):
                lots += rule.total
        return lots

    def follows_output(self, year: int) -> npt.NDArray[np.bool_]:
        """Return which firms are given more when they make more."""
        follows = np.zeros(self.n_firms, dtype=np.bool_)
        for served in self._entries(year):
            follows[served.rows] = isinstance(served.rule, OutputBenchmark)
        return follows

    def is_known(self, year: int) -> bool:
        """Return whether every entry that serves a year has numbers for it."""
        for served in self._entries(year):
            rule = served.rule
            if isinstance(rule, Grandfathering):
                if not self._is_reported(rule, year):
                    return False
            elif not all(_has_value(rule.products[i], year) for i in np.unique(served.product[~served.is_exempt])):
                return False
        return True

    def _entries(self, year: int) -> list[Served]:
        """Return the entries that serve anyone in a year, looked up once."""
        key = self._version.get(year, self._newest), year
        if key not in self._served:
            rules = self._books[key[0]].allocation
            self._served[key] = [s for s in (self._serve(rule, year) for rule in rules) if len(s.rows)]
        return self._served[key]

    def _serve(self, rule: Grandfathering | OutputBenchmark, year: int) -> Served:
        rows = np.flatnonzero(rule.where.mask(self.sectors, self.classes, year))
        product, is_exempt = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.bool_)
        if isinstance(rule, OutputBenchmark):
            product = rule.positions([self.classes[i] for i in rows])
            is_exempt = np.array([p.name in rule.exempt for p in rule.products])[product]
        return Served(rule, rows, product, is_exempt)

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

    def _is_reported(self, rule: Grandfathering, year: int) -> bool:
        return all(base in self.use_lots for base in rule.base_years_of(year))

    def _history(self, rule: Grandfathering, rows: Rows, year: int) -> list[list[int]]:
        missing = [y for y in rule.base_years_of(year) if y not in self.use_lots]
        if missing:
            raise PolicyError(f"{self._books[0].right.code}: no use was reported for the base years {missing}")
        uses: list[list[int]] = np.stack([self.use_lots[y][rows] for y in rule.base_years_of(year)], axis=1).tolist()
        return uses

    def state(self) -> dict[str, Any]:
        """Return the reported use, and by which rules each year is allocated."""
        return {
            "use_lots": {str(year): lots.copy() for year, lots in self.use_lots.items()},
            "version": {str(year): version for year, version in self._version.items()},
        }

    def restore(self, state: Mapping[str, Any], newest: int) -> None:
        """Put back what `state` returned, with the rules number `newest` in force.

        A year that was allocated by rules that do not exist here follows the newest.
        """
        self.use_lots = {int(year): np.array(lots) for year, lots in state["use_lots"].items()}
        self._version = {int(y): int(v) for y, v in state["version"].items() if int(v) < len(self._books)}
        self._newest = newest


def _has_value(product: Product, year: int) -> bool:
    benchmarks = [product.output] if product.heat is None else [product.output, product.heat]
    return all(
        year in b.table or (b.b0 is not None and b.base_year is not None and year >= b.base_year) for b in benchmarks
    )
