"""Reserves carried out by the authority: inside auctions, after them, and by what is in circulation."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from rights_market.policies.auction import AuctionSchedule, Consignment, PricePath, SealedUniform
from rights_market.policies.banking import FreeBanking
from rights_market.policies.compliance import ShortfallCap
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    MarketStabilityReserve,
    PriceIndexedSupply,
    PriceTriggerRelease,
    ReserveTier,
    Size,
    TieredPriceReserve,
)
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.registry.obligations import Debt
from tests.compliance_market import swap
from tests.supply_market import FOUR, YEARS, Scripted, Stage

ONCE = SealedUniform(schedule=AuctionSchedule(per_year=1))


def tier(price: int, lots: int, growth: str = "0") -> ReserveTier:
    return ReserveTier(trigger=PricePath(r0=price, start_year=2024, growth=Decimal(growth)), size=Size(lots=lots))


class TestCostContainment:
    """Bids of 6 at 20, 5 at 17, 3 at 15 and 4 at 12 for 10 lots; the reserve holds 5 lots at 15."""

    BIDS = ((0, 20, 6), (1, 17, 5), (2, 15, 3), (0, 12, 4))

    def stage(self, **changes) -> Stage:
        return Stage(ONCE, stability=(CostContainmentReserve(tiers=(tier(15, 5),), **changes),))

    def test_a_part_of_the_reserve_is_sold_at_the_trigger(self) -> None:
        stage = self.stage()
        stage.plan(2024, free=90)
        row = stage.hold(2024, *self.BIDS)
        assert (row["price_ticks"], row["sold"], row["offered"], row["released"]) == (15, 14, 10, 4)
        assert (row["code"], stage.supply.auctions.containment.release_left(2024)) == ("auction_cleared", (1,))
        assert stage.events("ccr_released") == [("cost_containment_reserve", "ccr_released", -1, 4, "tier 1")]
        assert stage.supply.volumes.changed_lots("2024") == 4
        assert stage.supply.volumes.plan.unsold == 0
        stage.check()

    def test_the_reserve_is_there_anew_each_year_and_empty_after_use(self) -> None:
        quarterly = Stage(SealedUniform(schedule=FOUR), stability=(CostContainmentReserve(tiers=(tier(15, 5),)),))
        quarterly.plan(2024, 2025, free=60)
        sold = [quarterly.hold(2024, (0, 20, 14))["sold"] for _ in range(2)]
        assert (sold, quarterly.supply.auctions.containment.release_left(2024)) == ([14, 11], (0,))
        assert quarterly.hold(2024, (0, 20, 14))["sold"] == 10
        assert quarterly.events("reserve_exhausted")[-1][:2] == ("cost_containment_reserve", "reserve_exhausted")
        assert quarterly.supply.auctions.containment.release_left(2025) == (5,)
        quarterly.check()

    def test_a_reserve_within_the_cap_is_set_aside(self) -> None:
        stage = self.stage(within_cap=True)
        stage.plan(2024, free=85)
        assert stage.supply.volumes.plan.planned == (10,)
        assert stage.supply.volumes.changed_lots("2024") == -5
        stage.hold(2024, *self.BIDS)
        assert stage.supply.volumes.changed_lots("2024") == -1


class TestEmissionsContainment:
    def test_lots_without_bids_at_the_trigger_are_cancelled(self) -> None:
        """9 of 10 lots are bid for at 6: one is withheld, and all pay 6."""
        rule = EmissionsContainmentReserve(trigger=PricePath(r0=6, start_year=2024), size=Size(lots=2))
        stage = Stage(ONCE, stability=(rule,))
        stage.plan(2024, 2025, free=90)
        row = stage.hold(2024, (0, 9, 5), (1, 7, 4), (2, 5, 3))
        assert (row["price_ticks"], row["sold"], row["withheld"]) == (6, 9, 1)
        assert stage.market.registry.total("cancelled")[0] == 1
        assert stage.supply.auctions.containment.withhold_left(2024) == 1
        assert stage.supply.volumes.changed_lots("2024") == -1
        assert [e[1:4] for e in stage.events("ecr_withheld", "cancelled")] == [
            ("ecr_withheld", -1, 1),
            ("cancelled", -1, 1),
        ]
        stage.check()

    def test_where_the_reserve_is_too_small_the_price_falls_below_the_trigger(self) -> None:
        """7 lots are bid for at 6, 2 may be withheld: 8 are sold at 5."""
        rule = EmissionsContainmentReserve(trigger=PricePath(r0=6, start_year=2024), size=Size(lots=2))
        stage = Stage(ONCE, stability=(rule,))
        stage.plan(2024, free=90)
        row = stage.hold(2024, (0, 9, 5), (1, 7, 2), (2, 5, 8))
        assert (row["price_ticks"], row["sold"], row["withheld"]) == (5, 8, 2)

    def test_lots_of_others_are_not_withheld(self) -> None:
        """Consigned lots are their owners': nobody bids, and only the 2 lots of the government are withheld."""
        rule = EmissionsContainmentReserve(trigger=PricePath(r0=6, start_year=2024), size=Size(lots=50))
        stage = Stage(ONCE, stability=(rule,), consignment=Consignment())
        stage.plan(2024, free=98)
        stage.go_to(2024, 1)
        stage.authority.plans.preallocate("CEA", stage.period(2024), np.array([98, 0, 0]))
        assert stage.hold(2024)["withheld"] == 2
        assert stage.held(2024) == [98, 0, 0]
        stage.check()


