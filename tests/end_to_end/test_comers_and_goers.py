"""A scenario in which firms come and go runs from file to tables, and its books are in order."""

from pathlib import Path

import pytest

from experiments.scenarios.load import load_scenario
from experiments.studies.run import run

SAMPLE = Path(__file__).parents[1] / "unit" / "experiments" / "scenarios" / "sample.yaml"
SCENARIO = f"""
extends: {SAMPLE}
name: comers-and-goers
calendar: {{end: 2022-09-30}}
rights:
  CEA:
    upfront: null
    auction: null
    cap:
      kind: energy_dual_control
      total: {{north: 1000000, south: 19000000}}
      start_year: 2021
    allocation:
      - {{kind: grandfathering, base_years: [2021]}}
    replacement: {{ratio: 1.1, min_validity: 0}}
    entry_exit: {{threshold: 26000}}
population:
  sectors:
    steel: {{intensity: {{CEA: {{2021: 2.1, 2022: 1.9}}}}, regions: {{north: 0.5, south: 0.5}}}}
    clinker: {{intensity: {{CEA: {{2021: 0.95, 2022: 0.85}}}}, regions: {{south: 1}}}}
  projects:
    - {{name: held up, sector: steel, output: 20000, applies: 2022-05-02, region: north, cash_yuan: 5e7}}
    - name: successor
      sector: clinker
      output: 200000
      applies: 2022-05-02
      region: south
      replaces: clinker-0001
  closures:
    - {{firm: steel-0002, on: 2022-06-30}}
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenario") / "comers-and-goers.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return run(load_scenario(path), seed=1)


def happened(result, name: str) -> list[str]:
    accounts = result.tables["firms"].set_index("name")["account"]
    events = result.tables["events"]
    return events[events["account"] == accounts[name]]["code"].tolist()


def test_a_project_in_a_red_region_waits(result) -> None:
    """The firms of the north use more than the total of their region, which the review of April finds."""
    events = result.tables["events"]
    assert "north: red" in events[events["code"] == "region_status"]["note"].tolist()
    assert set(happened(result, "held up")) == {"project_pending", "replacement_frozen"}


def test_a_successor_takes_the_rights_of_the_plant_that_it_replaces(result) -> None:
    assert happened(result, "clinker-0001") == ["firm_closed"]
    codes = happened(result, "successor")
    assert codes.index("replacement_moved") < codes.index("cancelled") < codes.index("project_approved")


def test_a_firm_that_closes_makes_nothing_more(result) -> None:
    assert happened(result, "steel-0002")[0] == "firm_closed"


def test_the_books_are_in_order(result) -> None:
    assert all(result.manifest["checks"].values())
