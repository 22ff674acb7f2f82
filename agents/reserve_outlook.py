"""What reserves do to the price that the public expects: they add units above their prices, and take some out below.

A reserve is a step in the supply of units.  Where the solver's price lies beyond a step, the price is that of the step,
or what the solver finds with the step's units, whichever the market reaches first.  Auctions whose volume follows the
price are a slope: the price is the one at which the solver, given the volume of that price, finds it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from scipy.optimize import brentq

from rights_market.authority.supply import Supply
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    PriceIndexedSupply,
    TieredPriceReserve,
)
from rights_market.units import exact

Solve = Callable[[float, float], float]
"""From further lots this year, and in each later one, to the solver's price, CNY per unit."""


def price_with_reserves(price_yuan: float, supply: Supply, year: int, solve: Solve) -> float:
    """Return the price expected with the reserves of a right, CNY per unit.

    Parameters
    ----------
    price_yuan : float
        Solver's price without them.
    supply : Supply
        Published figures: prices of the reserves, and what is left in them.
    year : int
        Calendar year.
    solve : callable
        The solver on a changed supply.
    """
    price = _with_index(price_yuan, supply, year, solve)
    price = _with_release(price, supply, year, solve)
    price = _with_tiers(price, supply, year, solve)
    return _with_withholding(price, supply, year, solve)


def _with_index(price: float, supply: Supply, year: int, solve: Solve) -> float:
    """Return the price with the volumes that it brings about in the auctions to come this year.

    Volumes of later years are left as they are planned: what is cut now comes back once the price has passed the
    target, and what is added now is not there later.
    """
    rule, pot = supply.book.steady(PriceIndexedSupply), supply.reserves.indexed
    if rule is None or pot is None:
        return price
    to_come = supply.volumes.between(date(year, 1, 1), date(year + 1, 1, 1))
    planned = sum(supply.volumes.plan.offer(i) for i in to_come)
    tick = float(supply.book.right.tick_yuan)

    def gap(yuan: float) -> float:
        """Return by how much the price that the volume of a price leads to exceeds that price."""
        more = rule.volume(planned, exact(yuan / tick)) - planned
        return solve(float(min(more, pot.lots)), 0.0) - yuan

    target = rule.target * tick
    low, high = min(price, target), max(price, target)
    if not planned or gap(low) <= 0.0:
        return price if not planned else low
    return high if gap(high) >= 0.0 else float(brentq(gap, low, high, xtol=tick))


def _with_release(price: float, supply: Supply, year: int, solve: Solve) -> float:
    rule, tick = supply.book.steady(CostContainmentReserve), float(supply.book.right.tick_yuan)
    if rule is None:
        return price
    left, sizes = supply.auctions.containment.release_left(year), supply.auctions.containment.release_sizes(year)
    is_open = supply.volumes.has_auction_left(year)
    now = later = 0.0
    for k, tier in enumerate(rule.tiers):
        trigger = tier.trigger.price(year) * tick
        if price <= trigger:
            break
        now, later = now + (left[k] if is_open else 0), later + sizes[k]
        price = max(trigger, solve(now, later))
    return price


def _with_tiers(price: float, supply: Supply, year: int, solve: Solve) -> float:
    rule, sales = supply.book.steady(TieredPriceReserve), supply.reserves.sales
    if rule is None or sales is None:
        return price
    tick = float(supply.book.right.tick_yuan)
    now = 0.0
    for tier_price, pot in zip(rule.prices(year), sales.tiers, strict=True):
        if price <= tier_price * tick:
            return price
        if pot.lots:
            now += pot.lots
            price = max(tier_price * tick, solve(now, 0.0))
    if rule.ceiling is not None and rule.ceiling_units is None:
        price = min(price, rule.ceiling.price(year) * tick)
    return price


def _with_withholding(price: float, supply: Supply, year: int, solve: Solve) -> float:
    rule = supply.book.steady(EmissionsContainmentReserve)
    if rule is None:
        return price
    trigger = rule.trigger.price(year) * float(supply.book.right.tick_yuan)
    if price >= trigger:
        return price
    now = supply.auctions.containment.withhold_left(year) if supply.volumes.has_auction_left(year) else 0
    return min(trigger, solve(-float(now), -float(supply.auctions.containment.withhold_most(year))))
