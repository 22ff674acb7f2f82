"""What the rules of trading should make firms do: the same seeds with a rule and without it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from agents.spec import InstitutionSpec, RelationSpec
from rights_market.policies.stability.price_collar import PriceCollar
from rights_market.policies.stability.temporary_price_floor import TemporaryPriceFloor
from rights_market.policies.trading import (
    Admission,
    BlockAgreement,
    CircuitBreaker,
    ClassAdmission,
    HoldingLimit,
    Level,
    ListedAgreement,
    PriceBand,
)
from rights_market.records import Mode
from tests.block_market import block_market
from tests.compliance_market import assert_journal_replays
from tests.province import run

SEEDS = (1, 2)
BLOCK_SEEDS = range(1, 7)
ONE_GROUP = RelationSpec(groups=2, share=1.0, acquaintances=1)


def volume(model: RightsMarketModel, *modes: Mode) -> int:
    trades = model.market.tape.trades
    return int(trades["lots"][np.isin(trades["mode"], modes)].sum())


@pytest.fixture(scope="module")
def with_blocks() -> list[RightsMarketModel]:
    return [run(block_market(seed, relations=ONE_GROUP)) for seed in BLOCK_SEEDS]


@pytest.fixture(scope="module")
def without_blocks() -> list[RightsMarketModel]:
    return [run(block_market(seed, block=None)) for seed in BLOCK_SEEDS]


def test_blocks_take_volume_out_of_the_book(with_blocks, without_blocks) -> None:
    """Large lots move to pairs, most of them inside groups (search cost)."""
    for on, off in zip(with_blocks, without_blocks, strict=True):
        assert volume(on, Mode.CONTINUOUS) < volume(off, Mode.CONTINUOUS)
        inside, all_blocks = volume(on, Mode.BLOCK_RELATED), volume(on, Mode.BLOCK, Mode.BLOCK_RELATED)
        assert inside > 0.5 * all_blocks > 0


def test_blocks_inside_groups_go_at_a_discount(with_blocks) -> None:
    """Against the listed close of the same day, weighted by lots: on the mean of the seeds, and in most of them."""
    against_listed = []
    for model in with_blocks:
        trades, bars = model.market.tape.trades, model.market.tape.bars
        close = {(d, i): c for d, i, c in zip(bars["day"], bars["instrument"], bars["close_ticks"], strict=True)}
        rows = np.flatnonzero(trades["mode"] == Mode.BLOCK_RELATED)
        listed = np.array([close[trades["day"][k], trades["instrument"][k]] for k in rows])
        against_listed.append(np.average(trades["price_ticks"][rows] / listed, weights=trades["lots"][rows]))
    assert np.mean(against_listed) < 0.99
    assert (np.array(against_listed) < 1.0).sum() >= len(against_listed) - 1


def traders(*specs: InstitutionSpec, **rules: Any) -> MarketConfig:
    """A market of twenty firms with institutions beside them."""
    config = small_market(n_firms=20, days_per_year=45)
    book = replace(config.rule_books[0], **rules)
    return replace(config, rule_books=(book,), population=replace(config.population, institutions=list(specs)))


def ran(config: MarketConfig) -> list[RightsMarketModel]:
    return [run(RightsMarketModel(config, seed=seed)) for seed in SEEDS]


FUND = InstitutionSpec("fundamental", 4, 2e8, position_limit=400_000.0)
MAKER = InstitutionSpec("market_maker", 4, 2e8, position_limit=100_000.0)


def spikes(models: list[RightsMarketModel], ceiling: int) -> float:
    """How far the closes lie above a ceiling on average, ticks."""
    return float(np.mean([np.maximum(m.market.tape.bars["close_ticks"] - ceiling, 0).mean() for m in models]))


def test_a_soft_collar_cuts_spikes_and_a_larger_reserve_cuts_more() -> None:
    """Fell et al. 2012."""
    free = ran(traders())
    ceiling = int(np.quantile([m.market.tape.bars["close_ticks"] for m in free], 0.5))
    heights = [spikes(free, ceiling)]
    for reserve in (20_000, 100_000, 10_000_000):
        models = ran(traders(collar=PriceCollar(floor=1, ceiling=ceiling, reserve=reserve)))
        heights.append(spikes(models, ceiling))
        for model in models:
            model.market.audit()
            assert_journal_replays(model.market)
            sold = sum(e.lots for e in model.market.events if e.code == "ceiling_sale")
            assert 0 < sold <= reserve
    assert heights[0] > heights[1] > heights[2] > heights[3] == 0.0


def test_a_run_under_all_rules_adds_up_and_continues_to_the_same_bits() -> None:
    config = traders(
        MAKER,
        FUND,
        collar=PriceCollar(floor=4000, ceiling=7500, reserve=50_000),
        price_floor=TemporaryPriceFloor(short_days=5, long_days=20, below=Decimal("0.9")),
        breaker=CircuitBreaker(levels=(Level(move=Decimal("0.02"), batches=1), Level(move=Decimal("0.05")))),
        holding_limit=HoldingLimit(lots=60_000, trim=True),
        admission=Admission(institution=ClassAdmission(from_date=date(2025, 6, 1))),
        listed=ListedAgreement(max_qty=9_999),
        block=BlockAgreement(min_qty=10_000),
        band=PriceBand(),
    )
    straight = run(RightsMarketModel(config, seed=1))
    codes = {e.code for e in straight.market.events}
    assert {"halt", "resume", "large_holder"} <= codes
    straight.market.audit()
    assert_journal_replays(straight.market)
    half = run(RightsMarketModel(config, seed=1), 50)
    again = run(RightsMarketModel.from_state(config, half.state()))
    for name, column in straight.market.tape.trades.items():
        assert np.array_equal(column, again.market.tape.trades[name]), name
    assert straight.market.events == again.market.events
