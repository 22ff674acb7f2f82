"""What was won in auctions and is to be delivered and paid some trading days later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.clearing import Cleared
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT

Int64 = npt.NDArray[np.int64]

_ARRAYS = ("account", "awards", "paid_ticks", "guarantors", "guarantee_fen", "consignors", "consigned", "offered")
_NUMBERS = ("due", "row", "vintage", "government", "waiting", "auction", "year")


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """What one auction awarded.

    Attributes
    ----------
    due : int
        Trading day of delivery.
    row : int
        Row of the auction among the results.
    vintage, auction, year : int
        What was sold, in which auction by number (-1: in advance, beside one), and its calendar year.
    account, awards, paid_ticks : ndarray of int64, shape (n_bids,)
        As in the result of the auction.
    guarantors, guarantee_fen : ndarray of int64, shape (n,)
        Money that winners have put up, set aside until they pay.
    government : int
        Lots offered for the government.
    waiting : int
        Lots drawn from reserves that lie on the government's account; the rest of its lots is issued at delivery.
    consignors, consigned, offered : ndarray of int64, shape (n_consignors,)
        Consigned lots that were sold and that were offered.
    """

    due: int
    row: int
    vintage: int
    auction: int
    year: int
    account: Int64
    awards: Int64
    paid_ticks: Int64
    guarantors: Int64
    guarantee_fen: Int64
    government: int
    waiting: int
    consignors: Int64
    consigned: Int64
    offered: Int64

    @property
    def lots(self) -> int:
        """All lots awarded."""
        return int(self.awards.sum())


class Deliveries:
    """Awards of one right that wait for their delivery, and the money put up for them.

    Parameters
    ----------
    office : Office
    right : str
        Code of the right.

    Attributes
    ----------
    waiting : list of Award
    """

    def __init__(self, office: Office, right: str) -> None:
        self._office, self._right = office, right
        self.waiting: list[Award] = []

    def set_aside(self, cleared: Cleared) -> tuple[Int64, Int64]:
        """Set aside what winners have put up as a guarantee, and return their accounts and the money, fen."""
        none = np.zeros(0, np.int64)
        if cleared.limits is None:
            return none, none
        result, registry = cleared.result, self._office.market.registry
        winners = np.unique(result.account[result.awards > 0]).astype(np.int64)
        put_up = [
            cleared.limits.deposit_fen(a, cleared.bid_value.get(a, 0) * self._tick_value) for a in winners.tolist()
        ]
        fen = np.minimum(np.array(put_up, np.int64), registry.cash[winners])
        registry.freeze_cash(winners, fen)
        return winners, fen

    def due(self, day: int) -> list[Award]:
        """Take out the awards that are to be delivered by a day, in the order of their auctions."""
        now = [award for award in self.waiting if award.due <= day]
        self.waiting = [award for award in self.waiting if award.due > day]
        return now

    def collect(self, matter: Matter, kind: str, award: Award) -> Int64:
        """Give back what was put up, strike out winners who cannot pay now, and return the lots that are left.

        Such a winner loses what it had put up.

        Returns
        -------
        ndarray of int64, shape (n_bids,)
        """
        registry = self._office.market.registry
        registry.release_cash(award.guarantors, award.guarantee_fen)
        owed = self._owed_fen(award)
        poor = np.flatnonzero(owed > registry.cash)
        put_up = dict(zip(award.guarantors.tolist(), award.guarantee_fen.tolist(), strict=True))
        for who in poor.tolist():
            lost, lots = put_up.get(who, 0), int(award.awards[award.account == who].sum())
            registry.pay(who, GOVERNMENT_ACCOUNT, lost)
            self._office.note(matter, kind, "payment_failed", account=who, lots=lots, money_fen=lost)
        return np.where(np.isin(award.account, poor), 0, award.awards)

    def awaited_lots(self, vintage: int) -> Int64:
        """Return what each account has won of a vintage and not received yet, lots, shape (n_accounts,)."""
        lots = np.zeros(len(self._office.market.accounts), np.int64)
        for award in self.waiting:
            if award.vintage == vintage:
                np.add.at(lots, award.account, award.awards)
        return lots

    def owed_fen(self) -> Int64:
        """Return what each account has still to pay beyond what it has put up, fen, shape (n_accounts,)."""
        owed = np.zeros(len(self._office.market.accounts), np.int64)
        for award in self.waiting:
            due = self._owed_fen(award)
            np.subtract.at(due, award.guarantors, award.guarantee_fen)
            owed += np.maximum(due, 0)
        return owed

    def _owed_fen(self, award: Award) -> Int64:
        owed = np.zeros(len(self._office.market.accounts), np.int64)
        np.add.at(owed, award.account, award.awards * award.paid_ticks * self._tick_value)
        return owed

    @property
    def _tick_value(self) -> int:
        return self._office.books[self._right].right.tick_value_fen

    def state(self) -> list[dict[str, Any]]:
        """Return the awards as plain arrays and numbers."""
        return [
            {name: getattr(a, name) for name in _NUMBERS} | {name: getattr(a, name).copy() for name in _ARRAYS}
            for a in self.waiting
        ]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Put back what `state` returned."""
        self.waiting = []
        for row in state:
            fields: dict[str, Any] = {name: int(row[name]) for name in _NUMBERS}
            fields |= {name: np.array(row[name]) for name in _ARRAYS}
            self.waiting.append(Award(**fields))
