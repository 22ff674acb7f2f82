"""Offers to one partner, over the counter: agreed in pairs, apart from the order book, in any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le, Unit

from rights_market.policies.rule import Days, Rule, Share
from rights_market.policies.trading.price_band import PriceBand, Range
from rights_market.rights import MAX_PRICE_TICKS

Batches = Annotated[int, Ge(1), Le(10_000), Unit("batches")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtcOffer(Rule):
    """An account offers one partner to sell or to buy; it accepts all, refuses, or makes a counter-offer.

    What an offer needs is frozen with it: the lots, or the money with the fee.  Who accepts is settled with at once,
    delivery against payment; an acceptance without cover counts as a refusal.  Nothing of it makes prices.

    Attributes
    ----------
    expiry : int
        Batches for which an offer stands; they are counted on over the nights.
    band : Decimal or None
        Share of the previous closing price by which an offer may differ from it; None: any price.
    publish_delay : int
        Trading days after which a trade is published: until then it counts in no volume that the public sees.
    counter : int
        Counter-offers that may follow an offer, those of both sides together.

    References
    ----------
    Environmental Defense Fund & AEEC, CarbonSim: trading over the counter beside exchange and auctions [seen].
    Expiry, delay and number of counter-offers [approx].
    """

    kind: Literal["otc_offer"] = "otc_offer"
    expiry: Batches = 20
    band: Share | None = None
    publish_delay: Days = 1
    counter: Annotated[int, Ge(0), Le(100)] = 1

    def range(self, close_ticks: int, *, max_price_ticks: int = MAX_PRICE_TICKS) -> Range:
        """Return the prices allowed around the previous close.

        Examples
        --------
        >>> from decimal import Decimal
        >>> OtcOffer(band=Decimal("0.3")).range(6000)
        Range(low=4200, high=7800, code='')
        >>> OtcOffer().range(6000, max_price_ticks=20_000)
        Range(low=1, high=20000, code='no_band')
        """
        if self.band is None:
            return Range(1, max_price_ticks, "no_band")
        return PriceBand(width=self.band).range(close_ticks, max_price_ticks=max_price_ticks)
