"""The information network in a scenario file, and where mistakes in it are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.information_spec import Bass, BeliefExchange, EdgeList, Information, SmallWorld, Threshold
from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.load import load_scenario
from experiments.studies.run import run

SAMPLE = Path(__file__).with_name("sample.yaml")
FILTER = """
population:
  sectors:
    steel:
      measures:
        - {name: {en: Filter, zh: 过滤器}, capex_yuan_per_output: 1, reduction: {CEA: 0.1}}
"""
LINE = "kind: edge_list, edges: [[steel-0001, steel-0002], [steel-0002, clinker-0005]]"
COUPLED = "{kind: small_world, degree: 4}"


def sample(folder: Path, information: str, more: str = "") -> Path:
    path = folder / "talking.yaml"
    path.write_text(f"extends: {SAMPLE}\nname: talking\ninformation: {information}\n{more}", encoding="utf-8")
    return path


def problem(path: Path) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (found,) = caught.value.problems
    return found


def test_without_the_block_nobody_hears_from_anybody() -> None:
    assert load_scenario(SAMPLE).information_network() is None


def test_the_block_becomes_the_record_of_the_model(tmp_path: Path) -> None:
    block = f"{{network: {COUPLED}, beliefs: {{bound: 0.4}}, technology: {{kind: bass}}, interval_days: 5}}"
    spec = load_scenario(sample(tmp_path, block, FILTER)).information_network()
    assert spec == Information(SmallWorld(degree=4), BeliefExchange(bound=0.4), Bass(), interval_days=5)
    block = f"{{network: {{{LINE}}}, technology: {{kind: threshold, share: 0.5}}}}"
    spec = load_scenario(sample(tmp_path, block, FILTER)).information_network()
    assert spec is not None
    assert spec.network == EdgeList((("steel-0001", "steel-0002"), ("steel-0002", "clinker-0005")))
    assert (spec.beliefs, spec.technology) == (None, Threshold(share=0.5))


def test_contacts_are_read_from_a_file_and_kept_with_the_result(tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text("to,from,note\nsteel-0002,steel-0001,x\nclinker-0005,steel-0002,\n")
    scenario = load_scenario(sample(tmp_path, "{network: {kind: edge_list, file: contacts.csv}, beliefs: {}}"))
    spec = scenario.information_network()
    assert spec is not None
    assert spec.network == EdgeList((("steel-0001", "steel-0002"), ("steel-0002", "clinker-0005")))
    again = tmp_path / "elsewhere" / "again.yaml"
    again.parent.mkdir()
    again.write_text(json.dumps(scenario.resolved(), ensure_ascii=False), encoding="utf-8")
    assert load_scenario(again).information_network() == spec


@pytest.mark.parametrize(
    ("information", "line", "words"),
    [
        (f"{{network: {COUPLED}}}", "information:", "neither `beliefs` nor `technology`"),
        (
            f"{{network: {COUPLED}, technology: {{kind: bass}}}}",
            "bass",
            "information.technology: has nothing to spread",
        ),
        ("{network: {kind: small_world, degree: 5}, beliefs: {}}", "degree", "expected an even number"),
        ("{network: {kind: small_world, degree: 12}, beliefs: {}}", "degree", "fewer than the 11 firms"),
        ("{network: {kind: scale_free, links: 11}, beliefs: {}}", "links", "information.network.links: is too many"),
        ("{network: {kind: lattice}, beliefs: {}}", "lattice", "is not a known kind"),
        (f"{{network: {COUPLED}, beliefs: {{wieght: 0.2}}}}", "wieght", "did you mean 'weight'?"),
        (f"{{network: {COUPLED}, beliefs: {{weight: 2}}}}", "weight", "is too large"),
        ("{network: {kind: edge_list}, beliefs: {}}", "edge_list", "holds neither `edges` nor `file`"),
        (
            "{network: {kind: edge_list, edges: [[steel-0001, steel-001]]}, beliefs: {}}",
            "steel-001",
            "did you mean 'steel-0001'?",
        ),
        (
            "{network: {kind: edge_list, file: no.csv}, beliefs: {}}",
            "no.csv",
            "information.network.file: is not a file",
        ),
        (
            "{network: {kind: communities, group: 0, prefecture: 0.5}, beliefs: {}}",
            "prefecture",
            "asks for contacts inside a prefecture, but no firm has one",
        ),
        (
            "{network: {kind: communities, group: 0.5, prefecture: 0}, beliefs: {}}",
            "group",
            "asks for contacts inside a group, but no firm has one",
        ),
    ],
)
def test_mistakes_are_shown_at_their_line(tmp_path: Path, information: str, line: str, words: str) -> None:
    path = sample(tmp_path, information)
    found = problem(path)
    assert words in str(found)
    assert line in path.read_text(encoding="utf-8").splitlines()[found.line - 1]


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ("from,to\nsteel-0001,steel-0009\n", 2, "to: is not a known firm (got steel-0009)"),
        ("from,to\nsteel-0001\n", 2, "to: is not a known firm"),
        ("a,b\nsteel-0001,steel-0002\n", 1, "from: is missing"),
    ],
)
def test_mistakes_in_a_contacts_file_are_shown_at_their_row(tmp_path: Path, text: str, row: int, words: str) -> None:
    (tmp_path / "contacts.csv").write_text(text)
    found = problem(sample(tmp_path, "{network: {kind: edge_list, file: contacts.csv}, beliefs: {}}"))
    assert (found.line, "contacts.csv" in found.file) == (row, True)
    assert words in str(found)


def test_a_result_has_tables_of_what_spread(tmp_path: Path) -> None:
    block = f"{{network: {COUPLED}, beliefs: {{}}, technology: {{kind: bass}}}}"
    short = [*("calendar.end=2022-03-31", "calendar.batches_per_day=1")]
    tables = run(load_scenario(sample(tmp_path, block, FILTER), overrides=short)).tables
    assert tables["beliefs"]["day"].tolist() == [0, 20, 40]
    assert tables["beliefs"]["belief_sd"].is_monotonic_decreasing
    assert tables["diffusion"][["measure", "open"]].drop_duplicates().to_numpy().tolist() == [["Filter", 6]]
    assert not {"beliefs", "diffusion"} & run(load_scenario(SAMPLE, overrides=short)).tables.keys()
