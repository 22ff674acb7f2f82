"""The mechanism of a gateway: what the outside market has behind its quotes, and what crossed the border.

Units that come in are issued, units that go out are cancelled; the money for them comes from the outside and goes
there.  Selling and buying have an account each, so that what the gateway bought is never sold on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.records import OrderKind, Orders
from rights_market.registry.balances import Registry
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]

NO_INSTRUMENT = -1


class Crossed(NamedTuple):
    """What crossed the border since the last look.

    Attributes
    ----------
    lots_in, fen_in : int
        Lots that came in, and what was paid for them, trading fee taken off.
    lots_out, fen_out : int
        Lots that went out, and what they cost, trading fee included.
    """

    lots_in: int = 0
    fen_in: int = 0
    lots_out: int = 0
    fen_out: int = 0

    def plus(self, other: Crossed) -> Crossed:
        """Return the sum of two."""
        return Crossed(*(a + b for a, b in zip(self, other, strict=True)))


class Gateway:
    """Stock of the outside market in one instrument at a time.

    Parameters
    ----------
    registry : Registry
    seller, buyer : int
        Accounts of the outside market.
    """

    def __init__(self, registry: Registry, seller: int, buyer: int) -> None:
        self._registry = registry
        self.seller, self.buyer = seller, buyer
        self._instrument = NO_INSTRUMENT
        self._lots = self._fen = self._held = 0
        self._orders: list[tuple[int, int]] = []

    @property
    def instrument(self) -> int:
        """Instrument in which it has a stock, -1 for none."""
        return self._instrument

    def live(self) -> tuple[npt.NDArray[np.int32], Int64]:
        """Return account and id of each of its orders that may still rest."""
        pairs = np.array(self._orders, np.int64).reshape(-1, 2)
        return pairs[:, 0].astype(np.int32), pairs[:, 1]

    def has_orders(self) -> bool:
        """Return whether anything stands behind an order of its accounts."""
        i, registry = self._instrument, self._registry
        return i != NO_INSTRUMENT and bool(registry.frozen[i, self.seller] or registry.cash_frozen[self.buyer])

    def is_untouched(self) -> bool:
        """Return whether all of its stock still stands behind its orders: nothing was traded since they were sent."""
        i, registry = self._instrument, self._registry
        return (
            bool(self._orders)
            and int(registry.frozen[i, self.seller]) == self._lots
            and int(registry.free[i, self.buyer]) == int(registry.cash[self.seller]) == 0
        )

    def settle(self) -> Crossed:
        """Hand over what was traded since the stock was made; to be called once no order rests any more."""
        i, registry = self._instrument, self._registry
        self._orders = []
        if i == NO_INSTRUMENT:
            return Crossed()
        sold = self._lots - int(registry.free[i, self.seller])
        # Of what is held back after sales, that of earlier looks was counted then.
        free, held = int(registry.cash[self.seller]), int(registry.held[self.seller])
        earned, self._held = free + held - self._held, held
        bought = int(registry.free[i, self.buyer])
        spent = self._fen - int(registry.cash[self.buyer])
        registry.cancel(i, self.buyer, bought)
        registry.withdraw(self.seller, free)
        self._lots -= sold
        self._fen -= spent
        return Crossed(sold, earned, bought, spent)

    def stock(self, instrument: int, lots: int, fen: int) -> None:
        """Bring the stock to so many lots to sell and so much money to buy with; call `settle` before."""
        if instrument != self._instrument and self._instrument != NO_INSTRUMENT:
            self._registry.cancel(self._instrument, self.seller, self._lots)
            self._lots = 0
        self._registry.issue(instrument, self.seller, max(0, lots - self._lots))
        self._registry.cancel(instrument, self.seller, max(0, self._lots - lots))
        self._registry.deposit(self.buyer, max(0, fen - self._fen))
        self._registry.withdraw(self.buyer, max(0, self._fen - fen))
        self._instrument, self._lots, self._fen = instrument, lots, fen

    def orders(self, asks: Sequence[tuple[int, int]], bids: Sequence[tuple[int, int]]) -> Orders:
        """Return the orders for quotes, pairs of price in ticks and lots."""
        rows = [(self.seller, Side.ASK, *q) for q in asks] + [(self.buyer, Side.BID, *q) for q in bids]
        account, side, price, lots = zip(*rows, strict=True)
        return Orders.of(account, self._instrument, side, price, lots, kind=OrderKind.LIMIT)

    def note_orders(self, orders: Orders, order_ids: Int64) -> None:
        """Note which orders were sent, and the ids under which they rest."""
        self._orders = list(zip(orders.account.tolist(), order_ids.tolist(), strict=True))

    def state(self) -> dict[str, Any]:
        """Return everything that changes."""
        return {
            "instrument": self._instrument,
            "lots": self._lots,
            "fen": self._fen,
            "held": self._held,
            "orders": list(self._orders),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self._instrument, self._lots = int(state["instrument"]), int(state["lots"])
        self._fen, self._held = int(state["fen"]), int(state["held"])
        self._orders = [(int(account), int(order)) for account, order in state["orders"]]
