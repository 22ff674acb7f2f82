"""Gateways to outside markets: what they quote, how much of their quotas is used, what crossed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Office
from rights_market.exchange.gateway import NO_INSTRUMENT, Crossed, Gateway
from rights_market.policies.links import MarketLink, Quote
from rights_market.records import Event, Receipt
from rights_market.registry.accounts import AccountKind

Int64 = npt.NDArray[np.int64]

MOST_LEVELS = 512
"""Price levels of a side that are looked at for others at the same price; a quote beyond is made anew."""


class Bounds(NamedTuple):
    """Between which prices a link holds a right, and how far.

    Attributes
    ----------
    low, high : float
        What the outside pays and asks for a local unit, CNY.
    left_in, left_out : int
        Lots that may still come in and go out this year.
    """

    low: float
    high: float
    left_in: int
    left_out: int


class Gateways:
    """Carries out the links to outside markets.

    Parameters
    ----------
    office : Office
    rules : sequence of MarketLink
        At most one a right.
    """

    def __init__(self, office: Office, rules: Sequence[MarketLink]) -> None:
        self._office = office
        self.rules = {rule.right: rule for rule in rules}
        self._gates: dict[str, Gateway] = {}
        self._year: dict[str, int] = {}
        self._used: dict[str, list[int]] = {}
        self._today: dict[str, Crossed] = {}
        self._quoted: dict[str, tuple[list[Quote], list[Quote]]] = {}
        for code in self.rules:
            names = [f"gateway {code}: {what}" for what in ("sales", "purchases")]
            seller, buyer = office.market.accounts.open_many(AccountKind.GATEWAY, names).tolist()
            self._gates[code] = Gateway(office.market.registry, seller, buyer)
            self._year[code], self._used[code], self._today[code] = 0, [0, 0], Crossed()

    def bounds(self, right: str, today: date) -> Bounds | None:
        """Return where a right is held; None if it is not linked, or has no outside price yet."""
        rule = self.rules.get(right)
        price = None if rule is None else rule.outside_price(today)
        if rule is None or price is None:
            return None
        low, high = rule.bounds(price)
        left_in, left_out = self._left(rule, today.year)
        return Bounds(float(low), float(high), left_in, left_out)

    def _left(self, rule: MarketLink, year: int) -> tuple[int, int]:
        used = self._used[rule.right] if self._year[rule.right] == year else [0, 0]
        return rule.quota_in - used[0], rule.quota_out - used[1]

    def requote(self, right: str, instrument: int, today: date) -> Receipt | None:
        """Take what was traded over the border, and quote anew, behind the private orders that rest.

        Parameters
        ----------
        right : str
            A linked right.
        instrument : int
            Instrument of it in which units cross.
        today : date

        Returns
        -------
        Receipt or None
            What became of the quotes, trades with resting orders included; None if nothing is quoted, as while a
            circuit breaker lets trade rest.
        """
        rule, gate, market = self.rules[right], self._gates[right], self._office.market
        if self._still_stands(rule, instrument, today):
            return None
        self._look(rule, today)
        price = rule.outside_price(today)
        if price is None or not market.is_open[instrument] or market.is_paused(instrument):
            return None
        asks, bids = self._quotes(rule, instrument, price, today.year)
        fen = market.instruments[instrument].right.tick_value_fen
        # What is bought costs the fee as well, which is rounded for each order by at most a fen.
        charges = market.limits.charges
        cash = sum(charges.cost(instrument, q.price_ticks, q.lots, fen) + 1 for q in bids)
        gate.stock(instrument, sum(q.lots for q in asks), cash)
        if not asks and not bids:
            return None
        orders = gate.orders(asks, bids)
        self._quoted[right] = asks, bids
        receipt = market.submit(orders)
        gate.note_orders(orders, receipt.ids())
        return receipt

    def _still_stands(self, rule: MarketLink, instrument: int, today: date) -> bool:
        """Return whether what is quoted would be quoted anew: nothing crossed, and nobody came to the same price."""
        gate, market, right = self._gates[rule.right], self._office.market, rule.right
        price = rule.outside_price(today)
        if price is None or right not in self._quoted or gate.instrument != instrument or not gate.is_untouched():
            return False
        if not market.is_open[instrument] or market.is_paused(instrument) or self._year[right] != today.year:
            return False
        asks, bids = self._quoted[right]
        if self._quotes(rule, instrument, price, today.year) != (asks, bids):
            return False
        bid_price, bid_lots, ask_price, ask_lots = market.book.depth(instrument, MOST_LEVELS)
        return _is_alone(asks, ask_price, ask_lots) and _is_alone(bids, bid_price, bid_lots)

    def _quotes(self, rule: MarketLink, instrument: int, price: Fraction, year: int) -> tuple[list[Quote], list[Quote]]:
        market = self._office.market
        # A soft collar binds nobody's orders, but the outside market does not undercut its floor or outbid its ceiling.
        low, high = market.inside_collar(instrument)
        if low > high:
            return [], []
        tick = market.instruments[instrument].right.tick_yuan
        left_in, left_out = self._left(rule, year)
        # A quote is an order like any other where sizes are limited; what is left follows with the next batch.
        largest = int(market.largest_order(np.array([instrument], np.intp))[0])
        asks, bids = rule.asks(price, tick, left_in, low, high), rule.bids(price, tick, left_out, low, high)
        return _cut(asks, largest), _cut(bids, largest)

    def close_day(self, today: date) -> None:
        """Withdraw all quotes before the market closes, take back the stock, and write down what crossed."""
        for right, rule in self.rules.items():
            gate = self._gates[right]
            self._look(rule, today)
            if gate.instrument == NO_INSTRUMENT:
                continue
            gate.stock(gate.instrument, 0, 0)
            self._note(right, gate.instrument, self._today[right])
            self._today[right] = Crossed()

    def _look(self, rule: MarketLink, today: date) -> None:
        """Withdraw what rests, and count what crossed since the last look towards the quotas of the year."""
        right, gate = rule.right, self._gates[rule.right]
        self._quoted.pop(right, None)
        self._office.market.withdraw(*gate.live())
        if gate.has_orders():
            self._withdraw_renumbered(gate)
        crossed = gate.settle()
        if self._year[right] != today.year:
            self._year[right], self._used[right] = today.year, [0, 0]
        before = self._left(rule, today.year)
        used = self._used[right]
        used[0] += crossed.lots_in
        used[1] += crossed.lots_out
        self._today[right] = self._today[right].plus(crossed)
        for was, left, what in zip(before, self._left(rule, today.year), ("in", "out"), strict=True):
            if was > 0 and left == 0:
                self._write("quota_exhausted", self._gates[right].instrument, 0, 0, what)

    def _withdraw_renumbered(self, gate: Gateway) -> None:
        """Withdraw what was left of a quote that caused a pause: it waited, and entered the book by another number."""
        market = self._office.market
        resting = market.book.resting(gate.instrument)
        own = (resting.account == gate.seller) | (resting.account == gate.buyer)
        market.withdraw(resting.account[own], resting.order_id[own])

    def _note(self, right: str, instrument: int, crossed: Crossed) -> None:
        ratio = Fraction(self.rules[right].ratio)
        for lots, fen, what in ((*crossed[:2], "in"), (*crossed[2:], "out")):
            if lots:
                lot = Fraction(self._office.books[right].right.lot)
                outside = float(lots * lot / ratio)
                self._write("link_trade", instrument, lots, fen, f"{what}: {outside:.10g} outside units")

    def _write(self, code: str, instrument: int, lots: int, fen: int, note: str) -> None:
        day = self._office.market.registry.day
        self._office.market.events.append(
            Event(day, "session", "market_link", code, instrument=instrument, lots=lots, money_fen=fen, note=note)
        )

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain numbers."""
        return {
            code: {
                "gate": gate.state(),
                "year": self._year[code],
                "used": list(self._used[code]),
                "today": list(self._today[code]),
                "quoted": [[list(quote) for quote in side] for side in self._quoted.get(code, ())],
            }
            for code, gate in self._gates.items()
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        for code, saved in state.items():
            self._gates[code].restore(saved["gate"])
            self._year[code] = int(saved["year"])
            self._used[code] = [int(x) for x in saved["used"]]
            self._today[code] = Crossed(*(int(x) for x in saved["today"]))
            self._quoted.pop(code, None)
            if saved["quoted"]:
                asks, bids = ([Quote(int(price), int(lots)) for price, lots in side] for side in saved["quoted"])
                self._quoted[code] = asks, bids


def _is_alone(quotes: list[Quote], price: Int64, lots: Int64) -> bool:
    """Return whether nobody else rests at the prices of some quotes."""
    at = dict(zip(price.tolist(), lots.tolist(), strict=True))
    return all(at.get(quote.price_ticks) == quote.lots for quote in quotes)


def _cut(quotes: list[Quote], largest: int) -> list[Quote]:
    return [quote._replace(lots=min(quote.lots, largest)) for quote in quotes]
