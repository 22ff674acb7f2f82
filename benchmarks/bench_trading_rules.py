"""What the rules of trading cost: `python -m benchmarks.bench_trading_rules` prints the ratio to a run without them.

One year of the province with listed and block trading, collar, floor, circuit breaker, holding limit and admission in
all six rights, beside the same year without.  The collar is so narrow that orders reach it on most days.  CPU time,
medians of runs that take turns.
"""

from __future__ import annotations

import statistics
import time

from experiments.scenarios.load import load_scenario
from experiments.scenarios.schema import MarketScenario
from experiments.studies.run import run

END, RUNS, GOAL = "2022-12-31", 3, 1.6


def with_rules(end: str) -> MarketScenario:
    """Return the province with all rules of trading."""
    plain = load_scenario("jiangxi")
    assert isinstance(plain, MarketScenario)
    changes = [f"calendar.end={end}"]
    for code, right in plain.rights.items():
        ticks = int(right.opening_price_yuan / right.tick_yuan)
        rules = {
            "listed": "{kind: listed_agreement, max_qty: 99999}",
            "block": "{kind: block_agreement, min_qty: 1000}",
            "collar": f"{{kind: price_collar, floor: {ticks // 2}, ceiling: {2 * ticks}, reserve: 1000}}",
            "price_floor": "{kind: temporary_price_floor, long_days: 60}",
            "breaker": "{kind: circuit_breaker}",
            "holding_limit": "{kind: holding_limit, lots: 100000}",
            "admission": "{kind: admission, institution: {}}",
        }
        changes += [f"rights.{code}.{slot}={rule}" for slot, rule in rules.items()]
    scenario = load_scenario("jiangxi", overrides=changes)
    assert isinstance(scenario, MarketScenario)
    return scenario


def cpu_seconds(scenario: MarketScenario) -> float:
    """Return the CPU time of one run."""
    began = time.process_time()
    run(scenario, seed=1)
    return time.process_time() - began


def main(end: str = END, runs: int = RUNS) -> None:
    """Print seconds and ratio."""
    plain, ruled = load_scenario("jiangxi", overrides=[f"calendar.end={end}"]), with_rules(end)
    assert isinstance(plain, MarketScenario)
    cpu_seconds(ruled)
    pairs = [(cpu_seconds(plain), cpu_seconds(ruled)) for _ in range(runs)]
    without, with_all = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"jiangxi to {end}: {without:.2f} s without, {with_all:.2f} s with all rules of trading, "
        f"{with_all / without:.2f} x (goal {GOAL})"
    )


if __name__ == "__main__":
    main()
