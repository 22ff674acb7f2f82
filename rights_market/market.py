"""The market: takes orders, has them matched and settled, and opens and closes the day.

The only coordinator of registry, order books, limits and tape.  It knows no agent: whoever sends a table of orders is
served, from a simulation, a classroom or a script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.exchange.call_auction import CallAuction
from rights_market.exchange.limits import Limits
from rights_market.exchange.order_book import Funding, OrderBook
from rights_market.exchange.tape import NO_PRICE, Tape
from rights_market.records import Mode, Orders, Receipt
from rights_market.registry.accounts import CLEARING_ACCOUNT, Accounts
from rights_market.registry.balances import Registry
from rights_market.registry.journal import Journal
from rights_market.registry.obligations import Obligations
from rights_market.rights import Instruments
from rights_market.rulebook import RuleBook
from rights_market.units import PPM

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Keep:
    """What a market remembers beyond balances and daily bars.

    Attributes
    ----------
    trades, quotes, journal : bool
        Every trade, the quotes after every batch, every operation of the registry.
    """

    trades: bool = True
    quotes: bool = False
    journal: bool = True


class Market:
    """Registry and exchange for a set of rights.

    Parameters
    ----------
    rule_books : sequence of RuleBook
        One a right; they give the instruments (one for each period), bands, fees and settlement.
    accounts : Accounts
        Who may own and trade.
    keep : Keep
        What to remember.

    Attributes
    ----------
    instruments, accounts, registry, obligations, book, limits, tape
        The departments; each is the sole writer of its own state.
    day : int
        Trading day, -1 before the first.
    batch : int
        Batches matched today.
    rejected : ndarray of int64, shape (n_reasons,)
        Orders refused so far, by `Reason`.
    """

    def __init__(self, rule_books: Sequence[RuleBook], accounts: Accounts, keep: Keep | None = None) -> None:
        keep = keep or Keep()
        self.rule_books = tuple(rule_books)
        self.instruments = Instruments((book.right, p.vintage) for book in self.rule_books for p in book.periods)
        self.accounts = accounts
        self.registry = Registry(accounts, self.instruments, journal=Journal(keep=keep.journal))
        self.obligations = Obligations(len(accounts))
        self._book_of = [book for book in self.rule_books for _ in book.periods]
        self.limits = Limits(self._book_of)
        max_price = np.array([x.right.max_price_ticks for x in self.instruments], dtype=np.int64)
        self.book = OrderBook(len(self.instruments), max_price)
        opening = np.array([b.opening_price_ticks for b in self._book_of], dtype=np.int64)
        self.tape = Tape(self.instruments, opening, keep_trades=keep.trades, keep_quotes=keep.quotes)
        self.is_open = np.zeros(len(self.instruments), dtype=np.bool_)
        self.day = -1
        self.batch = 0
        self.rejected: Int64 = np.zeros(32, dtype=np.int64)
        self._call = CallAuction()

    # -- quotes and prices

    @property
    def best_bid(self) -> Int64:
        """Best bid of each instrument, ticks, 0 where there is none."""
        return self.book.best_bid

    @property
    def best_ask(self) -> Int64:
        """Best ask of each instrument, ticks, 0 where there is none."""
        return self.book.best_ask

    @property
    def last_price(self) -> Int64:
        """Latest trade price of each instrument, ticks; the previous close before the first trade."""
        return self.tape.last_price

    @property
    def price_low(self) -> Int64:
        """Lowest price that may be quoted today, ticks."""
        return self.limits.band_low

    @property
    def price_high(self) -> Int64:
        """Highest price that may be quoted today, ticks."""
        return self.limits.band_high

    def buyer_fee_share(self, instrument: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        """Return the buyer's fee as a share of the traded value."""
        return np.asarray(self.limits.buyer_fee_ppm[instrument] / PPM)

    # -- the trading day

    def open_day(self, day: int, instruments: Sequence[int]) -> None:
        """Begin a trading day in some instruments and set their price limits.

        Raises
        ------
        ExchangeError
            If the day before has not been closed, or `day` does not come after it.
        """
        if self.is_open.any():
            raise ExchangeError(f"day {self.day} is still open: close it before day {day} begins")
        if day <= self.day:
            raise ExchangeError(f"day {day} does not come after day {self.day}")
        self.day, self.batch = day, 0
        self.registry.begin_day(day)
        self.is_open[list(instruments)] = True
        self.limits.set_bands(self.is_open)

    def call_auction(self, orders: Orders) -> Receipt:
        """Clear orders at one price an instrument; what is left rests in the book."""
        receipt = self._call.clear(self.book, orders, self.tape.last_close, self._funding())
        return self._write(receipt, Mode.CALL)

    def submit(self, orders: Orders) -> Receipt:
        """Match a batch of orders in the order given, and settle each fill at once."""
        receipt = self.book.submit(orders, self._funding())
        return self._write(receipt, Mode.CONTINUOUS)

    def close_day(self) -> None:
        """End the day: orders lapse, bars are written, lots bought today may be sold from tomorrow on."""
        if not self.is_open.any():
            raise ExchangeError(f"day {self.day} is not open")
        open_now = np.flatnonzero(self.is_open)
        bid, ask = self.best_bid[open_now].copy(), self.best_ask[open_now].copy()
        lots = self.tape.today["lots"][open_now].copy()
        band_low, band_high = self.price_low[open_now].copy(), self.price_high[open_now].copy()
        self.book.cancel_all(funding=self._funding())
        close = self.tape.close_day(
            self.day,
            open_now,
            bid_ticks=np.where(bid > 0, bid, NO_PRICE),
            ask_ticks=np.where(ask > 0, ask, NO_PRICE),
            band_low_ticks=band_low,
            band_high_ticks=band_high,
        )
        self.limits.set_references(open_now, close, lots, bid, ask)
        self.registry.unlock()
        self.is_open[:] = False

    def carry_price(self, instrument_from: int, instrument_to: int) -> None:
        """Let an instrument that has not traded open at the price of another vintage."""
        self.limits.carry_reference(instrument_from, instrument_to)
        self.tape.carry_close(instrument_from, instrument_to)

    def cancel_asks(self, accounts: npt.NDArray[np.int64], instrument: int) -> None:
        """Withdraw sell orders by order of the registrar, before lots are taken back, surrendered or lapse."""
        for account in accounts:
            self.book.cancel_account_asks(int(account), instrument, self._funding())

    def cash_behind(self, order_ids: Int64) -> Int64:
        """Return the cash frozen behind live buy orders, fen; 0 for ids that are not live bids."""
        return self.book.cash_behind(order_ids, self._funding())

    def audit(self) -> None:
        """Prove that nothing was created or lost.

        Raises
        ------
        RegistryError
            If an instrument or the cash does not add up.
        """
        self.registry.audit()

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain arrays and numbers."""
        return {
            "accounts": self.accounts.state(),
            "registry": self.registry.state(),
            "journal": self.registry.journal.state(),
            "obligations": self.obligations.state(),
            "book": self.book.state(),
            "limits": self.limits.state(),
            "tape": self.tape.state(),
            "is_open": self.is_open.copy(),
            "day": self.day,
            "batch": self.batch,
            "rejected": self.rejected.copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.accounts.restore(state["accounts"])
        self.registry.restore(state["registry"])
        self.registry.journal.restore(state["journal"])
        self.obligations.restore(state["obligations"])
        self.book.restore(state["book"])
        self.limits.restore(state["limits"])
        self.tape.restore(state["tape"])
        self.is_open[:] = state["is_open"]
        self.day, self.batch = int(state["day"]), int(state["batch"])
        self.rejected[:] = state["rejected"]

    def _funding(self) -> Funding:
        return self.limits.funding(self.registry, self.is_open, CLEARING_ACCOUNT, self.day)

    def _write(self, receipt: Receipt, mode: Mode) -> Receipt:
        self.rejected += np.bincount(receipt.reason, minlength=len(self.rejected))
        self.rejected[0] = 0
        self.tape.add_trades(self.day, self.batch, mode, receipt.trades)
        self.batch += 1
        return receipt
