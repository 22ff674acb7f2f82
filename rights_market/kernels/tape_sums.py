"""What a day's trades add up to, instrument by instrument: the running figures behind the tape's daily bars."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rights_market.kernels.compiling import kernel

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

NO_PRICE: Final = -1

# Rows of the table of figures.
OPEN: Final = 0
HIGH: Final = 1
LOW: Final = 2
VWAP_TICK_LOTS: Final = 3
VWAP_LOTS: Final = 4
LOTS: Final = 5
VALUE_FEN: Final = 6
N_TRADES: Final = 7
FIGURES: Final = 8


@kernel
def add_to_day(
    instrument: Int32,
    price: Int64,
    lots: Int64,
    tick_value: Int64,
    makes_prices: bool,
    figures: Int64,
    last_price: Int64,
) -> Any:
    """Add trades, in the order in which they were made, to the figures of the day.

    Parameters
    ----------
    instrument, price, lots : ndarray, shape (n,)
        Columns of `rights_market.records.Trades`; prices in ticks.
    tick_value : ndarray, shape (n_instruments,)
        Fen that one lot costs at one tick.
    makes_prices : bool
        Whether the trades count for open, high, low, mean and last price.
    figures : ndarray, shape (FIGURES, n_instruments)
        Modified in place; `NO_PRICE` in the first three rows where there is no price yet.
    last_price : ndarray, shape (n_instruments,)
        Modified in place.

    Returns
    -------
    bool
        Whether all instruments exist; if not, nothing was added.
    """
    for i in range(len(instrument)):
        if instrument[i] < 0 or instrument[i] >= len(tick_value):
            return False
    for i in range(len(instrument)):
        which = instrument[i]
        tick_lots = price[i] * lots[i]
        figures[LOTS, which] += lots[i]
        figures[VALUE_FEN, which] += tick_lots * tick_value[which]
        figures[N_TRADES, which] += 1
        if not makes_prices:
            continue
        figures[VWAP_TICK_LOTS, which] += tick_lots
        figures[VWAP_LOTS, which] += lots[i]
        if figures[OPEN, which] == NO_PRICE:
            figures[OPEN:VWAP_TICK_LOTS, which] = price[i]
        figures[HIGH, which] = max(figures[HIGH, which], price[i])
        figures[LOW, which] = min(figures[LOW, which], price[i])
        last_price[which] = price[i]
    return True
