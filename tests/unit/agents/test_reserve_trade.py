"""Years in which the government buys idle rights back and sells them when a month is dear."""

from dataclasses import replace

from agents.config import small_market
from agents.model import RightsMarketModel
from rights_market.policies.banking import FreeBanking
from rights_market.policies.compliance import Surrender
from rights_market.policies.government_reserve import GovernmentReserve
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
