"""What every kind of auction decides: who is awarded how much, and at which price."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.units import largest_remainder

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

Code = Literal["auction_cleared", "auction_undersubscribed", "auction_cancelled"]


class Round(NamedTuple):
    """One round of a clock.

    Attributes
    ----------
    price_ticks, lots : int
        Its price, and the lots demanded or claimed at it.
    refused_lots : int
        Lots by which bidders raised their demand although the price had risen, which does not count.
    """

    price_ticks: int
    lots: int
    refused_lots: int = 0


@dataclass(frozen=True, slots=True)
class AuctionResult:
    """What an auction decided; a row is a sealed bid, the demand of a bidder in a clock, or a claim.

    Attributes
    ----------
    price_ticks : int
        Clearing price: what all winners pay, or the lowest price at which lots were sold; 0 when nothing was.
    account : ndarray of int32, shape (n,)
        Whose row it is.
    awards : ndarray of int64, shape (n,)
        Lots awarded to each row.
    paid_ticks : ndarray of int64, shape (n,)
        What each row pays for a lot.
    code : str
        How it ended.
    note : str
        Why it was cancelled: ``no_valid_bid``, ``undersubscribed`` or ``secret_reserve``; else empty.
    is_valid : ndarray of bool, shape (n,)
        Whether each row was taken into account.
    rounds : tuple of Round
        Rounds of a clock; none for sealed bids.
    """

    price_ticks: int
    account: Int32
    awards: Int64
    paid_ticks: Int64
    code: Code
    note: str
    is_valid: Bool
    rounds: tuple[Round, ...] = field(default=())

    @property
    def sold(self) -> int:
        """Lots sold."""
        return int(self.awards.sum())

    @property
    def value_tick_lots(self) -> int:
        """Revenue in the value of one lot at one tick."""
        return int(self.awards @ self.paid_ticks)


def cancelled(account: Int32, is_valid: Bool, note: str, rounds: tuple[Round, ...] = ()) -> AuctionResult:
    """Return the result of an auction in which nothing is sold."""
    nothing = np.zeros(len(account), np.int64)
    return AuctionResult(0, account, nothing, nothing.copy(), "auction_cancelled", note, is_valid, rounds)


def share_out(units: int, claims: Int64, tie_order: Int64) -> Int64:
    """Share out units in proportion to claims; of equal remainders, the one named earlier in `tie_order` gets more.

    Parameters
    ----------
    units : int
        At most the sum of `claims`.
    claims, tie_order : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> share_out(1, np.array([1, 1, 1]), np.array([2, 0, 1]))
    array([0, 0, 1])
    """
    shares = np.zeros_like(claims)
    shares[tie_order] = largest_remainder(units, claims[tie_order].tolist())
    return shares


def serve_in_order(units: int, claims: Int64, order: Int64) -> Int64:
    """Serve claims in full, one after the other, until the units are gone.

    Examples
    --------
    >>> serve_in_order(5, np.array([4, 4]), np.array([1, 0]))
    array([1, 4])
    """
    served = np.zeros_like(claims)
    served[order] = np.diff(np.minimum(np.cumsum(claims[order]), units), prepend=0)
    return served
