"""The tape: what was traded and quoted, as growing columns, and one bar for each day and instrument.

The day's bar is built up while trades arrive, so that it does not need the trades to be kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.exchange.closing import closing_price
from rights_market.exchange.net_sold import NetSold
from rights_market.kernels import tape_sums
from rights_market.records import Mode, Trades
from rights_market.rights import Instruments
from rights_market.table import Column, State, Table, readonly

Int64 = npt.NDArray[np.int64]

NO_PRICE = tape_sums.NO_PRICE
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
# Running figures of the day: the rows of a table with one column an instrument.
_FIGURES = {
    "open_ticks": tape_sums.OPEN,
    "high_ticks": tape_sums.HIGH,
    "low_ticks": tape_sums.LOW,
    "vwap_tick_lots": tape_sums.VWAP_TICK_LOTS,
    "vwap_lots": tape_sums.VWAP_LOTS,
    "lots": tape_sums.LOTS,
    "value_fen": tape_sums.VALUE_FEN,
    "n_trades": tape_sums.N_TRADES,
}
_AMOUNTS = slice(tape_sums.LOTS, tape_sums.FIGURES)
_PRICES = slice(tape_sums.OPEN, tape_sums.VWAP_TICK_LOTS)


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
    low, and the closing price of the day before.  A bar counts what was public on its day: trades that are published
    later count on the day on which they are, and until then stand among the trades only.
    """

    def __init__(
        self,
        instruments: Instruments,
        previous_close_ticks: npt.ArrayLike = NO_PRICE,
        *,
        keep_trades: bool = True,
        keep_quotes: bool = True,
        price_modes: Collection[Mode] = (Mode.CONTINUOUS, Mode.CALL, Mode.LISTED, Mode.ZONAL),
    ) -> None:
        n = len(instruments)
        self._tick_value = np.array([x.right.tick_value_fen for x in instruments], np.int64)
        self._keep_trades, self._keep_quotes = keep_trades, keep_quotes
        self._price_modes = frozenset(price_modes)
        self._trades, self._quotes, self._bars = Table(_TRADES), Table(_QUOTES), Table(_BARS)
        self._last_close = np.array(np.broadcast_to(np.asarray(previous_close_ticks), n), np.int64)
        self._last_price = self._last_close.copy()
        self._today: Int64 = np.zeros((tape_sums.FIGURES, n), np.int64)
        self._today[_PRICES] = NO_PRICE
        # Of trades that make no prices only amounts are withheld.
        self._withheld: Int64 = np.zeros_like(self._today)
        self._net_sold: NetSold | None = None
        self._unpublished: list[tuple[int, Trades]] = []

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
        return {name: readonly(self._today[row]) for name, row in _FIGURES.items()}

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

    def watch_sales(self) -> None:
        """Count from now on what each account sells less what it buys on a day."""
        if self._net_sold is None:
            self._net_sold = NetSold(len(self))

    def net_sold(self, day: int, modes: list[Mode], n_accounts: int) -> Int64:
        """Return lots sold less bought on a day in some modes, shape (n_instruments, n_accounts).

        Raises
        ------
        ExchangeError
            If sales are not watched.
        """
        if self._net_sold is None:
            raise ExchangeError("the tape does not count sales by account; call watch_sales() before the first trade")
        return self._net_sold.on(day, modes, n_accounts)

    def add_trades(
        self,
        day: int,
        batch: int,
        mode: Mode,
        trades: Trades,
        *,
        withheld: bool = False,
        public_from: int | None = None,
    ) -> None:
        """Write down trades in the order in which they were made.

        Parameters
        ----------
        day, batch : int
        mode : Mode
        trades : Trades
        withheld : bool
            Whether the figures of the running day leave them out until `reveal`.
        public_from : int, optional
            Trading day with which the trades are published: until then no bar counts them.  They must not make prices.

        Raises
        ------
        ExchangeError
            If a trade names an instrument that does not exist, or trades that make prices are withheld.
        """
        n = len(trades)
        if withheld and mode in self._price_modes:
            raise ExchangeError(f"trades of mode {mode.name} make prices, which cannot be withheld")
        if n == 0:
            return
        own = trades.packed()
        makes_prices = mode in self._price_modes
        if public_from is None or public_from <= day:
            self._count(own, makes_prices, withheld=withheld)
        elif makes_prices:
            raise ExchangeError(f"trades of mode {mode.name.lower()} make prices and are public at once")
        else:
            self._unpublished.append((public_from, own))
        if self._net_sold is not None:
            self._net_sold.count(day, mode, trades)
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

    def publish(self, day: int, instruments: Collection[int]) -> None:
        """Count the trades that are published by a day in the day's volume of the instruments that are open."""
        open_now, waiting = set(instruments), []
        for public_from, trades in self._unpublished:
            is_due = np.isin(trades.instrument, list(open_now)) & (public_from <= day)
            self._count(trades.take(np.flatnonzero(is_due)), makes_prices=False)
            if not is_due.all():
                waiting.append((public_from, trades.take(np.flatnonzero(~is_due))))
        self._unpublished = waiting

    def _count(self, trades: Trades, makes_prices: bool, *, withheld: bool = False) -> None:
        """Add trades to the figures of the running day, or to those that are kept back until the close."""
        columns = trades.instrument, trades.price_ticks, trades.lots
        figures, last = (self._withheld, self._last_price.copy()) if withheld else (self._today, self._last_price)
        if not tape_sums.add_to_day(*columns, self._tick_value, makes_prices, figures, last):
            raise ExchangeError(f"a trade names an instrument outside 0 to {len(self) - 1}")

    def reveal(self) -> None:
        """Put what was withheld today into the figures of the day."""
        self._today[_AMOUNTS] += self._withheld[_AMOUNTS]
        self._withheld[:] = 0

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
        self.reveal()
        chosen = np.atleast_1d(np.asarray(instrument))
        if len(np.unique(chosen)) != len(chosen) or np.any((chosen < 0) | (chosen >= len(self))):
            raise ExchangeError(
                f"close of day {day}: instruments {chosen.tolist()} must be 0 to {len(self) - 1}, once each"
            )
        figures = {name: self._today[row, chosen] for name, row in _FIGURES.items()}
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
        self._today[:, chosen] = 0
        self._today[_PRICES, chosen] = NO_PRICE
        return close

    def carry_close(self, instrument_from: int, instrument_to: int) -> None:
        """Let an instrument begin at the last price and close of another, such as the vintage before it.

        Raises
        ------
        ExchangeError
            If it has already made a price today: that price must not be lost.
        """
        if self._today[tape_sums.VWAP_LOTS, instrument_to]:
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
        if self._today[tape_sums.VWAP_LOTS, instrument]:
            raise ExchangeError(f"instrument {instrument} has traded today; announce its price before its first trade")
        self._last_close[instrument] = self._last_price[instrument] = price_ticks

    def state(self) -> State:
        """Return all that is needed to continue, as plain arrays and integers."""
        state: State = {"last_close": self._last_close.copy(), "last_price": self._last_price.copy()}
        state |= {f"today/{name}": self._today[row].copy() for name, row in _FIGURES.items()}
        state["withheld"] = self._withheld.copy()
        for name, table in self._tables().items():
            state |= {f"{name}/{column}": values for column, values in table.state().items()}
        if self._net_sold is not None:
            state |= self._net_sold.state()
        state["unpublished"] = [
            [day, {f.name: getattr(t, f.name).copy() for f in fields(Trades)}] for day, t in self._unpublished
        ]
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
        self._today = np.array([state[f"today/{name}"] for name in _FIGURES], np.int64)
        self._withheld = np.array(state["withheld"], np.int64)
        for name, table in self._tables().items():
            table.restore({key.split("/")[1]: x for key, x in state.items() if key.startswith(f"{name}/")})
        if self._net_sold is not None and "net_sold/day" in state:
            self._net_sold.restore(state)
        self._unpublished = [
            (int(day), Trades(**{name: np.array(x) for name, x in columns.items()}))
            for day, columns in state["unpublished"]
        ]

    def _tables(self) -> dict[str, Table]:
        return {"trades": self._trades, "quotes": self._quotes, "bars": self._bars}
