"""How firms bid: in sealed auctions, on clocks that rise or fall, and for reserves at fixed prices.

A firm wants what it expects to lack.  It splits this into three parts, of which it values one a little above and one a
little below what a unit is worth to it, and goes as far as its cash does.  Where it pays what it bids, it bids less
than its value: half of what it would gain over the market price it keeps.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rights_market.authority.supply import ReserveBids
from rights_market.exchange.sealed_bid import SealedBids
from rights_market.policies.auction import Auction, PayAsBid

Floats = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]

STEPS = ((1.05, 1 / 3), (1.0, 1 / 3), (0.95, 1 / 3))
"""Bids of a firm: price relative to its value, and the part of its need."""
SHADE = 0.5
"""Part of its gain over the market price that a firm keeps where it pays its own bid."""


@dataclass(slots=True)
class FirmBidders:
    """The firms that lack units of a right and would pay for them; arrays of shape (n,).

    Attributes
    ----------
    firms : ndarray of int64
        Accounts.
    lack : ndarray of float64
        Lots that each expects to lack.
    value : ndarray of float64
        What a lot is worth to each, ticks.
    ceiling : ndarray of float64
        What each would rather pay than miss a lot at the deadline, ticks.
    budget : ndarray of float64
        Cash of each, in the value of one lot at one tick.
    market_ticks : float
        Latest price in the market.
    lot_size, max_price_ticks : int
    pays_claims : bool
        Whether claims on a falling clock pay their own price.
    """

    firms: Ints
    lack: Floats
    value: Floats
    ceiling: Floats
    budget: Floats
    market_ticks: float
    lot_size: int
    max_price_ticks: int
    pays_claims: bool = True
    _claimed: Ints = field(init=False)
    _spent: Ints = field(init=False)

    def __post_init__(self) -> None:
        self._claimed = np.zeros(len(self.firms), np.int64)
        self._spent = np.zeros(len(self.firms), np.int64)

    @property
    def accounts(self) -> Int32:
        """Account of each bidder on a clock."""
        return self.firms.astype(np.int32)

    def sealed(self, terms: Auction) -> SealedBids:
        """Return three bids of each firm, the highest first, as far as its cash goes."""
        value = self._shaded() if isinstance(terms, PayAsBid) else self.value
        rows: list[tuple[int, int, int]] = []
        for firm, account in enumerate(self.firms.tolist()):
            left = float(self.budget[firm])
            for factor, part in STEPS:
                price = max(1, round(float(value[firm]) * factor))
                lots = min(int(self.lack[firm] * part), int(left / price)) // self.lot_size * self.lot_size
                if lots > 0:
                    rows.append((account, min(price, self.max_price_ticks), lots))
                    left -= price * lots
        return SealedBids.of(rows)

    def demand(self, price_ticks: int, excess: int | None) -> Ints:
        """Return what each firm wants at a price: the parts that it values as much, as far as its cash goes."""
        return self._wanted(self.value, price_ticks, self.budget)

    def shot(self, price_ticks: int, lots: Ints) -> Ints:
        """Return one bid of each firm for what it still wants, between the clock and its value."""
        gain = np.maximum(self.value - price_ticks, 0.0)
        affordable = self.budget / np.maximum(lots, 1)
        bid = np.minimum(price_ticks + SHADE * gain, np.minimum(affordable, self.max_price_ticks))
        return np.maximum(np.floor(bid), price_ticks).astype(np.int64)

    def claim(self, price_ticks: int, left: int) -> Ints:
        """Return what each firm claims beyond what it has claimed before."""
        value = self._shaded() if self.pays_claims else self.value
        wanted = self._wanted(
            value, price_ticks, np.maximum(self.budget - self._spent, 0.0) + self._claimed * price_ticks
        )
        further = np.maximum(wanted - self._claimed, 0)
        self._claimed += further
        self._spent += further * price_ticks
        return further

    def reserve_bids(self, prices: tuple[int, ...]) -> ReserveBids:
        """Return what each firm wants of a reserve, up to the highest tier that is not dearer than what else it can do.

        It can buy in the market, or go without and bear what that costs.
        """
        worth = np.minimum(np.maximum(self.value, self.market_ticks), np.maximum(self.ceiling, self.value))
        tier = (np.array(prices)[:, np.newaxis] <= worth).sum(axis=0) - 1
        dearest = np.array(prices)[np.maximum(tier, 0)]
        lots = np.minimum(np.ceil(self.lack), np.floor(self.budget / dearest)).astype(np.int64)
        rows = np.flatnonzero((tier >= 0) & (lots > 0))
        return ReserveBids(self.firms[rows], lots[rows], tier[rows].astype(np.int64))

    def ceiling_bids(self, price_ticks: int) -> ReserveBids:
        """Return what each firm wants at a ceiling price: all that it lacks, if to go without costs more."""
        lots = np.minimum(np.ceil(self.lack), np.floor(self.budget / price_ticks)).astype(np.int64)
        rows = np.flatnonzero((np.maximum(self.ceiling, self.value) >= price_ticks) & (lots > 0))
        return ReserveBids(self.firms[rows], lots[rows], np.zeros(len(rows), np.int64))

    def _shaded(self) -> Floats:
        return np.asarray(self.value - SHADE * np.maximum(self.value - self.market_ticks, 0.0))

    def _wanted(self, value: Floats, price_ticks: int, budget: Floats) -> Ints:
        wanted = np.zeros(len(self.firms))
        for factor, part in STEPS:
            counts = np.maximum(np.rint(value * factor), 1.0) >= price_ticks
            wanted += np.where(counts, np.floor(self.lack * part), 0.0)
        lots = np.minimum(wanted, np.floor(budget / price_ticks))
        return (lots // self.lot_size * self.lot_size).astype(np.int64)
