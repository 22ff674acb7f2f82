"""Years in which the government buys idle rights back and sells them when a month is dear."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from agents.config import small_market
from agents.model import RightsMarketModel
from agents.spec import ClosureSpec
from rights_market.policies.access import EntryExit
from rights_market.policies.banking import FreeBanking
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import Surrender
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.trading import OneWayAuction
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from tests.compliance_market import assert_journal_replays


def market(years: int, rule: GovernmentReserve, **rules) -> RightsMarketModel:
    config = small_market(n_firms=16, years=years, days_per_year=25, hedger_share=0.5)
    book = replace(config.rule_books[0], government_reserve=rule, **rules)
    return RightsMarketModel(replace(config, rule_books=(book,)), seed=2)


def run(model: RightsMarketModel) -> RightsMarketModel:
    while model.running:
        model.step()
    model.market.audit()
    assert_journal_replays(model.market)
    return model


def kept(**more) -> RightsMarketModel:
    """Run rights that are compared with use, not handed in: what a year leaves over is held on, and loses its value."""
    rule = GovernmentReserve(**{"idle_years": 1, "budget_fen": 10**9} | more)
    return run(market(3, rule, surrender=Surrender(mode="cover"), banking=FreeBanking()))


def events(model: RightsMarketModel, code: str) -> list:
    return [e for e in model.market.events if e.rule == "government_reserve" and e.code == code]


def test_idle_rights_come_in_whether_holders_like_it_or_not() -> None:
    model = kept(guide_fen=20_000, buyback="compulsory")
    bought = events(model, "buyback")
    assert {e.day for e in bought} == {24}
    assert sum(e.lots for e in bought) == 10**9 // 20_000 == sum(model.authority.reserve.stock.values())
    assert model.market.registry.free[:, GOVERNMENT_ACCOUNT].sum() == 10**9 // 20_000


def test_firms_sell_what_pays_more_than_keeping_it() -> None:
    # Units that are never used up pile up: by the end of the first year one is worth little, but more than a fen.
    assert not events(kept(guide_fen=1), "buyback")
    assert {e.day for e in events(kept(guide_fen=4_000), "buyback")} == {24}


def test_a_dear_month_takes_lots_out_again() -> None:
    model = market(1, GovernmentReserve(guide_fen=1, release_trigger_ticks=5_000, release_lots=400))
    model.market.registry.issue(0, GOVERNMENT_ACCOUNT, 1_000)
    model.authority.reserve.stock["CEA", 0, -1] = 1_000
    run(model)
    sold = sum(e.lots for e in events(model, "reserve_released"))
    assert sold > 0
    assert model.authority.reserve.stock["CEA", 0, -1] == 1_000 - sold
    assert model.market.registry.free[0, GOVERNMENT_ACCOUNT] + sold == 1_000


def stocked(model: RightsMarketModel, lots: int = 1_000) -> RightsMarketModel:
    model.market.registry.issue(0, GOVERNMENT_ACCOUNT, lots)
    model.authority.reserve.stock["CEA", 0, -1] = lots
    return model


def test_a_dear_month_may_announce_auctions_instead() -> None:
    rule = GovernmentReserve(guide_fen=5_500, release_trigger_ticks=5_000, release_mode="auction")
    # Nobody else may announce so many.
    model = run(stocked(market(2, rule, one_way=OneWayAuction(notice=1, min_qty=10**9))))
    released = events(model, "reserve_released")
    assert released
    assert sum(e.lots for e in released) == 1_000 - model.authority.reserve.stock["CEA", 0, -1]
    # Bids begin at the guide price, and none was made at it alone.
    assert all(e.money_fen >= 5_500 * e.lots for e in released)
    announced = [e for e in model.market.events if e.code == "auction_announced"]
    assert {(e.account, e.price_ticks) for e in announced} == {(GOVERNMENT_ACCOUNT, 5_500)}


DEAR = tuple(f"dear-000{i}" for i in range(1, 9))


@pytest.mark.parametrize("priority", [("strategic", "new_project"), ("new_project", "strategic")])
def test_strategic_firms_that_lack_units_are_served_before_all_others(priority: tuple) -> None:
    rule = GovernmentReserve(guide_fen=1, release_price_ticks=10, priority=priority, strategic=DEAR)
    model = run(stocked(market(1, rule), 10**6))
    name = dict(zip(model.accounts_of.tolist(), model.firms.names, strict=True))
    released = events(model, "reserve_released")
    assert released and {name[e.account] for e in released} <= set(DEAR)
    # Served before the session, they need buy nothing there.
    bought = set(model.market.tape.trades["buyer"].tolist())
    assert not bought & {e.account for e in released}


def test_no_strategic_firm_pays_more_than_it_would_in_the_market() -> None:
    rule = GovernmentReserve(guide_fen=1, release_price_ticks=19_000, priority=("strategic",), strategic=DEAR)
    assert not events(run(stocked(market(1, rule), 10**6)), "reserve_released")


def test_a_reserve_taken_from_the_cap_stays_out_of_the_market() -> None:
    config = small_market(n_firms=16, years=1, days_per_year=25)
    year = config.rule_books[0].periods[0].vintage
    cap = AbsolutePath(table={year: 10**7})
    rule = GovernmentReserve(guide_fen=1, initial_share=Decimal("0.25"))
    model = run(market(1, rule, cap=cap))
    assert model.authority.reserve.stock == {("CEA", 0, -1): 2_500_000}
    assert model.cap_course.lots_to_market(model.progress[0], year) == 7_500_000
    assert model.cap_course.expected_lots(model.progress[0], year) == 7_500_000


def test_what_closed_firms_have_left_is_bought_back_once_they_owe_nothing() -> None:
    rule = GovernmentReserve(guide_fen=10_000, idle_years=10, budget_fen=10**12)
    model = market(1, rule, entry_exit=EntryExit(threshold=0))
    first = model.calendar.days[0]
    people = replace(model.config.population, closures=[ClosureSpec("cheap-0001", first + timedelta(days=30))])
    closed = RightsMarketModel(replace(model.config, population=people), seed=2)
    run(closed)
    bought = events(closed, "buyback")
    row = closed.firms.names.index("cheap-0001")
    assert {e.account for e in bought} == {int(closed.accounts_of[row])}
    assert not events(run(model), "buyback")
