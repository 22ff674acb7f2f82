"""Firms that trade to comply: late buyers, hedgers and hoarders.

A seller asks what a kept unit is worth to it, drawn towards the last price; a buyer bids from its belief up to its
ceiling as the deadline comes near, takes a good ask at once and otherwise improves the book by a tick.  Nobody bids
above what it believes a unit costs, and no discount touches the last price: both would feed on themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.seats import Rows, side_of
from agents.strategies.base import Quotes, Strategy, register
from rights_market.units import Side

if TYPE_CHECKING:
    from agents.desk import Desk

Floats = npt.NDArray[np.float64]


class ComplianceTrader(Strategy):
    """How firms with obligations quote; the subclasses differ in when they start and what they keep."""

    starts_early = False

    def quote(self, desk: Desk, rows: Rows) -> Quotes:
        """Quote limit prices; buyers whose ceiling lies below their belief put off buying at that price."""
        side = side_of(desk.seats.wish_lots[rows])
        buys, sells = np.flatnonzero(side == Side.BID), np.flatnonzero(side == Side.ASK)
        low, high = desk.price_range(rows)
        ticks = np.empty(len(rows), dtype=np.int64)
        ticks[buys] = np.floor(bid_price(desk, rows[buys]) + 1e-9)
        # A seller gives way by a thousandth or a tick: rounded apart, traders of one mind would never meet.
        price = ask_price(desk, rows[sells])
        ticks[sells] = np.ceil(price - np.minimum(1.0, price / 1000.0) + 1e-9)
        can = np.where(side == Side.BID, ticks >= low, ticks <= high)
        ticks = np.minimum(np.maximum(ticks, low), high)
        return Quotes(rows[can], side[can], ticks[can], desk.lots(rows[can]))


def paid_by_others(desk: Desk) -> Floats:
    """Return what others pay for each right, in ticks: the last price, or a higher bid that nobody answers.

    Before the first trade of a day the exchange's reference stands for the last price: where one side waited in vain at
    the limit it has moved on, and who still went by a price of long ago could not even quote within the band.  Before a
    call it is the indicative price, where one is shown.
    """
    price, bid = np.where(desk.is_quiet(), desk.reference(), desk.last_price), desk.best_bid
    price = np.where(desk.indicative > 0, desk.indicative, price)
    return np.asarray(np.where((desk.best_ask == 0) & (bid > price), bid, price))


def anchored(desk: Desk, rows: Rows, value: Floats) -> Floats:
    """Return a value of each seat's own drawn towards what others pay: (1 - psi) v + psi p, in ticks."""
    psi = desk.behaviour.anchor
    paid = (psi * paid_by_others(desk))[desk.seats.right[rows]] * desk.relative[rows]
    return np.asarray((1.0 - psi) * value[rows] + paid)


def pressure(desk: Desk, rows: Rows) -> Floats:
    """Return how far each buyer has moved from its belief to its ceiling: 0 far from a deadline, 1 on it."""
    return np.asarray(desk.seats.urgency[rows] ** desk.behaviour.urgency_power)


def buyer_limit(desk: Desk, rows: Rows) -> Floats:
    """Return the most that each buyer gives today, in ticks.

    Belief^(1-h) x ceiling^h with h = urgency^power where the ceiling is above the belief, else the ceiling.
    """
    return _limit(anchored(desk, rows, desk.seats.value), desk.seats.ceiling[rows], pressure(desk, rows))


def _limit(belief: Floats, ceiling: Floats, h: Floats) -> Floats:
    urgent = np.exp((1.0 - h) * np.log(np.maximum(belief, 1.0)) + h * np.log(np.maximum(ceiling, 1.0)))
    return np.asarray(np.where(ceiling > belief, urgent, ceiling))


