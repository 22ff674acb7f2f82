"""Consigned lots: which firm's lots wait for which auction, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.policies.auction import Consignment
from rights_market.registry.accounts import CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tranche:
    """Lots of one consignor that wait for one auction.

    Attributes
    ----------
    account, instrument : int
    due : int
        Number of the auction in which they are offered.
    lots : int
    rolls : int
        How often they have stayed unsold.
    """

    account: int
    instrument: int
    due: int
    lots: int
    rolls: int = 0


class Consigned:
    """The queue of consigned lots of one right; they lie on the clearing account.

    Parameters
    ----------
    office : Office
    rule : Consignment
    """

    def __init__(self, office: Office, rule: Consignment) -> None:
        self._office, self.rule = office, rule
        self.queue: list[Tranche] = []

    def take(self, matter: Matter, issued: Int64, auctions: Sequence[int]) -> None:
        """Take the share of newly issued lots that is to be consigned, spread evenly over auctions.

        Parameters
        ----------
        issued : ndarray of int64, shape (n_firms,)
        auctions : sequence of int
            Numbers of the period's auctions that are still to come.
        """
        lots, accounts = self.rule.consigned(issued), self._office.accounts
        if not lots.any():
            return
        if not auctions:
            self._office.note(matter, self.rule.kind, "rule_unmet", lots=int(lots.sum()), note="no auction left")
            return
        self._office.market.registry.transfer(matter.instrument, accounts, CLEARING_ACCOUNT, lots)
        self._office.note_each(matter, self.rule.kind, "consigned", accounts, lots)
        for account, n in zip(accounts.tolist(), lots.tolist(), strict=True):
            for due, part in zip(auctions, largest_remainder(n, [1] * len(auctions)), strict=True):
                if part:
                    self.queue.append(Tranche(account, matter.instrument, due, part))

    def offered(self, due: int) -> tuple[Int64, Int64]:
        """Return the consignors of an auction, lowest account first, and the lots of each."""
        found: dict[int, int] = {}
        for t in self.queue:
            if t.due == due:
                found[t.account] = found.get(t.account, 0) + t.lots
        accounts = sorted(found)
        return np.array(accounts, np.int64), np.array([found[a] for a in accounts], np.int64)

    def deliver(self, instrument: int, lots: int) -> None:
        """Hand lots that were sold to the government, in whose name all lots of an auction are delivered."""
        self._office.market.registry.transfer(instrument, CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT, lots)

    def pay(self, matter: Matter, accounts: Int64, lots: Int64, revenue_fen: Sequence[int]) -> int:
        """Pay consignors what their lots fetched, less the fee, and return the sum, fen."""
        fen = np.array([self.rule.proceeds_fen(x) for x in revenue_fen], np.int64)
        rows = np.flatnonzero(fen)
        self._office.market.registry.pay(GOVERNMENT_ACCOUNT, accounts[rows], fen[rows])
        self._office.note_each(matter, self.rule.kind, "consign_paid", accounts, lots, fen)
        self._office.primary.note(matter.instrument, accounts, lots)
        return int(fen.sum())

    def settle(self, matter: Matter, due: int, accounts: Int64, sold: Int64, following: int | None) -> None:
        """Move what stayed unsold to the next auction, or back to its owner.

        Parameters
        ----------
        due : int
            Number of the auction.
        accounts, sold : ndarray of int64, shape (n,)
            Consignors and what each sold; the lots that have waited longest are sold first.
        following : int or None
            Number of the period's next auction; None after the last, when all goes back.
        """
        left = dict(zip(accounts.tolist(), sold.tolist(), strict=True))
        waiting = sorted(self.queue, key=lambda t: -t.rolls)
        self.queue = []
        for t in waiting:
            if t.due != due:
                self.queue.append(t)
                continue
            gone = min(t.lots, left[t.account])
            left[t.account] -= gone
            if t.lots > gone:
                self._again(matter, replace(t, lots=t.lots - gone, rolls=t.rolls + 1), following)

    def give_back(self, matter: Matter, accounts: Int64, lots: Int64, following: int | None) -> None:
        """Offer lots again that were sold and not paid for, or return them to their owners.

        Parameters
        ----------
        accounts, lots : ndarray of int64, shape (n,)
        following : int or None
            Number of the period's next auction; None: there is none.
        """
        for account, n in zip(accounts.tolist(), lots.tolist(), strict=True):
            if n:
                self._again(matter, Tranche(account, matter.instrument, -1, n, rolls=1), following)

    def withdraw(self, matter: Matter, account: int) -> int:
        """Return what one firm has in the queue to it, and return the lots."""
        own = [t for t in self.queue if t.account == account]
        self.queue = [t for t in self.queue if t.account != account]
        for t in own:
            self._office.market.registry.transfer(t.instrument, CLEARING_ACCOUNT, account, t.lots)
        lots = sum(t.lots for t in own)
        if lots:
            self._office.note(matter, self.rule.kind, "consign_withdrawn", account=account, lots=lots)
        return lots

    def _again(self, matter: Matter, rest: Tranche, following: int | None) -> None:
        """Put lots into the queue of the next auction, or return them where they have waited long enough."""
        if following is not None and rest.rolls <= self.rule.max_rollovers:
            self.queue.append(replace(rest, due=following))
            return
        self._office.market.registry.transfer(rest.instrument, CLEARING_ACCOUNT, rest.account, rest.lots)
        self._office.note(matter, self.rule.kind, "consign_returned", account=rest.account, lots=rest.lots)

    def state(self) -> list[tuple[int, ...]]:
        """Return the queue as plain numbers."""
        return [astuple(t) for t in self.queue]

    def restore(self, state: Sequence[Sequence[int]] | Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        self.queue = [Tranche(*(int(x) for x in row)) for row in state]
