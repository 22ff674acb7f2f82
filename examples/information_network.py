"""Draw how abatement equipment and price beliefs spread on information networks.

Covers: `Information` with its networks and processes, running a model, figures of your own.
Scenario: the small carbon market of `agents.config.small_market`, with a kiln that pays for every firm.
"""

import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from agents.config import small_market
from agents.information_spec import Bass, BeliefExchange, Communities, Information, ScaleFree, SmallWorld
from agents.model import RightsMarketModel
from agents.spec import Label, MeasureSpec

KILN = MeasureSpec(Label("Kiln", "窑"), capex_yuan_per_output=6.0, reduction={"CEA": 0.12}, lead_days=5, life_years=15)
WORD = Bass(innovation=0.03, imitation=2.5)
NETWORKS = {
    "small world, 6 contacts": SmallWorld(degree=6, rewiring=0.1),
    "ring, 6 contacts": SmallWorld(degree=6, rewiring=0.0),
    "scale free, 6 on average": ScaleFree(links=3),
    "random, 1 on average": Communities(degree=1.0, group=0.0, prefecture=0.0),
}
RULES = {
    "all contacts heard": BeliefExchange(weight=0.3),
    "bound of confidence 0.2": BeliefExchange(weight=0.3, bound=0.2),
    "stubbornness 0.1": BeliefExchange(weight=0.3, stubbornness=0.1),
    "nobody heard": BeliefExchange(weight=0.0),
}


def run(information: Information) -> RightsMarketModel:
    """Run five years of the market with one network."""
    market = small_market(n_firms=150, tightness=0.04, years=5, days_per_year=36)
    sectors = {name: replace(s, measures=[KILN], cash_share=1.0) for name, s in market.population.sectors.items()}
    population = replace(market.population, sectors=sectors)
    model = RightsMarketModel(replace(market, population=population, information=information), seed=1)
    while model.running:
        model.step()
    return model


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for name, network in NETWORKS.items():
    told = run(Information(network, technology=WORD, interval_days=3)).information.diffusion
    left.plot([row[0] / 36 for row in told], [100 * row[4] / row[2] for row in told], label=name)
for name, rule in RULES.items():
    heard = run(Information(SmallWorld(), rule, interval_days=3)).information.beliefs
    right.plot([row[0] / 36 for row in heard], [row[2] for row in heard], label=name)
    print(f"{name}: beliefs {np.round(heard[0][2], 2)} apart at the start, {np.round(heard[-1][2], 2)} at the end")
left.set(xlabel="year", ylabel="firms that use the kiln, %")
right.set(xlabel="year", ylabel="standard deviation of log beliefs", ylim=(0, None))
left.legend(frameon=False, fontsize="small")
right.legend(frameon=False, fontsize="small", loc="upper right", bbox_to_anchor=(1.0, 0.9))
figure.savefig(Path(sys.argv[1]), dpi=110)
