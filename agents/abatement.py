"""What it costs a firm to emit less: marginal cost curves, measures with joint effects, investments.

Short-run abatement is continuous: a firm cuts a share of its baseline along a rising marginal cost curve.  A
measure that cuts several rights at once is worth the sum of what it saves of each.  Investments are lumpy: they
cost capital, take time to build, and change what is emitted for years.

One form covers the curves in use, MAC(x) = alpha + a x + b x^2 with x the abated share of the baseline: the
quadratic form of Ellerman and Decaux (1998) with alpha = 0, and the textbook line alpha + beta q with
a = beta * baseline.  All money here is in CNY and floating point: costs and values are beliefs, not balances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rights_market.units import FEN_PER_YUAN

Floats = npt.NDArray[np.float64]
Int8 = npt.NDArray[np.int8]
Int64 = npt.NDArray[np.int64]

TRADING_DAYS_PER_YEAR = 242
NEVER = -1
SMALLEST = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True)
class CostCurves:
    """Marginal abatement cost curves MAC(x) = alpha + a x + b x^2, one for each element of the arrays.

    Attributes
    ----------
    alpha : ndarray of float64
        Cost of the first unit, CNY per unit; negative for measures that pay for themselves.
    a, b : ndarray of float64
        Slope and curvature in the share, CNY per unit; not negative, and not both zero.
    limit : ndarray of float64
        Largest share of the baseline that can be abated, 0 to 1.

    All four have the same shape, such as (firm,), (firm, right) or (sector,).

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, or a curve does not rise.
    """

    alpha: Floats
    a: Floats
    b: Floats
    limit: Floats

    def __post_init__(self) -> None:
        shapes = {f.name: getattr(self, f.name).shape for f in fields(self)}
        if len(set(shapes.values())) != 1:
            raise ValueError(f"cost curves need arrays of one shape, got {shapes}")
        if not all(np.isfinite(getattr(self, f.name)).all() for f in fields(self)):
            raise ValueError("cost curves must be finite")
        if (self.a < 0).any() or (self.b < 0).any() or (self.a + self.b <= 0).any():
            raise ValueError("marginal cost must rise with the share: a and b not negative, and not both zero")
        if (self.limit < 0).any() or (self.limit > 1).any():
            raise ValueError("the largest abated share must lie between 0 and 1")

    @classmethod
    def of(cls, alpha: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike, limit: npt.ArrayLike = 1.0) -> Self:
        """Build curves from anything that broadcasts to one shape."""
        parts = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (alpha, a, b, limit)))
        return cls(*(np.ascontiguousarray(part) for part in parts))

    @classmethod
    def linear(cls, alpha: npt.ArrayLike, beta: npt.ArrayLike, baseline: npt.ArrayLike) -> Self:
        """Build MAC(q) = alpha + beta q in the quantity abated, with 0 <= q <= baseline.

        Parameters
        ----------
        alpha : array_like
            CNY per unit.
        beta : array_like
            CNY per unit and unit abated, positive.
        baseline : array_like
            Units a year without abatement, positive.
        """
        return cls.of(alpha, np.asarray(beta, dtype=np.float64) * np.asarray(baseline, dtype=np.float64), 0.0)

    def take(self, rows: npt.NDArray[np.intp]) -> Self:
        """Return the curves of some rows of the first axis, in that order."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))

    def scaled(self, factor: npt.ArrayLike) -> Self:
        """Return curves whose cost is `factor` times as high at every share (spread over firms, cost shock)."""
        times = np.asarray(factor, dtype=np.float64)
        return type(self).of(self.alpha * times, self.a * times, self.b * times, self.limit)

    def marginal_cost(self, share: npt.ArrayLike) -> Floats:
        """Cost of one more unit at an abated share, CNY per unit."""
        x = np.asarray(share, dtype=np.float64)
        return np.asarray(self.alpha + x * (self.a + x * self.b))

    def cost(self, share: npt.ArrayLike) -> Floats:
        """Cost of abating a share, CNY per unit of baseline: the integral of the marginal cost."""
        x = np.asarray(share, dtype=np.float64)
        return np.asarray(x * (self.alpha + x * (self.a / 2 + x * self.b / 3)))

    def share_at(self, price: npt.ArrayLike) -> Floats:
        """Share abated by a firm that saves `price` on each unit: marginal cost inverted, between 0 and the limit.

        Examples
        --------
        >>> coal = CostCurves.of(0, 1200, 8000, 0.25)
        >>> [round(float(x), 3) for x in coal.share_at([80.0, 200.0, 10_000.0])]
        [0.05, 0.1, 0.25]
        """
        above = np.maximum(np.asarray(price, dtype=np.float64) - self.alpha, 0.0)
        # The root of b x^2 + a x = above in the form that stays exact as b goes to 0; 0/0 only when a and above are 0.
        denominator = self.a + np.sqrt(self.a * self.a + 4.0 * self.b * above)
        share = 2.0 * above / np.maximum(denominator, SMALLEST)
        return np.minimum(share, self.limit)


