"""How the government sells lots: the terms of an auction, and when how much is offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule, Share, Ticks
from rights_market.units import Exact, ceil, exact, floor, half_up, largest_remainder


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedUniform(Rule):
    """Sealed bids, highest first, all winners pay one price.

    The exchange clears by these terms (`rights_market.exchange.sealed_bid.clear`).

    Attributes
    ----------
    lot_size : int
        Lots in which bids and awards are counted.
    reserve : int
        Lowest price, ticks, where the schedule has no reserve path.
    tie : str
        Bids at the marginal price are served in a drawn order, in proportion, or in order of arrival.
    undersubscribed : str
        With less bid for than offered: cancel, sell at the lowest accepted bid, or sell at the reserve.
    pricing : str
        Price of the last accepted or of the first rejected bid.
    secret_reserve : Decimal or None
        Share below the mean secondary price of five days under which the auction is cancelled.

    References
    ----------
    Commission Regulation (EU) 1031/2010, article 7; UK regulations of 2021, regulation 7 [seen]; price of the first
    rejected bid [approx].
    """

    kind: Literal["sealed_uniform"] = "sealed_uniform"
    lot_size: Annotated[int, Ge(1)] = 1
    reserve: Ticks = 1
    tie: Literal["random", "pro_rata", "time"] = "random"
    undersubscribed: Literal["cancel", "lowest_bid", "reserve"] = "lowest_bid"
    pricing: Literal["last_accepted", "first_rejected"] = "last_accepted"
    secret_reserve: Share | None = None

    def secret_reserve_ticks(self, secondary_mean_ticks: Exact) -> int | None:
        """Return the lowest price that is not cancelled, ticks; None without a secret reserve.

        Parameters
        ----------
        secondary_mean_ticks : int, Decimal or Fraction
            Mean price of the last five days in the secondary market, not rounded.

        Examples
        --------
        >>> SealedUniform(secret_reserve=Decimal("0.05")).secret_reserve_ticks(6801)
        6461
        """
        if self.secret_reserve is None:
            return None
        return ceil((1 - Fraction(self.secret_reserve)) * exact(secondary_mean_ticks))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservePath(Rule):
    """Reserve price that grows every year, each year rounded to the tick before the next is computed.

    Attributes
    ----------
    r0 : int
        Reserve of `start_year`, ticks.
    start_year : int
    growth : Decimal
        Share by which it grows each year, above inflation.
    cpi : Decimal
        Inflation of a year that `cpi_of` does not name.
    cpi_of : dict of int to Decimal
        Inflation added in the step to the year named.
    """

    r0: Ticks
    start_year: int
    growth: Annotated[Decimal, Ge(-1), Le(1)] = Decimal(0)
    cpi: Annotated[Decimal, Ge(-1), Le(1)] = Decimal(0)
    cpi_of: dict[int, Annotated[Decimal, Ge(-1), Le(1)]] = field(default_factory=dict)

    def reserve(self, year: int) -> int:
        """Return the reserve price of a year, ticks, at least 1.

        Raises
        ------
        PolicyError
            If `year` lies before `start_year`.

        Examples
        --------
        >>> path = ReservePath(r0=2404, start_year=2024, growth=Decimal("0.05"), cpi=Decimal("0.026"))
        >>> path.reserve(2025)
        2587
        """
        if year < self.start_year:
            raise PolicyError(f"reserve path: year {year} lies before start_year {self.start_year}")
        ticks = self.r0
        for y in range(self.start_year + 1, year + 1):
            factor = 1 + Fraction(self.growth) + Fraction(self.cpi_of.get(y, self.cpi))
            ticks = max(1, half_up(ticks * factor))
        return ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctionSchedule(Rule):
    """When how much is offered, at which reserve price, and what becomes of lots that nobody took.

    Attributes
    ----------
    dates : tuple of date
        Auction dates; a date without trade moves to the next trading day.
    per_year : int or None
        Auctions a year, spread evenly over its trading days.
    reserve_path : ReservePath or None
        None: the reserve of the auction rule.
    rollover : str
        Unsold lots go to the ``next`` auction, are spread over the ``next_n``, wait until two running auctions cleared
        above the reserve (``after_two_above_reserve``), or are given up (``cancel``).
    n : int
        Auctions over which ``next_n`` spreads.
    max_uplift : Decimal
        Most that waiting lots may add to an auction, as a share of its planned volume.

    Raises
    ------
    PolicyError
        If not exactly one of `dates` and `per_year` is given, or `dates` do not rise.

    References
    ----------
    UK: unsold lots over the next four auctions [seen].  17 CCR 95911: reserve growing by 5 % and inflation [seen], two
    auctions above the reserve and the uplift of 25 % [known].
    """

    kind: Literal["auction_schedule"] = "auction_schedule"
    dates: tuple[date, ...] = ()
    per_year: Annotated[int, Ge(1), Le(250)] | None = None
    reserve_path: ReservePath | None = None
    rollover: Literal["next", "next_n", "after_two_above_reserve", "cancel"] = "next"
    n: Annotated[int, Ge(1)] = 4
    max_uplift: Share = Decimal("0.25")

    def check(self) -> None:
        """Refuse a schedule without dates, or with two kinds of them."""
        if bool(self.dates) == (self.per_year is not None):
            raise PolicyError(
                f"auction schedule: dates has {len(self.dates)} and per_year is {self.per_year}; give exactly one"
            )
        if sorted(set(self.dates)) != list(self.dates):
            raise PolicyError("auction schedule: dates must rise, each later than the one before")

    def days_in(self, trading_days: Sequence[date], year: int) -> tuple[date, ...]:
        """Return the trading days of `year` on which an auction is held.

        Parameters
        ----------
        trading_days : sequence of date
            Trading days in order.
        year : int
            Calendar year of the auction days.

        Raises
        ------
        PolicyError
            If the year has too few trading days, or two `dates` fall on one.

        Examples
        --------
        >>> days = [date(2025, 1, d) for d in range(1, 10)]
        >>> [d.day for d in AuctionSchedule(per_year=3).days_in(days, 2025)]
        [2, 5, 8]
        """
        open_days = [d for d in trading_days if d.year == year]
        if self.per_year is None:
            moved = [next((d for d in trading_days if d >= planned), None) for planned in self.dates]
            found = tuple(d for d in moved if d is not None and d.year == year)
            if len(set(found)) < len(found):
                raise PolicyError(f"auction schedule: two of the dates fall on one trading day of {year}")
            return found
        count = self.per_year
        if count > len(open_days):
            raise PolicyError(f"auction schedule: per_year is {count}, but {year} has {len(open_days)} trading days")
        return tuple(open_days[(2 * k + 1) * len(open_days) // (2 * count)] for k in range(count))

    def plan(self, volume: int, count: int) -> AuctionCalendarState:
        """Return the plan of `count` auctions that together offer `volume` lots, larger ones first.

        Examples
        --------
        >>> AuctionSchedule(per_year=4).plan(103, 4).planned
        (26, 26, 26, 25)
        """
        return AuctionCalendarState(self).extend(volume, count)


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
    done : int
        Auctions settled.
    """

    schedule: AuctionSchedule
    planned: tuple[int, ...] = ()
    rolled: dict[int, int] = field(default_factory=dict)
    queue: int = 0
    above: int = 0
    cancelled: int = 0
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

    def settle(self, index: int, sold: int, above_reserve: bool) -> AuctionCalendarState:
        """Return the state after an auction.

        Parameters
        ----------
        index : int
            Number of the auction; they are settled in order.
        sold : int
            Lots sold.
        above_reserve : bool
            Whether it cleared above the reserve.  An auction that offered nothing does not count.

        Raises
        ------
        PolicyError
            If auctions are settled out of order, or more was sold than offered.
        """
        if index != self.done:
            raise PolicyError(f"auction schedule: auction {index} is settled out of order, {self.done} is next")
        offered = self.offer(index)
        if not 0 <= sold <= offered:
            raise PolicyError(f"auction schedule: auction {index} sold {sold} lots but offered {offered}")
        above = self.above if offered == 0 else (self.above + 1 if above_reserve else 0)
        rolled = {i: lots for i, lots in self.rolled.items() if i != index}
        after = replace(self, rolled=rolled, queue=self.queue - self._uplift(index), above=above, done=index + 1)
        return after._roll(index, offered - sold)

    def _uplift(self, index: int) -> int:
        if self.above < 2:
            return 0
        return min(self.queue, floor(Fraction(self.schedule.max_uplift) * self.planned[index]))

    def _roll(self, index: int, unsold: int) -> AuctionCalendarState:
        """Send unsold lots where the rule wants them."""
        match self.schedule.rollover:
            case "after_two_above_reserve":
                return replace(self, queue=self.queue + unsold)
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
