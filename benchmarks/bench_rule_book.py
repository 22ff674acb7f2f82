"""What a whole rule book costs: `python -m benchmarks.bench_rule_book` prints the ratio to the rules of a bare market.

The province with every part of its plan (`jiangxi-plan`: monitoring, zones, credits, links, taxes, terms, and all rules
of trading) beside the same firms under allocation, auctions, surrender and fines alone (`jiangxi`).  CPU time, medians
of runs that take turns.
"""

from __future__ import annotations

import statistics

from benchmarks.bench_trading_rules import cpu_seconds
from experiments.scenarios.load import load_scenario
from experiments.scenarios.schema import MarketScenario

END, RUNS, GOAL = "2022-12-31", 3, 2.0


def main(end: str = END, runs: int = RUNS) -> None:
    """Print seconds and ratio."""
    bare, whole = (load_scenario(name, overrides=[f"calendar.end={end}"]) for name in ("jiangxi", "jiangxi-plan"))
    assert isinstance(bare, MarketScenario) and isinstance(whole, MarketScenario)
    cpu_seconds(whole)
    pairs = [(cpu_seconds(bare), cpu_seconds(whole)) for _ in range(runs)]
    without, with_all = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"jiangxi to {end}: {without:.2f} s with the first rules, {with_all:.2f} s with the whole plan, "
        f"{with_all / without:.2f} x (goal {GOAL})"
    )


if __name__ == "__main__":
    main()
