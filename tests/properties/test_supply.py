"""Whatever is bid: every planned lot is sold, waits, lies in a reserve or is cancelled, and the books add up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights_market.policies.auction import (
    AscendingClock,
    AuctionLimits,
    AuctionSchedule,
    Consignment,
    DescendingClock,
    PayAsBid,
    PricePath,
    SealedUniform,
)
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    MarketStabilityReserve,
    PriceIndexedSupply,
    ReserveTier,
    Size,
    TieredPriceReserve,
)
from tests.supply_market import Scripted, Stage

PATH = PricePath(r0=20, start_year=2024)
RESERVES = (
    CostContainmentReserve(tiers=(ReserveTier(trigger=PATH, size=Size(lots=7)),)),
    EmissionsContainmentReserve(trigger=PricePath(r0=10, start_year=2024), size=Size(lots=5)),
)
AROUND = (
    TieredPriceReserve(tiers=(ReserveTier(trigger=PATH, size=Size(lots=6)),), open_ratio=Decimal("0.5")),
    PriceIndexedSupply(target=15, start_fill=4),
    MarketStabilityReserve(upper=40, lower=20, buffer_top=60, start_fill=9, hold_at_most=8),
)
bids = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30), st.integers(0, 30)), max_size=6)


@settings(max_examples=25, deadline=None)
@given(
    sales=st.lists(bids, min_size=12, max_size=12),
    cash=st.sampled_from([0, 200, 100_000]),
    rollover=st.sampled_from(["next", "next_n", "after_two_above_reserve", "reserve", "msr"]),
    consigned=st.booleans(),
    used=st.integers(0, 100),
)
@pytest.mark.parametrize("kind", [SealedUniform, PayAsBid, AscendingClock, DescendingClock])
def test_no_lot_is_lost(kind: Any, sales: list[Any], cash: int, rollover: Any, consigned: bool, used: int) -> None:
    schedule = AuctionSchedule(per_year=4, rollover=rollover)
    start = {"start": 31} if kind is DescendingClock else {}
    terms = kind(schedule=schedule, reserve=5, limits=AuctionLimits(guarantee=Decimal("0.5")), **start)
    inside = RESERVES if kind is SealedUniform else ()
    stage = Stage(terms, cash=cash, stability=(*inside, *AROUND), consignment=Consignment() if consigned else None)
    supply, free = stage.supply, (40, 20, 0)
    stage.plan(free=60)
    for number, (when, period) in enumerate(supply.volumes.days):
        year = when.year
        if number % 4 == 0:
            stage.go_to(year, 1)
            supply.open_year(year)
            stage.authority.plans.preallocate("CEA", period, np.array(free))
            if year > 2024:
                stage.authority.verify("CEA", stage.period(year - 1), np.array([used, 0, 0]))
                supply.review(year)
        stage.hold(year, *sales[number])
        rows = [(int(stage.firms[firm]), lots, 0) for firm, _, lots in sales[number]]
        supply.sell_reserves(period, stage.today, Scripted(tiers=rows))
        if number % 4 == 3:
            stage.go_to(year, 12)
            supply.close_year(year)
        stage.check()
    beyond = sum(e.lots for e in stage.market.events if e.code == "ccr_released")
    issued = int(stage.market.registry.total("issued").sum())
    filled = sum(e.lots for e in stage.market.events if e.code == "reserve_filled")
    assert issued + supply.volumes.plan.unsold == 3 * 60 + sum(supply.volumes.plan.planned) + filled + 4 + 9 + beyond
    assert stage.market.registry.free[:, 1].sum() == 0  # nothing consigned is left with the exchange
    assert sum(supply.volumes.plan.planned) + filled == 3 * 40
