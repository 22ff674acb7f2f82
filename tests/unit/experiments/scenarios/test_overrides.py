"""Single values changed from the command line."""

from decimal import Decimal
from pathlib import Path

import pytest

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.load import load_scenario

SAMPLE = Path(__file__).with_name("sample.yaml")


def test_values_are_set_by_path_and_list_position() -> None:
    scenario = load_scenario(
        SAMPLE,
        overrides=[
            "rights.CEA.allocation.0.cut=0.03",
            "rights.CEA.band=null",
            "rights.CEA.banking={kind: none}",
            "rights.CEA.fees.buyer=0.005",
            "behaviour.anchor=0.5",
            "run.seed=8",
            "run.seed=9",
        ],
    )
    (book,) = scenario.rule_books()
    assert book.allocation[0].cut == Decimal("0.03")
    assert book.band is None
    assert book.banking.kind == "none"
    assert (book.fees.buyer, book.fees.seller) == (Decimal("0.005"), Decimal("0.002"))
    assert (scenario.behaviour.anchor, scenario.behaviour.forward_weight) == (0.5, 0.7)
    assert scenario.run.seed == 9
    assert "# --set behaviour.anchor=0.5" in scenario.text


@pytest.mark.parametrize(
    ("override", "path", "words"),
    [
        ("rights.CEA.lott=2", "rights.CEA.lott", "did you mean 'lot'?"),
        ("righs.CEA.lot=2", "righs", "did you mean 'rights'?"),
        ("rights.CEA.allocation.7.cut=0", "rights.CEA.allocation", "an item from 0 to 1"),
        ("rights.CEA.allocation.x.cut=0", "rights.CEA.allocation", "an item from 0 to 1"),
        ("rights.CEA.allocation.0.cut=0.9", "rights.CEA.allocation.0.cut", "at most 0.2"),
        ("rights.CEA.lot.x=1", "rights.CEA.lot", "a path that ends at rights.CEA.lot"),
        ("rights.CEA.lot", "rights.CEA.lot", "dotted.path=value"),
        ("=3", "--set", "dotted.path=value"),
        ("run.seed={", "file", "YAML"),
    ],
)
def test_a_wrong_override_is_named_as_it_was_typed(override: str, path: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(SAMPLE, overrides=[override])
    problem: Problem = caught.value.problems[0]
    assert problem.file == f"command line: --set {override}"
    assert problem.line == 0
    assert problem.path == path
    assert words in str(problem)