class TestTieredReserve:
    RULE = TieredPriceReserve(tiers=(tier(40, 10), tier(50, 5)))

    def sell(self, stage: Stage, *rows: tuple[int, int, int]) -> list:
        """Sell with rows of firm, lots and tier."""
        before = len(stage.supply.auctions.results)
        bids = [(int(stage.firms[firm]), lots, k) for firm, lots, k in rows]
        stage.supply.sell_reserves(stage.period(2024), stage.today, Scripted(tiers=bids))
        return stage.supply.auctions.results[before:]

    def before_deadline(self, rule: TieredPriceReserve = RULE, **more) -> Stage:
        stage = Stage(ONCE, stability=(rule,), **more)
        stage.plan(2024, 2025)
        stage.go_to(2025, 12)
        return stage

    def test_it_is_filled_from_the_first_cap_and_seen_in_the_registry(self) -> None:
        stage = Stage(ONCE, stability=(self.RULE,))
        stage.plan(2024, 2025, free=10)
        assert stage.supply.volumes.plan.planned == (75, 90)
        pots = [pot.account for pot in stage.supply.reserves.sales.tiers]
        assert stage.market.registry.free[0, pots].tolist() == [10, 5]
        assert [stage.market.accounts.name(a) for a in pots] == ["CEA price reserve 1", "CEA price reserve 2"]
        assert stage.supply.volumes.changed_lots("2024") == -15

    def test_a_cap_that_is_used_up_fills_what_it_can(self) -> None:
        stage = Stage(ONCE, stability=(self.RULE,))
        stage.plan(2024, free=88)
        assert [pot.lots for pot in stage.supply.reserves.sales.tiers] == [10, 2]
        assert stage.events("rule_unmet") == [("tiered_price_reserve", "rule_unmet", -1, 3, "cap is used up")]

    def test_tiers_are_sold_in_order_before_the_deadline(self) -> None:
        stage = self.before_deadline()
        rows = self.sell(stage, (0, 8, 0), (1, 6, 0), (2, 4, 1))
        assert stage.held(2024) == [5, 3, 4]
        assert [(r["sold"], r["price_ticks"], r["offered"], r["code"]) for r in rows] == [
            (10, 40, 10, "reserve_sale"),
            (2, 50, 5, "reserve_sale"),
        ]
        assert (1_000_000 - stage.market.registry.cash[stage.firms]).tolist() == [200, 120, 180]
        assert stage.market.registry.cash[GOVERNMENT_ACCOUNT] == 500
        assert stage.supply.volumes.changed_lots("2024") == -3
        stage.check()

    def test_an_auction_at_a_high_price_opens_a_sale(self) -> None:
        for price, sold in ((23, 0), (24, 8)):
            stage = Stage(ONCE, stability=(self.RULE,))
            stage.plan(2024)
            stage.hold(2024, (1, price, 100))
            assert sum(r["sold"] for r in self.sell(stage, (0, 8, 0))) == sold

    def test_who_cannot_pay_gets_nothing(self) -> None:
        stage = self.before_deadline(cash=300)
        self.sell(stage, (0, 8, 0), (1, 2, 0))
        assert stage.held(2024) == [0, 2, 0]
        assert stage.events("payment_failed") == [("tiered_price_reserve", "payment_failed", 2, 8, "")]

    def test_unsold_lots_of_auctions_may_fill_it(self) -> None:
        auction = SealedUniform(schedule=AuctionSchedule(per_year=1, rollover="reserve"))
        stage = Stage(auction, stability=(self.RULE,))
        stage.plan(2024)
        stage.hold(2024, (0, 9, 80))
        assert [pot.lots for pot in stage.supply.reserves.sales.tiers] == [13, 7]
        assert stage.supply.volumes.changed_lots("2024") == -20

    def test_units_at_the_ceiling_cover_what_is_lacking_and_no_more(self) -> None:
        """A owes 20 and holds 15, B owes 5 and holds none, C is rich; the tiers are empty."""
        empty = TieredPriceReserve(tiers=(tier(40, 0),), ceiling=PricePath(r0=95, start_year=2024))
        stage = self.before_deadline(empty)
        stage.market.registry.issue(0, stage.firms[0], 15)
        rows = (0, 9, 0), (1, 9, 0), (2, 9, 0)
        assert self.sell(stage, *rows) == []
        assert stage.events("rule_unmet")[-1][4] == "use is not verified: nobody knows what is lacking"
        stage.authority.verify("CEA", stage.period(2024), np.array([20, 5, 0]))
        (row,) = self.sell(stage, *rows)
        assert (row["sold"], row["price_ticks"], row["code"]) == (10, 95, "ceiling_sale")
        assert stage.held(2024) == [15, 0, 0]
        assert stage.market.obligations.surrendered_lots("CEA", "2024")[stage.firms].tolist() == [5, 5, 0]
        assert stage.authority.surrender("CEA", stage.period(2024)).tolist() == [0, 0, 0]
        assert stage.held(2024) == [0, 0, 0]
        stage.check()

    def test_units_at_the_ceiling_are_not_sold_for_what_is_forgiven(self) -> None:
        """A and B used 100 each; A is given 70 and owes 90 by a cap of 20 % on the gap, B 90 and owes 100.

        A holds 70, and B 95; an old debt of 3 is not forgiven to A.
        """
        empty = TieredPriceReserve(tiers=(tier(40, 0),), ceiling=PricePath(r0=95, start_year=2024))
        stage = self.before_deadline(empty, shortfall_caps=(ShortfallCap(),))
        stage.market.registry.issue(0, stage.firms[:2], [70, 95])
        obligations = stage.market.obligations
        obligations.set_allocation("CEA", "2024", [70, 90, 0], stage.firms)
        obligations.add_debt("CEA", "2024", Debt.MAKE_GOOD, [3, 0, 0], stage.firms)
        stage.authority.verify("CEA", stage.period(2024), np.array([100, 100, 0]))
        (row,) = self.sell(stage, (0, 50, 0), (1, 50, 0))
        assert obligations.surrendered_lots("CEA", "2024")[stage.firms].tolist() == [90 + 3 - 70, 100 - 95, 0]
        assert row["sold"] == 28
        assert stage.authority.surrender("CEA", stage.period(2024)).tolist() == [0, 0, 0]
        assert stage.market.obligations.duty_lots("CEA", "2024")[stage.firms].tolist() == [93, 100, 0]
        stage.check()

    def test_units_at_the_ceiling_may_be_limited(self) -> None:
        few = TieredPriceReserve(tiers=(tier(40, 0),), ceiling=PricePath(r0=95, start_year=2024), ceiling_units=4)
        stage = self.before_deadline(few)
        stage.authority.verify("CEA", stage.period(2024), np.array([4, 4, 0]))
        (row,) = self.sell(stage, (0, 9, 0), (1, 9, 0))
        assert row["sold"] == 4 and stage.events("reserve_exhausted")[-1][3:] == (4, "ceiling")


