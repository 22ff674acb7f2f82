"""What becomes of units after their year, and when the plan is known: paired seeds, one rule against another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from rights_market.exchange.calendar import Period
from rights_market.policies.allocation import Benchmark, OutputBenchmark, Product, UpfrontTrueUp
from rights_market.policies.banking import BankCap, BankingRule, CappedBanking, FreeBanking, NoBanking
from rights_market.policies.compliance import Borrowing, MakeGood, Penalty
from tests.banking_market import (
    FIRST,
    UNIT,
    closes,
    column,
    complied,
    exceeds_zero,
    lean,
    mean_price,
    run,
    run_periods,
    theory_market,
    theory_sector,
    years,
)

SEEDS = range(6)
FINE = 40
"""CNY a unit, which clears the duty."""


def two_years(caps: list[float], seed: int, **rules: Any) -> RightsMarketModel:
    """Run a small market under caps in units of theory, of a hundred that are used."""
    sectors = {"cheap": theory_sector(60.0, 3), "dear": theory_sector(300.0, 3)}
    return run_periods(theory_market(caps, sectors, days=20, rules=rules, solver_years=4), seed)


def public_price(model: RightsMarketModel) -> list[float]:
    """Return what all can work out a unit to be worth in the middle of the first two calendar years, CNY."""
    price = column(model, "fundamental")
    return [float(np.median(price[year])) for year in years(model)[:2]]


def ended(caps: list[float], banking: BankingRule, seed: int) -> RightsMarketModel:
    """Run two years with a fine that clears the duty."""
    fine = (Penalty(form="fixed", fen_per_lot=100 * FINE),)
    return two_years(caps, seed, banking=banking, penalties=fine, make_good=None)


@pytest.mark.parametrize("seed", SEEDS)
def test_units_that_outlive_nothing_end_near_0_or_at_the_fine(seed: int) -> None:
    """As the EU's first phase did: too many units end worthless, too few at what a missing one costs."""
    none, free = NoBanking(), FreeBanking(relabel="keep")
    many = ended([110.0, 110.0], none, seed)
    assert closes(many)[~np.isnan(closes(many))][-1] <= 0.01
    # 90 and then 50 units: without a bank 10 have to be abated, and then 50, of which the fine of 40 CNY buys off ten.
    # A bank brings both years nearer to each other, and everybody complies.
    few, kept = ended([90.0, 50.0], none, seed), ended([90.0, 50.0], free, seed)
    np.testing.assert_allclose(public_price(few), [10.0, FINE], rtol=0.08)
    assert complied(few)[1] < 0.85
    assert (complied(kept) > 0.999).all()
    first, last = public_price(kept)
    assert 20.0 < first < last < FINE


def closed_in_february(caps: list[float], banking: BankingRule) -> tuple[Period, ...]:
    """Return the periods of the market of theory with a banking close the day after each deadline."""
    (book,) = theory_market(caps).rule_books
    return tuple(replace(p, banking_close=date(p.vintage + 1, 2, 16)) for p in book.periods)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_limit_on_carry_over_lowers_the_price_before_it_and_raises_it_after(seed: int) -> None:
    """100 units, and 60 in every year after that, of which 100 are used.

    A free bank brings the years together.  With 5 % of the duty carried over, 5 units are abated in the first year and
    35 in the second.  None at all, and the price of the first year is 0: nobody abates, and nothing is left to lapse.
    """
    caps = [100.0, 60.0]
    five = CappedBanking(cap=BankCap(basis="obligation", share=Decimal("0.05")))
    rules = (FreeBanking(relabel="keep"), five, NoBanking(phase_end=(date(FIRST + 1, 2, 16),)))
    public = []
    for rule in rules:
        model = two_years(caps, seed, banking=rule, periods=closed_in_february(caps, rule))
        public.append(public_price(model))
        assert (complied(model) > 0.999).all()
        assert sum(e.lots for e in model.market.events if e.code == "lapsed") < 2 * UNIT
    assert 20.0 < public[0][0] < public[0][1] < 35.0
    np.testing.assert_allclose(public[1], [5.0, 35.0], rtol=0.1)
    assert public[2][0] < 0.5
    np.testing.assert_allclose(public[2][1], 40.0, rtol=0.05)


