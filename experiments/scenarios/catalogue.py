"""The scenarios that ship with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from experiments.scenarios.errors import Problem, ScenarioError, did_you_mean

NOT_SCENARIOS = frozenset({"sectors"})


def library() -> Path:
    """Return the folder of the shipped scenarios."""
    return Path(str(files("experiments.scenarios") / "library"))


def shipped() -> dict[str, Path]:
    """Return the shipped scenarios by name, in order of the alphabet."""
    found = sorted(library().glob("*.yaml"))
    return {p.stem: p for p in found if p.stem not in NOT_SCENARIOS}


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
