"""The price path where only so many units may be carried past the end of a year: the rest lapses.

A limit on what is held over parts the years: those up to it must use up all but the limit, at a price that falls until
they do, or to 0; those after it begin with the limit.  Between them the price may rise by more than interest, because
nobody can carry a unit more across.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agents.abatement import CostCurves, Floats
from agents.banking import SLACK, BankingProblem, PricePath
from agents.price_search import price_path


def price_path_within(problem: BankingProblem, limit: Floats) -> PricePath:
    """Return the competitive price path where at most `limit` units are held over at the end of each year.

    Parameters
    ----------
    problem : BankingProblem
        A right that can be kept, without debts.
    limit : ndarray of float64, shape (year,)
        Units, infinite in years without a limit.

    Raises
    ------
    ValueError
        As `price_path`.

    Notes
    -----
    Of all years in which the path without limits holds too much, that one parts the years whose limit asks for the
    lowest price before it: with it the banks of the other years before it are no larger than they may be.

    Examples
    --------
    >>> curve = CostCurves.linear(0, 1, 100)
    >>> two = BankingProblem(np.array([100.0, 60.0]), np.full((2, 1), 100.0), curve, rate=0.0)
    >>> price_path(two).price.round(6).tolist(), price_path_within(two, np.array([5.0, np.inf])).price.round(6).tolist()
    ([20.0, 20.0], [5.0, 35.0])
    """
    path = price_path(problem)
    size = float(problem.baseline.sum()) + abs(problem.bank0)
    over = np.flatnonzero(path.bank > limit + SLACK * size)
    if not len(over):
        return path
    heads = {int(t): _head(problem, limit, int(t)) for t in over}
    t = min(heads, key=lambda year: (float(heads[year].price[0]), year))
    if t + 1 == len(problem.supply):
        return heads[t]
    return _joined(heads[t], price_path_within(_part(problem, t + 1, len(limit), float(limit[t])), limit[t + 1 :]))


def _head(problem: BankingProblem, limit: Floats, t: int) -> PricePath:
    """Return the path of the years up to `t`, at whose end the limit is held and the rest was used or has lapsed."""
    part = _part(problem, 0, t + 1, problem.bank0)
    held_over = np.zeros(t + 1)
    held_over[t] = limit[t]
    path = price_path_within(replace(part, supply=part.supply - held_over), np.append(limit[:t], np.inf))
    bank = path.bank.copy()
    bank[t] = limit[t]
    return replace(path, bank=bank)


def _part(problem: BankingProblem, start: int, end: int, bank: float) -> BankingProblem:
    """Return the problem of some years alone, with what is held before them."""
    rows = slice(start, end)
    curves: CostCurves = problem.curves if problem.curves.a.ndim == 1 else problem.curves.take(np.arange(start, end))
    return replace(
        problem,
        supply=problem.supply[rows],
        baseline=problem.baseline[rows],
        curves=curves,
        bank0=bank,
        ceiling=None if problem.ceiling is None else problem.ceiling[rows],
        floor=None if problem.floor is None else problem.floor[rows],
    )


def _joined(first: PricePath, then: PricePath) -> PricePath:
    n = len(first.price)
    joined = {
        name: np.concatenate([getattr(first, name), getattr(then, name)])
        for name in ("price", "bank", "abated", "shortfall", "withheld")
    }
    return PricePath(**joined, segments=(*first.segments, *((a + n, b + n) for a, b in then.segments)))
