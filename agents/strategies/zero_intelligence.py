"""Zero-intelligence traders: random prices, with and without the rule of no loss (Gode and Sunder 1993)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.seats import Rows, side_of
from agents.strategies.base import Quotes, Strategy, register
from agents.strategies.zero_intelligence_kernels import no_loss_ranges, scale_draws
from rights_market.table import plain

if TYPE_CHECKING:
    from agents.desk import Desk

Ints = npt.NDArray[np.int64]


@register("zi_u")
class ZeroIntelligenceUnconstrained(Strategy):
    """Quotes any price of the range, each alike: ZI-U of Gode and Sunder (1993), section II."""

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Draw a price uniformly from the allowed range."""
        low, high = desk.price_range(rows)
        return Quotes(
            rows, side_of(desk.seats.wish_lots[rows]), _uniform(self.rng, low, high - low + 1), desk.lots(rows)
        )


@register("zi_c")
class ZeroIntelligenceConstrained(Strategy):
    """Quotes any price that loses nothing: ZI-C of Gode and Sunder (1993), section II.

    A buyer draws between the lowest price and its value, a seller between its value and the highest price.  A trader
    whose value lies outside the allowed range has no price that loses nothing and stays away.
    """

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Draw a price uniformly on the no-loss side of the value."""
        seats, n = desk.seats, len(rows)
        seat, side = np.empty(n, dtype=np.intp), np.empty(n, dtype=np.int8)
        low, width, lots = np.empty((3, n), dtype=np.int64)
        low_of, high_of = desk.price_limits()
        tables = seats.right, seats.wish_lots, seats.value, seats.quota, low_of, high_of, desk.largest_order
        m = no_loss_ranges(plain(rows), *tables, seat, side, low, width, lots)
        price = _uniform(self.rng, low[:m], width[:m])
        return Quotes(seat[:m], side[:m], price, lots[:m])


def _uniform(rng: np.random.Generator, low: Ints, width: Ints) -> Ints:
    """Draw whole ticks from `width` ones that begin at `low`; both differ from row to row.

    Scaling one uniform number is ten times faster than `Generator.integers` with arrays as bounds; a tick's probability
    is off by less than 2^-53 times the width, which no sample can show.
    """
    price = np.empty(len(low), dtype=np.int64)
    scale_draws(rng.random(len(low)), low, width, price)
    return price
