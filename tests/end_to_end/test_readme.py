"""The Python of the README runs, block after block, as a reader would type it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents.strategies import STRATEGIES

ROOT = Path(__file__).parents[2]


def blocks(name: str) -> str:
    text = (ROOT / name).read_text(encoding="utf-8")
    return "\n\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_python_of_the_readme_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    STRATEGIES.pop("waiting", None)
    exec(compile(blocks(name), name, "exec"), {"__name__": "readme"})
    said = capsys.readouterr().out
    assert "kpis" in said
    assert "price" in said
    assert "waiting" in STRATEGIES


def test_both_languages_show_the_same_code() -> None:
    english, chinese = (re.sub(r'""".*?"""|#.*', "", blocks(n)) for n in ("README.md", "README.zh-CN.md"))
    assert english == chinese


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
