"""Draw the figure of the README from a run of the national carbon market.

Covers: loading a scenario, `run`, plots of a result.
Scenario: china-ets, seed 1.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from experiments.results import outcome_plots, plots
from experiments.scenarios.load import load_scenario
from experiments.studies.run import run


def draw(path: Path) -> None:
    """Run the scenario and write price and volume as PNG."""
    result = run(load_scenario("china-ets"), seed=1)
    figure, axes = plt.subplots(2, 1, figsize=(9, 5.2), sharex=True, height_ratios=[2.4, 1], layout="constrained")
    plots.price(result, axes[0], right="CEA")
    axes[0].legend(loc="upper left", ncols=3, frameon=False, fontsize="small")
    plots.volume(result, axes[1], right="CEA")
    figure.savefig(path, dpi=110)
    print(f"{path.name}: {len(outcome_plots.periods_of(result, 'CEA'))} compliance periods")


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
