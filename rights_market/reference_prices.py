"""Reference prices: around which price today's limits of each instrument stand, and where they move overnight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.errors import ExchangeError
from rights_market.exchange.limits import Limits
from rights_market.policies.trading import PriceBand, Range
from rights_market.rulebook import RuleBook
from rights_market.table import readonly
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]


class ReferencePrices:
    """The reference price of each instrument, and the band that its rule puts around it.

    Parameters
    ----------
    rule_books : sequence of RuleBook or Credit
        Terms of each instrument, shape (n_instruments,).
    limits : Limits
        Where bands are put.

    Attributes
    ----------
    price_ticks : ndarray of int64, shape (n_instruments,)
        Reference prices, ticks; read-only.
    """

    def __init__(self, rule_books: Sequence[RuleBook | Credit], limits: Limits) -> None:
        self._bands: list[PriceBand | None] = [book.band for book in rule_books]
        self._top = [book.right.max_price_ticks for book in rule_books]
        self._limits = limits
        self._price = np.array([book.opening_price_ticks for book in rule_books], dtype=np.int64)
        self._has_close = np.zeros(len(rule_books), dtype=np.bool_)
        self.price_ticks: Int64 = readonly(self._price)

    def adopt(self, instrument: int, rules: RuleBook) -> None:
        """Let the band of an instrument follow other rules from now on."""
        self._bands[instrument] = rules.band

    def set_band(self, instrument: int) -> tuple[PriceBand, Range] | None:
        """Put today's band around the reference price; return rule and range, or None where there is no band."""
        band = self._bands[instrument]
        if band is None:
            self._limits.lift_band(instrument)
            return None
        first = not self._has_close[instrument]
        reference, top = int(self._price[instrument]), self._top[instrument]
        allowed = band.range(reference, is_first_day=bool(first), max_price_ticks=top)
        self._limits.set_band(instrument, allowed.low, allowed.high)
        return band, allowed

    def move(self, instrument: int, close: int, lots: int, bid: int, ask: int) -> None:
        """Set tomorrow's reference price: the close, or the limit at which one side waited in vain.

        Parameters
        ----------
        instrument : int
        close, lots : int
            Closing price, ticks, and lots of the trades that made prices today.
        bid, ask : int
            Best quotes at the close, ticks, 0 where there is none.
        """
        band = self._bands[instrument]
        # A close that was only carried on is none: without a trade the first day is still to come.
        self._has_close[instrument] |= lots > 0
        if band is None:
            self._price[instrument] = close
            return
        locked = None
        if bid and not ask and bid == self._limits.band_high[instrument]:
            locked = Side.BID
        elif ask and not bid and ask == self._limits.band_low[instrument]:
            locked = Side.ASK
        before, top = int(self._price[instrument]), self._top[instrument]
        self._price[instrument] = band.next_reference(before, close, lots, locked, max_price_ticks=top)

    def carry(self, instrument_from: int, instrument_to: int) -> None:
        """Let an instrument go on from the reference price of another vintage."""
        self._price[instrument_to] = self._price[instrument_from]
        self._has_close[instrument_to] = self._has_close[instrument_from]

    def begin_at(self, instrument: int, price_ticks: int) -> None:
        """Let an instrument begin anew at a guide price, as on its first day of trading."""
        self._price[instrument] = price_ticks
        self._has_close[instrument] = False

    def restate(self, instrument: int, price_ticks: int) -> None:
        """Let the reference price be another, as a unit is worth more or less than it was at the last close."""
        self._price[instrument] = price_ticks

    def check_guide(self, instrument: int, price_ticks: int) -> None:
        """Refuse a guide price that cannot be quoted.

        Raises
        ------
        ExchangeError
            If it lies outside the range of prices.
        """
        top = self._top[instrument]
        if not 1 <= price_ticks <= top:
            raise ExchangeError(f"guide price of {price_ticks} ticks lies outside 1 to max_price_ticks {top}")

    def state(self) -> dict[str, Any]:
        """Return what changes, the bands of today included."""
        bands = np.stack([self._limits.band_low, self._limits.band_high])
        return {"reference": self._price.copy(), "has_close": self._has_close.copy(), "bands": bands}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._price[:] = state["reference"]
        self._has_close[:] = state["has_close"]
        for i, (low, high) in enumerate(np.asarray(state["bands"]).T.tolist()):
            self._limits.set_band(i, low, high)
