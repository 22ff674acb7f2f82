"""Dated changes of the rules: each is put into the file as it stood before, and the whole is read and checked anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from experiments.scenarios.blocks import RightBlock
from experiments.scenarios.checks import market_problems
from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.located import problem_at, read_tree, rule_problem
from experiments.scenarios.nodes import Node, Path, dotted
from experiments.scenarios.overrides import put
from experiments.scenarios.schema import MarketScenario, rule_book
from rights_market.errors import RightsMarketError
from rights_market.rule_change import RuleChange
from rights_market.rule_history import RuleHistory
from rights_market.rulebook import RuleBook


def read_changes(scenario: MarketScenario, root: Node) -> tuple[RuleChange, ...]:
    """Return the dated changes of all rights of a scenario that is sound without them.

    Raises
    ------
    ScenarioError
        With every problem of the first change that has any, located where its values were written.
    """
    return tuple(change for code in scenario.rights for change in _of_right(code, scenario, root))


def _of_right(code: str, scenario: MarketScenario, root: Node) -> Iterator[RuleChange]:
    """Yield the changes of a right in the order in which they begin, each on top of those before."""
    block = scenario.rights[code]
    first = before = rule_book(code, block)
    tree, found = _without(root, ("rights", code), "changes"), []
    for i in sorted(range(len(block.changes)), key=lambda i: max(block.changes[i].start, block.changes[i].announce)):
        path: Path = ("rights", code, "changes", i)
        tree = _changed(tree, root, path)
        after = rule_book(code, _read(tree, code, path))
        slots = {f.name: getattr(after, f.name) for f in fields(RuleBook) if _differs(f.name, before, after)}
        written = block.changes[i]
        try:
            change = RuleChange(
                right=code,
                announce=written.announce,
                start=written.start,
                slots=slots,
                retroactive=written.retroactive,
            )
            found.append(change)
            RuleHistory(first, found)
        except RightsMarketError as error:
            raise ScenarioError(rule_problem(error, path, root)) from error
        if not slots:
            raise ScenarioError(problem_at(root, (*path, "set"), "changes nothing", "other values than those before"))
        before = after
        yield change


def _changed(tree: Node, root: Node, path: Path) -> Node:
    """Return the tree with the values of one change put in."""
    values, _ = root.nearest((*path, "set"))
    for where, value in values.children.items():
        parts = where.split(".")
        if not all(parts):
            what, expected = "names no value", "a rule, or a dotted path into one"
            raise ScenarioError(Problem(value.file, value.place, dotted((*path, "set", where)), what, where, expected))
        tree = put(tree, [str(path[0]), str(path[1]), *parts], value)
    return tree


def _read(tree: Node, code: str, path: Path) -> RightBlock:
    """Read and check the scenario as it stands after a change, and return its right."""
    scenario, problems = read_tree("market", tree)
    if scenario is not None and not problems:
        problems = list(market_problems(scenario, tree))
    if problems:
        inside = f"rights.{code}."
        named = dotted((*path, "set"))
        raise ScenarioError([replace(p, path=f"{named}: {p.path.removeprefix(inside)}") for p in problems])
    changed: RightBlock = scenario.rights[code]
    return changed


def _without(root: Node, path: Path, key: str) -> Node:
    """Return the tree without one entry of the mapping at a path."""
    if not path:
        return replace(root, value={k: node for k, node in root.children.items() if k != key})
    below = root.child(path[0])
    assert below is not None
    return replace(root, value={**root.children, str(path[0]): _without(below, path[1:], key)})


def _differs(slot: str, before: RuleBook, after: RuleBook) -> bool:
    return bool(getattr(before, slot) != getattr(after, slot))
