"""Zones in scenario files: what cannot be is refused where it was written."""

from pathlib import Path

import pytest

from experiments.scenarios.errors import ScenarioError
from experiments.scenarios.load import load_scenario

SAMPLE = Path(__file__).with_name("sample.yaml")
BAND = "    band: {kind: price_band, width: 0.10}\n"
FIRMS = "name,sector,output,region\nEast steel,steel,900000,Fuzhou\nNorth clinker,clinker,1200000,Nanchang\n"
RIVER = """    permission:
      zones: [fu, lake]
      regions: {Fuzhou: fu, Nanchang: lake}
      edges: [{seller: fu, buyer: lake}]
    ratio: {tau: [{seller: fu, buyer: lake, tau: 0.75}]}
"""


def written(folder: Path, river: str = RIVER, firms: str = FIRMS, rights: str = "[]") -> Path:
    """Write the sample with zones in place of a band, and its firms in a file."""
    (folder / "firms.csv").write_text(firms, encoding="utf-8")
    text = SAMPLE.read_text(encoding="utf-8").replace(BAND, river)
    text = text.replace("  kind: firms\n", "  kind: firms\n  file: firms.csv\n")
    text = (
        text.replace("      firms: 6\n", "")
        .replace("      firms: 5\n", "")
        .replace("rights: [CEA]", f"rights: {rights}")
    )
    path = folder / "river.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def words(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return str(caught.value)


def test_a_river_is_read(tmp_path: Path) -> None:
    (book,) = load_scenario(written(tmp_path)).rule_books()
    assert book.permission.zone_of(["Nanchang"]).tolist() == [1]
    assert str(book.ratio.tau[0].tau) == "0.75"


def test_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    said = words(
        written(tmp_path, RIVER.replace("edges: [{seller: fu, buyer: lake}]", "edges: [{seller: fu, buyer: sea}]"))
    )
    assert "edges[0] names the zone 'sea', but zones are ['fu', 'lake']" in said
    assert "river.yaml" in said


def test_a_cycle_is_refused_with_both_edges(tmp_path: Path) -> None:
    back = "edges: [{seller: fu, buyer: lake}, {seller: lake, buyer: fu}]"
    said = words(written(tmp_path, RIVER.replace("edges: [{seller: fu, buyer: lake}]", back)))
    assert "edges fu -> lake and lake -> fu close a cycle, but cycle is forbid" in said


def test_an_unknown_zone_of_a_ratio_is_refused(tmp_path: Path) -> None:
    said = words(written(tmp_path, RIVER.replace("tau: [{seller: fu, buyer: lake", "tau: [{seller: fu, buyer: sea")))
    assert "ratio.tau names the zone 'sea', but permission.zones are ['fu', 'lake']" in said


def test_an_unknown_sector_behind_a_wall_is_refused(tmp_path: Path) -> None:
    said = words(written(tmp_path, RIVER.replace("    ratio:", "      walls: [{sectors: [stel]}]\n    ratio:")))
    assert "did you mean 'steel'" in said


def test_firms_outside_all_zones_are_refused(tmp_path: Path) -> None:
    said = words(written(tmp_path, firms=FIRMS.replace("Nanchang", "Ganzhou")))
    assert "puts the regions ['Ganzhou'] of firms that must hold CEA in no zone" in said


def test_traders_without_a_zone_are_refused(tmp_path: Path) -> None:
    assert "lets traders without a zone trade CEA" in words(written(tmp_path, rights="[CEA]"))


def test_a_band_beside_zones_is_refused(tmp_path: Path) -> None:
    assert "`band` is a rule of books, but with `permission`" in words(written(tmp_path, RIVER + BAND))


def test_later_vintages_have_no_book_of_their_own_where_there_are_no_books(tmp_path: Path) -> None:
    ahead = RIVER + "    forward_vintages: {ahead: 1, tradable_from: issue}\n"
    said = words(written(tmp_path, ahead))
    assert "forward_vintages.tradable_from is issue, but with `permission` there are no books" in said
    assert "river.yaml" in said