def test_the_dearer_borrowing_is_the_fewer_borrow_and_the_higher_is_the_price_now() -> None:
    """A tight year before a loose one: what is owed back in lots is the rate at which next year's price counts."""
    fewer, dearer = [], []
    for seed in SEEDS:
        now, borrowed = [], []
        for premium in ("0", "1", None):
            rule = Borrowing(
                basis="next_allocation", share=Decimal("0.2"), min_gap=Decimal(0), premium=Decimal(premium or 0)
            )
            model = two_years([70.0, 90.0], seed, borrowing=None if premium is None else rule)
            now.append(float(column(model, "fundamental")[years(model)[0]].mean()))
            borrowed.append(sum(e.lots for e in model.market.events if e.code == "borrowed"))
        fewer.append([borrowed[0] - borrowed[1], borrowed[1] - borrowed[2]])
        dearer.append(np.diff(np.log(now)))
    for pair in (fewer, dearer):
        assert all(exceeds_zero(step) for step in np.array(pair).T)


def test_once_all_comply_a_dearer_fine_and_making_good_leave_the_price() -> None:
    """A unit is worth 30 CNY where 30 units have to be abated; no fine above that matters any more."""
    for seed in SEEDS:
        prices = []
        for fine, owed in ((60, None), (240, None), (60, MakeGood())):
            model = two_years(
                [70.0, 70.0], seed, penalties=(Penalty(form="fixed", fen_per_lot=100 * fine),), make_good=owed
            )
            assert (complied(model) > 0.999).all()
            prices.append(mean_price(model)[:2])
        np.testing.assert_allclose(prices, np.tile(prices[0], (3, 1)), rtol=0.01)


def dated(late: bool) -> MarketConfig:
    """Return a market that trades last year's use, whose plan comes in January in one piece, or in October in two."""
    config = small_market(20, 0.03, 2, 60)
    (book,) = config.rule_books
    at_mean = Benchmark(b0=Decimal(1), base_year=2024)
    rule = OutputBenchmark(products=tuple(Product(name=code, output=at_mean) for code in config.population.sectors))

    def moved(year: int) -> dict[str, date]:
        plan = [(10, 1), (10, 20), (11, 2)] if late else [(1, 2), (1, 5), (5, 2)]
        return dict(zip(("announce", "preallocate", "true_up"), (date(year, *day) for day in plan), strict=True))

    periods = tuple(
        replace(
            p, use_from=date(p.vintage - 1, 1, 1), use_to=date(p.vintage - 1, 12, 31), verify=date(p.vintage, 4, 30),
            **moved(p.vintage),
        )
        for p in book.periods
    )  # fmt: skip
    upfront = UpfrontTrueUp(share=Decimal("0.7")) if late else None
    return lean(replace(config, rule_books=(replace(book, allocation=(rule,), periods=periods, upfront=upfront),)))


def test_a_late_plan_and_a_first_part_of_it_make_trade_late() -> None:
    """Duty and units are not known before: less is traded until the plan is out, more in the last two months."""
    less_before, more_at_the_end = [], []
    for seed in SEEDS:
        before, end = [], []
        for late in (False, True):
            model = run(dated(late), seed)
            volume = column(model, "volume")
            month = np.array([d.month for d in model.calendar.days[: len(volume)]])
            before.append(volume[month < 10].sum() / volume.sum())
            end.append(volume[month > 10].sum() / volume.sum())
        less_before.append(before[0] - before[1])
        more_at_the_end.append(end[1] - end[0])
    assert exceeds_zero(less_before)
    assert exceeds_zero(more_at_the_end)
    assert min(more_at_the_end) > 0
