"""Zero-intelligence-plus traders: a profit margin that learns from every shout (Cliff and Bruten 1997, HPL-97-141).

Here a quote that rests is a shout that was refused so far, and one that trades on arrival a shout that was accepted, at
the price of the order that it met.  Quotes stay in the book until their trader quotes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.seats import Rows
from agents.strategies.base import Quotes, Strategy, register
from rights_market import Receipt
from rights_market.records import Reason
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.desk import Desk

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEARNING_RATE = (0.1, 0.5)
MOMENTUM = (0.0, 0.1)
FIRST_MARGIN = (0.05, 0.35)
RELATIVE_STEP = 0.05
ABSOLUTE_STEP = 0.0125
"""Largest absolute perturbation of a target, as a share of the price range (0.05 on Smith's range of 4)."""
SHOUTS_SEEN = 32
"""A trader follows at most this many of a batch's last shouts in its market; in a laboratory batch of one, all."""
LEAST_VALUE = 1.0
"""Ticks: a margin is a share of the value, and a share of nothing could not move."""


class Shouts(NamedTuple):
    """At most one shout in each market; arrays have shape (n_rights,).

    Attributes
    ----------
    heard : ndarray of bool
        Whether there was one.
    side : ndarray of int8
        Side of the shouter.
    price : ndarray of float64
        Price shouted, or the price of the trade, ticks.
    accepted : ndarray of bool
        Whether it traded.
    """

    heard: Bools
    side: npt.NDArray[np.int8]
    price: Floats
    accepted: Bools


@register("zip")
class ZeroIntelligencePlus(Strategy):
    """Quotes value and margin, and moves the margin towards prices that trade.

    Attributes
    ----------
    margin : ndarray of float64, shape (n,)
        A buyer quotes ``value * (1 - margin)``, a seller ``value * (1 + margin)``; at least 0, for a buyer at most 1.
    rate, momentum : ndarray of float64, shape (n,)
        Learning rate beta and momentum gamma of the Widrow-Hoff rule, drawn once.
    drift : ndarray of float64, shape (n,)
        Momentum-based change of the quote at the last lesson, ticks.
    side : ndarray of int8, shape (n,)
        Side on which each traded last, which those who are done for the day keep.
    """

    def __init__(self, seats: Rows, rng: np.random.Generator) -> None:
        super().__init__(seats, rng)
        n = len(seats)
        self.rate: Floats = rng.uniform(*LEARNING_RATE, n)
        self.momentum: Floats = rng.uniform(*MOMENTUM, n)
        self.margin: Floats = rng.uniform(*FIRST_MARGIN, n)
        self.drift: Floats = np.zeros(n)
        self.side = np.full(n, Side.BID, dtype=np.int8)

    def open_day(self, desk: Desk) -> None:
        """Note who buys and who sells today."""
        self._read_sides(desk)

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Quote value and margin; who would have to quote outside the allowed range on its own side stays away."""
        self._read_sides(desk)
        at = np.searchsorted(self.seats, rows)
        side = self.side[at]
        buys = side == Side.BID
        ticks = _quoted(self.prices(desk, at), buys).astype(np.int64)
        low, high = desk.price_range(rows)
        can = np.where(buys, ticks >= low, ticks <= high)
        ticks = np.minimum(np.maximum(ticks, low), high)
        return Quotes(rows[can], side[can], ticks[can], desk.lots(rows[can]))

    def observe(self, desk: Desk, quotes: Quotes, receipt: Receipt) -> None:
        """Move margins after the shouts of a batch, in the order in which they were made."""
        self._read_sides(desk)
        for shouts in _in_waves(desk, quotes, receipt):
            self.follow(desk, shouts)

    def prices(self, desk: Desk, at: Rows | slice) -> Floats:
        """Return what some of its traders (positions in `seats`) quote before rounding, ticks."""
        value = np.maximum(desk.seats.value[self.seats[at]], LEAST_VALUE)
        return np.asarray(value * np.where(self.side[at] == Side.BID, 1.0 - self.margin[at], 1.0 + self.margin[at]))

    def follow(self, desk: Desk, shouts: Shouts) -> None:
        """Decide whose margin moves after a shout, by the rules of Cliff and Bruten (1997).

        A trade at q widens the margin of every buyer who quotes q or more and every seller who quotes q or less.  It
        narrows the margin of those on the side that accepted who would not have traded at q; a refused shout narrows
        that of competitors on the shouter's side who quote no better.  Only traders who can still trade narrow.
        """
        seats, rows = desk.seats, self.seats
        right = seats.right[rows]
        price, q = self.prices(desk, slice(None)), shouts.price[right]
        buys = self.side == Side.BID
        heard, accepted = shouts.heard[right], shouts.accepted[right]
        # In whole ticks, or a trader would seem to quote better than its own shout.
        quoted = _quoted(price, buys)
        gains = np.where(buys, quoted >= q, quoted <= q)
        misses = np.where(buys, quoted <= q, quoted >= q)
        same_side = self.side == shouts.side[right]
        widen = heard & accepted & gains
        narrow = heard & misses & (accepted != same_side) & ~widen
        narrow &= (seats.wish_lots[rows] != 0) & desk.can_trade(rows)
        moved = np.flatnonzero(widen | narrow)
        if len(moved):
            self._adjust(desk, moved, np.where(buys, narrow, widen)[moved], price[moved], q[moved])

    def _adjust(self, desk: Desk, moved: Rows, up: Bools, price: Floats, q: Floats) -> None:
        """Apply the Widrow-Hoff rule with momentum towards a target just beyond q."""
        rows = self.seats[moved]
        low, high = desk.price_range(rows)
        relative = self.rng.uniform(0.0, RELATIVE_STEP, len(moved))
        absolute = self.rng.uniform(0.0, ABSOLUTE_STEP, len(moved)) * (high - low + 1)
        sign = np.where(up, 1.0, -1.0)
        target = q * (1.0 + sign * relative) + sign * absolute
        momentum = self.momentum[moved]
        drift = momentum * self.drift[moved] + (1.0 - momentum) * self.rate[moved] * (target - price)
        share = (price + drift) / np.maximum(desk.seats.value[rows], LEAST_VALUE)
        buys = self.side[moved] == Side.BID
        # A margin never becomes a loss, and a buyer's quote never falls below 0.
        self.margin[moved] = np.where(buys, np.clip(1.0 - share, 0.0, 1.0), np.maximum(share - 1.0, 0.0))
        self.drift[moved] = drift

    def _read_sides(self, desk: Desk) -> None:
        wish = desk.seats.wish_lots[self.seats]
        np.copyto(self.side, np.where(wish > 0, Side.BID, Side.ASK).astype(np.int8), where=wish != 0)

    def state(self) -> dict[str, Any]:
        """Return margins and what drives them."""
        return {name: getattr(self, name).copy() for name in ("rate", "momentum", "margin", "drift", "side")}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back margins and what drives them."""
        for name, saved in state.items():
            getattr(self, name)[:] = saved


def _quoted(price: Floats, buys: Bools) -> Floats:
    """Round to the tick on the safe side of a limit."""
    return np.where(buys, np.floor(price), np.ceil(price))


def _in_waves(desk: Desk, quotes: Quotes, receipt: Receipt) -> Iterator[Shouts]:
    """Yield the accepted orders of a batch in waves of one a market, so that no market's shouts change their order."""
    shouted = np.flatnonzero(receipt.reason == Reason.ACCEPTED)
    if not len(shouted):
        return
    trade_price = _trade_prices(receipt, len(quotes.seat))
    right = desk.seats.right[quotes.seat[shouted]]
    order = np.argsort(right, kind="stable")
    first = np.searchsorted(right[order], right[order])
    from_end = np.empty(len(order), dtype=np.intp)
    from_end[order] = np.searchsorted(right[order], right[order], side="right") - 1 - np.arange(len(order))
    wave = np.empty(len(order), dtype=np.intp)
    wave[order] = np.arange(len(order)) - first
    kept = from_end < SHOUTS_SEEN
    n = len(desk.last_price)
    for w in np.unique(wave[kept]):
        at = shouted[kept & (wave == w)]
        r = desk.seats.right[quotes.seat[at]]
        shouts = Shouts(np.zeros(n, np.bool_), np.zeros(n, np.int8), np.zeros(n), np.zeros(n, np.bool_))
        shouts.heard[r] = True
        shouts.side[r] = quotes.side[at]
        shouts.accepted[r] = trade_price[at] > 0
        shouts.price[r] = np.where(trade_price[at] > 0, trade_price[at], quotes.price_ticks[at])
        yield shouts


def _trade_prices(receipt: Receipt, n: int) -> Ints:
    """Return the price at which each order of a batch traded last on its arrival, 0 where it did not."""
    prices = np.zeros(n, dtype=np.int64)
    trades = receipt.trades
    for ids in (trades.maker, trades.taker):
        row = ids - receipt.first_order_id
        own = row >= 0
        # A maker of the same batch was refused when it shouted, except in a call auction, where all arrive at once.
        own[own] = receipt.filled[row[own]] > 0
        prices[row[own]] = trades.price_ticks[own]
    return prices
