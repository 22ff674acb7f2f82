"""Scenarios to start from: they are sound as written, say what is assumed, and never overwrite."""

from pathlib import Path

import pytest

from experiments.scenarios.errors import ScenarioError
from experiments.scenarios.header_guess import guess
from experiments.scenarios.load import load_scenario
from experiments.scenarios.new import RIGHTS, write_new
from experiments.scenarios.sector_library import find_sector, sector_library

FIRMS = """企业名称,所属行业,产量（万吨）,设区市,碳排放量(万吨),二氧化硫排放量_kg,法人
赣江钢铁,钢铁,100,新余,200,50000,甲
某水泥,水泥制造业,150,九江,128,,乙
另一水泥,水泥,50,赣州,,,丙
某电镀,电镀,1,九江,0.5,300,丁
"""


def test_a_starter_is_a_sound_scenario(tmp_path: Path) -> None:
    path = write_new("my-province", folder=tmp_path / "new")
    assert path == tmp_path / "new" / "my-province.yaml"
    scenario = load_scenario(path)
    assert scenario.name == "my-province"
    assert sum(s.firms for s in scenario.population.sectors.values()) == 26
    assert "[approx]" in path.read_text(encoding="utf-8")


def test_a_scenario_is_written_around_a_firms_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    firms = tmp_path / "data" / "firms.csv"
    firms.write_text(FIRMS, encoding="utf-8")
    path = write_new("mine", firms=firms, folder=tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "# not used: 法人" in text
    assert "电镀 is no shipped sector" in text
    assert '"data/firms.csv"' in text
    scenario = load_scenario(path)
    assert list(scenario.rights) == ["CEA", "SO2"]
    assert list(scenario.population.sectors) == ["steel", "clinker", "clinker_2", "sector"]
    first = scenario.population.rows[0]
    assert (first.name, first.sector, first.region, first.output) == ("赣江钢铁", "steel", "新余", 1e6)
    assert first.intensity == {"CEA": pytest.approx(2.0), "SO2": pytest.approx(5e-5)}
    third = scenario.population.rows[2]
    assert third.filled == ("CEA",)
    assert third.intensity["CEA"] == sector_library()["clinker"].values["intensity"]["CEA"].__float__()


def test_an_output_in_another_unit_keeps_it(tmp_path: Path) -> None:
    firms = tmp_path / "firms.csv"
    firms.write_text("name,sector,output (GWh),co2_kt\nA,fusion,3,1\n", encoding="utf-8")
    scenario = load_scenario(write_new("mine", firms=firms, folder=tmp_path))
    (row,) = scenario.population.rows
    assert (scenario.population.sectors["sector"].output_unit, row.output) == ("GWh", 3.0)
    assert row.intensity["CEA"] == pytest.approx(1000 / 3)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = write_new("mine", folder=tmp_path)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(ScenarioError, match="exists already"):
        write_new("mine", folder=tmp_path)
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["../up", "Big", "", "a b", "-x"])
def test_a_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScenarioError, match="cannot be the name"):
        write_new(name, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,c\n1,2,3\n", "has no header that looks like name or sector or output"),
        ("name,sector,output\nA,,1\n", "is empty in every row"),
        ("name,sector,output\nA,电镀,1\n", "gives no use of any right"),
    ],
)
def test_a_file_that_says_too_little_is_refused(tmp_path: Path, text: str, words: str) -> None:
    firms = tmp_path / "firms.csv"
    firms.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=words):
        write_new("mine", firms=firms, folder=tmp_path)
    assert not (tmp_path / "mine.yaml").exists()


def test_labels_cannot_break_out_of_the_file(tmp_path: Path) -> None:
    firms = tmp_path / "firms.csv"
    firms.write_text('name,"sector","output","co2"\nA,"x"": {\n# ","1","2"\n', encoding="utf-8")
    scenario = load_scenario(write_new("mine", firms=firms, folder=tmp_path))
    assert len(scenario.population.rows) == 1


def test_every_shipped_sector_is_a_sound_sector(tmp_path: Path) -> None:
    rows = "".join(f"firm {s.values['name']['en']},{s.code},5,1\n" for s in sector_library().values())
    firms = tmp_path / "firms.csv"
    firms.write_text("name,sector,output,co2\n" + rows, encoding="utf-8")
    scenario = load_scenario(write_new("mine", firms=firms, folder=tmp_path))
    assert list(scenario.population.sectors) == list(sector_library())


def test_no_label_means_two_sectors() -> None:
    labels = [label for s in sector_library().values() for label in s.labels]
    assert len(labels) == len(set(labels))
    assert find_sector("有色金属冶炼和压延加工业").code == "nonferrous"
    assert find_sector("造纸和纸制品业").code == "paper"
    for sector in sector_library().values():
        assert sector.values["intensity"].keys() <= RIGHTS.keys()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["单位名称", "行业类别", "23年产量(t)"], {"name": "单位名称", "sector": "行业类别", "output": "23年产量(t)"}),
        (["Company", "Industry", "City"], {"name": "Company", "sector": "Industry", "region": "City"}),
        (["Production_kt", "plant"], {"name": "plant", "output": "Production_kt"}),
        (["name", "name of parent"], {"name": "name", "group": "name of parent"}),
        (["碳排放强度", "碳排放量"], {"intensity.CEA": "碳排放强度"}),
        (["x", "x", ""], {}),
    ],
)  # fmt: skip
def test_headers_are_guessed(headers: list[str], expected: dict[str, str]) -> None:
    found = guess(headers)
    assert {k: v for k, v in found.items() if k in expected} == expected
