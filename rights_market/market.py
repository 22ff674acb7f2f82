"""The market: takes orders, has them matched and settled, and opens and closes the day.

The only coordinator of registry, order books, limits and tape.  It knows no agent: whoever sends a table of orders is
served, from a simulation, a classroom or a script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import numpy.typing as npt

from rights_market.errors import ExchangeError
from rights_market.exchange.block_trades import BlockInterests
from rights_market.exchange.order_book import Indication
from rights_market.exchange.tape import NO_PRICE
from rights_market.exchange.zonal_auction import ZonalTerms
from rights_market.exchange.zonal_session import ZonalReceipt, hold_zonal_call
from rights_market.market_state import Keep as Keep
from rights_market.market_state import MarketState
from rights_market.records import Event, Mode, OrderKind, Orders, Reason, Receipt, Trades
from rights_market.rulebook import RuleBook
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Market(MarketState):
    """Registry and exchange for a set of rights: the trading day, and how orders are carried out.

    `rights_market.market_state.MarketState` says what it takes to make one, and what can be read in it.
    """

    def change_terms(self, book: RuleBook) -> None:
        """Begin to trade a right by another rule book, before its session.

        Raises
        ------
        ExchangeError
            If orders rest in one of its instruments: what they may cost was frozen by the old terms.
        """
        instruments = self.instruments.of_right(book.right.code)
        for x in instruments:
            # What the government offers by rule rests in no book, and has no cost that the terms could change.
            if self.book.best_bid[x.index] or self.book.best_ask[x.index]:
                raise ExchangeError(f"{x.code} has resting orders: terms of trade change before the session")
        for deals in (self.otc, self.one_way):
            deals.release_all([x.index for x in instruments], "terms of trade change")
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
        self._call = self._call_terms()
        self._funded = None

    def open_day(self, day: int, instruments: Sequence[int], on: date | None = None) -> None:
        """Begin a trading day in some instruments and set their price limits.

        Some rules go by dates; `on` is the date of the day for them.

        A band of one price is written down as `band_stuck`, one that held no price and was moved to the nearest as
        `band_empty`.

        Raises
        ------
        ExchangeError
            If the day before has not been closed, `day` does not come after it, an instrument does not exist, or a rule
            needs the date and there is none.
        """
        if self._in_session:
            raise ExchangeError(f"day {self.day} is still open: close it before day {day} begins")
        if day <= self.day:
            raise ExchangeError(f"day {day} does not come after day {self.day}")
        chosen = sorted(set(instruments))
        if chosen and not 0 <= chosen[0] <= chosen[-1] < len(self.instruments):
            raise ExchangeError(f"day {day}: no instruments {chosen}, there are {len(self.instruments)}")
        if on is None and any(self._book_of[i].fees.waive for i in chosen):
            raise ExchangeError(f"day {day}: fees are waived on dates; open_day needs `on`, the date of the day")
        resting = self._supervision.open_day(day, on, chosen)
        self.registry.begin_day(day)
        self.day, self.batch, self._in_session = day, 0, True
        self.is_open[chosen] = True
        self.is_open[resting] = False
        self._begin_date(on)
        self._open_books()
        for i in chosen:
            self._set_band(i)
        self.tape.publish(day, np.flatnonzero(self.is_open))
        self.otc.begin_day(day, chosen)
        self.one_way.begin_day(day, chosen)

    def call_auction(self, orders: Orders) -> Receipt:
        """Clear orders at one price an instrument; what is left rests in the book."""
        self._begin_session()
        return self._write(self._supervision.call(self._call, orders, self._funding(), self.batch), Mode.CALL)

    @property
    def shows_indication(self) -> npt.NDArray[np.bool_]:
        """Whether an indicative price is published before the opening call of each instrument."""
        return np.array([rules.call is not None and rules.call.show for rules in self._book_of], np.bool_)

    def indicate(self, orders: Orders) -> list[Indication]:
        """Publish what the opening call would come to, where the rules say so; nobody is bound by it.

        Parameters
        ----------
        orders : Orders
            Limit orders as they would come to the call.
        """
        rows = np.flatnonzero(self.shows_indication[orders.instrument] & self.is_open[orders.instrument])
        found = self._call.indicate(self.book, orders.take(rows), self.tape.last_close)
        for one in found:
            note = f"{abs(one.surplus)} lots more {'bid for' if one.surplus > 0 else 'asked'}" if one.surplus else ""
            self.events.append(
                Event(
                    self.day, "session_open", "call_auction", "indicative_price", instrument=one.instrument,
                    lots=one.lots, price_ticks=one.price_ticks, note=note,
                )
            )  # fmt: skip
        return found

    def submit(self, orders: Orders) -> Receipt:
        """Match a batch of orders in the order given, and settle each fill at once."""
        self._begin_session()
        resumed = self._supervision.resume(self._call, self._funding(), self.batch)
        for mode, trades in resumed:
            self.tape.add_trades(self.day, self.batch, mode, trades.packed())
        receipt = self._write(self._supervision.submit(orders, self._funding(), self.batch), Mode.CONTINUOUS)
        every = Trades.join([*(trades for _, trades in resumed), receipt.trades])
        return replace(receipt, trades=every) if resumed else receipt

    def end_batch(self) -> Trades:
        """End a batch for deals beside the books: offers lapse, auctions that are over are settled.

        Returns
        -------
        Trades
            Those of the auctions.
        """
        self.otc.count_batch()
        self.one_way.count_batch()
        return self.one_way.settle_due()

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
        if self.is_supervised:
            zone = np.where(self._supervision.turned_away(orders), -1, zone)
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
        return self._negotiation.agree_blocks(interests)

    def end_session(self) -> None:
        """Publish after the last batch what was agreed beside the books; `close_day` does so too."""
        self.tape.reveal()

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
        self._supervision.end_session()
        self.book.cancel_all(funding=self._funding())
        close = self.tape.close_day(
            self.day,
            open_now,
            bid_ticks=np.where(bid > 0, bid, NO_PRICE),
            ask_ticks=np.where(ask > 0, ask, NO_PRICE),
            band_low_ticks=self.price_low[open_now],
            band_high_ticks=self.price_high[open_now],
        )
        self._supervision.close_day(open_now, close, lots, lowest)
        figures = (x.tolist() for x in (open_now, close, lots, bid, ask))
        for i, price, traded, best_bid, best_ask in zip(*figures, strict=True):
            self._references.move(i, price, traded, best_bid, best_ask)
        self._note_charges()
        self.registry.unlock()
        self.registry.pay_out_due()
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

    def restate_price(self, instrument: int, price_ticks: int) -> None:
        """Let the last price of an instrument stand for less, or more, than it did when it was made.

        Where holdings must cover the use of a year, a unit covers less of it with every day that passes; what was paid
        for it months ago says what a unit costs now only once that is taken off.

        Raises
        ------
        ExchangeError
            If it has traded today, or the price cannot be quoted.
        """
        self._references.check_guide(instrument, price_ticks)
        self.tape.begin_at(instrument, price_ticks)
        self._references.restate(instrument, price_ticks)
        if self.is_open[instrument]:
            self._set_band(instrument)

    def cancel_asks(self, accounts: npt.NDArray[np.int64], instrument: int) -> Int64:
        """Withdraw what is offered for sale by order of the registrar, before lots are taken back, handed in or lapse.

        Returns
        -------
        ndarray of int64
            Ids of the orders withdrawn from the book.
        """
        self.otc.release_asks(accounts, instrument)
        self.one_way.release_asks(accounts, instrument)
        return self.book.cancel_asks(accounts, instrument, self._funding())

    def release_offers(self, accounts: npt.ArrayLike, why: str) -> None:
        """Release offers of and to accounts and cancel their auctions, as when they leave; `why` goes on record."""
        self.otc.release(accounts, why)
        self.one_way.release(accounts, why)

    def suspend(self, no_sales: Int64, only_cover: npt.ArrayLike = ()) -> None:
        """Let these accounts, and no others, sell nothing, or buy no more than they owe, from now on."""
        self._supervision.suspend(no_sales, np.array(only_cover, np.int64))

    def _note_charges(self) -> None:
        """Write down what the government took today, and the fees that sellers could not pay."""
        write, charges = partial(Event, self.day, "session_close", "fees"), self.limits.charges
        for i, fees, taxes in charges.take():
            if fees and self._book_of[i].fees.receiver == "government":
                self.events.append(write("fee_charged", instrument=i, money_fen=fees))
            if taxes:
                self.events.append(write("tax_charged", instrument=i, money_fen=taxes))
        for account, fen in charges.take_unpaid():
            self.events.append(write("fee_unpaid", account, money_fen=fen))

    def _begin_session(self) -> None:
        """Put on sale, before the first orders of a day, what the authority has sold."""
        if self._in_session:
            self._supervision.put_on_sale(self._funding())

    def _set_band(self, instrument: int) -> None:
        set_now = self._references.set_band(instrument)
        low, high = int(self.price_low[instrument]), int(self.price_high[instrument])
        self.limits.set_band(instrument, *self._supervision.clip(instrument, low, high))
        if set_now is None:
            return
        band, allowed = set_now
        if allowed.code in ("band_stuck", "band_empty"):
            self.events.append(
                Event(self.day, "session_open", band.kind, allowed.code, instrument=instrument, price_ticks=allowed.low)
            )

    def _write(self, receipt: Receipt, mode: Mode) -> Receipt:
        # The book hands out columns of its table of records; all who read trades would have to jump over the others.
        receipt = replace(receipt, trades=receipt.trades.packed())
        if receipt.reason.any():
            self.rejected += np.bincount(receipt.reason, minlength=len(self.rejected))
            self.rejected[Reason.ACCEPTED] = 0
        self.tape.add_trades(self.day, self.batch, mode, receipt.trades)
        if self._keeps_quotes:
            self._quote()
        self._supervision.look(self.is_open)
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
