"""The market: takes orders, has them matched and settled, and opens and closes the day.

The only coordinator of registry, order books, limits and tape.  It knows no agent: whoever sends a table of orders is
served, from a simulation, a classroom or a script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.errors import ExchangeError
from rights_market.exchange.block_trades import BlockInterests
from rights_market.exchange.call_auction import CallAuction
from rights_market.exchange.funding import Funding
from rights_market.exchange.limits import Limits
from rights_market.exchange.order_book import OrderBook, SelfTrade
from rights_market.exchange.tape import NO_PRICE, Tape
from rights_market.exchange.zonal_auction import ZonalTerms
from rights_market.exchange.zonal_session import ZonalReceipt, hold_zonal_call
from rights_market.negotiation import Negotiation
from rights_market.records import Event, Mode, OrderKind, Orders, Reason, Receipt, Trades
from rights_market.reference_prices import ReferencePrices
from rights_market.registry.accounts import CLEARING_ACCOUNT, Accounts
from rights_market.registry.balances import Registry
from rights_market.registry.journal import Journal
from rights_market.registry.obligations import Obligations
from rights_market.rights import Instruments
from rights_market.rulebook import RuleBook
from rights_market.supervision import Supervision, needs_supervision
from rights_market.units import PPM, Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

MANY = 1 << 60
"""Lots, where no rule limits them."""


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
        One a right, as on the first day; they give the instruments (one for each period), bands, fees and settlement.
    accounts : Accounts
        Who may own and trade; may grow while the market is in use.
    keep : Keep
        What to remember.
    credits : sequence of Credit
        Credits that are traded beside the rights.

    Attributes
    ----------
    instruments, accounts, registry, obligations, book, limits, tape
        The departments; each is the sole writer of its own state.
    events : list of Event
        What happened in this market besides orders and trades, in order.
    is_open : ndarray of bool, shape (n_instruments,)
        Whether each instrument takes orders now.
    day : int
        Trading day, -1 before the first.
    batch : int
        Batches matched today.
    rejected : ndarray of int64, shape (n_reasons,)
        Orders refused so far, by `Reason`.
    """

    def __init__(
        self,
        rule_books: Sequence[RuleBook],
        accounts: Accounts,
        keep: Keep | None = None,
        credits: Sequence[Credit] = (),
    ) -> None:
        keep = keep or Keep()
        self.rule_books, self.credits = tuple(rule_books), tuple(credits)
        allowances = [(book.right, p.vintage) for book in self.rule_books for p in book.periods]
        self.instruments = Instruments([*allowances, *((c.right, v) for c in self.credits for v in c.vintages)])
        self.accounts = accounts
        self.registry = Registry(accounts, self.instruments, journal=Journal(keep=keep.journal))
        self.events: list[Event] = []
        self._obligations = Obligations(len(accounts))
        self._book_of: list[RuleBook | Credit] = [book for book in self.rule_books for _ in book.periods]
        self._book_of += [credit for credit in self.credits for _ in credit.vintages]
        max_price = [x.right.max_price_ticks for x in self.instruments]
        self.limits = Limits(max_price)
        for i, rules in enumerate(self._book_of):
            self._set_terms(i, rules)
        self.book = OrderBook(len(max_price), np.array(max_price, dtype=np.int64), self_trade=SelfTrade.CANCEL_RESTING)
        self._references = ReferencePrices(self._book_of, self.limits)
        self.tape = Tape(
            self.instruments, self._references.price_ticks, keep_trades=keep.trades, keep_quotes=keep.quotes
        )
        self.is_open = np.zeros(len(self.instruments), dtype=np.bool_)
        self._has_book = np.array([getattr(b, "permission", None) is None for b in self._book_of], dtype=np.bool_)
        # Instruments of zones are open to auctions over zones only: their books take no orders.
        self._takes_orders = self.is_open if self._has_book.all() else self.is_open.copy()
        self.day = -1
        self.batch = 0
        self.rejected: Int64 = np.zeros(len(Reason), dtype=np.int64)
        self._in_session = False
        self._keeps_quotes = keep.quotes
        self._tick_value = np.array([x.right.tick_value_fen for x in self.instruments], dtype=np.int64)
        self._call = CallAuction()
        self._funded: Funding | None = None
        self._barred: Int64 = np.zeros(0, np.int64)
        self._supervision = self._supervise()
        self._negotiation = Negotiation(
            self._book_of,
            self.registry,
            self.book,
            self.limits,
            self.tape,
            self._tick_value,
            self.is_open,
            self._supervision,
            self._funding,
            self._print,
        )

    def _supervise(self) -> Supervision | None:
        """Return what carries out rules between orders and books, if a right has such a rule."""
        if not any(needs_supervision(rules) for rules in self._book_of):
            return None
        return Supervision(
            self._book_of,
            self.registry,
            self.book,
            self.limits,
            self.tape,
            self._tick_value,
            lambda: self.obligations,
            self.events,
        )

    @property
    def obligations(self) -> Obligations:
        """What accounts owe and have done, with room for every account opened so far."""
        if len(self._obligations) < len(self.accounts):
            self._obligations.resize(len(self.accounts))
        return self._obligations

    # -- quotes and prices

    @property
    def best_bid(self) -> Int64:
        """Best bid of each instrument, ticks, 0 where there is none; the government's at a price floor counts."""
        return self._best()[0]

    @property
    def best_ask(self) -> Int64:
        """Best ask of each instrument, ticks, 0 where there is none; the government's at a price ceiling counts."""
        return self._best()[1]

    def _best(self) -> tuple[Int64, Int64]:
        bid, ask = self.book.best_bid, self.book.best_ask
        return (bid, ask) if self._supervision is None else self._supervision.government_quotes(bid, ask)

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

    @property
    def reference(self) -> Int64:
        """Price around which today's limits of each instrument stand, ticks."""
        return self._references.price_ticks

    def buyer_fee_share(self, instrument: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        """Return the buyer's fee as a share of the traded value."""
        return np.asarray(self.limits.buyer_ppm[instrument] / PPM)

    def traded(self, instruments: npt.ArrayLike, days: int, last_day: int | None = None) -> tuple[int, int]:
        """Return the value in fen and the lots traded in some instruments on closed days, in all modes.

        Parameters
        ----------
        instruments : array_like of int
        days : int
            Number of trading days.
        last_day : int, optional
            Last of them; without it the day before today, or today once it is closed.
        """
        bars = self.tape.bars
        last = self.day - self._in_session if last_day is None else last_day
        chosen = (bars["day"] > last - days) & (bars["day"] <= last) & np.isin(bars["instrument"], instruments)
        return int(bars["value_fen"][chosen].sum()), int(bars["lots"][chosen].sum())

    def change_terms(self, book: RuleBook) -> None:
        """Begin to trade a right by another rule book, before its session.

        Raises
        ------
        ExchangeError
            If orders rest in one of its instruments: what they may cost was frozen by the old terms.
        """
        instruments = self.instruments.of_right(book.right.code)
        for x in instruments:
            if self.best_bid[x.index] or self.best_ask[x.index]:
                raise ExchangeError(f"{x.code} has resting orders: terms of trade change before the session")
        self.adopt(book)
        for x in instruments:
            if self.is_open[x.index]:
                self._set_band(x.index)

    def adopt(self, book: RuleBook) -> None:
        """Take up the rule book of a right that is in force, as when a saved market is put back."""
        for instrument in self.instruments.of_right(book.right.code):
            self._book_of[instrument.index] = book
            self._set_terms(instrument.index, book)
            self._references.adopt(instrument.index, book)
        self._funded = None

    # -- the trading day

    @property
    def is_supervised(self) -> bool:
        """Whether a right has a rule that turns orders away before the book."""
        return self._supervision is not None

    def may_enter(self, account: Int64, instrument: Int64, side: npt.NDArray[np.int8]) -> Bool:
        """Return whether accounts are admitted today to enter orders of a side in instruments."""
        if self._supervision is None:
            return np.ones(len(account), np.bool_)
        return self._supervision.may_enter(account, instrument, side)

    def largest_order(self, instrument: npt.NDArray[np.intp]) -> Int64:
        """Return the largest order that may be entered in instruments, lots; very many where no rule limits it."""
        if self._supervision is None:
            return np.full(len(instrument), MANY, np.int64)
        return self._supervision.largest_order(instrument)

    def headroom(self, account: Int64, instrument: Int64) -> Int64:
        """Return the lots that accounts may still buy in instruments; very many where no rule limits them."""
        if self._supervision is None:
            return np.full(len(account), MANY, np.int64)
        return self._supervision.headroom(account, instrument)

    def open_day(self, day: int, instruments: Sequence[int], on: date | None = None) -> None:
        """Begin a trading day in some instruments and set their price limits.

        Some rules go by dates; `on` is the date of the day for them.

        A band of one price is written down as `band_stuck`, one that held no price and was moved to the nearest as
        `band_empty`.

        Raises
        ------
        ExchangeError
            If the day before has not been closed, `day` does not come after it, or an instrument does not exist.
        """
        if self._in_session:
            raise ExchangeError(f"day {self.day} is still open: close it before day {day} begins")
        if day <= self.day:
            raise ExchangeError(f"day {day} does not come after day {self.day}")
        chosen = sorted(set(instruments))
        if chosen and not 0 <= chosen[0] <= chosen[-1] < len(self.instruments):
            raise ExchangeError(f"day {day}: no instruments {chosen}, there are {len(self.instruments)}")
        self.registry.begin_day(day)
        self.day, self.batch, self._in_session = day, 0, True
        self.is_open[chosen] = True
        if self._supervision is not None:
            self.is_open[self._supervision.open_day(day, on, chosen)] = False
        self._open_books()
        for i in chosen:
            self._set_band(i)

    def call_auction(self, orders: Orders) -> Receipt:
        """Clear orders at one price an instrument; what is left rests in the book."""
        orders, barred = self._admit(orders)
        if self._supervision is not None:
            receipt = self._supervision.call(self._call, orders, self._funding(), self.batch)
        else:
            receipt = self._call.clear(self.book, orders, self.tape.last_close, self._funding())
        return self._write(receipt, Mode.CALL, barred)

    def submit(self, orders: Orders) -> Receipt:
        """Match a batch of orders in the order given, and settle each fill at once."""
        orders, barred = self._admit(orders)
        if self._supervision is None:
            return self._write(self.book.submit(orders, self._funding()), Mode.CONTINUOUS, barred)
        resumed = self._supervision.resume(self._call, self._funding(), self.batch)
        for mode, trades in resumed:
            self.tape.add_trades(self.day, self.batch, mode, trades.packed())
        receipt = self._write(self._supervision.submit(orders, self._funding(), self.batch), Mode.CONTINUOUS, barred)
        every = Trades.join([*(trades for _, trades in resumed), receipt.trades])
        return replace(receipt, trades=every) if resumed else receipt

    def zonal_call(self, orders: Orders, zone: Int64, terms: ZonalTerms, n_zones: int) -> ZonalReceipt:
        """Clear orders of one instrument over zones; what is not filled does not rest.

        Parameters
        ----------
        orders : Orders
            Limit orders of one instrument in their order of arrival.
        zone : ndarray of int64, shape (n,)
            Zone of each order's account, -1 for those that lie in none.
        terms : ZonalTerms
            Which units may go where.
        n_zones : int
            Number of zones.

        Raises
        ------
        ExchangeError
            If the instrument is not open, or there are several.
        """
        named = np.unique(orders.instrument)
        if len(named) != 1 or not self.is_open[named[0]]:
            raise ExchangeError(f"a zonal call is held in one open instrument, not in {named.tolist()}")
        i = int(named[0])
        zone = np.where((orders.side == Side.ASK) & np.isin(orders.account, self._barred), -1, zone)
        receipt = hold_zonal_call(self.registry, self.limits, int(self._tick_value[i]), i, orders, zone, terms, n_zones)
        self.tape.add_trades(self.day, self.batch, Mode.ZONAL, receipt.trades)
        self.rejected += np.bincount(receipt.reason, minlength=len(self.rejected))
        self.rejected[Reason.ACCEPTED] = 0
        return receipt

    def withdraw(self, accounts: npt.NDArray[np.int32], order_ids: Int64) -> None:
        """Cancel orders of these accounts; ids that do not rest any more are passed over.

        Parameters
        ----------
        accounts : ndarray of int32, shape (n,)
        order_ids : ndarray of int64, shape (n,)
        """
        if len(order_ids):
            self.book.submit(
                Orders.of(accounts, 0, Side.BID, 0, 0, kind=OrderKind.CANCEL, target=order_ids), self._funding()
            )

    def take_listed(
        self, account: int, instrument: int, side: Side, limit_ticks: int, lots: int, named: Sequence[int] = ()
    ) -> tuple[Reason, Trades]:
        """Take listed quotes that are named, and settle at their prices; see `Negotiation.take_listed`."""
        reason, trades = self._negotiation.take_listed(account, instrument, side, limit_ticks, lots, named)
        self.rejected[reason] += reason is not Reason.ACCEPTED
        return reason, trades

    def agree_blocks(self, interests: BlockInterests) -> Trades:
        """Let pairs agree on large lots of one right, and settle what they agreed; see `Negotiation.agree_blocks`."""
        if len(self._barred):
            offered = np.where(np.isin(interests.seller, self._barred), 0, interests.offered)
            interests = replace(interests, offered=offered)
        return self._negotiation.agree_blocks(interests)

    def _print(self, mode: Mode, trades: Trades) -> None:
        """Write trades made outside the book on the tape."""
        self.tape.add_trades(self.day, self.batch, mode, trades)

    def close_day(self) -> None:
        """End the day: orders lapse, bars are written, lots bought today may be sold from tomorrow on.

        Raises
        ------
        ExchangeError
            If no day is open.
        """
        if not self._in_session:
            raise ExchangeError(f"day {self.day} is not open")
        open_now = np.flatnonzero(self.is_open)
        bid, ask = self.best_bid[open_now], self.best_ask[open_now]
        lots, lowest = self.tape.today["vwap_lots"][open_now], self.tape.today["low_ticks"][open_now]
        self.book.cancel_all(funding=self._funding())
        close = self.tape.close_day(
            self.day,
            open_now,
            bid_ticks=np.where(bid > 0, bid, NO_PRICE),
            ask_ticks=np.where(ask > 0, ask, NO_PRICE),
            band_low_ticks=self.price_low[open_now],
            band_high_ticks=self.price_high[open_now],
        )
        if self._supervision is not None:
            self._supervision.close_day(open_now, close, lots, lowest)
        figures = (x.tolist() for x in (open_now, close, lots, bid, ask))
        for i, price, traded, best_bid, best_ask in zip(*figures, strict=True):
            self._references.move(i, price, traded, best_bid, best_ask)
        self.registry.unlock()
        self.is_open[:] = False
        self._open_books()
        self._in_session = False

    def carry_price(self, instrument_from: int, instrument_to: int) -> None:
        """Let an instrument that has not traded open at the price of another vintage.

        Raises
        ------
        ExchangeError
            If it has traded today.
        """
        self.tape.carry_close(instrument_from, instrument_to)
        if self._supervision is not None:
            self._supervision.carry(instrument_from, instrument_to)
        self._references.carry(instrument_from, instrument_to)
        if self.is_open[instrument_to]:
            self._set_band(instrument_to)

    def guide_price(self, instrument: int, price_ticks: int) -> None:
        """Let an instrument begin anew at a guide price, as on its first day of trading.

        Raises
        ------
        ExchangeError
            If it has traded today, or the price cannot be quoted.
        """
        self._references.check_guide(instrument, price_ticks)
        self.tape.begin_at(instrument, price_ticks)
        self._references.begin_at(instrument, price_ticks)
        if self.is_open[instrument]:
            self._set_band(instrument)

    def cancel_asks(self, accounts: npt.NDArray[np.int64], instrument: int) -> Int64:
        """Withdraw sell orders by order of the registrar, before lots are taken back, surrendered or lapse.

        Returns
        -------
        ndarray of int64
            Ids of the orders withdrawn.
        """
        return self.book.cancel_asks(accounts, instrument, self._funding())

    def bar_sales(self, accounts: Int64) -> None:
        """Refuse new sell orders of these accounts, and of no others, from now on."""
        self._barred = np.array(accounts, np.int64)

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
            **self._references.state(),
            "tape": self.tape.state(),
            "is_open": self.is_open.copy(),
            "in_session": self._in_session,
            "day": self.day,
            "batch": self.batch,
            "rejected": self.rejected.copy(),
            "supervision": None if self._supervision is None else self._supervision.state(),
            "events": [tuple(getattr(e, f) for f in Event.__slots__) for e in self.events],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.accounts.restore(state["accounts"])
        self.registry.restore(state["registry"])
        self.registry.journal.restore(state["journal"])
        self._obligations.restore(state["obligations"])
        self.book.restore(state["book"])
        self._references.restore(state)
        self.tape.restore(state["tape"])
        self.is_open[:] = state["is_open"]
        self._open_books()
        self.day, self.batch = int(state["day"]), int(state["batch"])
        self.rejected[:] = state["rejected"]
        self._in_session = bool(state["in_session"])
        self.events[:] = [Event(*row) for row in state["events"]]
        if self._supervision is not None and state["supervision"] is not None:
            self._supervision.restore(state["supervision"])
        self._funded = None

    def _set_terms(self, instrument: int, rules: RuleBook | Credit) -> None:
        self.limits.set_fees(instrument, rules.fees.buyer_ppm, rules.fees.seller_ppm)
        self.limits.set_resale_ban(instrument, rules.settlement.units_lag_days > 0)

    def _open_books(self) -> None:
        if self._takes_orders is not self.is_open:
            self._takes_orders[:] = self.is_open & self._has_book

    def _set_band(self, instrument: int) -> None:
        set_now = self._references.set_band(instrument)
        if self._supervision is not None:
            low, high = int(self.price_low[instrument]), int(self.price_high[instrument])
            self.limits.set_band(instrument, *self._supervision.clip(instrument, low, high))
        if set_now is None:
            return
        band, allowed = set_now
        if allowed.code in ("band_stuck", "band_empty"):
            self.events.append(
                Event(self.day, "session_open", band.kind, allowed.code, instrument=instrument, price_ticks=allowed.low)
            )

    def _funding(self) -> Funding:
        """Return what the book settles with; made anew when the day or the number of accounts changes."""
        ledger = self.registry.ledger()
        if self._funded is None or self._funded.ledger is not ledger or self._funded.day != self.day:
            self._funded = Funding(
                ledger=ledger,
                journal=self.registry.journal,
                tick_value_fen=self._tick_value,
                buyer_fee_ppm=self.limits.buyer_ppm,
                seller_fee_ppm=self.limits.seller_ppm,
                lock_bought=self.limits.lock_bought.astype(np.bool_),
                is_open=self._takes_orders,
                band_low=self.limits.band_low,
                band_high=self.limits.band_high,
                fee_account=CLEARING_ACCOUNT,
                day=self.day,
            )
        return self._funded

    def _admit(self, orders: Orders) -> tuple[Orders, npt.NDArray[np.bool_] | None]:
        """Return the orders, those of barred sellers turned into rows that no book takes, and which they are."""
        if not len(self._barred):
            return orders, None
        barred = (orders.side == Side.ASK) & (orders.kind != OrderKind.CANCEL) & np.isin(orders.account, self._barred)
        if not barred.any():
            return orders, None
        kind = np.where(barred, np.int8(OrderKind.LIMIT), orders.kind)
        return replace(orders, kind=kind, price_ticks=np.where(barred, 0, orders.price_ticks)), barred

    def _write(self, receipt: Receipt, mode: Mode, barred: npt.NDArray[np.bool_] | None = None) -> Receipt:
        if barred is not None:
            receipt.reason[barred] = Reason.NOT_ADMITTED
        # The book hands out columns of its table of records; all who read trades would have to jump over the others.
        receipt = replace(receipt, trades=receipt.trades.packed())
        if receipt.reason.any():
            self.rejected += np.bincount(receipt.reason, minlength=len(self.rejected))
            self.rejected[Reason.ACCEPTED] = 0
        self.tape.add_trades(self.day, self.batch, mode, receipt.trades)
        if self._keeps_quotes:
            self._quote()
        self.batch += 1
        return receipt

    def _quote(self) -> None:
        """Write down the best quotes after a batch."""
        open_now = np.flatnonzero(self.is_open)
        best = np.array([np.concatenate(self.book.depth(i, 1)) for i in open_now.tolist()], np.int64).reshape(-1, 4)
        prices = np.where(best[:, [0, 2]] > 0, best[:, [0, 2]], NO_PRICE)
        self.tape.add_quotes(
            self.day, self.batch, open_now, prices[:, 0], prices[:, 1], bid_lots=best[:, 1], ask_lots=best[:, 3]
        )
