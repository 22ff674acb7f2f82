"""Supervision of trading: the rules that stand between an order and the book, besides price bands and fees.

Admission, suspensions, order sizes and holding limits turn orders away before the book; a price collar lets the
government trade at its edges; a circuit breaker stops matching; floors narrow the band.  Where no right has such a rule
and nobody is suspended, orders go straight to the book.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.errors import ExchangeError
from rights_market.exchange.call_auction import CallAuction
from rights_market.exchange.commitments import Commitments
from rights_market.exchange.funding import Funding
from rights_market.exchange.gate import Room
from rights_market.exchange.limits import Limits
from rights_market.exchange.order_book import OrderBook
from rights_market.exchange.tally import Tally
from rights_market.exchange.tape import Tape
from rights_market.policies.trading.admission import Mode as Admitted
from rights_market.records import Event, Mode, Orders, Reason, Receipt, Trades
from rights_market.registry.balances import Registry
from rights_market.registry.obligations import Obligations
from rights_market.rulebook import RuleBook
from rights_market.supervision.entry import Entry
from rights_market.supervision.excess import Due, Excess
from rights_market.supervision.execution import Execution
from rights_market.supervision.floors import Floors
from rights_market.supervision.government import Government
from rights_market.supervision.pauses import Pauses
from rights_market.supervision.quoting import Quoting, makers
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]


def _has_rule(rules: RuleBook | Credit) -> bool:
    """Return whether a rule book has a rule that is carried out here."""
    found = (rules.listed, rules.admission, rules.holding_limit, rules.collar, rules.price_floor, rules.breaker)
    return any(rule is not None for rule in found)


class Supervision:
    """Carries out the rules between orders and books.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, book, limits, tape : Registry, OrderBook, Limits, Tape
        Departments of the market.
    tick_value_fen : ndarray of int64, shape (n_instruments,)
    obligations : callable
        Returns what accounts were allocated, for limits that follow it.
    events : list of Event
        Written to.
    commitments : Commitments
        What offers beside the books would buy.
    """

    def __init__(
        self,
        rules_of: Sequence[RuleBook | Credit],
        registry: Registry,
        book: OrderBook,
        limits: Limits,
        tape: Tape,
        tick_value_fen: Int64,
        obligations: Callable[[], Obligations],
        events: list[Event],
        commitments: Commitments,
    ) -> None:
        self._rules_of, self._registry, self._book, self._events = rules_of, registry, book, events
        self._tape = tape
        self._entry = Entry(rules_of, registry, book, obligations, commitments)
        self._government = Government(rules_of, registry, book, limits, tick_value_fen)
        self._pauses = Pauses(rules_of, book, tape, events)
        self._execution = Execution(book, self._government, self._pauses, tape)
        self._floors = Floors(rules_of)
        self._quoting = Quoting(rules_of, registry, book)
        self._excess = Excess(rules_of, registry, book, limits, self._entry.holdings)
        self._has_rules = any(_has_rule(rules) for rules in rules_of)
        self._day, self._on = -1, date.min

    @property
    def watches(self) -> bool:
        """Whether anything stands between orders and books now."""
        return self._has_rules or bool(self._entry.suspensions)

    def suspend(self, no_sales: Int64, only_cover: Int64) -> None:
        """Let these accounts, and no others, sell nothing, or buy no more than they owe, from now on."""
        self._entry.suspend(no_sales, only_cover)

    # -- the day

    def open_day(self, day: int, on: date | None, instruments: Sequence[int]) -> list[int]:
        """Prepare for a day, and return the instruments that the authority lets rest."""
        if not self.watches:
            return []
        if on is None:
            raise ExchangeError(
                f"day {day}: the rules of trading go by dates; open_day needs `on`, the date of the day"
            )
        self._day, self._on = day, on
        self._entry.open_day(on)
        self._quoting.open_day()
        self._government.open_day(on.year, instruments)
        self._events += self._entry.holdings.publish(day)
        self._events += self._excess.open_day(day, on, instruments)
        return self._pauses.open_day(day, on, instruments)

    def clip(self, instrument: int, low: int, high: int) -> tuple[int, int]:
        """Return the prices that a hard collar and a floor leave of a band.

        Where they leave none, the edge nearest to the band is the only price.
        """
        if not self._has_rules:
            return low, high
        floor, ceiling = self._floors.floor(instrument), high
        edges = self._government.hard_edges(instrument)
        if edges is not None:
            floor, ceiling = max(floor, edges[0]), edges[1]
        if floor > high:
            return floor, floor
        if ceiling < low:
            return ceiling, ceiling
        return max(low, floor), max(max(low, floor), min(high, ceiling))

    def look(self, is_open: Bool) -> None:
        """Look after a batch at what market makers quote in the instruments that are open."""
        self._quoting.look(is_open)

    def end_session(self) -> None:
        """Write down what was sold by order of the authority, while the orders of the day still rest."""
        self._events += self._excess.close_day(self._day, self._on)

    def close_day(self, instruments: Rows, close: Int64, lots: Int64, low: Int64) -> None:
        """Learn from the closing prices, and write down what the government traded.

        Parameters
        ----------
        instruments : ndarray of intp, shape (n,)
        close, lots, low : ndarray of int64, shape (n,)
            Closing price, lots that make prices, and the lowest price.
        """
        if not self._has_rules:
            return
        for i, price, traded, lowest in zip(
            instruments.tolist(), close.tolist(), lots.tolist(), low.tolist(), strict=True
        ):
            for code, ticks in self._floors.learn(i, self._on, price, traded, lowest):
                self._events.append(
                    Event(self._day, "session_close", "temporary_price_floor", code, instrument=i, price_ticks=ticks)
                )
        self._events += self._government.close_day(self._day)
        self._events += self._quoting.close_day(self._day, self._on_duty(set(instruments.tolist())))
        self._pauses.close_day()

    def _on_duty(self, open_today: set[int]) -> dict[str, Int64]:
        """Return the market makers who had to quote in each right today: those who may buy and sell in its books."""
        who, duty = makers(self._registry), {}
        may_buy, may_sell = self._entry.admitted("book")
        for code, instruments in self._quoting.rights.items():
            traded = [i for i in instruments if i in open_today]
            if len(who) and traded:
                duty[code] = who[may_buy[traded[-1], who] & may_sell[traded[-1], who]]
        return duty

    def widest_spread(self, account: Int64, instrument: Int64) -> npt.NDArray[np.float64]:
        """Return how far apart quotes of accounts may be as a share of their middle; infinite without a duty."""
        return self._quoting.widest_spread(account, instrument)

    def put_on_sale(self, funding: Funding) -> None:
        """Put on sale, once a day and before all other orders, what accounts should have sold before today."""
        if self._excess.is_placed:
            return
        orders = self._excess.sales(self._on)
        if len(orders):
            self._excess.note_sales(orders, self._book.submit(orders, funding).ids())

    def due(self) -> list[Due]:
        """Return what accounts hold too much and have to sell, and by when."""
        return self._excess.due()

    # -- orders

    def submit(self, orders: Orders, funding: Funding, batch: int) -> Receipt:
        """Carry out a table of orders under all rules."""
        if not self.watches:
            return self._book.submit(orders, funding)
        admitted, tally, rows = self._entry.admit(orders)
        return self._execution.submit(admitted, tally, rows, funding, batch)

    def call(self, call: CallAuction, orders: Orders, funding: Funding, batch: int) -> Receipt:
        """Hold a call auction under all rules; during a pause nothing is called."""
        if not self.watches:
            return call.clear(self._book, orders, self._tape.last_close, funding)
        admitted, tally, rows = self._entry.admit(orders)
        halted = self._pauses.halted()
        if halted:
            takes_part = ~np.isin(admitted.instrument, halted)
            admitted, rows = admitted.take(np.flatnonzero(takes_part)), rows[takes_part]
        receipt = self._execution.clear(call, admitted, funding)
        for breaker in self._pauses.breakers.values():
            self._pauses.note_halt(breaker.after(receipt.trades, batch))
        if tally is None and len(rows) == len(orders):
            return receipt
        tally = tally or Tally(len(orders))
        tally.add(rows, receipt)
        return tally.receipt(self._book.next_order_id)

    def resume(self, call: CallAuction, funding: Funding, batch: int) -> list[tuple[Mode, Trades]]:
        """End the pauses that are over, and return what was traded in doing so."""
        return [self._execution.resume(call, self._rules_of[i], i, funding, batch) for i, _ in self._pauses.over(batch)]

    def turned_away(self, orders: Orders) -> Bool:
        """Return which orders of accounts and instruments that exist may not enter as they are."""
        return self._entry.turned_away(orders)

    def refuse(self, order: Orders) -> Reason:
        """Return why one order may not enter the book, or ACCEPTED; an order that would be trimmed is refused."""
        return self._entry.refuse(order)

    def rests(self, instrument: Int64) -> Bool:
        """Return for some instruments whether matching is paused."""
        return np.isin(instrument, self._pauses.halted())

    def wanted_in_blocks(self, account: Int64, instrument: int, lots: Int64) -> Int64:
        """Return the lots that accounts may buy in blocks: none without admission, at most what a limit leaves."""
        return self._entry.wanted_in_blocks(account, instrument, lots)

    def may_sell_blocks(self, account: Int64, instrument: Int64) -> Bool:
        """Return whether accounts may sell instruments in blocks now."""
        return np.asarray(self._entry.admitted("block")[1][instrument, account] & ~self.rests(instrument))

    def may_deal(self, mode: Admitted, account: int, instrument: int, side: Side) -> bool:
        """Return whether an account is admitted today to a side of deals of a mode."""
        return bool(self._entry.admitted(mode)[side][instrument, account])

    def may_enter(self, account: Int64, instrument: Int64, side: npt.NDArray[np.int8]) -> Bool:
        """Return whether accounts are admitted to the books on a side."""
        return self._entry.may_enter(account, instrument, side)

    def largest_order(self, instrument: Rows) -> Int64:
        """Return the largest order of each instrument, lots."""
        return self._entry.largest_order(instrument)

    def headroom(self, account: Int64, instrument: Int64) -> Int64:
        """Return the lots that accounts may still buy in instruments, `NO_LIMIT` where there is no limit."""
        return self._entry.headroom_of(account, instrument)

    def rooms(self) -> list[Room]:
        """Return what accounts may still buy under each limit."""
        return self._entry.rooms()

    def government_quotes(self, best_bid: Int64, best_ask: Int64) -> tuple[Int64, Int64]:
        """Return best quotes with those of the government, which are good at any time, put in."""
        return self._government.put_in(best_bid, best_ask)

    def inside_collar(self, instrument: int, low: int, high: int) -> tuple[int, int]:
        """Return the prices of a band that lie inside a collar, soft or hard; an empty range where none does."""
        floor, ceiling = self._government.edges
        return max(low, int(floor[instrument])), min(high, int(ceiling[instrument]))

    # -- saved and continued

    def carry(self, instrument_from: int, instrument_to: int) -> None:
        """Let a vintage go on from the prices of another."""
        self._floors.carry(instrument_from, instrument_to)

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "desks": self._government.state(),
            "breakers": self._pauses.state(),
            "floors": self._floors.state(),
            "holdings": self._entry.holdings.state(),
            "quoting": self._quoting.state(),
            "excess": self._excess.state(),
            "day": self._day,
            "on": self._on.isoformat(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._day, self._on = int(state["day"]), date.fromisoformat(state["on"])
        self._entry.open_day(self._on)
        self._government.restore(state["desks"])
        self._pauses.restore(state["breakers"], self._day)
        self._floors.restore(state["floors"])
        self._entry.holdings.restore(state["holdings"])
        self._quoting.restore(state["quoting"])
        self._excess.restore(state["excess"])