@dataclass(frozen=True, slots=True)
class JointMeasures:
    """Continuous measures that change the need for several rights at once, one row a measure.

    Attributes
    ----------
    firm : ndarray of int64, shape (measure,)
        Row of the firm that can run it.
    capacity : ndarray of float64, shape (measure,)
        Units of its primary right that it works on in a year.
    curves : CostCurves, shape (measure,)
        Cost per unit of the primary right, over the share of the capacity in use.
    reduction : ndarray of float64, shape (measure, right)
        Units of each right saved by one unit of the primary right; negative where the measure needs more of a
        right (a scrubber uses energy).

    Raises
    ------
    ValueError
        If the arrays do not have one row a measure, or a capacity is negative.
    """

    firm: Int64
    capacity: Floats
    curves: CostCurves
    reduction: Floats

    def __post_init__(self) -> None:
        n = len(self.firm)
        if self.capacity.shape != (n,) or self.curves.a.shape != (n,) or self.reduction.shape[:1] != (n,):
            raise ValueError(
                f"measures need one row each: {n} firms, {self.capacity.shape} capacities, "
                f"{self.curves.a.shape} curves, {self.reduction.shape} reductions"
            )
        if self.reduction.ndim != 2:
            raise ValueError(f"reduction has shape {self.reduction.shape}, expected (measure, right)")
        if (self.capacity < 0).any():
            raise ValueError("the capacity of a measure must not be negative")

    def value(self, prices: npt.ArrayLike) -> Floats:
        """Sum over rights of reduction x price: what one unit of each measure saves, CNY.

        Parameters
        ----------
        prices : array_like, shape (right,) or (firm, right)
            Price of each right, or each firm's own shadow prices, CNY per unit.

        Returns
        -------
        ndarray of float64, shape (measure,)
        """
        return np.einsum("mr,mr->m", self.reduction, _by_row(prices, self.firm, self.reduction.shape))

    def amount_at(self, prices: npt.ArrayLike) -> Floats:
        """Units of the primary right that each measure abates when run until its cost meets its value."""
        return self.capacity * self.curves.share_at(self.value(prices))

    def abated(self, amount: Floats, n_firms: int) -> Floats:
        """Units of each right that firms save, shape (firm, right), for given amounts of all measures."""
        saved = np.zeros((n_firms, self.reduction.shape[1]))
        np.add.at(saved, self.firm, self.reduction * amount[:, None])
        return saved

    def cost(self, amount: Floats) -> Floats:
        """Cost of running each measure at an amount, CNY a year, shape (measure,)."""
        share = np.divide(amount, self.capacity, out=np.zeros_like(amount), where=self.capacity > 0)
        return self.capacity * self.curves.cost(share)


class MeasureStatus(IntEnum):
    """Life of an investment."""

    IDLE = 0
    BUILDING = 1
    RUNNING = 2
    RETIRED = 3


