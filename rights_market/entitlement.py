"""What the allocation rules of one right give each firm: the slot's entries put together.

Each entry serves the firms and years that its `where` names; no firm is served twice (checked when the rule book is
read).  A firm that no entry names gets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.allocation import Activity, Grandfathering, OutputBenchmark
from rights_market.rulebook import AllocationEntry, RuleBook

Int64 = npt.NDArray[np.int64]


class Entitlement:
    """The allocation slot of one right, applied to a population.

    Parameters
    ----------
    book : RuleBook
        Rules of the right.
    sectors, classes : sequence of str
        Sector and class of each firm; the sector where classes are empty.

    Attributes
    ----------
    use_lots : dict of int to ndarray of int64, shape (n_firms,)
        Use by year on which grandfathering rests: verified in the market, or reported from before it.
    """

    def __init__(self, book: RuleBook, sectors: Sequence[str], classes: Sequence[str]) -> None:
        self.book = book
        self.sectors = tuple(sectors)
        self.classes = tuple(classes) or self.sectors
        self.use_lots: dict[int, Int64] = {}

    @property
    def n_firms(self) -> int:
        """Number of firms."""
        return len(self.sectors)

    def base_years(self, years: Sequence[int]) -> set[int]:
        """Return the years of past use that the entries look at when they allocate for `years`."""
        rules = [e.rule for e in self.book.allocation if isinstance(e.rule, Grandfathering)]
        return {base for rule in rules for year in years for base in rule.base_years_of(year)}

    def report_use(self, year: int, lots: Int64) -> None:
        """File the use of a year."""
        self.use_lots[year] = lots

    def lots(self, year: int, output_units: Int64, use_lots: Int64) -> Int64:
        """Return the lots of each firm for a year.

        Parameters
        ----------
        output_units : ndarray of int64, shape (n_firms,)
            Output of the year, whole units of product.
        use_lots : ndarray of int64, shape (n_firms,)
            Use of the year, for products that are exempt from the benchmark.

        Raises
        ------
        PolicyError
            If a base year was never reported.
        """
        given = np.zeros(self.n_firms, dtype=np.int64)
        for entry, rows in self._entries(year):
            given[rows] = self._by_rule(entry, rows, year, output_units, use_lots)
        return given

    def follows_output(self, year: int) -> npt.NDArray[np.bool_]:
        """Return which firms are given more when they make more."""
        follows = np.zeros(self.n_firms, dtype=np.bool_)
        for entry, rows in self._entries(year):
            follows[rows] = isinstance(entry.rule, OutputBenchmark)
        return follows

    def is_known(self, year: int) -> bool:
        """Return whether every entry that serves a year has numbers for it."""
        for entry, _ in self._entries(year):
            if isinstance(entry.rule, OutputBenchmark):
                for product in entry.rule.products:
                    if year not in product.output.table and product.output.b0 is None:
                        return False
            elif any(base not in self.use_lots for base in entry.rule.base_years_of(year)):
                return False
        return True

    def _entries(self, year: int) -> list[tuple[AllocationEntry, npt.NDArray[np.intp]]]:
        pairs = [(e, np.flatnonzero(e.where.mask(self.sectors, self.classes, year))) for e in self.book.allocation]
        return [(entry, rows) for entry, rows in pairs if len(rows)]

    def _by_rule(
        self, entry: AllocationEntry, rows: npt.NDArray[np.intp], year: int, output_units: Int64, use_lots: Int64
    ) -> list[int]:
        rule = entry.rule
        if isinstance(rule, Grandfathering):
            missing = [y for y in rule.base_years_of(year) if y not in self.use_lots]
            if missing:
                raise PolicyError(f"{self.book.right.code}: no use was reported for the base years {missing}")
            table = np.stack([self.use_lots[y][rows] for y in rule.base_years_of(year)], axis=1)
            return rule.allocate(table.tolist(), year)
        product = rule.positions([self.classes[i] for i in rows])
        activity = Activity.of(product, output_units[rows], verified_units=use_lots[rows], n_firms=len(rows))
        return rule.allocate(activity, year, self.book.right.lot)

    def state(self) -> dict[str, Any]:
        """Return the reported use."""
        return {str(year): lots.copy() for year, lots in self.use_lots.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back the reported use."""
        self.use_lots = {int(year): np.array(lots) for year, lots in state.items()}