def seller_reserve(desk: Desk, rows: Rows) -> Floats:
    """Return the least that each seller takes, in ticks: what a kept unit is worth, drawn towards what others pay.

    A tax on sellers comes on top of its own part only: added to what others pay, which holds the tax already, it would
    feed on itself.
    """
    return anchored(desk, rows, desk.kept_value / (1.0 - desk.tax_share[desk.seats.right]))


def bid_price(desk: Desk, rows: Rows) -> Floats:
    """Return what each buyer bids: through the asks that it accepts, else one tick over the best bid.

    Where the best ask is within the limit, the bid reaches up to `overbid` above the belief, or as deep into
    the asks as its lots need and the limit allows, so that one order meets several asks; what is left of it, like any
    quote into the book, never rests above that.
    Where bids wait and nobody asks, waiting gains nothing and the bid rises from belief towards the limit with
    urgency; into an empty book, as before an opening call, nobody bids more than a unit is believed to cost.
    In an auction over zones there is no book to look into, and one price for all: the bid is the limit itself.
    """
    right = desk.seats.right[rows]
    belief, h = anchored(desk, rows, desk.seats.value), pressure(desk, rows)
    limit = _limit(belief, desk.seats.ceiling[rows], h)
    ask, best_bid = desk.best_ask[right], desk.best_bid[right]
    most = np.minimum(limit, belief * (1.0 + desk.behaviour.overbid))
    waits = np.minimum(limit, belief)
    patient = np.where(best_bid > 0, np.minimum(most, best_bid + 1.0), waits)
    alone = np.flatnonzero((ask == 0) & (best_bid > 0))
    if len(alone):
        own, most_paid, pressed = belief[alone], limit[alone], h[alone]
        raised = np.minimum(most_paid, own ** (1.0 - pressed) * most_paid**pressed)
        patient[alone] = np.maximum(patient[alone], raised)
    takes = (ask > 0) & (ask <= limit)
    deep = np.flatnonzero(takes & (limit > most))
    if len(deep):
        most[deep] = np.maximum(most[deep], deepest_ask(desk, rows[deep], limit[deep]))
    return np.where(desk.is_sealed[right], limit, np.where(takes, np.maximum(ask, most), patient))


def deepest_ask(desk: Desk, rows: Rows, limit: Floats) -> Floats:
    """Return the price of the last ask that each buyer's lots reach, within its limit."""
    right, lots = desk.seats.right[rows], desk.lots(rows)
    reached = np.zeros(len(rows))
    for r in np.unique(right):
        price, depth = desk.ask_ladder(int(r))
        mine = right == r
        needed = np.minimum(np.searchsorted(np.cumsum(depth), lots[mine]), len(price) - 1)
        within = np.searchsorted(price, limit[mine], side="right") - 1
        reached[mine] = price[np.minimum(needed, np.maximum(within, 0))]
    return reached


def ask_price(desk: Desk, rows: Rows) -> Floats:
    """Return what each seller asks: an acceptable bid at once, else a tick under the best ask, never below reserve.

    Who must sell asks its reserve at once: it has no time to find out, tick by tick, what others would give.
    In an auction over zones it asks its reserve.
    """
    right = desk.seats.right[rows]
    reserve, belief = seller_reserve(desk, rows), anchored(desk, rows, desk.seats.value)
    bid, best_ask = desk.best_bid[right], desk.best_ask[right]
    patient = np.maximum(reserve, np.where(best_ask > 0, best_ask - 1.0, belief))
    patient = np.where(desk.must_sell[rows], reserve, patient)
    return np.where(desk.is_sealed[right], reserve, np.where((bid > 0) & (bid >= reserve), bid, patient))


@register("late_buyer")
class LateBuyer(ComplianceTrader):
    """Trades only for compliance, and buys only when the deadline comes within its own planning lead."""


@register("hedger")
class Hedger(ComplianceTrader):
    """Buys what it will need from the start, evenly over the days left."""

    starts_early = True


@register("hoarder")
class Hoarder(ComplianceTrader):
    """Keeps three times the usual buffer of surplus, and so sells little and late."""

    buffer_factor = 3.0
