"""Rules of supply that act on one right: what comes first, and that none takes from the pot of another."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from rights_market.policies.allocation import CapScaling
from rights_market.policies.auction import AuctionSchedule, Consignment, PricePath, SealedUniform
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    MarketStabilityReserve,
    PriceIndexedSupply,
    ReserveTier,
    Size,
    TieredPriceReserve,
)
from rights_market.policies.stability.price_collar import PriceCollar
from rights_market.records import Orders
from rights_market.units import Side
from tests.compliance_market import codes, swap
from tests.supply_market import YEARS, Scripted, Stage

ONCE = SealedUniform(schedule=AuctionSchedule(per_year=1))
MSR = MarketStabilityReserve(
    upper=80, lower=40, buffer_top=100, rate=Decimal("0.25"), release=10, early_release=10, hold_at_most=50
)


def tier(price: int, lots: int) -> ReserveTier:
    return ReserveTier(trigger=PricePath(r0=price, start_year=2024), size=Size(lots=lots))


RELEASE = CostContainmentReserve(tiers=(tier(15, 5),))
WITHHOLD = EmissionsContainmentReserve(trigger=PricePath(r0=6, start_year=2024), size=Size(lots=50))


def after_a_cut(*rules: CostContainmentReserve | EmissionsContainmentReserve) -> Stage:
    """Stand before an auction of 25 lots, of which the stability reserve takes 8: a quarter of 120 in four parts."""
    stage = Stage(stability=(MSR, *rules))
    stage.plan()
    stage.go_to(2024, 1)
    stage.supply.open_year(2024)
    stage.market.registry.issue(0, stage.firms[0], 120)
    stage.go_to(2024, 12)
    stage.supply.close_year(2024)
    stage.go_to(2025, 6)
    stage.authority.verify("CEA", stage.period(2024), np.array([0, 0, 0]))
    stage.supply.review(2025)
    for year in (*[2024] * 4, *[2025] * 3):
        stage.hold(year, (0, 14, 25))
    return stage


@pytest.mark.parametrize(("wanted", "released"), [(17, 0), (18, 5)])
def test_the_price_at_which_lots_are_released_is_looked_at_after_the_cut(wanted: int, released: int) -> None:
    """17 lots stay of 25: those who bid for 18 above the trigger open the reserve, as they would not have before."""
    row = after_a_cut(RELEASE).hold(2025, (0, 20, wanted), (1, 15, 30))
    assert (row["offered"], row["released"], row["sold"]) == (17, released, 17 + released)


@pytest.mark.parametrize(("wanted", "withheld"), [(17, 0), (16, 1)])
def test_what_is_withheld_is_looked_at_after_the_cut(wanted: int, withheld: int) -> None:
    """Of 25 lots 8 would have been withheld; of the 17 left nothing is, if 17 are bid for there."""
    stage = after_a_cut(WITHHOLD)
    row = stage.hold(2025, (0, 7, wanted), (1, 5, 30))
    assert row["sold"] == 17 - withheld
    assert [e[3] for e in stage.events("ecr_withheld")] == [withheld] * (withheld > 0)


@pytest.mark.parametrize(
    ("bids", "released", "withheld"),
    [(((0, 20, 12), (1, 15, 9)), 5, 0), (((0, 20, 10), (1, 15, 9)), 0, 0), (((0, 20, 7), (1, 5, 9)), 0, 3)],
)
def test_an_auction_is_never_enlarged_and_cut_at_once(
    bids: tuple[tuple[int, int, int], ...], released: int, withheld: int
) -> None:
    """Ten lots are offered: the trigger of the release lies above that of the withholding, so that one test excludes
    the other."""
    stage = Stage(ONCE, stability=(RELEASE, WITHHOLD))
    stage.plan(2024, free=90)
    row = stage.hold(2024, *bids)
    assert (row["released"], row["withheld"]) == (released, withheld)
    stage.check()


def test_an_auction_with_too_few_bids_opens_no_reserve() -> None:
    """Nine bid for ten lots, all above the trigger of 15: the price is the lowest bid, and nothing is released."""
    stage = Stage(ONCE, stability=(RELEASE,))
    stage.plan(2024, free=90)
    row = stage.hold(2024, (0, 30, 5), (1, 20, 4))
    assert (row["price_ticks"], row["sold"], row["released"], row["code"]) == (20, 9, 0, "auction_undersubscribed")
    assert stage.supply.auctions.containment.release_left(2024) == (5,)


def test_each_reserve_has_a_pot_of_its_own() -> None:
    """First the auction with 4 of 5 lots at 15, then a sale of 8 of 10 lots at 40, all year the collar with its 7."""
    collar = PriceCollar(floor=1, ceiling=60, reserve=7)
    stage = Stage(ONCE, stability=(RELEASE, TieredPriceReserve(tiers=(tier(40, 10),))), collar=collar)
    stage.plan(2024, 2025, free=80)
    assert stage.supply.volumes.plan.planned == (10, 20)
    stage.hold(2024, (0, 20, 6), (1, 17, 5), (2, 15, 3))
    assert stage.supply.auctions.containment.release_left(2024) == (1,)
    (pot,) = stage.supply.reserves.sales.tiers
    assert pot.lots == 10
    stage.go_to(2025, 12)
    sale = Scripted(tiers=[(int(stage.firms[0]), 8, 0)])
    stage.supply.sell_reserves(stage.period(2024), stage.today, sale)
    assert (pot.lots, stage.supply.auctions.containment.release_left(2025)) == (2, (5,))
    bid = stage.market.submit(Orders.of(stage.firms[1], 0, Side.BID, 60, 3))
    assert bid.filled.tolist() == [3]
    later = stage.market.submit(Orders.of(stage.firms[1], 0, Side.BID, 60, 9))
    assert later.filled.tolist() == [4]  # The collar is empty, whatever the tier still holds.
    assert (pot.lots, stage.supply.auctions.containment.release_left(2025)) == (2, (5,))
    stage.market.close_day()
    assert [(c[0], c[3]) for c in codes(stage.market, "ceiling_sale")] == [("ceiling_sale", 7)]
    assert [e[:2] for e in stage.events("ccr_released", "reserve_sale")] == [
        ("cost_containment_reserve", "ccr_released"),
        ("tiered_price_reserve", "reserve_sale"),
    ]
    stage.market.audit()


def test_the_supply_of_a_year_from_the_cap_to_the_sale() -> None:
    """1,000 lots: 570 at least for auctions leave 430 for claims of 500; half of what is given is consigned.

    215 consigned and 570 of the government are offered over four auctions; supply by the price adds 10 % to what is
    offered once trade is at 60 for a target of 50 with an elasticity of one half.
    """
    rules = {
        "cap": AbsolutePath(table=dict.fromkeys(YEARS, 1000)),
        "scaling": CapScaling(min_auction_share=Decimal("0.57")),
        "consignment": Consignment(share=Decimal("0.5")),
        "stability": (PriceIndexedSupply(target=50, start_fill=100),),
    }
    stage = Stage(**rules)
    scaled = stage.book.scaling.scale(1000, 0, np.array([300, 200, 0]), np.zeros(3, np.bool_))
    assert scaled.lots.tolist() == [258, 172, 0]
    stage.plan(2024, free=int(scaled.lots.sum()))
    assert stage.supply.volumes.plan.planned == (143, 143, 142, 142)
    stage.go_to(2024, 1)
    stage.supply.open_year(2024)
    stage.authority.plans.preallocate("CEA", stage.period(2024), scaled.lots)
    assert stage.held(2024) == [129, 86, 0]
    first = stage.hold(2024, (2, 60, 400))
    # 129 and 86 over four auctions: 33 and 22 first.
    assert (first["offered"], first["consigned"], first["consigned_sold"], first["released"]) == (143 + 55, 55, 55, 0)
    swap(stage.market, stage.firms[0], stage.firms[1], 0, 1, 60)
    second = stage.hold(2024, (2, 60, 400))
    assert (second["released"], second["offered"]) == (14, 143 + 14 + second["consigned"])
    assert stage.supply.reserves.indexed.lots == 86
    stage.check()
