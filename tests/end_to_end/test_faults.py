"""Bad input of every kind ends with exit code 2, one clear message, and nothing written."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from experiments.cli import main

SOUND = """format: 1
name: fault
title: {en: Fault, zh: 故障}
about: {en: A scenario to be broken., zh: 用于出错的情景。}
kind: market
calendar: {kind: uniform, first_year: 2025, years: 1, days_per_year: 60}
rights:
  CEA:
    name: {en: Emission right, zh: 碳排放权}
    unit: t
    opening_price_yuan: 50
    periods:
      - name: "2025"
        vintage: 2025
        use_from: 2025-01-01
        use_to: 2025-12-01
        announce: 2025-01-10
        preallocate: 2025-01-20
        verify: 2025-12-05
        true_up: 2025-12-10
        deadline: 2025-12-31
    cap: {kind: absolute_path, base: 1000, start_year: 2025}
    allocation:
      - {kind: grandfathering, base_years: [2024]}
population:
  kind: firms
  sectors:
    steel:
      name: {en: Steel, zh: 钢铁}
      firms: 3
      mean_output: 1000
      output_unit: t
      intensity: {CEA: 2}
  strategies:
    - {strategy: late_buyer, share: 0.6}
    - {strategy: hedger, share: 0.4}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(path: Path, count: int = 1) -> list[str]:
    """Run a scenario that must be refused; return the lines of the message, one a problem."""
    before = sorted(path.parent.rglob("*"))
    outcome = CliRunner().invoke(main, ["run", path.name])
    assert outcome.exit_code == 2, outcome.output
    assert outcome.stdout == ""
    assert sorted(path.parent.rglob("*")) == before
    *lines, last = outcome.stderr.splitlines()
    assert last == f"{count} problem(s) found; nothing was run or written."
    assert len(lines) == count, outcome.stderr
    return lines


def with_text(folder: Path, text: str) -> Path:
    path = folder / "fault.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_scenario_is_sound_before_it_is_broken(folder: Path) -> None:
    outcome = CliRunner().invoke(main, ["scenarios", "check", with_text(folder, SOUND).name])
    assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize(
    ("old", "new", "path", "got", "expected"),
    [
        ("first_year: 2025,", "first_year: 2025, yaers: 2,", "calendar.yaers", "2", "did you mean 'years'"),
        ("unit: t\n    op", "unit: bushel\n    op", "rights.CEA.unit", "bushel", "one of: t, kg"),
        ("yuan: 50", "yuan: 50 CNY/t", "rights.CEA.opening_price_yuan", "50 CNY/t", "without quotes or a unit"),
        ("share: 0.6", "share: 1.6", "population.strategies.0.share", "1.6", "at most 1"),
        ("share: 0.6", "share: 0.7", "population.strategies", "1.1", "shares that add up to 1"),
        ("base: 1000,", "base: -1000,", "rights.CEA.cap.base", "-1000", "at least 0"),
        ("use_to: 2025-12-01", "use_to: 2024-12-01", "rights.CEA.periods.0.use_from", "2025-01-01", "dates in"),
        ("days_per_year: 60", "days_per_year: 600", "calendar.days_per_year", "600", "at most 365"),
        ("strategy: hedger", "strategy: HEDGER", "population.strategies.1.strategy", "HEDGER", "did you mean 'hedger'"),
        ("intensity: {CEA: 2}", "intensity: {CEA: two}", "population.sectors.steel.intensity.CEA", "two", "a number"),
        ("kind: grandfathering", "kind: lottery", "rights.CEA.allocation.0.kind", "lottery", "one of: grandfathering"),
    ],
)  # fmt: skip
def test_a_wrong_value(folder: Path, old: str, new: str, path: str, got: str, expected: str) -> None:
    assert SOUND.count(old) == 1
    text = SOUND.replace(old, new)
    line = text[: text.index(new)].count("\n") + 1
    (message,) = refused(with_text(folder, text))
    found = re.match(r"fault\.yaml:(\d+): (\S+): ", message)
    assert found is not None, message
    assert found[2] == path
    assert abs(int(found[1]) - line) <= 1
    assert f"(got {got})" in message
    assert expected in message


def test_a_missing_field(folder: Path) -> None:
    (message,) = refused(with_text(folder, SOUND.replace("      output_unit: t\n", "")))
    assert message.startswith("fault.yaml:28: population.sectors.steel.output_unit: is missing; expected text")


