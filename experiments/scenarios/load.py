"""From a name or a file to a scenario that is sound, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.scenarios.catalogue import locate
from experiments.scenarios.errors import Problem, ScenarioError, did_you_mean
from experiments.scenarios.extends import Source, read
from experiments.scenarios.nodes import Node, dotted
from experiments.scenarios.nodes import Path as Where
from experiments.scenarios.overrides import override
from experiments.scenarios.yaml_source import MAX_NODES

if TYPE_CHECKING:
    from experiments.scenarios.schema import LaboratoryScenario, MarketScenario


def load_scenario(name_or_path: str | Path, *, overrides: Sequence[str] = ()) -> MarketScenario | LaboratoryScenario:
    """Read a scenario, with those it extends, its firms file, and changes from the command line.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped scenario, or path of a YAML file.
    overrides : sequence of str
        ``dotted.path=value``, applied in order.

    Returns
    -------
    MarketScenario or LaboratoryScenario

    Raises
    ------
    ScenarioError
        With every problem found.  Clashes between blocks are looked for once each block is sound by itself.
    """
    path = name_or_path if isinstance(name_or_path, Path) else locate(str(name_or_path))
    source = read(path)
    root = source.root
    for text in overrides:
        root = override(root, text)
    _check_size(root)
    scenario = _validated(root, source)
    scenario._texts = source.texts
    scenario._overrides = tuple(overrides)
    return scenario


def _validated(root: Node, source: Source) -> MarketScenario | LaboratoryScenario:
    from experiments.scenarios.access_checks import access_problems, mix_notes
    from experiments.scenarios.changes import read_changes
    from experiments.scenarios.checks import CHECKS, calendar_notes
    from experiments.scenarios.contacts_file import information_problems
    from experiments.scenarios.located import read_tree
    from experiments.scenarios.schema import MarketScenario
    from experiments.scenarios.zone_checks import home_problems

    kind = _kind(root)
    scenario, problems = read_tree(kind, root)
    if scenario is not None and not problems:
        problems = list(CHECKS[kind](scenario, root))
    if problems:
        raise ScenarioError(problems)
    if isinstance(scenario, MarketScenario):
        scenario._changes = read_changes(scenario, root)
        scenario._notes = (*calendar_notes(scenario), *mix_notes(scenario))
        _add_firms(scenario, root, source)
        problems = [*access_problems(scenario, root), *information_problems(scenario, root)]
        if problems:
            raise ScenarioError(problems)
        _add_contacts(scenario, root, source)
        lost = list(home_problems(scenario, root))
        if lost:
            raise ScenarioError(lost)
    return scenario


def _add_firms(scenario: MarketScenario, root: Node, source: Source) -> None:
    """Read the firms file, which lies beside the file that names it."""
    block = scenario.firms
    if block.file is None:
        return
    from experiments.scenarios.firms_file import read_firms

    path = _file_at(("population", "file"), block.file, root, source)
    read = read_firms(path, block, {code: terms.unit for code, terms in scenario.rights.items()})
    scenario._rows = read.rows
    scenario._notes += read.notes


def _add_contacts(scenario: MarketScenario, root: Node, source: Source) -> None:
    """Read the file of contacts, which lies beside the file that names it."""
    from experiments.scenarios.contacts_file import read_contacts

    file = None if scenario.information is None else getattr(scenario.information.network, "file", None)
    if file is not None:
        path = _file_at(("information", "network", "file"), file, root, source)
        scenario._contacts = read_contacts(path, scenario.firm_names())


def _file_at(where: Where, name: str, root: Node, source: Source) -> Path:
    """Return the path of a table that a scenario names.

    Raises
    ------
    ScenarioError
        If it is no file on this machine.
    """
    node, _ = root.nearest(where)
    if "://" in name or name.startswith(("//", "\\\\")):
        what, expected = "is not a file on this machine", "the path of a .csv or .xlsx file"
        raise ScenarioError(Problem(node.file, node.line, dotted(where), what, name, expected))
    path = source.folder_of(node.file) / name
    if not path.is_file():
        what = f"is not a file in {path.parent.absolute()}"
        raise ScenarioError(Problem(node.file, node.line, dotted(where), what, name, "a .csv or .xlsx file"))
    return path


def _kind(root: Node) -> str:
    kinds = ("market", "laboratory")
    node = root.child("kind")
    if node is None:
        raise ScenarioError(Problem(root.file, root.line, "kind", "is missing", "", f"one of: {', '.join(kinds)}"))
    if node.value not in kinds:
        expected = did_you_mean(str(node.value), kinds)
        raise ScenarioError(Problem(node.file, node.line, "kind", "is not a known kind", node.shown, expected))
    return str(node.value)


def _check_size(root: Node) -> None:
    """Refuse a chain of files that together hold more than one file may."""
    count = 0
    stack = [root]
    while stack:
        node = stack.pop()
        count += 1
        if count > MAX_NODES:
            what = "holds too many values together with what it extends"
            raise ScenarioError(
                Problem(root.file, 0, "file", what, f"more than {MAX_NODES:,}", f"at most {MAX_NODES:,}")
            )
        stack.extend(node.value if isinstance(node.value, list) else node.children.values())
