"""Whether rules of stability agree with the auctions in which they act, and with each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rights_market.policies.auction import (
    AscendingClock,
    Auction,
    AuctionLimits,
    Consignment,
    DescendingClock,
    SealedUniform,
)
from rights_market.policies.rule import Rule, kind_of
from rights_market.policies.stability.cost_containment_reserve import CostContainmentReserve
from rights_market.policies.stability.emissions_containment_reserve import EmissionsContainmentReserve
from rights_market.policies.stability.market_stability_reserve import MarketStabilityReserve
from rights_market.policies.stability.price_collar import PriceCollar
from rights_market.policies.stability.price_indexed_supply import PriceIndexedSupply
from rights_market.policies.stability.price_trigger_release import PriceTriggerRelease
from rights_market.policies.stability.tiered_price_reserve import TieredPriceReserve

IN_AUCTIONS = (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    TieredPriceReserve,
    MarketStabilityReserve,
    PriceTriggerRelease,
    PriceIndexedSupply,
)
"""Rules of stability that take from auctions or give to them."""


def contradictions(
    auction: Auction | None,
    consignment: Consignment | None,
    stability: Sequence[Rule],
    years: Sequence[int],
    collar: PriceCollar | None = None,
    *,
    has_holding_limit: bool = False,
) -> Iterator[str]:
    """Yield what does not fit together, both fields named.

    Parameters
    ----------
    years : sequence of int
        Calendar years in which there may be auctions.
    has_holding_limit : bool
        Whether the right limits what may be held by buying.
    """
    kinds = [kind_of(type(rule)) for rule in stability]
    for kind in sorted(set(kinds)):
        if kinds.count(kind) > 1:
            yield f"E_OVERLAP: stability[{kinds.index(kind)}] and a later entry of `stability` are both {kind}"
    if auction is None:
        yield from _without_auction(consignment, stability)
        return
    yield from _rollover(auction, stability)
    yield from _limits(auction.limits, has_holding_limit)
    yield from _sources(stability)
    inside = [r for r in stability if isinstance(r, CostContainmentReserve | EmissionsContainmentReserve)]
    if inside and not isinstance(auction, SealedUniform):
        yield f"stability has {inside[0].kind}, which acts at one price only, but auction is {auction.kind}"
    for year in years:
        yield from _prices(auction, stability, year, collar)


def _without_auction(consignment: Consignment | None, stability: Sequence[Rule]) -> Iterator[str]:
    if consignment is not None:
        yield "`consignment` needs an `auction`: what is consigned is sold there"
    for rule in stability:
        if isinstance(rule, MarketStabilityReserve):
            yield "E_MSR_NO_AUCTION: stability has market_stability_reserve, but there is no `auction` to cut"
        elif isinstance(rule, IN_AUCTIONS):
            yield f"stability has {kind_of(type(rule))}, but there is no `auction` in which it acts"


def _rollover(auction: Auction, stability: Sequence[Rule]) -> Iterator[str]:
    needed = {"reserve": TieredPriceReserve, "msr": MarketStabilityReserve}.get(auction.schedule.rollover)
    if needed is not None and not any(isinstance(rule, needed) for rule in stability):
        yield f"auction.schedule.rollover is {auction.schedule.rollover}, but stability has no {kind_of(needed)}"


def _limits(limits: AuctionLimits | None, has_holding_limit: bool) -> Iterator[str]:
    if limits is not None and limits.use_holding_limit and not has_holding_limit:
        yield "auction.limits.use_holding_limit is true, but the right has no holding limit"


def _sources(stability: Sequence[Rule]) -> Iterator[str]:
    release = next((r for r in stability if isinstance(r, PriceTriggerRelease)), None)
    if release is None or release.source == "next_year":
        return
    needed = MarketStabilityReserve if release.source == "msr" else TieredPriceReserve
    if not any(isinstance(rule, needed) for rule in stability):
        yield f"price_trigger_release.source is {release.source}, but stability has no {kind_of(needed)}"


def _prices(auction: Auction, stability: Sequence[Rule], year: int, collar: PriceCollar | None) -> Iterator[str]:
    """Yield prices of a year that do not lie in order: reserve, withholding, release."""
    path = auction.schedule.reserve_path
    if path is not None and year < path.start_year:
        yield f"auction.schedule.reserve_path starts in {path.start_year}, after an auction's year {year}"
        return
    for rule in stability:
        paths = rule.tiers if isinstance(rule, CostContainmentReserve | TieredPriceReserve) else ()
        first = [t.trigger.start_year for t in paths]
        if isinstance(rule, EmissionsContainmentReserve):
            first.append(rule.trigger.start_year)
        if any(start > year for start in first):
            yield f"{kind_of(type(rule))} has a price from {max(first)} on, after an auction's year {year}"
            return
    edges = None if collar is None else collar.prices(year)
    reserve = auction.reserve_ticks(year, () if edges is None else (edges.floor,))
    if edges is not None and reserve > edges.ceiling:
        yield (
            f"E_RESERVE: the reserve of the auction is {reserve} ticks in {year}, above collar.ceiling "
            f"{edges.ceiling}, at which the government sells anyway"
        )
    if isinstance(auction, AscendingClock | DescendingClock) and auction.start is not None and auction.start < reserve:
        yield f"auction.start is {auction.start} ticks, below the reserve of {reserve} in {year}"
    release = next((r for r in stability if isinstance(r, CostContainmentReserve)), None)
    withhold = next((r for r in stability if isinstance(r, EmissionsContainmentReserve)), None)
    if release is not None and reserve > release.tiers[0].trigger.price(year):
        yield (
            f"E_RESERVE: the reserve of the auction is {reserve} ticks in {year}, above the trigger "
            f"{release.tiers[0].trigger.price(year)} of cost_containment_reserve"
        )
    low = None if withhold is None else withhold.trigger.price(year)
    if low is not None and low <= reserve:
        yield (
            f"E_ECR: emissions_containment_reserve.trigger is {low} ticks in {year}, not above the auction's reserve "
            f"of {reserve}"
        )
    if low is not None and release is not None and low >= (high := release.tiers[0].trigger.price(year)):
        yield (
            f"E_TIERS: emissions_containment_reserve.trigger is {low} ticks in {year}, not below the trigger {high} of "
            "cost_containment_reserve, the other entry of `stability`"
        )
