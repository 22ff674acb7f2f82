"""Auctions carried out by the authority: every kind sells, is paid and delivered; limits, defaults, consignment."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from rights_market.authority.supply.prices import mean_price
from rights_market.errors import ExchangeError
from rights_market.policies.auction import (
    AscendingClock,
    AuctionLimits,
    AuctionSchedule,
    Consignment,
    DescendingClock,
    ForwardVintages,
    PayAsBid,
    SealedUniform,
)
from rights_market.policies.stability.price_collar import PriceCollar
from rights_market.registry.accounts import CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT
from tests.compliance_market import swap
from tests.supply_market import FOUR, Scripted, Stage

# A bids 12 at 30; B and C bid 10 and 8 at 28: 25 lots are offered.
BIDS = ((0, 30, 12), (1, 28, 10), (2, 28, 8))


@pytest.mark.parametrize(
    ("auction", "won", "revenue"),
    [
        (SealedUniform(schedule=FOUR), [12, 10, 3], 25 * 28),
        (SealedUniform(schedule=FOUR, tie="pro_rata"), [12, 7, 6], 25 * 28),
        (PayAsBid(schedule=FOUR), [12, 10, 3], 12 * 30 + 13 * 28),
        (AscendingClock(schedule=FOUR, start=25), [12, 7, 6], 25 * 28),
        (DescendingClock(schedule=FOUR, start=40), [12, 7, 6], 12 * 30 + 13 * 28),
        (DescendingClock(schedule=FOUR, start=40, pay="last_price", ration="random"), [12, 10, 3], 25 * 28),
    ],
)
def test_every_kind_of_auction_delivers_against_payment(auction, won, revenue) -> None:
    """On the rising clock 30 lots are wanted at 28 and 12 at 29: of the 18 dropped, 13 go to B and C, 7.2 and 5.8."""
    stage = Stage(auction)
    stage.plan()
    row = stage.hold(2024, *BIDS)
    assert stage.held(2024) == won
    assert (row["sold"], row["offered"], row["revenue_fen"], row["kind"]) == (25, 25, revenue, auction.kind)
    assert (row["lowest_ticks"], row["highest_ticks"]) == (28, 30 if revenue > 700 else 28)
    assert stage.market.registry.cash[GOVERNMENT_ACCOUNT] == revenue
    assert stage.market.registry.cash[stage.firms].sum() == 3_000_000 - revenue
    assert stage.supply.auctions.sold_lots(2024) == stage.supply.auctions.sold_in(2024) == 25
    assert stage.events("auction_cleared") == [(auction.kind, "auction_cleared", -1, 25, "")]
    stage.check()


def test_each_winning_bid_of_a_pay_as_bid_auction_is_published() -> None:
    stage = Stage(PayAsBid(schedule=FOUR))
    stage.plan()
    stage.hold(2024, *BIDS)
    served = [(e.account, e.lots, e.price_ticks) for e in stage.market.events if e.code == "bid_served"]
    assert served == [(2, 12, 30), (3, 10, 28), (4, 3, 28)]


def test_rounds_of_a_clock_are_published() -> None:
    stage = Stage(AscendingClock(schedule=FOUR, start=27))
    stage.plan()
    stage.hold(2024, *BIDS)
    rounds = [(e.price_ticks, e.lots, e.note) for e in stage.market.events if e.code == "clock_round"]
    assert rounds == [(27, 30, "round 1"), (28, 30, "round 2"), (29, 12, "round 3")]


def test_a_clock_ends_at_the_highest_price_that_can_be_quoted() -> None:
    stage = Stage(AscendingClock(schedule=FOUR, start=19_998), cash=10**9)
    stage.plan()
    row = stage.hold(2024, (0, 50_000, 30), (1, 50_000, 30))
    assert (row["price_ticks"], row["sold"]) == (20_000, 25)


def test_nothing_is_sold_below_the_floor_of_a_collar() -> None:
    rows = []
    for rules in ({}, {"collar": PriceCollar(floor=29, ceiling=60, reserve=0)}):
        stage = Stage(**rules)
        stage.plan()
        rows.append(stage.hold(2024, *BIDS))
    assert [row["sold"] for row in rows] == [25, 12]
    assert rows[0]["price_ticks"] < 29 <= rows[1]["price_ticks"]


def test_what_is_not_given_free_is_planned_over_the_auctions() -> None:
    stage = Stage()
    stage.plan(2024, free=3)
    assert stage.supply.volumes.plan.planned == (25, 24, 24, 24)
    stage.plan(2025, free=130)
    assert stage.supply.volumes.plan.planned[4:] == (0, 0, 0, 0)
    assert stage.events("rule_unmet") == [("cap", "rule_unmet", -1, 30, "free over cap")]


def test_an_auction_of_nothing_is_skipped() -> None:
    stage = Stage()
    stage.plan(2024, free=100)
    row = stage.hold(2024, *BIDS)
    assert (row["code"], row["offered"], row["sold"]) == ("auction_skipped", 0, 0)
    assert stage.events("auction_skipped", "auction_cancelled") == [("auction_schedule", "auction_skipped", -1, 0, "")]
    assert stage.supply.volumes.plan.done == 1


def test_auctions_are_planned_in_order_before_they_are_held() -> None:
    stage = Stage()
    with pytest.raises(ExchangeError, match="auctions of 2025 are not the next to be planned"):
        stage.supply.volumes.plan_period(stage.period(2025), 0)
    with pytest.raises(ExchangeError, match="auctions of 2024 are not planned yet"):
        stage.hold(2024)
    stage.plan(2024, 2025)
    with pytest.raises(ExchangeError, match="the next auction, number 0, is not one of 2025"):
        stage.hold(2025)
    assert [p.vintage for p in stage.supply.volumes.unplanned()] == [2026]
    assert [p.vintage for p in Stage().supply.volumes.unplanned(stage.calendar.days[12])] == [2024]


def test_unsold_lots_roll_on_and_that_is_published() -> None:
    stage = Stage(SealedUniform(schedule=replace(FOUR, rollover="next_n", n=2)))
    stage.plan()
    stage.hold(2024, (0, 30, 20))
    assert stage.hold(2024, (0, 30, 1))["offered"] == 28
    assert stage.events("unsold_rolled")[0] == ("auction_schedule", "unsold_rolled", -1, 5, "next_n")
    assert stage.supply.volumes.changed_lots("2024") == 0


def test_lots_that_are_given_up_are_missing_from_the_cap() -> None:
    stage = Stage(SealedUniform(schedule=replace(FOUR, rollover="cancel")))
    stage.plan()
    stage.hold(2024, (0, 30, 20))
    assert stage.supply.volumes.changed_lots("2024") == -5


class TestPayment:
    def test_who_cannot_pay_gets_nothing_and_the_lots_stay_unsold(self) -> None:
        stage = Stage(cash=330)
        stage.plan()
        row = stage.hold(2024, *BIDS)
        # A owes 12 x 28 = 336 fen, B 280 and C 84.
        assert (stage.held(2024), row["sold"]) == ([0, 10, 3], 13)
        assert stage.events("payment_failed") == [("sealed_uniform", "payment_failed", 2, 12, "")]
        assert stage.hold(2024)["offered"] == 37
        stage.check()

    def test_a_deposit_is_lost_with_the_lots(self) -> None:
        """A tenth of its bids' value of 360 fen is put up: 36 fen, which 300 fen of cash cover."""
        limits = AuctionLimits(guarantee=Decimal("0.1"))
        stage = Stage(SealedUniform(schedule=FOUR, limits=limits), cash=300)
        stage.plan()
        stage.hold(2024, *BIDS)
        assert stage.held(2024) == [0, 10, 3]
        cash = stage.market.registry.cash
        assert cash[stage.firms[0]] == 300 - 36
        assert cash[GOVERNMENT_ACCOUNT] == 36 + 13 * 28
        stage.check()


