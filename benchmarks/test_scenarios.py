"""Whole runs by pytest-benchmark; `python -m benchmarks.bench_scenarios` prints them beside their goals."""

import pytest

from experiments.scenarios.load import load_scenario
from experiments.studies.run import run


@pytest.mark.benchmark(group="scenarios")
def test_laboratory(benchmark):
    """Time the laboratory from scenario to result."""
    scenario = load_scenario("lab")
    benchmark.pedantic(run, args=(scenario,), kwargs={"seed": 1}, rounds=3, warmup_rounds=1)


@pytest.mark.slow
@pytest.mark.benchmark(group="scenarios")
@pytest.mark.parametrize("name", ["jiangxi", "china-ets"])
def test_market(benchmark, name):
    """Time a market from scenario to result."""
    scenario = load_scenario(name)
    benchmark.pedantic(run, args=(scenario,), kwargs={"seed": 1}, rounds=1, warmup_rounds=1)
