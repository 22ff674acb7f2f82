"""Serial numbers of a finished run, from its result alone."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Outcome

from agents.model import RightsMarketModel
from experiments.cli import main
from experiments.results.result import Result
from experiments.results.store import ResultError
from experiments.studies.run import market_facts
from experiments.studies.serials import blocks_table, instruments_of, life_table
from experiments.studies.tables import all_tables
from tests.province import province, run


@pytest.fixture(scope="module")
def model() -> RightsMarketModel:
    return run(province())


@pytest.fixture(scope="module")
def result(model: RightsMarketModel) -> Result:
    manifest = {"format": 1, "name": "province", "seed": 1, "title": {"en": "P", "zh": "P"}, **market_facts(model)}
    return Result(manifest, all_tables(model))


def test_every_unit_has_one_place(model: RightsMarketModel, result: Result) -> None:
    registry = model.market.registry
    for index, code in enumerate(instruments_of(result)):
        blocks = blocks_table(result, code)
        born = int(sum(registry.total(name)[index] for name in ("issued", "converted_in")))
        assert blocks["lots"].sum() == born == blocks["last"].max()
        assert (blocks["first"].iloc[1:].to_numpy() == blocks["last"].iloc[:-1].to_numpy() + 1).all()
        held = blocks[blocks["state"] == "free"].groupby("account")["lots"].sum()
        for name, lots in held.items():
            assert registry.free[index, model.market.accounts.names.index(name)] == lots


def test_the_life_of_a_unit_begins_with_its_issue_and_ends_where_it_is(result: Result) -> None:
    code = instruments_of(result)[0]
    blocks = blocks_table(result, code)
    block = blocks[blocks["state"] == "surrendered"].iloc[0]
    life = life_table(result, code, int(block["last"]))
    assert life["operation"].iloc[0] == "issue" and life["operation"].iloc[-1] == "surrender"
    assert life["account"].iloc[-1] == block["account"]
    assert life["date"].is_monotonic_increasing
    before = blocks_table(result, code, life["date"].iloc[-1] - timedelta(days=1))
    assert "surrendered" not in set(before["state"])


def test_before_the_first_issue_there_are_no_units(result: Result) -> None:
    assert blocks_table(result, instruments_of(result)[0], date(1990, 1, 1)).empty


def test_what_is_not_there_is_named(result: Result) -> None:
    with pytest.raises(ResultError, match="no instrument 'XYZ', but CEA-"):
        blocks_table(result, "XYZ")
    with pytest.raises(ResultError, match="never issued; the numbers are 1 to"):
        life_table(result, instruments_of(result)[0], 10**12)
    tables = {name: table for name, table in result.tables.items() if name != "journal"}
    with pytest.raises(ResultError, match="no journal: run the scenario with"):
        blocks_table(Result(result.manifest, tables), instruments_of(result)[0])


def test_the_command_prints_instruments_blocks_and_lives(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "r")

    def call(*words: str) -> Outcome:
        return CliRunner().invoke(main, ["serials", str(tmp_path / "r"), *words])

    assert call().output.split() == instruments_of(result)
    code = instruments_of(result)[0]
    assert call(code).output.splitlines()[0].split() == ["first", "last", "lots", "account", "state"]
    assert call(code, "--number", "1", "--lang", "zh").output.splitlines()[0].split()[0] == "日期"
    assert call(code, "--number", str(10**12)).exit_code == 1
