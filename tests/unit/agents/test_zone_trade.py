"""A year along a river: where units go, what they fetch, and that no load exceeds its standard."""

import numpy as np
import pytest

from agents.model import RightsMarketModel
from rights_market.policies.zones import ZonalCall
from rights_market.records import Mode
from tests.compliance_market import assert_journal_replays, fingerprint
from tests.river import ZONES, ratio, river

STANDARDS = {"up": 4_600_000, "middle": 6_780_000, "down": 9_485_000}


@pytest.fixture(scope="module")
def year() -> RightsMarketModel:
    """A year in which the zones downstream get less than they need, and the one upstream more."""
    model = river(ratio=ratio(standards=STANDARDS))
    while model.running:
        model.step()
    return model


def zone_prices(model: RightsMarketModel) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for e in model.market.events:
        if e.code == "zone_price":
            found.setdefault(e.day, {})[e.note] = e.price_ticks
    return found


def test_units_go_downstream_only(year: RightsMarketModel) -> None:
    trades, zones = year.market.tape.trades, year.authority.zones.of["CEA"]
    assert set(trades["mode"].tolist()) == {Mode.ZONAL}
    place = np.full(len(year.market.accounts), -1)
    place[year.authority.firms.accounts] = zones.zone_of
    assert (place[trades["buyer"]] >= place[trades["seller"]]).all()
    assert zones.moved[2025, 0][1] > 0
    assert zones.moved[2025, 2] == [zones.moved[2025, 2][0], 0]


def test_prices_of_zones_that_trade_differ_by_their_ratio(year: RightsMarketModel) -> None:
    days = [p for p in zone_prices(year).values() if set(p) == set(ZONES)]
    assert len(days) >= 5
    for price in days:
        assert price["up"] >= 0.8 * price["middle"] - 1
        assert price["up"] >= 0.6 * price["down"] - 1
        assert price["up"] < price["middle"] < price["down"]


def test_no_load_exceeds_its_standard_but_by_what_firms_miss(year: RightsMarketModel) -> None:
    zones, registry = year.authority.zones.of["CEA"], year.market.registry
    rule = year.config.rule_books[0]
    held = year.market.obligations.surrendered_lots("CEA", rule.periods[0].name)
    held = held + (registry.free + registry.frozen)[: len(rule.periods)].sum(axis=0)
    loads = dict(zip(ZONES, zones.by_zone(held[year.authority.firms.accounts]), strict=True))
    for zone, standard in STANDARDS.items():
        load = loads[zone] + sum(tau * loads[a] for (a, b), tau in zones.ratios.items() if b == zone)
        assert load <= standard


def test_what_a_unit_does_not_count_for_is_gone(year: RightsMarketModel) -> None:
    lost = sum(e.lots for e in year.market.events if e.code == "converted")
    moved = year.authority.zones.of["CEA"].moved
    assert lost == sum(went for _, went in moved.values()) - sum(came for came, _ in moved.values()) > 0
    assert year.market.registry.total("cancelled").sum() == lost
    year.market.audit()
    assert_journal_replays(year.market)


def test_firms_learn_what_units_fetch_where_they_are(year: RightsMarketModel) -> None:
    up, middle, down = year.zone_trade.relative["CEA"]
    assert up < middle < down


def test_a_run_goes_on_from_its_state_to_the_same_bits() -> None:
    model = river(ratio=ratio(standards=STANDARDS))
    for _ in range(32):
        model.step()
    again = RightsMarketModel.from_state(model.config, model.state())
    for each in (model, again):
        for _ in range(4):
            each.step()
    assert fingerprint(again.state()) == fingerprint(model.state())


def test_an_auction_every_week_trades_once_a_week() -> None:
    model = river(zonal_call=ZonalCall(every_days=5), ratio=ratio(standards=STANDARDS))
    while model.running:
        model.step()
    assert set((model.market.tape.trades["day"] % 5).tolist()) == {0}
