"""When how much is offered, at which reserve price, and what becomes of lots that nobody took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rights_market.errors import PolicyError
from rights_market.policies.auction.price_path import PricePath
from rights_market.policies.rule import Rule, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctionSchedule(Rule):
    """When how much is offered, at which reserve price, and what becomes of lots that nobody took.

    Attributes
    ----------
    dates : tuple of date
        Auction dates; a date without trade moves to the next trading day.
    per_year : int or None
        Auctions a year, spread evenly over its trading days.
    reserve_path : PricePath or None
        Reserve price by calendar year; None: the reserve of the auction rule.
    rollover : str
        Unsold lots go to the ``next`` auction, are spread over the ``next_n``, wait until two running auctions cleared
        above the reserve (``after_two_above_reserve``), are put into the ``reserve`` that is sold in tiers or into the
        market stability reserve (``msr``), or are given up (``cancel``).
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
    reserve_path: PricePath | None = None
    rollover: Literal["next", "next_n", "after_two_above_reserve", "reserve", "msr", "cancel"] = "next"
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
