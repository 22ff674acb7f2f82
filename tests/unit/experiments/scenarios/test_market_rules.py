"""Rules of the market as a whole are read from files, and refused with file and line where they do not fit it."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.load import load_scenario
from experiments.studies.run import market_model

SAMPLE = Path(__file__).with_name("sample.yaml")

LINKS = """
links:
  - kind: market_link
    right: CEA
    price: {name: eua, yuan: 7.6}
    direction: buy
    fee: 0.01
    quota_in: 50000
  - {kind: power_pass_through, right: CEA, regime: regulated, phi: 0.4}
fiscal:
  - {kind: emission_tax, uses: [{right: CEA, rate_fen: 1000}], where: {sectors: [steel]}}
  - {kind: emission_standard, right: CEA, charge: 6800, limit: {clinker: 0.85}}
  - {kind: measure_subsidy, share: 0.15, cap: 12000000}
  - {kind: revenue_recycling, shares: {abatement_fund: 0.5, equal: 0.3}}
"""


def written(folder: Path, more: str) -> Path:
    path = folder / "market.yaml"
    path.write_text(SAMPLE.read_text(encoding="utf-8") + more, encoding="utf-8")
    return path


def only(path: Path) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (found,) = caught.value.problems
    return found


def test_rules_of_the_market_reach_the_model(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, LINKS))
    model = market_model(scenario, seed=1)
    assert [type(rule).__name__ for rule in model.config.links] == ["MarketLink", "PowerPassThrough"]
    link = model.authority.gateways.rules["CEA"]
    assert link.outside_price(date(2022, 2, 1)) == link.price.on(date(2022, 1, 31))
    assert link.fee == Decimal("0.01")
    assert [type(rule).__name__ for _, rule in model.fiscal_year.taxes] == ["EmissionTax"]
    assert load_scenario(SAMPLE).resolved()["fiscal"] == []


def test_prices_of_ones_own_are_read_by_date(tmp_path: Path) -> None:
    own = LINKS.replace("{name: eua, yuan: 7.6}", "{prices: {2022-01-03: 58.1, 2022-06-01: 60}}")
    (link, _) = load_scenario(written(tmp_path, own)).links
    assert link.outside_price(date(2022, 5, 1)) == Fraction("58.1")


def test_a_right_without_units_is_read(tmp_path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    start, end = text.index("    cap:"), text.index("    fees:")
    path = tmp_path / "market.yaml"
    path.write_text(text[:start] + "    tradable: false\n" + text[end:], encoding="utf-8")
    (book,) = load_scenario(path).rule_books()
    assert not book.tradable


CASES = {
    "an unknown right": (LINKS.replace("right: CEA\n", "right: CEO\n"), "links.0.right", "is not a known right"),
    "an unknown series": (LINKS.replace("name: eua", "name: rggi"), "links.0.price.name", "is not a known choice"),
    "an unknown taxed right": (LINKS.replace("[{right: CEA,", "[{right: SO2,"), "fiscal.0.uses.0.right", "known right"),
    "an unknown sector": (LINKS.replace("[steel]", "[glass]"), "fiscal.0.where.sectors.0", "is not a known sector"),
    "a limit for no sector": (LINKS.replace("{clinker: 0.85}", "{klinker: 1}"), "fiscal.1.limit.klinker", "sector"),
    "an unknown measure": (LINKS.replace("cap: 12", "measures: [Magic], cap: 12"), "fiscal.2.measures.0", "measure"),
    "shares above 1": (LINKS.replace("equal: 0.3", "equal: 0.6"), "fiscal.3.shares", "E_SHARES"),
    "a quota against the direction": (
        LINKS.replace("quota_in: 50000", "quota_out: 50000"),
        "links.0.direction",
        "quota_in is 0",
    ),
    "two links of a right": (
        LINKS.replace(
            "fiscal:", "  - {kind: market_link, right: CEA, price: {name: cea}, quota_in: 1, direction: buy}\nfiscal:"
        ),
        "links.2",
        "E_OVERLAP: CEA is tied",
    ),
    "a right that is taxed twice": (
        LINKS + "  - {kind: emission_tax, uses: [{right: CEA, rate_fen: 1}]}\n",
        "fiscal.4",
        "E_OVERLAP: CEA is taxed",
    ),
    "a grant from a fund that nothing fills": (
        "\nfiscal:\n  - {kind: measure_subsidy, share: 0.1, from_fund: true}\n",
        "fiscal.0.from_fund",
        "nothing fills the fund",
    ),
    "no sanction bans those whom a grant excludes": (
        "\nfiscal:\n  - {kind: measure_subsidy, share: 0.1, exclude_banned: true}\n",
        "fiscal.0.exclude_banned",
        "no sanction bans from subsidies",
    ),
    "gain on the way round": (
        "\nlinks:\n  - {kind: right_exchange_rate, pairs: [{source: CEA, target: SO2, rate: 2},"
        " {source: SO2, target: CEA, rate: 0.6}]}\n",
        "links.0.pairs",
        "E_ARBITRAGE",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_is_refused_where_it_stands(case: str, tmp_path: Path) -> None:
    text, place, words = CASES[case]
    found = only(written(tmp_path, text))
    assert found.path == place
    assert words in found.what
    assert found.line > SAMPLE.read_text(encoding="utf-8").count("\n")


def test_taxes_for_different_sectors_stand_beside_each_other(tmp_path: Path) -> None:
    other = "  - {kind: emission_tax, uses: [{right: CEA, rate_fen: 1}], where: {sectors: [clinker]}}\n"
    assert len(load_scenario(written(tmp_path, LINKS + other)).fiscal) == 5
