"""The closing price: volume-weighted mean of the day's trades."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError

Int64 = npt.NDArray[np.int64]

_INT64_MAX = (1 << 63) - 1


def closing_price(
    values_fen: npt.ArrayLike, lots: npt.ArrayLike, tick_value_fen: npt.ArrayLike, previous_close: npt.ArrayLike
) -> Int64:
    """Return the volume-weighted mean price, half up to the tick, or the previous close without trade.

    Parameters
    ----------
    values_fen : array_like of int64, shape (n_instruments,)
        Value traded in the day.
    lots : array_like of int64, shape (n_instruments,)
        Lots traded in the day.
    tick_value_fen : array_like of int64, shape (n_instruments,)
        Value of one lot at one tick.
    previous_close : array_like of int64, shape (n_instruments,)
        Closing price of the day before, ticks.

    Returns
    -------
    ndarray of int64, shape (n_instruments,)
        Closing prices, ticks.

    Raises
    ------
    ExchangeError
        If an amount is negative or no whole number, a tick has no value, something was paid for 0 lots, or a
        volume is too large to be exact.

    Notes
    -----
    The mean is value / (lots x value of one tick), computed in integers.  Block and auction trades do not
    belong into it (China national exchange, notice of 22 June 2021).

    Examples
    --------
    >>> closing_price([2_009_000], [400], [100], [4_990])
    array([50])
    >>> closing_price([2_030_000, 0], [400, 0], [100, 100], [4_990, 4_990])
    array([  51, 4990])
    """
    given = [np.atleast_1d(np.asarray(x)) for x in (values_fen, lots, tick_value_fen, previous_close)]
    if any(x.dtype.kind not in "iu" for x in given):
        raise ExchangeError(f"closing price: expected whole numbers, got {[str(x.dtype) for x in given]}")
    value, volume, tick, previous = np.broadcast_arrays(*(x.astype(np.int64) for x in given))
    if np.any(value < 0) or np.any(volume < 0) or np.any(tick <= 0):
        raise ExchangeError(
            "closing price: values and lots must not be negative, and a tick must be worth at least 1 fen"
        )
    if np.any((volume == 0) & (value > 0)):
        raise ExchangeError("closing price: a value was traded with 0 lots")
    if np.any(volume > _INT64_MAX // tick):
        raise ExchangeError(f"closing price: {volume.max()} lots are too many to be exact; choose a larger lot")
    traded = volume > 0
    one_tick = np.where(traded, volume * tick, 1)
    whole, rest = np.divmod(value, one_tick)
    # rest >= one_tick - rest is rest / one_tick >= 1/2 without doubling, which could leave 64 bits.
    return np.where(traded, whole + (rest >= one_tick - rest), previous).astype(np.int64)