class TestLimits:
    LIMITS = AuctionLimits(purchase_share={"compliance": Decimal("0.4")})

    def test_bids_are_trimmed_before_they_are_opened(self) -> None:
        """Nobody may win more than 10 of 25."""
        stage = Stage(SealedUniform(schedule=FOUR, limits=self.LIMITS))
        stage.plan()
        row = stage.hold(2024, (0, 30, 12), (1, 28, 10), (2, 27, 8))
        assert (stage.held(2024), row["price_ticks"]) == ([10, 10, 5], 27)
        assert stage.events("bid_trimmed") == [("auction_limits", "bid_trimmed", 2, 2, "purchase")]

    def test_owners_are_limited_together(self) -> None:
        """Firms 1 and 2 belong to one owner; the sector is the more particular class."""
        limits = AuctionLimits(purchase_share={"power": Decimal("0.4"), "compliance": Decimal(1)}, group="owner")
        stage = Stage(SealedUniform(schedule=FOUR, limits=limits))
        stage.plan()
        stage.hold(2024, (0, 30, 12), (1, 28, 7), (2, 27, 8))
        assert stage.held(2024) == [10, 7, 3]

    def test_money_put_up_bounds_bids(self) -> None:
        stage = Stage(SealedUniform(schedule=FOUR, limits=AuctionLimits()), cash=100)
        stage.plan()
        stage.hold(2024, *BIDS)
        assert stage.held(2024) == [3, 3, 3]
        assert [e[2:] for e in stage.events("bid_trimmed")] == [
            (2, 9, "guarantee"),
            (3, 7, "guarantee"),
            (4, 5, "guarantee"),
        ]

    @pytest.mark.parametrize(
        "auction",
        [
            AscendingClock(schedule=FOUR, start=25, limits=LIMITS),
            DescendingClock(schedule=FOUR, start=40, limits=LIMITS),
        ],
    )
    def test_clocks_keep_to_the_limits(self, auction) -> None:
        stage = Stage(auction)
        stage.plan()
        stage.hold(2024, (0, 30, 12), (0, 27, 12), (1, 28, 10), (2, 27, 8))
        assert stage.held(2024) == [10, 10, 5]
        stage.check()

    def test_claims_are_paid_from_what_is_left(self) -> None:
        """400 fen: 12 lots at 30 take 360, and 40 more buy one lot at 27."""
        stage = Stage(DescendingClock(schedule=FOUR, start=40, limits=AuctionLimits()), cash=400)
        stage.plan()
        stage.hold(2024, (0, 30, 12), (0, 27, 12))
        assert stage.held(2024) == [13, 0, 0]


