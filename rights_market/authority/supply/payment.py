"""Delivery versus payment: who cannot pay for what it won gets nothing, and loses what it put up."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.clearing import Cleared
from rights_market.exchange.auction_result import AuctionResult
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT

Int64 = npt.NDArray[np.int64]


class Paid(NamedTuple):
    """Awards that their winners can pay; all of shape (n,).

    Attributes
    ----------
    account, awards, paid_ticks : ndarray of int64
        As in the result of the auction; 0 lots for those who cannot pay.
    """

    account: Int64
    awards: Int64
    paid_ticks: Int64

    @classmethod
    def won(cls, result: AuctionResult) -> Self:
        """Return all awards, as if their winners had paid."""
        return cls(result.account.astype(np.int64), result.awards, result.paid_ticks)

    @property
    def sold(self) -> int:
        """Lots sold."""
        return int(self.awards.sum())

    @property
    def value_tick_lots(self) -> int:
        """Revenue in the value of one lot at one tick."""
        return int(self.awards @ self.paid_ticks)


def collect(office: Office, matter: Matter, kind: str, cleared: Cleared) -> Paid:
    """Strike out winners whose cash does not cover what they owe; their lots count as unsold.

    What such a winner has put up as a guarantee goes to the government.
    """
    result = cleared.result
    account = result.account.astype(np.int64)
    tick_value = office.books[matter.right].right.tick_value_fen
    due = np.zeros(len(office.market.accounts), np.int64)
    np.add.at(due, account, result.awards * result.paid_ticks * tick_value)
    poor = np.flatnonzero(due > office.market.registry.cash)
    for who in poor.tolist():
        lots = int(result.awards[account == who].sum())
        lost = 0
        if cleared.limits is not None:
            deposit = cleared.limits.deposit_fen(who, cleared.bid_value.get(who, 0) * tick_value)
            lost = min(deposit, int(office.market.registry.cash[who]))
            office.market.registry.pay(who, GOVERNMENT_ACCOUNT, lost)
        office.note(matter, kind, "payment_failed", account=who, lots=lots, money_fen=lost)
    return Paid(account, np.where(np.isin(account, poor), 0, result.awards), result.paid_ticks)
