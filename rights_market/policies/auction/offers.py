"""Where a schedule of auctions stands: what is planned, what rolls on, what has been given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Self

from rights_market.errors import PolicyError
from rights_market.policies.auction.schedule import AuctionSchedule
from rights_market.units import floor, largest_remainder

_NUMBERS = ("queue", "above", "cancelled", "moved", "done")


@dataclass(frozen=True, slots=True)
class AuctionCalendarState:
    """Where a schedule stands: what is planned, and what waits to be offered again.

    A value: every step returns a new one.

    Attributes
    ----------
    schedule : AuctionSchedule
        The rule.
    planned : tuple of int
        Lots planned for each auction, over all years planned so far.
    rolled : dict of int to int
        Unsold lots added to an auction by its number; numbers beyond the plan wait for the next year's plan.
    queue : int
        Lots that wait for two auctions above the reserve.
    above : int
        Running auctions that cleared above the reserve.
    cancelled : int
        Lots given up.
    moved : int
        Lots put into a reserve.
    done : int
        Auctions settled.
    """

    schedule: AuctionSchedule
    planned: tuple[int, ...] = ()
    rolled: dict[int, int] = field(default_factory=dict)
    queue: int = 0
    above: int = 0
    cancelled: int = 0
    moved: int = 0
    done: int = 0

    @property
    def unsold(self) -> int:
        """Lots that wait to be offered again."""
        return self.queue + sum(self.rolled.values())

    def extend(self, volume: int, count: int) -> AuctionCalendarState:
        """Plan `count` further auctions that together offer `volume` lots.

        Raises
        ------
        PolicyError
            If `volume` is negative, or lots are offered in no auction.
        """
        if volume < 0 or count < 0 or (volume > 0 and count == 0):
            raise PolicyError(f"auction schedule: cannot offer a volume of {volume} in a count of {count} auctions")
        return replace(self, planned=self.planned + tuple(largest_remainder(volume, [1] * count)))

    def offer(self, index: int) -> int:
        """Return the lots that the auction with this number offers, as things stand.

        Raises
        ------
        PolicyError
            If it was settled already, or is not planned.
        """
        if not self.done <= index < len(self.planned):
            raise PolicyError(
                f"auction schedule: no auction {index} is open; {self.done} are done and {len(self.planned)} planned"
            )
        return self.planned[index] + self.rolled.get(index, 0) + self._uplift(index)

    def settle(self, index: int, sold: int, above_reserve: bool, withheld: int = 0) -> AuctionCalendarState:
        """Return the state after an auction.

        Parameters
        ----------
        index : int
            Number of the auction; they are settled in order.
        sold : int
            Lots sold.
        above_reserve : bool
            Whether it cleared above the reserve.  An auction that offered nothing does not count.
        withheld : int
            Lots taken out of the offer by rules of stability: neither sold nor left unsold.

        Raises
        ------
        PolicyError
            If auctions are settled out of order, or more was sold than offered.
        """
        if index != self.done:
            raise PolicyError(f"auction schedule: auction {index} is settled out of order, {self.done} is next")
        offered = self.offer(index)
        left = offered - withheld
        if not 0 <= sold <= left <= offered:
            raise PolicyError(f"auction schedule: auction {index} sold {sold} lots but offered {left}")
        above = self.above if left == 0 else (self.above + 1 if above_reserve else 0)
        rolled = {i: lots for i, lots in self.rolled.items() if i != index}
        after = replace(self, rolled=rolled, queue=self.queue - self._uplift(index), above=above, done=index + 1)
        return after._roll(index, left - sold)

    def give_back(self, lots: int) -> AuctionCalendarState:
        """Return the state once lots of earlier auctions come back that were sold and not paid for."""
        return self._roll(self.done - 1, lots) if lots else self

    def state(self) -> dict[str, Any]:
        """Return all of it but the schedule, as plain numbers."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in _NUMBERS}
        return {"planned": list(self.planned), "rolled": sorted(self.rolled.items()), **plain}

    @classmethod
    def of(cls, schedule: AuctionSchedule, state: Mapping[str, Any]) -> Self:
        """Build it from what `state` returned."""
        rolled = {int(index): int(lots) for index, lots in state["rolled"]}
        return cls(schedule, tuple(state["planned"]), rolled, **{name: int(state[name]) for name in _NUMBERS})

    def _uplift(self, index: int) -> int:
        if self.above < 2:
            return 0
        return min(self.queue, floor(Fraction(self.schedule.max_uplift) * self.planned[index]))

    def _roll(self, index: int, unsold: int) -> AuctionCalendarState:
        """Send unsold lots where the rule wants them."""
        match self.schedule.rollover:
            case "after_two_above_reserve":
                return replace(self, queue=self.queue + unsold)
            case "reserve" | "msr":
                return replace(self, moved=self.moved + unsold)
            case "cancel":
                return replace(self, cancelled=self.cancelled + unsold)
            case "next":
                parts = [unsold]
            case "next_n":
                parts = largest_remainder(unsold, [1] * self.schedule.n)
        rolled = dict(self.rolled)
        for later, lots in enumerate(parts, start=index + 1):
            if lots:
                rolled[later] = rolled.get(later, 0) + lots
        return replace(self, rolled=rolled)
