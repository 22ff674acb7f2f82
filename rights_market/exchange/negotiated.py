"""Settlement of trades agreed outside the order book: delivery versus payment, by named operations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rights_market.exchange.charges import Deals, Way
from rights_market.exchange.limits import Limits
from rights_market.records import Trades
from rights_market.registry.balances import Registry
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]

NO_ORDER = -1


def cost_in(limits: Limits, tick_value_fen: Int64, way: Way) -> Callable[[int, int, int], int]:
    """Return what the buyer in an agreement pays, fee included, from instrument, price and lots."""
    tick = tick_value_fen.tolist()

    def cost(instrument: int, price_ticks: int, lots: int) -> int:
        return limits.charges.cost(instrument, price_ticks, lots, tick[instrument], way)

    return cost


def settle(
    registry: Registry,
    limits: Limits,
    tick_value_fen: Int64,
    instrument: Int64,
    seller: Int64,
    buyer: Int64,
    price_ticks: Int64,
    lots: Int64,
    way: Way,
) -> Trades:
    """Deliver lots against money for each agreement, which counts as an order of each side, and charge both.

    Parameters
    ----------
    registry : Registry
        Where property moves: both sides are frozen first, then exchanged.
    limits : Limits
        Fees, and whether what was bought may be sold on the day.
    tick_value_fen : ndarray of int64, shape (n_instruments,)
        Fen that one lot costs at one tick.
    instrument, seller, buyer, price_ticks, lots : ndarray of int64, shape (n,)
    way : str
        Way of trading whose charges apply.

    Returns
    -------
    Trades
        Without orders: maker and taker are -1, and the buyer's side stands as the taker's.

    Raises
    ------
    InsufficientHoldings, InsufficientCash
        If a side is not covered; nothing of what it gives has been delivered then.
    """
    value, charges = price_ticks * lots * tick_value_fen[instrument], limits.charges
    paid, owed = (charges.fees(instrument, side, value, way) for side in Side)
    registry.freeze(instrument, seller, lots)
    registry.freeze_cash(buyer, value + paid)
    terms = list(zip(limits.lock_bought[instrument].tolist(), limits.cash_lag[instrument].tolist(), strict=True))
    for lock, lag in sorted(set(terms)):
        rows = np.array([i for i, x in enumerate(terms) if x == (lock, lag)], np.intp)
        registry.deliver(
            instrument[rows],
            seller[rows],
            buyer[rows],
            lots[rows],
            value[rows],
            lock_bought=bool(lock),
            cash_lag=lag,
            ref=NO_ORDER,
        )
    deals = Deals(instrument, buyer, seller, value, paid, owed, charges.taxes(instrument, value, way))
    charges.collect(registry, deals, way, limits.cash_lag)
    return Trades(
        instrument=instrument.astype(np.int32),
        buyer=buyer.astype(np.int32),
        seller=seller.astype(np.int32),
        price_ticks=price_ticks,
        lots=lots,
        maker=np.full(len(lots), NO_ORDER, np.int64),
        taker=np.full(len(lots), NO_ORDER, np.int64),
        taker_side=np.full(len(lots), Side.BID, np.int8),
    )
