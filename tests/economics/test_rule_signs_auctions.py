"""What rules of supply should do to prices: the same seeds with a rule and without; and auctions of theory."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import betainc
from scipy.stats import beta

from agents.model import RightsMarketModel
from rights_market.exchange.clock_auction import ascend
from rights_market.exchange.sealed_bid import SealedBids, clear, clear_as_bid
from rights_market.policies.allocation import Grandfathering, Where
from rights_market.policies.auction import AscendingClock, PayAsBid, PricePath, SealedUniform
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    MarketStabilityReserve,
    PriceIndexedSupply,
    ReserveTier,
    Size,
    TieredPriceReserve,
)
from tests.auction_market import DAYS, FIRST, QUARTERLY, auctions, fundamentals, market, rules, run

SEEDS = (5, 6)


def path(ticks: int) -> PricePath:
    return PricePath(r0=ticks, start_year=FIRST)


def prices(model: RightsMarketModel) -> npt.NDArray[np.float64]:
    """Clearing prices of auctions that sold more than some odd lots, ticks."""
    return np.array([r["price_ticks"] for r in auctions(model) if r["sold"] > 50 and r["code"].startswith("auction")])


def test_a_containment_reserve_caps_spikes() -> None:
    """1,000 lots a year at four fifths of the highest price that auctions else clear at."""
    for seed in SEEDS:
        plain = prices(run(market(rules(), seed))).max()
        trigger = int(0.8 * plain)
        rule = CostContainmentReserve(tiers=(ReserveTier(trigger=path(trigger), size=Size(lots=1000)),))
        capped = prices(run(market(rules(stability=(rule,)), seed))).max()
        assert trigger <= capped < 0.95 * plain


def test_a_larger_reserve_caps_more_with_falling_gain() -> None:
    def highest(lots: int) -> float:
        tier = ReserveTier(trigger=path(4500), size=Size(lots=lots))
        models = [run(market(rules(stability=(CostContainmentReserve(tiers=(tier,)),)), seed=s)) for s in SEEDS]
        return float(np.mean([np.log(prices(m).max()) for m in models]))

    none, some, much = (highest(lots) for lots in (0, 600, 1200))
    assert none - some > some - much > 0


def test_an_emissions_containment_reserve_holds_prices_up() -> None:
    rule = EmissionsContainmentReserve(trigger=path(4200), size=Size(lots=1500))
    for seed in SEEDS:
        plain, held = (prices(run(market(rules(cap=11_000, stability=s), seed=seed))) for s in ((), (rule,)))
        assert np.median(held) > np.median(plain)


def test_a_tiered_reserve_with_a_ceiling_bounds_what_the_public_expects() -> None:
    for seed in SEEDS:
        plain = fundamentals(run(market(rules(), seed))).max()
        tiers = (ReserveTier(trigger=path(int(60 * plain)), size=Size(lots=100)),)
        rule = TieredPriceReserve(tiers=tiers, ceiling=path(int(80 * plain)))
        # Between two looks at the news the price grows with the rate of interest.
        assert fundamentals(run(market(rules(stability=(rule,)), seed))).max() < 0.85 * plain


def test_the_stability_reserve_raises_prices_while_its_cuts_last() -> None:
    """Far too much is given in the first year: prices lie higher from the review of the second to the third's end."""
    caps = AbsolutePath(table={FIRST: 14_500, FIRST + 1: 9500, FIRST + 2: 9000, FIRST + 3: 8500})
    given = (
        Grandfathering(base_years=(FIRST - 1,), total=13_000, where=Where(years=(FIRST,))),
        Grandfathering(base_years=(FIRST - 1,), total=3000, where=Where(years=(FIRST + 1, FIRST + 2, FIRST + 3))),
    )
    msr = MarketStabilityReserve(
        upper=800, lower=0, buffer_top=1200, rate=Decimal("0.24"), release=0, early_release=0, hold_at_most=4000
    )
    low = SealedUniform(schedule=QUARTERLY, reserve=100)
    window = slice(DAYS + 12, 3 * DAYS - 6)
    for seed in SEEDS:
        plain, steadied = (
            fundamentals(
                run(
                    market(
                        replace(rules(cap=99_999, years=4, allocation=given, auction=low, stability=s), cap=caps), seed
                    )
                )
            )
            for s in ((), (msr,))
        )
        assert np.mean(np.log(steadied[window] / plain[window])) > 0.02
        assert (steadied[:9] == plain[:9]).all()


