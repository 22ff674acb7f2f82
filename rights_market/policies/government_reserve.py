"""What the government buys back of rights that lie idle, and when it gives them out again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt

from rights_market.errors import PolicyError
from rights_market.policies.lots import ceil_share
from rights_market.policies.rule import Fen, Lots, Rule, Share
from rights_market.units import ceil, floor, half_up

Int64 = npt.NDArray[np.int64]
_SHORTEST, _LONGEST = 1, 10


class BuyBack(NamedTuple):
    """What is bought of each holder.

    Attributes
    ----------
    lots : ndarray of int64, shape (n_firms,)
    unfunded_lots : int
        Idle lots offered that the budget did not reach.
    """

    lots: Int64
    unfunded_lots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernmentReserve(Rule):
    """Rights unused for years are bought back into a reserve and released to new projects or at a high price.

    Attributes
    ----------
    initial_share : Decimal
        Share of each cap that goes into the reserve when the cap is set, rounded down.
    idle_years : int
        Years for which a part of a holding must have lain idle.
    idle_share : Decimal
        Largest share of a holding that use may reach in any of those years; above it, nothing counts as idle.
    buyback : str
        Whether holders are asked (``voluntary``) or not (``compulsory``).
    price : str
        What is paid for a lot: a ``guide`` price, or the fee for the years that are left (``fee_remaining``).
    guide_fen, fee_fen : int or None
        The guide price, fen a lot; the fee, fen a lot and year.
    budget_fen : int
        Money for the reserve, fen.
    release_trigger_ticks : int or None
        Mean price of a month from which the reserve is sold; None: to those with priority only.
    release_lots : int or None
        Most that is on offer on a day; None: all.
    release_price_ticks : int or None
        Price at which lots are sold from the reserve, also to those with priority; None: at the trigger, or for
        nothing.
    release_mode : str
        How it is sold in a dear month: in the book at that price (``fixed``), or in one-way auctions that start at the
        guide price (``auction``), or at the price of release where there is none.
    priority : tuple of str
        Who is served first and at any time, in this order: ``strategic`` firms that lack units, ``new_project``
        applications that name the reserve as a source.
    strategic : tuple of str
        Names of the strategic firms and projects.
    validity_reset : bool
        Whether lots become those of the newest vintage that is traded when they are released, with its validity.

    Raises
    ------
    PolicyError
        If the price asked for has no number, an auction has no trigger or no start, or the list of strategic firms
        does not go with their priority.

    References
    ----------
    国办发[2014]38 on buying back and keeping idle rights [known].  Jiujiang, plans of 2023 and 2024: idle for five
    years, list of the reserve; Zhejiang: three years [seen].  Form of the price [approx].
    """

    kind: Literal["government_reserve"] = "government_reserve"
    initial_share: Share = Decimal(0)
    idle_years: Annotated[int, Ge(_SHORTEST)] = 5
    idle_share: Share = Decimal(1)
    buyback: Literal["voluntary", "compulsory"] = "voluntary"
    price: Literal["guide", "fee_remaining"] = "guide"
    guide_fen: Annotated[int, Gt(0)] | None = None
    fee_fen: Annotated[int, Gt(0)] | None = None
    budget_fen: Fen = 0
    release_trigger_ticks: Annotated[int, Gt(0)] | None = None
    release_lots: Lots | None = None
    release_price_ticks: Annotated[int, Gt(0)] | None = None
    release_mode: Literal["fixed", "auction"] = "fixed"
    priority: tuple[Literal["strategic", "new_project"], ...] = ("new_project",)
    strategic: tuple[str, ...] = ()
    validity_reset: bool = False

    def check(self) -> None:
        """Refuse a price without its number, and a release that cannot happen."""
        if self.idle_years > _LONGEST:
            raise PolicyError(f"government_reserve: idle_years is {self.idle_years}, expected at most {_LONGEST}")
        if self.price == "guide" and self.guide_fen is None:
            raise PolicyError("government_reserve: price is guide, so give guide_fen")
        if self.price == "fee_remaining" and self.fee_fen is None:
            raise PolicyError("government_reserve: price is fee_remaining, so give fee_fen")
        if self.release_mode == "auction" and self.release_trigger_ticks is None:
            raise PolicyError("government_reserve: release_mode is auction, so give release_trigger_ticks")
        if len(set(self.priority)) < len(self.priority):
            raise PolicyError(f"government_reserve: priority is {list(self.priority)}, expected each once")
        if bool(self.strategic) != ("strategic" in self.priority):
            raise PolicyError(
                f"government_reserve: priority is {list(self.priority)} and strategic names {len(self.strategic)} "
                "firms; give both, or neither"
            )

    def set_aside(self, cap_lots: int) -> int:
        """Return the lots of a cap that go into the reserve.

        Examples
        --------
        >>> GovernmentReserve(guide_fen=1, initial_share=Decimal("0.29")).set_aside(101)
        29
        """
        return floor(Fraction(self.initial_share) * cap_lots)

    def idle_lots(self, holding: Int64, use: Int64, is_closed: npt.NDArray[np.bool_]) -> Int64:
        """Return how much of each holding lay idle in all years looked at.

        Parameters
        ----------
        holding : ndarray of int64, shape (n_firms,)
            Lots held of one year of the right.
        use : ndarray of int64, shape (n_years, n_firms)
            Verified use of the last years; fewer years than `idle_years` mean that nothing has been idle for so long.
        is_closed : ndarray of bool, shape (n_firms,)
            Firms that have closed, whose whole holding is idle.

        Examples
        --------
        >>> rule = GovernmentReserve(guide_fen=100)
        >>> rule.idle_lots(np.array([10]), np.array([[1], [4], [2], [3], [0]]), np.array([False]))
        array([6])
        """
        most = use[-self.idle_years :].max(axis=0) if len(use) >= self.idle_years else holding
        allowed = holding - ceil_share(1 - Fraction(self.idle_share), holding)
        idle = np.where(most <= allowed, np.maximum(holding - most, 0), 0)
        return np.asarray(np.where(is_closed, holding, idle), np.int64)

    def price_fen(self, years_left: Fraction) -> int:
        """Return what is paid for a lot, fen, half up.

        Examples
        --------
        >>> GovernmentReserve(price="fee_remaining", fee_fen=38900).price_fen(Fraction(2))
        77800
        """
        if self.price == "guide":
            return int(self.guide_fen or 0)
        return half_up(int(self.fee_fen or 0) * years_left)

    def buy(self, offered: Int64, years_idle: Int64, price_fen: int, budget_fen: int) -> BuyBack:
        """Return what is bought with the money there is: the longest idle first, then the larger, then the lower row.

        Examples
        --------
        >>> GovernmentReserve(guide_fen=1).buy(np.array([6]), np.array([5]), 77_800, 400_000)
        BuyBack(lots=array([5]), unfunded_lots=1)
        """
        left = budget_fen // price_fen if price_fen else int(offered.sum())
        lots = np.zeros_like(offered)
        for row in np.lexsort((np.arange(len(offered)), -offered, -years_idle)).tolist():
            lots[row] = min(int(offered[row]), left)
            left -= int(lots[row])
        return BuyBack(lots, int((offered - lots).sum()))

    @property
    def sale_price_ticks(self) -> int:
        """Price of a lot from the reserve, ticks; 0 where new projects get it for nothing."""
        return self.release_price_ticks or self.release_trigger_ticks or 0

    def start_ticks(self, tick_value_fen: int) -> int:
        """Return where an auction of the reserve starts, ticks: at the guide price, rounded up.

        Examples
        --------
        >>> GovernmentReserve(guide_fen=389, release_trigger_ticks=700).start_ticks(10)
        39
        """
        return self.sale_price_ticks if self.guide_fen is None else ceil(Fraction(self.guide_fen, tick_value_fen))

    def releases(self, mean_ticks: Fraction, stock_lots: int) -> int:
        """Return the lots that a month's mean price releases to the market."""
        if self.release_trigger_ticks is None or mean_ticks < self.release_trigger_ticks:
            return 0
        return stock_lots if self.release_lots is None else min(stock_lots, self.release_lots)
