"""Zones in force: what crosses, what it counts for, what keeps it out."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from rights_market.authority import Authority, Covered
from rights_market.market import Market
from rights_market.policies.credits import ProjectCredits
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.trading import Fees
from rights_market.policies.zones import (
    CompensationPair,
    EcoCompensation,
    Edge,
    HotSpotGuard,
    Ratio,
    Sink,
    TradingRatio,
    Wall,
    ZonePermission,
)
from rights_market.records import Orders, Reason
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, period, rule_book

ON = date(2024, 6, 3)
BID, ASK = Side.BID, Side.ASK
RICH = 10**9


def permission(**more: Any) -> ZonePermission:
    return ZonePermission(**{"zones": ("a", "b"), "edges": (Edge(seller="a", buyer="b"),)} | more)


def ratio(**more: Any) -> TradingRatio:
    return TradingRatio(**{"tau": (Ratio(seller="a", buyer="b", tau=Decimal("0.8")),)} | more)


def market(
    regions: tuple[str, ...], sectors: tuple[str, ...] | None = None, **rules: Any
) -> tuple[Market, Authority, np.ndarray]:
    """Firms in zones, each with 100 lots and much cash, on an open day."""
    book = rule_book(2024, 2025, **{"permission": permission(), "ratio": ratio()} | rules)
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, [f"firm {i}" for i in range(len(regions))])
    made = Market([book], accounts)
    authority = Authority(made, Covered(firms, sectors or ("steel",) * len(regions), regions=regions))
    made.registry.issue(0, firms, 100)
    made.registry.deposit(firms, RICH)
    made.open_day(0, [0])
    return made, authority, firms


def trade(authority: Authority, firms: np.ndarray, *rows: tuple[int, Side, int, int]):
    """Hold an auction of orders given as (firm, side, price, lots)."""
    who, side, price, lots = zip(*rows, strict=True)
    return authority.zones.call("CEA", Orders.of(firms[list(who)], 0, side, price, lots), ON)


def notes(made: Market, code: str) -> list[tuple[int, str]]:
    return [(e.lots, e.note) for e in made.events if e.code == code]


def test_units_count_for_their_ratio_downstream() -> None:
    made, authority, firms = market(("a", "b"))
    receipt = trade(authority, firms, (0, ASK, 800, 100), (1, BID, 1500, 10))
    assert receipt.filled.tolist() == [13, 10]
    assert made.registry.free[0, firms].tolist() == [87, 110]
    assert made.registry.total("cancelled")[0] == 3
    assert notes(made, "converted") == [(3, "")]
    assert notes(made, "ratio_rounding_loss") == [(0, "0.4 lots")]
    assert authority.zones.of["CEA"].moved == {(2024, 1): [10, 0], (2024, 0): [0, 13]}
    made.registry.audit()
    assert_journal_replays(made)


def test_sales_upstream_find_nobody() -> None:
    made, authority, firms = market(("a", "b"))
    receipt = trade(authority, firms, (1, ASK, 100, 50), (0, BID, 9000, 50))
    assert not receipt.filled.any()
    assert not len(receipt.trades)


def test_money_and_fees_change_hands() -> None:
    made, authority, firms = market(("a", "b"), fees=Fees(buyer=Decimal("0.002"), seller=Decimal("0.001")))
    # A unit is worth 0.8 x 1100 = 880 to the buyer: any price from 800 to 880 clears, and 840 is the middle.
    receipt = trade(authority, firms, (0, ASK, 800, 10), (1, BID, 1100, 8))
    assert (receipt.trades.price_ticks.tolist(), receipt.trades.lots.tolist()) == ([840], [10])
    assert made.registry.cash[firms].tolist() == [RICH + 8_400 - 8, RICH - 8_400 - 17]
    made.registry.audit()


def test_nobody_bids_more_than_it_has() -> None:
    made, authority, firms = market(("a", "a"))
    made.registry.withdraw(firms[1], RICH - 5_000)
    receipt = trade(authority, firms, (0, ASK, 800, 100), (1, BID, 1000, 90))
    assert receipt.filled.tolist() == [5, 5]
    assert made.registry.cash[firms[1]] >= 0


def test_who_lies_in_no_zone_does_not_trade() -> None:
    _, authority, firms = market(("a", "elsewhere"))
    receipt = trade(authority, firms, (0, ASK, 800, 10), (1, BID, 1000, 10))
    assert receipt.reason.tolist() == [Reason.ACCEPTED, Reason.NOT_ADMITTED]
    assert not receipt.filled.any()


def test_the_book_of_a_right_with_zones_takes_no_orders() -> None:
    made, _, firms = market(("a", "b"))
    receipt = made.submit(Orders.of(firms, 0, [ASK, BID], 1000, 10))
    assert receipt.reason.tolist() == [Reason.MARKET_CLOSED] * 2


def test_a_zone_that_missed_its_standard_imports_what_it_exported() -> None:
    both_ways = permission(
        edges=(Edge(seller="a", buyer="b"), Edge(seller="b", buyer="a")), cycle="allow", no_net_import=("b",)
    )
    made, authority, firms = market(("a", "b"), permission=both_ways, ratio=None)
    assert not trade(authority, firms, (0, ASK, 800, 10), (1, BID, 1000, 4)).filled.any()
    assert notes(made, "zone_blocked") == [(0, "b")]
    assert trade(authority, firms, (1, ASK, 800, 3), (0, BID, 1000, 3)).filled.tolist() == [3, 3]
    assert trade(authority, firms, (0, ASK, 800, 10), (1, BID, 1000, 4)).filled.tolist() == [3, 3]
    assert authority.zones.of["CEA"].moved[2024, 1] == [3, 3]


def test_power_plants_trade_among_themselves() -> None:
    walled = permission(walls=(Wall(sectors=("power",)),))
    made, authority, firms = market(("a", "a", "a"), ("power", "steel", "power"), permission=walled)
    receipt = trade(authority, firms, (0, ASK, 800, 10), (1, BID, 2000, 10), (2, BID, 900, 4))
    assert receipt.filled.tolist() == [4, 0, 4]
    assert [e.note for e in made.events if e.code == "zone_price"] == ["a, power"]


def test_pools_behind_walls_share_what_may_come_in() -> None:
    walled = permission(walls=(Wall(sectors=("power",)),))
    guarded = {
        "permission": walled,
        "ratio": ratio(standards={"a": 500, "b": 365}),
        "hot_spot": HotSpotGuard(act="block_imports"),
    }
    # Loads: 200 in a, and 200 + 0.8 x 200 = 360 in b: 5 lots may still come in, 2 and 3 for bids of 4 and 6; units
    # that count for no more than that are 2 and 3, which is 1.6 and 2.4 lots.
    _, authority, firms = market(("a", "a", "b", "b"), ("power", "steel", "power", "steel"), **guarded)
    receipt = trade(authority, firms, (0, ASK, 800, 50), (1, ASK, 800, 50), (2, BID, 2000, 4), (3, BID, 2000, 6))
    assert receipt.filled[2:].tolist() == [1, 2]


def test_a_hot_spot_takes_nothing_in() -> None:
    # Held 100 in each: loads 100 and 180, which is above 150.
    rules = {"ratio": ratio(standards={"a": 200, "b": 150}), "hot_spot": HotSpotGuard(act="block_imports")}
    made, authority, firms = market(("a", "b"), **rules)
    assert not trade(authority, firms, (0, ASK, 800, 50), (1, BID, 2000, 10)).filled.any()
    assert notes(made, "zone_blocked") == [(0, "b")]


def test_verified_loads_are_published() -> None:
    rules = {"ratio": ratio(standards={"a": 60, "b": 100}), "hot_spot": HotSpotGuard()}
    made, authority, _ = market(("a", "b"), **rules)
    authority.verify("CEA", period(2024), np.array([55, 66]))
    assert notes(made, "hot_spot_index") == [(0, "max excess 0.1000")]
    assert notes(made, "hot_spot") == [(10, "b")]


def compensated(**more: Any) -> EcoCompensation:
    pair = CompensationPair(up="a", down="b", base_pay_fen=1_000, reference=Decimal(50))
    sinks = (Sink(site="Jishui", zone="a", tonnes=7), Sink(site="Suichuan", zone="a", tonnes=3))
    return EcoCompensation(**{"pairs": (pair,), "sinks": sinks, "sink_price_fen": 10, "fund_fen": 250} | more)


def test_zones_pay_each_other_as_far_as_they_can() -> None:
    # A load of 40 upstream against 50: 20 % of 1,000, and 10 t at 10 fen.  Next year 85 cost 700, less 100 for sinks.
    made, authority, _ = market(("a", "b"), compensation=compensated())
    authority.verify("CEA", period(2024), np.array([40, 66]))
    authority.verify("CEA", period(2025), np.array([85, 66]))
    paid = [(e.code, e.money_fen, e.note) for e in made.events if e.rule == "eco_compensation"]
    assert paid == [
        ("eco_payment", 250, "b to a"),
        ("rule_unmet", 50, "b to a"),
        ("eco_payment", 500, "a to b"),
        ("rule_unmet", 100, "a to b"),
    ]
    assert authority.zones.of["CEA"].compensation.budget_fen == {"a": 0, "b": 500}


def test_a_tonne_that_is_sold_as_a_credit_is_not_paid_for_again() -> None:
    forest = ProjectCredits(name="Jishui", credit="CEA", type="forest", yearly_lots=7, first_year=2020)
    made, _, _ = market(("a", "b"), compensation=compensated())
    made.accounts.open(AccountKind.PROJECT, "Jishui")
    authority = Authority(made, Covered(np.array([2, 3]), ("steel",) * 2, regions=("a", "b")), credit_sources=(forest,))
    authority.verify("CEA", period(2024), np.array([50, 66]))
    told = [(e.code, e.lots, e.money_fen) for e in made.events if e.rule == "eco_compensation"]
    assert told == [("double_claim", 7, 0), ("eco_payment", 0, 30)]


@pytest.mark.parametrize(
    ("since", "first_year", "counted"),
    [(2024, 2025, [130, 130]), (2024, 2024, [30, 30]), (2025, 2026, [30, 130]), (2025, 2024, [30, 30])],
)
def test_who_counts_a_place_first_keeps_it(since: int, first_year: int, counted: list[int]) -> None:
    # Quality is at its reference: 100 fen are for the 10 t of Jishui, 30 for the 3 t of another place, each year.
    sinks = (Sink(site="Jishui", zone="a", tonnes=10, since=since), Sink(site="Suichuan", zone="a", tonnes=3))
    made, _, _ = market(("a", "b"), compensation=replace(compensated(), sinks=sinks, fund_fen=10_000))
    made.accounts.open(AccountKind.PROJECT, "Jishui")
    forest = ProjectCredits(name="Jishui", credit="CEA", type="forest", yearly_lots=7, first_year=first_year)
    authority = Authority(made, Covered(np.array([2, 3]), ("steel",) * 2, regions=("a", "b")), credit_sources=(forest,))
    authority.credits.serve(date(2024, 1, 2), np.zeros(0))
    for year in (2024, 2025):
        authority.verify("CEA", period(year), np.array([50, 66]))
    paid = [e.money_fen for e in made.events if e.code == "eco_payment"]
    assert paid == counted
    refused = {e.rule for e in made.events if e.code == "double_claim"}
    assert refused == ({"project_credits"} if counted[1] == 130 else {"eco_compensation"})


def test_allocations_are_cut_to_the_caps_of_zones() -> None:
    # Standards 60 and 98: caps 60 and 98 - 0.8 x 60 = 50.
    made, authority, firms = market(("a", "b", "b"), ratio=ratio(standards={"a": 60, "b": 98}))
    issued = authority.plans.preallocate("CEA", period(2025), np.array([40, 50, 30]))
    assert issued.tolist() == [40, 31, 19]
    assert notes(made, "zone_cap") == [(30, "b: cut")]


def test_what_changes_is_saved() -> None:
    made, authority, firms = market(("a", "b"))
    trade(authority, firms, (0, ASK, 800, 100), (1, BID, 1500, 10))
    _, again, _ = market(("a", "b"))
    again.restore(authority.state())
    assert again.zones.of["CEA"].moved == authority.zones.of["CEA"].moved
    assert again.zones.of["CEA"].price_ticks.tolist() == authority.zones.of["CEA"].price_ticks.tolist()


def test_who_is_barred_from_selling_does_not_sell_over_zones() -> None:
    made, authority, firms = market(("a", "b"))
    made.suspend(firms[:1])
    receipt = trade(authority, firms, (0, ASK, 800, 100), (1, BID, 1500, 10))
    assert receipt.reason.tolist() == [Reason.NOT_ADMITTED, Reason.ACCEPTED]


def test_the_reserve_keeps_to_zones() -> None:
    # Ten idle lots of a: 8 lots of need in b take them all, a need in a would take them one for one; upstream nothing.
    rule = GovernmentReserve(idle_years=1, guide_fen=1, budget_fen=10**6)
    made, authority, firms = market(("a", "b", "a"), government_reserve=rule)
    authority.verify("CEA", period(2024), np.array([90, 100, 100]))
    assert authority.reserve.buy_back("CEA", ON, np.ones(3, np.bool_)).tolist() == [10, 0, 0]
    assert authority.reserve.stock == {("CEA", 0, 0): 10}
    assert authority.reserve.release_to("CEA", int(firms[2]), 5) == 5
    assert authority.reserve.release_to("CEA", int(firms[1]), 8) == 4
    assert made.registry.free[0, firms].tolist() == [90, 104, 105]
    assert made.registry.total("cancelled")[0] == 1
    made.registry.audit()


def test_what_came_from_downstream_does_not_go_up_again() -> None:
    rule = GovernmentReserve(idle_years=1, guide_fen=1, budget_fen=10**6)
    _, authority, firms = market(("a", "b"), government_reserve=rule)
    authority.verify("CEA", period(2024), np.array([100, 90]))
    authority.reserve.buy_back("CEA", ON, np.ones(2, np.bool_))
    assert authority.reserve.release_to("CEA", int(firms[0]), 5) == 0
