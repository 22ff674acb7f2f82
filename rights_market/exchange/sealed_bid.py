"""Sealed-bid auctions: bids are opened together and the highest are served, at one price or each at its own.

The terms (what happens with ties, with too few bids, which bid sets the price) are those of a rule; the rule is read
here by its fields, so that exchange and policies stay apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, Self

import numpy as np

from rights_market.errors import ExchangeError
from rights_market.exchange.auction_result import (
    AuctionResult,
    Bool,
    Code,
    Int32,
    Int64,
    cancelled,
    serve_in_order,
    share_out,
)


class SealedTerms(Protocol):
    """Terms of an auction by sealed bids, as `PayAsBid` holds them."""

    @property
    def lot_size(self) -> int:
        """Lots in which bids and awards are counted."""

    @property
    def tie(self) -> Literal["random", "pro_rata", "time"]:
        """Who is served first of several bids at the marginal price."""

    @property
    def undersubscribed(self) -> Literal["cancel", "lowest_bid", "reserve"]:
        """What happens when less is bid for than offered."""


class UniformTerms(SealedTerms, Protocol):
    """Terms of a uniform-price auction, as `SealedUniform` holds them."""

    @property
    def pricing(self) -> Literal["last_accepted", "first_rejected"]:
        """Which bid sets the price."""


@dataclass(frozen=True, slots=True)
class SealedBids:
    """A table of sealed bids in the order in which they arrived; an account may make several.

    Attributes
    ----------
    account : ndarray of int32, shape (n,)
    price_ticks, lots : ndarray of int64, shape (n,)
    """

    account: Int32
    price_ticks: Int64
    lots: Int64

    def __post_init__(self) -> None:
        shapes = {self.account.shape, self.price_ticks.shape, self.lots.shape}
        if shapes != {(len(self.account),)}:
            raise ExchangeError(f"sealed bids: columns have the shapes {sorted(shapes)}, expected one length for all")

    def __len__(self) -> int:
        return len(self.lots)

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> Self:
        """Build the table from rows of account, price in ticks and lots."""
        table = np.array(list(rows), np.int64).reshape(-1, 3)
        return cls(table[:, 0].astype(np.int32), table[:, 1].copy(), table[:, 2].copy())


def clear(
    terms: UniformTerms,
    volume: int,
    bids: SealedBids,
    tie_order: Int64,
    *,
    reserve_ticks: int = 1,
    secret_reserve_ticks: int | None = None,
) -> AuctionResult:
    """Clear an auction at one price.

    Parameters
    ----------
    terms : UniformTerms
        Rule of the auction.
    volume : int
        Lots offered; what does not fill a whole lot size stays unsold.
    bids : SealedBids
        All bids.
    tie_order : ndarray of int64, shape (n,)
        Permutation of the bids: of equal prices, the one named earlier is served first (where ties are random) and
        gets the odd lot first (where they are shared).
    reserve_ticks : int
        Lowest price at which the government sells.
    secret_reserve_ticks : int or None
        Price below which the auction is cancelled after the fact, not published before.

    Returns
    -------
    AuctionResult

    Raises
    ------
    ExchangeError
        If `volume` is negative, `reserve_ticks` is below 1, or `tie_order` is not a permutation of the bids.

    Notes
    -----
    Bids at or above the reserve are served from the highest price on until the volume is reached.  The price is that of
    the last bid served.  With first-rejected pricing it is the highest price at which a lot stayed unserved, which is
    the marginal bid itself where that is served in part, and the reserve where nothing stayed unserved.

    References
    ----------
    Commission Regulation (EU) 1031/2010, article 7 [seen]; lowest accepted bid when undersubscribed: UK trading scheme
    auctioning regulations 2021, regulation 7 [seen].
    """
    served = _serve(terms, volume, bids, tie_order, reserve_ticks)
    if isinstance(served, AuctionResult):
        return served
    lowest = _lowest(bids, served.units)
    if served.code == "auction_undersubscribed":
        price = lowest if terms.undersubscribed == "lowest_bid" else reserve_ticks
    elif terms.pricing == "last_accepted":
        price = lowest
    else:
        unserved = served.wanted > served.units
        price = int(bids.price_ticks[unserved].max(initial=reserve_ticks))
    return _result(terms, bids, served, price, np.full(len(bids), price, np.int64), secret_reserve_ticks)


def clear_as_bid(
    terms: SealedTerms,
    volume: int,
    bids: SealedBids,
    tie_order: Int64,
    *,
    reserve_ticks: int = 1,
    secret_reserve_ticks: int | None = None,
) -> AuctionResult:
    """Clear an auction in which each winner pays its own bid; see `clear` for arguments and errors.

    Who wins is decided as at one price.  The result's price is that of the lowest bid served, and the secret reserve is
    compared with it.
    """
    served = _serve(terms, volume, bids, tie_order, reserve_ticks)
    if isinstance(served, AuctionResult):
        return served
    return _result(terms, bids, served, _lowest(bids, served.units), bids.price_ticks.copy(), secret_reserve_ticks)


class _Served(NamedTuple):
    """Units (of one lot size) wanted by valid bids and awarded to them."""

    wanted: Int64
    units: Int64
    code: Code
    is_valid: Bool


def _serve(
    terms: SealedTerms, volume: int, bids: SealedBids, tie_order: Int64, reserve_ticks: int
) -> _Served | AuctionResult:
    """Serve the highest bids until all that is offered is sold, or return the result of an auction without sale."""
    n, size = len(bids), terms.lot_size
    if volume < 0 or reserve_ticks < 1:
        raise ExchangeError(f"auction: volume is {volume} and reserve {reserve_ticks}, expected at least 0 and 1")
    if not np.array_equal(np.sort(tie_order), np.arange(n)):
        raise ExchangeError(f"auction: tie_order must name each of the {n} bids once")
    is_valid = (bids.price_ticks >= reserve_ticks) & (bids.lots > 0) & (bids.lots % size == 0)
    if not is_valid.any() or volume < size:
        return cancelled(bids.account, is_valid, "no_valid_bid")
    wanted, offered = np.where(is_valid, bids.lots // size, 0), volume // size
    if wanted.sum() >= offered:
        return _Served(wanted, _award(terms, bids.price_ticks, wanted, offered, tie_order), "auction_cleared", is_valid)
    if terms.undersubscribed == "cancel":
        return cancelled(bids.account, is_valid, "undersubscribed")
    return _Served(wanted, wanted, "auction_undersubscribed", is_valid)


def _award(terms: SealedTerms, price_ticks: Int64, wanted: Int64, offered: int, tie_order: Int64) -> Int64:
    rank = np.empty_like(tie_order)
    rank[tie_order] = np.arange(len(tie_order))
    arrival = np.arange(len(wanted)) if terms.tie == "time" else rank
    units = serve_in_order(offered, wanted, np.lexsort((arrival, -price_ticks)))
    if terms.tie == "pro_rata":
        tied = (price_ticks == price_ticks[units > 0].min()) & (wanted > 0)
        units[tied] = share_out(int(units[tied].sum()), np.where(tied, wanted, 0), tie_order)[tied]
    return units


def _lowest(bids: SealedBids, units: Int64) -> int:
    """Return the price of the lowest bid served."""
    return int(bids.price_ticks[units > 0].min())


def _result(
    terms: SealedTerms, bids: SealedBids, served: _Served, price: int, paid: Int64, secret_reserve_ticks: int | None
) -> AuctionResult:
    if secret_reserve_ticks is not None and price < secret_reserve_ticks:
        return cancelled(bids.account, served.is_valid, "secret_reserve")
    awards = served.units * terms.lot_size
    return AuctionResult(price, bids.account, awards, paid, served.code, "", served.is_valid)
