"""The trading desk: what strategies may see, and how their quotes become orders.

Prices and holdings are by right, over all instruments of it that may still be surrendered for the period at hand.  A
seller's lots come from its oldest vintage; a buyer goes to the instrument with the best ask.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.behaviour import Behaviour
from agents.desk_kernels import BID, NOTHING, ROUND_UP, book_trades, fill_orders, find_able, note_orders
from agents.seats import NO_ORDER, Rows, Seats
from agents.strategies.base import Quotes
from rights_market import Orders, Receipt, Side, Trades
from rights_market.market import Market
from rights_market.records import OrderKind
from rights_market.table import plain

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CLOSES_KEPT = 64
LEVELS_REACHED = 100
"""Price levels that one order can work through: a batch stands for hours, in which new levels come into sight."""


class Desk:
    """The view of the market that all strategies share.

    Parameters
    ----------
    market : Market
        The exchange and the registry behind it.
    seats : Seats
        Who may trade what.
    n_rights : int
        Number of rights.
    behaviour : Behaviour
        Parameters that quoting needs.
    position_limit : ndarray of int64, shape (n_seats,)
        Largest holding that a trader without obligations wants, lots.

    Attributes
    ----------
    kept_value : ndarray of float64, shape (n_seats,)
        What a unit kept for later is worth to a seller, ticks.
    must_sell : ndarray of bool, shape (n_seats,)
        Whether a seller holds units that will lapse if they are not sold.
    fundamental : ndarray of float64, shape (n_rights,)
        The shared solver's price, ticks.
    best_bid, best_ask : ndarray of int64, shape (n_rights,)
        Best quotes over the usable instruments, 0 where there is none.
    last_price : ndarray of float64, shape (n_rights,)
        Price of the latest trade, ticks.
    indicative : ndarray of float64, shape (n_rights,)
        Price shown before the opening call, ticks; 0 where none is.
    largest_order : ndarray of int64, shape (n_rights,)
        Lots that an order may hold.
    tax_share : ndarray of float64, shape (n_rights,)
        Share of the value that sellers of the newest usable vintage pay as a tax.
    """

    def __init__(self, market: Market, seats: Seats, n_rights: int, behaviour: Behaviour, position_limit: Ints) -> None:
        self.market = market
        self.seats = seats
        self.behaviour = behaviour
        self.position_limit = position_limit
        self.kept_value: Floats = np.zeros(len(seats))
        self.must_sell: npt.NDArray[np.bool_] = np.zeros(len(seats), dtype=np.bool_)
        self.fundamental: Floats = np.zeros(n_rights)
        self.best_bid: Ints = np.zeros(n_rights, dtype=np.int64)
        self.best_ask: Ints = np.zeros(n_rights, dtype=np.int64)
        self.last_price: Floats = np.zeros(n_rights)
        self.indicative: Floats = np.zeros(n_rights)
        self._closes: deque[Floats] = deque(maxlen=CLOSES_KEPT)
        instruments = market.instruments
        codes = list(dict.fromkeys(x.right.code for x in instruments))
        self.right_of = np.array([codes.index(x.right.code) for x in instruments], dtype=np.intp)
        self.tick_value = np.array([x.right.tick_value_fen for x in instruments], dtype=np.int64)
        self.is_sealed = np.array([b.permission is not None for b in market.rule_books], dtype=np.bool_)
        self.relative: Floats = np.ones(len(seats))
        self._set_usable([[] for _ in range(n_rights)])
        self._right_tick_value = np.array(
            [self.tick_value[self.right_of == r][0] for r in range(n_rights)], dtype=np.int64
        )
        lot = np.array([float(b.right.lot) for b in market.rule_books])
        self.largest_order = np.maximum(1, behaviour.max_order_units / lot).astype(np.int64)
        known = max(len(market.accounts), int(seats.account.max(initial=0)) + 1)
        self._seat_of = np.full((n_rights, known), -1, dtype=np.intp)
        self._seat_of[seats.right, seats.account] = np.arange(len(seats))

    # -- what strategies read

    def price_limits(self) -> tuple[Ints, Ints]:
        """Return the lowest and highest price that may be quoted today for each right, ticks."""
        return self.market.price_low[self._front], self.market.price_high[self._front]

    def price_range(self, rows: Rows) -> tuple[Ints, Ints]:
        """Return the lowest and highest price that may be quoted today, ticks."""
        low, high = self.price_limits()
        return self._by_right(low, rows), self._by_right(high, rows)

    def lots(self, rows: Rows) -> Ints:
        """Return the lots that each seat still wants to trade today, at most what an order may hold.

        What it cannot deliver or pay `submit` takes off.
        """
        return np.minimum(self.seats.quota[rows], self._by_right(self.largest_order, rows))

    def free_lots(self, rows: Rows) -> Ints:
        """Return the free usable lots of each seat."""
        return self._holdings(self.market.registry.free, rows)

    def frozen_lots(self, rows: Rows) -> Ints:
        """Return the usable lots behind each seat's own sell orders."""
        return self._holdings(self.market.registry.frozen, rows)

    def sellable_lots(self, rows: Rows) -> Ints:
        """Return the lots that each seat could deliver once its own sell orders were withdrawn."""
        locked = self._holdings(self.market.registry.locked, rows)
        return self.free_lots(rows) + self._holdings(self._behind_orders(), rows) - locked

    def coverable(self, rows: Rows, side: npt.NDArray[np.int8], price_ticks: Ints, lots: Ints) -> Ints:
        """Return `lots`, at most what the seat can deliver or pay at the price, fees included.

        A trader knows its own means, and does not enter what it cannot cover.
        """
        buys, registry = side == Side.BID, self.market.registry
        account = self.seats.account[rows]
        unlocked = self._holdings(registry.free, rows) - self._holdings(registry.locked, rows)
        value = np.maximum(price_ticks * self._by_right(self._right_tick_value, rows), 1)
        cost = value * self._by_right(self._fee_factor, rows) * ROUND_UP
        least = self._by_right(self._least_fee, rows)
        # What withdrawing the former order would free matters only to those whose free means do not suffice.
        cash = registry.cash[account]
        short = np.where(buys, (cash < cost * lots) | (cash - least < value * lots), unlocked < lots)
        able = np.array(lots, dtype=np.int64)
        who = np.flatnonzero(short & buys)
        if len(who):
            money = cash[who] + self.market.cash_behind(self.seats.order_id[rows[who], Side.BID])
            able[who] = np.minimum(able[who], np.floor(money / cost[who]).astype(np.int64))
            able[who] = np.minimum(able[who], np.maximum(money - least[who], 0) // value[who])
        who = np.flatnonzero(short & ~buys)
        if len(who):
            able[who] = np.minimum(able[who], self.sellable_lots(rows[who]))
        return able

    def widest_spread(self, rows: Rows) -> Floats:
        """Return how far apart the quotes of seats may be as a share of their middle; infinite without a duty."""
        front = self._by_right(self._front, rows).astype(np.int64)
        return self.market.widest_spread(self.seats.account[rows].astype(np.int64), front)

    def can_trade(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return whether each seat has the lots or the cash to trade at all."""
        seats, ledger = self.seats, self.market.registry.ledger()
        able = np.empty(len(rows), dtype=np.bool_)
        means = ledger.free, self._behind_orders(), ledger.locked, ledger.cash, ledger.cash_frozen
        find_able(plain(rows), seats.wish_lots, seats.right, seats.account, self._usable_table, *means, able)
        return able

    def round_ticks(self, price: Floats) -> Ints:
        """Return prices as the nearest whole ticks, at least one."""
        return np.maximum(1, np.rint(price)).astype(np.int64)

    def reference(self) -> Floats:
        """Return the price around which today's limits stand, ticks; it rises when buyers wait in vain at the limit."""
        front = self._front
        return self.market.reference[front].astype(np.float64)

    def is_quiet(self) -> npt.NDArray[np.bool_]:
        """Return whether nothing has made a price today, shape (n_rights,)."""
        return np.asarray(self.by_right(self.market.tape.today["vwap_lots"]) == 0)

    def ask_ladder(self, right: int) -> tuple[Ints, Ints]:
        """Return prices and lots of the best asks of a right, in the vintage that has the best one.

        The price of an ask that stands in no book, the government's at a ceiling, comes without lots.
        """
        asks = self.market.best_ask
        shown = min((i for i in self.usable[right] if asks[i] > 0), key=lambda i: asks[i], default=None)
        if shown is None:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        _, _, price, lots = self.market.book.depth(shown, LEVELS_REACHED)
        price, lots = price[price > 0], lots[price > 0]
        if not len(price):
            return np.array([asks[shown]], np.int64), np.zeros(1, np.int64)
        return price, lots

    def mean_growth(self, days: int) -> Floats:
        """Return the mean daily log growth of the close over the last days, 0 before there are two."""
        closes = list(self._closes)[-(days + 1) :]
        if len(closes) < 2:
            return np.zeros(len(self.last_price))
        return np.asarray(np.log(closes[-1] / closes[0]) / (len(closes) - 1))

    def by_right(self, values: npt.NDArray[Any]) -> Floats:
        """Return sums over the instruments of each right; credits belong to none."""
        n = len(self.last_price)
        return np.asarray(np.bincount(self.right_of, values, n)[:n], dtype=np.float64)

    # -- how the session is run

    def open_day(self, usable: list[list[int]]) -> None:
        """Set the instruments that may be traded for each right, oldest first, and read the book."""
        self._set_usable(usable)
        self.refresh()

    def refresh(self) -> None:
        """Read quotes and last prices anew."""
        book_bid, book_ask, last = self.market.best_bid, self.market.best_ask, self.market.last_price
        if self._all_in_order:
            self.best_bid[:], self.best_ask[:], self.last_price[:] = book_bid, book_ask, last
            return
        if self._one_each:
            self.best_bid[:], self.best_ask[:] = book_bid[self._front], book_ask[self._front]
            self.last_price[:] = last[self._front]
            return
        for r, instruments in enumerate(self.usable):
            if not instruments:
                self.best_bid[r] = self.best_ask[r] = 0
                continue
            asks = book_ask[instruments]
            self.best_bid[r] = book_bid[instruments].max()
            self.best_ask[r] = asks[asks > 0].min(initial=1 << 40) if (asks > 0).any() else 0
            self.last_price[r] = last[instruments[-1]]

    def submit(
        self, quotes: Quotes, *, call: bool = False, kind: npt.ArrayLike = OrderKind.REQUOTE
    ) -> tuple[Quotes, Receipt]:
        """Send quotes as orders, each in place of the seat's former one on that side, and book what traded.

        Parameters
        ----------
        quotes : Quotes
            What is wanted; rows that the seat cannot cover are dropped.
        call : bool
            Whether a call auction collects them.
        kind : array_like of int
            `OrderKind` of the quotes of a continuous session, one or one a row.

        Returns
        -------
        quotes : Quotes
            The rows that were sent.
        receipt : Receipt
            What became of them, row by row.
        """
        quotes, orders = self.covered(quotes, OrderKind.LIMIT if call else kind)
        if call:
            orders = replace(orders, target=np.full(len(orders), NO_ORDER, dtype=np.int64))
            self.indicative[:] = 0.0
        receipt = self.market.call_auction(orders) if call else self.market.submit(orders)
        self._note_orders(quotes, receipt)
        self.book(receipt.trades)
        self.refresh()
        return quotes, receipt

    def learn_indication(self, quotes: Quotes) -> bool:
        """Have an indicative price worked out from quotes for a call, and learn it; return whether there is one."""
        _, orders = self.covered(quotes)
        shown = self.market.indicate(orders)
        for one in shown:
            r = self.right_of[one.instrument]
            self.indicative[r] = self.last_price[r] = one.price_ticks
        return bool(shown)

    def covered(self, quotes: Quotes, kind: npt.ArrayLike = OrderKind.LIMIT) -> tuple[Quotes, Orders]:
        """Return quotes and orders, cut to what the rules and its means allow each seat."""
        if self.market.is_supervised:
            quotes = self._within_limits(quotes)
        quotes = Quotes(plain(quotes.seat), plain(quotes.side), plain(quotes.price_ticks), plain(quotes.lots))
        kinds = np.full(len(quotes.seat), kind, dtype=np.int8)
        return (self._orders if self._one_each else self._routed_orders)(quotes, kinds)

    def _within_limits(self, quotes: Quotes) -> Quotes:
        """Return quotes cut to what the rules allow each seat: nobody enters an order that it knows to be refused."""
        account, front = self.seats.account[quotes.seat].astype(np.int64), self._front[self.seats.right[quotes.seat]]
        may = self.market.may_enter(account, front.astype(np.int64), quotes.side)
        most = self.market.largest_order(front)
        room = np.where(quotes.side == Side.BID, self.market.headroom(account, front.astype(np.int64)), most)
        lots = np.where(may, np.minimum(np.minimum(quotes.lots, most), room), 0)
        keep = np.flatnonzero(lots > 0)
        return Quotes(quotes.seat[keep], quotes.side[keep], quotes.price_ticks[keep], lots[keep])

    def _note_orders(self, quotes: Quotes, receipt: Receipt) -> None:
        """Note the latest order of each seat."""
        if receipt.order_id is None:
            note_orders(quotes.seat, quotes.side, receipt.reason, receipt.first_order_id, self.seats.order_id)
            return
        self.seats.order_id[quotes.seat, quotes.side] = np.where(receipt.reason, NO_ORDER, receipt.order_id)

    def submit_zonal(self, quotes: Quotes, hold: Callable[[Orders], Receipt]) -> Receipt:
        """Send quotes to an auction over zones, in which no order rests, and book what was sold and credited.

        Parameters
        ----------
        quotes : Quotes
            What is wanted of one right; rows that the seat cannot cover are dropped.
        hold : callable
            Holds the auction of the orders.
        """
        kinds = np.full(len(quotes.seat), OrderKind.LIMIT, dtype=np.int8)
        quotes = Quotes(plain(quotes.seat), plain(quotes.side), plain(quotes.price_ticks), plain(quotes.lots))
        quotes, orders = (self._orders if self._one_each else self._routed_orders)(quotes, kinds)
        receipt = hold(orders)
        sign = np.where(quotes.side == Side.BID, 1, -1)
        np.subtract.at(self.seats.quota, quotes.seat, receipt.filled)
        np.subtract.at(self.seats.wish_lots, quotes.seat, sign * receipt.filled)
        self.refresh()
        return receipt

    def withdraw(self, rows: Rows) -> None:
        """Withdraw what the seats `rows` still have in the book.

        Those who quote anew in a batch leave the book before any of them enters it again: a former order that traded
        while its successor was under way would be traded twice.
        """
        seats = self.seats
        ids = seats.order_id[rows]
        live = ids != NO_ORDER
        account = np.broadcast_to(seats.account[rows][:, np.newaxis], ids.shape)
        self.market.withdraw(account[live], ids[live])
        seats.order_id[rows] = NO_ORDER

    def close_day(self) -> None:
        """Forget orders that ended with the day, and note the closing prices."""
        self.seats.forget_orders()
        self.refresh()
        self._closes.append(np.maximum(self.last_price, 1.0).copy())

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "kept_value": self.kept_value.copy(),
            "must_sell": self.must_sell.copy(),
            "fundamental": self.fundamental.copy(),
            "usable": [list(x) for x in self.usable],
            "closes": [x.copy() for x in self._closes],
            "last_price": self.last_price.copy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self.kept_value = np.array(state["kept_value"])
        self.must_sell = np.array(state["must_sell"])
        self.fundamental = np.array(state["fundamental"])
        self._set_usable([list(x) for x in state["usable"]])
        self._closes = deque((np.array(x) for x in state["closes"]), maxlen=CLOSES_KEPT)
        self.last_price = np.array(state["last_price"])
        self.refresh()

    def _set_usable(self, usable: list[list[int]]) -> None:
        self.usable = usable
        self._front = np.array([x[-1] if x else 0 for x in usable], dtype=np.intp)
        # Then a right is one row of the tables, and nothing has to be summed or chosen.
        self._one_each = all(len(x) == 1 for x in usable)
        self._all_in_order = self._one_each and np.array_equal(self._front, np.arange(len(self.right_of)))
        self._usable_table = np.full((len(usable), max(map(len, usable), default=0)), NOTHING, dtype=np.int64)
        for r, instruments in enumerate(usable):
            self._usable_table[r, : len(instruments)] = instruments
        self._fee_factor = 1.0 + self.market.buyer_fee_share(self._front)
        self._least_fee = self.market.least_fee_of_buyers(self._front)
        self.tax_share = self.market.tax_share(self._front)

    def _orders(self, quotes: Quotes, kinds: npt.NDArray[np.int8]) -> tuple[Quotes, Orders]:
        """Return quotes and orders after each quote has been cut to what its seat can cover, one instrument a right."""
        n, seats, ledger = len(kinds), self.seats, self.market.registry.ledger()
        account, instrument = np.empty((2, n), dtype=np.int32)
        target, lots = np.empty((2, n), dtype=np.int64)
        behind = np.zeros(n, dtype=np.int64)
        asked = quotes.seat, quotes.side, quotes.price_ticks, quotes.lots
        rights = self._front, self._right_tick_value, self._fee_factor, self._least_fee
        means = ledger.free, self._behind_orders(), ledger.locked, ledger.cash
        tables = *asked, seats.right, seats.account, seats.order_id, *rights, *means
        n_short, n_kept = fill_orders(*tables, behind, account, instrument, target, lots)
        if n_short:
            bids = np.flatnonzero(quotes.side == BID)
            behind[bids] = self.market.cash_behind(target[bids])
            n_short, n_kept = fill_orders(*tables, behind, account, instrument, target, lots)
        side, price = quotes.side, quotes.price_ticks
        orders = Orders(account, instrument, side, kinds, price, lots, target)
        if n_kept < n:
            keep = np.flatnonzero(lots > 0)
            quotes, orders = quotes.take(keep), orders.take(keep)
        return Quotes(quotes.seat, orders.side, orders.price_ticks, orders.lots), orders

    def _routed_orders(self, quotes: Quotes, kinds: npt.NDArray[np.int8]) -> tuple[Quotes, Orders]:
        """Return the same where a right has several instruments."""
        able = self.coverable(quotes.seat, quotes.side, quotes.price_ticks, quotes.lots)
        instrument = self.route(quotes.seat, quotes.side, quotes.price_ticks).astype(np.int32)
        asks = np.flatnonzero(quotes.side == Side.ASK)
        there = self.saleable(instrument[asks], self.seats.account[quotes.seat[asks]])
        able[asks] = np.minimum(able[asks], there)
        keep = able > 0
        quotes = Quotes(quotes.seat[keep], quotes.side[keep], quotes.price_ticks[keep], able[keep])
        seat, side, price = quotes.seat, quotes.side, quotes.price_ticks
        target = self.seats.order_id[seat, side]
        orders = Orders(self.seats.account[seat], instrument[keep], side, kinds[keep], price, quotes.lots, target)
        return quotes, orders

    def saleable(self, instrument: int | npt.NDArray[np.int32], account: npt.NDArray[np.int32]) -> Ints:
        """Return the lots of one vintage that each account could deliver once its sell orders were withdrawn."""
        registry = self.market.registry
        at = instrument, account
        return np.asarray(registry.free[at] + self._behind_orders()[at] - registry.locked[at])

    def _behind_orders(self) -> Ints:
        """Return the lots frozen for orders in the books: all that are frozen but for offers and auctions."""
        frozen, committed = self.market.registry.ledger().frozen, self.market.commitments
        return frozen if committed.is_empty else frozen - committed.lots

    def _by_right(self, values: npt.NDArray[Any], rows: Rows) -> npt.NDArray[Any]:
        """Repeat for some seats what holds for each right."""
        if len(values) == 1:
            return np.full(len(rows), values[0])
        return np.asarray(values[self.seats.right[rows]])

    def _holdings(self, table: Ints, rows: Rows) -> Ints:
        account = self.seats.account[rows]
        if self._one_each:
            if len(self.usable) == 1:
                return np.asarray(table[self._front[0]][account])
            return np.asarray(table[self._front[self.seats.right[rows]], account])
        right = self.seats.right[rows]
        held = np.zeros(len(rows), dtype=np.int64)
        for r, instruments in enumerate(self.usable):
            at = right == r
            if instruments and at.any():
                who = account[at]
                held[at] = sum(table[i, who] for i in instruments)
        return held

    def route(self, seat: Rows, side: npt.NDArray[np.int8], price: Ints) -> npt.NDArray[np.intp]:
        """Return the instrument to which each quote goes: a seller's oldest vintage, a buyer's best ask."""
        if self._one_each:
            return np.asarray(self._by_right(self._front, seat))
        right, account = self.seats.right[seat], self.seats.account[seat]
        chosen = self._front[right]
        asks = self.market.best_ask
        for r, instruments in enumerate(self.usable):
            if len(instruments) < 2:
                continue
            sells = np.flatnonzero((right == r) & (side == Side.ASK))
            for i in reversed(instruments):
                chosen[sells[self.saleable(i, account[sells]) > 0]] = i
            buys = np.flatnonzero((right == r) & (side == Side.BID))
            quoted = [i for i in instruments if asks[i] > 0]
            if quoted:
                best = min(quoted, key=lambda i: (asks[i], i))
                chosen[buys[price[buys] >= asks[best]]] = best
        return chosen

    def book(self, trades: Trades) -> None:
        """Take what was traded off the wishes and today's quotas of buyers and sellers."""
        if not len(trades):
            return
        seats = self.seats
        tables = self.right_of, self._seat_of, seats.quota, seats.wish_lots
        book_trades(trades.instrument, trades.buyer, trades.seller, trades.lots, *tables)
