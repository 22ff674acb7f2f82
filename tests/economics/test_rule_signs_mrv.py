"""What monitoring makes firms do: directions with paired seeds, and the closed form of violations.

The market of the closed form has five firms with marginal cost a and five with 2 a at a units abated, 20 units of use
each and 120 permits; the fine for v missing units is 20 v + 5 v^2 / 2, found with probability pi.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from agents.under_reporting import marginal_best
from rights_market.authority.mrv import UseFile
from rights_market.policies.mrv import Audit, Disclosure, FalseDataFine, Measurement, SelfReport, Verification
from tests.banking_market import closes, exceeds_zero, lean, runs, theory_market, years

SEEDS = range(6)
GAIN = FalseDataFine(multiple=Decimal(3), gain_threshold=0)


def market(**rules: Any) -> MarketConfig:
    """A small carbon market with some rules of monitoring."""
    config = small_market(20, 0.04, 2, 40)
    return replace(config, rule_books=(replace(config.rule_books[0], **rules),))


def files(model: RightsMarketModel) -> list[UseFile]:
    return list(model.authority.monitoring.files.values())


def left_out(model: RightsMarketModel) -> int:
    """Lots that firms left out of their reports, all periods together."""
    return sum(int((f.measured - f.reported).sum()) for f in files(model))


@pytest.fixture(scope="module")
def audited() -> dict[str, list[RightsMarketModel]]:
    """Hardly anybody is audited, many are, all are."""
    shares = {"few": "0.05", "many": "0.2", "all": "1"}
    return {
        name: runs(market(reporting=SelfReport(), audit=Audit(share=Decimal(share), fine=GAIN)), SEEDS)
        for name, share in shares.items()
    }


def test_more_audits_mean_less_under_reporting(audited: dict[str, list[RightsMarketModel]]) -> None:
    few, many, all_ = ([left_out(m) for m in audited[name]] for name in ("few", "many", "all"))
    assert exceeds_zero([a - b for a, b in zip(few, many, strict=True)])
    assert exceeds_zero([a - b for a, b in zip(many, all_, strict=True)])
    assert max(all_) == 0


def test_more_audits_mean_more_demand_and_a_higher_price(audited: dict[str, list[RightsMarketModel]]) -> None:
    """The second year is traded knowing what the first one brought."""

    def price(model: RightsMarketModel) -> float:
        return float(np.nanmean(closes(model)[years(model)[1]]))

    def duty(model: RightsMarketModel) -> int:
        return int(model.market.obligations.verified_lots("CEA", "2025").sum())

    pairs = list(zip(audited["all"], audited["few"], strict=True))
    assert exceeds_zero([duty(a) - duty(b) for a, b in pairs])
    assert exceeds_zero([price(a) - price(b) for a, b in pairs])


def test_collusion_means_fewer_corrections() -> None:
    def corrections(collusion: str) -> list[int]:
        rule = Verification(collusion=(Decimal(collusion),), power=Decimal(5))
        models = runs(market(reporting=SelfReport(), verification=rule), SEEDS)
        return [sum(int((f.corrected > 0).sum()) for f in files(m)) for m in models]

    assert exceeds_zero([a - b for a, b in zip(corrections("0"), corrections("0.9"), strict=True)])


def test_errors_without_bias_leave_the_total() -> None:
    """Ten periods' errors of 5 % each: the sum lies within four standard errors, and a bias moves it by itself."""

    def error(rule: Measurement) -> npt.NDArray[np.float64]:
        found = [f for m in runs(market(measurement=(rule,)), SEEDS) for f in files(m)]
        return np.array([f.measured.sum() / f.true.sum() - 1.0 for f in found])

    noise, biased = error(Measurement(sd=Decimal("0.05"))), error(Measurement(sd=Decimal("0.05"), bias=Decimal("0.1")))
    assert (noise != 0).all()
    assert abs(noise.mean()) < 4 * noise.std(ddof=1) / np.sqrt(len(noise))
    assert biased - noise == pytest.approx(0.1, abs=0.02)


