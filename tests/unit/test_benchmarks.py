"""Each benchmark still runs: once, untimed. `make bench` measures them."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import bench_trading_rules

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("test_*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_benchmark_runs(path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "--benchmark-disable", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, "-m", "not slow", str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    everything_is_slow = done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED and "deselected" in done.stdout
    assert done.returncode == pytest.ExitCode.OK or everything_is_slow, done.stdout + done.stderr


def test_no_benchmark_hides_in_a_file_that_is_not_collected() -> None:
    others = set((ROOT / "benchmarks").glob("*.py")) - set(BENCHMARKS)
    assert [path.name for path in others if "(benchmark" in path.read_text(encoding="utf-8")] == []


def test_the_cost_of_trading_rules_is_measured(capsys):
    bench_trading_rules.main("2022-01-07", runs=1)
    assert " x (goal 1.6)" in capsys.readouterr().out
