"""The price path of a bankable right: the shared solver of forward-looking firms.

Firms that may bank hold a right as long as its price is expected to rise at the rate of interest.  The least-cost
path therefore consists of segments in which the price grows at that rate, each ending in a year in which the bank
is empty (Rubin 1996; Schennach 2000; Cronshaw and Kruse 1996).  The search is exact up to rounding: from the first
free year it takes the smallest start price at which the permits suffice up to every later year, ends the segment
in the last year in which they are used up, and starts again after it.

A fine changes the path in one of two ways.  A flat fine that clears the duty is an alternative to a permit, so
demand vanishes above it.  Where missing units must be made good next year, a fine is the premium on borrowing:
price(t) <= fine(t) + price(t+1) / (1 + rate), with equality while units are owed.

Only public data enter, so one solution serves all firms until the next announcement; the caller keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from agents.abatement import CostCurves, Floats, Int8
from agents.banking import SLACK, BankingProblem, Draft, PricePath, Years, fines, growth_factors, present_cost

__all__ = ["BankingProblem", "PricePath", "make_good_ceiling", "one_period_price", "present_cost", "price_path"]

ROUNDING = 4 * np.finfo(float).eps
NOTHING = 1e-12  # share of the market's size that may be lacking: picks the lowest price where a range of them clears
WIDTH = 1e-13  # relative width of the bracket kept around a start price
CANDIDATES = 31  # start prices tried at once where a path must be walked year by year


def price_path(problem: BankingProblem) -> PricePath:
    """Return the competitive price path, which is also the least-cost one.

    Raises
    ------
    ValueError
        If the caps cannot be met with all abatement there is and no fine ends the demand.

    Notes
    -----
    Year 0 counts undiscounted.  Optimality conditions: price(t+1) = (1 + rate) price(t) while the bank is positive,
    at most that when it is empty, and price 0 from the year on in which permits stop being scarce.
    Where a range of prices clears the market, the lowest is returned.

    Examples
    --------
    >>> curve = CostCurves.linear(0, 1, 100)
    >>> path = price_path(BankingProblem(np.array([90.0, 60.0]), np.full((2, 1), 100.0), curve, rate=0.05))
    >>> path.price.round(4).tolist(), path.bank.round(4).tolist()
    ([24.3902, 25.6098], [14.3902, 0.0])
    """
    if not problem.make_good:
        return _search(problem)
    free = replace(problem, ceiling=None, make_good=False)
    if is_coverable(free):
        path = _search(free)
        if (path.price <= _highest_price(problem, path.price) * (1 + WIDTH)).all():
            return path
    return _walk_segments(problem)


def one_period_price(curves: CostCurves, baseline: Floats, cap: float, ceiling: float = np.inf) -> float:
    """Return the price at which a market without banking meets its cap.

    Parameters
    ----------
    curves : CostCurves, shape (group,)
        Abatement cost.
    baseline : ndarray of float64, shape (group,)
        Units needed without abatement.
    cap : float
        Units issued.
    ceiling : float
        Fine per missing unit; see `make_good_ceiling` where it does not clear the duty.

    Returns
    -------
    float
        CNY per unit; 0 when the cap is slack.
    """
    one_year = BankingProblem(np.array([cap]), baseline[None, :], curves, rate=0.0, ceiling=np.array([ceiling]))
    return float(_search(one_year).price[0])


def make_good_ceiling(fine: npt.ArrayLike, price_next: npt.ArrayLike, rate: npt.ArrayLike) -> Floats:
    """Most that a unit can be worth where missing ones cost a fine and are still due next year, CNY per unit."""
    owed = np.asarray(price_next, dtype=np.float64) / (1.0 + np.asarray(rate, dtype=np.float64))
    return np.asarray(np.asarray(fine, dtype=np.float64) + owed)


def _highest_price(problem: BankingProblem, price: Floats) -> Floats:
    """Bound of each year under making good, given the price of the year after."""
    return make_good_ceiling(fines(problem), np.append(price[1:], problem.price_after), problem.rate)


def _choke_price(problem: BankingProblem) -> float:
    """Start price above which nothing changes in any year: abatement is at its limit, fines are paid, supply sold."""
    limits = problem.curves.marginal_cost(problem.curves.limit)
    bounds = (limits, fines(problem), np.zeros(1) if problem.floor is None else problem.floor)
    highest = max(float(x[np.isfinite(x)].max(initial=0.0)) for x in bounds)
    return highest / min(1.0, float(growth_factors(problem.rate, len(problem.supply)).min())) * (1 + 1e-9) + 1e-9


def _size(problem: BankingProblem) -> float:
    return float(problem.baseline.sum()) + abs(problem.bank0)


def is_coverable(problem: BankingProblem) -> bool:
    """Return whether some price covers every year: abatement at its limit, or a fine that ends demand, is enough."""
    years = Years(problem, 0, len(problem.supply))
    _, needed, offered = years.at(np.full(len(problem.supply), _choke_price(problem)))
    lacking = needed - offered
    lacking[0] -= problem.bank0
    if problem.borrowing:
        lacking = lacking.sum(keepdims=True)
    elif problem.bankable:
        lacking = np.cumsum(lacking)
    return bool(lacking.max() <= NOTHING * _size(problem))


def _search(problem: BankingProblem) -> PricePath:
    """Segments without debts: banking only, or free borrowing."""
    if not is_coverable(problem):
        raise ValueError(_out_of_reach(problem))
    horizon, choke = len(problem.supply), _choke_price(problem)
    size = _size(problem)
    draft, start, stock, upper = Draft(problem), 0, problem.bank0, choke
    while start < horizon:
        years = Years(problem, start, horizon - start if problem.bankable else 1)
        binding = slice(-1, None) if problem.borrowing else slice(None)
        held = stock + NOTHING * size
        starts, pair = _bracket(years, held, binding, (upper, choke))
        lacking = np.cumsum(pair[1] - pair[2], axis=-1) - held
        share = _share_of_low(lacking[0, binding], lacking[1, binding])
        price, quantities = _mixed(share, starts[:, None] * years.growth), _mixed(share, pair)
        lacking = np.cumsum(quantities[1] - quantities[2]) - stock
        used_up = np.flatnonzero(lacking >= -SLACK * size)
        count = len(price) if starts[1] == 0 or problem.borrowing else int(used_up[-1]) + 1
        draft.add(start, stock, price[:count], quantities[:, :count])
        stock = float(max(-lacking[count - 1], 0.0)) if problem.bankable else 0.0
        upper = min(choke, price[count - 1] * (1 + problem.rate) * (1 + 1e-9)) if problem.bankable else choke
        start += count
    return draft.path()


def _bracket(years: Years, stock: float, binding: slice, uppers: tuple[float, float]) -> tuple[Floats, Floats]:
    """Two start prices, at most rounding apart, between which permits begin to suffice, and their quantities.

    Both prices are 0 if permits suffice at 0.  Demand jumps where the path meets a fine or a floor, so those start
    prices are tried first and the root is sought only where demand is continuous.
    """

    def worst(start_price: float) -> float:
        return float(years.lacking(start_price, stock)[..., binding].max())

    def both(low: float, high: float) -> tuple[Floats, Floats]:
        starts = np.array([low, high])
        return starts, np.stack(years.at(starts[:, None] * years.growth))

    if worst(0.0) <= 0:
        return both(0.0, 0.0)
    low, high = 0.0, next((u for u in uppers if worst(u) <= 0), uppers[-1])
    jumps = years.jumps()
    jumps = jumps[(jumps > 0) & (jumps < high)]
    if len(jumps):
        enough = years.lacking(jumps[:, None] * (1 + ROUNDING), stock)[..., binding].max(axis=-1) <= 0
        k = int(np.argmax(np.append(enough, True)))
        low = float(jumps[k - 1]) * (1 + ROUNDING) if k else 0.0
        if k < len(jumps):
            high = float(jumps[k]) * (1 - ROUNDING)
            if worst(high) > 0:
                return both(high, float(jumps[k]) * (1 + ROUNDING))
    if worst(high) > 0:
        # All years together are coverable, so only rounding at the very limit of abatement leads here.
        return both(high, high)
    root = float(brentq(worst, low, high, xtol=WIDTH * high, rtol=ROUNDING))
    gap = WIDTH * high
    while True:
        starts, pair = both(max(root - gap, low), min(root + gap, high))
        lacking = (np.cumsum(pair[1] - pair[2], axis=-1) - stock)[:, binding].max(axis=-1)
        if lacking[0] > 0 >= lacking[1]:
            return starts, pair
        gap *= 4


def _mixed(share: float, pair: Floats) -> Floats:
    """Combine the two sides of a bracket, which lie along the last axis but one."""
    return np.asarray(share * pair[..., 0, :] + (1 - share) * pair[..., -1, :])


def _share_of_low(low: Floats, high: Floats) -> float:
    """Weight of the lower of two neighbouring prices at which the first year with a lack has exactly none.

    At a fine or a floor, demand jumps; between the two sides any mixture clears, and this one uses up the permits.
    """
    short = (low > 0) & (high <= 0)
    if not short.any():
        return 0.0
    return float((-high[short] / (low[short] - high[short])).min().clip(0.0, 1.0))


def _out_of_reach(problem: BankingProblem) -> str:
    return (
        f"the caps of {problem.supply.sum():g} units cannot be met from a baseline of {problem.baseline.sum():g} "
        "even with all abatement: raise the limits of the cost curves, or set a fine in every year"
    )


class _Walk:
    """Many start prices followed year by year where debts may be carried, each until it proves too low or too high.

    The price grows at the rate of interest after a year that ends with a bank; after one that ends in debt it falls
    short of that by the fine.  A start price is too low if the debt is not worth its fine, too high if units are
    left at the end or if not even the last year's bound is respected.
    """

    def __init__(self, problem: BankingProblem, years: Sequence[Years], stock: float, first: Floats) -> None:
        shape = (len(first), len(years))
        self.price, self.stock = np.zeros(shape), np.zeros(shape)
        self.quantities = np.zeros((3, *shape))
        self.verdict: Int8 = np.zeros(shape, dtype=np.int8)
        self._problem, self._fines = problem, fines(problem)[len(problem.supply) - len(years) :]
        price, held, verdict = first, np.full(len(first), stock), np.zeros(len(first), dtype=np.int8)
        for j, year in enumerate(years):
            self.price[:, j] = price
            self.quantities[:, :, j] = np.concatenate(year.at(price[:, None]), axis=1).T
            held = held + self.quantities[2, :, j] - self.quantities[1, :, j]
            price, fresh = self._step(j, price, held)
            verdict = np.where(verdict == 0, fresh, verdict)
            self.stock[:, j], self.verdict[:, j] = held, verdict

    def _step(self, j: int, price: Floats, stock: Floats) -> tuple[Floats, Int8]:
        """Next year's price and what year j says of the start price: -1 too low, 1 too high, 0 open."""
        problem = self._problem
        left_over = (stock > 0) & (price > 0)
        if j == len(self._fines) - 1:
            bound = self._fines[j] + problem.price_after / (1 + problem.rate)
            verdict = np.where((price > bound) | left_over, 1, np.where(stock < 0, -1, 0))
            return price, verdict.astype(np.int8)
        onward = (1 + problem.rate) * (price - np.where(stock < 0, self._fines[j], 0.0))
        verdict = np.where(onward < 0, -1, 0 if problem.bankable else left_over.astype(np.int8))
        return np.maximum(onward, 0.0), verdict.astype(np.int8)


