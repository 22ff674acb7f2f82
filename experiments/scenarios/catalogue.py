"""The scenarios that ship with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from experiments.scenarios.errors import Problem, ScenarioError, did_you_mean
from experiments.scenarios.yaml_source import decode, parse, read_bytes

NOT_SCENARIOS = frozenset({"sectors"})
FIRST = ("china-ets", "jiangxi", "poyang", "lab")
"""Scenarios that are no preset of one market's rules."""
CHINESE = ("china", "jiangxi", "zhejiang")


def library() -> Path:
    """Return the folder of the shipped scenarios."""
    return Path(str(files("experiments.scenarios") / "library"))


def shipped() -> dict[str, Path]:
    """Return the shipped scenarios by name: those to begin with, then the rules of real markets by country and year."""
    found = sorted(library().glob("*.yaml"), key=lambda p: (p.stem not in FIRST, *_place(p.stem)))
    return {p.stem: p for p in found if p.stem not in NOT_SCENARIOS}


def titles(lang: str) -> dict[str, str]:
    """Return the titles of the shipped scenarios by name, read from their own files and not checked.

    Parameters
    ----------
    lang : str
        ``en`` or ``zh``.
    """
    roots = {name: parse(decode(read_bytes(path), path.name), path.name) for name, path in shipped().items()}
    return {name: str(root.children["title"].children[lang].value) for name, root in roots.items()}


def _place(name: str) -> tuple[bool, int, str]:
    """Return the place of a scenario among its like: Chinese ones before foreign ones."""
    return not name.startswith(CHINESE), FIRST.index(name) if name in FIRST else 0, name


def is_path(name: str) -> bool:
    """Return whether a text means a file and not the name of a shipped scenario."""
    return "/" in name or "\\" in name or name.endswith((".yaml", ".yml"))


def locate(name: str, *, beside: Path | None = None, problem: Problem | None = None) -> Path:
    """Return the file that a name or path means.

    Parameters
    ----------
    name : str
        Name of a shipped scenario, or path of a file.
    beside : Path, optional
        Folder that relative paths start from; the working folder if None.
    problem : Problem, optional
        Place to blame when there is no such file.

    Raises
    ------
    ScenarioError
        If no shipped scenario has that name, or the path is no file on this machine.
    """
    at = problem or Problem("command line", 0, "scenario", "")

    def refuse(what: str, expected: str) -> ScenarioError:
        return ScenarioError(Problem(at.file, at.line, at.path, what, name, expected))

    if "://" in name or name.startswith(("//", "\\\\")):
        raise refuse("is not a file on this machine", "a shipped scenario's name or the path of a file")
    if not is_path(name):
        known = shipped()
        if name not in known:
            raise refuse("is not a shipped scenario", f"the path of a .yaml file or {did_you_mean(name, known)}")
        return known[name]
    path = Path(name) if beside is None else beside / name
    if not path.is_file():
        raise refuse("is not a file" if path.exists() else "does not exist", "the path of a scenario file")
    return path
