"""What links and fiscal rules, which concern a market as a whole, say about its rights, sectors and each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from experiments.scenarios.errors import Problem, did_you_mean
from experiments.scenarios.located import problem_at
from experiments.scenarios.nodes import Node, Path
from experiments.scenarios.schema import MarketScenario
from rights_market.policies.fiscal import (
    DifferentialPowerPrice,
    EmissionStandard,
    EmissionTax,
    MeasureSubsidy,
    RevenueRecycling,
)
from rights_market.policies.links import MarketLink, PowerPassThrough, RightExchangeRate
from rights_market.policies.where import Narrowed

Found = Iterator[Problem]
Named = tuple[Path, str]
ENDS = ("source", "target")


def market_rule_problems(scenario: MarketScenario, root: Node) -> Found:
    """Yield what is wrong with the rules of the market as a whole."""
    for i, rule in enumerate(scenario.links):
        yield from _link(scenario, ("links", i), rule, root)
    for i, rule in enumerate(scenario.fiscal):
        yield from _fiscal(scenario, ("fiscal", i), rule, root)
    yield from _bans(scenario, root)
    yield from _overlaps("links", scenario.links, root)
    yield from _overlaps("fiscal", scenario.fiscal, root)


def _link(scenario: MarketScenario, path: Path, rule: Any, root: Node) -> Found:
    if isinstance(rule, RightExchangeRate):
        found: list[Named] = [
            ((*path, "pairs", k, end), getattr(pair, end)) for k, pair in enumerate(rule.pairs) for end in ENDS
        ]
    else:
        found = [((*path, "right"), rule.right)]
    yield from _known(found, scenario.rights, "right", root)
    needs_units = isinstance(rule, MarketLink | RightExchangeRate)
    for at, code in found if needs_units else ():
        if code in scenario.rights and not scenario.rights[code].tradable:
            yield problem_at(root, at, "is not traded: its `tradable` is false", "a right with units")


def _fiscal(scenario: MarketScenario, path: Path, rule: Any, root: Node) -> Found:
    rights: list[Named] = []
    if isinstance(rule, EmissionTax):
        rights = [((*path, "uses", k, "right"), use.right) for k, use in enumerate(rule.uses)]
    elif getattr(rule, "right", None) is not None:
        rights = [((*path, "right"), rule.right)]
    yield from _known(rights, scenario.rights, "right", root)
    sectors = scenario.firms.sectors
    for field in ("concentration", "limit", "classes"):
        named = getattr(rule, field, None)
        if isinstance(named, dict):
            yield from _known([((*path, field, code), code) for code in named], sectors, "sector", root)
    if isinstance(rule, Narrowed):
        for field in ("sectors", "classes"):
            names = getattr(rule.where, field)
            yield from _known([((*path, "where", field, k), x) for k, x in enumerate(names)], sectors, "sector", root)
    if isinstance(rule, MeasureSubsidy):
        known = {m.name.en for sector in sectors.values() for m in sector.measures}
        yield from _known([((*path, "measures", k), x) for k, x in enumerate(rule.measures)], known, "measure", root)
        if rule.from_fund and not any(isinstance(x, RevenueRecycling) for x in scenario.fiscal):
            expected = "a revenue_recycling with a share for abatement_fund"
            yield problem_at(root, (*path, "from_fund"), "is true but nothing fills the fund", expected)


def _bans(scenario: MarketScenario, root: Node) -> Found:
    """Yield sanctions that ban from subsidies where no subsidy asks for it, and subsidies that ask where none bans."""
    asking = [("fiscal", i) for i, rule in enumerate(scenario.fiscal) if getattr(rule, "exclude_banned", False)]
    banning = [
        ("rights", code, "sanctions", "steps", k, "ban_subsidies_years")
        for code, block in scenario.rights.items()
        for k, step in enumerate(() if block.sanctions is None else block.sanctions.steps)
        if step.ban_subsidies_years
    ]
    for path in () if asking else banning:
        expected = "a measure_subsidy with exclude_banned: true in `fiscal`"
        yield problem_at(root, path, "bans from subsidies, but none excludes those who are banned", expected)
    # Sanctions may come with a dated change.
    later = any(key.split(".")[0] == "sanctions" for b in scenario.rights.values() for c in b.changes for key in c.set)
    for at in () if banning or later else asking:
        expected = "a step of `sanctions` with ban_subsidies_years above 0"
        yield problem_at(root, (*at, "exclude_banned"), "is true, but no sanction bans from subsidies", expected)


def _known(names: Iterable[Named], known: Iterable[str], what: str, root: Node) -> Found:
    listing = list(known)
    for path, name in names:
        if name not in listing:
            yield problem_at(root, path, f"is not a known {what}", did_you_mean(name, listing), repr(name))


def _overlaps(slot: str, rules: list[Any], root: Node) -> Found:
    for (i, first), (j, second) in combinations(enumerate(rules), 2):
        clash = _clash(first, second)
        if clash:
            other, _ = root.nearest((slot, i))
            what = f"E_OVERLAP: {clash} by this entry and by entry {i} (line {other.place})"
            yield problem_at(root, (slot, j), what, "one of the two", "")


def _clash(first: Any, second: Any) -> str:
    """Return what two rules both decide; empty if they can stand beside each other."""
    if type(first) is not type(second):
        return ""
    if isinstance(first, MarketLink | PowerPassThrough):
        return f"{first.right} is tied" if first.right == second.right else ""
    if isinstance(first, RightExchangeRate):
        ways = [{(p.source, p.target) for p in rule.ways()} for rule in (first, second)]
        return "one way is opened" if ways[0] & ways[1] else ""
    if isinstance(first, RevenueRecycling):
        return "the revenue is shared"
    if isinstance(first, DifferentialPowerPrice | EmissionStandard) and first.where.overlaps(second.where):
        same = getattr(first, "right", None) == getattr(second, "right", None)
        return "some firm and year is meant" if same or isinstance(first, DifferentialPowerPrice) else ""
    if isinstance(first, EmissionTax) and first.where.overlaps(second.where):
        both = {use.right for use in first.uses} & {use.right for use in second.uses}
        return f"{', '.join(sorted(both))} is taxed" if both else ""
    return ""
