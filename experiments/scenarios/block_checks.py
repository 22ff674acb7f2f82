"""Whether anybody is large enough to agree on a block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agents.firms import Firms
from agents.streams import Streams
from experiments.scenarios.errors import Problem
from experiments.scenarios.located import problem_at
from experiments.scenarios.nodes import Node
from experiments.scenarios.schema import MarketScenario, rule_book


def block_problems(scenario: MarketScenario, root: Node) -> Iterator[Problem]:
    """Yield blocks whose smallest size is above what the largest firm uses in a year, and so is given for one.

    Firms are those of the seed of the population, or else of the run.
    """
    books = [rule_book(code, block) for code, block in scenario.rights.items()]
    if not any(book.block for book in books):
        return
    population = scenario.population
    seed = scenario.run.seed if population.seed is None else population.seed
    firms = Firms(population, list(scenario.rights), Streams(seed))
    for r, book in enumerate(books):
        if book.block is None:
            continue
        years = sorted({year for period in book.periods for year in period.years})
        use = np.max([firms.output * firms.intensity(year)[:, r] for year in years], axis=0)
        largest = int(use[firms.subject[:, r]].max(initial=0.0) / float(book.right.lot))
        if book.block.min_lots > largest:
            path = ("rights", book.right.code, "block", "min_qty")
            what = f"is above the largest account: no firm of `population.sectors` uses more than {largest} lots a year"
            yield problem_at(root, path, what, f"at most {largest}", str(book.block.min_lots))
