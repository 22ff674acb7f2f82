"""What an information network does to a market, with paired seeds: the same firms and shocks, with and without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from agents.config import MarketConfig, small_market
from agents.information_spec import (
    Bass,
    BeliefExchange,
    Communities,
    Information,
    Network,
    SmallWorld,
)
from agents.model import RightsMarketModel
from agents.spec import Label, MeasureSpec
from tests.banking_market import closes, column, exceeds_zero, mean_price, price_over_solver, runs, summed

SEEDS = range(6)
Floats = npt.NDArray[np.float64]


def talking(beliefs: BeliefExchange | None) -> list[RightsMarketModel]:
    """Run a market in which firms talk ten times a year, or not at all."""
    information = None if beliefs is None else Information(SmallWorld(), beliefs, interval_days=5)
    return runs(replace(small_market(40, 0.03, 2, 50), information=information, batches_per_day=2), SEEDS)


@pytest.fixture(scope="module")
def beliefs() -> dict[str, list[RightsMarketModel]]:
    return {
        "silent": talking(None),
        "talking": talking(BeliefExchange(weight=0.5)),
        "stubborn": talking(BeliefExchange(weight=0.5, stubbornness=0.3)),
        "narrow": talking(BeliefExchange(weight=0.5, bound=0.1)),
    }


def dispersion(model: RightsMarketModel) -> float:
    return float(model.expectations.valuation.belief_error.std())


def volatility(model: RightsMarketModel) -> float:
    return float(np.nanstd(np.diff(np.log(closes(model)))))


def volume(model: RightsMarketModel) -> float:
    return float(column(model, "volume").sum())


def paired(high: list[RightsMarketModel], low: list[RightsMarketModel], figure) -> list[float]:
    """Differences of a figure, seed by seed."""
    return [figure(a) - figure(b) for a, b in zip(high, low, strict=True)]


def test_contacts_bring_beliefs_together(beliefs: dict[str, list[RightsMarketModel]]) -> None:
    """All the way where firms only listen, part of it where they are stubborn or hear only those who think alike."""
    assert exceeds_zero(paired(beliefs["silent"], beliefs["narrow"], dispersion))
    assert exceeds_zero(paired(beliefs["narrow"], beliefs["stubborn"], dispersion))
    assert exceeds_zero(paired(beliefs["stubborn"], beliefs["talking"], dispersion))
    assert max(map(dispersion, beliefs["talking"])) < 0.03


def test_those_who_believe_the_same_trade_less_and_at_steadier_prices(
    beliefs: dict[str, list[RightsMarketModel]],
) -> None:
    """Prices move as units pass from pessimists to those who think more of them; so does a part of the volume."""
    assert exceeds_zero(paired(beliefs["silent"], beliefs["talking"], volatility))
    assert exceeds_zero(paired(beliefs["silent"], beliefs["stubborn"], volatility))
    assert exceeds_zero(paired(beliefs["silent"], beliefs["talking"], lambda m: np.log(volume(m))))


def test_without_pessimists_the_price_stands_nearer_to_the_solver_s(
    beliefs: dict[str, list[RightsMarketModel]],
) -> None:
    """The marginal holder is a pessimist as long as there are any: the price lies below what is worked out."""
    gap = {name: [float(np.nanmean(price_over_solver(m))) for m in models] for name, models in beliefs.items()}
    assert exceeds_zero(np.subtract(gap["talking"], gap["silent"]))
    assert max(gap["talking"]) < 1.0


KILN = MeasureSpec(Label("Kiln", "窑"), capex_yuan_per_output=6.0, reduction={"CEA": 0.12}, lead_days=5, life_years=15)
DAYS = 30
YEARS = 4


def with_kilns(information: Information | None) -> MarketConfig:
    """A market in which a kiln that saves an eighth of the use pays for every firm from the first day on."""
    given = replace(small_market(60, 0.04, YEARS, DAYS), batches_per_day=2)
    sectors = {name: replace(s, measures=[KILN], cash_share=1.0) for name, s in given.population.sectors.items()}
    return replace(given, population=replace(given.population, sectors=sectors), information=information)


def anywhere(degree: float) -> Communities:
    """Contacts drawn from all firms."""
    return Communities(degree=degree, group=0.0, prefecture=0.0)


def by_word(network: Network) -> list[RightsMarketModel]:
    spread = Bass(innovation=0.05, imitation=5.0)
    return runs(with_kilns(Information(network, technology=spread, interval_days=3)), SEEDS[:4])


@pytest.fixture(scope="module")
def kilns() -> dict[str, list[RightsMarketModel]]:
    return {
        "informed": runs(with_kilns(None), SEEDS[:4]),
        "dense": by_word(anywhere(8.0)),
        "sparse": by_word(anywhere(1.0)),
    }


def adoption(model: RightsMarketModel) -> Floats:
    """Share of the firms that have begun to build, by day."""
    measures = model.operations.measures
    began = np.where(measures.ready_day >= 0, measures.ready_day - measures.lead_days, 10**6)
    return (began[:, np.newaxis] <= np.arange(len(model.recorder.days))).mean(axis=0)


def test_a_technology_that_is_passed_on_is_taken_up_along_an_s_curve(kilns: dict[str, list[RightsMarketModel]]) -> None:
    """Slow while few use it, fast in the middle, slow again when few are left; with everybody informed, at once."""
    assert min(adoption(m)[0] for m in kilns["informed"]) == 1.0
    curve = np.mean([adoption(m) for m in kilns["dense"]], axis=0)
    pace, before = np.diff(curve), curve[:-1]
    middle = (before > 0.2) & (before < 0.8)
    assert curve[0] == 0.0 and curve[-1] > 0.9
    assert pace[middle].mean() > 2.0 * max(pace[before <= 0.2].mean(), pace[before >= 0.8].mean())


def test_it_spreads_slower_where_firms_know_few_others(kilns: dict[str, list[RightsMarketModel]]) -> None:
    assert exceeds_zero(paired(kilns["dense"], kilns["sparse"], lambda m: adoption(m).mean()))
    assert exceeds_zero(paired(kilns["dense"], kilns["sparse"], lambda m: adoption(m)[-1]))


def cost(model: RightsMarketModel) -> float:
    """Cost of continuous abatement, and of the kilns' years of use at an even part of what they cost each."""
    measures = model.operations.measures
    days = np.where(measures.ready_day >= 0, model.day + 1 - measures.ready_day, 0).clip(0)
    kilns = (measures.capex_fen * days / DAYS / measures.life_years).sum() / 100.0
    return float(summed(model, "abatement_cost_yuan").sum() + kilns)


def test_what_firms_do_not_know_of_makes_the_same_cap_dearer(kilns: dict[str, list[RightsMarketModel]]) -> None:
    """The cap is met all the same, by dearer means, and at a higher price of a unit."""
    assert exceeds_zero(paired(kilns["dense"], kilns["informed"], cost))
    assert exceeds_zero(paired(kilns["sparse"], kilns["dense"], cost))
    assert exceeds_zero(paired(kilns["sparse"], kilns["dense"], lambda m: float(mean_price(m)[-1])))