@dataclass(frozen=True, slots=True)
class Measures:
    """Investments that firms may make, one row each; all arrays have shape (measure,) unless stated.

    Attributes
    ----------
    firm : ndarray of int64
        Row of the firm.
    capex_fen : ndarray of int64
        Paid when building starts, fen.
    lead_days : ndarray of int64
        Trading days from start to operation.
    life_years : ndarray of int64
        Years of operation.
    opex_fen_per_year : ndarray of int64
        Running cost, fen a year; negative where it saves fuel.
    reduction : ndarray of float64, shape (measure, right)
        Units of each right saved in a year of operation.
    status : ndarray of int8
        `MeasureStatus` of each row.
    ready_day, end_day : ndarray of int64
        Trading day on which operation begins, and the first day after it; `NEVER` until started.
    """

    firm: Int64
    capex_fen: Int64
    lead_days: Int64
    life_years: Int64
    opex_fen_per_year: Int64
    reduction: Floats
    status: Int8
    ready_day: Int64
    end_day: Int64

    def __post_init__(self) -> None:
        n = len(self.firm)
        for f in fields(self):
            if getattr(self, f.name).shape[:1] != (n,):
                raise ValueError(f"measures: {f.name} has {len(getattr(self, f.name))} rows, expected {n}")
        if self.reduction.ndim != 2:
            raise ValueError(f"reduction has shape {self.reduction.shape}, expected (measure, right)")
        if (self.capex_fen < 0).any() or (self.lead_days < 0).any() or (self.life_years < 1).any():
            raise ValueError("measures: capital cost and lead time must not be negative, life must be a year or more")

    @classmethod
    def idle(
        cls,
        firm: npt.ArrayLike,
        capex_fen: npt.ArrayLike,
        lead_days: npt.ArrayLike,
        life_years: npt.ArrayLike,
        opex_fen_per_year: npt.ArrayLike,
        reduction: npt.ArrayLike,
    ) -> Self:
        """Build a list of measures of which none has been started."""
        n = len(np.atleast_1d(firm))
        return cls(
            firm=np.array(firm, dtype=np.int64),
            capex_fen=np.array(capex_fen, dtype=np.int64),
            lead_days=np.array(lead_days, dtype=np.int64),
            life_years=np.array(life_years, dtype=np.int64),
            opex_fen_per_year=np.array(opex_fen_per_year, dtype=np.int64),
            reduction=np.array(reduction, dtype=np.float64),
            status=np.full(n, MeasureStatus.IDLE, dtype=np.int8),
            ready_day=np.full(n, NEVER, dtype=np.int64),
            end_day=np.full(n, NEVER, dtype=np.int64),
        )

    def net_present_value(self, prices: npt.ArrayLike, rate: npt.ArrayLike, growth: float = 0.0) -> Floats:
        """Value of starting each measure today, CNY: discounted savings less capital cost.

        Parameters
        ----------
        prices : array_like, shape (right,) or (firm, right)
            Expected price of each right today, CNY per unit.
        rate : array_like, scalar or shape (firm,)
            Hurdle rate a year: a firm's own cost of funds and premium.
        growth : float
            Expected growth of all prices a year.  Running cost does not grow.

        Returns
        -------
        ndarray of float64, shape (measure,)

        Notes
        -----
        Savings of year y of operation arrive at its end, lead_days / 242 + y years from today, and each counts at
        the price of that time: NPV = -K + sum_y [sum_r g_r p_r (1 + growth)^t - O] / (1 + rate)^t.
        """
        hurdle = np.broadcast_to(np.asarray(rate, dtype=np.float64), _rows_of(rate, self.firm))[self.firm]
        if (hurdle <= -1).any() or growth <= -1:
            raise ValueError("a rate of -100 % a year or less has no present value")
        saved = np.einsum("mr,mr->m", self.reduction, _by_row(prices, self.firm, self.reduction.shape))
        delay = self.lead_days / TRADING_DAYS_PER_YEAR
        in_savings = _annuity(np.log1p(growth) - np.log1p(hurdle), delay, self.life_years)
        in_opex = _annuity(-np.log1p(hurdle), delay, self.life_years)
        return np.asarray(
            saved * in_savings - (self.capex_fen + self.opex_fen_per_year * in_opex) / FEN_PER_YUAN, dtype=np.float64
        )

    def mean_discount(self, rate: float) -> Floats:
        """Return what 1 CNY is worth today that is paid in equal parts over the years of each measure's life."""
        delay = self.lead_days / TRADING_DAYS_PER_YEAR
        return _annuity(np.full(len(delay), -np.log1p(rate)), delay, self.life_years) / self.life_years

    def choose(self, value: Floats, budget_fen: Int64, cost_fen: Int64 | None = None) -> npt.NDArray[np.intp]:
        """Return the rows that firms start: positive value, largest first, while the budget lasts.

        A measure that no longer fits is passed over and the next one is tried; equal values go to the lower row.

        Parameters
        ----------
        value : ndarray of float64, shape (measure,)
            Net present value at the hurdle rate.
        budget_fen : ndarray of int64, shape (firm,)
            What each firm may spend on capital, fen.
        cost_fen : ndarray of int64, shape (measure,), optional
            What each measure costs its firm now, fen, if others pay a part.

        Returns
        -------
        ndarray of intp
            Rows in ascending order.
        """
        wanted = np.flatnonzero((self.status == MeasureStatus.IDLE) & (value > 0))
        wanted = wanted[np.lexsort((wanted, -value[wanted], self.firm[wanted]))]
        firm = self.firm[wanted]
        rank = np.arange(len(wanted)) - np.searchsorted(firm, firm)
        left = np.array(budget_fen, dtype=np.int64)
        cost = self.capex_fen if cost_fen is None else cost_fen
        chosen = []
        for k in range(int(rank.max(initial=-1)) + 1):
            rows = wanted[rank == k]
            rows = rows[cost[rows] <= left[self.firm[rows]]]
            left[self.firm[rows]] -= cost[rows]
            chosen.append(rows)
        return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.intp)

    def start(self, rows: npt.NDArray[np.intp], day: int) -> Self:
        """Return the measures with some rows under construction from `day`.

        Raises
        ------
        ValueError
            If a row was started before.
        """
        if (self.status[rows] != MeasureStatus.IDLE).any():
            raise ValueError(f"measures {rows[self.status[rows] != MeasureStatus.IDLE].tolist()} were started before")
        status, ready, end = self.status.copy(), self.ready_day.copy(), self.end_day.copy()
        status[rows] = MeasureStatus.BUILDING
        ready[rows] = day + self.lead_days[rows]
        end[rows] = ready[rows] + self.life_years[rows] * TRADING_DAYS_PER_YEAR
        return replace(self, status=status, ready_day=ready, end_day=end)

    def advance(self, day: int) -> Self:
        """Return the measures as they stand on `day`: finished ones run, worn-out ones retire."""
        status = self.status.copy()
        status[(status == MeasureStatus.BUILDING) & (self.ready_day <= day)] = MeasureStatus.RUNNING
        status[(status == MeasureStatus.RUNNING) & (self.end_day <= day)] = MeasureStatus.RETIRED
        return replace(self, status=status)

    def reduction_per_year(self, n_firms: int) -> Floats:
        """Units of each right saved a year by the measures in operation, shape (firm, right)."""
        saved = np.zeros((n_firms, self.reduction.shape[1]))
        running = self.status == MeasureStatus.RUNNING
        np.add.at(saved, self.firm[running], self.reduction[running])
        return saved

    def state(self) -> dict[str, list[int]]:
        """Return what changes during a run as plain lists."""
        return {name: getattr(self, name).tolist() for name in ("status", "ready_day", "end_day")}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Return the same measures in a saved state."""
        return replace(
            self,
            status=np.array(state["status"], dtype=np.int8),
            ready_day=np.array(state["ready_day"], dtype=np.int64),
            end_day=np.array(state["end_day"], dtype=np.int64),
        )


def _by_row(prices: npt.ArrayLike, firm: Int64, shape: tuple[int, ...]) -> Floats:
    """Prices as each measure sees them, shape (measure, right)."""
    table = np.asarray(prices, dtype=np.float64)
    if table.ndim not in (1, 2) or table.shape[-1] != shape[1]:
        raise ValueError(f"prices have shape {table.shape}, expected ({shape[1]},) or (firm, {shape[1]})")
    return np.broadcast_to(table, shape) if table.ndim == 1 else table[firm]


def _rows_of(rate: npt.ArrayLike, firm: Int64) -> tuple[int]:
    return (len(np.asarray(rate)),) if np.ndim(rate) else (int(firm.max(initial=-1)) + 1,)


def _annuity(log_factor: Floats, delay: Floats, years: Int64) -> Floats:
    """Sum over y = 1..years of exp(log_factor (delay + y)), exact also where the factor is close to 1."""
    safe = np.where(log_factor == 0, 1.0, log_factor)
    series = np.where(log_factor == 0, years, np.exp(safe) * np.expm1(years * safe) / np.expm1(safe))
    return np.asarray(np.exp(log_factor * delay) * series)
