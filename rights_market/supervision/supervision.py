"""Supervision of trading: the rules that stand between an order and the book, besides price bands and fees.

Admission, order sizes and holding limits turn orders away before the book; a price collar lets the government trade at
its edges; a circuit breaker stops matching; floors narrow the band.  A market in which no right has such a rule has no
supervision, and pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.errors import ExchangeError
from rights_market.exchange.breaker import NEVER, Breaker, Halt, Stop
from rights_market.exchange.call_auction import CallAuction
from rights_market.exchange.collar_desk import CollarDesk, Pot
from rights_market.exchange.funding import Funding
from rights_market.exchange.gate import NO_LIMIT, judge
from rights_market.exchange.limits import Limits
from rights_market.exchange.order_book import OrderBook
from rights_market.exchange.tally import Tally
from rights_market.exchange.tape import Tape
from rights_market.records import Event, Mode, OrderKind, Orders, Reason, Receipt, Trades
from rights_market.registry.accounts import AccountKind
from rights_market.registry.balances import Registry
from rights_market.registry.obligations import Obligations
from rights_market.rulebook import RuleBook
from rights_market.supervision.floors import Floors
from rights_market.supervision.holdings import Holdings
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

CLASS_OF = {
    AccountKind.COMPLIANCE: "compliance",
    AccountKind.INSTITUTION: "institution",
    AccountKind.BANK: "institution",
    AccountKind.PROJECT: "institution",
    AccountKind.INDIVIDUAL: "individual",
}
"""Class of each kind of account, as rules of admission name them."""


def needs_supervision(rules: RuleBook | Credit) -> bool:
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
    ) -> None:
        self._rules_of, self._registry, self._book = rules_of, registry, book
        self._tape, self._events = tape, events
        self._desks = {
            code: _desk(rules, registry, book, limits, tick_value_fen)
            for code, rules in {r.right.code: r for r in rules_of}.items()
            if rules.collar is not None
        }
        self._of_right = {code: np.array([r.right.code == code for r in rules_of]) for code in self._desks}
        self._breakers: dict[int, Breaker] = {}
        self._floors = Floors(rules_of)
        self._holdings = Holdings(rules_of, registry, book, obligations)
        self._max_lots = np.array(
            [NO_LIMIT if r.listed is None else r.listed.max_lots for r in rules_of], dtype=np.int64
        )
        self._trims = np.array([r.holding_limit is not None and r.holding_limit.trim for r in rules_of], np.bool_)
        self._day, self._on = -1, date.min
        self._who_may: dict[tuple[str, int, int], tuple[Bool, Bool]] = {}
        self._has_gate = any(
            r.listed is not None or r.admission is not None or r.holding_limit is not None for r in rules_of
        )

    # -- the day

    def open_day(self, day: int, on: date | None, instruments: Sequence[int]) -> list[int]:
        """Prepare for a day, and return the instruments that the authority lets rest."""
        if on is None:
            raise ExchangeError(
                f"day {day}: the rules of trading go by dates; open_day needs `on`, the date of the day"
            )
        self._day, self._on = day, on
        self._holdings.open_day()
        for i in instruments:
            collar = self._rules_of[i].collar
            if collar is not None:
                self._desk(i).set_prices(*collar.prices(on.year))
        for desk in self._desks.values():
            desk.begin()
        self._events += self._holdings.publish(day)
        self._breakers = {}
        resting = []
        for i in instruments:
            rule = self._rules_of[i].breaker
            if rule is None:
                continue
            if on in rule.authority_halt:
                resting.append(i)
                self._note("circuit_breaker", "halt", i, note="by order of the authority")
                continue
            stops = [
                Stop(t.low, t.high, NEVER if t.batches is None else t.batches)
                for t in rule.thresholds(int(self._tape.last_close[i]))
            ]
            self._breakers[i] = Breaker(i, stops, rule.max_per_day)
        return resting

    def clip(self, instrument: int, low: int, high: int) -> tuple[int, int]:
        """Return the prices that a hard collar and a floor leave of a band.

        Where they leave none, the edge nearest to the band is the only price.
        """
        collar = self._rules_of[instrument].collar
        floor, ceiling = self._floors.floor(instrument), high
        if collar is not None and collar.mode == "hard":
            desk = self._desk(instrument)
            floor, ceiling = max(floor, desk.floor), desk.ceiling
        if floor > high:
            return floor, floor
        if ceiling < low:
            return ceiling, ceiling
        return max(low, floor), max(max(low, floor), min(high, ceiling))

    def close_day(self, instruments: Rows, close: Int64, lots: Int64, low: Int64) -> None:
        """Learn from the closing prices, and write down what the government traded.

        Parameters
        ----------
        instruments : ndarray of intp, shape (n,)
        close, lots, low : ndarray of int64, shape (n,)
            Closing price, lots that make prices, and the lowest price.
        """
        for i, price, traded, lowest in zip(
            instruments.tolist(), close.tolist(), lots.tolist(), low.tolist(), strict=True
        ):
            for code, ticks in self._floors.learn(i, self._on, price, traded, lowest):
                self._note("temporary_price_floor", code, i, price_ticks=ticks, hook="session_close")
        for desk in self._desks.values():
            for code, price, traded_by in (
                ("ceiling_sale", desk.ceiling, desk.sold),
                ("floor_purchase", desk.floor, desk.bought),
            ):
                for i, traded in sorted(traded_by.items()):
                    if traded:
                        self._note("price_collar", code, i, lots=traded, price_ticks=price)
            if desk.ran_out():
                self._note("price_collar", "reserve_exhausted", -1)
        self._breakers = {}

    # -- orders

    def submit(self, orders: Orders, funding: Funding, batch: int) -> Receipt:
        """Carry out a table of orders under all rules."""
        admitted, tally, rows = self._admit(orders)
        at_edge, at_level = self._collar_rows(admitted), self._breaker_rows(admitted)
        if tally is None and not at_edge.any() and not at_level.any():
            return self._book.submit(admitted, funding)
        tally = tally or Tally(len(orders))
        self._carry_out(admitted, rows, tally, funding, batch, at_edge, at_level)
        return tally.receipt(self._book.next_order_id)

    def refuse(self, order: Orders) -> Reason:
        """Return why one order may not enter the book, or ACCEPTED; an order that would be trimmed is refused."""
        may_buy, may_sell = self._admitted("book")
        reason, lots = judge(order, may_buy, may_sell, self._max_lots, self._holdings.headroom(), self._trims)
        if reason[0] == Reason.ACCEPTED and lots[0] < order.lots[0]:
            return Reason.HOLDING_LIMIT
        return Reason(int(reason[0]))

    def call(self, call: CallAuction, orders: Orders, funding: Funding, batch: int) -> Receipt:
        """Hold a call auction under all rules; during a pause nothing is called."""
        admitted, tally, rows = self._admit(orders)
        halted = [i for i, b in self._breakers.items() if b.is_halted]
        takes_part = ~np.isin(admitted.instrument, halted)
        admitted, rows = admitted.take(np.flatnonzero(takes_part)), rows[takes_part]
        receipt = self._clear(call, admitted, funding)
        for breaker in self._breakers.values():
            self._note_halt(breaker.after(receipt.trades, batch))
        if tally is None and len(rows) == len(orders):
            return receipt
        tally = tally or Tally(len(orders))
        tally.add(rows, receipt)
        return tally.receipt(self._book.next_order_id)

    def resume(self, call: CallAuction, funding: Funding, batch: int) -> list[tuple[Mode, Trades]]:
        """End the pauses that are over, and return what was traded in doing so."""
        traded = []
        for i, breaker in self._breakers.items():
            if breaker.until is None or breaker.until > batch:
                continue
            rule, waiting = self._rules_of[i].breaker, breaker.resume()
            assert rule is not None
            if rule.reopen == "call":
                mode, trades = Mode.CALL, self._clear(call, waiting, funding, also=i).trades
                self._note_halt(breaker.after(trades, batch))
            else:
                tally = Tally(len(waiting))
                at_edge, at_level = self._collar_rows(waiting), self._breaker_rows(waiting)
                self._carry_out(waiting, np.arange(len(waiting)), tally, funding, batch, at_edge, at_level)
                mode, trades = Mode.CONTINUOUS, tally.receipt(0).trades
            self._note("circuit_breaker", "resume", i)
            traded.append((mode, trades))
        return traded

    def rests(self, instrument: Int64) -> Bool:
        """Return for some instruments whether matching is paused."""
        halted = [i for i, b in self._breakers.items() if b.is_halted]
        return np.isin(instrument, halted)

    def wanted_in_blocks(self, account: Int64, instrument: int, lots: Int64) -> Int64:
        """Return the lots that accounts may buy in blocks: none without admission, at most what a limit leaves."""
        may = self._admitted("block")[0][instrument, account]
        return np.where(may, np.minimum(lots, self._holdings.headroom()[instrument, account]), 0)

    def may_sell_blocks(self, account: Int64, instrument: Int64) -> Bool:
        """Return whether accounts may sell instruments in blocks now."""
        return np.asarray(self._admitted("block")[1][instrument, account] & ~self.rests(instrument))

    def may_enter(self, account: Int64, instrument: Int64, side: npt.NDArray[np.int8]) -> Bool:
        """Return whether accounts are admitted to the books on a side."""
        may_buy, may_sell = self._admitted("book")
        return np.asarray(np.where(side == Side.BID, may_buy[instrument, account], may_sell[instrument, account]))

    def largest_order(self, instrument: Rows) -> Int64:
        """Return the largest order of each instrument, lots."""
        return np.asarray(self._max_lots[instrument])

    def headroom(self, account: Int64, instrument: Int64) -> Int64:
        """Return the lots that accounts may still buy in instruments, `NO_LIMIT` where there is no limit."""
        return self._holdings.headroom()[instrument, account]

    def government_quotes(self, best_bid: Int64, best_ask: Int64) -> tuple[Int64, Int64]:
        """Return best quotes with those of the government, which are good at any time, put in."""
        bid, ask = best_bid.copy(), best_ask.copy()
        for i, rules in enumerate(self._rules_of):
            if rules.collar is not None:
                sells, buys = self._desk(i).sells_at(i), self._desk(i).buys_at(i)
                ask[i] = sells if sells and (ask[i] == 0 or sells < ask[i]) else ask[i]
                bid[i] = max(bid[i], buys)
        return bid, ask

    # -- saved and continued

    def carry(self, instrument_from: int, instrument_to: int) -> None:
        """Let a vintage go on from the prices of another."""
        self._floors.carry(instrument_from, instrument_to)

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "desks": [[code, desk.state()] for code, desk in self._desks.items()],
            "breakers": [b.state() for b in self._breakers.values()],
            "floors": self._floors.state(),
            "holdings": self._holdings.state(),
            "day": self._day,
            "on": self._on.isoformat(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for code, saved in state["desks"]:
            self._desks[code].restore(saved)
        breakers = [Breaker.of_state(saved) for saved in state["breakers"]]
        self._breakers = {b.instrument: b for b in breakers}
        self._floors.restore(state["floors"])
        self._holdings.restore(state["holdings"])
        self._day, self._on = int(state["day"]), date.fromisoformat(state["on"])
        self._who_may = {}
        self._holdings.open_day()

    # -- parts

    def _desk(self, instrument: int) -> CollarDesk:
        return self._desks[self._rules_of[instrument].right.code]

    def _admit(self, orders: Orders) -> tuple[Orders, Tally | None, Rows]:
        """Return the orders that may go on, a tally if some may not, and the rows of those that may."""
        everyone = np.arange(len(orders))
        if not self._has_gate:
            return orders, None, everyone
        # Rows that name nobody or nothing are for the book to refuse.
        known = (orders.instrument >= 0) & (orders.instrument < len(self._rules_of))
        known &= (orders.account >= 0) & (orders.account < len(self._registry.accounts))
        rows = np.flatnonzero(known)
        may_buy, may_sell = self._admitted("book")
        reason, lots = judge(
            orders.take(rows), may_buy, may_sell, self._max_lots, self._holdings.headroom(), self._trims
        )
        if known.all() and not reason.any() and np.array_equal(lots, orders.lots):
            return orders, None, everyone
        tally = Tally(len(orders))
        tally.refuse(rows, reason)
        open_to = np.ones(len(orders), np.bool_)
        open_to[rows] = reason == Reason.ACCEPTED
        cut = orders.lots.copy()
        cut[rows] = lots
        kept = np.flatnonzero(open_to)
        admitted = Orders(
            orders.account, orders.instrument, orders.side, orders.kind, orders.price_ticks, cut, orders.target
        )
        return admitted.take(kept), tally, kept

    def _admitted(self, mode: str) -> tuple[Bool, Bool]:
        """Return who may buy and who may sell what today, each of shape (n_instruments, n_accounts)."""
        kinds = self._registry.accounts.kinds
        key = mode, self._day, len(kinds)
        if key in self._who_may:
            return self._who_may[key]
        may = np.ones((2, len(self._rules_of), len(kinds)), np.bool_)
        for i, rules in enumerate(self._rules_of):
            if rules.admission is not None:
                for kind, name in CLASS_OF.items():
                    who = kinds == kind
                    may[0, i, who], may[1, i, who] = rules.admission.may(name, self._on, mode)  # type: ignore[arg-type]
        self._who_may = {k: x for k, x in self._who_may.items() if k[1] == self._day} | {key: (may[0], may[1])}
        return may[0], may[1]

    def _sees_beyond(self, breaker: Breaker) -> bool:
        bid, ask = self._book.best_bid, self._book.best_ask
        return breaker.sees_beyond(int(bid[breaker.instrument]), int(ask[breaker.instrument]))

    def _collar_rows(self, orders: Orders) -> Bool:
        rows = np.zeros(len(orders), np.bool_)
        for code, desk in self._desks.items():
            mine = self._of_right[code]
            known = (orders.instrument >= 0) & (orders.instrument < len(mine))
            its = np.flatnonzero(known & mine[np.where(known, orders.instrument, 0)])
            rows[its] = desk.reaches(orders.take(its))
        return rows

    def _breaker_rows(self, orders: Orders) -> Bool:
        rows = np.zeros(len(orders), np.bool_)
        bid, ask = self._book.best_bid, self._book.best_ask
        for i, breaker in self._breakers.items():
            rows |= breaker.watches(orders, int(bid[i]), int(ask[i]))
        return rows

    def _carry_out(
        self, orders: Orders, rows: Rows, tally: Tally, funding: Funding, batch: int, at_edge: Bool, at_level: Bool
    ) -> None:
        """Carry out orders row by row where a rule watches, and otherwise in runs."""

        def trade(order: Orders, at: Rows, into: Tally) -> None:
            if at_edge[np.searchsorted(rows, at[0])]:
                self._desk(int(order.instrument[0])).carry_out(order, funding, into, int(at[0]))
            else:
                into.add(at, self._book.submit(order, funding))

        left = np.ones(len(orders), np.bool_)
        for breaker in self._breakers.values():
            if breaker.is_halted:
                _let_wait(breaker, orders, left)
        k = 0
        while k < len(orders):
            watched = (at_edge[k:] | at_level[k:]) & left[k:]
            run = int(watched.argmax()) if watched.any() else len(watched)
            part = k + np.flatnonzero(left[k : k + run])
            if len(part):
                tally.add(rows[part], self._book.submit(orders.take(part), funding))
            k += run
            if k == len(orders):
                break
            one = orders.take(np.array([k]))
            left[k] = False
            if at_level[k]:
                breaker = self._breakers[int(one.instrument[0])]
                halt = breaker.carry_out(one, int(rows[k]), self._book, tally, trade, batch)
                self._note_halt(halt)
                if halt is not None:
                    _let_wait(breaker, orders, left)
                elif self._sees_beyond(breaker):
                    at_level[k + 1 :] |= orders.instrument[k + 1 :] == breaker.instrument
            else:
                trade(one, rows[k : k + 1], tally)
            k += 1

    def _clear(self, call: CallAuction, orders: Orders, funding: Funding, also: int | None = None) -> Receipt:
        """Hold a call, with the government in those instruments that have a collar."""
        called = sorted({*np.unique(orders.instrument).tolist(), *(() if also is None else (also,))})
        with_desk = [i for i in called if self._rules_of[i].collar is not None]
        if len(with_desk) == 0:
            return call.clear(self._book, orders, 0, funding)
        codes = {self._rules_of[i].right.code for i in with_desk}
        if len(codes) == 1 and len(with_desk) == len(called):
            return self._desk(with_desk[0]).call(call, orders, with_desk, funding)
        # Rights are called one after another: their books do not touch each other.
        tally = Tally(len(orders))
        for i in called:
            part = np.flatnonzero(orders.instrument == i)
            tally.add(part, self._clear(call, orders.take(part), funding, also=i))
        return tally.receipt(self._book.next_order_id)

    def _note_halt(self, halt: Halt | None) -> None:
        if halt is not None:
            note = "for the rest of the day" if halt.until >= NEVER else f"until batch {halt.until}"
            self._note("circuit_breaker", "halt", halt.instrument, price_ticks=halt.price_ticks, note=note)

    def _note(self, rule: str, code: str, instrument: int, *, hook: str = "session", **amounts: Any) -> None:
        self._events.append(Event(self._day, hook, rule, code, instrument=instrument, **amounts))


def _desk(
    rules: RuleBook | Credit, registry: Registry, book: OrderBook, limits: Limits, tick_value_fen: Int64
) -> CollarDesk:
    collar = rules.collar
    assert collar is not None
    return CollarDesk(
        registry,
        book,
        limits,
        tick_value_fen,
        Pot(collar.reserve, collar.buy_cash),
        only_compliance=collar.eligible == "compliance",
        keeps_bought=collar.bought == "reserve",
    )


def _let_wait(breaker: Breaker, orders: Orders, left: Bool) -> None:
    """Let what is left of an instrument's new orders wait for the end of its pause."""
    waits = np.flatnonzero(left & (orders.instrument == breaker.instrument) & (orders.kind != OrderKind.CANCEL))
    breaker.let_wait(orders.take(waits))
    left[waits] = False
