"""Firms that come and go in a scenario file: what is read, and what is refused where it was written."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from agents.spec import ClosureSpec, ProjectSpec
from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.load import load_scenario
from rights_market.policies.access import EntryExit, NewEntrantReserve, NewProjectReplacement
from rights_market.policies.allocation import CapScaling, FreeShare
from rights_market.policies.cap import EnergyDualControl

SAMPLE = Path(__file__).with_name("sample.yaml")

RULES = """
    cap:
      kind: energy_dual_control
      total: {north: 10000000, south: 9000000}
      start_year: 2021
    mix:
      - {free_share: 0.9, where: {sectors: [steel]}}
      - {free_share: 1, where: {sectors: [clinker]}}
    scaling: {min_auction_share: 0.1, exempt: [clinker]}
    replacement: {ratio: 1.5, sector_factor: {steel: 1.25}}
    entrant_reserve: {share: 0.03, benchmark: {steel: 1.8}}
    entry_exit: {threshold: 26000}
"""
PEOPLE = """
  projects:
    - {name: new mill, sector: steel, output: 500000, applies: 2022-03-01, region: north, replaces: steel-0001}
  closures:
    - {firm: clinker-0002, on: 2022-06-30}
"""


def scenario_with(folder: Path, rules: str = RULES, people: str = PEOPLE) -> Path:
    text = SAMPLE.read_text(encoding="utf-8")
    start, end = text.index("    cap:"), text.index("    allocation:")
    text = text[:start] + rules.strip("\n") + "\n" + text[end:]
    regions = "      regions: {north: 0.5, south: 0.5}\n"
    text = text.replace("      output_unit: t\n", "      output_unit: t\n" + regions)
    text = text.replace("  strategies:\n", people.strip("\n") + "\n  strategies:\n", 1)
    path = folder / "access.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def only(path: Path) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (found,) = caught.value.problems
    return found


def test_rules_and_people_are_read(tmp_path: Path) -> None:
    scenario = load_scenario(scenario_with(tmp_path))
    (book,) = scenario.rule_books()
    assert isinstance(book.cap, EnergyDualControl)
    assert [type(m) for m in book.mix] == [FreeShare, FreeShare]
    assert book.scaling == CapScaling(min_auction_share=Decimal("0.1"), exempt=("clinker",))
    assert book.replacement == NewProjectReplacement(ratio=Decimal("1.5"), sector_factor={"steel": Decimal("1.25")})
    assert book.entrant_reserve == NewEntrantReserve(benchmark={"steel": Decimal("1.8")})
    assert book.entry_exit == EntryExit()
    people = scenario.population
    mill = ProjectSpec("new mill", "steel", 5e5, date(2022, 3, 1), region="north", replaces="steel-0001")
    assert people.projects == [mill]
    assert people.closures == [ClosureSpec("clinker-0002", date(2022, 6, 30))]
    assert not scenario.notes


def test_sectors_that_are_given_nothing_free_are_noted(tmp_path: Path) -> None:
    path = scenario_with(tmp_path, RULES.replace("      - {free_share: 1, where: {sectors: [clinker]}}\n", ""))
    assert load_scenario(path).notes == (
        "rights.CEA.mix: no_allocation_rule for clinker in some year: they are given nothing free then",
    )


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("free_share: 0.9", "free_share: 1.1", "rights.CEA.mix.0.free_share", "1.1"),
        ("where: {sectors: [clinker]}}", "where: {sectors: [steel]}}", "rights.CEA.mix.1", "E_OVERLAP"),
        ("exempt: [clinker]", "exempt: [clinkr]", "rights.CEA.scaling.exempt", "is not a known class"),
        ("min_auction_share: 0.1", "flex_share: 0.1", "rights.CEA.scaling.flex_share", "exceeds min_auction_share"),
        ("sector_factor: {steel", "sector_factor: {steal", "rights.CEA.replacement.sector_factor", "known class"),
        ("benchmark: {steel", "benchmark: {paper", "rights.CEA.entrant_reserve.benchmark", "is not a known class"),
        ("share: 0.03", "share: 0.3", "rights.CEA.entrant_reserve.share", "0.3"),
        ("ratio: 1.5", "ratio: 0.5", "rights.CEA.replacement.ratio", "0.5"),
        ("total: {north", "total: {nord", "rights.CEA.cap.total.nord", "is not a known region"),
        ("region: north", "region: west", "population.projects.0.region", "is not a known region"),
        ("sector: steel, output", "sector: steal, output", "population.projects.0.sector", "is not a known sector"),
        ("replaces: steel-0001", "replaces: steel-0009", "population.projects.0.replaces", "is not a known firm"),
        ("name: new mill", "name: steel-0002", "population.projects.0.name", "is the name of another firm"),
        ("firm: clinker-0002", "firm: clinker-9", "population.closures.0.firm", "is not a known firm"),
    ],
)
def test_what_is_refused(tmp_path: Path, old: str, new: str, where: str, words: str) -> None:
    both = RULES + "@@@" + PEOPLE
    assert both.count(old) == 1, old
    rules, people = both.replace(old, new).split("@@@")
    problem = only(scenario_with(tmp_path, rules, people))
    assert problem.path == where
    assert words in f"{problem.what} {problem.got}"
    assert problem.line > 0


def test_a_firm_closes_once(tmp_path: Path) -> None:
    again = PEOPLE.rstrip("\n") + "\n    - {firm: clinker-0002, on: 2022-07-30}\n"
    assert only(scenario_with(tmp_path, people=again)).path == "population.closures.1.firm"


@pytest.mark.parametrize("slot", ["scaling: {}", "entrant_reserve: {}"])
def test_rules_about_a_cap_need_one(tmp_path: Path, slot: str) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    start, end = text.index("    cap:"), text.index("    allocation:")
    auction, later = text.index("    auction:"), text.index("    penalties:")
    path = tmp_path / "capless.yaml"
    path.write_text(text[:start] + f"    {slot}\n" + text[end:auction] + text[later:], encoding="utf-8")
    problem = only(path)
    assert problem.path == f"rights.CEA.{slot.split(':')[0]}"
    assert "needs a `cap`" in problem.what


@pytest.mark.parametrize(
    ("slot", "words"),
    [
        (
            "entrant_reserve: {leftover: msr}",
            "entrant_reserve.leftover is msr, but `stability` has no market_stability",
        ),
        ("scaling: {leftover: reserve}", "scaling.leftover is reserve, but there is neither an `entrant_reserve`"),
    ],
)
def test_what_is_left_needs_a_reserve_to_go_to(tmp_path: Path, slot: str, words: str) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    path = tmp_path / "left.yaml"
    path.write_text(text.replace("    cap:", f"    {slot}\n    cap:", 1), encoding="utf-8")
    problem = only(path)
    assert words in problem.what and problem.path == f"rights.CEA.{slot.split(':')[0]}"
    assert problem.line > 0


def test_a_quota_for_a_term_leaves_nothing_to_settle(tmp_path: Path) -> None:
    problem = only(scenario_with(tmp_path, RULES + "    paid_use: {fee: 38900}\n"))
    assert problem.path == "rights.CEA.paid_use"
    assert "`upfront` has nothing to settle" in problem.what


def test_a_benchmark_that_lacks_a_class_is_named(tmp_path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8").replace("{name: clinker, output", "{name: klinker, output")
    path = tmp_path / "class.yaml"
    path.write_text(text, encoding="utf-8")
    assert "E_CLASS" in only(path).what


def test_a_year_before_the_path_of_a_cap_is_refused(tmp_path: Path) -> None:
    text = (
        SAMPLE.read_text(encoding="utf-8")
        .replace("start_year: 2021", "start_year: 2023")
        .replace("2022, rate", "2024, rate")
    )
    path = tmp_path / "year.yaml"
    path.write_text(text, encoding="utf-8")
    assert "E_YEAR" in only(path).what


def test_strategic_firms_of_a_reserve_must_exist(tmp_path: Path) -> None:
    reserve = "    government_reserve: {guide_fen: 100, priority: [strategic, new_project], strategic: ["
    load_scenario(scenario_with(tmp_path, RULES + reserve + "new mill, steel-0002]}\n"))
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario_with(tmp_path, RULES + reserve + "new mil]}\n"))
    assert "'new mil'" in str(caught.value) and "did you mean 'new mill'" in str(caught.value)


@pytest.mark.parametrize(
    ("share", "words"),
    [("{CEA: 0.9}", "rights.CEA.paid_use.quota is not permit_level"), ("{COX: 0.9}", "right of this sector's")],
)
def test_a_share_for_permits_needs_a_right_that_is_sold_by_them(tmp_path: Path, share: str, words: str) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    path = tmp_path / "permit.yaml"
    path.write_text(
        text.replace("      intensity:", f"      permit_share: {share}\n      intensity:", 1), encoding="utf-8"
    )
    problem = only(path)
    assert words in f"{problem.what} {problem.expected}" and problem.path.endswith(share[1:4])
    assert problem.line > 0