class TestMarketStability:
    """Bounds of 40 and 80 lots; a quarter of the circulation is taken in, 10 lots are given back."""

    RULE = MarketStabilityReserve(
        upper=80, lower=40, buffer_top=100, rate=Decimal("0.25"), release=10, early_release=10, hold_at_most=50
    )

    def stage(self, rule: MarketStabilityReserve = RULE, auction=None, outside: int = 120, **more) -> Stage:
        """The year 2024 has ended with so many lots outside the government's accounts."""
        stage = Stage(auction, stability=(rule,), **more)
        stage.plan()
        stage.go_to(2024, 1)
        stage.supply.open_year(2024)
        stage.market.registry.issue(0, stage.firms[0], outside)
        stage.go_to(2024, 12)
        stage.supply.close_year(2024)
        return stage

    def review(self, stage: Stage, used: int = 0) -> None:
        stage.go_to(2025, 6)
        stage.authority.verify("CEA", stage.period(2024), np.array([used, 0, 0]))
        stage.supply.review(2025)

    def test_a_large_circulation_cuts_the_auctions_of_the_window(self) -> None:
        """120 lots: 30 are taken from the four auctions of 25 lots from September 2025 to August 2026."""
        stage = self.stage()
        self.review(stage)
        assert stage.events("circulation_published") == [
            ("market_stability_reserve", "circulation_published", -1, 120, "")
        ]
        assert stage.events("msr_intake")[0][3] == 30
        assert stage.supply.volumes.changed_lots("2025") + stage.supply.volumes.changed_lots("2026") == -30
        for _ in range(4):
            stage.hold(2024, (0, 9, 25))
        offered = [stage.hold(year, (0, 9, 25))["offered"] for year in (2025, 2025, 2025, 2025, 2026, 2026, 2026)]
        in_window = [when.year * 100 + when.month for when, _ in stage.supply.volumes.days[4:11]]
        cut = [25 - n for n in offered]
        assert sum(cut) == 30 and all((n > 0) == (202509 <= m <= 202608) for n, m in zip(cut, in_window, strict=True))
        assert stage.supply.reserves.stability.pot.lots == 30
        assert stage.events("supply_adjusted")[0][0] == "market_stability_reserve"
        stage.check()

    def test_use_that_is_not_surrendered_is_no_circulation(self) -> None:
        """100 lots outside, of which 25 will be needed for the use of 2024: 75 lie between the bounds."""
        stage = self.stage(outside=100)
        self.review(stage, used=25)
        assert stage.events("circulation_published")[0][3] == 75
        assert stage.supply.volumes.changed_lots("2025") == 0

    def test_what_lies_in_the_buffer_is_taken_as_far_as_it_exceeds_the_bound(self) -> None:
        stage = self.stage(outside=90)
        self.review(stage)
        assert stage.events("msr_intake")[0][3] == 10

    def test_a_small_circulation_brings_lots_back(self) -> None:
        stage = self.stage(replace(self.RULE, start_fill=12), outside=30)
        self.review(stage)
        assert stage.events("msr_release")[0][3] == 10
        for year in (*[2024] * 4, *[2025] * 3):
            stage.hold(year, (0, 9, 25))
        row = stage.hold(2025, (0, 9, 99))
        assert row["offered"] == row["sold"] > 25
        assert row["released"] == row["offered"] - 25
        assert stage.supply.reserves.stability.pot.lots == 12 - row["released"]
        stage.check()

    def test_released_lots_that_stay_unsold_are_offered_again(self) -> None:
        stage = self.stage(replace(self.RULE, start_fill=12), outside=30)
        self.review(stage)
        for year in (*[2024] * 4, *[2025] * 3):
            stage.hold(year, (0, 9, 25))
        first = stage.hold(2025, (0, 9, 25))["offered"] - 25
        second = stage.hold(2026, (0, 9, 25))["offered"] - 25
        assert stage.supply.reserves.stability.pot.lots == 12 and (first, second) == (3, 6)

    def test_without_verified_use_nothing_is_decided(self) -> None:
        stage = self.stage()
        stage.go_to(2025, 6)
        stage.supply.review(2025)
        assert stage.events("rule_unmet")[0][4] == "circulation of 2024 is not known"

    def test_an_intake_above_the_volumes_is_carried(self) -> None:
        """A quarter of 500 is 125, of which four auctions of 25 in the window can give 100."""
        stage = self.stage(outside=500)
        self.review(stage)
        (unmet,) = stage.events("rule_unmet")
        assert unmet[4] == "auctions are too small for the intake"
        assert unmet[3] == stage.supply.reserves.stability.carried == 25
        for year in (*[2024] * 4, *[2025] * 3):
            stage.hold(year, (0, 9, 25))
        assert stage.hold(2025, (0, 9, 25))["code"] == "auction_skipped"

    def test_what_may_not_be_held_is_cancelled_at_new_year(self) -> None:
        stage = self.stage(replace(self.RULE, start_fill=70))
        stage.go_to(2025, 1)
        stage.supply.open_year(2025)
        assert stage.supply.reserves.stability.pot.lots == 50
        assert stage.market.registry.total("cancelled")[0] == 20
        assert stage.events("msr_invalidated") == [("market_stability_reserve", "msr_invalidated", -1, 20, "")]
        stage.check()

    def test_the_last_years_auctions_may_be_the_bound(self) -> None:
        stage = self.stage(replace(self.RULE, start_fill=70, invalidate="previous_auction", invalidate_from=2024))
        stage.supply.open_year(2025)
        assert stage.supply.reserves.stability.pot.lots == 0  # nothing was auctioned in 2024

    def test_unsold_lots_of_auctions_may_go_into_it(self) -> None:
        stage = self.stage(auction=SealedUniform(schedule=replace(FOUR, rollover="msr")), outside=60)
        stage.hold(2024, (0, 9, 20))
        assert stage.supply.reserves.stability.pot.lots == 5

    def test_accounts_of_the_government_are_not_in_circulation(self) -> None:
        stage = self.stage(replace(self.RULE, start_fill=70), outside=60)
        self.review(stage)
        assert stage.events("circulation_published")[0][3] == 60

    def test_units_carried_over_to_the_next_vintage_are_in_circulation(self) -> None:
        stage = Stage(stability=(self.RULE,), banking=FreeBanking(relabel="new_vintage"))
        stage.plan()
        stage.go_to(2024, 12)
        stage.market.registry.issue(0, stage.firms[0], 70)
        stage.market.registry.issue(1, stage.firms[0], 11)
        stage.authority.close_banking("CEA", stage.period(2024), stage.period(2025), stage.today)
        assert (stage.held(2024)[0], stage.held(2025)[0]) == (0, 81)
        stage.supply.close_year(2024)
        self.review(stage)
        assert stage.events("circulation_published")[0][3] == 70

    def test_where_the_calendar_ends_in_the_window_its_part_is_ordered(self) -> None:
        """From September to December 2026 lie 122 of the window's 365 days: 10 of an intake of 30."""
        stage = self.stage()
        stage.go_to(2025, 12)
        stage.authority.verify("CEA", stage.period(2024), np.array([0, 0, 0]))
        stage.supply.close_year(2025)
        stage.authority.verify("CEA", stage.period(2025), np.array([0, 0, 0]))
        stage.go_to(2026, 6)
        stage.skip(8)
        stage.supply.review(2026)
        assert stage.events("msr_intake")[-1][3] == 30
        assert stage.supply.volumes.changed_lots("2026") == -10


