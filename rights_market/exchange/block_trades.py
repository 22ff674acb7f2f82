"""Block trades: who of those that know each other agrees with whom, and on how much.

The mechanism sees the pairs that could talk, what each side would trade, and the price on which each pair would agree.
It serves the pair with most to gain first, as long as both still have enough.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BlockInterests:
    """What holders and buyers of large lots would trade with those whom they know.

    Attributes
    ----------
    seller, instrument, offered : ndarray of int64, shape (n_sellers,)
        Account, instrument, and lots.
    buyer, wanted : ndarray of int64, shape (n_buyers,)
        Account and lots.
    seller_row, buyer_row : ndarray of int64, shape (n_pairs,)
        Pairs that may agree, as rows of sellers and buyers.
    least_ticks, most_ticks : ndarray of int64, shape (n_pairs,)
        The lowest price that the seller takes from this partner, and the highest that the buyer gives.
    related : ndarray of bool, shape (n_pairs,)
        Whether the two belong to one group.

    Raises
    ------
    ExchangeError
        If a pair names a row that does not exist, or one account twice.
    """

    seller: Int64
    instrument: Int64
    offered: Int64
    buyer: Int64
    wanted: Int64
    seller_row: Int64
    buyer_row: Int64
    least_ticks: Int64
    most_ticks: Int64
    related: Bool

    def __post_init__(self) -> None:
        if not len(self.seller_row):
            return
        if self.seller_row.min() < 0 or self.seller_row.max() >= len(self.seller):
            raise ExchangeError(f"block trades: pairs name sellers outside 0 to {len(self.seller) - 1}")
        if self.buyer_row.min() < 0 or self.buyer_row.max() >= len(self.buyer):
            raise ExchangeError(f"block trades: pairs name buyers outside 0 to {len(self.buyer) - 1}")
        with_itself = self.seller[self.seller_row] == self.buyer[self.buyer_row]
        if with_itself.any():
            raise ExchangeError(f"block trades: account {self.seller[self.seller_row][with_itself][0]} meets itself")


class Agreements(NamedTuple):
    """Pairs that agreed, in the order in which they did, and their lots; both of shape (n,)."""

    pair: Int64
    lots: Int64


def agree(
    interests: BlockInterests,
    price_ticks: Int64,
    offered: Int64,
    cash_fen: Int64,
    cost_fen: Callable[[int, int, int], int],
    min_lots: int,
    most_each: int,
) -> Agreements:
    """Return who agrees: largest difference of reservation prices first, then larger lots, then the lower pair.

    Parameters
    ----------
    interests : BlockInterests
    price_ticks : ndarray of int64, shape (n_pairs,)
        Price on which each pair would agree, 0 where it would not.
    offered : ndarray of int64, shape (n_sellers,)
        Lots that each seller offers and can deliver.
    cash_fen : ndarray of int64, shape (n_buyers,)
        What each buyer can pay.
    cost_fen : callable
        Instrument, price and lots to what the buyer pays, fee included.
    min_lots : int
        Smallest agreement.
    most_each : int
        Agreements that one row can reach.

    Notes
    -----
    The quantity is the smaller of the two, at most what the buyer can pay.  What is left of either stays on offer as
    long as it is enough for another agreement.
    """
    left_to_sell, left_to_buy = offered.tolist(), interests.wanted.tolist()
    cash, sold, bought = cash_fen.tolist(), [0] * len(offered), [0] * len(cash_fen)
    seller_row, buyer_row = interests.seller_row.tolist(), interests.buyer_row.tolist()
    instrument, prices = interests.instrument.tolist(), price_ticks.tolist()
    gain = (interests.most_ticks - interests.least_ticks).tolist()

    def most(pair: int) -> int:
        s, b = seller_row[pair], buyer_row[pair]
        if sold[s] >= most_each or bought[b] >= most_each:
            return 0
        lots = min(left_to_sell[s], left_to_buy[b])
        return _affordable(lots, cash[b], lambda n: cost_fen(instrument[s], prices[pair], n)) if lots else 0

    queue = [(-gain[i], -lots, i) for i in np.flatnonzero(price_ticks > 0).tolist() if (lots := most(i)) >= min_lots]
    heapq.heapify(queue)
    pairs, traded = [], []
    while queue:
        worth, before, pair = heapq.heappop(queue)
        lots = most(pair)
        if lots < min_lots:
            continue
        if lots < -before:  # Others have taken a part since: it queues again by what is left.
            heapq.heappush(queue, (worth, -lots, pair))
            continue
        s, b = seller_row[pair], buyer_row[pair]
        left_to_sell[s] -= lots
        left_to_buy[b] -= lots
        cash[b] -= cost_fen(instrument[s], prices[pair], lots)
        sold[s], bought[b] = sold[s] + 1, bought[b] + 1
        pairs.append(pair)
        traded.append(lots)
        heapq.heappush(queue, (worth, -lots, pair))
    return Agreements(np.array(pairs, np.int64), np.array(traded, np.int64))


def _affordable(lots: int, cash: int, cost: Callable[[int], int]) -> int:
    """Return the largest part of `lots` that the cash pays for."""
    if cost(lots) <= cash:
        return lots
    low, high = 0, lots
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) <= cash else (low, middle)
    return low
