"""A reserve that is sold in tiers at fixed prices after the auctions, and a ceiling beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import MinLen

from rights_market.errors import PolicyError
from rights_market.policies.auction.price_path import PricePath
from rights_market.policies.rule import Days, Lots, Rule, Share
from rights_market.policies.stability.cost_containment_reserve import ReserveTier, refuse_falling
from rights_market.units import largest_remainder

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredPriceReserve(Rule):
    """Reserve that is sold to covered firms in tiers at fixed prices, and units without number at a ceiling above.

    The reserve is filled from the cap at the start, in units of the first vintage.

    Attributes
    ----------
    tiers : tuple of ReserveTier
        Prices (their `trigger`) rise from tier to tier.
    open_ratio : Decimal
        Share of the first tier's price from which on an auction's price opens a sale.
    always_before_deadline : bool
        Whether a sale is held before each surrender deadline whatever the price.
    sale_lead : int
        Days before the deadline on which this sale is held.
    ceiling : PricePath or None
        Price of the units that are sold once all tiers are empty, to each firm at most what it lacks; they are
        surrendered at once.
    ceiling_units : int or None
        Most units sold at the ceiling in a compliance period; None: any number.
    ceiling_lead : int
        Days before the deadline on which the sale at the ceiling is held, after the last one of the tiers.

    References
    ----------
    17 CCR 95913: sale at 60 % of the first tier and before the deadline; 17 CCR 95915: ceiling of 65 USD in 2021, own
    deficit only, once the tiers are empty [seen]; sharing by largest remainder, days before the deadline [approx].
    """

    kind: Literal["tiered_price_reserve"] = "tiered_price_reserve"
    tiers: Annotated[tuple[ReserveTier, ...], MinLen(1)]
    open_ratio: Share = Decimal("0.6")
    always_before_deadline: bool = True
    sale_lead: Days = 20
    ceiling: PricePath | None = None
    ceiling_units: Lots | None = None
    ceiling_lead: Days = 10

    def check(self) -> None:
        """Refuse prices that do not rise, a ceiling below the tiers, and one that is sold before them."""
        paths = [t.trigger for t in self.tiers]
        refuse_falling("tiered_price_reserve", paths if self.ceiling is None else [*paths, self.ceiling])
        if self.ceiling is not None and self.ceiling_lead >= self.sale_lead:
            raise PolicyError(
                f"tiered_price_reserve: ceiling_lead {self.ceiling_lead} is not below sale_lead {self.sale_lead}: the "
                "ceiling comes after the tiers"
            )

    def sizes(self, cap: int) -> tuple[int, ...]:
        """Return the lots with which each tier is filled from a cap."""
        return tuple(t.size.of(cap) for t in self.tiers)

    def dates(self, deadline: date) -> tuple[date, ...]:
        """Return the dates before a deadline on which there may be a sale."""
        leads = [self.sale_lead] if self.always_before_deadline else []
        if self.ceiling is not None:
            leads.append(self.ceiling_lead)
        return tuple(deadline - timedelta(days) for days in leads)

    def is_before_deadline(self, today: date, deadline: date) -> bool:
        """Return whether the sale that is always held before a deadline is due."""
        return self.always_before_deadline and deadline - timedelta(self.sale_lead) <= today <= deadline

    def is_ceiling_due(self, today: date, deadline: date) -> bool:
        """Return whether units are sold at the ceiling by now, if all tiers are empty."""
        return self.ceiling is not None and deadline - timedelta(self.ceiling_lead) <= today <= deadline

    def opens(self, auction_ticks: int, year: int) -> bool:
        """Return whether the price of an auction opens a sale."""
        return auction_ticks >= Fraction(self.open_ratio) * self.tiers[0].trigger.price(year)

    def prices(self, year: int) -> tuple[int, ...]:
        """Return the price of each tier, ticks."""
        return tuple(t.trigger.price(year) for t in self.tiers)

    def serve(self, left: Sequence[int], tier_limit: Int64, lots: Int64) -> Int64:
        """Serve bids tier by tier.

        Parameters
        ----------
        left : sequence of int
            Lots left in each tier.
        tier_limit : ndarray of int64, shape (n,)
            Highest tier, counted from 0, that each bid pays for.
        lots : ndarray of int64, shape (n,)

        Returns
        -------
        ndarray of int64, shape (n_tiers, n)
            Lots of each tier awarded to each bid; where a tier does not suffice, it is shared by largest remainder.
        """
        awards = np.zeros((len(self.tiers), len(lots)), np.int64)
        unfilled = lots.copy()
        for k, stock in enumerate(left):
            claims = np.where(tier_limit >= k, unfilled, 0)
            enough = claims.sum() <= stock
            awards[k] = claims if enough else largest_remainder(stock, claims.tolist())
            unfilled -= awards[k]
        return awards