class TestPriceTrigger:
    """Months of one trading day each: two months are compared with the four before."""

    RULE = PriceTriggerRelease(short=2, long=4, qty=20, source="next_year", spread=6, cooldown=6)

    def stage(self, *prices: int, rule: PriceTriggerRelease = RULE, more=()) -> Stage:
        stage = Stage(stability=(rule, *more))
        stage.plan()
        for month, price in enumerate(prices, start=1):
            stage.go_to(2024, month)
            if month == 1:
                stage.market.registry.issue(0, stage.firms[0], 50)
            swap(stage.market, stage.firms[0], stage.firms[1], 0, 1, price)
        stage.market.close_day()
        return stage

    def look(self, stage: Stage, month: int, draw: float = 0.0) -> None:
        stage.supply.look_at_price(2024, month, draw)

    def test_lots_of_next_year_are_sold_earlier(self) -> None:
        """Means of 80 and 33: 2.42 times."""
        stage = self.stage(33, 33, 33, 33, 80, 80)
        stage.skip(2)
        self.look(stage, 6)
        assert stage.events("price_trigger")[0][:2] == ("price_trigger_release", "price_trigger")
        net = stage.supply.volumes.orders.net
        assert (net([2]), net([3]), net(range(4, 8)), net(range(8, 12))) == (10, 10, -20, 0)
        self.look(stage, 7)
        self.look(stage, 12)
        assert len(stage.events("price_trigger")) == 1  # the cooldown
        plain = stage.supply.volumes.plan.offer(2)
        row = stage.supply.hold(stage.period(2024), Scripted([(2, 99, 500)]), np.arange)
        row = stage.supply.auctions.results[-1]
        assert row["offered"] == row["sold"] == plain + 10
        stage.market.open_day(6, [0])
        stage.check()

    @pytest.mark.parametrize("prices", [(33, 33, 33, 33, 79, 79), (33, 33, 33, 80, 80)])
    def test_a_smaller_rise_or_a_short_history_does_nothing(self, prices) -> None:
        stage = self.stage(*prices)
        self.look(stage, len(prices))
        assert stage.events("price_trigger") == []

    def test_an_authority_may_let_it_pass(self) -> None:
        stage = self.stage(33, 33, 33, 33, 80, 80, rule=replace(self.RULE, decision="authority"))
        self.look(stage, 6, 0.75)
        assert stage.events("price_trigger_passed")[0][4] == "drew 0.750000"
        self.look(stage, 6, 0.25)
        assert len(stage.events("price_trigger")) == 1

    def test_lots_come_from_the_stability_reserve(self) -> None:
        reserve = MarketStabilityReserve(start_fill=15)
        stage = Stage(stability=(replace(self.RULE, source="msr"), reserve))
        stage.plan()
        stage.go_to(2024, 1)
        stage.supply.open_year(2024)
        stage.market.registry.issue(0, stage.firms[0], 50)
        for month, price in enumerate((33, 33, 33, 33, 80, 80), start=1):
            stage.go_to(2024, month) if month > 1 else None
            swap(stage.market, stage.firms[0], stage.firms[1], 0, 1, price)
        self.look(stage, 6)
        assert stage.events("rule_unmet")[0][3:] == (5, "source msr")
        for _ in range(3):
            stage.hold(2024, (2, 99, 60))
        assert stage.supply.reserves.stability.pot.lots < 15
        stage.check()


