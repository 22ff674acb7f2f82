"""The public outlook: what everybody can work out about future prices from published data.

One solver serves all firms.  It sees what is public (units outstanding, use so far, announced caps and plans, costs
of abatement by sector) and nothing private.  It is run again only when there is news; between news its price grows
at the rate of interest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from agents.abatement import CostCurves
from agents.firms import Firms
from agents.kept_units import price_path_within
from agents.price_search import BankingProblem, PricePath, is_coverable, price_path
from agents.use import YEAR, PeriodUse

Floats = npt.NDArray[np.float64]

COST_CLASSES = 12
"""Groups by cost into which the firms of a sector are put: fine enough for the solver, few enough to be fast."""
SHORT_REST = 0.1
"""Years of use left below which abatement cannot move the balance of the window at hand any more."""


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """Published figures of one right, in its units.

    Attributes
    ----------
    bank : float
        Units outstanding and promised for use so far, less that use: below 0 where more was used.
    supply : ndarray of float64, shape (n_years,)
        Units to be issued for use in what is left of the window of use at hand, and in each of the years after it.
    growth : ndarray of float64, shape (n_years,)
        Yearly use expected then without abatement, relative to today's.
    stretch : float
        Years left of the window of use at hand.
    rest : float
        Years of use that still count for the period at hand.
    ceiling : float
        Price at which nobody buys any more, CNY: a fine without make-good, or the highest price of the exchange.
    most_kept : ndarray of float64, shape (n_years,), or None
        Units that may be held over at the end of each of these stretches; the rest lapses.  None: any number.
    """

    bank: float
    supply: Floats
    growth: Floats
    stretch: float
    rest: float
    ceiling: float
    most_kept: Floats | None = None

    def with_loan(self, lent: float, owed: float) -> PublicFigures:
        """Return the figures with units lent in the stretch at hand and owed back in the year after it."""
        moved = np.zeros(len(self.supply))
        moved[0] = lent
        moved[1] = -owed
        return replace(self, supply=self.supply + moved)

    def with_more(self, now: float, later: float) -> PublicFigures:
        """Return the figures with further units in the stretch at hand, and in each year after it."""
        return replace(self, supply=self.supply + np.append(now, np.full(len(self.supply) - 1, later)))

    def with_next_year(self) -> PublicFigures:
        """Return the figures with what is left of the window at hand and the year after it taken as one stretch."""
        stretch = self.stretch + 1.0
        growth = (self.stretch * self.growth[0] + self.growth[1]) / stretch
        return replace(
            self,
            supply=np.append(self.supply[0] + self.supply[1], self.supply[2:]),
            growth=np.append(growth, self.growth[2:]),
            stretch=stretch,
            most_kept=None if self.most_kept is None else self.most_kept[1:],
        )


@dataclass(frozen=True, slots=True)
class Work:
    """What firms do now; all of shape (n_firms, n_rights).

    Attributes
    ----------
    need : ndarray of float64
        Units a year that firms need before abatement.
    share : ndarray of float64
        Share of the need of each right that the measure aimed at it abates.
    invested : ndarray of float64
        Units a year that investments in operation save.
    charges : ndarray of float64, or float
        What a unit of each right costs beside its price, CNY: taxes, and what keeps a firm within its standard.
    """

    need: Floats
    share: Floats
    invested: Floats
    charges: Floats | float = 0.0


def window_at_hand(uses: Sequence[PeriodUse], today: date) -> tuple[int | None, float, int]:
    """Return the window of use that runs or comes next, the years of use left in it, and its (last) calendar year.

    After the last window of the rules the public expects windows of a year to follow, and the first item is None.
    """
    for k, use in enumerate(uses):
        rest = use.rest_of_window(today)
        if rest > 0.0:
            return k, rest, use.years[-1]
    passed = (today - uses[-1].period.use_to).days / YEAR
    return None, 1.0 - passed % 1.0, uses[-1].years[-1] + 1 + int(passed)


class Outlook:
    """Aggregate abatement costs of each right by sector and class of cost, and the solver on top.

    Parameters
    ----------
    firms : Firms
        The population; only sums over classes are used.
    """

    def __init__(self, firms: Firms) -> None:
        self.firms = firms
        self.group, self.n_groups = _group_firms(firms)

    def price(
        self,
        right: int,
        work: Work,
        value_yuan: Floats,
        known: PublicFigures,
        rate: float,
        bankable: bool,
    ) -> float:
        """Return the price that clears the market over the horizon, CNY per unit.

        Parameters
        ----------
        right : int
            Column of the right.
        work : Work
            What firms need and abate now; only sums over classes are used.
        value_yuan : ndarray of float64, shape (n_rights,)
            Public prices of all rights, CNY: measures that also save other rights are cheaper for this one.
        known : PublicFigures
            Published figures.
        rate : float
            Interest a year.
        bankable : bool
            Whether units can be kept for the next period.

        Notes
        -----
        The solver's years are those in which use counts, the first one what is left of the window at hand, so that a
        cap is not smeared over its neighbours.  A price that grows at the rate of interest stands for the middle of
        each; the first stretch, being shorter, has its middle nearer to the next year's, and costs are brought to the
        level of a full year there.  Where abatement in what is left of the window cannot cover what is missing any
        more, the window is taken together with the next one: what is missing then will be bought, at what holders ask
        for units of next year.
        """
        if not bankable:
            baseline, curves = self._aggregate(right, work, value_yuan, self.firms.covered[:, right])
            return self._price_of_period(baseline, curves, known)
        path, stretch = self.path(right, work, value_yuan, known, rate)
        if path is None:
            # More is owed at once than there is: no price clears, and buyers go as high as quotes may.
            return known.ceiling
        return float(path.price[0] * (1.0 + rate) ** (0.5 - stretch))

    def path(
        self, right: int, work: Work, value_yuan: Floats, known: PublicFigures, rate: float
    ) -> tuple[PricePath | None, float]:
        """Return the path of a right that can be kept, None if no price covers what is owed, and its first stretch.

        Parameters are as in `price`.  Prices are those of whole years: the first one, too, is at the level of a year.
        """
        baseline, curves = self._aggregate(right, work, value_yuan, self.firms.covered[:, right])
        problem = _problem(baseline, curves, known, rate)
        covers = is_coverable(problem)
        if len(known.supply) > 1 and (known.stretch < SHORT_REST or not covers):
            known = known.with_next_year()
            problem = _problem(baseline, curves, known, rate)
            covers = is_coverable(problem)
        if not covers:
            return None, known.stretch
        if known.most_kept is None:
            return price_path(problem), known.stretch
        return price_path_within(problem, known.most_kept), known.stretch

    def _price_of_period(self, baseline: Floats, curves: CostCurves, known: PublicFigures) -> float:
        """Return the price at which the rest of the period covers what is missing."""
        rest = known.rest
        problem = BankingProblem(
            supply=np.array([known.bank + known.supply[0]]),
            baseline=baseline[np.newaxis, :] * rest,
            curves=curves,
            rate=0.0,
            bankable=False,
            ceiling=np.array([known.ceiling]),
        )
        return float(price_path(problem).price[0]) if is_coverable(problem) else known.ceiling

    def _aggregate(
        self, right: int, work: Work, value_yuan: Floats, covered: npt.NDArray[np.bool_]
    ) -> tuple[Floats, CostCurves]:
        """Return need and costs by group; investments and other rights' measures count at their present extent."""
        firms, group, n = self.firms, self.group[:, right], self.n_groups[right]
        need, share = work.need, work.share
        g = firms.co_benefits[firms.sector]
        others = np.einsum("nr,nr->n", share * need, g[:, :, right]) - share[:, right] * need[:, right]
        weight = np.where(covered, need[:, right], 0.0)
        total = np.bincount(group, weight, n)
        base = np.bincount(group, np.where(covered, need[:, right] - others - work.invested[:, right], 0.0), n)
        bonus = g[:, right, :] @ value_yuan - value_yuan[right]
        if np.any(work.charges):
            bonus = bonus + np.einsum("ns,ns->n", g[:, right, :], work.charges)

        def mean(x: Floats) -> Floats:
            summed = np.bincount(group, weight * x, n)
            return np.divide(summed, total, out=np.zeros(n), where=total > 0)

        inverse = mean(1.0 / np.maximum(firms.curves.a[:, right], 1e-12))
        slope = np.divide(1.0, inverse, out=np.ones(n), where=inverse > 0)
        curvature = np.divide(
            mean(firms.curves.b[:, right]), mean(firms.curves.a[:, right]), out=np.zeros(n), where=total > 0
        )
        curves = CostCurves.of(-mean(bonus), slope, curvature * slope, mean(firms.curves.limit[:, right]))
        keep = total > 0
        return np.maximum(base, 0.0)[keep], curves.take(np.flatnonzero(keep))


