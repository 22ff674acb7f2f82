"""Ascending clock: the price rises round by round, and bidders say what they still want, until it fits the offer."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
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
from rights_market.exchange.sealed_bid import SealedBids, clear_as_bid

Demand = Callable[[int, int | None], Int64]
"""From the price and the excess demand of the last round (None: not told) to the lots that each bidder wants."""
Shot = Callable[[int, Int64], Int64]
"""From the price of the clock and the lots that bidders still want to the price that each bids for them."""


class ClockTerms(Protocol):
    """Terms of an ascending clock, as `AscendingClock` holds them."""

    @property
    def lot_size(self) -> int:
        """Lots in which demand is counted."""

    @property
    def start(self) -> int | None:
        """Price of the first round, ticks."""

    @property
    def step(self) -> int:
        """Ticks by which the price rises."""

    @property
    def max_rounds(self) -> int:
        """Rounds after which demand is rationed."""

    @property
    def information(self) -> Literal["excess_demand", "none"]:
        """What bidders hear between rounds."""

    @property
    def final(self) -> Literal["roll_back", "current"]:
        """Which price holds where the last step leaves too little demand."""

    @property
    def ration(self) -> Literal["pro_rata", "random"]:
        """How what is missing is shared among those who dropped."""

    @property
    def shootout_at(self) -> Decimal | None:
        """Multiple of the offer from which on demand is decided by one sealed bid each."""


class _ShotTerms:
    """Terms of the sealed bids that end a clock."""

    tie: Literal["random"] = "random"
    undersubscribed: Literal["lowest_bid"] = "lowest_bid"

    def __init__(self, lot_size: int) -> None:
        self.lot_size = lot_size


def ascend(
    terms: ClockTerms,
    volume: int,
    account: Int32,
    demand: Demand,
    tie_order: Int64,
    *,
    reserve_ticks: int = 1,
    shot: Shot | None = None,
) -> AuctionResult:
    """Run an ascending clock.

    Parameters
    ----------
    terms : ClockTerms
        Rule of the auction.
    volume : int
        Lots offered; what does not fill a whole lot size stays unsold.
    account : ndarray of int32, shape (n,)
        Account of each bidder.
    demand : callable
        What bidders want at a price.  Who wants more than in the round before is held to that.
    tie_order : ndarray of int64, shape (n,)
        Permutation of the bidders: who gets an odd lot first.
    reserve_ticks : int
        Lowest price at which the government sells.
    shot : callable or None
        Needed where the terms end with sealed bids.

    Returns
    -------
    AuctionResult
        One row a bidder.

    Raises
    ------
    ExchangeError
        If `volume` is negative, `reserve_ticks` is below 1, or `tie_order` is not a permutation of the bidders.
    """
    if volume < 0 or reserve_ticks < 1:
        raise ExchangeError(f"auction: volume is {volume} and reserve {reserve_ticks}, expected at least 0 and 1")
    if not np.array_equal(np.sort(tie_order), np.arange(len(account))):
        raise ExchangeError(f"auction: tie_order must name each of the {len(account)} bidders once")
    size, offered = terms.lot_size, volume // terms.lot_size
    price = max(terms.start or reserve_ticks, reserve_ticks)
    wanted = demand(price, None) // size
    rounds = [Round(price, int(wanted.sum()) * size)]

    def end(units: Int64, at: int) -> AuctionResult:
        if not units.any():
            return cancelled(account, np.ones(len(account), np.bool_), "no_valid_bid", tuple(rounds))
        code: Code = "auction_cleared" if units.sum() == offered else "auction_undersubscribed"
        paid, is_valid = np.full(len(account), at, np.int64), np.ones(len(account), np.bool_)
        return AuctionResult(at, account, units * size, paid, code, "", is_valid, tuple(rounds))

    if wanted.sum() <= offered:
        return end(wanted, price)
    for _ in range(1, terms.max_rounds):
        if terms.shootout_at is not None and wanted.sum() <= Fraction(terms.shootout_at) * offered:
            return _shoot(terms, offered, account, wanted, tie_order, price, shot, tuple(rounds))
        heard = int(wanted.sum() - offered) * size if terms.information == "excess_demand" else None
        asked = demand(price + terms.step, heard) // size
        before, wanted = wanted, np.minimum(asked, wanted)
        price += terms.step
        rounds.append(Round(price, int(wanted.sum()) * size, int((asked - wanted).sum()) * size))
        missing = offered - int(wanted.sum())
        if missing == 0 or (missing > 0 and terms.final == "current"):
            return end(wanted, price)
        if missing > 0:
            ration = share_out if terms.ration == "pro_rata" else serve_in_order
            return end(wanted + ration(missing, before - wanted, tie_order), price - terms.step)
    return end(share_out(offered, wanted, tie_order), price)


def _shoot(
    terms: ClockTerms,
    offered: int,
    account: Int32,
    wanted: Int64,
    tie_order: Int64,
    price: int,
    shot: Shot | None,
    rounds: tuple[Round, ...],
) -> AuctionResult:
    """End the clock with one sealed bid of each active bidder, not below the clock, that it pays itself."""
    if shot is None:
        raise ExchangeError("auction: terms.shootout_at asks for sealed bids, but no `shot` was given")
    lots = wanted * terms.lot_size
    bids = SealedBids(account, np.maximum(shot(price, lots), price), lots)
    result = clear_as_bid(_ShotTerms(terms.lot_size), offered * terms.lot_size, bids, tie_order, reserve_ticks=price)
    return AuctionResult(
        result.price_ticks,
        account,
        result.awards,
        result.paid_ticks,
        result.code,
        result.note,
        result.is_valid,
        rounds,
    )
