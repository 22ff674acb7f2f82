"""The government buys idle rights back and gives them out again."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from rights_market.authority import Authority
from rights_market.authority.projects import Project
from rights_market.errors import PolicyError
from rights_market.market import Market
from rights_market.policies.access import NewEntrantReserve, NewProjectReplacement
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.trading import OneWayAuction
from rights_market.records import Orders
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, codes, market_of, period, rule_book

YEARS = (2020, 2021, 2022, 2023, 2024, 2025, 2026)
ON = date(2024, 12, 31)
# Two years of 365 days are left on the last day of 2024.
LEFT = (date(2026, 12, 31) - ON).days


def reserve(**more) -> GovernmentReserve:
    return GovernmentReserve(**{"price": "fee_remaining", "fee_fen": 36_500, "budget_fen": 400_000} | more)


def five_years(rule: GovernmentReserve, use: list[tuple[int, ...]], held: tuple[int, ...]) -> tuple:
    """Five years have passed in which firms used some; now they hold some."""
    market, authority, firms = market_of(rule_book(*YEARS, government_reserve=rule), len(held))
    for year, lots_used in zip(YEARS, use, strict=False):
        authority.verify("CEA", period(year), np.array(lots_used))
    rows = np.flatnonzero(held)
    market.registry.issue(5, firms[rows], np.array(held)[rows])
    return market, authority, firms


def everybody(authority: Authority) -> np.ndarray:
    return np.ones(len(authority.firms.accounts), np.bool_)


def test_idle_lots_are_bought_as_far_as_the_money_goes() -> None:
    # Holds 10, used 4 at most: 6 idle, at 365 CNY a year for 2 years: 730 a lot.  4,000 CNY buy 5.
    market, authority, firms = five_years(reserve(), [(1,), (4,), (2,), (3,), (0,)], (10,))
    assert LEFT == 730
    assert authority.reserve.price_fen("CEA", ON) == 73_000
    assert authority.reserve.buy_back("CEA", ON, everybody(authority)).tolist() == [5]
    assert market.registry.free[5, [firms[0], GOVERNMENT_ACCOUNT]].tolist() == [5, 5]
    assert market.registry.cash[firms].tolist() == [365_000]
    assert codes(market, "buyback", "reserve_unfunded") == [
        ("buyback", firms[0], -1, 5, 365_000),
        ("reserve_unfunded", -1, -1, 1, 0),
    ]
    market.audit()
    assert_journal_replays(market)


def test_the_budget_is_not_spent_twice() -> None:
    _, authority, _ = five_years(reserve(), [(1,), (4,), (2,), (3,), (0,)], (10,))
    authority.reserve.buy_back("CEA", ON, everybody(authority))
    assert authority.reserve.buy_back("CEA", ON, everybody(authority)).tolist() == [0]


def test_who_is_asked_may_refuse_unless_it_is_not_asked() -> None:
    use, nobody = [(0, 0)] * 5, np.zeros(2, np.bool_)
    _, authority, _ = five_years(reserve(budget_fen=10**8), use, (3, 4))
    assert authority.reserve.buy_back("CEA", ON, nobody).tolist() == [0, 0]
    _, authority, _ = five_years(reserve(budget_fen=10**8, buyback="compulsory"), use, (3, 4))
    assert authority.reserve.buy_back("CEA", ON, nobody).tolist() == [3, 4]


def test_pledged_lots_stay_and_are_listed() -> None:
    market, authority, firms = five_years(reserve(budget_fen=10**8), [(0,)] * 5, (10,))
    market.registry.pledge(5, firms, 8)
    assert authority.reserve.buy_back("CEA", ON, everybody(authority)).tolist() == [2]
    assert codes(market, "idle_pledged") == [("idle_pledged", firms[0], -1, 8, 0)]


def test_a_closed_firm_sells_everything() -> None:
    _, authority, _ = five_years(reserve(budget_fen=10**8), [(9,)] * 5, (10,))
    bought = authority.reserve.buy_back("CEA", ON, everybody(authority), np.array([True]))
    assert bought.tolist() == [10]


def stocked(**more) -> tuple[Market, Authority, np.ndarray]:
    """A reserve of six lots, and a firm with money."""
    market, authority, firms = five_years(
        reserve(**{"budget_fen": 10**8, "release_price_ticks": 500} | more), [(0, 0)] * 5, (6, 0)
    )
    authority.reserve.buy_back("CEA", ON, everybody(authority))
    market.registry.deposit(firms[1], 10_000)
    return market, authority, firms


def test_a_new_project_gets_what_it_lacks() -> None:
    market, authority, firms = stocked()
    assert authority.reserve.release_to("CEA", int(firms[1]), 4) == 4
    assert market.registry.free[5, firms[1]] == 4
    assert market.registry.cash[firms[1]] == 10_000 - 4 * 500
    assert authority.reserve.release_to("CEA", int(firms[1]), 4) == 2
    assert codes(market, "reserve_released", "rule_unmet") == [
        ("reserve_released", firms[1], -1, 4, 2_000),
        ("reserve_released", firms[1], -1, 2, 1_000),
        ("rule_unmet", firms[1], -1, 2, 0),
    ]
    market.audit()
    assert_journal_replays(market)


def test_a_project_without_money_gets_no_more_than_it_can_pay() -> None:
    _, authority, firms = stocked(release_price_ticks=4_000)
    assert authority.reserve.release_to("CEA", int(firms[1]), 4) == 2


def test_a_dear_month_puts_the_reserve_on_sale() -> None:
    market, authority, firms = stocked(release_trigger_ticks=600)
    market.open_day(0, [5])
    assert authority.reserve.offer("CEA", Fraction(599)) == 0
    assert authority.reserve.offer("CEA", Fraction(600)) == 6
    market.submit(Orders.of(firms[1], 5, Side.BID, 550, 2))
    market.close_day()
    authority.reserve.settle_sales()
    assert authority.reserve.stock == {("CEA", 5, -1): 4}
    assert codes(market, "reserve_released") == [("reserve_released", -1, 5, 2, 0)]
    assert market.registry.free[5, [firms[1], GOVERNMENT_ACCOUNT]].tolist() == [2, 4]


@pytest.mark.parametrize("when", ["before", "between"])
def test_what_changes_is_saved(when: str) -> None:
    market, authority, _ = stocked(release_trigger_ticks=600)
    if when == "between":
        market.open_day(0, [5])
        authority.reserve.offer("CEA", Fraction(600))
    _, again, _ = market_of(rule_book(*YEARS, government_reserve=reserve()), 2)
    again.restore(authority.state())
    assert again.reserve.state() == authority.reserve.state()
    assert again.reserve.stock == {("CEA", 5, -1): 6}


def auctioned(**more) -> tuple[Market, Authority, np.ndarray]:
    """A reserve of six lots, sold in one-way auctions in dear months, and a firm with money."""
    rule = reserve(budget_fen=10**8, release_trigger_ticks=600, release_price_ticks=500, release_mode="auction", **more)
    market, authority, firms = market_of(
        rule_book(*YEARS, government_reserve=rule, one_way=OneWayAuction(notice=1, session=2)), 2
    )
    market.registry.issue(5, GOVERNMENT_ACCOUNT, 6)
    authority.reserve.stock["CEA", 5, -1] = 6
    market.registry.deposit(firms[1], 10_000)
    return market, authority, firms


def test_a_dear_month_announces_an_auction_of_the_reserve_and_one_at_a_time() -> None:
    market, authority, firms = auctioned()
    market.open_day(0, [5])
    assert authority.reserve.offer("CEA", Fraction(599)) == 0
    assert authority.reserve.offer("CEA", Fraction(600)) == 6
    assert authority.reserve.offer("CEA", Fraction(600)) == 0
    (auction,) = market.one_way.auctions
    assert (auction.account, auction.lots, auction.start_ticks) == (GOVERNMENT_ACCOUNT, 6, 500)
    # What is on sale goes to nobody else.
    assert authority.reserve.available_lots("CEA", int(firms[1])) == 0
    market.close_day()
    market.open_day(1, [5])
    market.one_way.bid(int(firms[1]), auction.number, 700, 4)
    assert len(authority.end_batch()) == 0
    assert authority.end_batch().lots.tolist() == [4]
    assert authority.reserve.stock == {("CEA", 5, -1): 2}
    assert codes(market, "reserve_released") == [("reserve_released", firms[1], 5, 4, 2_800)]
    assert market.registry.cash[[GOVERNMENT_ACCOUNT, firms[1]]].tolist() == [2_800, 10_000 - 2_800]
    assert authority.reserve.available_lots("CEA", int(firms[1])) == 2
    market.audit()
    assert_journal_replays(market)


def test_lots_are_released_with_the_validity_of_today_where_the_rule_says_so() -> None:
    for resets in (False, True):
        market, authority, firms = auctioned(validity_reset=resets)
        market.open_day(0, [5, 6])
        authority.reserve.release_to("CEA", int(firms[1]), 2)
        kept = 5 + resets
        assert market.registry.free[kept, firms[1]] == 2
        assert authority.reserve.stock.get(("CEA", kept, -1)) == 4
        assert len(codes(market, "validity_reset")) == resets
        market.audit()
        assert_journal_replays(market)


def test_a_share_of_the_cap_is_set_aside_when_it_is_set() -> None:
    cap = AbsolutePath(table=dict.fromkeys(YEARS, 1_000))
    rule = reserve(initial_share=Decimal("0.1"))
    entrants = NewEntrantReserve(share=Decimal("0.05"))
    book = rule_book(*YEARS, government_reserve=rule, cap=cap, entrant_reserve=entrants)
    market, authority, _ = market_of(book, 2)
    authority.plans.set_caps("CEA", period(2024), {2024: 0})
    assert market.registry.free[4, GOVERNMENT_ACCOUNT] == 100
    assert authority.reserve.stock == {("CEA", 4, -1): 100}
    assert authority.entitlements["CEA"].set_aside_lots[2024] == 150
    assert authority.entitlements["CEA"].auction_lots(2024, np.array([300, 300]), 1_000) == 250
    assert codes(market, "reserve_filled") == [("reserve_filled", -1, 4, 100, 0)]


def test_projects_are_not_served_without_priority() -> None:
    market, authority, firms = market_of(
        rule_book(
            *YEARS,
            government_reserve=reserve(release_price_ticks=500, priority=("strategic",), strategic=("firm 0",)),
            replacement=NewProjectReplacement(sources=("market", "reserve")),
        ),
        2,
    )
    market.registry.issue(5, GOVERNMENT_ACCOUNT, 6)
    authority.reserve.stock["CEA", 5, -1] = 6
    market.registry.deposit(firms[1], 10_000)
    authority.projects.apply(Project(1, date(2025, 1, 2), {"CEA": 3}))
    assert authority.projects.review(date(2025, 1, 3)) == []
    assert authority.reserve.stock == {("CEA", 5, -1): 6}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"government_reserve": reserve(initial_share=Decimal("0.1"))}, "initial_share is a share of a `cap`"),
        (
            {
                "government_reserve": reserve(initial_share=Decimal("0.9")),
                "cap": AbsolutePath(table=dict.fromkeys(YEARS, 10)),
                "entrant_reserve": NewEntrantReserve(share=Decimal("0.2")),
            },
            "initial_share is 0.9 and entrant_reserve.share 0.2",
        ),
        (
            {"government_reserve": reserve(release_mode="auction", release_trigger_ticks=5)},
            "release_mode is auction, which needs `one_way`",
        ),
        (
            {
                "government_reserve": reserve(release_mode="auction", release_trigger_ticks=5),
                "one_way": OneWayAuction(sides=("buy",)),
            },
            "with sides that name sell",
        ),
    ],
)
def test_reserves_that_cannot_be_filled_or_sold_are_refused(rules: dict, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        rule_book(*YEARS, **rules)
