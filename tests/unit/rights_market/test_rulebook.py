"""Rule books: what contradicts itself is refused with both fields named."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from rights_market.errors import PolicyError
from rights_market.policies.access import NewEntrantReserve
from rights_market.policies.allocation import CapScaling, Grandfathering
from rights_market.policies.auction import (
    AscendingClock,
    AuctionLimits,
    AuctionSchedule,
    Consignment,
    ForwardVintages,
    PayAsBid,
    PricePath,
    SealedUniform,
)
from rights_market.policies.banking import FreeBanking, NoBanking
from rights_market.policies.cap import AbsolutePath, IntensityTarget
from rights_market.policies.compliance import Borrowing, MakeGood, Penalty, Stage, Surrender
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.paid_use import PaidInitialUse
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
from rights_market.policies.stability.price_collar import CollarStep, PriceCollar
from rights_market.policies.zones import ZonePermission
from rights_market.rulebook import RuleBook
from tests.compliance_market import period, rule_book

AUCTION = SealedUniform(schedule=AuctionSchedule(per_year=4))
INDEXED = PriceIndexedSupply(target=50)
ECR = EmissionsContainmentReserve(trigger=PricePath(r0=1000, start_year=2024))
ONE_STAGE = Surrender(stages=(Stage(days_before=60, share=Decimal("0.3")),))


def release(ticks):
    """A cost containment reserve of one tier."""
    trigger = PricePath(r0=ticks, start_year=2024)
    return CostContainmentReserve(tiers=(ReserveTier(trigger=trigger, size=Size(lots=1)),))


class TestPeriods:
    @pytest.mark.parametrize("periods", [(), (period(2025), period(2024)), (period(2024), period(2024, name="again"))])
    def test_vintages_rise(self, periods):
        with pytest.raises(PolicyError, match="CEA: periods have vintages"):
            rule_book(periods=periods)

    def test_names_differ(self):
        with pytest.raises(PolicyError, match=r"names \['2024', '2024'\]"):
            rule_book(periods=(period(2024), period(2025, name="2024")))


class TestSupply:
    def test_an_auction_needs_a_cap(self):
        with pytest.raises(PolicyError, match="`auction` needs a `cap`"):
            rule_book(auction=AUCTION)
        assert rule_book(auction=AUCTION, cap=AbsolutePath(table={2024: 5, 2025: 5})).auction is AUCTION

    def test_auctions_need_a_cap_that_is_known_in_advance(self):
        with pytest.raises(PolicyError, match="this one follows activity"):
            rule_book(auction=AUCTION, cap=IntensityTarget(i0=Decimal("0.9"), base_year=2024))

    def test_a_cap_reaches_every_year_of_use(self):
        with pytest.raises(PolicyError, match="cap: E_YEAR: table has no year 2025"):
            rule_book(cap=AbsolutePath(table={2024: 5}))

    @pytest.mark.parametrize("start", ["issue", "year_open"])
    def test_later_vintages_need_books_to_be_traded_in(self, start):
        rules = {
            "cap": AbsolutePath(table={2024: 5, 2025: 5}), "auction": AUCTION,
            "permission": ZonePermission(zones=("south", "north")),
        }  # fmt: skip
        with pytest.raises(PolicyError, match=f"forward_vintages.tradable_from is {start}, but with `permission`"):
            rule_book(forward_vintages=ForwardVintages(tradable_from=start), **rules)
        assert rule_book(forward_vintages=ForwardVintages(), **rules).forward_vintages == ForwardVintages()

    def test_sales_in_mid_term_know_no_zones(self):
        paid, zones = PaidInitialUse(fee=1, mid_term_sales=True), ZonePermission(zones=("south", "north"))
        with pytest.raises(PolicyError, match="paid_use.mid_term_sales knows no zones, but with `permission`"):
            rule_book(paid_use=paid, permission=zones)

    def test_permits_leave_nothing_to_allocate_or_auction(self):
        paid = PaidInitialUse(fee=1, quota="permit_level")
        with pytest.raises(PolicyError, match="paid_use.quota is permit_level, so `allocation` has nothing to give"):
            rule_book(paid_use=paid, allocation=(Grandfathering(base_years=(2023,)),))
        with pytest.raises(PolicyError, match="paid_use.quota is permit_level, so `auction` has nothing to give"):
            rule_book(paid_use=paid, allocation=(), auction=AUCTION, cap=AbsolutePath(table={2024: 5, 2025: 5}))

    def test_what_is_left_needs_a_reserve_to_go_to(self):
        cap = AbsolutePath(table={2024: 5, 2025: 5})
        with pytest.raises(PolicyError, match=r"entrant_reserve\.leftover is msr, but `stability` has no market_stab"):
            rule_book(cap=cap, auction=AUCTION, entrant_reserve=NewEntrantReserve(leftover="msr"))
        with pytest.raises(PolicyError, match=r"entrant_reserve\.leftover is auction, but there is no `auction`"):
            rule_book(cap=cap, entrant_reserve=NewEntrantReserve(leftover="auction"))
        scaling, reserve = CapScaling(leftover="reserve"), GovernmentReserve(guide_fen=1)
        with pytest.raises(
            PolicyError, match=r"scaling\.leftover is reserve, but there is neither an `entrant_reserve`"
        ):
            rule_book(cap=cap, scaling=scaling)
        zones = ZonePermission(zones=("south", "north"))
        with pytest.raises(PolicyError, match=r"scaling\.leftover is reserve, but with `permission`"):
            rule_book(cap=cap, scaling=scaling, government_reserve=reserve, permission=zones)
        assert rule_book(cap=cap, scaling=scaling, government_reserve=reserve).scaling is scaling

    @pytest.mark.parametrize("ticks", [0, 20_001])
    def test_the_first_price_can_be_quoted(self, ticks):
        with pytest.raises(PolicyError, match=f"opening_price_ticks is {ticks}, expected 1 to max_price_ticks 20000"):
            rule_book(opening_price_ticks=ticks)


class TestStability:
    """What auctions and rules of stability say about each other; caps of 5 lots in 2024 and 2025."""

    CAP = AbsolutePath(table={2024: 5, 2025: 5})

    def refused(self, words, auction=AUCTION, **rules):
        with pytest.raises(PolicyError, match=words):
            rule_book(cap=self.CAP, auction=auction, **rules)

    def test_each_kind_stands_once(self):
        self.refused("E_OVERLAP: stability\\[0\\] and a later entry", stability=(INDEXED, INDEXED))

    @pytest.mark.parametrize(
        ("rule", "words"),
        [
            (MarketStabilityReserve(), "E_MSR_NO_AUCTION"),
            (PriceIndexedSupply(target=50), "price_indexed_supply, but there is no `auction`"),
        ],
    )
    def test_reserves_that_act_in_auctions_need_one(self, rule, words):
        self.refused(words, auction=None, stability=(rule,))
        assert rule_book(cap=self.CAP, auction=AUCTION, stability=(rule,)).steady(type(rule)) is rule

    def test_consigned_lots_need_an_auction(self):
        self.refused("`consignment` needs an `auction`", auction=None, consignment=Consignment())

    def test_units_sold_in_advance_need_an_auction(self):
        self.refused("`forward_vintages` needs an `auction`", auction=None, forward_vintages=ForwardVintages())

    def test_reserves_inside_the_clearing_need_one_price(self):
        auction = PayAsBid(schedule=AuctionSchedule(per_year=4))
        self.refused("which acts at one price only, but auction is pay_as_bid", auction, stability=(release(1500),))

    def test_the_floor_of_a_collar_holds_in_auctions_and_its_ceiling_lies_above_their_reserve(self):
        later = CollarStep(from_year=2025, floor=1100, ceiling=2000)
        collar = PriceCollar(floor=900, ceiling=1500, reserve=5, steps=(later,))
        book = rule_book(cap=self.CAP, auction=replace(AUCTION, reserve=1000), collar=collar)
        assert (book.reserve_ticks(2024), book.reserve_ticks(2025)) == (1000, 1100)
        assert (
            rule_book(cap=self.CAP, auction=replace(AUCTION, reserve=1500), collar=collar).reserve_ticks(2024) == 1500
        )
        dear = replace(AUCTION, reserve=1501)
        self.refused("E_RESERVE: .* 1501 ticks in 2024, above collar.ceiling 1500", dear, collar=collar)
        self.refused(
            "E_RESERVE: .* 1100 ticks .*, above the trigger 1000",
            collar=PriceCollar(floor=1100, ceiling=1500, reserve=5),
            stability=(release(1000),),
        )

    def test_without_auctions_there_is_no_reserve(self):
        with pytest.raises(PolicyError, match="there are no auctions"):
            rule_book().reserve_ticks(2024)

    def test_the_reserve_price_lies_below_the_triggers(self):
        auction = replace(AUCTION, reserve=1000)
        self.refused("E_RESERVE: .* 1000 ticks in 2024, above the trigger 900", auction, stability=(release(900),))
        self.refused("E_ECR: .* 1000 ticks in 2024, not above the auction's reserve of 1000", auction, stability=(ECR,))
        self.refused("E_TIERS: .* 1000 ticks in 2024, not below the trigger 1000", stability=(release(1000), ECR))
        assert rule_book(cap=self.CAP, auction=AUCTION, stability=(release(1001), ECR)).stability[1] is ECR

    def test_prices_are_there_when_auctions_begin(self):
        late = CostContainmentReserve(tiers=(ReserveTier(trigger=PricePath(r0=9, start_year=2025), size=Size(lots=1)),))
        self.refused("a price from 2025 on, after an auction's year 2024", stability=(late,))
        path = AuctionSchedule(per_year=1, reserve_path=PricePath(r0=9, start_year=2025))
        self.refused("reserve_path starts in 2025, after an auction's year 2024", SealedUniform(schedule=path))

    def test_a_clock_does_not_begin_below_the_reserve(self):
        rising = AuctionSchedule(per_year=1, reserve_path=PricePath(r0=100, start_year=2024, growth=Decimal("0.1")))
        self.refused(
            "auction.start is 105 ticks, below the reserve of 110 in 2025", AscendingClock(start=105, schedule=rising)
        )

    @pytest.mark.parametrize(
        ("rollover", "words"), [("msr", "market_stability_reserve"), ("reserve", "tiered_price_reserve")]
    )
    def test_unsold_lots_go_into_a_reserve_that_is_there(self, rollover, words):
        schedule = AuctionSchedule(per_year=1, rollover=rollover)
        self.refused(f"rollover is {rollover}, but stability has no {words}", SealedUniform(schedule=schedule))

    def test_a_release_has_its_source(self):
        self.refused("source is msr, but stability has no market_st", stability=(PriceTriggerRelease(qty=5),))
        early = PriceTriggerRelease(qty=5, source="next_year")
        assert rule_book(cap=self.CAP, auction=AUCTION, stability=(early,)).stability == (early,)

    def test_a_holding_limit_is_there_to_be_used(self):
        limited = replace(AUCTION, limits=AuctionLimits(use_holding_limit=True))
        self.refused("use_holding_limit is true, but the right has no holding limit", limited)

    def test_units_at_the_ceiling_are_surrendered(self):
        ceiling = PricePath(r0=99, start_year=2024)
        tiers = TieredPriceReserve(tiers=release(50).tiers, ceiling=ceiling)
        self.refused("surrender.mode is cover, but .*ceiling", stability=(tiers,), surrender=Surrender(mode="cover"))


class TestCompliance:
    def test_borrowing_needs_units_that_outlive_their_year(self):
        with pytest.raises(PolicyError, match="`borrowing` needs units .* but `banking` is none"):
            rule_book(borrowing=Borrowing(), banking=NoBanking())

    @pytest.mark.parametrize("stages", [(), (date(2025, 11, 2),)])
    def test_stages_of_rule_and_period_agree(self, stages):
        with pytest.raises(PolicyError, match="period 2024 has stages on"):
            rule_book(periods=(period(2024, stages=stages),), surrender=ONE_STAGE)

    def test_a_stage_of_the_period_needs_one_of_the_rule(self):
        staged = period(2024, stages=(date(2025, 11, 1),))
        with pytest.raises(PolicyError, match="period 2024 has stages on"):
            rule_book(periods=(staged,))
        assert rule_book(periods=(staged,), surrender=ONE_STAGE).periods == (staged,)

    def test_a_stage_does_not_come_before_its_duty_is_known(self):
        staged = period(2024, stages=(date(2025, 11, 1),), verify=date(2025, 11, 2), true_up=date(2025, 11, 3))
        with pytest.raises(PolicyError, match="lies before verify 2025-11-02"):
            rule_book(periods=(staged,), surrender=ONE_STAGE)

    def test_the_date_of_making_good_follows_from_the_rule(self):
        with pytest.raises(PolicyError, match=r"make_good is None, but make_good\.deadline is 60 days"):
            rule_book(make_good=MakeGood(deadline=60))
        dated = period(2024, make_good=date(2026, 3, 1))
        assert rule_book(periods=(dated,), make_good=MakeGood(deadline=60)).periods == (dated,)

    def test_cover_hands_nothing_in(self):
        dated = period(2024, make_good=date(2026, 3, 1))
        with pytest.raises(PolicyError, match=r"surrender\.mode is cover"):
            rule_book(periods=(dated,), make_good=MakeGood(deadline=60), surrender=Surrender(mode="cover"))


def test_units_keep_their_value_unless_they_lapse():
    assert rule_book(banking=FreeBanking()).bankable
    assert not rule_book(banking=NoBanking()).bankable


@pytest.mark.parametrize(
    ("record", "given"),
    [
        (Grandfathering, {"base_years": [2020], "where": {"years": [2024]}}),
        (Penalty, {"form": "fixed", "fen_per_lot": 5}),
        (SealedUniform, {"schedule": {"per_year": 4}}),
    ],
)
def test_a_reader_of_files_refuses_keys_that_do_not_exist(record, given):
    reader = TypeAdapter(record)
    assert isinstance(reader.validate_python(given), record)
    with pytest.raises(ValidationError, match="Unexpected keyword argument"):
        reader.validate_python({**given, "share": 0.5})


def test_a_rule_book_is_read_with_its_limits():
    reader = TypeAdapter(RuleBook)
    book = rule_book()
    given = {"right": book.right, "periods": list(book.periods), "opening_price_ticks": 5, "surrender": {}}
    assert reader.validate_python(given) == replace(book, opening_price_ticks=5)
    with pytest.raises(ValidationError, match="Unexpected keyword argument"):
        reader.validate_python({**given, "bands": None})
    with pytest.raises(ValidationError, match="at least 1 item"):
        reader.validate_python({**given, "periods": []})
