"""A scenario file with a tax, a standard or a linked market runs to a report whose figures can be compared."""

from pathlib import Path

import pytest

from experiments.results.kpis import value_of
from experiments.results.report import render
from experiments.results.result import Result
from experiments.scenarios.load import load_scenario
from experiments.studies.run import run

SAMPLE = Path(__file__).parents[1] / "unit" / "experiments" / "scenarios" / "sample.yaml"
TAX = """
fiscal:
  - {kind: emission_tax, uses: [{right: CEA, rate_fen: 6000}]}
"""
STANDARD = """
fiscal:
  - {kind: emission_standard, right: CEA, charge: 20000, limit: {steel: 1.8, clinker: 0.84}}
"""
MARKET = """
links:
  - {kind: market_link, right: CEA, price: {name: cea}, fee: 0.01, quota_in: 200000, quota_out: 200000}
fiscal:
  - {kind: emission_tax, uses: [{right: CEA, rate_fen: 500}]}
  - {kind: revenue_recycling, shares: {equal: 0.5, abatement_fund: 0.25}}
"""


def scenario_text(more: str, *, tradable: bool) -> str:
    text = SAMPLE.read_text(encoding="utf-8")
    if not tradable:
        text = text[: text.index("    cap:")] + "    tradable: false\n" + text[text.index("    fees:") :]
    return text + more


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder = tmp_path_factory.mktemp("instruments")
    found = {}
    for name, text in (
        ("tax", scenario_text(TAX, tradable=False)),
        ("standard", scenario_text(STANDARD, tradable=False)),
        ("market", scenario_text(MARKET, tradable=True)),
    ):
        path = folder / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        found[name] = run(load_scenario(path), seed=1)
    return found


def test_the_books_are_true(results: dict[str, Result]) -> None:
    assert all(r.manifest["checks"] == {"audit": True, "journal_replays": True} for r in results.values())


def test_the_same_firms_can_be_compared_by_use_abatement_and_cost(results: dict[str, Result]) -> None:
    firms = [r.tables["firms"] for r in results.values()]
    assert all((f["output"].head(11) == firms[0]["output"].head(11)).all() for f in firms)
    for result in results.values():
        kpis = result.tables["kpis"]
        for metric in ("emissions", "baseline", "reduction", "abated", "abatement_cost", "mean_abatement_cost"):
            assert value_of(kpis, "CEA", "2022", metric) > 0, metric
    assert value_of(results["tax"].tables["kpis"], "CEA", "2022", "tax") > 0
    assert value_of(results["standard"].tables["kpis"], "CEA", "2022", "standard") > 0
    assert not (results["tax"].tables["prices"]["volume"] > 0).any()
    assert value_of(results["tax"].tables["kpis"], "CEA", "2022", "public_revenue") == pytest.approx(
        value_of(results["tax"].tables["kpis"], "CEA", "2022", "tax")
    )


def test_recycled_shares_add_up_to_what_came_in(results: dict[str, Result]) -> None:
    events = results["market"].tables["events"]
    parts = events[events["code"] == "recycled"].groupby("note")["money_yuan"].sum()
    fiscal = results["market"].tables["fiscal"].groupby("kind")["amount_yuan"].sum()
    assert parts["equal"] == pytest.approx(-fiscal["equal"], abs=1e-6)
    assert abs(parts["equal"] - 2 * parts["abatement_fund"]) <= 0.02
    assert abs(parts.sum() - 2 * parts["equal"]) <= 0.02
    assert (events["code"] == "link_trade").any()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_report_names_the_rules_of_the_market(results: dict[str, Result], lang: str) -> None:
    words = {
        "en": ("Rules of the market as a whole", "link to an outside market"),
        "zh": ("整个市场的规则", "与外部市场联结"),
    }
    page = render(results["market"], lang)
    assert all(word in page for word in words[lang])
    assert render(results["tax"], lang)
