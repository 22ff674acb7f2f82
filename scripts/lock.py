"""Write constraints.txt: the exact version of everything that the project or one of its extras installs.

One interpreter cannot serve all (Mesa 3.5 needs Python 3.12, for example), so each one that is found resolves
all requirements at once, without installing them, and versions that differ get an environment marker::

    python scripts/lock.py [interpreter ...]

An interpreter is a command name or path; by default every `python3.N` on the search path that the project admits.
The file holds names and versions only, never an address, so it serves any package index.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "constraints.txt"
CANDIDATES = ("python3.11", "python3.12", "python3.13", "python3.14")

HEADER = """\
# The exact version of everything that the project and its extras install; written by `make lock`.
# Use: pip install -c constraints.txt -e .
"""

Minor = tuple[int, int]
Pins = dict[str, str]


def requirements(project: Mapping[str, Any]) -> list[str]:
    """Return the dependencies and those of every extra, as `pyproject.toml` writes them.

    Parameters
    ----------
    project : mapping
        The `project` table.

    Returns
    -------
    list of str
        Requirements, each once.
    """
    extras = project.get("optional-dependencies", {})
    return list(dict.fromkeys([*project["dependencies"], *(r for rows in extras.values() for r in rows)]))


def minor_version(interpreter: str) -> Minor | None:
    """Return (3, N) of an interpreter, or None where it does not run: a version manager may leave such names behind."""
    if shutil.which(interpreter) is None:
        return None
    answer = subprocess.run(
        [interpreter, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)


def resolve(interpreter: str, wanted: Sequence[str]) -> Pins:
    """Let pip, in a fresh environment of the interpreter, choose one version for everything that is wanted.

    Parameters
    ----------
    interpreter : str
        Command name or path.
    wanted : sequence of str
        Requirements.

    Returns
    -------
    dict of str to str
        Version by normalised name.

    Raises
    ------
    subprocess.CalledProcessError
        If the environment cannot be made or the requirements contradict each other.
    ValueError
        If a chosen version is a local build, which no public index offers.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "venv")
        report = Path(folder, "report.json")
        subprocess.run([interpreter, "-m", "venv", str(home)], check=True)
        python = next(p for p in (home / "bin" / "python", home / "Scripts" / "python.exe") if p.exists())
        pip = [str(python), "-m", "pip", "install", "--quiet", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*pip, "--report", str(report), *wanted], check=True)
        chosen = [row["metadata"] for row in json.loads(report.read_text(encoding="utf-8"))["install"]]
    pins = {normalise(row["name"]): row["version"] for row in chosen}
    local = [f"{name} {version}" for name, version in pins.items() if "+" in version]
    if local:
        raise ValueError(f"local builds cannot be pinned: {', '.join(local)}")
    return pins


def normalise(name: str) -> str:
    """Return the one spelling of a distribution's name (PEP 503).

    Examples
    --------
    >>> normalise("Jinja2"), normalise("ruamel.yaml"), normalise("typing_extensions")
    ('jinja2', 'ruamel-yaml', 'typing-extensions')
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def merge(by_minor: Mapping[Minor, Pins]) -> list[str]:
    """Join what several interpreters chose into lines of a constraints file.

    Parameters
    ----------
    by_minor : mapping of (int, int) to dict
        Pins by Python version.

    Returns
    -------
    list of str
        Sorted lines; a marker stands only where versions differ.  The oldest and newest of several versions
        also serve older and newer interpreters than those asked, and a version between two that do not need
        the package serves them too.

    Examples
    --------
    >>> merge({(3, 11): {"mesa": "3.3.1", "click": "8.5.1"}, (3, 12): {"mesa": "3.5.1", "click": "8.5.1"}})
    ['click==8.5.1', 'mesa==3.3.1; python_version < "3.12"', 'mesa==3.5.1; python_version >= "3.12"']
    """
    lines = []
    for name in sorted({name for pins in by_minor.values() for name in pins}):
        choices = [(minor, pins[name]) for minor, pins in sorted(by_minor.items()) if name in pins]
        starts = [choice for i, choice in enumerate(choices) if i == 0 or choice[1] != choices[i - 1][1]]
        for i, (minor, version) in enumerate(starts):
            bounds = [f'python_version >= "{minor[0]}.{minor[1]}"'] if i > 0 else []
            if i + 1 < len(starts):
                after = starts[i + 1][0]
                bounds.append(f'python_version < "{after[0]}.{after[1]}"')
            lines.append(f"{name}=={version}" + (f"; {' and '.join(bounds)}" if bounds else ""))
    return lines


def main(argv: Iterable[str] | None = None) -> int:
    """Resolve with each interpreter and write the file; return the exit code."""
    parser = argparse.ArgumentParser(description="Write constraints.txt.")
    parser.add_argument("interpreters", nargs="*", help=f"default: those of {', '.join(CANDIDATES)} that run")
    asked = parser.parse_args(None if argv is None else list(argv)).interpreters
    found = {name: minor_version(name) for name in asked or CANDIDATES}
    broken = [name for name in asked if found[name] is None]
    if broken or not any(found.values()):
        print(f"lock: no such interpreter: {', '.join(broken or CANDIDATES)}", file=sys.stderr)
        return 2
    wanted = requirements(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])
    by_minor: dict[Minor, Pins] = {}
    for name, minor in found.items():
        if minor is None:
            continue
        print(f"resolving for Python {minor[0]}.{minor[1]}")
        by_minor[minor] = resolve(name, wanted)
    lines = merge(by_minor)
    TARGET.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(lines)} pins for Python {', '.join(f'{a}.{b}' for a, b in sorted(by_minor))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
