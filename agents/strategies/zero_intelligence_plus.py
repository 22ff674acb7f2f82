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
from agents.strategies.zero_intelligence_plus_kernels import (
    SILENT,
    find_moved,
    move_margins,
    order_shouts,
    quote_margins,
    read_sides,
    shouts_of_wave,
)
from rights_market import Receipt
from rights_market.table import plain
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.desk import Desk

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEARNING_RATE = (0.1, 0.5)
MOMENTUM = (0.0, 0.1)
FIRST_MARGIN = (0.05, 0.35)
RELATIVE_STEP = 0.05
ABSOLUTE_STEP = 0.0125
"""Largest absolute perturbation of a target, as a share of the price range (0.05 on Smith's range of 4)."""
SHOUTS_SEEN = 32
"""A trader follows at most this many of a batch's last shouts in its market; in a laboratory batch of one, all."""


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
        seats, n = desk.seats, len(rows)
        seat, side = np.empty(n, dtype=np.intp), np.empty(n, dtype=np.int8)
        price, lots = np.empty((2, n), dtype=np.int64)
        asked, at = plain(rows), np.searchsorted(self.seats, rows)
        traders = seats.right, seats.value, seats.quota, self.side, self.margin
        m = quote_margins(asked, at, *traders, *desk.price_limits(), desk.largest_order, seat, side, price, lots)
        return Quotes(seat[:m], side[:m], price[:m], lots[:m])

    def observe(self, desk: Desk, quotes: Quotes, receipt: Receipt) -> None:
        """Move margins after the shouts of a batch, in the order in which they were made."""
        self._read_sides(desk)
        for shouts in _in_waves(desk, quotes, receipt):
            self.follow(desk, shouts)

    def follow(self, desk: Desk, shouts: Shouts) -> None:
        """Decide whose margin moves after a shout, by the rules of Cliff and Bruten (1997).

        A trade at q widens the margin of every buyer who quotes q or more and every seller who quotes q or less.  It
        narrows the margin of those on the side that accepted who would not have traded at q; a refused shout narrows
        that of competitors on the shouter's side who quote no better.  Only traders who can still trade narrow.
        """
        seats, n = desk.seats, len(self.seats)
        able = desk.can_trade(self.seats)
        moved, up = np.empty(n, dtype=np.intp), np.empty(n, dtype=np.bool_)
        columns = self.seats, seats.right, seats.value, seats.wish_lots, self.side, self.margin, able
        m = find_moved(*columns, shouts.heard, shouts.side, shouts.price, shouts.accepted, moved, up)
        if not m:
            return
        relative, absolute = self.rng.uniform(0.0, RELATIVE_STEP, m), self.rng.uniform(0.0, ABSOLUTE_STEP, m)
        low, high = desk.price_limits()
        market = seats.right, seats.value, shouts.price, low, high
        traders = self.side, self.rate, self.momentum, self.margin, self.drift
        move_margins(moved[:m], up[:m], relative, absolute, self.seats, *market, *traders)

    def _read_sides(self, desk: Desk) -> None:
        read_sides(self.seats, desk.seats.wish_lots, self.side)

    def state(self) -> dict[str, Any]:
        """Return margins and what drives them."""
        return {name: getattr(self, name).copy() for name in ("rate", "momentum", "margin", "drift", "side")}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back margins and what drives them."""
        for name, saved in state.items():
            getattr(self, name)[:] = saved


def _in_waves(desk: Desk, quotes: Quotes, receipt: Receipt) -> Iterator[Shouts]:
    """Yield the accepted orders of a batch in waves of one a market, so that no market's shouts change their order."""
    n, n_rights = len(quotes.seat), len(desk.last_price)
    wave, trade_price = np.zeros((2, n), dtype=np.int64)
    trades, right = receipt.trades, desk.seats.right
    counts = np.zeros((2, n_rights), dtype=np.int64)
    made = trades.maker, trades.taker, trades.price_ticks
    answers = receipt.first_order_id, receipt.reason, receipt.filled
    order_shouts(*answers, *made, quotes.seat, right, SHOUTS_SEEN, counts, wave, trade_price)
    rows = wave, trade_price, quotes.seat, quotes.side, quotes.price_ticks
    for number in sorted(set(wave.tolist()) - {SILENT}):
        heard, accepted = np.zeros((2, n_rights), dtype=np.bool_)
        shouts = Shouts(heard, np.zeros(n_rights, dtype=np.int8), np.zeros(n_rights), accepted)
        shouts_of_wave(number, *rows, right, *shouts)
        yield shouts
