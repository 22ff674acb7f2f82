"""Whole lots of a call auction over zones: which units go from whom to whom, and what they count for."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from rights_market.exchange.zonal_pricing import Arcs, Levels
from rights_market.units import ceil, floor

Int64 = npt.NDArray[np.int64]

TRIES = 200
"""Lots by which an order is cut to the next number of which each costs no more than its limit."""


class Deals(NamedTuple):
    """Who sells what to whom; all arrays have shape (n,).

    Attributes
    ----------
    seller, buyer : ndarray of int64
        Rows of the orders.
    units, credited : ndarray of int64
        Lots that the seller gives, and that count for the buyer.
    price_ticks : ndarray of int64
        Price of a unit in the seller's zone.
    """

    seller: Int64
    buyer: Int64
    units: Int64
    credited: Int64
    price_ticks: Int64

    @classmethod
    def none(cls) -> Self:
        """Return no deals."""
        return cls(*(np.zeros(0, np.int64) for _ in range(5)))


class _Basket(NamedTuple):
    """Units that a buyer takes from some arcs, and the lots that it is credited."""

    parts: list[tuple[int, int]]
    credited: int


class _Stores(NamedTuple):
    """What is left to take.

    Attributes
    ----------
    left : list of int
        Units on each arc.
    seller : list of int
        Zone from which each arc leads; each leads from it to another zone, so that a buyer asks a zone once.
    on_offer : dict of int to int
        Units of each zone.
    ratio : list of Fraction
    """

    left: list[int]
    seller: list[int]
    on_offer: dict[int, int]
    ratio: list[Fraction]

    def take(self, arc: int, units: int) -> None:
        """Note that units are gone."""
        self.left[arc] -= units
        self.on_offer[self.seller[arc]] -= units


def deal(bids: Levels, asks: Levels, arcs: Arcs, served: Int64, flow: Int64, price_ticks: Int64) -> tuple[Deals, Int64]:
    """Serve orders with whole units: the better price first, then the earlier order.

    A flow that the optimum cuts within a unit may take that unit where the seller's zone has it to give at its price.

    Parameters
    ----------
    bids, asks : Levels
    arcs : Arcs
        Sorted by buyer zone.
    served : ndarray of int64
        Lots for each bid level, at most.
    flow : ndarray of int64, shape (n_arcs,)
        Units on each arc, at most.
    price_ticks : ndarray of int64, shape (n_zones,)

    Returns
    -------
    deals : Deals
    dropped : ndarray of int64
        Rows of buyers for whom no number of lots stays within their limit.
    """
    price = price_ticks[arcs.seller].tolist()
    stores = _Stores(flow.tolist(), arcs.seller.tolist(), _on_offer(asks, price_ticks), arcs.ratio)
    arcs_of: dict[int, list[int]] = {}
    for k, zone in enumerate(arcs.buyer.tolist()):
        arcs_of.setdefault(zone, []).append(k)
    taken: list[tuple[int, int, int, int]] = []
    dropped: list[int] = []
    for level in np.flatnonzero(served > 0).tolist():
        rest, limit = int(served[level]), int(bids.price[level])
        ways = arcs_of.get(int(bids.zone[level]), [])
        for at in range(int(bids.start[level]), int(bids.start[level + 1])):
            wanted = min(rest, int(bids.row_lots[at]))
            if not wanted:
                break
            basket = _affordable(wanted, limit, ways, stores, price)
            if not basket.credited:
                if _basket(wanted, ways, stores).credited:
                    dropped.append(int(bids.row[at]))
                continue
            rest -= basket.credited
            credits = _credits(basket, arcs.ratio)
            for (k, units), credited in zip(basket.parts, credits, strict=True):
                stores.take(k, units)
                taken.append((int(bids.row[at]), k, units, credited))
    return _pair(taken, asks, arcs, price_ticks), np.array(dropped, np.int64)


def _on_offer(asks: Levels, price_ticks: Int64) -> dict[int, int]:
    """Return the units that sellers of each zone give at its price."""
    gives = asks.price <= price_ticks[asks.zone]
    return {z: int(asks.lots[gives & (asks.zone == z)].sum()) for z in np.unique(asks.zone).tolist()}


def _affordable(wanted: int, limit: int, ways: list[int], stores: _Stores, price: list[int]) -> _Basket:
    """Return the largest basket, not much smaller than what is wanted, of which no lot costs more than the limit."""
    for lots in range(wanted, max(0, wanted - TRIES), -1):
        basket = _basket(lots, ways, stores)
        if sum(price[k] * units for k, units in basket.parts) <= limit * basket.credited:
            return basket
    return _Basket([], 0)


def _basket(wanted: int, ways: list[int], stores: _Stores) -> _Basket:
    """Take units from the arcs in their order until they count for what is wanted, and none that count for nothing."""
    parts: list[tuple[int, int]] = []
    worth, ratio = Fraction(0), stores.ratio
    for k in ways:
        units = min(stores.left[k], stores.on_offer[stores.seller[k]], ceil((wanted - worth) / ratio[k]))
        if units > 0:
            worth += ratio[k] * units
            parts.append((k, units))
        if worth >= wanted:
            break
    credited = min(wanted, floor(worth))
    while parts:
        k, units = parts.pop()
        worth -= ratio[k] * units
        needed = ceil(max(Fraction(0), credited - worth) / ratio[k])
        if needed:
            return _Basket([*parts, (k, needed)], credited)
    return _Basket([], 0)


def _credits(basket: _Basket, ratio: list[Fraction]) -> list[int]:
    """Return what each part of a basket counts for; the parts of a lot count with the part that completes it."""
    worth, done, credits = Fraction(0), 0, []
    for k, units in basket.parts:
        worth += ratio[k] * units
        upto = min(basket.credited, floor(worth))
        credits.append(upto - done)
        done = upto
    return credits


def _pair(taken: list[tuple[int, int, int, int]], asks: Levels, arcs: Arcs, price_ticks: Int64) -> Deals:
    """Let the sellers of each zone deliver, the lowest limit first, then the earlier order."""
    zone_of = asks.zone[np.repeat(np.arange(len(asks.zone)), np.diff(asks.start))]
    queue = {z: np.flatnonzero(zone_of == z).tolist() for z in np.unique(zone_of).tolist()}
    stock, head = asks.row_lots.tolist(), dict.fromkeys(queue, 0)
    rows: list[tuple[int, int, int, int, int]] = []
    for buyer, k, units, credited in taken:
        zone, ratio, given, done = int(arcs.seller[k]), arcs.ratio[k], 0, 0
        while given < units:
            at = queue[zone][head[zone]]
            lots = min(stock[at], units - given)
            if lots:
                given += lots
                # A part of a lot from another zone may count with these units, but no unit for more than a lot.
                upto = min(credited, max(floor(ratio * given), credited - (units - given)))
                rows.append((int(asks.row[at]), buyer, lots, upto - done, int(price_ticks[zone])))
                done = upto
                stock[at] -= lots
            if not stock[at]:
                head[zone] += 1
    if not rows:
        return Deals.none()
    return Deals(*(np.array(column, np.int64) for column in zip(*rows, strict=True)))
