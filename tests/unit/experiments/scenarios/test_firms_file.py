"""Your own firms: units are converted, gaps filled and marked, and every row that cannot be used is named."""

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from experiments.scenarios.errors import Problem, ScenarioError
from experiments.scenarios.load import load_scenario
from experiments.scenarios.table_file import MAX_UNPACKED

SAMPLE = Path(__file__).with_name("sample.yaml")
COLUMNS = "{name: 企业名称, sector: 行业, output: 产量（万吨）, region: 地市, use.CEA: {column: 排放量, unit: kt}}"
HEAD = "企业名称,行业,产量（万吨）,地市,排放量\n"
GOOD = HEAD + "赣江钢铁,钢铁,100,新余,2000\nHill Clinker,clinker,50,,\n"


def scenario_with(
    folder: Path, data: str | bytes, *, name: str = "firms.csv", more: str = "", columns: str = COLUMNS
) -> Path:
    """Write a firms file and a scenario that reads it."""
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    file = folder / "mine.yaml"
    population = f"population: {{file: {name}, columns: {columns}{more}}}\n"
    file.write_text(f"extends: {SAMPLE}\nname: mine\n{population}", encoding="utf-8")
    return file


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return caught.value.problems


def test_units_are_converted_and_gaps_filled_and_marked(tmp_path: Path) -> None:
    scenario = load_scenario(scenario_with(tmp_path, GOOD))
    first, second = scenario.population.rows
    assert (first.name, first.sector, first.region) == ("赣江钢铁", "steel", "新余")
    assert first.output == 1_000_000.0
    assert first.intensity == {"CEA": pytest.approx(2.0)}  # 2,000 kt over 1 Mt
    assert first.filled == ()
    assert (second.sector, second.output, second.cash_yuan) == ("clinker", 500_000.0, None)
    assert (second.intensity, second.filled) == ({"CEA": 0.86}, ("CEA",))
    notes = "\n".join(scenario.notes)
    assert "intensity.CEA of 1 firms is the sector's" in notes
    assert "output: the unit 万吨 was read from the header" in notes
    assert [row["name"] for row in scenario.resolved()["population"]["rows"]] == ["赣江钢铁", "Hill Clinker"]


def test_a_permit_of_0_is_not_a_permit_that_is_not_stated(tmp_path: Path) -> None:
    data = "企业名称,行业,产量（万吨）,permit\nA,steel,100,1.5\nB,steel,100,0\nC,steel,100,\n"
    columns = "{name: 企业名称, sector: 行业, output: 产量（万吨）, permit.CEA: {column: permit, unit: kt}}"
    rows = load_scenario(scenario_with(tmp_path, data, columns=columns)).population.rows
    assert [row.permit for row in rows] == [{"CEA": 1500.0}, {"CEA": 0.0}, {}]


def test_concentrations_of_discharge_are_shares_of_the_limit(tmp_path: Path) -> None:
    columns = COLUMNS.replace("}}", "}, concentration.CEA: 浓度（%）}")
    data = HEAD.replace("\n", ",浓度（%）\n") + "赣江钢铁,钢铁,100,新余,2000,45\nHill Clinker,clinker,50,,,\n"
    first, second = load_scenario(scenario_with(tmp_path, data, columns=columns)).population.rows
    assert (first.concentration, second.concentration) == ({"CEA": pytest.approx(0.45)}, {})


@pytest.mark.parametrize(
    ("encoding", "note"), [("utf-8", None), ("utf-8-sig", None), ("gb18030", "was read as GB18030")]
)
def test_the_usual_encodings_are_read(tmp_path: Path, encoding: str, note: str | None) -> None:
    scenario = load_scenario(scenario_with(tmp_path, GOOD.encode(encoding)))
    assert scenario.population.rows[0].name == "赣江钢铁"
    assert any(note in n for n in scenario.notes) if note else not any("GB18030" in n for n in scenario.notes)


def workbook(path: Path, rows: list[list[object]]) -> bytes:
    book = Workbook()
    book.active.title = "other"
    page = book.create_sheet("企业")
    for row in rows:
        page.append(row)
    book.save(path)
    return path.read_bytes()


def test_a_workbook_is_read_from_the_sheet_named(tmp_path: Path) -> None:
    head = HEAD.strip().split(",")
    data = workbook(tmp_path / "w.xlsx", [[None], head, ["赣江钢铁", "钢铁", 100, "新余", 2000.0]])
    scenario = load_scenario(scenario_with(tmp_path, data, name="firms.xlsx", more=", sheet: 企业"))
    (row,) = scenario.population.rows
    assert (row.output, row.intensity["CEA"]) == (1e6, pytest.approx(2.0))
    (problem,) = problems(scenario_with(tmp_path, data, name="firms.xlsx", more=", sheet: 公司"))
    assert problem.expected == "one of: other, 企业"


