"""What rules of duty and carry-over make firms do: the same seeds with a rule and without it, in a small market.

Each expected sign is that of theory; a difference counts once its one-sided 95 % interval over the seeds excludes zero.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from agents.behaviour import Behaviour
from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from agents.spec import CostCurve
from rights_market import RuleChange
from rights_market.policies.allocation import Benchmark, OutputBenchmark, Product
from rights_market.policies.banking import NetSales, SalesWindow
from rights_market.policies.compliance import Borrowing, MakeGood, Penalty, ShortfallCap
from tests.banking_market import (
    column,
    exceeds_zero,
    lean,
    mean_price,
    summed,
    years,
)

SEEDS = range(1, 7)
FIRMS = 20
CLOSE = date(2026, 12, 31)
LIMIT = NetSales(base=1000, window=SalesWindow(first=date(2025, 1, 1), last=CLOSE))
ANNOUNCED = RuleChange(right="CEA", announce=date(2026, 1, 1), start=CLOSE, slots={"banking": LIMIT})


def market(changes: tuple[RuleChange, ...] = (), poor: float = 0.45, **rules: Any) -> MarketConfig:
    """Return a market of two years in which 5 % of past use is missing from the allocation, with some poor firms."""
    behaviour = Behaviour(tightening=0.05, distressed_small=poor, distressed_large=poor)
    config = small_market(FIRMS, 0.05, 2, 40, behaviour=behaviour)
    (book,) = config.rule_books
    last = replace(book.periods[-1], deadline=date(2026, 12, 28), banking_close=CLOSE)
    book = replace(book, periods=(*book.periods[:-1], last), **rules)
    return lean(replace(config, rule_books=(book,), rule_changes=changes))


def without_measures(config: MarketConfig) -> MarketConfig:
    """Return the market of firms that can hardly abate, so that the gap of the allocation stays a gap."""
    dear = {"CEA": CostCurve(a=6000.0, limit=0.01)}
    sectors = {code: replace(sector, abatement=dear) for code, sector in config.population.sectors.items()}
    return replace(config, population=replace(config.population, sectors=sectors))


def run(config: MarketConfig, seed: int, surplus: float = 0.0) -> RightsMarketModel:
    """Run to the end; half of the firms begin with a surplus, as a share of a year's use."""
    model = RightsMarketModel(config, seed=seed)
    rich = np.arange(FIRMS // 2)
    lots = np.floor(surplus * model.rates.use[rich, 0]).astype(np.int64)
    if lots.any():
        model.market.registry.issue(0, model.accounts_of[rich], lots)
    while model.running:
        model.step()
    model.market.audit()
    return model


@pytest.fixture(scope="module")
def carry_over() -> list[tuple[RightsMarketModel, RightsMarketModel]]:
    return [tuple(run(market(changes), seed, 0.3) for changes in ((), (ANNOUNCED,))) for seed in SEEDS]


@pytest.fixture(scope="module")
def shortfall_cap() -> list[tuple[RightsMarketModel, RightsMarketModel]]:
    capped = (ShortfallCap(max_gap=Decimal("0.02")),)
    fine = (Penalty(form="multiple", low=Decimal("0.2")),)
    return [
        tuple(run(market(shortfall_caps=caps, penalties=fine, make_good=None), seed) for caps in ((), capped))
        for seed in SEEDS
    ]


@pytest.fixture(scope="module")
def borrowing() -> list[list[RightsMarketModel]]:
    rules = [None, *(Borrowing(basis="allocation_gap", min_gap=Decimal(0), premium=Decimal(x)) for x in ("0", "1"))]
    return [[run(without_measures(market(poor=0.8, borrowing=rule)), seed, 0.3) for rule in rules] for seed in SEEDS]


class TestCarryOver:
    """Surplus above the base and a multiple of net sales is lost at the end of the second year."""

    def test_nothing_differs_before_it_is_announced(self, carry_over) -> None:
        for free, limited in carry_over:
            first = years(free)[0]
            assert np.array_equal(column(free, "value_yuan")[first], column(limited, "value_yuan")[first])

    def test_the_price_of_its_year_is_lower(self, carry_over) -> None:
        assert exceeds_zero([np.log(mean_price(free)[1] / mean_price(limited)[1]) for free, limited in carry_over])

    def test_more_is_on_offer_and_no_less_is_sold_before_the_close(self, carry_over) -> None:
        def sold(model: RightsMarketModel) -> float:
            return float(column(model, "volume")[years(model)[1]].sum())

        assert exceeds_zero([np.log(sold(limited) / sold(free)) for free, limited in carry_over])

    def test_the_bank_after_it_is_smaller(self, carry_over) -> None:
        def bank(model: RightsMarketModel) -> int:
            return int(model.market.registry.outstanding.sum())

        assert all(bank(limited) < bank(free) / 2 for free, limited in carry_over)
        assert all(e.lots > 0 for _, limited in carry_over for e in limited.market.events if e.code == "lapsed")


class TestShortfallCap:
    """No firm owes more than its allocation and 2 % of its use; the fine is a fifth of the price."""

    def test_the_public_price_is_lower(self, shortfall_cap) -> None:
        price = [[column(model, "fundamental").mean() for model in pair] for pair in shortfall_cap]
        assert exceeds_zero([np.log(free / capped) for free, capped in price])

    def test_fewer_are_fined(self, shortfall_cap) -> None:
        assert exceeds_zero(
            [(summed(free, "shortfall") - summed(capped, "shortfall")).sum() for free, capped in shortfall_cap]
        )


def by_benchmark(caps: tuple[ShortfallCap, ...]) -> MarketConfig:
    """Return a market whose benchmark lies at the mean intensity: who emits more per output lacks more."""
    config = small_market(FIRMS, 0.05, 2, 40, behaviour=Behaviour(tightening=0.02))
    sectors = {code: replace(s, intensity_persistence=1.0) for code, s in config.population.sectors.items()}
    at_mean = Benchmark(b0=Decimal(1), base_year=2024)
    rule = OutputBenchmark(products=tuple(Product(name=code, output=at_mean) for code in sectors))
    fine = Penalty(form="multiple", low=Decimal("0.5"))
    (book,) = config.rule_books
    book = replace(book, allocation=(rule,), shortfall_caps=caps, penalties=(fine,), make_good=None)
    return lean(replace(config, rule_books=(book,), population=replace(config.population, sectors=sectors)))


def test_a_cap_on_the_gap_spares_the_dirtiest_most_of_their_fines() -> None:
    """The quarter of the firms with the highest intensity, where a gap above 2 % of use is forgiven."""
    spared, lower = [], []
    for seed in SEEDS:
        fines, price = [], []
        for caps in ((), (ShortfallCap(max_gap=Decimal("0.02")),)):
            model = run(by_benchmark(caps), seed)
            dirtiest = np.argsort(-model.operations.intensity[:, 0])[: FIRMS // 4]
            charged = sum(model.authority.fines_fen.values(), np.zeros(FIRMS, np.int64))
            fines.append(float(charged[dirtiest].sum()))
            price.append(float(column(model, "fundamental").mean()))
        spared.append(1.0 - fines[1] / fines[0])
        lower.append(np.log(price[0] / price[1]))
    assert exceeds_zero(spared)
    assert np.median(spared) > 0.25
    assert exceeds_zero(lower)


class TestBorrowing:
    """Half of the gap of the allocation may be borrowed, by firms most of which are short of funds."""

    def test_a_premium_makes_firms_borrow_less(self, borrowing) -> None:
        def borrowed(model: RightsMarketModel) -> int:
            return sum(e.lots for e in model.market.events if e.code == "borrowed")

        assert all(borrowed(cheap) > 0 for _, cheap, _ in borrowing)
        assert exceeds_zero([borrowed(cheap) - borrowed(dear) for _, cheap, dear in borrowing])


class TestFines:
    """What is missing falls, seed by seed, the more it costs."""

    def missing(self, multiple: str, make_good: MakeGood | None) -> list[float]:
        fine = Penalty(form="multiple", low=Decimal(multiple))
        config = market(penalties=(fine,), make_good=make_good)
        return [float(summed(run(config, seed), "shortfall").sum()) for seed in SEEDS]

    def test_a_dearer_fine_and_making_good_leave_fewer_missing(self) -> None:
        cheap, cheap_and_owed, dear = (
            self.missing("0.2", None),
            self.missing("0.2", MakeGood()),
            self.missing("5", None),
        )
        assert exceeds_zero(np.subtract(cheap, dear))
        assert exceeds_zero(np.subtract(cheap, cheap_and_owed))
        assert sum(dear) <= sum(cheap_and_owed)
