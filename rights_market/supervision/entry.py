"""Who may enter which orders: admission, suspensions, sizes of orders and holding limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange.commitments import Commitments
from rights_market.exchange.gate import NO_LIMIT, Room, allot, judge
from rights_market.exchange.order_book import OrderBook
from rights_market.exchange.tally import Tally
from rights_market.records import Orders, Reason
from rights_market.registry.accounts import AccountKind
from rights_market.registry.balances import Registry
from rights_market.registry.obligations import Obligations
from rights_market.rulebook import RuleBook
from rights_market.supervision.holdings import Holdings
from rights_market.supervision.suspensions import Suspensions
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

BID = int(Side.BID)
CLASS_OF = {
    AccountKind.COMPLIANCE: "compliance",
    AccountKind.INSTITUTION: "institution",
    AccountKind.BANK: "institution",
    AccountKind.PROJECT: "institution",
    AccountKind.INDIVIDUAL: "individual",
    AccountKind.MARKET_MAKER: "market_maker",
}
"""Class of each kind of account, as rules of admission name them."""


class Entry:
    """Lets orders in, refuses them or cuts them to what may still be held.

    Parameters
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, book : Registry, OrderBook
    obligations : callable
        Returns what accounts were allocated and owe.
    commitments : Commitments
        What offers beside the books would buy.

    Attributes
    ----------
    holdings : Holdings
        What accounts may still buy under holding limits.
    suspensions : Suspensions
        Who may not sell, or only buy what it owes.
    """

    def __init__(
        self,
        rules_of: Sequence[RuleBook | Credit],
        registry: Registry,
        book: OrderBook,
        obligations: Callable[[], Obligations],
        commitments: Commitments,
    ) -> None:
        self._rules_of, self._registry = rules_of, registry
        self.holdings = Holdings(rules_of, registry, book, obligations, commitments)
        self._max_lots = np.array(
            [NO_LIMIT if r.listed is None else r.listed.max_lots for r in rules_of], dtype=np.int64
        )
        self._trims = np.array([r.holding_limit is not None and r.holding_limit.trim for r in rules_of], np.bool_)
        self._has_rules = any(
            r.listed is not None or r.admission is not None or r.holding_limit is not None for r in rules_of
        )
        self._on = date.min
        self._who_may: dict[tuple[str, int], tuple[Bool, Bool]] = {}
        self.suspensions = Suspensions(rules_of, registry, book, obligations)

    def suspend(self, no_sales: Int64, only_cover: Int64) -> None:
        """Suspend these accounts, and no others, from now on, in whatever mode of trade."""
        self.suspensions.suspend(no_sales, only_cover)
        self._who_may = {}

    def open_day(self, on: date) -> None:
        """Prepare for a day."""
        self._on, self._who_may = on, {}
        self.holdings.open_day()
        self.suspensions.open_day(on)

    def admit(self, orders: Orders) -> tuple[Orders, Tally | None, Rows]:
        """Return the orders that may go on, a tally if some may not, and the rows of those that may."""
        everyone = np.arange(len(orders))
        if not (self._has_rules or self.suspensions):
            return orders, None, everyone
        # Rows that name nobody or nothing are for the book to refuse.
        known = (orders.instrument >= 0) & (orders.instrument < len(self._rules_of))
        known &= (orders.account >= 0) & (orders.account < len(self._registry.accounts))
        rows = np.flatnonzero(known)
        reason, lots = self._judge(orders if known.all() else orders.take(rows))
        if known.all() and not reason.any() and np.array_equal(lots, orders.lots):
            return orders, None, everyone
        tally = Tally(len(orders))
        tally.refuse(rows, reason)
        open_to = np.ones(len(orders), np.bool_)
        open_to[rows] = reason == Reason.ACCEPTED
        cut = orders.lots.copy()
        cut[rows] = lots
        kept = np.flatnonzero(open_to)
        return replace(orders, lots=cut).take(kept), tally, kept

    def refuse(self, order: Orders) -> Reason:
        """Return why one order may not enter the book, or ACCEPTED; an order that would be trimmed is refused."""
        reason, lots = self._judge(order)
        if reason[0] == Reason.ACCEPTED and lots[0] < order.lots[0]:
            return Reason.HOLDING_LIMIT
        return Reason(int(reason[0]))

    def turned_away(self, orders: Orders) -> Bool:
        """Return which orders of accounts and instruments that exist may not enter as they are."""
        reason, lots = self._judge(orders)
        return np.asarray((reason != Reason.ACCEPTED) | (lots < orders.lots))

    def admitted(self, mode: str) -> tuple[Bool, Bool]:
        """Return who may buy and who may sell what today, each of shape (n_instruments, n_accounts)."""
        kinds = self._registry.accounts.kinds
        key = mode, len(kinds)
        if key not in self._who_may:
            may = np.ones((2, len(self._rules_of), max(AccountKind) + 1), np.bool_)
            for i, rules in enumerate(self._rules_of):
                if rules.admission is not None:
                    for kind, name in CLASS_OF.items():
                        may[:, i, kind] = rules.admission.may(name, self._on, mode)  # type: ignore[arg-type]
            may_buy, may_sell = may[0][:, kinds], may[1][:, kinds]
            may_sell[:, self.suspensions.no_sales] = False
            self._who_may[key] = may_buy, may_sell
        return self._who_may[key]

    def may_enter(self, account: Int64, instrument: Int64, side: npt.NDArray[np.int8]) -> Bool:
        """Return whether accounts are admitted to the books on a side."""
        may_buy, may_sell = self.admitted("book")
        return np.asarray(np.where(side == BID, may_buy[instrument, account], may_sell[instrument, account]))

    def wanted_in_blocks(self, account: Int64, instrument: int, lots: Int64) -> Int64:
        """Return the lots that accounts may buy in blocks: none without admission, at most what a limit leaves."""
        may = self.admitted("block")[0][instrument, account]
        where = np.full(len(account), instrument, np.int64)
        return allot(where, account, np.where(may, lots, 0), self.rooms())

    def rooms(self) -> list[Room]:
        """Return what accounts may still buy under holding limits and, for those who may only cover, what they owe."""
        rooms, cover = self.holdings.rooms(), self.suspensions.headroom()
        if cover is None:
            return rooms
        return [*rooms, Room(cover, np.arange(cover.size).reshape(cover.shape))]

    def headroom(self) -> Int64:
        """Return the lots that may still be bought, `NO_LIMIT` without a limit, shape (n_instruments, n_accounts).

        The tightest of what holding limits leave and, for those who may only cover, what they owe.
        """
        return np.asarray(np.minimum.reduce([room.lots for room in self.rooms()]))

    def headroom_of(self, account: Int64, instrument: Int64) -> Int64:
        """Return the headroom of some accounts and instruments; worked out only where a limit concerns them."""
        if not self.holdings.has_limit(instrument) and self.suspensions.headroom() is None:
            return np.full(np.broadcast(account, instrument).shape, NO_LIMIT, np.int64)
        return np.asarray(self.headroom()[instrument, account])

    def largest_order(self, instrument: Rows) -> Int64:
        """Return the largest order of each instrument, lots."""
        return np.asarray(self._max_lots[instrument])

    def _judge(self, orders: Orders) -> tuple[npt.NDArray[np.int8], Int64]:
        may_buy, may_sell = self.admitted("book")
        cover = self.suspensions.headroom()
        if cover is not None:
            may_buy = may_buy & (cover > 0)
        return judge(orders, may_buy, may_sell, self._max_lots, self.rooms(), self._trims)
