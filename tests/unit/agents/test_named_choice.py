"""Takers who may choose prefer those whom they know, at the same price."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.config import small_market
from agents.model import RightsMarketModel
from agents.relations import NO_GROUP, Circles
from agents.spec import RelationSpec
from rights_market.policies.trading import ListedAgreement, PriceBand
from rights_market.records import Mode, Reason
from tests.compliance_market import assert_journal_replays, fingerprint
from tests.province import run


def listed(choice: str | None, seed: int = 1) -> RightsMarketModel:
    """A market in which many small orders meet, of firms in three groups."""
    config = small_market(n_firms=60, tightness=0.08, days_per_year=60, hedger_share=0.6)
    rule = None if choice is None else ListedAgreement(max_qty=10**9, choice=choice)  # type: ignore[arg-type]
    book = replace(config.rule_books[0], listed=rule, band=PriceBand())
    relations = RelationSpec(groups=3, share=0.9, acquaintances=3)
    population = replace(config.population, relations=relations)
    behaviour = replace(config.behaviour, max_order_units=500.0)
    config = replace(config, rule_books=(book,), population=population, behaviour=behaviour)
    return run(RightsMarketModel(config, seed=seed))


@pytest.fixture(scope="module")
def chosen() -> RightsMarketModel:
    return listed("any_at_level")


def pairs(model: RightsMarketModel, *modes: Mode) -> tuple[np.ndarray, np.ndarray]:
    trades, first = model.market.tape.trades, int(model.accounts_of[0])
    rows = np.isin(trades["mode"], modes)
    return trades["buyer"][rows] - first, trades["seller"][rows] - first


def test_named_quotes_are_those_of_acquaintances(chosen: RightsMarketModel) -> None:
    buyer, seller = pairs(chosen, Mode.LISTED)
    assert len(buyer) > 20
    circles = chosen.named_choice._circles
    assert all(circles.knows(int(b), np.array([s]))[0] for b, s in zip(buyer, seller, strict=True))
    chosen.market.audit()
    assert_journal_replays(chosen.market)


def test_a_named_quote_is_never_worse_than_the_best(chosen: RightsMarketModel) -> None:
    assert chosen.market.rejected[Reason.SKIPPED_BETTER_PRICE] == 0


@pytest.mark.parametrize("seed", range(1, 7))
def test_more_is_traded_among_acquaintances_than_by_time(seed: int) -> None:
    named, by_time = listed("any_at_level", seed), listed("time", seed)

    def share(model: RightsMarketModel) -> float:
        met = zip(*pairs(model, Mode.LISTED, Mode.CONTINUOUS), strict=True)
        return float(np.mean([named.named_choice._circles.knows(int(b), np.array([s]))[0] for b, s in met]))

    assert share(named) > share(by_time)


def test_without_a_choice_nobody_names() -> None:
    by_time, without = listed("time"), listed(None)
    for model in (by_time, without):
        assert not len(pairs(model, Mode.LISTED)[0])
    assert fingerprint(by_time.market.tape.state()) == fingerprint(without.market.tape.state())


def test_members_and_acquaintances_know_each_other_and_nobody_else() -> None:
    group = np.array([0, 0, NO_GROUP, NO_GROUP, 1], np.intp)
    alone = Circles(group, np.ones(5), 0, np.random.default_rng(1))
    assert alone.knows(0, np.array([1, 2, 4, -1])).tolist() == [True, False, False, False]
    assert not alone.knows(2, np.array([3, -1])).any()
    circles = Circles(group, np.ones(5), 3, np.random.default_rng(1))
    met = np.array([[circles.knows(a, np.array([b]))[0] for b in range(5)] for a in range(5)])
    assert np.array_equal(met, met.T)
    assert met[2].sum() > 1
