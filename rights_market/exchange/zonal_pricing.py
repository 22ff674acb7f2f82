"""Prices of a call auction over zones: all that clear it, and the one that is taken.

Given one optimum, its prices are those that agree with what every order did.  They bound each other by products of
trading ratios, so that the lowest and the highest are found by following the bounds from zone to zone.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-6
"""Lots up to which a quantity of the optimum counts as none."""
HALF = 0.5 + 1e-9
"""Half a tick, and what arithmetic of ratios may lose."""


class Levels(NamedTuple):
    """Orders of one side, gathered by zone and price.

    Attributes
    ----------
    zone, price, lots : ndarray of int64, shape (n_levels,)
        The best price of a zone first.
    row, row_lots : ndarray of int64, shape (n_orders,)
        The orders, level by level and in a level by arrival.
    start : ndarray of int64, shape (n_levels + 1,)
        Where each level begins among the orders.
    """

    zone: Int64
    price: Int64
    lots: Int64
    row: Int64
    row_lots: Int64
    start: Int64


class Arcs(NamedTuple):
    """Pairs of zones between which units may flow; all of length n_arcs.

    Attributes
    ----------
    seller, buyer : ndarray of int64
    ratio : list of Fraction
    tau : ndarray of float64
        The same ratios.
    room : ndarray of int64
        Lots that may come into the buyer's zone over all its arcs, -1 for no limit.
    """

    seller: Int64
    buyer: Int64
    ratio: list[Fraction]
    tau: Floats
    room: Int64


class _Range(NamedTuple):
    """Lowest and highest price of buyers and of sellers in each zone, ticks."""

    bid_low: Floats
    bid_high: Floats
    ask_low: Floats
    ask_high: Floats


def prices(
    bids: Levels,
    asks: Levels,
    arcs: Arcs,
    served: Floats,
    sold: Floats,
    flow: Floats,
    n_zones: int,
    choose: Literal["mid", "lowest", "highest"],
) -> Int64:
    """Return the price of each zone, ticks, half up; zones without trade get a number without meaning.

    Where a zone's buyers and sellers have prices of their own (units may go from a to b and from b to c, but not from a
    to c), the sellers' is returned: it is what is paid for units.

    Parameters
    ----------
    served, sold : ndarray of float64
        Lots of each bid and ask level in the optimum.
    flow : ndarray of float64, shape (n_arcs,)
        Units on each arc in the optimum.
    choose : str
        Of several prices the ``mid``, lowest or highest, zone after zone.
    """
    flows = flow > TOLERANCE
    credited = np.bincount(arcs.buyer, np.where(arcs.room >= 0, arcs.tau * flow, 0.0), n_zones)
    is_full = (arcs.room >= 0) & (credited[arcs.buyer] >= arcs.room - TOLERANCE)
    sells = np.zeros(n_zones, np.bool_)
    sells[asks.zone[sold > TOLERANCE]] = True
    buys = np.zeros(n_zones, np.bool_)
    buys[bids.zone[served > TOLERANCE]] = True
    bound = _own_bounds(bids, asks, served, sold, n_zones)
    chosen = np.zeros(n_zones)
    for zone in range(n_zones):
        _follow(bound, arcs, flows, is_full)
        low, high = (bound.ask_low, bound.ask_high) if sells[zone] else (bound.bid_low, bound.bid_high)
        if not (sells[zone] or buys[zone]):
            continue
        value = {"mid": (low[zone] + high[zone]) / 2, "lowest": low[zone], "highest": high[zone]}[choose]
        low[zone] = high[zone] = chosen[zone] = value
    return np.floor(chosen + HALF).astype(np.int64)


def _own_bounds(bids: Levels, asks: Levels, served: Floats, sold: Floats, n_zones: int) -> _Range:
    """Return what a zone's own orders say: served bids are worth the price, unserved ones are not, and so for asks."""
    bound = _Range(np.zeros(n_zones), np.full(n_zones, np.inf), np.zeros(n_zones), np.full(n_zones, np.inf))
    some, more = served > TOLERANCE, served < bids.lots - TOLERANCE
    np.minimum.at(bound.bid_high, bids.zone[some], bids.price[some].astype(np.float64))
    np.maximum.at(bound.bid_low, bids.zone[more], bids.price[more].astype(np.float64))
    some, more = sold > TOLERANCE, sold < asks.lots - TOLERANCE
    np.maximum.at(bound.ask_low, asks.zone[some], asks.price[some].astype(np.float64))
    np.minimum.at(bound.ask_high, asks.zone[more], asks.price[more].astype(np.float64))
    return bound


def _follow(bound: _Range, arcs: Arcs, flows: npt.NDArray[np.bool_], is_full: npt.NDArray[np.bool_]) -> None:
    """Let prices bound each other along the arcs, until nothing moves any more.

    Units are worth at least what they would bring elsewhere, and no more where some are sold there.  Into a zone that
    admits no more, units may be worth less than that.
    """
    seller, buyer, tau = arcs.seller, arcs.buyer, arcs.tau
    free = ~is_full
    for _ in range(2 * len(bound.bid_low) + 2):
        before = [x.copy() for x in bound]
        np.maximum.at(bound.ask_low, seller[free], tau[free] * bound.bid_low[buyer[free]])
        np.minimum.at(bound.bid_high, buyer[free], bound.ask_high[seller[free]] / tau[free])
        np.maximum.at(bound.bid_low, buyer[flows], bound.ask_low[seller[flows]] / tau[flows])
        np.minimum.at(bound.ask_high, seller[flows], tau[flows] * bound.bid_high[buyer[flows]])
        if all(np.array_equal(a, b) for a, b in zip(before, bound, strict=True)):
            return
