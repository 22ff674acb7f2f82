"""Whole runs, start-up and memory: `python -m benchmarks.bench_scenarios` prints what each costs.

CPU seconds of fresh processes, medians; kernels are compiled (and cached) by a first run that does not count.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUN = """
import json, resource, sys, time
from experiments.scenarios.load import load_scenario
from experiments.studies.run import run
began = time.process_time()
result = run(load_scenario(sys.argv[1]), seed=1)
ran = time.process_time() - began
from experiments.results.report import write_report
began = time.process_time()
write_report(result, sys.argv[2])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"run": ran, "report": time.process_time() - began, "peak_mib": peak}))
"""
MEMORY = """
import gc, resource
from agents.model import RightsMarketModel
def rss():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize() / 2**20
for i in range(100):
    model = RightsMarketModel(n_firms=200, years=1, days_per_year=10, seed=i)
    while model.running:
        model.step()
    del model
    gc.collect()
    if i == 19:
        first = rss()
print(f"{rss() - first:.1f}")
"""
RUNS = 3


def cpu_of(command: list[str]) -> float:
    """Return the CPU seconds of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_scenario(name: str) -> dict[str, float]:
    """Run a scenario and its report in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", RUN, name, str(Path(folder) / "report.html")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Print each figure beside its goal."""
    for name, goal in (("lab", 1.0), ("jiangxi", 6.0), ("china-ets", 6.0)):
        run_scenario(name)
        seen = [run_scenario(name) for _ in range(RUNS)]
        middle = {key: statistics.median(s[key] for s in seen) for key in seen[0]}
        print(
            f"{name:10s} run {middle['run']:6.2f} s CPU (goal {goal:g})   report {middle['report']:5.2f} s (goal 10)   "
            f"peak {middle['peak_mib']:.0f} MiB"
        )
    help_ = statistics.median(cpu_of([sys.executable, "-m", "experiments", "--help"]) for _ in range(5))
    numpy = statistics.median(cpu_of([sys.executable, "-c", "import numpy"]) for _ in range(5))
    ours = statistics.median(cpu_of([sys.executable, "-c", "import numpy, rights_market"]) for _ in range(5))
    print(
        f"--help     {help_:.2f} s CPU (goal 0.5)   import rights_market {ours - numpy:+.3f} s above numpy (goal 0.1)"
    )
    grown = subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True, text=True).stdout.strip()
    print(f"memory     {grown} MiB more after run 100 than after run 20, 200 firms each (goal: flat)")


if __name__ == "__main__":
    main()
