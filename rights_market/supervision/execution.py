"""How orders are carried out where a collar or a circuit breaker watches them: one by one, all others in runs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange.call_auction import CallAuction
from rights_market.exchange.funding import Funding
from rights_market.exchange.order_book import OrderBook
from rights_market.exchange.tally import Tally
from rights_market.exchange.tape import Tape
from rights_market.records import Mode, Orders, Receipt, Trades
from rights_market.rulebook import RuleBook
from rights_market.supervision.government import Government
from rights_market.supervision.pauses import Pauses, let_wait

Bool = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]


class Execution:
    """Brings orders that may enter to the book, past the government's desks and the breakers.

    Parameters
    ----------
    book : OrderBook
    government : Government
    pauses : Pauses
    tape : Tape
        Where the previous closes stand, for calls that stay near them.
    """

    def __init__(self, book: OrderBook, government: Government, pauses: Pauses, tape: Tape) -> None:
        self._book, self._government, self._pauses, self._tape = book, government, pauses, tape

    def submit(self, orders: Orders, tally: Tally | None, rows: Rows, funding: Funding, batch: int) -> Receipt:
        """Carry out the orders that are left of a table; `rows` and `tally` tell which, and what became of others."""
        at_edge, at_level = (
            self._government.are_reached(orders),
            self._pauses.are_watched(orders, *self._government.edges),
        )
        if tally is None and not at_edge.any() and not at_level.any():
            return self._book.submit(orders, funding)
        tally = tally or Tally(len(orders))
        self._carry_out(orders, rows, tally, funding, batch, at_edge, at_level)
        return tally.receipt(self._book.next_order_id)

    def resume(
        self, call: CallAuction, rules: RuleBook | Credit, instrument: int, funding: Funding, batch: int
    ) -> tuple[Mode, Trades]:
        """End a pause, and return what was traded in doing so."""
        breaker, waiting = self._pauses.breakers[instrument], self._pauses.breakers[instrument].resume()
        assert rules.breaker is not None
        if rules.breaker.reopen == "call":
            mode, trades = Mode.CALL, self.clear(call, waiting, funding, also=instrument).trades
            self._pauses.note_halt(breaker.after(trades, batch))
        else:
            tally = Tally(len(waiting))
            at_edge, at_level = (
                self._government.are_reached(waiting),
                self._pauses.are_watched(waiting, *self._government.edges),
            )
            self._carry_out(waiting, np.arange(len(waiting)), tally, funding, batch, at_edge, at_level)
            mode, trades = Mode.CONTINUOUS, tally.receipt(0).trades
        self._pauses.note("resume", instrument)
        return mode, trades

    def clear(self, call: CallAuction, orders: Orders, funding: Funding, also: int | None = None) -> Receipt:
        """Hold a call, with the government in those instruments in which orders come to its prices."""
        called = sorted({*np.unique(orders.instrument).tolist(), *(() if also is None else (also,))})
        bid, ask = self._book.best_bid.tolist(), self._book.best_ask.tolist()
        reach = self._government.is_reached_in_call
        with_desk = [i for i in called if 0 <= i < len(bid) and reach(i, orders, bid[i], ask[i])]
        if not with_desk:
            return call.clear(self._book, orders, self._tape.last_close, funding)
        # Instruments are called one after another: their books do not touch each other.
        tally, others = Tally(len(orders)), ~np.isin(orders.instrument, with_desk)
        if others.any():
            part = np.flatnonzero(others)
            tally.add(part, call.clear(self._book, orders.take(part), self._tape.last_close, funding))
        for i in with_desk:
            part = np.flatnonzero(orders.instrument == i)
            desk = self._government.desk(i)
            tally.add(part, desk.call(call, orders.take(part), [i], self._tape.last_close, funding))
        return tally.receipt(self._book.next_order_id)

    def _carry_out(
        self, orders: Orders, rows: Rows, tally: Tally, funding: Funding, batch: int, at_edge: Bool, at_level: Bool
    ) -> None:
        """Carry out orders one by one where a rule watches, and otherwise in runs."""
        book, pauses, government = self._book, self._pauses, self._government

        def trade(order: Orders, at: Rows, into: Tally) -> None:
            if at_edge[np.searchsorted(rows, at[0])]:
                government.desk(int(order.instrument[0])).carry_out(order, funding, into, int(at[0]))
            else:
                into.add(at, book.submit(order, funding))

        left = np.ones(len(orders), np.bool_)
        for breaker in pauses.breakers.values():
            if breaker.is_halted:
                let_wait(breaker, orders, left)
        begun = 0
        for k in [*np.flatnonzero((at_edge | at_level) & left).tolist(), len(orders)]:
            part = begun + np.flatnonzero(left[begun:k])
            if len(part):
                tally.add(rows[part], book.submit(orders.take(part), funding))
                left[part] = False
            begun = k + 1
            if k == len(orders) or not left[k]:
                continue
            one = orders.take(np.array([k]))
            left[k] = False
            if at_level[k]:
                breaker = pauses.breakers[int(one.instrument[0])]
                halt = breaker.carry_out(one, int(rows[k]), book, tally, trade, batch)
                pauses.note_halt(halt)
                if halt is not None:
                    let_wait(breaker, orders, left)
            else:
                trade(one, rows[k : k + 1], tally)
