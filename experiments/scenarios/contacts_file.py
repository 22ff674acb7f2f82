"""What a scenario says about its information network: names that must exist, and contacts that firms can have."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path

from agents.information_spec import Communities, ScaleFree, SmallWorld
from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.information_block import EdgeListBlock, InformationBlock
from experiments.scenarios.located import problem_at
from experiments.scenarios.nodes import Node
from experiments.scenarios.schema import MarketScenario
from experiments.scenarios.table_file import Table, read_table

Found = Iterator[Problem]
Edges = tuple[tuple[str, str], ...]
NETWORK = ("information", "network")
ENDS = ("from", "to")


def read_contacts(path: Path, firms: Collection[str]) -> Edges:
    """Read pairs of firms from a table with the columns `from` and `to`.

    Raises
    ------
    ScenarioError
        If a column is missing, or with every row that names a firm that does not exist.
    """
    table = read_table(path)
    missing = [name for name in ENDS if name not in table.headers]
    if missing:
        found = ", ".join(table.headers)
        raise ScenarioError(
            Problem(table.file, table.header_row, missing[0], "is missing", found, "columns `from` and `to`")
        )
    problems = list(_bad_rows(table, set(firms)))
    if problems:
        raise ScenarioError(problems)
    one, other = (table.headers.index(name) for name in ENDS)
    return tuple((str(row.cells[one]).strip(), str(row.cells[other]).strip()) for row in table.rows)


def _bad_rows(table: Table, firms: Collection[str]) -> Found:
    for row in table.rows:
        for name in ENDS:
            at = table.headers.index(name)
            cell = row.cells[at] if at < len(row.cells) else None
            firm = "" if cell is None else str(cell).strip()
            if firm not in firms:
                yield Problem(table.file, row.number, name, "is not a known firm", firm, _alike(firm, firms))


def information_problems(scenario: MarketScenario, root: Node) -> Found:
    """Yield what is wrong with the information network; to be asked once the firms are read."""
    block = scenario.information
    if block is None:
        return
    if block.beliefs is None and block.technology is None:
        what, expected = "holds neither `beliefs` nor `technology`", "at least one of them: nothing would spread"
        yield problem_at(root, ("information",), what, expected, "")
    measures = [m for sector in scenario.firms.sectors.values() for m in sector.measures]
    if block.technology is not None and not measures:
        what, expected = "has nothing to spread", "`measures` in a sector of the population"
        yield problem_at(root, ("information", "technology"), what, expected, "")
    yield from _network(scenario, block, root)


def _network(scenario: MarketScenario, block: InformationBlock, root: Node) -> Found:
    network, names = block.network, set(scenario.firm_names())
    if isinstance(network, EdgeListBlock):
        if bool(network.edges) == (network.file is not None):
            what = "holds both `edges` and `file`" if network.edges else "holds neither `edges` nor `file`"
            yield problem_at(root, NETWORK, what, "one of them", "")
        for i, pair in enumerate(network.edges):
            for k, name in enumerate(pair):
                if name not in names:
                    at = (*NETWORK, "edges", i, k)
                    yield problem_at(root, at, "is not a known firm", _alike(name, names), repr(name))
    contacts = {SmallWorld: "degree", ScaleFree: "links"}.get(type(network))
    if contacts is not None and getattr(network, contacts) >= len(names):
        what, expected = "is too many", f"fewer than the {len(names)} firms"
        yield problem_at(root, (*NETWORK, contacts), what, expected, str(getattr(network, contacts)))
    if isinstance(network, Communities):
        yield from _communities(scenario, network, root)


def _communities(scenario: MarketScenario, network: Communities, root: Node) -> Found:
    """Yield circles in which nobody is."""
    grouped = scenario.firms.relations.groups > 0 or any(row.group for row in scenario._rows)
    placed = any(sector.regions for sector in scenario.firms.sectors.values())
    placed = any(row.region for row in scenario._rows) if scenario._rows else placed
    for field, is_known, expected in (
        ("group", grouped, "0, or groups: population.relations, or a column `group` of the firms file"),
        ("prefecture", placed, "0, or prefectures: `regions` of sectors, or a column `region` of the firms file"),
    ):
        if getattr(network, field) > 0 and not is_known:
            what = f"asks for contacts inside a {field}, but no firm has one"
            yield problem_at(root, (*NETWORK, field), what, expected, str(getattr(network, field)))


def _alike(name: str, firms: Collection[str]) -> str:
    """Return what was probably meant; a list of all firms would be too long to read."""
    close = difflib.get_close_matches(name, sorted(firms), n=1, cutoff=0.6)
    return "the name of a firm" + (f"; did you mean '{close[0]}'?" if close else "")
