"""The import contracts of .importlinter hold, and the institution depends on arrays only."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"agents", "experiments", "rights_market"}


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("rights_market", "agents", "experiments", include_external_packages=True, cache_dir=None)


def external_packages(imports: grimp.ImportGraph, package: str) -> set[str]:
    """Return the top-level packages outside the project and the standard library that a package imports itself."""
    modules = {package} | imports.find_descendants(package)
    names = {found.split(".")[0] for module in modules for found in imports.find_modules_directly_imported_by(module)}
    return names - OURS - sys.stdlib_module_names


def test_import_contracts_are_kept() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    lint = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert "0 broken" in lint.stdout


@pytest.mark.parametrize(
    ("package", "allowed"),
    [("rights_market", {"annotated_types", "numba", "numpy", "scipy"}), ("rights_market.kernels", {"numba", "numpy"})],
)
def test_outside_packages_are_a_closed_list(imports: grimp.ImportGraph, package: str, allowed: set[str]) -> None:
    assert external_packages(imports, package) <= allowed


def test_external_packages_are_seen(imports: grimp.ImportGraph) -> None:
    assert "numpy" in external_packages(imports, "rights_market")


@pytest.mark.parametrize("package", ["rights_market", "agents"])
def test_nobody_goes_through_their_own_front_door(imports: grimp.ImportGraph, package: str) -> None:
    inside = imports.find_descendants(package)
    assert inside
    assert imports.find_modules_that_directly_import(package) & inside == set()
