"""What a unit is worth to a firm: its belief, what it would keep a unit for, and what it could be made to pay.

The value of a bankable unit mixes the shared solver's price with a slow mean of traded prices, inside each firm, with
lasting differences between firms.  The mix must be inside a firm: where some firms looked forward and others only
back, the cheapest holders would always be those who look back, and they would set the price.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from agents.behaviour import Behaviour
from agents.firms import Firms
from agents.seats import Seats
from agents.streams import BELIEFS, LEAD, Streams

Floats = npt.NDArray[np.float64]

ONE_TICK = 1.0
LARGE_FIRM_QUANTILE = 0.8


def worth_of_a_lack(value: Floats, market: Floats | float, ceiling: Floats, anchor: float) -> Floats:
    """Return what a unit is worth to those who lack it.

    Their own value; where the market is dearer than that, what they expect to pay there, up to their ceiling.

    Parameters
    ----------
    value, market, ceiling : ndarray of float64 or float
        Own value, price in the market, and cost of going without, in one unit of money.
    anchor : float
        Weight of the market's price in what they expect to pay.
    """
    return np.asarray(np.maximum(value, np.minimum((1.0 - anchor) * value + anchor * market, ceiling)))


class Valuation:
    """Beliefs of all seats of firms about the price of the right.

    Parameters
    ----------
    seats : Seats
        All seats; those of institutions hold no belief of this kind and stay at the common one.
    firms : Firms
        The first traders.
    size : ndarray of float64, shape (n_seats,)
        Yearly use of the right by the seat's firm, to tell large from small.
    behaviour : Behaviour
        Parameters.
    streams : Streams
        Draws for beliefs, leads, costs of funds and reputation.

    Attributes
    ----------
    belief_error, lead_days, funds_rate, reputation_yuan : ndarray of float64, shape (n_seats,)
        Lasting traits of each seat.
    doubt : ndarray of float64, shape (n_rights,)
        Size of the differences in belief relative to a market in which nothing is disclosed.
    slow_price : ndarray of float64, shape (n_rights,)
        Slow mean of traded prices, ticks.
    news : float
        Common log shock to beliefs.
    """

    def __init__(
        self, seats: Seats, firms: Firms, size: Floats, behaviour: Behaviour, streams: Streams, first_price: Floats
    ) -> None:
        self.seats = seats
        self.behaviour = behaviour
        b = behaviour

        def trait(name: str) -> Floats:
            drawn, firm = np.zeros(len(seats)), np.flatnonzero(seats.trader < len(firms))
            drawn[firm] = firms.normals(streams, name)[seats.trader[firm], seats.right[firm]]
            return drawn

        self.belief_error: Floats = b.belief_sd * trait(BELIEFS)
        self.reputation_yuan: Floats = b.reputation_yuan * np.exp(trait("reputation"))
        self.lead_days: Floats = b.lead_days * np.exp(b.lead_sigma * trait(LEAD))
        self.funds_rate = self._costs_of_funds(size, ndtr(firms.normal(streams, "distress")))
        self.doubt: Floats = np.ones(len(first_price))
        self.slow_price: Floats = first_price.copy()
        self.news = 0.0

    def _costs_of_funds(self, size: Floats, draw: Floats) -> Floats:
        """Return each seat's cost of funds: some firms, more of the small ones, are short of money."""
        b, seats = self.behaviour, self.seats
        rate = np.full(len(seats), b.cost_of_funds)
        firm = np.flatnonzero(seats.trader < len(draw))
        for right in np.unique(seats.right[firm]):
            rows = firm[seats.right[firm] == right]
            large = size[rows] > np.quantile(size[rows], LARGE_FIRM_QUANTILE)
            share = np.where(large, b.distressed_large, b.distressed_small)
            rate[rows[draw[seats.trader[rows]] < share]] = b.distress_rate
        return rate

    def hear_news(self, rng: np.random.Generator) -> None:
        """Move the common belief shock on by a day."""
        b = self.behaviour
        self.news *= 0.5 ** (1.0 / b.news_half_life_days)
        if b.news_sd > 0:
            self.news += b.news_sd * float(rng.standard_normal())

    def learn(self, right: int, known_share: float) -> None:
        """Let beliefs about a right come closer to the common one by what is known of others.

        Beliefs differ with a variance of which a share comes from doubt about others' figures.  Of that, disclosure
        leaves `1 - known_share`.

        Parameters
        ----------
        right : int
        known_share : float
            Share of the doubt about others' emissions and holdings that is taken away, 0 to 1.
        """
        doubt = float(np.sqrt(1.0 - self.behaviour.figures_share * known_share))
        if doubt != self.doubt[right]:
            self.belief_error[self.seats.right == right] *= doubt / self.doubt[right]
            self.doubt[right] = doubt

    def follow(self, closing_price: Floats, traded: npt.NDArray[np.bool_]) -> None:
        """Move the slow mean towards the close of the rights that traded."""
        step = (closing_price - self.slow_price) / self.behaviour.anchor_days
        self.slow_price += np.where(traded, step, 0.0)

    def follow_imbalance(self, imbalance: Floats) -> None:
        """Move lasting beliefs by the market's unfilled buying less unfilled selling, between -1 and 1."""
        self.belief_error += self.behaviour.imbalance_speed * imbalance[self.seats.right]

    def values(self, fundamental: Floats) -> Floats:
        """Return what a unit is worth to each seat, in ticks.

        Parameters
        ----------
        fundamental : ndarray of float64, shape (n_rights,)
            Price of the shared solver, in ticks; at least one tick, because no unit can be sold for less.

        Returns
        -------
        ndarray of float64, shape (n_seats,)
        """
        w = self.behaviour.forward_weight
        forward = np.log(np.maximum(fundamental, ONE_TICK))
        common = w * forward + (1.0 - w) * np.log(np.maximum(self.slow_price, ONE_TICK)) + self.news
        return np.asarray(np.exp(common[self.seats.right] + self.belief_error))

    def state(self) -> dict[str, Any]:
        """Return what changes over time."""
        return {
            "belief_error": self.belief_error.copy(),
            "lead_days": self.lead_days.copy(),
            "doubt": self.doubt.copy(),
            "slow_price": self.slow_price.copy(),
            "news": self.news,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self.belief_error = np.array(state["belief_error"])
        self.lead_days = np.array(state["lead_days"])
        self.doubt = np.array(state["doubt"])
        self.slow_price = np.array(state["slow_price"])
        self.news = float(state["news"])
