"""Each example prints what its recorded output says, but for the digits.

The last bits of exp and log differ between versions of numpy, and a market magnifies them: the same scenario, seed and
*version* give the same numbers.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
ARGUMENTS = {"readme_figure": ["china-ets-price.png"], "information_network": ["information-network.png"]}


def scripts() -> list[Path]:
    return sorted(EXAMPLES.glob("*.py"))


def without_digits(text: str) -> str:
    return re.sub(r"\d[\d,.]*", "#", text)


@pytest.mark.parametrize("script", scripts(), ids=lambda p: p.stem)
def test_example_prints_what_was_recorded(script: Path, tmp_path: Path) -> None:
    words = [str(tmp_path / a) for a in ARGUMENTS.get(script.stem, [])]
    done = subprocess.run([sys.executable, str(script), *words], capture_output=True, text=True, cwd=EXAMPLES.parent)
    assert done.returncode == 0, done.stderr
    assert without_digits(done.stdout) == without_digits(script.with_suffix(".out").read_text(encoding="utf-8"))


@pytest.mark.parametrize("script", scripts(), ids=lambda p: p.stem)
def test_example_is_short_and_says_what_it_covers(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert "Covers:" in text
    assert "Scenario:" in text
