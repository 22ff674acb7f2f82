"""A call auction over zones: orders of all zones are cleared together, one price a zone.

A unit sold from one zone into another counts there for its trading ratio.  Surplus is made as large as it can be by a
linear program; `zonal_pricing` finds the prices, `zonal_lots` the whole lots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.exchange.zonal_lots import Deals, deal
from rights_market.exchange.zonal_pricing import Arcs, Levels, prices
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SLACK = 1e-6
"""Lots by which a solution of the program may miss a whole number."""


@dataclass(frozen=True, slots=True)
class ZonalTerms:
    """Which units may go where.

    Attributes
    ----------
    ratios : mapping of (int, int) to Fraction
        Trading ratio from a seller's zone to a buyer's, above 0; pairs that are missing do not trade, nor does a zone
        with itself if it is not named.
    import_room : mapping of int to int
        Lots that may still come into a zone from others; zones that are missing have no limit.
    price : str
        Which of several clearing prices is taken.
    """

    ratios: Mapping[tuple[int, int], Fraction]
    import_room: Mapping[int, int] = field(default_factory=dict)
    price: Literal["mid", "lowest", "highest"] = "mid"


class ZonalOrders(NamedTuple):
    """Orders of one instrument in their order of arrival; all arrays have shape (n,).

    Attributes
    ----------
    side : ndarray of int8
    zone : ndarray of int64
    price_ticks, lots : ndarray of int64
        Limit prices for a lot of the own zone.
    """

    side: npt.NDArray[np.int8]
    zone: Int64
    price_ticks: Int64
    lots: Int64


class ZonalResult(NamedTuple):
    """What an auction decided.

    Attributes
    ----------
    price_ticks : ndarray of int64, shape (n_zones,)
        Price of a lot in each zone, 0 where none was traded.
    deals : Deals
        Who sells what to whom.
    """

    price_ticks: Int64
    deals: Deals


def clear_zonal(orders: ZonalOrders, terms: ZonalTerms, n_zones: int) -> ZonalResult:
    """Clear the orders of all zones of one instrument.

    Returns
    -------
    ZonalResult

    Raises
    ------
    ExchangeError
        If an order names a zone that does not exist, or a ratio lies outside 0 to 1.

    Notes
    -----
    Most surplus over the flows f between zones: bids of zone j are served by sum_i tau_ij f_ij, and what leaves zone i
    is sold there.  The price of a zone is the dual of its balance, p_i >= tau_ij p_j, with equality where units flow;
    a buyer pays the price of the seller's zone for each unit that is bought for it.  Lots are rounded down to whole
    ones.  Whole units may make a credited lot dearer than its buyer's limit; that buyer then gets fewer, or none, in
    which case the rest is cleared once more without it.

    References
    ----------
    Montgomery (1972), JET 5; Hung and Shaw (2005), JEEM 49.
    """
    if len(orders.zone) and not 0 <= orders.zone.min() <= orders.zone.max() < n_zones:
        raise ExchangeError(f"zonal auction: orders name zones outside 0 to {n_zones - 1}")
    for pair, tau in terms.ratios.items():
        if not 0 < tau <= 1:
            raise ExchangeError(f"zonal auction: the ratio from zone {pair[0]} to {pair[1]} is {tau}, expected 0 to 1")
    rows = np.flatnonzero(orders.lots > 0)
    result, dropped = _clear(orders, terms, n_zones, rows)
    if dropped.size:
        result, _ = _clear(orders, terms, n_zones, np.setdiff1d(rows, dropped))
    return result


def _clear(orders: ZonalOrders, terms: ZonalTerms, n_zones: int, rows: Int64) -> tuple[ZonalResult, Int64]:
    """Clear some orders; return the result and the buyers whom whole units priced out."""
    bids, asks = (_levels(orders, rows[orders.side[rows] == side]) for side in (Side.BID, Side.ASK))
    arcs = _arcs(terms, bids, asks)
    if not len(arcs.seller):
        return ZonalResult(np.zeros(n_zones, np.int64), Deals.none()), np.zeros(0, np.int64)
    served, sold, flow = _most_surplus(bids, asks, arcs)
    price = prices(bids, asks, arcs, served, sold, flow, n_zones, terms.price)
    # Room is counted in whole lots: where it is limited, no part of a unit may be rounded up.
    units = np.where(arcs.room < 0, np.ceil(flow - SLACK), np.floor(flow + SLACK)).astype(np.int64)
    deals, dropped = deal(bids, asks, arcs, np.floor(served + SLACK).astype(np.int64), units, price)
    traded = np.zeros(n_zones, np.bool_)
    for side_row in (deals.buyer, deals.seller):
        traded[orders.zone[side_row]] = True
    return ZonalResult(np.where(traded, price, 0), deals), dropped


def _levels(orders: ZonalOrders, rows: Int64) -> Levels:
    """Gather orders of one zone and price; the better price first in each zone, and in a level the earlier order."""
    sign = np.where(orders.side[rows] == Side.BID, -1, 1)
    order = rows[np.lexsort((rows, sign * orders.price_ticks[rows], orders.zone[rows]))]
    zone, price = orders.zone[order], orders.price_ticks[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(zone) != 0) | (np.diff(price) != 0)][: len(order)])
    lots = np.add.reduceat(orders.lots[order], starts) if len(order) else np.zeros(0, np.int64)
    return Levels(zone[starts], price[starts], lots, order, orders.lots[order], np.r_[starts, len(order)])


def _arcs(terms: ZonalTerms, bids: Levels, asks: Levels) -> Arcs:
    """Return the arcs on which something could flow, by buyer zone and then by seller zone."""
    sells, buys = set(asks.zone.tolist()), set(bids.zone.tolist())
    pairs = sorted(((j, i) for i, j in terms.ratios if i in sells and j in buys))
    tau = [terms.ratios[i, j] for j, i in pairs]
    room = [terms.import_room.get(j, -1) if i != j else -1 for j, i in pairs]
    return Arcs(
        np.array([i for _, i in pairs], np.int64),
        np.array([j for j, _ in pairs], np.int64),
        tau,
        np.array([float(x) for x in tau]),
        np.array(room, np.int64),
    )


def _most_surplus(bids: Levels, asks: Levels, arcs: Arcs) -> tuple[Floats, Floats, Floats]:
    """Return lots served by bid level, lots sold by ask level and units on each arc."""
    # Loaded by those who trade over zones: it takes longer than everything else that a market loads.
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    n_b, n_a, n_f = len(bids.zone), len(asks.zone), len(arcs.seller)
    demand, at_bid = np.unique(bids.zone, return_inverse=True)
    supply, at_ask = np.unique(asks.zone, return_inverse=True)
    limited = np.unique(arcs.buyer[arcs.room >= 0])
    flows = n_b + n_a + np.arange(n_f)
    abroad = np.flatnonzero(arcs.room >= 0)
    rows = np.concatenate(
        [
            at_bid,
            np.searchsorted(demand, arcs.buyer),
            len(demand) + np.searchsorted(supply, arcs.seller),
            len(demand) + at_ask,
            len(demand) + len(supply) + np.searchsorted(limited, arcs.buyer[abroad]),
        ]
    )
    columns = np.concatenate([np.arange(n_b), flows, flows, n_b + np.arange(n_a), flows[abroad]])
    values = np.concatenate([np.ones(n_b), -arcs.tau, np.ones(n_f), -np.ones(n_a), arcs.tau[abroad]])
    room = np.zeros(len(demand) + len(supply) + len(limited))
    for k, zone in enumerate(limited.tolist()):
        room[len(demand) + len(supply) + k] = arcs.room[(arcs.buyer == zone) & (arcs.room >= 0)][0]
    answer = linprog(
        np.concatenate([-bids.price, asks.price, np.zeros(n_f)]).astype(np.float64),
        A_ub=coo_array((values, (rows, columns)), shape=(len(room), n_b + n_a + n_f)).tocsr(),
        b_ub=room,
        bounds=np.stack(
            [np.zeros(n_b + n_a + n_f), np.concatenate([bids.lots, asks.lots, np.full(n_f, np.inf)])], axis=1
        ),
        method="highs",
    )
    if answer.status != 0:
        raise ExchangeError(f"zonal auction: the solver stopped with {answer.message}")
    return answer.x[:n_b], answer.x[n_b : n_b + n_a], answer.x[n_b + n_a :]
