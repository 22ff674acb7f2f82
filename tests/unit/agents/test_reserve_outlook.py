"""The public price with reserves, for a solver whose price falls by 1 CNY for each further lot."""

from __future__ import annotations

import pytest

from agents.reserve_outlook import price_with_reserves
from rights_market.policies.auction import AuctionSchedule, PricePath, SealedUniform
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    ReserveTier,
    Size,
    TieredPriceReserve,
)
from tests.supply_market import Stage

ONCE = SealedUniform(schedule=AuctionSchedule(per_year=1))


def tier(yuan: int, lots: int) -> ReserveTier:
    return ReserveTier(trigger=PricePath(r0=yuan * 100, start_year=2024), size=Size(lots=lots))


def expected(price: float, stage: Stage) -> float:
    return price_with_reserves(price, stage.supply, 2024, lambda now, later: price - now - later)


@pytest.mark.parametrize(("price", "found"), [(49.0, 49.0), (55.0, 50.0), (75.0, 55.0), (95.0, 65.0)])
def test_released_lots_hold_the_price_at_the_trigger_as_far_as_they_go(price: float, found: float) -> None:
    """10 lots this year and 10 in the next: 20 CNY less; a second tier of 5 and 5 at 60."""
    stage = Stage(ONCE, stability=(CostContainmentReserve(tiers=(tier(50, 10), tier(60, 5))),))
    assert expected(price, stage) == found


def test_a_reserve_is_of_no_use_without_an_auction_this_year() -> None:
    stage = Stage(ONCE, stability=(CostContainmentReserve(tiers=(tier(50, 10),)),))
    stage.plan(2024, free=100)
    stage.hold(2024)
    assert expected(75.0, stage) == 65.0


@pytest.mark.parametrize(("price", "found"), [(8.0, 8.0), (5.0, 6.0), (1.0, 5.0)])
def test_withheld_lots_hold_the_price_at_their_trigger_as_far_as_they_go(price: float, found: float) -> None:
    rule = EmissionsContainmentReserve(trigger=PricePath(r0=600, start_year=2024), size=Size(lots=2))
    assert expected(price, Stage(ONCE, stability=(rule,))) == found


def test_tiers_and_the_ceiling_bound_the_price() -> None:
    rule = TieredPriceReserve(tiers=(tier(50, 10), tier(60, 5)), ceiling=PricePath(r0=9000, start_year=2024))
    stage = Stage(ONCE, stability=(rule,))
    assert expected(75.0, stage) == 75.0  # it is not filled yet
    stage.plan(2024)
    assert [expected(p, stage) for p in (45.0, 55.0, 68.0, 80.0, 200.0)] == [45.0, 50.0, 58.0, 65.0, 90.0]
