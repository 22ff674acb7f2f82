"""Descending clock: the price falls tick by tick, and who claims first is served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from rights_market.errors import ExchangeError
from rights_market.exchange.auction_result import (
    AuctionResult,
    Code,
    Int32,
    Int64,
    Round,
    cancelled,
    serve_in_order,
    share_out,
)

Claim = Callable[[int, int], Int64]
"""From the price and the lots left to the further lots that each bidder claims at this price."""


class DutchTerms(Protocol):
    """Terms of a descending clock, as `DescendingClock` holds them."""

    @property
    def lot_size(self) -> int:
        """Lots in which claims are counted."""

    @property
    def start(self) -> int:
        """First price, ticks."""

    @property
    def step(self) -> int:
        """Ticks by which the price falls."""

    @property
    def pay(self) -> Literal["claim_price", "last_price"]:
        """Whether each claim pays its own price, or all pay the last one."""

    @property
    def ration(self) -> Literal["pro_rata", "random"]:
        """How claims above what is left are served."""


def descend(
    terms: DutchTerms,
    volume: int,
    account: Int32,
    claim: Claim,
    tie_order: Int64,
    *,
    reserve_ticks: int = 1,
) -> AuctionResult:
    """Run a descending clock down to the reserve.

    Parameters
    ----------
    terms : DutchTerms
        Rule of the auction.
    volume : int
        Lots offered; what does not fill a whole lot size stays unsold.
    account : ndarray of int32, shape (n,)
        Account of each bidder.
    claim : callable
        What bidders claim at a price.
    tie_order : ndarray of int64, shape (n,)
        Permutation of the bidders: who is served first, or gets an odd lot first.
    reserve_ticks : int
        Price of the last tick; the last step may be shorter to end on it.

    Returns
    -------
    AuctionResult
        One row a claim, in the order in which they were made.

    Raises
    ------
    ExchangeError
        If `volume` is negative, `reserve_ticks` is below 1, or `tie_order` is not a permutation of the bidders.
    """
    if volume < 0 or reserve_ticks < 1:
        raise ExchangeError(f"auction: volume is {volume} and reserve {reserve_ticks}, expected at least 0 and 1")
    if not np.array_equal(np.sort(tie_order), np.arange(len(account))):
        raise ExchangeError(f"auction: tie_order must name each of the {len(account)} bidders once")
    size = terms.lot_size
    left = volume // size
    ration = share_out if terms.ration == "pro_rata" else serve_in_order
    rows: list[tuple[Int32, Int64, int]] = []
    rounds: list[Round] = []
    for price in _prices(terms.start, terms.step, reserve_ticks):
        if left == 0:
            break
        claimed = np.maximum(claim(price, left * size), 0) // size
        if not claimed.any():
            continue
        rounds.append(Round(price, int(claimed.sum()) * size))
        served = claimed if claimed.sum() <= left else ration(left, claimed, tie_order)
        left -= int(served.sum())
        who = np.flatnonzero(served)
        rows.append((account[who], np.asarray(served[who] * size, np.int64), price))
    if not rows:
        return cancelled(account[:0], np.zeros(0, np.bool_), "no_valid_bid")
    winners = np.concatenate([who for who, _, _ in rows])
    paid = np.concatenate([np.full(len(who), price, np.int64) for who, _, price in rows])
    last = rows[-1][2]
    if terms.pay == "last_price":
        paid[:] = last
    code: Code = "auction_undersubscribed" if left else "auction_cleared"
    awards = np.concatenate([lots for _, lots, _ in rows])
    return AuctionResult(last, winners, awards, paid, code, "", np.ones(len(winners), np.bool_), tuple(rounds))


def _prices(start: int, step: int, reserve: int) -> list[int]:
    """Return the prices of the clock, the reserve last; none where the clock begins below it."""
    if start < reserve:
        return []
    return sorted({*range(start, reserve, -step), reserve}, reverse=True)
