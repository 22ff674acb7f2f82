"""A scenario that changes another one."""

from pathlib import Path

import pytest

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.extends import MAX_CHAIN, read
from experiments.scenarios.load import load_scenario

SAMPLE = Path(__file__).with_name("sample.yaml")


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.yaml"


def refused(path: Path) -> Problem:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem,) = caught.value.problems
    return problem


def test_mappings_are_merged_and_lists_replaced(tmp_path: Path) -> None:
    child = f"""extends: {SAMPLE}
name: child
rights: {{CEA: {{opening_price_yuan: 60, allocation: [{{kind: grandfathering, base_years: [2021]}}]}}}}
"""
    scenario = load_scenario(write(tmp_path, child=child))
    (book,) = scenario.rule_books()
    assert scenario.name == "child"
    assert book.opening_price_ticks == 6000
    assert book.right.code == "CEA"
    assert len(book.allocation) == 1
    assert book.upfront is not None
    assert child in scenario.text
    assert SAMPLE.read_text(encoding="utf-8") in scenario.text


def test_a_block_of_another_kind_replaces_the_old_one(tmp_path: Path) -> None:
    child = f"extends: {SAMPLE}\nrights: {{CEA: {{banking: {{kind: none, phase_end: [2022-12-31]}}}}}}\n"
    grandchild = "extends: child.yaml\nrights: {CEA: {banking: {kind: free}}}\n"
    (book,) = load_scenario(write(tmp_path, grandchild=grandchild, child=child)).rule_books()
    assert book.banking.kind == "free"


def test_null_takes_a_block_away(tmp_path: Path) -> None:
    (book,) = load_scenario(write(tmp_path, child=f"extends: {SAMPLE}\nrights: {{CEA: {{band: null}}}}\n")).rule_books()
    assert book.band is None


def test_a_mistake_is_told_in_the_file_where_it_was_written(tmp_path: Path) -> None:
    base = SAMPLE.read_text(encoding="utf-8").replace("lot: 1\n", "lott: 1\n")
    problem = refused(write(tmp_path, child="extends: base.yaml\nname: child\n", base=base))
    assert problem.file == str(tmp_path / "base.yaml")
    assert problem.line == 1 + base[: base.index("lott")].count("\n")

    problem = refused(write(tmp_path, child=f"extends: {SAMPLE}\nname: child\nrights:\n  CEA:\n    lott: 2\n"))
    assert (problem.file, problem.line) == (str(tmp_path / "child.yaml"), 5)


def test_a_circle_is_refused_with_its_chain(tmp_path: Path) -> None:
    problem = refused(write(tmp_path, a="name: a\nextends: b.yaml\n", b="extends: c.yaml\n", c="extends: ./a.yaml\n"))
    assert problem.what == "comes back to itself: a.yaml -> b.yaml -> c.yaml -> a.yaml"
    assert (problem.file, problem.line, problem.path) == (str(tmp_path / "c.yaml"), 1, "extends")


def test_a_long_chain_is_refused(tmp_path: Path) -> None:
    files = {f"f{i}": f"extends: f{i + 1}.yaml\n" for i in range(MAX_CHAIN + 1)}
    assert "too long a chain" in refused(write(tmp_path, **files)).what


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("missing.yaml", "does not exist"),
        ("https://example.org/a.yaml", "is not a file on this machine"),
        ("//server/share/a.yaml", "is not a file on this machine"),
        ("no-such-name", "is not a shipped scenario"),
        ("[a, b]", "is not a name"),
        ("./", "is not a file"),
    ],
)
def test_what_cannot_be_extended_is_refused(tmp_path: Path, target: str, words: str) -> None:
    problem = refused(write(tmp_path, child=f"name: child\nextends: {target}\n"))
    assert words in problem.what
    assert problem.line == 2


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="is not a mapping"):
        read(write(tmp_path, child="- 1\n- 2\n"))
