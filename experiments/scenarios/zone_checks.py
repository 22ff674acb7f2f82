"""What zones of a scenario say about its population: regions that must lie in a zone, sectors behind walls, traders."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.scenarios.errors import Problem, did_you_mean
from experiments.scenarios.located import problem_at
from experiments.scenarios.nodes import Node, Path
from experiments.scenarios.schema import MarketScenario
from rights_market.policies.zones import ZonePermission

Found = Iterator[Problem]


def zone_problems(scenario: MarketScenario, root: Node) -> Found:
    """Yield what is wrong between the zones of each right and those who would trade in them."""
    for code, block in scenario.rights.items():
        if isinstance(block.permission, ZonePermission):
            path: Path = ("rights", code, "permission")
            yield from _walls(block.permission, scenario, path, root)
            yield from _institutions(code, scenario, root)


def home_problems(scenario: MarketScenario, root: Node) -> Found:
    """Yield regions of firms that lie in no zone, once the firms are known."""
    for code, block in scenario.rights.items():
        if isinstance(block.permission, ZonePermission):
            yield from _homes(block.permission, code, scenario, ("rights", code, "permission"), root)


def _walls(rule: ZonePermission, scenario: MarketScenario, path: Path, root: Node) -> Found:
    sectors = list(scenario.firms.sectors)
    for i, wall in enumerate(rule.walls):
        for j, sector in enumerate(wall.sectors):
            if sector not in sectors:
                at = (*path, "walls", i, "sectors", j)
                yield problem_at(root, at, "is not a known sector", did_you_mean(sector, sectors), repr(sector))


def _homes(rule: ZonePermission, code: str, scenario: MarketScenario, path: Path, root: Node) -> Found:
    known = {*rule.zones, *rule.regions}
    lost = sorted({name for name in _regions(scenario, code) if name not in known})
    if lost:
        what = f"puts the regions {lost} of firms that must hold {code} in no zone, where they could not trade"
        yield problem_at(root, (*path, "regions"), what, f"a zone for each; zones are {list(rule.zones)}", "")


def _regions(scenario: MarketScenario, code: str) -> set[str]:
    holders = {
        name
        for name, sector in scenario.firms.sectors.items()
        if code in sector.intensity and (sector.covered is None or code in sector.covered)
    }
    if scenario.firms.file is None:
        drawn = [scenario.firms.sectors[name] for name in holders if scenario.firms.sectors[name].firms]
        return {region for sector in drawn for region in (sector.regions or {"": 1})}
    return {row.region for row in scenario.population.rows if row.sector in holders}


def _institutions(code: str, scenario: MarketScenario, root: Node) -> Found:
    for i, group in enumerate(scenario.firms.institutions):
        if group.rights is None or code in group.rights:
            at = ("population", "institutions", i, "rights")
            what = f"lets traders without a zone trade {code}, of which a unit is valid in its holder's zone"
            yield problem_at(root, at, what, f"`rights` without {code}", "")
