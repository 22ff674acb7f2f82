"""Call auction: orders are collected first and then all trade at one price.

The price is that of the largest volume, then of the smallest imbalance between the sides, and then the middle of what
prices remain.  Better-priced orders are served first, and at one price the earlier one, or all in proportion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.exchange.order_book import Funding, Indication, OrderBook
from rights_market.kernels import call_clearing
from rights_market.kernels.book import ORDER, Rows
from rights_market.records import Orders, Receipt
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Tie = Literal["midpoint", "reference"]
Ration = Literal["time", "pro_rata"]

MIDDLE = -1
"""In place of a reference price: the middle of equally good prices is taken."""


def clearing_price(
    bid_ticks: npt.ArrayLike,
    bid_lots: npt.ArrayLike,
    ask_ticks: npt.ArrayLike,
    ask_lots: npt.ArrayLike,
    reference_ticks: int | None = None,
) -> int | None:
    """Return the price of a call, or None if no bid meets an ask.

    Parameters
    ----------
    bid_ticks, bid_lots, ask_ticks, ask_lots : array_like of int
        Limit prices and lots of the two sides, in any order.
    reference_ticks : int, optional
        If given, the tick nearest to it is taken from the prices that remain, instead of the middle.

    Notes
    -----
    Demand D(p) are the lots bid at p or above, supply S(p) those asked at p or below.  Of all ticks those with the
    largest min(D, S) are kept, of these those with the smallest abs(D - S); of the range that remains the midpoint is
    taken, halves up.

    Examples
    --------
    >>> clearing_price([52, 48], [5, 3], [48], [5])
    51
    >>> clearing_price([52, 48], [5, 3], [48], [5], reference_ticks=40)
    49
    """
    bids, asks = _in_priority(Side.BID, bid_ticks, bid_lots), _in_priority(Side.ASK, ask_ticks, ask_lots)
    near = MIDDLE if reference_ticks is None else reference_ticks
    price = call_clearing.clearing_tick(np.concatenate([bids, asks]), 0, len(bids), len(bids) + len(asks), near)
    return price if price > 0 else None


def _in_priority(side: Side, ticks: npt.ArrayLike, lots: npt.ArrayLike) -> Rows:
    orders = np.zeros(np.shape(ticks), ORDER)
    orders["price"], orders["lots"] = ticks, lots
    rising = np.argsort(orders["price"], kind="stable")
    return orders[rising[::-1] if side == Side.BID else rising]


@dataclass(frozen=True, slots=True)
class CallAuction:
    """A call auction.

    Attributes
    ----------
    tie : str or tuple of str
        Which of several equally good prices is taken: ``midpoint`` of their range, or the one nearest to the
        ``reference`` price; one for all instruments, or one for each.
    ration : str or tuple of str
        Who is served at the last price that is served: the earlier order (``time``), or all in proportion to their lots
        (``pro_rata``); one for all instruments, or one for each.

    Notes
    -----
    Orders that rest in the book take part.  Self-trade rules do not apply: at one common price an order does not choose
    whom it meets.
    """

    tie: Tie | tuple[Tie, ...] = "midpoint"
    ration: Ration | tuple[Ration, ...] = "time"

    def clear(
        self, book: OrderBook, orders: Orders, reference_ticks: npt.ArrayLike, funding: Funding | None = None
    ) -> Receipt:
        """Collect limit orders, clear each instrument at one price, and let the rest queue in the book.

        Parameters
        ----------
        book : OrderBook
            Its resting orders take part; the rest of the new ones joins them.
        orders : Orders
            Limit orders in their order of arrival.
        reference_ticks : array_like of int, shape (n_instruments,)
            Price to stay near where `tie` asks for it, such as the previous close.
        funding : Funding, optional
            What to settle with.

        Returns
        -------
        Receipt
            Maker and taker of a trade are the older and the younger order.

        Raises
        ------
        ExchangeError
            If an order is not a limit order, or has no valid side; nothing is carried out then.
        """
        pro_rata = _each(self.ration, "pro_rata", book.n_instruments)
        return book.submit_call(
            orders, self._near(book, reference_ticks), funding, pro_rata if pro_rata.any() else None
        )

    def indicate(self, book: OrderBook, orders: Orders, reference_ticks: npt.ArrayLike) -> list[Indication]:
        """Return what a call would come to with these orders and those that rest, without holding it.

        Whether new orders are covered is not looked at: that is found out when the call is held.
        """
        return book.indicate_call(orders, self._near(book, reference_ticks))

    def _near(self, book: OrderBook, reference_ticks: npt.ArrayLike) -> Int64:
        return np.where(_each(self.tie, "reference", book.n_instruments), reference_ticks, MIDDLE).astype(np.int64)


def _each(chosen: str | tuple[str, ...], wanted: str, n_instruments: int) -> npt.NDArray[np.bool_]:
    """Return in which instruments a choice is the one wanted."""
    return np.array([x == wanted for x in ((chosen,) * n_instruments if isinstance(chosen, str) else chosen)], np.bool_)