def test_several_mistakes_at_once(folder: Path) -> None:
    text = (
        SOUND.replace("unit: t\n    op", "unit: bushel\n    op").replace("base: 1000", "base: -1").replace("0.6", "x")
    )
    lines = refused(with_text(folder, text), 3)
    assert [re.match(r"fault\.yaml:\d+: (\S+):", line)[1] for line in lines] == [
        "rights.CEA.unit",
        "rights.CEA.cap.base",
        "population.strategies.0.share",
    ]


def test_a_circle_of_extends(folder: Path) -> None:
    (folder / "other.yaml").write_text("name: other\nextends: fault.yaml\n", encoding="utf-8")
    (message,) = refused(with_text(folder, "extends: other.yaml\n" + SOUND))
    assert message.startswith("other.yaml:2: extends: comes back to itself: fault.yaml -> other.yaml -> fault.yaml")
    assert "(got fault.yaml); expected a chain that ends" in message


def test_a_key_written_twice(folder: Path) -> None:
    (message,) = refused(with_text(folder, SOUND.replace("    unit: t\n", "    unit: t\n    unit: kg\n")))
    assert (
        message
        == "fault.yaml:11: rights.CEA.unit: key is written twice, first on line 10 (got unit); expected each key once"
    )


def test_an_alias_bomb(folder: Path) -> None:
    levels = ["bomb0: &b0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    levels += [f"bomb{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 10)}]" for i in range(1, 30)]
    (message,) = refused(with_text(folder, "\n".join(levels) + "\n" + SOUND))
    assert re.match(r"fault\.yaml:\d: bomb\d\.\d: holds too many values .*; expected at most 50,000$", message)


def test_a_file_of_50_megabytes(folder: Path) -> None:
    path = folder / "fault.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    (message,) = refused(path)
    assert (
        message
        == "fault.yaml: file: is too large (got 52,428,800 bytes); expected at most 1,000,000 bytes for a scenario"
    )


def test_a_file_that_is_not_utf_8(folder: Path) -> None:
    path = folder / "fault.yaml"
    path.write_bytes(SOUND.encode("gb18030"))
    (message,) = refused(path)
    at = SOUND[: SOUND.index("故")].encode("gb18030")
    assert message.startswith(f"fault.yaml:3: file: is not UTF-8 text (got byte 0xb9 at offset {len(at)})")
    assert message.endswith("expected a file saved as UTF-8")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("", "fault.yaml:1: file: is empty"),
        ("- 1\n", "fault.yaml:1: file: is not a mapping"),
        ("format: 1\n\tname: x\n", "fault.yaml:2: file: is not valid YAML: a tab cannot indent"),
        ("name: !!python/object/apply:os.getcwd []\n", "fault.yaml:1: name: has a tag"),
        ("a: [" * 500, "fault.yaml:1: a.0.a.0"),
    ],
)
def test_what_is_no_scenario_at_all(folder: Path, text: str, start: str) -> None:
    (message,) = refused(with_text(folder, text))
    assert message.startswith(start)


def test_a_scenario_that_is_not_there(folder: Path) -> None:
    outcome = CliRunner().invoke(main, ["run", "missing.yaml"])
    assert outcome.exit_code == 2
    assert "scenario: does not exist (got missing.yaml); expected the path of a scenario file" in outcome.stderr
    assert list(folder.iterdir()) == []


def test_rows_of_a_firms_file_that_cannot_be_used(folder: Path) -> None:
    rows = ["name,sector,output", "A,steel,1000", "B,steal,1000", "C,steel,-5", "A,steel,7", "D,steel,#REF!"]
    (folder / "firms.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    lines = refused(with_text(folder, SOUND.replace("  strategies:", "  file: firms.csv\n  strategies:")), 4)
    assert [line.split(": ")[0] for line in lines] == [f"firms.csv:{n}" for n in (3, 4, 5, 6)]
    assert "is not a sector (got steal); expected one of: steel, 钢铁; did you mean 'steel'?" in lines[0]
    assert "output: is negative (got -5)" in lines[1]
    assert "name: is the name of row 2 already (got A)" in lines[2]
    assert "output: is the error of a formula (got #REF!)" in lines[3]
