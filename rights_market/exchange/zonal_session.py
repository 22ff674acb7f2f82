"""A call auction over zones with property: what is covered takes part, and deals are settled at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.exchange.charges import Charges, Deals, Way, running
from rights_market.exchange.limits import Limits
from rights_market.exchange.zonal_auction import ZonalOrders, ZonalResult, ZonalTerms, clear_zonal
from rights_market.records import Orders, Reason, Trades
from rights_market.registry.balances import Registry
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]

NO_ORDER = -1
WAY: Way = "auction"
"""Whose charges apply: an auction over zones is an auction."""


class ZonalReceipt(NamedTuple):
    """What became of the orders of one instrument.

    Attributes
    ----------
    reason : ndarray of int8, shape (n,)
        `Reason` of each order, 0 where it took part.
    filled : ndarray of int64, shape (n,)
        Lots sold, or credited.
    trades : Trades
        Lots are those of the seller's zone.
    result : ZonalResult
        Prices and deals; rows are those of the orders.
    """

    reason: npt.NDArray[np.int8]
    filled: Int64
    trades: Trades
    result: ZonalResult


def hold_zonal_call(
    registry: Registry,
    limits: Limits,
    tick_value_fen: int,
    instrument: int,
    orders: Orders,
    zone: Int64,
    terms: ZonalTerms,
    n_zones: int,
) -> ZonalReceipt:
    """Clear orders of one instrument over zones, deliver lots against money, and charge both sides.

    Parameters
    ----------
    registry : Registry
        Where property moves.
    limits : Limits
        Charges, and whether what was bought may be sold on the day.
    tick_value_fen : int
        Fen that one lot costs at one tick.
    instrument : int
    orders : Orders
        Limit orders in their order of arrival.
    zone : ndarray of int64, shape (n,)
        Zone of each order's account, -1 for those that lie in none.
    terms : ZonalTerms
    n_zones : int

    Notes
    -----
    An order takes part with the lots that its account can deliver or pay when its turn comes, dearer orders of an
    account not being considered first.  What a unit counts for is not applied here: buyers receive the units.  Charges
    follow from what an order trades in all, however many deals that takes.
    """
    reason = _reasons(orders, zone, int(limits.band_high[instrument]))
    lots = _covered(registry, limits.charges, tick_value_fen, instrument, orders, reason)
    book = ZonalOrders(orders.side, zone.clip(min=0), orders.price_ticks, lots)
    result = clear_zonal(book, terms, n_zones)
    deals = result.deals
    trades = _settle(registry, limits, tick_value_fen, instrument, orders, result)
    filled = np.zeros(len(orders), np.int64)
    np.add.at(filled, deals.seller, deals.units)
    np.add.at(filled, deals.buyer, deals.credited)
    return ZonalReceipt(reason, filled, trades, result)


def _reasons(orders: Orders, zone: Int64, highest: int) -> npt.NDArray[np.int8]:
    reason = np.zeros(len(orders), np.int8)
    reason[zone < 0] = Reason.NOT_ADMITTED
    reason[(orders.price_ticks < 1) | (orders.price_ticks > highest)] = Reason.OUTSIDE_PRICE_RANGE
    reason[orders.lots < 1] = Reason.OFF_LOT
    return reason


def _covered(
    registry: Registry,
    charges: Charges,
    tick_value_fen: int,
    instrument: int,
    orders: Orders,
    reason: npt.NDArray[np.int8],
) -> Int64:
    """Return the lots with which each order takes part, and note why some do not."""
    lots = np.where(reason == Reason.ACCEPTED, orders.lots, 0)
    saleable = registry.free[instrument] - registry.locked[instrument]
    stock: dict[int, int] = {}
    cash: dict[int, int] = {}
    for row in np.flatnonzero(lots > 0).tolist():
        account, wanted = int(orders.account[row]), int(lots[row])
        if orders.side[row] == Side.ASK:
            left = stock.setdefault(account, int(saleable[account]))
            able, why = min(wanted, left), Reason.INSUFFICIENT_HOLDINGS
            stock[account] = left - able
        else:
            left, price = cash.setdefault(account, int(registry.cash[account])), int(orders.price_ticks[row])
            able, why = charges.payable(instrument, price, wanted, tick_value_fen, left, WAY), Reason.INSUFFICIENT_CASH
            cash[account] = left - charges.cost(instrument, price, able, tick_value_fen, WAY)
        lots[row] = able
        if not able:
            reason[row] = why
    return lots


def _settle(
    registry: Registry, limits: Limits, tick_value_fen: int, instrument: int, orders: Orders, result: ZonalResult
) -> Trades:
    deals = result.deals
    seller, buyer = orders.account[deals.seller].astype(np.int64), orders.account[deals.buyer].astype(np.int64)
    value, what = deals.price_ticks * deals.units * tick_value_fen, np.full(len(deals.units), instrument)
    if len(value):
        charges = limits.charges
        (sold, so_far), (had, has) = running(deals.seller, value), running(deals.buyer, value)
        paid = charges.fees(what, Side.BID, has, WAY) - charges.fees(what, Side.BID, had, WAY)
        owed = charges.fees(what, Side.ASK, so_far, WAY) - charges.fees(what, Side.ASK, sold, WAY)
        tax = charges.taxes(what, so_far, WAY) - charges.taxes(what, sold, WAY)
        registry.freeze(instrument, seller, deals.units)
        registry.freeze_cash(buyer, value + paid)
        is_locked = bool(limits.lock_bought[instrument])
        lag = int(limits.cash_lag[instrument])
        registry.deliver(
            instrument, seller, buyer, deals.units, value, lock_bought=is_locked, cash_lag=lag, ref=NO_ORDER
        )
        charges.collect(registry, Deals(what, buyer, seller, value, paid, owed, tax), WAY, limits.cash_lag)
    n = len(value)
    return Trades(
        instrument=np.full(n, instrument, np.int32),
        buyer=buyer.astype(np.int32),
        seller=seller.astype(np.int32),
        price_ticks=deals.price_ticks,
        lots=deals.units,
        maker=np.full(n, NO_ORDER, np.int64),
        taker=np.full(n, NO_ORDER, np.int64),
        taker_side=np.full(n, Side.BID, np.int8),
    )
