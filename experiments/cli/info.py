"""Which program this is and where it runs, for bug reports."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("numpy", "numba", "mesa", "pandas", "scipy", "pyarrow", "pydantic", "ruamel.yaml", "matplotlib")


def describe() -> Iterator[tuple[str, str]]:
    """Yield names and values: versions, interpreter, processors, and whether the kernels need compiling."""
    yield "rights-market", _version("rights-market")
    yield "python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", f"{platform.system()} {platform.machine()}"
    yield "processors", str(os.cpu_count())
    for package in PACKAGES:
        yield package, _version(package)
    yield "kernels", "cached" if kernels_are_cached() else "not compiled yet: the first run takes some seconds longer"


def kernels_are_cached() -> bool:
    """Return whether compiled kernels are stored on this machine, so that a run starts without compiling."""
    spec = find_spec("rights_market.kernels")
    folders = [] if spec is None else [Path(p) for p in spec.submodule_search_locations or ()]
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return any(Path(chosen).glob("**/*.nbc"))
    return any(cache for folder in folders for cache in folder.glob("__pycache__/*.nbc"))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