def _problem(baseline: Floats, curves: CostCurves, known: PublicFigures, rate: float) -> BankingProblem:
    """Return the problem whose year 0 is the first stretch, its prices brought to the level of a year."""
    length, level = np.ones(len(known.supply)), np.ones(len(known.supply))
    length[0] = known.stretch
    level[0] = (1.0 + rate) ** ((known.stretch - 1.0) / 2.0)
    return BankingProblem(
        supply=known.supply,
        baseline=(length * known.growth)[:, np.newaxis] * baseline,
        curves=curves.scaled(level[:, np.newaxis]),
        rate=rate,
        bank0=known.bank,
        ceiling=known.ceiling * level,
    )


def _group_firms(firms: Firms) -> tuple[npt.NDArray[np.intp], list[int]]:
    """Return the group of each firm for each right (by sector, then by cost), and the number of groups."""
    n_rights = len(firms.rights)
    group = np.zeros((len(firms), n_rights), dtype=np.intp)
    counts = []
    for r in range(n_rights):
        offset = 0
        for s in range(len(firms.sectors)):
            members = np.flatnonzero(firms.sector == s)
            rank = np.argsort(np.argsort(firms.curves.a[members, r], kind="stable"), kind="stable")
            classes = max(1, min(COST_CLASSES, len(members)))
            group[members, r] = offset + rank * classes // max(1, len(members))
            offset += classes
        counts.append(offset)
    return group, counts