def test_a_formula_without_a_value_and_its_errors_are_named(tmp_path: Path) -> None:
    head = HEAD.strip().split(",")
    data = workbook(tmp_path / "w.xlsx", [head, ["A", "steel", "=1/0", "", 1], ["B", "steel", "#DIV/0!", "", 1]])
    found = problems(scenario_with(tmp_path, data, name="firms.xlsx", more=", sheet: 企业"))
    assert [(p.line, p.what) for p in found] == [(2, "is missing or 0"), (3, "is the error of a formula")]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("A,stele,1,,", "行业", "did you mean 'steel'?"),
        ("A,,1,,", "行业", "is not a sector"),
        ("A,steel,many,,", "产量（万吨）", "is not a number (got many)"),
        ("A,steel,-1,,", "产量（万吨）", "is negative (got -1)"),
        ("A,steel,,,", "产量（万吨）", "is missing or 0"),
        ("A,steel,0,,", "产量（万吨）", "is missing or 0"),
        ("A,steel,nan,,", "产量（万吨）", "is not a finite number"),
        ("A,steel,=1+1,,", "产量（万吨）", "is a formula"),
        ("A,steel,1,,#N/A", "排放量", "is the error of a formula"),
        ("A,steel,1,,5 kt", "排放量", "is not a number"),
        (",steel,1,,", "企业名称", "is empty"),
        ("赣江钢铁,steel,1,,", "企业名称", "is the name of row 2 already"),
        ("A" * 300 + ",steel,1,,", "企业名称", "is too long"),
    ],
)
def test_a_row_that_cannot_be_used_stops_the_run(tmp_path: Path, row: str, column: str, words: str) -> None:
    (problem,) = problems(scenario_with(tmp_path, GOOD + row + "\n"))
    assert problem.file.endswith("firms.csv")
    assert problem.line == 4
    assert problem.path == column
    assert words in str(problem)


def test_all_bad_rows_are_named_or_left_out_when_asked(tmp_path: Path) -> None:
    data = GOOD + "A,stele,1,,\nB,steel,x,,\n"
    assert [p.line for p in problems(scenario_with(tmp_path, data))] == [4, 5]
    scenario = load_scenario(scenario_with(tmp_path, data, more=", on_bad_rows: skip"))
    assert len(scenario.population.rows) == 2
    left_out = [n for n in scenario.notes if n.startswith("left out: ")]
    assert len(left_out) == 2 and "firms.csv:5: 产量（万吨）: is not a number" in left_out[1]
    only_bad = HEAD + "A,stele,1,,\n"
    found = problems(scenario_with(tmp_path, only_bad, more=", on_bad_rows: skip"))
    assert found[-1].what == "has no row that can be used"


@pytest.mark.parametrize(
    ("columns", "path", "words"),
    [
        ("{name: 企业名, sector: 行业, output: 产量（万吨）}", "columns.name", "did you mean '企业名称'?"),
        ("{name: 企业名称, sector: 行业}", "columns.output", "has no column"),
        ("{nam: 企业名称}", "population.columns.nam", "did you mean 'name'?"),
        ("{use.CO2: 排放量}", "population.columns.use.CO2", "is not a known field"),
        ("{use.CEA: {column: 排放量, unit: pound}}", "population.columns.use.CEA.unit", "cannot be turned into t"),
        ("{use.CEA: {column: 排放量, unit: MWh}}", "population.columns.use.CEA.unit", "cannot be turned into t"),
        ("{use.CEA: 排放量, intensity.CEA: 地市}", "population.columns.use.CEA", "one of the two"),
    ],
)
def test_a_wrong_mapping_is_named(tmp_path: Path, columns: str, path: str, words: str) -> None:
    found = problems(scenario_with(tmp_path, GOOD, columns=columns))
    assert any(p.path == path and words in str(p) and p.line >= 1 for p in found), "\n".join(map(str, found))


def test_headers_that_are_fields_need_no_mapping(tmp_path: Path) -> None:
    data = 'name,sector,output,intensity.CEA,cash_yuan\nA,steel,"1,000,000",1.8,5e6\n'
    (row,) = load_scenario(scenario_with(tmp_path, data, columns="{}")).population.rows
    assert (row.output, row.intensity, row.cash_yuan) == (1e6, {"CEA": 1.8}, 5e6)


def test_an_output_unit_of_another_kind_is_refused(tmp_path: Path) -> None:
    columns = "{name: 企业名称, sector: 行业, output: {column: 产量（万吨）, unit: GWh}}"
    found = problems(scenario_with(tmp_path, GOOD, columns=columns))
    assert found[0].what == "has a unit that does not fit"
    assert found[0].expected == "a unit that can be turned into t"


def test_cells_are_data_whatever_they_say(tmp_path: Path) -> None:
    data = HEAD + "\"=cmd|' /C calc'!A0\",steel,1,@SUM(1),\n"
    (row,) = load_scenario(scenario_with(tmp_path, data)).population.rows
    assert row.name == "=cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("firms.xlsm", b"", "is not a table that can be read"),
        ("firms.xlsx", b"PK\x03\x04 no", "is not an .xlsx file"),
        ("firms.csv", b"", "is empty"),
        ("firms.csv", b"\xff\xff\xff\n", "is neither UTF-8 nor GB18030"),
        ("firms.csv", b'a,"b\nc', "is not valid CSV"),
        ("firms.csv", b"," * 600 + b"a", "is too wide"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (problem,) = problems(scenario_with(tmp_path, data, name=name))
    assert words in problem.what


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as package, package.open("xl/sheet.xml", "w") as part:
        for _ in range(MAX_UNPACKED // 10_000_000 + 1):
            part.write(b" " * 10_000_000)
    (problem,) = problems(scenario_with(tmp_path, bomb.read_bytes(), name="firms.xlsx"))
    assert problem.what == "unpacks to too much"


def test_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    package_file = tmp_path / "e.zip"
    with zipfile.ZipFile(package_file, "w") as package:
        package.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>')
    (problem,) = problems(scenario_with(tmp_path, package_file.read_bytes(), name="firms.xlsx"))
    assert problem.what == "defines its own XML entities"


@pytest.mark.parametrize("name", ["missing.csv", "https://example.org/firms.csv"])
def test_a_file_that_is_not_there_is_told_at_its_field(tmp_path: Path, name: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"extends: {SAMPLE}\npopulation:\n  file: {name}\n", encoding="utf-8")
    (problem,) = problems(file)
    assert (problem.path, problem.line, problem.got) == ("population.file", 3, name)
