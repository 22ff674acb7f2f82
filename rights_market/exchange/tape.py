"""The tape: what was traded and quoted, as growing columns, and one bar for each day and instrument.

The day's bar is built up while trades arrive, so that it does not need the trades to be kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.exchange.closing import closing_price
from rights_market.records import Mode, Trades
from rights_market.rights import Instruments
from rights_market.table import Column, State, Table, readonly

Int64 = npt.NDArray[np.int64]

NO_PRICE = -1
NO_LIMIT = -1

_TRADES: dict[str, npt.DTypeLike] = {
    "day": np.int32,
    "batch": np.int32,
    "mode": np.int8,
    "instrument": np.int32,
    "buyer": np.int32,
    "seller": np.int32,
    "price_ticks": np.int32,
    "lots": np.int64,
    "maker": np.int64,
    "taker": np.int64,
    "taker_side": np.int8,
}
_QUOTES: dict[str, npt.DTypeLike] = {
    "day": np.int32,
    "batch": np.int32,
    "instrument": np.int32,
    "bid_ticks": np.int32,
    "ask_ticks": np.int32,
    "bid_lots": np.int64,
    "ask_lots": np.int64,
}
_BARS: dict[str, npt.DTypeLike] = {
    "day": np.int32,
    "instrument": np.int32,
    "open_ticks": np.int32,
    "high_ticks": np.int32,
    "low_ticks": np.int32,
    "close_ticks": np.int32,
    "vwap_tick_lots": np.int64,
    "vwap_lots": np.int64,
    "lots": np.int64,
    "value_fen": np.int64,
    "n_trades": np.int64,
    "bid_ticks": np.int32,
    "ask_ticks": np.int32,
    "band_low_ticks": np.int32,
    "band_high_ticks": np.int32,
}
# Running figures of the day, one entry an instrument.
_PRICES = ("open_ticks", "high_ticks", "low_ticks")
_SUMS = ("vwap_tick_lots", "vwap_lots", "lots", "value_fen", "n_trades")


class Tape:
    """Trades, quotes and daily bars of all instruments.

    Parameters
    ----------
    instruments : Instruments
        What is traded.
    previous_close_ticks : array_like of int, optional
        Closing prices before the first day, `NO_PRICE` where there is none, shape (n_instruments,).
    keep_trades, keep_quotes : bool
        Keep every trade and every quote; if False, only the bars are kept.
    price_modes : collection of Mode
        Modes whose trades make prices: open, high, low, close and last price.  All modes count in a bar's lots,
        value and number of trades.

    Notes
    -----
    Prices are ticks and `NO_PRICE` (-1) where there is none.  ``vwap_tick_lots`` is the sum of price x lots and
    ``vwap_lots`` the lots of the trades that make prices.  A day without such trades has no open, high and
    low, and the closing price of the day before.
    """

    def __init__(
        self,
        instruments: Instruments,
        previous_close_ticks: npt.ArrayLike = NO_PRICE,
        *,
        keep_trades: bool = True,
        keep_quotes: bool = True,
        price_modes: Collection[Mode] = (Mode.CONTINUOUS, Mode.CALL),
    ) -> None:
        n = len(instruments)
        self._tick_value = np.array([x.right.tick_value_fen for x in instruments], np.int64)
        self._keep_trades, self._keep_quotes = keep_trades, keep_quotes
        self._price_modes = frozenset(price_modes)
        self._trades, self._quotes, self._bars = Table(_TRADES), Table(_QUOTES), Table(_BARS)
        self._last_close = np.array(np.broadcast_to(np.asarray(previous_close_ticks), n), np.int64)
        self._last_price = self._last_close.copy()
        self._today = {name: np.full(n, NO_PRICE, np.int64) for name in _PRICES}
        self._today |= {name: np.zeros(n, np.int64) for name in _SUMS}

    def __len__(self) -> int:
        return len(self._last_price)

    @property
    def last_price(self) -> Int64:
        """Price of the latest trade that makes prices, else the close before the first day; read-only."""
        return readonly(self._last_price)

    @property
    def last_close(self) -> Int64:
        """Closing price of the latest closed day, shape (n_instruments,), read-only."""
        return readonly(self._last_close)

    @property
    def today(self) -> dict[str, Int64]:
        """Figures of the running day by instrument, named like the columns of `bars`; read-only."""
        return {name: readonly(column) for name, column in self._today.items()}

    @property
    def trades(self) -> dict[str, Column]:
        """Columns of all trades, read-only.

        Raises
        ------
        ExchangeError
            If the tape does not keep trades.
        """
        if not self._keep_trades:
            raise ExchangeError("the tape keeps no trades; build it with Tape(keep_trades=True) to read them")
        return self._trades.rows()

    @property
    def quotes(self) -> dict[str, Column]:
        """Columns of all quotes, read-only.

        Raises
        ------
        ExchangeError
            If the tape does not keep quotes.
        """
        if not self._keep_quotes:
            raise ExchangeError("the tape keeps no quotes; build it with Tape(keep_quotes=True) to read them")
        return self._quotes.rows()

    @property
    def bars(self) -> dict[str, Column]:
        """Columns of all daily bars, read-only."""
        return self._bars.rows()

    def add_trades(self, day: int, batch: int, mode: Mode, trades: Trades) -> None:
        """Write down trades in the order in which they were made.

        Raises
        ------
        ExchangeError
            If a trade names an instrument that does not exist.
        """
        n = len(trades)
        if n == 0:
            return
        if trades.instrument.min() < 0 or trades.instrument.max() >= len(self):
            raise ExchangeError(f"a trade names an instrument outside 0 to {len(self) - 1}")
        self._count(mode, trades)
        if self._keep_trades:
            self._trades.append(
                n,
                day=day,
                batch=batch,
                mode=int(mode),
                instrument=trades.instrument,
                buyer=trades.buyer,
                seller=trades.seller,
                price_ticks=trades.price_ticks,
                lots=trades.lots,
                maker=trades.maker,
                taker=trades.taker,
                taker_side=trades.taker_side,
            )

    def add_quotes(
        self,
        day: int,
        batch: int,
        instrument: npt.ArrayLike,
        bid_ticks: npt.ArrayLike,
        ask_ticks: npt.ArrayLike,
        *,
        bid_lots: npt.ArrayLike = 0,
        ask_lots: npt.ArrayLike = 0,
    ) -> None:
        """Write down the best bid and ask of instruments after a batch, and the lots at these prices."""
        if self._keep_quotes:
            instruments = np.atleast_1d(np.asarray(instrument))
            self._quotes.append(
                len(instruments),
                day=day,
                batch=batch,
                instrument=instruments,
                bid_ticks=bid_ticks,
                ask_ticks=ask_ticks,
                bid_lots=bid_lots,
                ask_lots=ask_lots,
            )

    def close_day(
        self,
        day: int,
        instrument: npt.ArrayLike,
        *,
        bid_ticks: npt.ArrayLike = NO_PRICE,
        ask_ticks: npt.ArrayLike = NO_PRICE,
        band_low_ticks: npt.ArrayLike = NO_LIMIT,
        band_high_ticks: npt.ArrayLike = NO_LIMIT,
    ) -> Int64:
        """End the day of instruments: write their bars and begin the next.

        Parameters
        ----------
        day : int
            Trading day.
        instrument : array_like of int, shape (n,)
            Instruments, each at most once.
        bid_ticks, ask_ticks : array_like of int
            Best quotes at the close.
        band_low_ticks, band_high_ticks : array_like of int
            Price limits of the day.

        Returns
        -------
        ndarray of int64, shape (n,)
            Closing prices, ticks.

        Raises
        ------
        ExchangeError
            If an instrument does not exist or is named twice.
        """
        chosen = np.atleast_1d(np.asarray(instrument))
        if len(np.unique(chosen)) != len(chosen) or np.any((chosen < 0) | (chosen >= len(self))):
            raise ExchangeError(
                f"close of day {day}: instruments {chosen.tolist()} must be 0 to {len(self) - 1}, once each"
            )
        figures = {name: column[chosen] for name, column in self._today.items()}
        # The tick-lots of the trades that make prices, at one fen a tick and lot: the mean is the same.
        close = closing_price(figures["vwap_tick_lots"], figures["vwap_lots"], 1, self._last_close[chosen])
        self._bars.append(
            len(chosen),
            day=day,
            instrument=chosen,
            close_ticks=close,
            bid_ticks=bid_ticks,
            ask_ticks=ask_ticks,
            band_low_ticks=band_low_ticks,
            band_high_ticks=band_high_ticks,
            **figures,
        )
        self._last_close[chosen] = close
        for name, column in self._today.items():
            column[chosen] = NO_PRICE if name in _PRICES else 0
        return close

    def carry_close(self, instrument_from: int, instrument_to: int) -> None:
        """Let an instrument begin at the last price and close of another, such as the vintage before it.

        Raises
        ------
        ExchangeError
            If it has already made a price today: that price must not be lost.
        """
        if self._today["vwap_lots"][instrument_to]:
            raise ExchangeError(
                f"instrument {instrument_to} has traded today at {self._last_price[instrument_to]} ticks; "
                "carry the close before its first trade"
            )
        self._last_close[instrument_to] = self._last_close[instrument_from]
        self._last_price[instrument_to] = self._last_price[instrument_from]

    def begin_at(self, instrument: int, price_ticks: int) -> None:
        """Let an instrument begin at a price that the exchange announces.

        Raises
        ------
        ExchangeError
            If it has already made a price today: that price must not be lost.
        """
        if self._today["vwap_lots"][instrument]:
            raise ExchangeError(f"instrument {instrument} has traded today; announce its price before its first trade")
        self._last_close[instrument] = self._last_price[instrument] = price_ticks

    def state(self) -> State:
        """Return all that is needed to continue, as plain arrays and integers."""
        state: State = {"last_close": self._last_close.copy(), "last_price": self._last_price.copy()}
        state |= {f"today/{name}": column.copy() for name, column in self._today.items()}
        for name, table in self._tables().items():
            state |= {f"{name}/{column}": values for column, values in table.state().items()}
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state` of a tape of the same instruments.

        Raises
        ------
        ExchangeError
            If the state is of another number of instruments.
        """
        if np.shape(state["last_close"]) != self._last_close.shape:
            raise ExchangeError(f"state of {len(state['last_close'])} instruments, expected {len(self)}")
        self._last_close = np.array(state["last_close"], np.int64)
        self._last_price = np.array(state["last_price"], np.int64)
        self._today = {name: np.array(state[f"today/{name}"], np.int64) for name in (*_PRICES, *_SUMS)}
        for name, table in self._tables().items():
            table.restore({key.split("/")[1]: x for key, x in state.items() if key.startswith(f"{name}/")})

    def _tables(self) -> dict[str, Table]:
        return {"trades": self._trades, "quotes": self._quotes, "bars": self._bars}

    def _count(self, mode: Mode, trades: Trades) -> None:
        today, which, lots = self._today, trades.instrument, trades.lots
        tick_lots = trades.price_ticks * lots
        np.add.at(today["lots"], which, lots)
        np.add.at(today["value_fen"], which, tick_lots * self._tick_value[which])
        np.add.at(today["n_trades"], which, 1)
        if mode in self._price_modes:
            np.add.at(today["vwap_tick_lots"], which, tick_lots)
            np.add.at(today["vwap_lots"], which, lots)
            self._make_prices(which, trades.price_ticks)

    def _make_prices(self, which: npt.NDArray[np.int32], prices: Int64) -> None:
        today = self._today
        # Where an index repeats, numpy assigns in order and the last value stays: reversed, the first.
        opening = np.full(len(self), NO_PRICE, np.int64)
        opening[which[::-1]] = prices[::-1]
        unopened = today["open_ticks"] == NO_PRICE
        for name in _PRICES:
            today[name][unopened] = opening[unopened]
        np.maximum.at(today["high_ticks"], which, prices)
        np.minimum.at(today["low_ticks"], which, prices)
        self._last_price[which] = prices
