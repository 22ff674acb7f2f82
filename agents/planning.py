"""How much a firm wants to buy or sell: its position against what it owes, its doubts, and the days left.

A firm knows what it has used so far and what it holds; it doubts what it will still be given until the plan is out,
and what it owes until that is verified.  Doubt makes sellers hold back and buyers wait; the deadline ends both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.behaviour import Behaviour

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LAST_DAYS = 5
"""In the last days before a deadline a firm buys all that it lacks, and offers what it can spare to those who do."""
MOST_OFFERED = 0.5
"""Largest share of what a firm can spare that it offers at once.

An order that is renewed within a batch may trade before and after the change, so that a firm that offered all could
sell twice what it can spare, and be short itself.
"""
URGENT_DAYS = 60
"""Trading days before a deadline over which a buyer comes under pressure, however early it planned."""
SMALLEST_SHARE = 1.0 / 5000.0
"""A buyer's smallest daily quantity as a share of its yearly use: nobody buys by the tonne."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where each seat of one right stands; all arrays have shape (n,), quantities in lots.

    Attributes
    ----------
    held : ndarray of float64
        Usable lots, frozen ones included.
    to_come : ndarray of float64
        Lots still expected from allocation for the period.
    owed : ndarray of float64
        Lots expected to be due at the deadline, debts included.
    yearly : ndarray of float64
        Lots used in a year.
    margin : ndarray of float64
        Allocation less use as a share of use, in the plan known.
    """

    held: Floats
    to_come: Floats
    owed: Floats
    yearly: Floats
    margin: Floats

    @property
    def net(self) -> Floats:
        """Lots left over at the deadline if nothing is traded (below 0: missing)."""
        return self.held + self.to_come - self.owed


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the day stands in the compliance period of each seat; all have shape (n,), or one figure holds for all.

    Attributes
    ----------
    days_left : array_like of float
        Trading days to the deadline, 0 on it.
    years : array_like of float
        Years of use in the period.
    announced, verified : array_like of bool
        Whether the plan is out and use is verified.
    """

    days_left: Floats | float
    years: Floats | float
    announced: Bools | bool
    verified: Bools | bool

    @property
    def is_late(self) -> Bools:
        """Whether the last days before the deadline have come."""
        return np.asarray(self.days_left) <= LAST_DAYS


def doubt(behaviour: Behaviour, clock: Clock) -> Floats:
    """Return the standard deviation of a firm's doubt about its position, as a share of yearly use."""
    before = np.where(clock.announced, behaviour.doubt_before_verification, behaviour.doubt_before_plan)
    return np.asarray(np.where(clock.verified, 0.0, before * clock.years))


def buffer_lots(behaviour: Behaviour, standing: Standing, factor: Floats) -> Floats:
    """Return what a holder keeps of its surplus for its own later need, before any price tempts it.

    Own need over H years, E [z sigma + sum_k max(0, g k - s)], with s the firm's own margin.
    """
    b = behaviour
    years = np.arange(1.0, b.buffer_years + 1.0)
    need = np.maximum(0.0, b.tightening * years[:, np.newaxis] - standing.margin).sum(axis=0)
    return np.asarray(factor * standing.yearly * (b.buffer_doubt * b.buffer_sd + need))


def held_back(behaviour: Behaviour, clock: Clock, standing: Standing) -> Floats:
    """Return the lots that a firm neither buys nor sells yet, because it doubts its position."""
    return np.asarray(behaviour.doubt_factor * doubt(behaviour, clock) * standing.yearly)


def wish_lots(
    behaviour: Behaviour,
    clock: Clock,
    standing: Standing,
    kept: Floats,
    starts_early: Bools,
    lead_days: Floats,
    to_sell: Floats | float = 0.0,
) -> Floats:
    """Return the lots that each seat wants to buy (above 0) or sell (below 0) before the deadline.

    Parameters
    ----------
    kept : ndarray of float64, shape (n,)
        Buffer that a holder of surplus keeps.
    starts_early : ndarray of bool, shape (n,)
        Whether the firm buys from the start.
    lead_days : ndarray of float64, shape (n,)
        Trading days before the deadline at which the others start.
    to_sell : ndarray of float64, shape (n,)
        Lots of the surplus that would lapse if they were not sold: no buffer keeps them.
    """
    doubtful, net = held_back(behaviour, clock, standing), standing.net
    buys = np.maximum(0.0, np.where(clock.is_late, -net, -net - doubtful))
    buys = np.where(starts_early | (clock.days_left <= lead_days), buys, 0.0)
    sells = np.maximum(np.maximum(0.0, net - doubtful - kept), to_sell)
    return np.asarray(buys - np.minimum(sells, standing.held))


def daily_lots(behaviour: Behaviour, clock: Clock, wish: Floats, yearly: Floats, tempted: Floats) -> Floats:
    """Return how much of the wish is traded today: buyers spread it over the days left, sellers offer a share.

    Near the deadline sellers no longer wait: who does not sell then will not find a buyer for a year.

    Parameters
    ----------
    tempted : ndarray of float64, shape (n,)
        0 where the price is at most what a kept unit is worth to the seller, 1 where it is so far above that the
        seller offers as much as it can at once: supply answers a spike.
    """
    spread = np.maximum(wish * 2.0 / (clock.days_left + 1.0), SMALLEST_SHARE * yearly)
    buys = np.where(clock.is_late, wish, np.minimum(wish, spread))
    share = np.where(clock.is_late, 1.0, behaviour.sale_share + (1.0 - behaviour.sale_share) * tempted)
    offered = np.minimum(share, MOST_OFFERED) * wish
    sells = np.maximum(MOST_OFFERED * wish, np.minimum(offered, -SMALLEST_SHARE * yearly))
    return np.asarray(np.where(wish > 0, buys, sells))


def urgency(clock: Clock, lead_days: Floats) -> Floats:
    """Return 0 before a firm's lead begins (or the last days in which it presses), rising to 1 at the deadline."""
    return np.asarray(np.clip(1.0 - clock.days_left / np.minimum(lead_days, URGENT_DAYS), 0.0, 1.0))
