"""The public price with reserves, for a solver whose price falls by 1 CNY for each further lot."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from agents.reserve_outlook import price_with_reserves
from rights_market.policies.auction import AuctionSchedule, PricePath, SealedUniform
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    PriceIndexedSupply,
    ReserveTier,
    Size,
    TieredPriceReserve,
)
from tests.supply_market import Stage

YEAR = date(2024, 1, 1), date(2025, 1, 1)
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


@pytest.mark.parametrize(
    ("price", "fill", "found"),
    [
        (50.0, 100, 50.0),  # at the target as planned
        (80.0, 100, 60.0),  # 100 lots planned: at 60, 20 % above, 20 more, which take 20 CNY off
        (80.0, 5, 75.0),  # of which the reserve has five
        (20.0, 0, 40.0),  # at 40, 20 % below, 20 fewer
        (500.0, 100, 450.0),  # no more than half as many on top
    ],
)
def test_volumes_that_follow_the_price_meet_it(price: float, fill: int, found: float) -> None:
    rule = PriceIndexedSupply(target=5000, elasticity=Decimal(1), start_fill=fill)
    stage = Stage(ONCE, stability=(rule,))
    assert expected(price, stage) == price  # no auction is planned yet
    stage.plan(2024)
    stage.supply.open_year(2024)
    planned = sum(stage.supply.volumes.plan.offer(i) for i in stage.supply.volumes.between(*YEAR))
    assert planned == 100
    assert expected(price, stage) == pytest.approx(found, abs=0.6)


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