def test_supply_that_follows_the_price_damps_what_demand_does_to_it() -> None:
    """Output 5 % above or below the mean, around the price of the mean: the mean price of trades moves less."""
    given = (Grandfathering(base_years=(FIRST - 1,), total=6000, where=Where(sectors=("cheap",))),)

    def mean(seed: int, output: float, *stability: PriceIndexedSupply) -> float:
        bars = run(market(rules(allocation=given, stability=stability), seed, output)).market.tape.bars
        return float(bars["value_fen"].sum() / bars["lots"].sum())

    def spread(seed: int, *stability: PriceIndexedSupply) -> float:
        low, high = (np.log(mean(seed, output, *stability)) for output in (950.0, 1050.0))
        return float(high - low)

    for seed in SEEDS:
        target = int(mean(seed, 1000.0))
        rule = PriceIndexedSupply(target=target, elasticity=Decimal(1), window=6, start_fill=3000)
        assert 0 < spread(seed, rule) < 0.8 * spread(seed)


def test_the_public_foresees_supply_that_follows_the_price() -> None:
    """From the first auction, when volumes are planned: a low target lowers the price, a high one raises it."""
    given = (Grandfathering(base_years=(FIRST - 1,), total=6000, where=Where(sectors=("cheap",))),)

    def expected(seed: int, *stability: PriceIndexedSupply) -> float:
        model = market(rules(allocation=given, stability=stability), seed)
        for _ in range(4):
            model.step()
        return float(fundamentals(model)[-1])

    for seed in range(6):
        plain = expected(seed)
        for factor, sign in ((0.7, -1), (1.3, 1)):
            rule = PriceIndexedSupply(
                target=int(100 * plain * factor), elasticity=Decimal(2), window=6, start_fill=9000
            )
            assert 0 < sign * np.log(expected(seed, rule) / plain) < abs(np.log(factor))


class TestRevenueEquivalence:
    """Ten bidders want one unit each, of values even in 0 to 1, and four are sold: 6/11 in every format.

    Vickrey 1961, 1962.  Bids at one price are the values, and the price is that of the first one rejected; who pays its
    own bid offers what it expects the best loser to be worth, given that it wins.
    """

    N, M, TRIALS, ONE = 10, 4, 800, 1_000_000
    EXPECTED = 6 / 11

    VALUES = np.random.default_rng(25).random((TRIALS, N))

    def bids(self, row: npt.NDArray[np.float64]) -> SealedBids:
        ticks = np.maximum(np.rint(row * self.ONE), 1).astype(np.int64)
        return SealedBids(np.arange(self.N, dtype=np.int32), ticks, np.ones(self.N, np.int64))

    def equilibrium(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Mean of the fourth highest of nine other values, given that it lies below one's own: E[Y | Y < v]."""
        first, second = self.N - self.M, self.M
        below = beta(first, second)
        return first / (first + second) * betainc(first + 1, second, values) / np.maximum(below.cdf(values), 1e-300)

    def test_one_price(self) -> None:
        terms, order = SealedUniform(pricing="first_rejected"), np.arange(self.N)
        found = [clear(terms, self.M, self.bids(row), order).price_ticks for row in self.VALUES]
        assert np.mean(found) / self.ONE == pytest.approx(self.EXPECTED, abs=0.015)

    def test_pay_as_bid(self) -> None:
        order = np.arange(self.N)
        shaded = [clear_as_bid(PayAsBid(), self.M, self.bids(row), order) for row in self.equilibrium(self.VALUES)]
        means = [r.value_tick_lots / r.sold / self.ONE for r in shaded]
        assert np.mean(means) == pytest.approx(self.EXPECTED, abs=0.015)
        # Truthful bids would pay the mean of the four highest values.
        truthful = [clear_as_bid(PayAsBid(), self.M, self.bids(row), order) for row in self.VALUES]
        assert np.mean([r.value_tick_lots / r.sold / self.ONE for r in truthful]) == pytest.approx(8.5 / 11, abs=0.015)

    def test_a_rising_clock(self) -> None:
        """Steps of a hundredth: the clock stops within a step of the best loser's value."""
        terms, order = AscendingClock(start=1, step=10_000), np.arange(self.N)
        accounts = np.arange(self.N, dtype=np.int32)
        found = []
        for row in self.VALUES[:300]:
            result = ascend(terms, self.M, accounts, lambda p, _, v=row: (v * self.ONE >= p).astype(np.int64), order)
            best_loser = np.sort(row)[-self.M - 1]
            assert result.sold == self.M and abs(result.price_ticks / self.ONE - best_loser) <= 0.01
            found.append(result.price_ticks / self.ONE)
        assert np.mean(found) == pytest.approx(self.EXPECTED, abs=0.025)
