"""The command line: quick to answer, one clear message, the documented exit codes, nothing half-written."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from click.testing import Result as Outcome

from experiments.cli import main
from experiments.results.result import Result
from experiments.scenarios.catalogue import shipped

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = Path(__file__).parent / "scenarios" / "sample.yaml"
HEAVY = {"numpy", "pandas", "numba", "mesa", "matplotlib", "pydantic", "scipy", "pyarrow", "rich", "ruamel"}


def call(*arguments: object) -> Outcome:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def made_up(seed: int) -> Result:
    rows = [("CEA", "all", "mean_price", 48.25, "CNY/t"), ("CEA", "2022", "mean_price", 1.0, "CNY/t")]
    kpis = pd.DataFrame(rows, columns=["right", "period", "metric", "value", "unit"])
    manifest = {
        "format": 1,
        "name": "sample",
        "seed": seed,
        "title": {"en": "Sample", "zh": "示例"},
        "rights": [{"code": "CEA", "name": {"en": "Emission right", "zh": "碳排放权"}}],
    }
    return Result(manifest, {"kpis": kpis})


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Put a made-up simulator and report in place of the real ones; the dictionary says how they were called."""
    calls: dict[str, Any] = {}

    def run(scenario: Any, seed: int | None = None, progress: Any = None) -> Result:
        calls.update(scenario=scenario, seed=seed)
        progress(1, 2, "2022-01-04")
        if "stop" in calls:
            raise calls["stop"]
        return made_up(seed)

    def write_report(result: Result, path: Path, lang: str = "en") -> None:
        if "stop_report" in calls:
            raise calls["stop_report"]
        Path(path).write_text(f"{lang} {result.manifest['seed']}", encoding="utf-8")

    for name, function in (("studies.run", run), ("results.report", write_report)):
        module = ModuleType(f"experiments.{name}")
        setattr(module, function.__name__, function)
        monkeypatch.setitem(sys.modules, f"experiments.{name}", module)
    monkeypatch.chdir(tmp_path)
    return calls


