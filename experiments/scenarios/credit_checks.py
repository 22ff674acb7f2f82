"""What credits of a scenario say about each other: who makes them, who accepts them, by which names."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.scenarios.errors import Problem, did_you_mean
from experiments.scenarios.located import problem_at, rule_problem
from experiments.scenarios.nodes import Node, Path
from experiments.scenarios.schema import MarketScenario, credit, is_whole_ticks
from rights_market.errors import RightsMarketError

Found = Iterator[Problem]


def credit_problems(scenario: MarketScenario, root: Node) -> Found:
    """Yield what is wrong between credits, their sources and the rights that accept them."""
    yield from _terms(scenario, root)
    yield from _acceptance(scenario, root)
    yield from _sources(scenario, root)


def _terms(scenario: MarketScenario, root: Node) -> Found:
    for code, block in scenario.credits.items():
        path: Path = ("credits", code)
        if code in scenario.rights:
            yield problem_at(root, path, f"is the code of a right and of a credit: {code}", "another code", "")
        elif not is_whole_ticks(block.opening_price_yuan, block.tick_yuan):
            at = (*path, "opening_price_yuan")
            yield problem_at(root, at, "is no whole number of ticks", f"a multiple of tick_yuan {block.tick_yuan}")
        else:
            try:
                credit(code, block)
            except RightsMarketError as error:
                yield rule_problem(error, path, root)


def _acceptance(scenario: MarketScenario, root: Node) -> Found:
    limits = {code: block.offset_limit for code, block in scenario.rights.items() if block.offset_limit is not None}
    if scenario.credits and not limits:
        what = "are traded, but no right has an `offset_limit`, so that nobody could use them"
        yield problem_at(root, ("credits",), what, "an `offset_limit` of a right in `rights`", "")
    types = [block.type for block in scenario.credits.values()]
    for code, limit in limits.items():
        for i, accepted in enumerate(limit.accept):
            if types and accepted.type not in types:
                at = ("rights", code, "offset_limit", "accept", i, "type")
                yield problem_at(root, at, "is not the type of a credit", did_you_mean(accepted.type, types))


def _sources(scenario: MarketScenario, root: Node) -> Found:
    names: list[str] = []
    for i, source in enumerate(scenario.credit_sources):
        path: Path = ("credit_sources", i)
        if source.credit not in scenario.credits:
            known = list(scenario.credits)
            yield problem_at(root, (*path, "credit"), "is not a code of `credits`", did_you_mean(source.credit, known))
        if source.name in names:
            yield problem_at(root, (*path, "name"), "is the name of two sources", "each name once")
        names.append(source.name)
