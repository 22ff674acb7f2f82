"""What every deal beside the books has to keep: who may deal in what, at which price, and how it is settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rights_market.credit import Credit
from rights_market.exchange import negotiated
from rights_market.exchange.charges import Way
from rights_market.exchange.commitments import Commitments
from rights_market.exchange.limits import Limits
from rights_market.exchange.tape import Tape
from rights_market.policies.trading import Range
from rights_market.policies.trading.admission import Mode as Admitted
from rights_market.records import Event, Mode, Reason, Trades
from rights_market.registry.balances import Registry
from rights_market.rulebook import RuleBook
from rights_market.supervision import Supervision
from rights_market.units import Side

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Floor:
    """The departments of a market that a deal beside the books needs.

    Attributes
    ----------
    rules_of : sequence of RuleBook or Credit
        Rules of each instrument.
    registry, limits, tape, commitments : Registry, Limits, Tape, Commitments
    tick_value_fen : ndarray of int64, shape (n_instruments,)
    is_open : ndarray of bool, shape (n_instruments,)
        Which instruments are traded now; the market's own array.
    supervision : Supervision
        Rules between orders and books.
    events : list of Event
        Written to.
    rejected : ndarray of int64, shape (n_reasons,)
        Refusals so far, counted on.
    write : callable
        Writes trades of a mode on the tape; they are published so many days later.
    """

    rules_of: Sequence[RuleBook | Credit]
    registry: Registry
    limits: Limits
    tape: Tape
    commitments: Commitments
    tick_value_fen: Int64
    is_open: Bool
    supervision: Supervision
    events: list[Event]
    rejected: Int64
    write: Callable[[Mode, Trades, int], None]

    def is_paused(self, instrument: int) -> bool:
        """Return whether a breaker lets an instrument rest now."""
        return bool(self.supervision.rests(np.array([instrument]))[0])

    def refuse_price(self, instrument: int, price_ticks: int, allowed: Range) -> Reason:
        """Return why a price may not be agreed, or ACCEPTED; collars and floors narrow what a rule allows."""
        if not 1 <= price_ticks <= self.rules_of[instrument].right.max_price_ticks:
            return Reason.OUTSIDE_PRICE_RANGE
        low, high = self.supervision.clip(instrument, allowed.low, allowed.high)
        return Reason.ACCEPTED if low <= price_ticks <= high else Reason.OUTSIDE_PRICE_LIMIT

    def refuse_party(self, mode: Admitted, account: int, instrument: int, side: Side, lots: int) -> Reason:
        """Return why an account may not buy or sell so many lots in a mode, or ACCEPTED."""
        if not 0 <= account < len(self.registry.accounts) or not self.registry.accounts.is_open[account]:
            return Reason.UNKNOWN_ACCOUNT
        if not self.supervision.may_deal(mode, account, instrument, side):
            return Reason.NOT_ADMITTED
        at = np.array([account]), np.array([instrument])
        if side is Side.BID and lots > int(self.supervision.headroom(*at)[0]):
            return Reason.HOLDING_LIMIT
        return Reason.ACCEPTED

    def cost_fen(self, way: Way, instrument: int, price_ticks: int, lots: int) -> int:
        """Return what a buyer pays in a way of trading, fee included, fen."""
        return negotiated.cost_in(self.limits, self.tick_value_fen, way)(instrument, price_ticks, lots)

    def saleable(self, instrument: int, account: int) -> int:
        """Return the free lots of an account that it may sell today."""
        return int(self.registry.free[instrument, account] - self.registry.locked[instrument, account])

    def refuse_cover(self, instrument: int, account: int, lots: int) -> Reason:
        """Return why an account cannot deliver lots, or ACCEPTED."""
        if self.saleable(instrument, account) >= lots:
            return Reason.ACCEPTED
        is_locked = self.registry.free[instrument, account] >= lots
        return Reason.RESALE_BAN if is_locked else Reason.INSUFFICIENT_HOLDINGS

    def settle(self, way: Way, instrument: int, seller: Int64, buyer: Int64, price_ticks: Int64, lots: Int64) -> Trades:
        """Deliver lots against money, row by row, with both fees."""
        at = np.full(len(lots), instrument, np.int64)
        columns = at, seller, buyer, price_ticks, lots
        return negotiated.settle(self.registry, self.limits, self.tick_value_fen, *columns, way)

    def refuse(self, reason: Reason, event: Event) -> Reason:
        """Count a refusal and write it down with its reason in words."""
        self.rejected[reason] += 1
        self.events.append(replace(event, note=reason.name.lower()))
        return reason
