"""scripts/lock.py merges the choices of several interpreters, and constraints.txt is what it would write."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from scripts.lock import main, merge, minor_version, normalise, requirements

ROOT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)(; (?P<marker>[^;]+))?$")


def pins() -> list[re.Match[str]]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    matches = [PIN.match(line) for line in lines if not line.startswith("#")]
    assert None not in matches
    return [m for m in matches if m]


def test_equal_versions_need_no_marker() -> None:
    assert merge({(3, 11): {"click": "8.5.1"}, (3, 13): {"click": "8.5.1"}}) == ["click==8.5.1"]


def test_three_versions_get_a_lower_a_middle_and_an_upper_marker() -> None:
    assert merge({(3, 13): {"numpy": "3"}, (3, 11): {"numpy": "1"}, (3, 12): {"numpy": "2"}}) == [
        'numpy==1; python_version < "3.12"',
        'numpy==2; python_version >= "3.12" and python_version < "3.13"',
        'numpy==3; python_version >= "3.13"',
    ]


def test_a_package_that_only_one_interpreter_needs_is_pinned_for_all() -> None:
    assert merge({(3, 11): {"backport": "1"}, (3, 12): {}}) == ["backport==1"]


def test_requirements_are_those_of_the_project_and_of_every_extra_once() -> None:
    project = {"dependencies": ["a", "b>=1"], "optional-dependencies": {"x": ["c", "a"], "y": ["d"]}}
    assert requirements(project) == ["a", "b>=1", "c", "d"]


def test_an_interpreter_that_does_not_run_is_passed_over() -> None:
    assert minor_version(sys.executable) == sys.version_info[:2]
    assert minor_version("no-such-python") is None


def test_an_interpreter_asked_for_must_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-python"]) == 2
    assert "no-such-python" in capsys.readouterr().err


def test_constraints_hold_names_and_versions_only() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert [m["name"] for m in pins()] == sorted(m["name"] for m in pins())


def test_every_requirement_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {normalise(re.split(r"[\[<>=~!; ]", row)[0]) for row in requirements(project)}
    assert wanted - {m["name"] for m in pins()} == set()


def test_mesa_is_pinned_for_the_oldest_python_and_for_newer_ones() -> None:
    assert [m["marker"] for m in pins() if m["name"] == "mesa"] == [
        'python_version < "3.12"',
        'python_version >= "3.12"',
    ]