def test_disclosure_narrows_what_outsiders_believe() -> None:
    """Closer levels narrow every belief, and bring its mean nearer to the truth."""
    widths, misses = [], []
    for level in range(4):
        model = runs(market(disclosure=Disclosure(level=level)), range(1))[0]
        shown, file = model.authority.monitoring.publication.shown[0], files(model)[0]
        widths.append(float(shown.belief_sd.mean()))
        misses.append(float(np.abs(shown.belief - file.true).mean()))
    assert all(near < far for far, near in zip(widths, widths[1:], strict=False))
    assert misses[0] > misses[1] > misses[3] and misses[2] < misses[0]
    assert (widths[3], misses[3]) == (0.0, 0.0)


def test_disclosure_brings_the_beliefs_of_outsiders_together() -> None:
    """Paired seeds, from the first publication on: the closer the figures, the less values of a unit differ."""
    items = ("emissions", "holdings")
    for seed in range(6):
        spread = []
        for rule in (None, *(Disclosure(level=level, items=items) for level in (1, 3))):
            (model,) = runs(market(disclosure=rule), [seed])
            spread.append(float(np.log(model.seats.value[model.expectations.is_firm]).std()))
        assert spread[0] > spread[1] > spread[2] > 0.0


def violations(price: float, pi: float) -> float:
    """Units that each firm leaves uncovered at a price; nothing but the price enters."""
    return float(marginal_best(np.array([price]), pi, np.array([20.0]), 5.0, np.array([20]))[0])


def equilibrium(pi: float) -> float:
    """Price at which abatement of 7.5 p and ten firms' violations make up for the 80 units without permit."""
    low, high = 0.0, 80.0 / 7.5
    for _ in range(100):
        middle = (low + high) / 2.0
        short = 7.5 * middle + 10.0 * violations(middle, pi) < 80.0
        low, high = (middle, high) if short else (low, middle)
    return high


@pytest.mark.parametrize(
    ("pi", "price", "violation", "emissions"),
    [(0.35, 9.0811, 1.1892, 131.892), (0.5, 10.4348, 0.1739, 121.739), (0.5334, 10.6667, 0.0, 120.0)],
)
def test_violations_where_the_market_clears(pi: float, price: float, violation: float, emissions: float) -> None:
    """Full compliance once pi phi reaches the price of full compliance: 10.6667 / 20 = 0.5333."""
    found = equilibrium(pi)
    assert found == pytest.approx(price, abs=1e-4)
    assert violations(found, pi) == pytest.approx(violation, abs=1e-4)
    assert 200.0 - 7.5 * found == pytest.approx(emissions, abs=1e-3)


def test_stronger_enforcement_is_partly_offset_by_the_price() -> None:
    """Emissions fall less than they would at a given price, because the price rises with enforcement."""
    at = equilibrium(0.35)
    alone = 10.0 * (violations(at, 0.35) - violations(at, 0.4))
    together = 7.5 * (equilibrium(0.4) - at)
    assert 0.0 < together < alone


@pytest.mark.parametrize("audited", ["0.5", "0.6"])
def test_of_all_that_a_firm_is_only_the_price_enters_its_violation(audited: str) -> None:
    """Firms of slopes 60 and 300, from 70,000 to 380,000 t of use: each leaves out (p - pi phi) / (pi gamma) lots."""
    fine = FalseDataFine(form="per_lot", fen_per_lot=3000, rise_fen=1)
    rules = {"reporting": SelfReport(), "audit": Audit(share=Decimal(audited), fine=fine, adds_duty=False)}
    model = RightsMarketModel(lean(theory_market([80, 80], days=40, rules=rules)), seed=1)
    while not files(model):
        model.step()
    (file,) = files(model)
    price, pi = model.values_yuan()[:, 0] * 100.0, float(audited)
    best = np.maximum(price - pi * 3000.0, 0.0) / (pi * 1.0)
    assert np.ptp(price) < 1e-6 * price[0]
    assert np.abs(file.measured - file.reported - best).max() <= 1.0
    assert file.measured.max() > 5 * file.measured.min()
    assert best[0] > 100.0