class TestPriceIndexedSupply:
    def stage(self, price: int, **changes) -> Stage:
        rule = PriceIndexedSupply(target=50, **changes)
        stage = Stage(ONCE, stability=(rule,))
        stage.plan()
        stage.go_to(2024, 1)
        stage.supply.open_year(2024)
        stage.market.registry.issue(0, stage.firms[0], 5)
        swap(stage.market, stage.firms[0], stage.firms[1], 0, 1, price)
        return stage

    def test_a_low_price_cuts_the_volume_into_the_reserve(self) -> None:
        stage = self.stage(40)
        row = stage.hold(2024, (2, 60, 200))
        assert (row["offered"], stage.supply.reserves.indexed.lots) == (90, 10)
        assert stage.events("supply_adjusted") == [("price_indexed_supply", "supply_adjusted", -1, 10, "cut")]
        assert stage.supply.volumes.changed_lots("2024") == -10
        stage.check()

    def test_a_high_price_brings_lots_out_of_it_as_far_as_they_go(self) -> None:
        stage = self.stage(60, start_fill=4)
        row = stage.hold(2024, (2, 60, 200))
        assert (row["offered"], row["released"], stage.supply.reserves.indexed.lots) == (104, 4, 0)
        assert stage.events("reserve_exhausted")[0][3] == 6
        stage.check()

    def test_without_trades_the_plan_holds(self) -> None:
        stage = Stage(ONCE, stability=(PriceIndexedSupply(target=50),))
        stage.plan()
        assert stage.hold(2024, (2, 60, 200))["offered"] == 100


