"""Price bands, charges and resale bans of all instruments, as arrays that the matching kernel reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.exchange.charges import Charges
from rights_market.kernels import settlement
from rights_market.registry.cash import MAX_CASH_LAG
from rights_market.rights import MAX_PRICE_TICKS
from rights_market.table import readonly

Int64 = npt.NDArray[np.int64]


class Limits:
    """What an order in each instrument may ask and what it costs; one entry for each instrument.

    The arrays are read-only views of one storage: a kernel that holds them sees every later change.

    Parameters
    ----------
    max_price_ticks : sequence of int
        Highest price that can be quoted in each instrument.

    Attributes
    ----------
    band_low, band_high : ndarray of int64, shape (n_instruments,)
        Lowest and highest price allowed today, ticks; at first every price that can be quoted.
    charges : Charges
        Fees and taxes in each way of trading; at first none.
    buyer_ppm, seller_ppm : ndarray of int64, shape (n_instruments,)
        Fees in the book, millionths of the value traded.
    lock_bought : ndarray of int64, shape (n_instruments,)
        1 where units bought today may not be sold today, else 0.
    cash_lag : ndarray of int64, shape (n_instruments,)
        Closings after which the money of a sale may be used, at first 0.

    Raises
    ------
    ExchangeError
        If an instrument has no price that can be quoted.
    """

    def __init__(self, max_price_ticks: Sequence[int]) -> None:
        self._top = np.array(max_price_ticks, np.int64)
        if len(self._top) and not 1 <= self._top.min() <= self._top.max() <= MAX_PRICE_TICKS:
            raise ExchangeError(f"limits: max_price_ticks are {list(max_price_ticks)}, expected 1 to {MAX_PRICE_TICKS}")
        self._low, self._high = np.ones_like(self._top), self._top.copy()
        self.charges = Charges(len(self._top))
        self._lock, self._lag = np.zeros_like(self._top), np.zeros_like(self._top)
        self.band_low: Int64 = readonly(self._low)
        self.band_high: Int64 = readonly(self._high)
        book = readonly(self.charges.tables["book"])
        self.buyer_ppm: Int64 = book[:, settlement.BUYER_PPM]
        self.seller_ppm: Int64 = book[:, settlement.SELLER_PPM]
        self.lock_bought: Int64 = readonly(self._lock)
        self.cash_lag: Int64 = readonly(self._lag)

    def __len__(self) -> int:
        return len(self._top)

    def set_band(self, instrument: int, low: int, high: int) -> None:
        """Allow prices from `low` to `high`, ticks, both included.

        Raises
        ------
        ExchangeError
            If no tick lies between them, or they reach beyond what can be quoted.
        """
        top = int(self._top[self._row(instrument)])
        if not 1 <= low <= high <= top:
            raise ExchangeError(f"limits: band {low} to {high} of instrument {instrument} must lie within 1 to {top}")
        self._low[instrument], self._high[instrument] = low, high

    def lift_band(self, instrument: int) -> None:
        """Allow every price that can be quoted."""
        self.set_band(instrument, 1, int(self._top[self._row(instrument)]))

    def set_resale_ban(self, instrument: int, is_banned: bool) -> None:
        """Say whether units bought today may not be sold today."""
        self._lock[self._row(instrument)] = is_banned

    def set_cash_lag(self, instrument: int, days: int) -> None:
        """Hold back the money of sales until so many days have closed."""
        if not 0 <= days <= MAX_CASH_LAG:
            raise ExchangeError(f"limits: money held back for {days} days, expected 0 to {MAX_CASH_LAG}")
        self._lag[self._row(instrument)] = days

    def _row(self, instrument: int) -> int:
        if not 0 <= instrument < len(self):
            raise ExchangeError(f"limits: no instrument {instrument}, there are {len(self)}")
        return instrument
