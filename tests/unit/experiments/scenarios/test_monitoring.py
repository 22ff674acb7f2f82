"""Rules of monitoring in a scenario file: read exactly, and refused where they contradict the rest."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from experiments.results.report import render
from experiments.results.result import Result
from experiments.scenarios.errors import ScenarioError
from experiments.scenarios.load import load_scenario
from experiments.studies.run import run
from rights_market.policies.mrv import Target

SAMPLE = Path(__file__).with_name("sample.yaml")
RULES = """\
    measurement:
      - {method: cems, sd: 0.05, where: {sectors: [clinker]}}
      - {method: default_factor, default_markup: 0.1, where: {sectors: [steel]}}
    reporting: {max_under: 0.2}
    verification: {verifiers: 2, collusion: [0.5, 0], cost: 100000}
    audit: {share: 0.05, fine: {form: per_lot, fen_per_lot: 500}}
    disclosure: {level: 2, items: [emissions], rate_discount: {2: 10}}
    inventory:
      uncovered_ratio: 0.1
      targets: [{prefecture: 吉安, year: 2022, base: 9000000, target: 8000000}]
"""
PLACES = "      regions: {吉安: 0.4, 宜春: 0.6}\n"


def scenario_file(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the sample with rules of monitoring, and pieces of text exchanged that are there exactly once."""
    text = SAMPLE.read_text(encoding="utf-8")
    text = text.replace("    make_good:", f"{RULES}    make_good:").replace(
        "      firms: 6\n", f"      firms: 6\n{PLACES}"
    )
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "monitored.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_rules_and_dates_are_read(tmp_path: Path) -> None:
    own = [("report", "2022-11-22"), ("audit", "2022-11-28"), ("publish", "2022-12-30"), ("verify", "2022-11-25")]
    dated = "\n        ".join(f"{name}: {when}" for name, when in own)
    (book,) = load_scenario(scenario_file(tmp_path, ("verify: 2022-11-25", dated))).rule_books()
    assert [m.method for m in book.measurement] == ["cems", "default_factor"]
    assert book.verification.collusion == (Decimal("0.5"), Decimal(0))
    assert (book.audit.fine.form, book.audit.fine.fen_per_lot) == ("per_lot", 500)
    assert book.inventory.targets == (Target(prefecture="吉安", year=2022, base=9_000_000, target=8_000_000),)
    assert (book.periods[0].report, book.periods[0].publish) == (date(2022, 11, 22), date(2022, 12, 30))


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ("prefecture: 吉安", "prefecture: 吉水", "rights.CEA.inventory.targets.0.prefecture", "no prefecture"),
        ("year: 2022, base", "year: 2023, base", "rights.CEA.inventory.targets.0.year", "judged by no period"),
        ("吉安: 0.4, ", "吉安: 0.3, ", "population.sectors.steel.regions", "add up to 0.9"),
        ("share: 0.05, fine", "share: 1.5, fine", "rights.CEA.audit.share", ""),
        (
            "collusion: [0.5, 0]",
            "collusion: [0.5, 0, 1]",
            "rights.CEA.verification.collusion",
            "collusion has 3 numbers",
        ),
        ("sectors: [clinker]}}\n", "sectors: [steel]}}\n", "rights.CEA.measurement.1", "E_OVERLAP"),
        ("level: 2, items", "level: 4, items", "rights.CEA.disclosure.level", ""),
        ("cems, sd", "cems, default_markup", "rights.CEA.measurement.0.default_markup", "method is cems"),
    ],
)
def test_mistakes_are_named_where_they_stand(tmp_path: Path, old: str, new: str, path: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario_file(tmp_path, (old, new)))
    (found,) = caught.value.problems
    assert found.path == path and words in found.what and found.line > 1


def test_a_target_needs_firms_with_a_prefecture(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="`regions` in population.sectors, which is empty"):
        load_scenario(scenario_file(tmp_path, (PLACES, "")))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The sample with a cap that binds: use would be about 14.7 Mt."""
    tight = ("base: 20000000", "base: 14000000")
    return run(load_scenario(scenario_file(tmp_path_factory.mktemp("run"), tight)), seed=1)


def test_a_run_tells_truth_and_report_apart(result: Result) -> None:
    table = result.tables["mrv"]
    assert set(table["method"]) == {"cems", "default_factor"}
    steel = table[table["sector"] == "steel"]
    assert steel["measured"].tolist() == pytest.approx((1.1 * steel["true"]).tolist(), abs=1)
    assert (table["reported"] <= table["measured"]).all() and (table["reported"] < table["measured"]).any()
    compliance = result.tables["compliance"]
    assert compliance["emissions"].tolist() == (table["verified"] + table["found"]).tolist()
    assert compliance["abated"].tolist() == pytest.approx((compliance["baseline"] - table["true"]).tolist())


def test_fines_for_false_data_are_fines(result: Result) -> None:
    found, compliance = result.tables["mrv"], result.tables["compliance"]
    assert (found["fine_yuan"] > 0).any()
    assert (compliance["fine_yuan"] >= found["fine_yuan"]).all()


def test_the_tables_of_monitoring_can_be_stored(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "stored")
    again = Result.load(tmp_path / "stored")
    for name in ("mrv", "inventory", "targets", "disclosure"):
        assert again.tables[name].equals(result.tables[name]), name
    inventory = again.tables["inventory"]
    assert set(inventory["prefecture"]) == {"吉安", "宜春", ""}
    assert again.tables["targets"]["prefecture"].tolist() == ["吉安"]


@pytest.mark.parametrize(("lang", "words"), [("en", "Responsibility table"), ("zh", "责任考核表")])
def test_the_report_shows_what_became_known(result: Result, lang: str, words: str) -> None:
    # A market of one year has a least-cost price without an upper end, which is of no interest here.
    tables = {name: x for name, x in result.tables.items() if name != "benchmark"}
    page = render(Result(result.manifest, tables), lang)
    assert words in page and "吉安" in page


def test_a_market_without_rules_of_monitoring_has_no_such_tables() -> None:
    tables = run(load_scenario(SAMPLE), seed=1).tables
    assert not {"mrv", "inventory", "targets", "disclosure"} & set(tables)
