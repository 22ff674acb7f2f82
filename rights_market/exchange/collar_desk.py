"""The government's desk at a price collar: it sells at the ceiling and buys at the floor, after everybody else.

Its orders stand in the book only while an order that reaches the ceiling or the floor is carried out, and enter just
before it: so they come behind all private orders of their price, whenever those arrived, and nothing is created or
frozen that is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.exchange.call_auction import CallAuction
from rights_market.exchange.funding import Funding
from rights_market.exchange.limits import Limits
from rights_market.exchange.negotiated import cost_in
from rights_market.exchange.order_book import OrderBook
from rights_market.exchange.tally import Tally
from rights_market.records import OrderKind, Orders, Receipt, Trades
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.registry.balances import Registry
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

BID, ASK, CANCEL = int(Side.BID), int(Side.ASK), int(OrderKind.CANCEL)
NOBODY = -1
NO_PRICE = 1 << 60
"""Beyond all prices."""


@dataclass(slots=True)
class Pot:
    """What the government can still sell and spend; None stands for no limit.

    Attributes
    ----------
    lots : int or None
        Units not created yet.
    fen : int or None
        Money for purchases.
    """

    lots: int | None
    fen: int | None


class CollarDesk:
    """Trades for the government in the instruments of one right.

    Parameters
    ----------
    registry : Registry
    book : OrderBook
    limits : Limits
        Fees and bands.
    tick_value_fen : ndarray of int64, shape (n_instruments,)
    pot : Pot
    only_compliance : bool
        Whether only accounts with a duty are served.
    keeps_bought : bool
        Whether what was bought is sold again, or cancelled.

    Attributes
    ----------
    floor, ceiling : int
        Prices of the day, ticks.
    sold, bought : dict of int to int
        Lots by instrument since `begin`, for the record.
    """

    def __init__(
        self,
        registry: Registry,
        book: OrderBook,
        limits: Limits,
        tick_value_fen: Int64,
        pot: Pot,
        *,
        only_compliance: bool,
        keeps_bought: bool,
    ) -> None:
        self._registry, self._book, self._limits = registry, book, limits
        self._cost = cost_in(limits, tick_value_fen, "book")
        self.pot = pot
        self.only_compliance, self._keeps_bought = only_compliance, keeps_bought
        self.floor, self.ceiling = 0, 0
        self.sold: dict[int, int] = {}
        self.bought: dict[int, int] = {}
        self._stock: dict[int, int] = {}
        self._is_empty = self._is_spent = False

    def set_prices(self, floor: int, ceiling: int) -> None:
        """Let a floor and a ceiling hold from now on."""
        self.floor, self.ceiling = floor, ceiling

    def begin(self) -> None:
        """Forget what was sold and bought so far."""
        self.sold, self.bought = {}, {}

    def carry_out(self, order: Orders, funding: Funding, tally: Tally, row: int) -> None:
        """Carry out one order that reaches the ceiling or the floor."""
        instrument, side = int(order.instrument[0]), int(order.side[0])
        lots = self._missing(instrument, side, int(order.lots[0]))
        own, anew = self._prepare(instrument, side, lots)
        if not own:
            tally.add(np.array([row]), self._book.submit(order, funding))
            return
        ours = self._own_order(instrument, side, own)
        leaves = self._leaving(instrument, self._book.next_order_id)
        receipt = self._book.submit(Orders.join([ours, order, leaves]), funding)
        tally.add_among(np.array([row]), receipt, np.array([1]))
        self._finish(instrument, side, own, anew, receipt.trades)

    def call(
        self, call: CallAuction, orders: Orders, instruments: Sequence[int], reference_ticks: Int64, funding: Funding
    ) -> Receipt:
        """Hold a call in which the government stands last at its prices.

        Where it can trade all that private orders leave open at its price, the call does not go beyond that price.  At
        one common price an order does not choose whom it meets, so that all who take part are served.
        """
        prepared = []
        price = orders.price_ticks.copy()
        for i in instruments:
            for side in (BID, ASK):
                needed = self._left_open(i, side, orders)
                own, anew = self._prepare(i, side, needed)
                if own:
                    prepared.append((i, side, own, anew))
                if own == needed and (own or (self.sells_at(i) if side == BID else self.buys_at(i))):
                    mine = (orders.instrument == i) & (orders.side == side)
                    edge = np.minimum(price, self.ceiling) if side == BID else np.maximum(price, self.floor)
                    price = np.where(mine, edge, price)
        orders = replace(orders, price_ticks=price)
        ours = Orders.join([self._own_order(i, side, own) for i, side, own, _ in prepared])
        receipt = call.clear(self._book, Orders.join([orders, ours]), reference_ticks, funding)
        n = len(orders)
        for k, (i, side, own, anew) in enumerate(prepared):
            order_id = receipt.first_order_id + n + k
            self._book.submit(self._leaving(i, order_id), funding)
            named = (receipt.trades.maker == order_id) | (receipt.trades.taker == order_id)
            self._finish(i, side, own, anew, receipt.trades.take(np.flatnonzero(named)))
        return Receipt(receipt.first_order_id, receipt.reason[:n], receipt.filled[:n], receipt.trades)

    def _left_open(self, instrument: int, side: int, orders: Orders) -> int:
        """Return the lots of a side that reach the government's price, less what others offer against them there."""
        edge = self.ceiling if side == BID else self.floor
        resting, mine = self._book.resting(instrument), orders.instrument == instrument
        ways = np.concatenate([resting.side, orders.side[mine]])
        price = np.concatenate([resting.price_ticks, orders.price_ticks[mine]])
        lots = np.concatenate([resting.lots, orders.lots[mine]])
        reach = price >= edge if side == BID else price <= edge
        against = price <= edge if side == BID else price >= edge
        return max(0, int(lots[(ways == side) & reach].sum() - lots[(ways != side) & against].sum()))

    def terms(self) -> tuple[Any, ...]:
        """Return all that decides on the government's quotes besides the bands."""
        return self.floor, self.ceiling, self.pot.lots, self.pot.fen, tuple(self._stock.items())

    def sells_at(self, instrument: int) -> int:
        """Return the price at which the government sells now, ticks, 0 if it cannot."""
        can = self.pot.lots is None or self.pot.lots > 0 or self._stock.get(instrument, 0) > 0
        return self.ceiling if can and self._may_quote(instrument, self.ceiling) else 0

    def buys_at(self, instrument: int) -> int:
        """Return the price at which the government buys now, ticks, 0 if it cannot."""
        return self.floor if self._can_pay(instrument) and self._may_quote(instrument, self.floor) else 0

    def ran_out(self) -> list[str]:
        """Return of what nothing is left, ``units`` to sell or ``money`` for a lot, the first time that it is so."""
        empty = self.pot.lots == 0 and not any(self._stock.values())
        spent = self._is_spent or any(done and not self._can_pay(i) for i, done in self.bought.items())
        new = {"units": empty and not self._is_empty, "money": spent and not self._is_spent}
        self._is_empty, self._is_spent = empty, spent
        return [what for what, is_new in new.items() if is_new]

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "lots": -1 if self.pot.lots is None else self.pot.lots,
            "fen": -1 if self.pot.fen is None else self.pot.fen,
            "prices": [self.floor, self.ceiling],
            "stock": sorted(self._stock.items()),
            "flows": [sorted(x.items()) for x in (self.sold, self.bought)],
            "is_empty": self._is_empty,
            "is_spent": self._is_spent,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        lots, fen = int(state["lots"]), int(state["fen"])
        self.pot = Pot(None if lots < 0 else lots, None if fen < 0 else fen)
        self.floor, self.ceiling = (int(x) for x in state["prices"])
        self._stock = {int(i): int(n) for i, n in state["stock"]}
        self.sold, self.bought = ({int(i): int(n) for i, n in x} for x in state["flows"])
        self._is_empty, self._is_spent = bool(state["is_empty"]), bool(state["is_spent"])

    def _can_pay(self, instrument: int) -> bool:
        """Return whether there is money for a lot at the floor."""
        return self.pot.fen is None or self.pot.fen >= self._cost(instrument, self.floor, 1) + 1

    def _missing(self, instrument: int, side: int, lots: int) -> int:
        """Return the lots of an order that private orders up to the ceiling or down to the floor leave open."""
        edge = self.ceiling if side == BID else self.floor
        return lots - self._book.reach(instrument, side, edge, lots, account=NOBODY, low=0, high=NO_PRICE)[0]

    def _prepare(self, instrument: int, side: int, lots: int) -> tuple[int, int]:
        """Return the lots that the government trades, and the lots or the money that it needed anew for them."""
        if not lots or not self._may_quote(instrument, self.ceiling if side == BID else self.floor):
            return 0, 0
        if side == ASK:
            return self._prepare_purchase(instrument, lots)
        stock = self._stock.get(instrument, 0)
        new = max(0, lots - stock) if self.pot.lots is None else min(max(0, lots - stock), self.pot.lots)
        if new:
            self._registry.issue(instrument, GOVERNMENT_ACCOUNT, new)
            self._change_lots(-new)
        return min(lots, stock) + new, new

    def _prepare_purchase(self, instrument: int, lots: int) -> tuple[int, int]:
        def cover(n: int) -> int:
            return self._cost(instrument, self.floor, n) + 1 if n else 0

        if self.pot.fen is not None and cover(lots) > self.pot.fen:
            low, high = 0, lots
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if cover(middle) <= self.pot.fen else (low, middle)
            lots = low
        paid = cover(lots)
        if paid:
            self._registry.deposit(GOVERNMENT_ACCOUNT, paid)
        return lots, paid

    def _finish(self, instrument: int, side: int, own: int, anew: int, trades: Trades) -> None:
        """Take back what was prepared and not used; `trades` are those of the government's order, and others."""
        ours = (trades.seller if side == BID else trades.buyer) == GOVERNMENT_ACCOUNT
        price, lots = trades.price_ticks[ours], trades.lots[ours]
        done = int(lots.sum())
        if side == BID:
            self.sold[instrument] = self.sold.get(instrument, 0) + done
            unsold = min(own - done, anew)
            self._stock[instrument] = self._stock.get(instrument, 0) + anew - done - unsold
            if unsold:
                self._registry.cancel(instrument, GOVERNMENT_ACCOUNT, unsold)
                self._change_lots(unsold)
            return
        # One order, whose fee follows from its whole value.
        spent = self._cost(instrument, 1, int((price * lots).sum())) if done else 0
        self._registry.withdraw(GOVERNMENT_ACCOUNT, anew - spent)
        if self.pot.fen is not None:
            self.pot.fen -= spent
        self.bought[instrument] = self.bought.get(instrument, 0) + done
        if done and self._keeps_bought:
            self._stock[instrument] = self._stock.get(instrument, 0) + done
        elif done:
            self._registry.cancel(instrument, GOVERNMENT_ACCOUNT, done)

    def _own_order(self, instrument: int, side: int, lots: int) -> Orders:
        """Return the government's order against orders of a side."""
        if side == BID:
            return Orders.of(GOVERNMENT_ACCOUNT, instrument, ASK, self.ceiling, lots)
        return Orders.of(GOVERNMENT_ACCOUNT, instrument, BID, self.floor, lots)

    def _leaving(self, instrument: int, order_id: int) -> Orders:
        """Return what withdraws the rest of the government's order."""
        return Orders.of(GOVERNMENT_ACCOUNT, instrument, BID, 0, 0, kind=CANCEL, target=order_id)

    def _may_quote(self, instrument: int, price: int) -> bool:
        return bool(self._limits.band_low[instrument] <= price <= self._limits.band_high[instrument])

    def _change_lots(self, lots: int) -> None:
        if self.pot.lots is not None:
            self.pot.lots += lots