def _walk_segments(problem: BankingProblem) -> PricePath:
    """Segments in which both a bank and debts may be carried, each ending in a year that ends with neither."""
    every_year = [Years(problem, t, 1) for t in range(len(problem.supply))]
    empty = SLACK * _size(problem)
    draft, start, stock = Draft(problem), 0, problem.bank0
    while start < len(every_year):
        years = every_year[start:]
        pair = _Walk(problem, years, stock, np.zeros(1))
        if problem.bankable and pair.verdict[0, -1] >= 0:
            count, share = len(years), 0.0
        elif not problem.bankable and pair.stock[0, 0] >= 0:
            count, share = 1, 0.0
        else:
            pair = _Walk(problem, years, stock, np.array(_walk_bracket(problem, years, stock)))
            apart = ((pair.stock[0] < 0) != (pair.stock[1] < 0)) | (pair.verdict != 0).any(axis=0)
            count = int(np.argmax(apart)) + 1
            short, enough = pair.stock[:, count - 1]
            share = float(enough / (enough - short)) if short < 0 <= enough else 0.0
        draft.add(start, stock, _mixed(share, pair.price[:, :count]), _mixed(share, pair.quantities[..., :count]))
        stock = float(draft.stock[start + count - 1])
        stock = 0.0 if abs(stock) <= empty or (stock > 0 and not problem.bankable) else stock
        start += count
    return draft.path()


def _walk_bracket(problem: BankingProblem, years: Sequence[Years], stock: float) -> tuple[float, float]:
    """Two neighbouring start prices, the lower too low and the higher not."""
    bounds = fines(problem)
    finite = float(bounds[np.isfinite(bounds)].sum()) + problem.price_after
    low, high = 0.0, _choke_price(problem) + finite / min(1.0, float(growth_factors(problem.rate, len(bounds)).min()))
    top = high
    if _Walk(problem, years, stock, np.array([high])).verdict[0, -1] < 0:
        raise ValueError(_out_of_reach(problem))
    while high - low > WIDTH * (high + WIDTH * top):
        tried = np.linspace(low, high, CANDIDATES + 2)
        enough = _Walk(problem, years, stock, tried[1:-1]).verdict[:, -1] >= 0
        k = int(np.argmax(np.append(enough, True)))
        low, high = float(tried[k]), float(tried[k + 1])
    return low, high