class TestConsignment:
    def consign(self, rule: Consignment, schedule: AuctionSchedule = FOUR, **more) -> Stage:
        """A is given 30 lots and B 20, all consigned over four auctions; the government has 50."""
        stage = Stage(SealedUniform(schedule=schedule), consignment=rule, **more)
        stage.plan(2024, free=50)
        stage.go_to(2024, 1)
        stage.authority.plans.preallocate("CEA", stage.period(2024), np.array([30, 20, 0]))
        return stage

    def test_consigned_lots_are_sold_first_and_paid_to_their_owners(self) -> None:
        """With one auction a year: 40 of 100 are sold, 24 of A and 16 of B, at 25.00 each."""
        stage = self.consign(Consignment(), AuctionSchedule(per_year=1))
        assert stage.held(2024) == [0, 0, 0]
        row = stage.hold(2024, (2, 2500, 40))
        cash = stage.market.registry.cash[stage.firms] - 1_000_000
        assert cash.tolist() == [60_000, 40_000, -100_000]
        assert (row["offered"], row["consigned"], row["consigned_sold"], row["consignors_fen"]) == (
            100,
            50,
            40,
            100_000,
        )
        assert stage.supply.auctions.sold_lots(2024) == 0
        assert stage.supply.volumes.plan.unsold == 50
        # After the last auction of the period, what stayed unsold is free again.
        assert stage.held(2024) == [6, 4, 40]
        assert stage.market.registry.total("issued")[0] == 50
        stage.check()

    def test_the_rest_is_sold_by_the_government(self) -> None:
        stage = self.consign(Consignment(), AuctionSchedule(per_year=1))
        row = stage.hold(2024, (2, 2500, 60))
        assert (row["consigned_sold"], stage.supply.auctions.sold_lots(2024)) == (50, 10)
        assert stage.market.registry.cash[GOVERNMENT_ACCOUNT] == 10 * 2500

    def test_a_fee_stays_with_the_government(self) -> None:
        stage = self.consign(Consignment(rebate_fee=Decimal("0.1")), AuctionSchedule(per_year=1))
        stage.hold(2024, (2, 2500, 40))
        assert stage.market.registry.cash[GOVERNMENT_ACCOUNT] == 10_000
        stage.check()

    def test_unsold_lots_are_offered_again_and_then_go_back(self) -> None:
        """30 and 20 lots over four auctions: 8, 8, 7, 7 and 5 each. One rollover is allowed."""
        stage = self.consign(Consignment(max_rollovers=1))
        assert stage.market.registry.free[0, CLEARING_ACCOUNT] == 50
        assert stage.hold(2024)["consigned"] == 13
        assert stage.hold(2024)["consigned"] == 26
        assert stage.held(2024) == [8, 5, 0]
        assert stage.hold(2024, (2, 50, 3))["consigned"] == 25
        assert [e[2:4] for e in stage.events("consign_returned")][:2] == [(2, 8), (3, 5)]
        stage.hold(2024)
        assert stage.held(2024)[2] == 3 and sum(stage.held(2024)) == 50
        assert stage.market.registry.free[0, CLEARING_ACCOUNT] == 0
        stage.check()

    def test_a_late_allocation_stays_with_its_owner(self) -> None:
        stage = self.consign(Consignment(), AuctionSchedule(per_year=1))
        stage.hold(2024)
        stage.authority.plans.true_up("CEA", stage.period(2024), np.array([34, 20, 0]))
        assert stage.held(2024) == [34, 20, 0]
        assert stage.events("rule_unmet") == [("consignment", "rule_unmet", -1, 4, "no auction left")]


