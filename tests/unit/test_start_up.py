"""Front doors are cheap: a package loads what is asked of it, not everything it could offer."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"matplotlib", "mesa", "networkx", "numba", "numpy", "pandas", "pyarrow", "pydantic", "scipy"}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("package", ["rights_market", "agents", "experiments"])
def test_a_front_door_loads_nothing_heavy(package: str) -> None:
    assert loaded_by(f"import {package}") & HEAVY == set()


def test_the_vocabulary_loads_numpy_alone() -> None:
    loaded = loaded_by("from rights_market import Orders, Right, Side")
    assert loaded & HEAVY == {"numpy"}


def test_version_needs_no_heavy_module() -> None:
    assert loaded_by("import experiments; assert experiments.__version__") & HEAVY == set()


@pytest.mark.parametrize("package", ["rights_market", "agents", "experiments"])
def test_every_name_behind_a_front_door_exists(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)


@pytest.mark.parametrize("package", ["rights_market", "agents", "experiments"])
def test_an_unknown_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"{package}.*surplus_value"):
        _ = importlib.import_module(package).surplus_value


def test_agents_says_whose_it_is() -> None:
    import agents

    assert agents.PROJECT == "rights-market"
