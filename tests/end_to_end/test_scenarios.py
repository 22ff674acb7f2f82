"""Every shipped scenario runs from file to report, and adds up."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from experiments.cli import main
from experiments.scenarios.catalogue import shipped
from experiments.scenarios.load import load_scenario
from experiments.studies.run import market_model, run


@pytest.mark.parametrize("name", [name for name in shipped() if name != "lab"])
def test_ten_days_of_a_market_add_up(name: str) -> None:
    model = market_model(load_scenario(name), seed=3)
    for _ in range(10):
        model.step()
    model.market.audit()
    assert model.day == 9
    assert len(model.recorder.days) == 10


def test_laboratory_goes_from_file_to_report(tmp_path: Path) -> None:
    out = tmp_path / "lab"
    done = CliRunner().invoke(main, ["run", "lab", "--out", str(out), "--quiet"])
    assert done.exit_code == 0, done.output
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["checks"] == {"audit": True, "journal_replays": True}
    kpis = pd.read_parquet(out / "kpis.parquet")
    efficiency = kpis.loc[kpis["metric"] == "allocative_efficiency", "value"].item()
    assert efficiency > 95
    assert "Smith (1962)" in (out / "report.html").read_text(encoding="utf-8")


def test_same_scenario_and_seed_give_the_same_tables() -> None:
    changes = ["calendar.end=2022-03-31", "run.record.journal=true"]
    first, again = (run(load_scenario("jiangxi", overrides=changes), seed=5) for _ in range(2))
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name], check_exact=True)
    other = run(load_scenario("jiangxi", overrides=changes), seed=6)
    assert not other.tables["trades"].equals(first.tables["trades"])


def test_a_stranger_called_agents_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import agents
    from experiments.studies import run as run_module

    monkeypatch.setattr(agents, "PROJECT", "another project")
    with pytest.raises(run_module.WrongPackage, match="environment of its own"):
        run_module.check_packages()
