"""Lots that are delivered and paid some trading days after their auction; the market has one trading day a month."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from rights_market.authority.supply import supply_dates
from rights_market.policies.auction import (
    AuctionLimits,
    AuctionSchedule,
    Consignment,
    ForwardVintages,
    PricePath,
    SealedUniform,
)
from rights_market.policies.stability import CostContainmentReserve, PriceIndexedSupply, ReserveTier, Size
from rights_market.registry.accounts import CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT
from tests.compliance_market import swap
from tests.supply_market import FOUR, Scripted, Stage

# A bids 12 at 30; B and C bid 10 and 8 at 28: 25 lots are offered, and 12, 10 and 3 won at 28.
BIDS = ((0, 30, 12), (1, 28, 10), (2, 28, 8))
NEXT = SealedUniform(schedule=FOUR, delivery_days=1)
PUT_UP = replace(NEXT, limits=AuctionLimits(guarantee=Decimal("0.1")))


def deliver(stage: Stage, month: int, year: int = 2024) -> None:
    stage.go_to(year, month)
    stage.supply.deliver()


def test_lots_and_money_change_hands_on_a_later_day() -> None:
    stage = Stage(NEXT)
    stage.plan()
    row = stage.hold(2024, *BIDS)
    registry, month = stage.market.registry, stage.today.month
    assert (row["sold"], stage.held(2024), registry.cash[stage.firms].sum()) == (25, [0, 0, 0], 3_000_000)
    assert registry.total("issued")[0] == 0 and stage.supply.auctions.sold_lots(2024) == 0
    deliveries = stage.supply.auctions.deliveries
    assert deliveries.awaited_lots(2024)[stage.firms].tolist() == [12, 10, 3]
    assert deliveries.owed_fen()[stage.firms].tolist() == [336, 280, 84]
    stage.supply.deliver()
    assert stage.held(2024) == [0, 0, 0]  # not today
    deliver(stage, month + 1)
    assert stage.held(2024) == [12, 10, 3] and registry.cash[GOVERNMENT_ACCOUNT] == 25 * 28
    assert stage.supply.auctions.sold_lots(2024) == stage.supply.auctions.sold_in(2024) == 25
    assert stage.events("auction_delivered") == [("sealed_uniform", "auction_delivered", -1, 25, "")]
    assert not deliveries.waiting and not deliveries.owed_fen().any()
    stage.check()


def test_what_is_put_up_is_set_aside_until_then() -> None:
    """A tenth of the highest value of the bids: 36, 28 and 22.4 fen."""
    stage = Stage(PUT_UP)
    stage.plan()
    stage.hold(2024, *BIDS)
    registry = stage.market.registry
    assert registry.cash_frozen[stage.firms].tolist() == [36, 28, 22]
    assert stage.supply.auctions.deliveries.owed_fen()[stage.firms].tolist() == [300, 252, 62]
    deliver(stage, stage.today.month + 1)
    assert not registry.cash_frozen.any() and stage.held(2024) == [12, 10, 3]
    stage.check()


def test_who_cannot_pay_then_loses_what_it_put_up_and_its_lots_are_offered_again() -> None:
    stage = Stage(PUT_UP)
    stage.plan()
    stage.hold(2024, *BIDS)
    registry = stage.market.registry
    registry.withdraw(stage.firms[0], 1_000_000 - 36 - 299)  # with the 36 put up, 335 are left for 336
    deliver(stage, stage.today.month + 1)
    assert stage.held(2024) == [0, 10, 3]
    assert (registry.cash[stage.firms[0]], registry.cash[GOVERNMENT_ACCOUNT]) == (299, 36 + 13 * 28)
    failed = [(e.account, e.lots, e.money_fen) for e in stage.market.events if e.code == "payment_failed"]
    assert failed == [(stage.firms[0], 12, 36)]
    assert stage.events("unsold_rolled") == [("auction_schedule", "unsold_rolled", -1, 12, "next")]
    assert (stage.supply.auctions.sold_lots(2024), stage.supply.auctions.sold_in(2024)) == (13, 13)
    row = stage.supply.auctions.results[0]
    assert (row["sold"], row["revenue_fen"]) == (13, 13 * 28)
    assert stage.hold(2024)["offered"] == 25 + 12
    stage.check()


def test_without_a_guarantee_nothing_is_lost_but_the_lots() -> None:
    stage = Stage(replace(NEXT, schedule=replace(FOUR, rollover="cancel")), cash=336)
    stage.plan()
    stage.hold(2024, *BIDS)
    stage.market.registry.withdraw(stage.firms[0], 1)
    deliver(stage, stage.today.month + 1)
    assert stage.held(2024) == [0, 10, 3] and stage.market.registry.cash[stage.firms[0]] == 335
    assert stage.supply.volumes.changed_lots("2024") == -12
    stage.check()


def test_two_awards_of_one_bidder_are_settled_one_by_one() -> None:
    """Auctions three months apart, delivered four months later: both are open when the first is paid."""
    stage = Stage(replace(NEXT, delivery_days=4), cash=400)
    stage.plan()
    first = stage.hold(2024, (0, 20, 10))
    second = stage.hold(2024, (0, 20, 20))
    assert (first["sold"], second["sold"]) == (10, 20)
    start = stage.supply.volumes.days[0][0].month
    deliver(stage, start + 4)
    assert stage.held(2024) == [10, 0, 0] and stage.market.registry.cash[stage.firms[0]] == 200
    deliver(stage, start + 7)
    assert stage.held(2024) == [10, 0, 0]  # 400 fen were due, and 200 there
    stage.check()


def test_on_the_last_day_lots_are_delivered_at_once() -> None:
    auction = SealedUniform(schedule=AuctionSchedule(dates=(date(2026, 12, 31),)), delivery_days=2)
    stage = Stage(auction)
    assert [d.entry.hook for d in supply_dates(stage.book, stage.calendar)] == ["auction"]
    stage.plan(2026)
    stage.go_to(2026, 12)
    stage.hold(2026, (0, 30, 12))
    assert stage.held(2026) == [12, 0, 0]


def test_the_day_of_delivery_is_on_the_agenda_before_the_auctions_of_that_day() -> None:
    stage = Stage(replace(NEXT, delivery_days=3))
    dated = [(d.when.year, d.when.month, d.entry.hook) for d in supply_dates(stage.book, stage.calendar)]
    assert dated[:4] == [(2024, 2, "auction"), (2024, 5, "delivery"), (2024, 5, "auction"), (2024, 8, "delivery")]


class TestSources:
    def test_consigned_lots_that_are_not_paid_for_wait_for_the_next_auction(self) -> None:
        """A consigns 30 and B 20 over four auctions: 8 and 5 in the first, besides 13 of the government.

        C wins 15 and cannot pay; firm 0 wins 5.  As if 5 had been sold: 3 of A and 2 of B.
        """
        stage = Stage(NEXT, consignment=Consignment())
        stage.plan(2024, free=50)
        stage.go_to(2024, 1)
        stage.authority.plans.preallocate("CEA", stage.period(2024), np.array([30, 20, 0]))
        row = stage.hold(2024, (2, 30, 15), (0, 28, 5))
        registry = stage.market.registry
        assert (row["consigned_sold"], row["consignors_fen"]) == (13, 0)
        assert registry.free[0, CLEARING_ACCOUNT] == 50
        registry.withdraw(stage.firms[2], 999_999)
        deliver(stage, stage.today.month + 1)
        row = stage.supply.auctions.results[0]
        assert (row["sold"], row["consigned_sold"], row["consignors_fen"]) == (5, 5, 5 * 28)
        assert (registry.free[0, CLEARING_ACCOUNT], stage.held(2024)) == (45, [5, 0, 0])
        assert stage.supply.volumes.plan.offer(1) == 13 + 6 + 7  # planned, unsold at the auction, not paid for
        assert stage.supply.reserves.consigned is not None
        accounts, lots = stage.supply.reserves.consigned.offered(1)
        assert (accounts.tolist(), lots.tolist()) == (stage.firms[:2].tolist(), [8 + 5, 5 + 3])
        stage.check()

    def test_lots_drawn_from_a_reserve_wait_with_the_government(self) -> None:
        """The volume of 25 grows by a fifth while the price is twice its target; what is not paid for is taken out."""
        rule = PriceIndexedSupply(target=3000, elasticity=Decimal("0.2"), window=5, start_fill=40)
        stage = Stage(NEXT, stability=(rule,), opening_price_ticks=6000)
        stage.supply.open_year(2024)
        stage.plan()
        stage.go_to(2024, 1)
        stage.market.registry.issue(0, stage.firms[0], 1)
        swap(stage.market, stage.firms[0], stage.firms[1], 0, 1, 6000)
        row = stage.hold(2024, (0, 30, 12), (2, 28, 18))
        assert (row["offered"], row["released"]) == (30, 5)
        registry = stage.market.registry
        assert registry.free[0, GOVERNMENT_ACCOUNT] == 5
        registry.withdraw(stage.firms[2], int(registry.cash[stage.firms[2]]))
        registry.withdraw(stage.firms[0], int(registry.cash[stage.firms[0]]))
        deliver(stage, stage.today.month + 1)
        assert registry.free[0, GOVERNMENT_ACCOUNT] == 0 and registry.total("cancelled")[0] == 5
        assert stage.supply.volumes.plan.offer(1) == 25 + 30
        stage.check()

    def test_released_lots_are_issued_when_they_are_paid_for(self) -> None:
        tier = ReserveTier(trigger=PricePath(r0=27, start_year=2024), size=Size(lots=10))
        stage = Stage(NEXT, stability=(CostContainmentReserve(tiers=(tier,)),))
        stage.plan()
        row = stage.hold(2024, *BIDS)
        assert (row["sold"], row["released"]) == (30, 5)
        deliver(stage, stage.today.month + 1)
        assert stage.held(2024) == [12, 10, 8] and stage.market.registry.total("issued")[0] == 30
        stage.check()

    @pytest.mark.parametrize("pays", [True, False])
    def test_units_sold_in_advance_are_missing_from_their_own_year_once_paid(self, pays: bool) -> None:
        rules = {"forward_vintages": ForwardVintages(ahead=1, advance_share=Decimal("0.2"))}
        stage = Stage(NEXT, **rules)
        stage.supply.plan_next(lambda p: 0)
        stage.hold(2024, *BIDS)
        bids = Scripted([(int(stage.firms[1]), 25, 5)])
        stage.supply.hold_advance(stage.period(2024), bids, np.arange)
        if not pays:
            stage.market.registry.withdraw(stage.firms[1], 1_000_000)
        deliver(stage, stage.today.month + 1)
        assert stage.held(2025) == ([0, 5, 0] if pays else [0, 0, 0])
        stage.supply.plan_next(lambda p: 0)
        assert sum(stage.supply.volumes.plan.planned[4:]) == (95 if pays else 100)
        stage.check()


def test_awards_survive_saving() -> None:
    stages = [Stage(PUT_UP), Stage(PUT_UP)]
    for stage in stages:
        stage.plan()
        stage.hold(2024, *BIDS)
    stages[1].supply.restore(stages[0].supply.state())
    for stage in stages:
        deliver(stage, stage.today.month + 1)
        assert stage.held(2024) == [12, 10, 3]
        stage.check()
