"""Values and costs that an experimenter gives to traders, what they imply, and the rules under which they trade.

Smith (1962, Journal of Political Economy 70:111) induces demand and supply: a buyer may redeem a unit at its value, a
seller pays its cost for a unit that it sells.  Trades at any price inside the competitive interval then gain the most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from agents.spec import InducedSpec
from rights_market import Right, RuleBook, Side
from rights_market.exchange.calendar import Period
from rights_market.policies.compliance import Surrender
from rights_market.policies.trading import SettlementCycle
from rights_market.units import exact

Ints = npt.NDArray[np.int64]

TICK_YUAN = Decimal("0.01")
YEAR = 2000
"""Vintage of laboratory units; they live for a day, so that the year says nothing."""


def smith_1962(strategy: str = "zip", days: int = 10, sessions: int = 1) -> InducedSpec:
    """Return the market of Smith's first test: 11 buyers from 3.25 down to 0.75, 11 sellers from 0.75 up to 3.25.

    The competitive price is 2.00 and 6 units trade, the last of them without gain (Smith 1962, chart 1).
    """
    steps = [0.75 + 0.25 * k for k in range(11)]
    return InducedSpec(
        values=steps[::-1],
        costs=steps,
        price_low=0.0,
        price_high=4.0,
        strategy=strategy,  # type: ignore[arg-type]
        days=days,
        sessions=sessions,
    )


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """The competitive outcome of induced values and costs.

    Attributes
    ----------
    lots : int
        Most units that can trade without loss.
    price_low, price_high : int
        Lowest and highest competitive price, ticks.
    surplus : int
        Gain of all traders together, ticks.
    """

    lots: int
    price_low: int
    price_high: int
    surplus: int

    @property
    def price(self) -> float:
        """Middle of the competitive interval, ticks."""
        return (self.price_low + self.price_high) / 2


def competitive_equilibrium(values: Ints, costs: Ints) -> Equilibrium:
    """Return the competitive outcome of unit values and costs.

    Parameters
    ----------
    values, costs : ndarray of int64
        One entry a unit, ticks, in any order; shapes (n_demanded,) and (n_offered,).

    Notes
    -----
    With values falling and costs rising, the quantity is the largest k with v_k >= c_k, and the price lies between
    max(c_k, v_k+1) and min(v_k, c_k+1).  If no unit can trade, any price between the best value and the lowest cost
    is competitive.

    Examples
    --------
    >>> competitive_equilibrium(np.array([30, 20, 10]), np.array([10, 20, 30]))
    Equilibrium(lots=2, price_low=20, price_high=20, surplus=20)
    """
    v, c = np.sort(values)[::-1], np.sort(costs)
    n = min(len(v), len(c))
    q = int(np.count_nonzero(v[:n] >= c[:n]))
    if q == 0:
        return Equilibrium(0, int(v[0]), int(c[0]), 0)
    low = max(int(c[q - 1]), int(v[q]) if q < len(v) else 0)
    high = min(int(v[q - 1]), int(c[q]) if q < len(c) else int(v[q - 1]))
    return Equilibrium(q, low, high, int((v[:q] - c[:q]).sum()))


@dataclass(frozen=True, slots=True)
class Schedule:
    """The traders of one session, buyers before sellers; arrays have shape (n_traders,).

    Attributes
    ----------
    side : ndarray of int8
        `Side` on which each trades.
    ticks : ndarray of int64
        Value of a buyer or cost of a seller, in ticks.
    units : int
        Units that each may trade on a day.
    price_low, price_high : int
        Prices that may be quoted, ticks.
    equilibrium : Equilibrium
        What theory expects of each day.
    """

    side: npt.NDArray[np.int8]
    ticks: Ints
    units: int
    price_low: int
    price_high: int
    equilibrium: Equilibrium

    def __len__(self) -> int:
        return len(self.side)

    @classmethod
    def of(cls, spec: InducedSpec) -> Schedule:
        """Count values and costs in ticks.

        Raises
        ------
        ValueError
            If one of them, or a limit of the price range, is not a whole number of ticks.
        """
        values = np.array([_ticks("a value", x) for x in spec.values], dtype=np.int64)
        costs = np.array([_ticks("a cost", x) for x in spec.costs], dtype=np.int64)
        # Every trader has as many units, so that they multiply what trades and is gained, and no price.
        one = competitive_equilibrium(values, costs)
        equilibrium = Equilibrium(one.lots * spec.units, one.price_low, one.price_high, one.surplus * spec.units)
        side = np.repeat(np.array([Side.BID, Side.ASK], dtype=np.int8), [len(values), len(costs)])
        return cls(
            side,
            np.concatenate([values, costs]),
            spec.units,
            max(1, _ticks("price_low", spec.price_low)),
            _ticks("price_high", spec.price_high),
            equilibrium,
        )


def laboratory_rule_book(spec: InducedSpec, session: int = 0) -> RuleBook:
    """Return the rules of a session's right: no cap, no fees, and what was bought may be used at once.

    Parameters
    ----------
    spec : InducedSpec
        Whose price range holds.
    session : int
        Which session; each has a right of its own.
    """
    top = _ticks("price_high", spec.price_high)
    code = f"LAB{session + 1}" if spec.sessions > 1 else "LAB"
    first, last = date(YEAR, 1, 1), date(YEAR, 12, 31)
    period = Period(
        str(YEAR), YEAR, first, last, announce=first, preallocate=first, verify=last, true_up=last, deadline=last
    )
    return RuleBook(
        right=Right(code, "Laboratory unit", "实验单位", "unit", Decimal(1), TICK_YUAN, top),
        periods=(period,),
        opening_price_ticks=max(1, (_ticks("price_low", spec.price_low) + top) // 2),
        surrender=Surrender(),
        settlement=SettlementCycle(units_lag_days=0),
        opening_call=False,
    )


def _ticks(what: str, yuan: float) -> int:
    ticks = exact(yuan) / Fraction(TICK_YUAN)
    if ticks.denominator != 1:
        raise ValueError(f"{what} is {yuan} CNY; expected a multiple of the tick of {TICK_YUAN} CNY")
    return int(ticks)