def test_help_answers_without_loading_the_simulator() -> None:
    code = "import sys, experiments.cli; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_the_module_runs_and_documents_its_exit_codes() -> None:
    command = [sys.executable, "-m", "experiments", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "run" in done.stdout and "scenarios" in done.stdout
    for line in ("0    done", "1    the run failed", "2    the arguments", "130  stopped"):
        assert line in done.stdout


def test_run_writes_result_and_report_and_prints_the_key_figures(simulator: dict[str, Any], tmp_path: Path) -> None:
    outcome = call("run", SAMPLE, "--set", "behaviour.anchor=0.5")
    assert outcome.exit_code == 0, outcome.output
    folder = tmp_path / "results" / "sample-seed3"
    assert (folder / "report.html").read_text(encoding="utf-8") == "en 3"
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["seed"] == 3
    assert "Mean price" in outcome.stdout and "48.25" in outcome.stdout
    assert "1.00" not in outcome.stdout
    assert outcome.stdout.rstrip().endswith(str(Path("results", "sample-seed3", "report.html")))
    assert simulator["scenario"].behaviour.anchor == 0.5


def test_run_in_chinese_with_another_seed_and_folder(simulator: dict[str, Any], tmp_path: Path) -> None:
    outcome = call("run", SAMPLE, "--seed", 8, "--out", tmp_path / "deep" / "er", "--lang", "zh")
    assert outcome.exit_code == 0, outcome.output
    assert (tmp_path / "deep" / "er" / "report.html").read_text(encoding="utf-8") == "zh 8"
    assert "碳排放权" in outcome.stdout and "元/吨" in outcome.stdout


def test_quiet_prints_the_path_alone(simulator: dict[str, Any]) -> None:
    outcome = call("run", SAMPLE, "--quiet", "--out", "out")
    assert outcome.output == str(Path("out", "report.html")) + "\n"


def test_a_folder_that_is_taken_is_refused_before_the_run(simulator: dict[str, Any], tmp_path: Path) -> None:
    assert call("run", SAMPLE, "--out", "out").exit_code == 0
    simulator.clear()
    outcome = call("run", SAMPLE, "--out", "out", "--seed", 9)
    assert outcome.exit_code == 2
    assert "--out: exists already (got out); expected another folder, or --overwrite" in outcome.stderr
    assert simulator == {}
    assert call("run", SAMPLE, "--out", "out", "--seed", 9, "--overwrite").exit_code == 0
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == "en 9"


def test_a_folder_of_something_else_is_never_overwritten(simulator: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    outcome = call("run", SAMPLE, "--out", "mine", "--overwrite")
    assert outcome.exit_code == 2
    assert "is not a result, so it is not overwritten" in outcome.stderr
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_file_in_the_way_is_told(simulator: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = call("run", SAMPLE, "--out", "file/out")
    assert outcome.exit_code == 2
    assert "cannot be made" in outcome.stderr


def test_ctrl_c_leaves_nothing(simulator: dict[str, Any], tmp_path: Path) -> None:
    simulator["stop"] = KeyboardInterrupt()
    outcome = call("run", SAMPLE)
    assert outcome.exit_code == 130
    assert "Stopped" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(
    simulator: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("experiments.results.store._write_bytes", full)
    outcome = call("run", SAMPLE, "--out", "out")
    assert outcome.exit_code == 1
    assert "No space left on device" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_fails_leaves_the_result(simulator: dict[str, Any], tmp_path: Path) -> None:
    simulator["stop_report"] = KeyboardInterrupt()
    outcome = call("run", SAMPLE, "--out", "out")
    assert outcome.exit_code == 130
    assert "rights-market report out" in outcome.stderr
    assert Result.load(tmp_path / "out").manifest["seed"] == 3
    del simulator["stop_report"]
    outcome = call("report", "out", "--lang", "zh")
    assert outcome.exit_code == 0
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == "zh 3"


def test_a_report_needs_a_result(simulator: dict[str, Any], tmp_path: Path) -> None:
    outcome = call("report", tmp_path)
    assert outcome.exit_code == 1
    assert "holds no result" in outcome.stderr


def test_errors_of_the_program_keep_their_traceback(simulator: dict[str, Any]) -> None:
    simulator["stop"] = ZeroDivisionError("a bug")
    outcome = call("run", SAMPLE)
    assert isinstance(outcome.exception, ZeroDivisionError)


def test_scenarios_are_listed_in_both_languages() -> None:
    english, chinese = call("scenarios", "list"), call("scenarios", "list", "--lang", "zh")
    assert english.exit_code == chinese.exit_code == 0
    names = [line.split()[0] for line in english.stdout.splitlines()]
    assert names == list(shipped())
    assert "sectors" not in names
    assert english.stdout != chinese.stdout


def test_a_scenario_is_shown_as_written_or_in_full() -> None:
    assert call("scenarios", "show", SAMPLE).stdout.rstrip() == SAMPLE.read_text(encoding="utf-8").rstrip()
    full = json.loads(call("scenarios", "show", SAMPLE, "--resolved", "--set", "run.seed=5").stdout)
    assert full["run"]["seed"] == 5
    assert full["rights"]["CEA"]["settlement"]["units_lag_days"] == 1


def test_a_sound_scenario_is_said_to_be_so() -> None:
    outcome = call("scenarios", "check", SAMPLE)
    assert outcome.exit_code == 0
    assert outcome.stdout == "sample: no problem found (1 right(s), 242 trading days)\n"


def test_the_schema_knows_every_kind_of_rule() -> None:
    schema = json.loads(call("scenarios", "schema").stdout)
    text = json.dumps(schema)
    for kind in ("grandfathering", "output_benchmark", "capped", "business_days", "induced"):
        assert f'"const": "{kind}"' in text


def test_a_new_scenario_can_be_checked_at_once(tmp_path: Path) -> None:
    outcome = call("scenarios", "new", "my-province", "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    assert call("scenarios", "check", outcome.stdout.strip()).exit_code == 0
    again = call("scenarios", "new", "my-province", "--out", tmp_path)
    assert again.exit_code == 2
    assert "exists already" in again.stderr


def test_info_names_versions_and_kernels() -> None:
    outcome = call("info")
    assert outcome.exit_code == 0
    for word in ("python", "numba", "processors", "kernels"):
        assert word in outcome.stdout


@pytest.mark.parametrize(
    "arguments", [("run",), ("run", SAMPLE, "--seed", "-1"), ("run", SAMPLE, "--lang", "fr"), ("rum",)]
)
def test_wrong_arguments_have_exit_code_2(arguments: tuple[object, ...]) -> None:
    assert call(*arguments).exit_code == 2


def test_rules_are_listed_by_family() -> None:
    done = call("rules")
    assert done.exit_code == 0
    assert "banking" in done.output.splitlines()
    assert "free                       All unused units stay valid." in done.output


def test_one_rule_is_told_in_full() -> None:
    done = call("rules", "capped")
    assert done.exit_code == 0
    assert "lapse: oldest | newest; default oldest" in done.output
    assert "share: number" in done.output
    assert "Source: " in done.output


def test_rules_for_programs() -> None:
    rules = json.loads(call("rules", "--json").output)
    penalty = next(r for r in rules if r["kind"] == "penalty")
    cap = next(f for f in penalty["fields"] if f["name"] == "cap")
    assert (cap["unit"], cap["limits"], cap["default"]) == ("fen", "at least 0", "none")


def test_an_unknown_rule_is_refused_with_the_one_that_was_meant() -> None:
    done = call("rules", "penalti")
    assert done.exit_code == 2
    assert "did you mean 'penalty'?" in done.output
