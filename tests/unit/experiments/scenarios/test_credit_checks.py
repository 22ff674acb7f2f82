"""Credits in scenario files: what nobody could use, or nobody makes, is refused where it was written."""

from decimal import Decimal
from pathlib import Path

import pytest

from experiments.scenarios.errors import ScenarioError
from experiments.scenarios.load import load_scenario
from rights_market.policies.credits import InclusionCredits, ProjectCredits

SAMPLE = Path(__file__).with_name("sample.yaml")
LIMIT = "    offset_limit: {share: 0.05, accept: [{type: ccer}]}\n"
CREDITS = """credits:
  CCER:
    name: {en: Credit, zh: 核证减排量}
    unit: t
    type: ccer
    vintages: [2021, 2022]
    opening_price_yuan: 40
credit_sources:
  - {kind: project_credits, name: Jishui, credit: CCER, type: forest, yearly_lots: 740, first_year: 2020}
  - {kind: inclusion_credits, name: points, credit: CCER, activities: [{name: walk, factor: 0.0034}]}
"""


def written(folder: Path, credits: str = CREDITS, limit: str = LIMIT) -> Path:
    text = SAMPLE.read_text(encoding="utf-8").replace("    band:", limit + "    band:") + credits
    path = folder / "credits.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_credits_and_their_sources_are_read(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path))
    (credit,) = scenario.traded_credits()
    assert (credit.right.code, credit.type, credit.vintages) == ("CCER", "ccer", (2021, 2022))
    assert credit.opening_price_ticks == 4_000
    project, scheme = scenario.credit_sources
    assert isinstance(project, ProjectCredits)
    assert isinstance(scheme, InclusionCredits)
    assert scheme.activities[0].factor == Decimal("0.0034")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (LIMIT, "", "are traded, but no right has an `offset_limit`"),
        ("accept: [{type: ccer}]", "accept: [{type: cer}]", "did you mean 'ccer'"),
        ("name: Jishui, credit: CCER", "name: Jishui, credit: CCR", "is not a code of `credits`"),
        ("name: points", "name: Jishui", "is the name of two sources"),
        ("  CCER:\n", "  CEA:\n", "is the code of a right and of a credit"),
        ("opening_price_yuan: 40\n", "opening_price_yuan: 40.005\n", "is no whole number of ticks"),
        (
            "vintages: [2021, 2022]",
            "vintages: [2022, 2021]",
            "vintages are (2022, 2021), expected at least one, rising",
        ),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in LIMIT + CREDITS
    path = written(tmp_path, CREDITS.replace(old, new), LIMIT.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert words in str(caught.value)
