"""A run in which firms deal beside the books: it is seen in tables and events, saved and continued, and adds up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.model import RightsMarketModel
from agents.spec import RelationSpec
from experiments.studies.tables import all_tables
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.trading import CircuitBreaker, OneWayAuction, OtcOffer
from rights_market.records import Event
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT
from tests.compliance_market import assert_journal_replays, assert_orders_are_covered, fingerprint
from tests.province import carbon_book, province, run, sulphur_book

DEALS = {
    "otc": OtcOffer(publish_delay=2),
    "one_way": OneWayAuction(notice=2, pricing="uniform"),
    "breaker": CircuitBreaker(halt_auctions=True),
}
STOCK = 20_000
RESERVE = GovernmentReserve(
    guide_fen=1, release_trigger_ticks=100, release_lots=2_000, release_mode="auction", validity_reset=True
)


def model() -> RightsMarketModel:
    made = province(rule_books=(carbon_book(**DEALS, government_reserve=RESERVE), sulphur_book(**DEALS)))
    config = replace(
        made.config, population=replace(made.config.population, relations=RelationSpec(groups=3, share=0.5))
    )
    return RightsMarketModel(config, seed=made.root_seed)


def stocked() -> RightsMarketModel:
    made = model()
    made.market.registry.issue(0, GOVERNMENT_ACCOUNT, STOCK)
    made.authority.reserve.stock["CEA", 0, -1] = STOCK
    return made


@pytest.fixture(scope="module")
def done() -> RightsMarketModel:
    return run(stocked())


def test_deals_are_made_and_the_books_add_up(done: RightsMarketModel) -> None:
    modes = set(all_tables(done)["trades"]["mode"])
    assert {"otc", "auction"} <= modes
    done.market.audit()
    assert_journal_replays(done.market)
    assert_orders_are_covered(done.market)


def test_events_tell_of_them(done: RightsMarketModel) -> None:
    events = all_tables(done)["events"]
    assert {"otc_offer", "otc_accept", "auction_announced", "auction_sold", "reserve_released"} <= set(events["code"])
    assert not set(events["code"]) & {"bid_refused", "auction_refused"}


def test_the_reserve_sells_rights_of_the_newest_vintage_once_there_is_one(done: RightsMarketModel) -> None:
    reset: list[Event] = [e for e in done.market.events if e.code == "validity_reset"]
    released = sum(e.lots for e in done.market.events if e.code == "reserve_released")
    assert released + sum(done.authority.reserve.stock.values()) == STOCK
    assert reset and all(e.instrument > 0 for e in reset)


def test_a_run_is_continued_to_the_same_bits() -> None:
    straight, half = run(stocked(), 40), run(stocked(), 27)
    again = RightsMarketModel.from_state(half.config, half.state())
    run(again, 13)
    assert fingerprint(again.state()) == fingerprint(straight.state())
