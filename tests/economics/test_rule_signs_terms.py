"""What terms of trade should make traders do: six seeds with a rule and without it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from agents.spec import InstitutionSpec
from rights_market.policies.trading import Admission, ClassAdmission, Fees, HoldingLimit
from rights_market.records import Mode
from tests.compliance_market import assert_journal_replays
from tests.province import run

SEEDS = range(1, 7)
DAYS = 45
FUND = InstitutionSpec("fundamental", 4, 2e8, position_limit=400_000.0)
MAKER = InstitutionSpec("market_maker", 4, 2e8, position_limit=100_000.0)


def market(*specs: InstitutionSpec, n_firms: int = 20, **rules: Any) -> MarketConfig:
    """A market of twenty firms with institutions beside them."""
    config = small_market(n_firms=n_firms, days_per_year=DAYS)
    book = replace(config.rule_books[0], **rules)
    return replace(config, rule_books=(book,), population=replace(config.population, institutions=list(specs)))


def ran(config: MarketConfig, seed: int) -> RightsMarketModel:
    return run(RightsMarketModel(config, seed=seed))


def off_season(model: RightsMarketModel) -> int:
    """Lots traded in the first two thirds of each year."""
    bars = model.market.tape.bars
    return int(bars["lots"][bars["day"] % DAYS < 2 * DAYS // 3].sum())


def spread(model: RightsMarketModel) -> float:
    bars = model.market.tape.bars
    bid, ask = bars["bid_ticks"].astype(float), bars["ask_ticks"].astype(float)
    both = (bid > 0) & (ask > 0)
    return float(np.mean(2 * (ask - bid)[both] / (ask + bid)[both]))


def held_and_sold(model: RightsMarketModel) -> tuple[int, int]:
    """Largest holding of an institution at the end, and lots that institutions sold."""
    registry, trades, others = model.market.registry, model.market.tape.trades, model.accounts_of[len(model.firms) :]
    sold = int(trades["lots"][np.isin(trades["seller"], others)].sum())
    return int((registry.free + registry.frozen).sum(axis=0)[others].max()), sold


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tight_holding_limit_makes_hoards_smaller_and_the_seller_side_thinner(seed: int) -> None:
    """Headroom binds those who buy to sell later; what firms were given is not touched."""
    tight = HoldingLimit(lots=20_000)
    off, on = ran(market(FUND), seed), ran(market(FUND, holding_limit=tight), seed)
    (hoard, sold), (capped, left) = held_and_sold(off), held_and_sold(on)
    assert capped <= tight.lots < hoard / 2
    assert left < sold / 2
    assert off_season(on) < off_season(off) / 2
    on.market.audit()
    assert_journal_replays(on.market)


@pytest.mark.parametrize("seed", SEEDS)
def test_institutions_bring_trade_out_of_season_and_narrow_the_spread(seed: int) -> None:
    shut, everybody = Admission(), Admission(institution=ClassAdmission())
    off, on = ran(market(MAKER, admission=shut), seed), ran(market(MAKER, admission=everybody), seed)
    assert off_season(on) > 1.2 * off_season(off)
    assert spread(on) < spread(off)


def paid(model: RightsMarketModel) -> float:
    """Mean price of the book over the run, ticks."""
    trades = model.market.tape.trades
    rows = np.isin(trades["mode"], (Mode.CONTINUOUS, Mode.CALL))
    return float(np.average(trades["price_ticks"][rows], weights=trades["lots"][rows]))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tax_on_sellers_is_shared_with_buyers_and_does_not_feed_on_itself(seed: int) -> None:
    """A part of it is passed on: prices rise, and by less than the tax."""
    off, on = ran(market(), seed), ran(market(fees=Fees(tax=Decimal("0.2"))), seed)
    assert paid(off) < paid(on) < paid(off) / 0.8