def test_cuts_come_before_additions_and_each_is_written_down() -> None:
    """The stability reserve takes 30 lots, then supply at a price of 60 for a target of 50 adds a tenth of the rest."""
    indexed = PriceIndexedSupply(target=50, start_fill=50)
    stage = Stage(ONCE, stability=(TestMarketStability.RULE, indexed))
    stage.plan()
    stage.go_to(2024, 1)
    stage.supply.open_year(2024)
    stage.market.registry.issue(0, stage.firms[0], 120)
    stage.go_to(2024, 12)
    stage.supply.close_year(2024)
    stage.go_to(2025, 6)
    stage.authority.verify("CEA", stage.period(2024), np.array([0, 0, 0]))
    stage.supply.review(2025)
    stage.skip(2)
    swap(stage.market, stage.firms[0], stage.firms[1], 0, 1, 60)
    stage.go_to(2026, 7)
    swap(stage.market, stage.firms[0], stage.firms[1], 0, 1, 60)
    stage.go_to(2026, 8)
    stage.skip(1)
    adjusted = [e[0::3][:2] for e in stage.events("supply_adjusted")]
    # 100 are planned and 200 roll on; 30 are cut, and 5 % of the remaining 270 for each 10 % of price come on top.
    assert adjusted[-2:] == [("market_stability_reserve", 30), ("price_indexed_supply", 27)]
    assert stage.supply.auctions.results[-1]["offered"] == 297
    stage.check()


def test_the_state_of_supply_is_put_back() -> None:
    rules = (
        CostContainmentReserve(tiers=(tier(15, 5),)),
        TestMarketStability.RULE,
        TestTieredReserve.RULE,
        PriceIndexedSupply(target=50),
        replace(TestPriceTrigger.RULE, source="msr"),
    )

    def made() -> Stage:
        return Stage(SealedUniform(schedule=FOUR), stability=rules, consignment=Consignment(share=Decimal("0.5")))

    stage, again = made(), made()
    stage.plan(free=20)
    stage.go_to(2024, 1)
    stage.supply.open_year(2024)
    stage.authority.plans.preallocate("CEA", stage.period(2024), np.array([10, 10, 0]))
    stage.hold(2024, (2, 20, 40))
    stage.supply.close_year(2024)
    again.market.restore(stage.market.state())
    again.authority.restore(stage.authority.state())
    assert again.supply.state() == stage.supply.state()
    for s in (stage, again):
        s.hold(2024, (2, 20, 40), (0, 16, 30))
        s.check()
    assert again.supply.state() == stage.supply.state()
    assert again.held(2024) == stage.held(2024)
    assert YEARS[0] == 2024
