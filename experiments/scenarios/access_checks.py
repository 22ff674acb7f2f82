"""What a scenario says about firms that come and go, regions and classes: names that must exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from experiments.scenarios.blocks import RightBlock
from experiments.scenarios.errors import Problem, did_you_mean
from experiments.scenarios.located import problem_at
from experiments.scenarios.nodes import Node, Path
from experiments.scenarios.schema import MarketScenario
from rights_market.policies.allocation import EmissionMatchingBand
from rights_market.policies.cap import EnergyDualControl

Found = Iterator[Problem]


def access_problems(scenario: MarketScenario, root: Node) -> Found:
    """Yield names of firms, sectors, classes and regions that do not exist; to be asked once the firms are read."""
    yield from _projects(scenario, root)
    yield from _closures(scenario, root)
    yield from _regions(scenario, root)
    for code, block in scenario.rights.items():
        yield from _classes(code, block, list(scenario.firms.sectors), root)
        yield from _strategic(code, block, scenario, root)


def mix_notes(scenario: MarketScenario) -> list[str]:
    """Return which sectors are given nothing free because no free share names them."""
    notes = []
    for code, block in scenario.rights.items():
        years = {y for p in block.periods for y in p.years}
        unserved = [
            sector
            for sector, spec in scenario.firms.sectors.items()
            if block.mix
            and code in (spec.intensity if spec.covered is None else spec.covered)
            and not all(any(entry.where.selects(sector, sector, y) for entry in block.mix) for y in years)
        ]
        if unserved:
            notes.append(
                f"rights.{code}.mix: no_allocation_rule for {', '.join(unserved)} in some year: "
                "they are given nothing free then"
            )
    return notes


def _named(name: str, known: Iterable[str], path: Path, what: str, root: Node) -> Found:
    listing = sorted(known)
    if name not in listing:
        yield problem_at(root, path, f"is not a known {what}", did_you_mean(name, listing), repr(name))


def _projects(scenario: MarketScenario, root: Node) -> Found:
    firms = set(scenario.firm_names()[: -len(scenario.firms.projects) or None])
    regions = _region_names(scenario)
    taken = set(firms)
    for i, project in enumerate(scenario.firms.projects):
        path: Path = ("population", "projects", i)
        if project.name in taken:
            yield problem_at(root, (*path, "name"), "is the name of another firm", "each name once")
        taken.add(project.name)
        yield from _named(project.sector, scenario.firms.sectors, (*path, "sector"), "sector", root)
        if project.replaces:
            yield from _named(project.replaces, firms, (*path, "replaces"), "firm", root)
        if project.region:
            yield from _named(project.region, regions, (*path, "region"), "region", root)


def _closures(scenario: MarketScenario, root: Node) -> Found:
    firms = set(scenario.firm_names())
    seen: set[str] = set()
    for i, closure in enumerate(scenario.firms.closures):
        path: Path = ("population", "closures", i, "firm")
        yield from _named(closure.firm, firms, path, "firm", root)
        if closure.firm in seen:
            yield problem_at(root, path, "closes twice", "each firm once")
        seen.add(closure.firm)


def _strategic(code: str, block: RightBlock, scenario: MarketScenario, root: Node) -> Found:
    """Yield strategic firms of a reserve that do not exist."""
    rule = block.government_reserve
    known = set(scenario.firm_names())
    for i, name in enumerate(() if rule is None else rule.strategic):
        path: Path = ("rights", code, "government_reserve", "strategic", i)
        yield from _named(name, known, path, "firm", root)


def _region_names(scenario: MarketScenario) -> set[str]:
    of_sectors = {name for sector in scenario.firms.sectors.values() for name in sector.regions}
    return of_sectors | {row.region for row in scenario._rows if row.region}


def _regions(scenario: MarketScenario, root: Node) -> Found:
    known = _region_names(scenario)
    for code, block in scenario.rights.items():
        if isinstance(block.cap, EnergyDualControl):
            for region in block.cap.total:
                yield from _named(region, known, ("rights", code, "cap", "total", region), "region", root)


def _classes(code: str, block: RightBlock, sectors: list[str], root: Node) -> Found:
    """Yield names of classes or sectors, in the numbers of rules, that no firm has."""
    lists: list[tuple[Path, Iterable[str]]] = []
    if block.scaling is not None:
        lists.append((("scaling", "exempt"), block.scaling.exempt))
    if block.entrant_reserve is not None:
        lists.append((("entrant_reserve", "benchmark"), block.entrant_reserve.benchmark))
    if block.replacement is not None:
        lists.append((("replacement", "sector_factor"), block.replacement.sector_factor))
    for i, entry in enumerate(block.allocation):
        if isinstance(entry, EmissionMatchingBand):
            lists.append((("allocation", i, "exempt_classes"), entry.exempt_classes))
            lists.append((("allocation", i, "balance_value"), entry.balance_value))
    for path, names in lists:
        for name in names:
            yield from _named(name, sectors, ("rights", code, *path), "class", root)
