"""Sealed-bid auction at one price: bids are opened together, the highest are served, all winners pay the same.

The terms (what happens with ties, with too few bids, which bid sets the price) are those of a rule; the rule is read
here by its fields, so that exchange and policies stay apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.units import largest_remainder

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

Code = Literal["auction_cleared", "auction_undersubscribed", "auction_cancelled"]


class UniformTerms(Protocol):
    """Terms of a uniform-price auction, as `SealedUniform` holds them."""

    @property
    def lot_size(self) -> int:
        """Lots in which bids and awards are counted."""

    @property
    def tie(self) -> Literal["random", "pro_rata", "time"]:
        """Who is served first of several bids at the marginal price."""

    @property
    def undersubscribed(self) -> Literal["cancel", "lowest_bid", "reserve"]:
        """What happens when less is bid for than offered."""

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


@dataclass(frozen=True, slots=True)
class AuctionResult:
    """What an auction decided.

    Attributes
    ----------
    price_ticks : int
        What every winner pays; 0 when nothing was sold.
    awards : ndarray of int64, shape (n,)
        Lots awarded to each bid.
    sold : int
        Sum of `awards`.
    code : str
        How it ended.
    note : str
        Why it was cancelled: ``no_valid_bid``, ``undersubscribed`` or ``secret_reserve``; else empty.
    is_valid : ndarray of bool, shape (n,)
        Whether each bid reached the reserve and named a positive multiple of the lot size.
    """

    price_ticks: int
    awards: Int64
    sold: int
    code: Code
    note: str
    is_valid: Bool


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
    n = len(bids)
    if volume < 0 or reserve_ticks < 1:
        raise ExchangeError(f"auction: volume is {volume} and reserve {reserve_ticks}, expected at least 0 and 1")
    if not np.array_equal(np.sort(tie_order), np.arange(n)):
        raise ExchangeError(f"auction: tie_order must name each of the {n} bids once")
    size = terms.lot_size
    is_valid = (bids.price_ticks >= reserve_ticks) & (bids.lots > 0) & (bids.lots % size == 0)
    if not is_valid.any() or volume < size:
        return _cancelled("no_valid_bid", is_valid)
    units, offered = np.where(is_valid, bids.lots // size, 0), volume // size
    code: Code = "auction_cleared" if units.sum() >= offered else "auction_undersubscribed"
    if code == "auction_cleared":
        awards, price = _serve(terms, bids.price_ticks, units, offered, tie_order, reserve_ticks)
    elif terms.undersubscribed == "cancel":
        return _cancelled("undersubscribed", is_valid)
    else:
        lowest = int(bids.price_ticks[is_valid].min())
        awards, price = units, lowest if terms.undersubscribed == "lowest_bid" else reserve_ticks
    if secret_reserve_ticks is not None and price < secret_reserve_ticks:
        return _cancelled("secret_reserve", is_valid)
    return AuctionResult(price, awards * size, int(awards.sum()) * size, code, "", is_valid)


def _serve(
    terms: UniformTerms, price_ticks: Int64, units: Int64, offered: int, tie_order: Int64, reserve_ticks: int
) -> tuple[Int64, int]:
    """Serve the highest bids until all that is offered is sold; return awards and price."""
    rank = np.empty_like(tie_order)
    rank[tie_order] = np.arange(len(tie_order))
    arrival = np.arange(len(units)) if terms.tie == "time" else rank
    order = np.lexsort((arrival, -price_ticks))
    order = order[units[order] > 0]
    reached = np.cumsum(units[order])
    last = int(np.searchsorted(reached, offered))
    marginal = int(price_ticks[order[last]])
    awards = np.zeros_like(units)
    awards[order] = np.diff(np.minimum(reached, offered), prepend=0)
    if terms.tie == "pro_rata":
        tied = order[price_ticks[order] == marginal]
        awards[tied] = largest_remainder(int(awards[tied].sum()), units[tied].tolist())
    if terms.pricing == "last_accepted":
        return awards, marginal
    unserved = order[units[order] > awards[order]]
    return awards, int(price_ticks[unserved].max(initial=reserve_ticks))


def _cancelled(note: str, is_valid: Bool) -> AuctionResult:
    return AuctionResult(0, np.zeros(len(is_valid), np.int64), 0, "auction_cancelled", note, is_valid)
