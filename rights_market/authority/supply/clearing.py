"""One auction: bids within their limits, the reserves that act inside the clearing, and the price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.authority.supply.bid_limits import BidLimits
from rights_market.authority.supply.bidders import Bidders
from rights_market.exchange.auction_result import AuctionResult
from rights_market.exchange.clock_auction import ascend
from rights_market.exchange.dutch_auction import descend
from rights_market.exchange.sealed_bid import SealedBids, clear, clear_as_bid
from rights_market.policies.auction import AscendingClock, Auction, PayAsBid, SealedUniform
from rights_market.policies.stability import BidCurve, CostContainmentReserve, EmissionsContainmentReserve

Int64 = npt.NDArray[np.int64]
Ties = Callable[[int], Int64]
"""From a number of bids to a drawn order of them."""


class Inside(NamedTuple):
    """Reserves that act inside the clearing.

    Attributes
    ----------
    year : int
        Calendar year of the auction.
    release : CostContainmentReserve or None
    release_left : tuple of int
        Lots left in each of its tiers this year.
    withhold : EmissionsContainmentReserve or None
    withhold_left : int
        Lots that may still be withheld this year, at most the government's own lots in the auction.
    """

    year: int
    release: CostContainmentReserve | None
    release_left: tuple[int, ...]
    withhold: EmissionsContainmentReserve | None
    withhold_left: int


class Cleared(NamedTuple):
    """What came of an auction.

    Attributes
    ----------
    result : AuctionResult
    bidders : int
        Accounts that made a bid.
    bid_value : dict of int to int
        Highest value of the bids of each account, in the value of one lot at one tick.
    withheld : int
        Lots taken out for good.
    exhausted : bool
        Whether demand asked for a tier of the reserve that is empty.
    limits : BidLimits or None
    """

    result: AuctionResult
    bidders: int
    bid_value: dict[int, int]
    withheld: int
    exhausted: bool
    limits: BidLimits | None


def clear_auction(
    office: Office,
    matter: Matter,
    terms: Auction,
    volume: int,
    bidders: Bidders,
    ties: Ties,
    reserve_ticks: int,
    secret_ticks: int | None,
    inside: Inside,
) -> Cleared:
    """Ask for bids, cut them to their limits, and clear by the terms of the auction."""
    limits = None
    if terms.limits is not None:
        limits = BidLimits(office, matter, terms.limits, volume, terms.lot_size)
    if isinstance(terms, SealedUniform | PayAsBid):
        bids = bidders.sealed(terms)
        order = ties(len(bids))
        bids = bids if limits is None else limits.trim(bids)
        value = _values(bids)
        count = len(np.unique(bids.account))
        if isinstance(terms, PayAsBid):
            result = clear_as_bid(
                terms, volume, bids, order, reserve_ticks=reserve_ticks, secret_reserve_ticks=secret_ticks
            )
            return Cleared(result, count, value, 0, False, limits)
        result, withheld, exhausted = _clear_inside(terms, volume, bids, order, reserve_ticks, secret_ticks, inside)
        return Cleared(result, count, value, withheld, exhausted, limits)
    accounts = bidders.accounts
    order = ties(len(accounts))
    top = office.books[matter.right].right.max_price_ticks
    wide = accounts.astype(np.int64)
    if isinstance(terms, AscendingClock):

        def wanted(price: int, excess: int | None) -> Int64:
            return bidders.demand(price, excess) if price <= top else np.zeros(len(accounts), np.int64)

        demand = wanted if limits is None else limits.demand(wide, wanted)
        result = ascend(terms, volume, accounts, demand, order, reserve_ticks=reserve_ticks, shot=bidders.shot)
    else:
        claim = bidders.claim if limits is None else limits.claims(wide, bidders.claim)
        result = descend(terms, volume, accounts, claim, order, reserve_ticks=reserve_ticks)
    for number, one in enumerate(result.rounds, start=1):
        office.note(
            matter, terms.kind, "clock_round", lots=one.lots, price_ticks=one.price_ticks, note=f"round {number}"
        )
        if one.refused_lots:
            price, words = one.price_ticks, f"round {number}: demand was raised"
            office.note(matter, terms.kind, "activity_rule", lots=one.refused_lots, price_ticks=price, note=words)
    value = {int(a): int(v) for a, v in zip(result.account, result.awards * result.paid_ticks, strict=True)}
    return Cleared(result, len(accounts), value, 0, False, limits)


def _clear_inside(
    terms: SealedUniform,
    volume: int,
    bids: SealedBids,
    order: Int64,
    reserve_ticks: int,
    secret_ticks: int | None,
    inside: Inside,
) -> tuple[AuctionResult, int, bool]:
    """Clear at one price on the volume that the reserves make of it; return what they withheld, and if one is empty."""
    offered = volume // terms.lot_size * terms.lot_size
    valid = (bids.price_ticks >= reserve_ticks) & (bids.lots > 0) & (bids.lots % terms.lot_size == 0)
    curve = BidCurve(bids.price_ticks[valid], bids.lots[valid])

    def at_trigger(lots: int, trigger: int) -> AuctionResult:
        """Sell what is bid for at a trigger; with less than offered, the trigger is the price."""
        result = clear(replace(terms, undersubscribed="reserve"), lots, bids, order, reserve_ticks=trigger)
        return replace(result, code="auction_cleared") if result.sold else result

    if inside.withhold is not None:
        taken = inside.withhold.withhold(curve, offered, inside.withhold_left, inside.year)
        if taken.at_trigger:
            return at_trigger(offered, inside.withhold.trigger.price(inside.year)), taken.lots, False
        if taken.lots:
            left = volume - taken.lots
            result = clear(terms, left, bids, order, reserve_ticks=reserve_ticks, secret_reserve_ticks=secret_ticks)
            return result, taken.lots, False
    exhausted = False
    if inside.release is not None:
        added = inside.release.release(curve, offered, inside.release_left, inside.year)
        exhausted = added.exhausted
        if added.floor_ticks:
            return at_trigger(offered + sum(added.lots), added.floor_ticks), 0, exhausted
    result = clear(terms, volume, bids, order, reserve_ticks=reserve_ticks, secret_reserve_ticks=secret_ticks)
    return result, 0, exhausted


def _values(bids: SealedBids) -> dict[int, int]:
    """Return the highest value of each account's bids: of its prices, each times the lots bid at it or higher."""
    best: dict[int, int] = {}
    reached: dict[int, int] = {}
    for i in np.lexsort((np.arange(len(bids)), -bids.price_ticks)).tolist():
        account = int(bids.account[i])
        reached[account] = reached.get(account, 0) + int(bids.lots[i])
        best[account] = max(best.get(account, 0), reached[account] * int(bids.price_ticks[i]))
    return best
