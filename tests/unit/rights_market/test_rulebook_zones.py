"""Rules of zones in a rule book: what contradicts itself is refused with both fields named."""

from decimal import Decimal

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.stability.temporary_price_floor import TemporaryPriceFloor
from rights_market.policies.trading import HoldingLimit, ListedAgreement, OneWayAuction, OtcOffer, PriceBand
from rights_market.policies.zones import (
    CompensationPair,
    EcoCompensation,
    Edge,
    HotSpotGuard,
    Ratio,
    TradingRatio,
    ZonalCall,
    ZonePermission,
)
from tests.compliance_market import rule_book

ZONES = ZonePermission(zones=("a", "b"), edges=(Edge(seller="a", buyer="b"),))


def test_rules_of_zones_need_zones():
    with pytest.raises(PolicyError, match="`zonal_call` needs a `permission`"):
        rule_book(zonal_call=ZonalCall())


def test_unknown_zones_are_refused():
    with pytest.raises(PolicyError, match=r"ratio.tau names the zone 'x', but permission.zones are \['a', 'b'\]"):
        rule_book(permission=ZONES, ratio=TradingRatio(tau=(Ratio(seller="a", buyer="x", tau=Decimal("0.8")),)))


def test_ratios_follow_the_edges():
    upstream = TradingRatio(tau=(Ratio(seller="b", buyer="a", tau=Decimal("0.8")),))
    with pytest.raises(PolicyError, match="ratio.tau leads from b to a, but permission.edges do not"):
        rule_book(permission=ZONES, ratio=upstream)


def test_hot_spots_need_standards():
    with pytest.raises(PolicyError, match="`hot_spot` compares loads with ratio.standards"):
        rule_book(permission=ZONES, hot_spot=HotSpotGuard())


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("band", PriceBand(width=Decimal("0.1"))),
        ("listed", ListedAgreement(max_qty=100)),
        ("otc", OtcOffer()),
        ("one_way", OneWayAuction()),
        ("holding_limit", HoldingLimit(lots=1000)),
        ("price_floor", TemporaryPriceFloor()),
    ],
)
def test_rules_of_books_have_no_book(name, rule):
    with pytest.raises(PolicyError, match=f"`{name}` is a rule of books, but with `permission`"):
        rule_book(permission=ZONES, **{name: rule})


def test_a_reserve_has_no_book_to_sell_through():
    reserve = GovernmentReserve(guide_fen=1, release_trigger_ticks=5)
    with pytest.raises(PolicyError, match="`government_reserve.release_trigger_ticks` sells through a book"):
        rule_book(permission=ZONES, government_reserve=reserve)


def test_neighbours_that_compensate_each_other_exist():
    pair = CompensationPair(up="a", down="x", base_pay_fen=1, reference=Decimal(1))
    with pytest.raises(PolicyError, match="compensation.pairs names the zone 'x'"):
        rule_book(permission=ZONES, compensation=EcoCompensation(pairs=(pair,)))
