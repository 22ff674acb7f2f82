"""Reserves that act in auctions or after them, and supply that follows the price: cases worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.auction import PricePath
from rights_market.policies.stability import (
    BidCurve,
    CostContainmentReserve,
    EmissionsContainmentReserve,
    PriceIndexedSupply,
    PriceTriggerRelease,
    ReserveTier,
    Size,
    TieredPriceReserve,
)


def curve(*bids: tuple[int, int]) -> BidCurve:
    """Bids as pairs of lots and price."""
    table = np.array(bids, np.int64).reshape(-1, 2)
    return BidCurve(table[:, 1], table[:, 0])


def tier(price: int, lots: int, growth: str = "0") -> ReserveTier:
    return ReserveTier(trigger=PricePath(r0=price, start_year=2021, growth=Decimal(growth)), size=Size(lots=lots))


BIDS = curve((6, 20), (5, 17), (3, 15), (4, 12))


class TestCostContainment:
    def test_a_tier_opens_when_more_is_bid_above_its_trigger_than_offered(self) -> None:
        """11 lots are bid above 15, and 10 offered."""
        rule = CostContainmentReserve(tiers=(tier(15, 5),))
        assert rule.release(BIDS, 10, (5,), 2021) == ((5,), 15, False)
        assert rule.release(BIDS, 11, (5,), 2021) == ((0,), 0, False)

    def test_an_empty_reserve_is_said_to_be_exhausted(self) -> None:
        assert CostContainmentReserve(tiers=(tier(15, 5),)).release(BIDS, 10, (0,), 2021) == ((0,), 0, True)

    def test_a_second_tier_is_tested_on_the_enlarged_volume(self) -> None:
        """Above 16 there are 11 lots: more than 8 + 2, so that both tiers open, but not more than 8 + 3."""
        two = CostContainmentReserve(tiers=(tier(15, 2), tier(16, 4)))
        assert two.release(BIDS, 8, (2, 4), 2021) == ((2, 4), 16, False)
        assert two.release(BIDS, 8, (3, 4), 2021) == ((3, 0), 15, False)
        assert two.release(BIDS, 8, (0, 4), 2021) == ((0, 4), 16, True)

    def test_sizes_are_lots_or_shares_of_the_cap(self) -> None:
        share = ReserveTier(trigger=PricePath(r0=20, start_year=2021), size=Size(share=Decimal("0.1")))
        assert CostContainmentReserve(tiers=(tier(15, 5), share)).sizes(1239) == (5, 123)
        with pytest.raises(PolicyError, match="lots is None and share is None"):
            Size()

    def test_triggers_rise(self) -> None:
        with pytest.raises(
            PolicyError, match=r"E_TIERS: .* tiers\[1\] has 15 ticks in 2021, not above the 15 of tiers"
        ):
            CostContainmentReserve(tiers=(tier(15, 5), tier(15, 5)))
        with pytest.raises(PolicyError, match=r"E_TIERS: .* in 2025"):
            CostContainmentReserve(tiers=(tier(1000, 5, "0.1"), tier(1400, 5)))


class TestEmissionsContainment:
    def test_what_is_not_bid_for_at_the_trigger_is_withheld(self) -> None:
        rule = EmissionsContainmentReserve(trigger=PricePath(r0=600, start_year=2021), size=Size(lots=2))
        assert rule.withhold(curve((5, 900), (4, 650), (3, 500)), 10, 2, 2021) == (1, True)
        assert rule.withhold(curve((5, 900), (2, 650), (8, 500)), 10, 2, 2021) == (2, False)
        assert rule.withhold(curve((5, 900), (5, 600)), 10, 2, 2021) == (0, False)

    def test_a_part_of_the_market_withholds_its_part(self) -> None:
        rule = EmissionsContainmentReserve(trigger=PricePath(r0=600, start_year=2021), participation=Decimal("0.5"))
        assert rule.most(1239) == 61
        assert rule.withhold(curve(), 10, 61, 2021) == (5, False)
        assert EmissionsContainmentReserve(trigger=rule.trigger).withhold(curve(), 10, 61, 2021) == (10, True)


class TestTieredReserve:
    RULE = TieredPriceReserve(tiers=(tier(40, 10), tier(50, 5)))

    def test_tiers_are_served_in_order_and_shared_where_they_do_not_suffice(self) -> None:
        """A asks for 8 and B for 6 of tier 1 only, C for 4 of tier 2 too: 5, 3 and 2, and C gets the other 2 at 50."""
        awards = self.RULE.serve((10, 5), np.array([0, 0, 1]), np.array([8, 6, 4]))
        assert awards.tolist() == [[5, 3, 2], [0, 0, 2]]

    @given(
        bids=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), max_size=6),
        left=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    )
    def test_nobody_gets_more_than_asked_or_pays_more_than_offered(
        self, bids: list[tuple[int, int]], left: tuple[int, int]
    ) -> None:
        table = np.array(bids, np.int64).reshape(-1, 2)
        awards = self.RULE.serve(left, table[:, 0], table[:, 1])
        assert (awards.sum(axis=0) <= table[:, 1]).all() and (awards.sum(axis=1) <= left).all()
        assert not awards[1][table[:, 0] == 0].any()

    def test_a_sale_opens_at_a_share_of_the_first_price_and_before_the_deadline(self) -> None:
        rule = TieredPriceReserve(tiers=(tier(40, 10),), ceiling=PricePath(r0=60, start_year=2021))
        assert [rule.opens(p, 2021) for p in (23, 24)] == [False, True]
        deadline = date(2021, 12, 31)
        assert rule.dates(deadline) == (date(2021, 12, 11), date(2021, 12, 21))
        assert not rule.is_before_deadline(date(2021, 12, 10), deadline)
        assert rule.is_before_deadline(date(2021, 12, 11), deadline)
        assert not rule.is_ceiling_due(date(2021, 12, 20), deadline) and rule.is_ceiling_due(
            date(2021, 12, 21), deadline
        )
        free = TieredPriceReserve(tiers=(tier(40, 10),), always_before_deadline=False)
        assert free.dates(deadline) == () and not free.is_before_deadline(deadline, deadline)

    def test_prices_rise_up_to_the_ceiling(self) -> None:
        with pytest.raises(PolicyError, match=r"E_TIERS: tiered_price_reserve: tiers\[1\] has 40 ticks"):
            TieredPriceReserve(tiers=(tier(40, 10),), ceiling=PricePath(r0=40, start_year=2021))
        with pytest.raises(PolicyError, match="ceiling_lead 20 is not below sale_lead 20"):
            TieredPriceReserve(tiers=(tier(40, 10),), ceiling=PricePath(r0=60, start_year=2021), ceiling_lead=20)


class TestPriceTrigger:
    def test_the_shorter_mean_must_exceed_the_multiple(self) -> None:
        rule = PriceTriggerRelease(qty=75)
        assert rule.is_triggered(80, 33) and not rule.is_triggered(79, 33)
        assert not rule.is_triggered(24, 10)

    def test_lots_are_spread_and_end_with_their_source(self) -> None:
        rule = PriceTriggerRelease(qty=75)
        assert rule.release(1000, 3) == (25, 25, 25)
        assert rule.release(10, 3) == (4, 3, 3)

    def test_an_authority_may_decide_by_a_draw(self) -> None:
        rule = PriceTriggerRelease(qty=75, decision="authority", probability=Decimal("0.5"))
        assert [rule.decides(x) for x in (0.49, 0.5)] == [True, False]
        assert PriceTriggerRelease(qty=75).decides(0.99)


class TestPriceIndexedSupply:
    @pytest.mark.parametrize(
        ("price", "more", "lots"),
        [
            (60, {}, 110),
            (60, {"max": Decimal("1.08")}, 108),
            (10, {}, 60),
            (0, {"elasticity": Decimal(2)}, 50),
            (50, {}, 100),
        ],
    )
    def test_the_volume_follows_the_price_between_bounds(self, price: int, more: dict[str, Any], lots: int) -> None:
        assert PriceIndexedSupply(target=50, **more).volume(100, price) == lots

    def test_without_trades_the_plan_holds(self) -> None:
        assert PriceIndexedSupply(target=50).volume(100, None) == 100
