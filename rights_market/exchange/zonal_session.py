"""A call auction over zones with property: what is covered takes part, and deals are settled at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.exchange.limits import Limits
from rights_market.exchange.zonal_auction import ZonalOrders, ZonalResult, ZonalTerms, clear_zonal
from rights_market.records import Orders, Reason, Trades
from rights_market.registry.accounts import CLEARING_ACCOUNT
from rights_market.registry.balances import Registry
from rights_market.units import PPM, Side

Int64 = npt.NDArray[np.int64]

NO_ORDER = -1


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


class _Fees(NamedTuple):
    """Fees of one instrument, millionths, and the value of a lot at one tick, fen."""

    buyer_ppm: int
    seller_ppm: int
    tick_value_fen: int

    def cost(self, value_ticks: int) -> int:
        """Return what a buyer pays for a value, the fee included, fen."""
        value = value_ticks * self.tick_value_fen
        return value + _fee(value, self.buyer_ppm)


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
    """Clear orders of one instrument over zones, deliver lots against money, and charge both fees.

    Parameters
    ----------
    registry : Registry
        Where property moves.
    limits : Limits
        Fees, and whether what was bought may be sold on the day.
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
    account not being considered first.  What a unit counts for is not applied here: buyers receive the units.
    """
    fees = _Fees(int(limits.buyer_ppm[instrument]), int(limits.seller_ppm[instrument]), tick_value_fen)
    reason = _reasons(orders, zone, int(limits.band_high[instrument]))
    lots = _covered(registry, instrument, orders, reason, fees)
    book = ZonalOrders(orders.side, zone.clip(min=0), orders.price_ticks, lots)
    result = clear_zonal(book, terms, n_zones)
    deals = result.deals
    trades = _settle(registry, limits, fees, instrument, orders, result)
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


def _covered(registry: Registry, instrument: int, orders: Orders, reason: npt.NDArray[np.int8], fees: _Fees) -> Int64:
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
            able, why = _payable(wanted, price, left, fees), Reason.INSUFFICIENT_CASH
            cash[account] = left - _ceiling(able, price, fees)
        lots[row] = able
        if not able:
            reason[row] = why
    return lots


def _payable(wanted: int, price: int, cash_fen: int, fees: _Fees) -> int:
    """Return how many lots at most a buyer can pay, whatever deals they come from."""
    if _ceiling(wanted, price, fees) <= cash_fen:
        return wanted
    lots = cash_fen * PPM // (price * fees.tick_value_fen * (PPM + fees.buyer_ppm))
    while lots > 0 and _ceiling(lots, price, fees) > cash_fen:
        lots -= 1
    return min(wanted, lots)


def _ceiling(lots: int, price: int, fees: _Fees) -> int:
    """Return the most that lots can cost: a fee a deal is rounded, by half a fen and at most one deal a lot."""
    return fees.cost(lots * price) + (lots if fees.buyer_ppm else 0)


def _settle(
    registry: Registry, limits: Limits, fees: _Fees, instrument: int, orders: Orders, result: ZonalResult
) -> Trades:
    deals = result.deals
    seller, buyer = orders.account[deals.seller].astype(np.int64), orders.account[deals.buyer].astype(np.int64)
    value = deals.price_ticks * deals.units * fees.tick_value_fen
    if len(value):
        paid = np.array([_fee(v, fees.buyer_ppm) for v in value.tolist()], np.int64)
        kept = np.array([_fee(v, fees.seller_ppm) for v in value.tolist()], np.int64)
        registry.freeze(instrument, seller, deals.units)
        registry.freeze_cash(buyer, value + paid)
        is_locked = bool(limits.lock_bought[instrument])
        registry.deliver(instrument, seller, buyer, deals.units, value, lock_bought=is_locked, ref=NO_ORDER)
        registry.fee(buyer, paid, receivers=CLEARING_ACCOUNT, from_frozen=True)
        registry.fee(seller, kept, receivers=CLEARING_ACCOUNT)
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


def _fee(value_fen: int, ppm: int) -> int:
    return (value_fen * ppm + PPM // 2) // PPM
