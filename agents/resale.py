"""What traders without a duty bid at auction: what they expect to resell a unit for, less a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.bidding import STEPS

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HIGHEST = max(factor for factor, _ in STEPS)
"""Highest bid relative to the value of a bidder."""


class Wanted(NamedTuple):
    """What some accounts want of an auction; all of shape (n,).

    Attributes
    ----------
    accounts : ndarray of int64
    lots : ndarray of float64
    value : ndarray of float64
        What a lot is worth to each, ticks.
    """

    accounts: Ints
    lots: Floats
    value: Floats


def resellers(model: RightsMarketModel, progress: RightProgress) -> Wanted:
    """Return what traders without a duty want of a right's units, shape (n_institutions,) or none.

    Their highest bid stays below what they expect to resell a unit for.  A trader counts units of all vintages as held,
    with what it has won and not received yet.
    """
    seats, desk = model.seats, model.desk
    own = np.arange(len(seats))[seats.of_right(progress.index)]
    own = own[seats.trader[own] >= len(model.firms)]
    if not own.size:
        none = np.zeros(0)
        return Wanted(none.astype(np.int64), none, none)
    most, lots = np.zeros((2, len(own)))
    for strategy in model.floor.strategies:
        mine = np.flatnonzero(np.isin(own, strategy.seats))
        if mine.size:
            most[mine], lots[mine] = strategy.auction_bids(desk, own[mine])
    accounts = seats.account[own].astype(np.int64)
    held = sum((model.primary_market.awaited_lots(progress, j)[accounts] for j in range(len(progress.uses))), 0)
    # Later vintages, which are not traded at the desk yet, are missing from the stock that a strategy sees.
    later = [i for i in progress.instruments if i not in desk.usable[progress.index]]
    registry = model.market.registry
    held = held + (registry.free + registry.frozen)[later][:, accounts].sum(axis=0)
    return Wanted(accounts, np.maximum(lots - held, 0.0), most / HIGHEST)