class TestForwardVintages:
    def test_a_part_of_a_later_cap_is_sold_in_advance(self) -> None:
        """A fifth of the cap of 2025 beside the four auctions of 2024: 5 lots each, of which 5 and 2 are taken."""
        stage = Stage(forward_vintages=ForwardVintages(ahead=1, advance_share=Decimal("0.2")))
        period = stage.period(2024)
        stage.supply.plan_next(lambda p: 0)
        for lots in (9, 2):
            stage.hold(2024, *BIDS)
            bids = Scripted([(int(stage.firms[0]), 25, lots)])
            stage.supply.hold_advance(period, bids, np.arange)
        rows = stage.supply.auctions.results
        assert [(r["vintage"], r["offered"], r["sold"]) for r in rows if r["vintage"] == 2025] == [
            (2025, 5, 5),
            (2025, 5, 2),
        ]
        assert stage.held(2025) == [7, 0, 0]
        stage.supply.plan_next(lambda p: 30)
        assert sum(stage.supply.volumes.plan.planned[4:]) == 100 - 30 - 7
        stage.check()

    def test_a_later_vintage_does_not_meet_the_duty(self) -> None:
        """60 of 2024 and 50 of 2025 are held, 80 owed: 60 are surrendered and 20 are missing."""
        stage = Stage(forward_vintages=ForwardVintages(ahead=1))
        stage.go_to(2025, 12)
        stage.market.registry.issue([0, 1], stage.firms[0], [60, 50])
        stage.authority.verify("CEA", stage.period(2024), np.array([80, 0, 0]))
        assert stage.authority.surrender("CEA", stage.period(2024)).tolist() == [20, 0, 0]
        assert (stage.held(2024)[0], stage.held(2025)[0]) == (0, 50)

    def test_without_a_later_period_nothing_is_sold_in_advance(self) -> None:
        stage = Stage(forward_vintages=ForwardVintages())
        stage.plan()
        stage.hold(2024, *BIDS)
        stage.supply.hold_advance(stage.period(2024), Scripted(), np.arange)
        assert len(stage.supply.auctions.results) == 1


class TestSecretReserve:
    def test_the_mean_of_five_days_decides(self) -> None:
        """Trades of 1, 2 and 3 lots at 40, 41 and 42 fen are worth 41.33 on average; 5 % below is 39.27."""
        stage = Stage(SealedUniform(schedule=AuctionSchedule(per_year=1), secret_reserve=Decimal("0.05")))
        stage.plan()
        stage.go_to(2024, 1)
        stage.market.registry.issue(0, stage.firms[0], 10)
        for month, lots in ((1, 1), (2, 2), (3, 3)):
            stage.go_to(2024, month + 1)
            swap(stage.market, stage.firms[0], stage.firms[1], 0, lots, 39 + lots)
        stage.go_to(2024, 7)
        assert mean_price(stage.authority._office, stage.book, 5) == Fraction(40 + 82 + 126, 6)
        row = stage.hold(2024, (2, 39, 200))
        assert (row["code"], row["sold"]) == ("auction_cancelled", 0)
        assert stage.events("auction_cancelled") == [("sealed_uniform", "auction_cancelled", -1, 0, "secret_reserve")]
        assert stage.hold(2025, (2, 40, 200))["sold"] == 0  # the close of 42.00 a year ago, 39.9

    def test_a_cancelled_auction_offers_its_lots_again(self) -> None:
        """The opening price of 68.00 fen, less a tenth, is above the bids of the first auction only."""
        stage = Stage(SealedUniform(schedule=FOUR, secret_reserve=Decimal("0.1")), opening_price_ticks=68)
        stage.plan()
        assert stage.hold(2024, (0, 61, 25))["code"] == "auction_cancelled"
        row = stage.hold(2024, (0, 62, 50))
        assert (row["offered"], row["sold"], row["price_ticks"]) == (50, 50, 62)
        stage.check()
