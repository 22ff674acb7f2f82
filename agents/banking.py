"""A right over several years: what is publicly known, what clears it, and what a price brings about.

The records of the banking market, shared by the search for its price path (`agents.price_search`) and by those who
ask what the path costs.  Quantities are units of the right, prices CNY per unit, year 0 counts undiscounted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from agents.abatement import CostCurves, Floats

SLACK = 1e-10  # share of the market's size below which a quantity counts as none


@dataclass(frozen=True, slots=True)
class BankingProblem:
    """What is publicly known about the years to come.

    Attributes
    ----------
    supply : ndarray of float64, shape (year,)
        Units issued or auctioned in each year.
    baseline : ndarray of float64, shape (year, group)
        Units that each sector or firm would need without abatement.
    curves : CostCurves, shape (group,) or (year, group)
        Abatement cost of each group, the same every year or announced by year.
    rate : float
        Interest a year.
    bank0 : float
        Units held at the start; negative for units owed.
    bankable : bool
        Whether units left over stay usable in the next year; if not they lapse.
    borrowing : bool
        Whether units of later years may be used without limit: then a single segment reaches to the horizon, the
        price at which the plan neither exhausts nor wastes the bank before it.
    ceiling : ndarray of float64, shape (year,), optional
        Fine per missing unit, CNY; infinite in years without one.
    make_good : bool
        Whether missing units are added to next year's duty on top of the fine.
    price_after : float
        Price expected in the year after the horizon, at which units missing in the last year are made good.
    floor : ndarray of float64, shape (year,), optional
        Price below which the year's supply is withheld, CNY per unit.

    Raises
    ------
    ValueError
        If shapes differ, numbers are out of range, or rules contradict each other.
    """

    supply: Floats
    baseline: Floats
    curves: CostCurves
    rate: float
    bank0: float = 0.0
    bankable: bool = True
    borrowing: bool = False
    ceiling: Floats | None = None
    make_good: bool = False
    price_after: float = np.nan
    floor: Floats | None = None

    def __post_init__(self) -> None:
        years = len(self.supply)
        if self.baseline.ndim != 2 or len(self.baseline) != years or years == 0:
            raise ValueError(f"baseline has shape {self.baseline.shape}, expected ({years}, group) with a year or more")
        if self.curves.a.shape not in (self.baseline.shape[1:], self.baseline.shape):
            raise ValueError(f"curves have shape {self.curves.a.shape}, expected one a group or one a year and group")
        for name in ("ceiling", "floor"):
            values = getattr(self, name)
            if values is not None and (values.shape != (years,) or not (values >= 0).all()):
                raise ValueError(f"{name} needs {years} prices that are not negative")
        if not (np.isfinite(self.supply).all() and np.isfinite(self.baseline).all() and (self.baseline >= 0).all()):
            raise ValueError("supply and baseline must be finite, the baseline not negative")
        if self.rate <= -1:
            raise ValueError(f"the rate is {self.rate} a year, it must exceed -1")
        if self.make_good and (self.ceiling is None or not np.isfinite(self.price_after)):
            raise ValueError("making good needs a fine for each year and the price expected after the horizon")
        if self.borrowing and (self.make_good or not self.bankable):
            raise ValueError("free borrowing leaves nothing to make good and needs a right that stays usable")

    @classmethod
    def of_plan(cls, bank: float, balance: npt.ArrayLike, curve: CostCurves, rate: float) -> Self:
        """Build the problem of a firm that knows the market only as shares of a year's emissions.

        Parameters
        ----------
        bank : float
            Units held, in years of emissions.
        balance : array_like, shape (year,)
            Allocation less emissions of each year before abatement, as a share of emissions; for a plan that
            tightens steadily mu - g k.
        curve : CostCurves, shape (1,)
            Abatement cost of the whole market.
        rate : float
            Interest a year.
        """
        supply = 1.0 + np.asarray(balance, dtype=np.float64)
        return cls(supply, np.ones((len(supply), 1)), curve, rate, bank0=bank, borrowing=True)


@dataclass(frozen=True, slots=True)
class PricePath:
    """Prices and quantities that clear every year; arrays have shape (year,).

    Attributes
    ----------
    price : ndarray of float64
        CNY per unit.
    bank : ndarray of float64
        Units held over at the end of each year; negative while units are borrowed freely.
    abated : ndarray of float64
        Units abated.
    shortfall : ndarray of float64
        Units not covered at the end of the year, for which the fine is paid.
    withheld : ndarray of float64
        Units of supply not sold because the price would have been below the floor.
    segments : tuple of (int, int)
        First and last year of each stretch in which the price follows its own path.
    """

    price: Floats
    bank: Floats
    abated: Floats
    shortfall: Floats
    withheld: Floats
    segments: tuple[tuple[int, int], ...]


def growth_factors(rate: float, years: int) -> Floats:
    """Return (1 + rate)^t for t = 0, 1, ..., years - 1."""
    return np.asarray((1.0 + rate) ** np.arange(years, dtype=np.float64))


def fines(problem: BankingProblem) -> Floats:
    """Fine per missing unit by year, infinite where there is none."""
    return np.full(len(problem.supply), np.inf) if problem.ceiling is None else problem.ceiling


def present_cost(problem: BankingProblem, path: PricePath) -> float:
    """Abatement cost of a path, CNY, discounted to year 0; fines are transfers and do not count."""
    worth = path.price if problem.make_good else np.minimum(path.price, fines(problem))
    yearly = (problem.baseline * problem.curves.cost(problem.curves.share_at(worth[:, None]))).sum(axis=1)
    return float((yearly / growth_factors(problem.rate, len(yearly))).sum())


class Years:
    """The years from `start` on: what is needed and offered at given prices."""

    def __init__(self, problem: BankingProblem, start: int, count: int) -> None:
        rows = np.arange(start, start + count)
        self.baseline = problem.baseline[rows]
        self.total = self.baseline.sum(axis=1)
        self.curves = problem.curves if problem.curves.a.ndim == 1 else problem.curves.take(rows)
        self.supply = problem.supply[rows]
        self.fine = None if problem.ceiling is None or problem.make_good else problem.ceiling[rows]
        self.floor = None if problem.floor is None else problem.floor[rows]
        self.growth = growth_factors(problem.rate, count)

    def at(self, price: Floats) -> tuple[Floats, Floats, Floats]:
        """Units abated, needed and offered; price and results have shape (..., year)."""
        worth = price if self.fine is None else np.minimum(price, self.fine)
        abated = (self.baseline * self.curves.share_at(worth[..., None])).sum(axis=-1)
        needed = self.total - abated
        if self.fine is not None:
            needed = np.where(price >= self.fine, 0.0, needed)
        offered = np.empty_like(needed)
        offered[...] = self.supply if self.floor is None else np.where(price < self.floor, 0.0, self.supply)
        return abated, needed, offered

    def lacking(self, start_price: float | Floats, bank: float) -> Floats:
        """Units lacking up to the end of each year on the path from a start price, negative for units left."""
        _, needed, offered = self.at(start_price * self.growth)
        return np.cumsum(needed - offered, axis=-1) - bank

    def jumps(self) -> Floats:
        """Start prices, ascending, whose path meets a fine or a floor in some year."""
        levels = [values for values in (self.fine, self.floor) if values is not None]
        return np.unique(np.concatenate([values / self.growth for values in levels])) if levels else np.empty(0)


class Draft:
    """A path under construction, one stretch of years after the other."""

    def __init__(self, problem: BankingProblem) -> None:
        self.problem = problem
        self.price, self.abated, self.needed, self.offered, self.stock = np.zeros((5, len(problem.supply)))
        self.segments: list[tuple[int, int]] = []

    def add(self, start: int, stock: float, price: Floats, quantities: Floats) -> None:
        """Write the years from `start` on: abated, needed and offered units; `stock` is what is held before."""
        rows = slice(start, start + len(price))
        self.price[rows] = price
        self.abated[rows], self.needed[rows], self.offered[rows] = quantities
        self.stock[rows] = stock + np.cumsum(self.offered[rows] - self.needed[rows])
        self.segments.append((start, start + len(price) - 1))

    def path(self) -> PricePath:
        """Return the finished path."""
        problem = self.problem
        bank = self.stock if problem.borrowing else np.maximum(self.stock, 0.0)
        if problem.make_good:
            shortfall = np.maximum(-self.stock, 0.0)
        else:
            shortfall = problem.baseline.sum(axis=1) - self.abated - self.needed
        if not problem.bankable:
            bank = np.zeros_like(bank)
        return PricePath(self.price, bank, self.abated, shortfall, problem.supply - self.offered, tuple(self.segments))
