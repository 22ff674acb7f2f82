"""How firms bid, with three parts of a need of 30 worth 100 ticks each: 10 at 105, 100 and 95."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents.bidding import FirmBidders
from rights_market.policies.auction import PayAsBid, SealedUniform


def bidders(budget: float = 1e9, market: float = 100.0, lack: float = 30.0, **more: Any) -> FirmBidders:
    one = np.ones(1)
    given: dict[str, Any] = {"ceiling": 100 * one, "lot_size": 1, "max_price_ticks": 10_000} | more
    return FirmBidders(
        firms=np.array([7]), lack=lack * one, value=100 * one, budget=budget * one, market_ticks=market, **given
    )


def test_sealed_bids_at_one_price_are_around_the_value() -> None:
    bids = bidders(market=60.0).sealed(SealedUniform())
    assert (bids.price_ticks.tolist(), bids.lots.tolist(), bids.account.tolist()) == ([105, 100, 95], [10] * 3, [7] * 3)


def test_who_pays_its_own_bid_keeps_half_of_the_gain_over_the_market() -> None:
    assert bidders(market=60.0).sealed(PayAsBid()).price_ticks.tolist() == [84, 80, 76]
    assert bidders(market=120.0).sealed(PayAsBid()).price_ticks.tolist() == [105, 100, 95]


def test_demand_falls_as_the_clock_rises_and_ends_with_the_cash() -> None:
    assert [int(bidders().demand(p, None)[0]) for p in (95, 96, 100, 101, 105, 106)] == [30, 20, 20, 10, 10, 0]
    assert bidders(budget=1500.0).demand(95, None).tolist() == [15]
    assert bidders(lot_size=20).demand(95, None).tolist() == [20]


def test_claims_come_one_by_one_as_the_clock_falls() -> None:
    firm = bidders()
    claimed = {p: int(firm.claim(p, 99)[0]) for p in range(110, 90, -1)}
    assert {p: n for p, n in claimed.items() if n} == {105: 10, 100: 10, 95: 10}
    poor = bidders(budget=1500.0)
    assert sum(int(poor.claim(p, 99)[0]) * p for p in range(110, 0, -1)) <= 1500


def test_claims_that_pay_their_own_price_are_shaded() -> None:
    firm = bidders(market=60.0)
    assert [int(firm.claim(p, 99)[0]) for p in (105, 84)] == [0, 10]
    last = bidders(market=60.0, pays_claims=False)
    assert last.claim(105, 99).tolist() == [10]


def test_a_shot_lies_between_the_clock_and_the_value() -> None:
    assert bidders().shot(90, np.array([10])).tolist() == [95]
    assert bidders(budget=920.0).shot(90, np.array([10])).tolist() == [92]
    assert bidders().shot(110, np.array([10])).tolist() == [110]


@pytest.mark.parametrize(
    ("market", "ceiling", "tier"), [(90.0, 100.0, 0), (120.0, 130.0, 1), (120.0, 100.0, 0), (150.0, 500.0, 2)]
)
def test_a_reserve_is_bid_for_up_to_what_the_market_or_a_shortfall_costs(
    market: float, ceiling: float, tier: int
) -> None:
    bids = bidders(market=market, ceiling=np.array([ceiling])).reserve_bids((90, 120, 150))
    assert (bids.tier.tolist(), bids.lots.tolist(), bids.account.tolist()) == ([tier], [30], [7])


def test_nothing_is_bid_above_what_it_is_worth() -> None:
    assert len(bidders(market=90.0).reserve_bids((101,)).lots) == 0
    assert len(bidders().ceiling_bids(101).lots) == 0
    assert bidders(ceiling=np.array([500.0]), lack=2.5).ceiling_bids(400).lots.tolist() == [3]
    assert bidders(ceiling=np.array([500.0]), budget=900.0).ceiling_bids(400).lots.tolist() == [2]
