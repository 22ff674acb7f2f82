"""Between which zones units may go."""

from typing import Any

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.zones import Edge, Wall, ZonePermission


def chain(**more: Any) -> ZonePermission:
    """Three zones along a river."""
    given = {"zones": ("a", "b", "c"), "edges": (Edge(seller="a", buyer="b"), Edge(seller="b", buyer="c"))}
    return ZonePermission(**given | more)


def test_units_go_inside_a_zone_and_along_edges_only() -> None:
    rule = chain()
    assert rule.arcs() == {("a", "a"), ("b", "b"), ("c", "c"), ("a", "b"), ("b", "c")}
    assert not rule.admits("b", "a")
    assert not rule.admits("a", "c")


def test_paths_admit_trade_where_the_rule_says_so() -> None:
    assert chain(transitive=True).admits("a", "c")


def test_trade_inside_a_zone_can_be_ruled_out() -> None:
    assert chain(within=False).arcs() == {("a", "b"), ("b", "c")}


def test_edges_that_close_a_cycle_are_refused_with_both_named() -> None:
    edges = tuple(Edge(seller=s, buyer=b) for s, b in (("a", "b"), ("b", "c"), ("c", "a")))
    with pytest.raises(PolicyError, match=r"edges a -> b and c -> a close a cycle, but cycle is forbid"):
        chain(edges=edges)
    assert chain(edges=edges, cycle="allow").admits("c", "a")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("edges", (Edge(seller="a", buyer="x"),)),
        ("no_net_import", ("x",)),
        ("regions", {"Ganzhou": "x"}),
    ],
)
def test_unknown_zones_are_refused(field: str, value: object) -> None:
    with pytest.raises(PolicyError, match=rf"{field}.* names the zone 'x', but zones are"):
        chain(**{field: value})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"zones": ("a", "a", "b", "c")}, "expected each once"),
        ({"edges": (Edge(seller="a", buyer="a"),)}, "that is what within says"),
        ({"walls": (Wall(sectors=("power",)), Wall(sectors=("power", "farms")))}, "expected each in one wall"),
    ],
)
def test_contradictions_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        chain(**fields)


def test_regions_lie_in_zones_and_sectors_behind_walls() -> None:
    rule = chain(regions={"Ganzhou": "a"}, walls=(Wall(sectors=("power",)),))
    assert rule.zone_of(["Ganzhou", "c", "elsewhere"]).tolist() == [0, 2, -1]
    assert rule.wall_of(["steel", "power"]).tolist() == [0, 1]


def test_a_zone_that_missed_its_standard_takes_back_what_it_sold() -> None:
    # 3 sold out of it this year: 3 may come in, the fourth may not.
    rule = chain(no_net_import=("c",))
    assert rule.import_room("c", imported=0, exported=3) == 3
    assert rule.import_room("c", imported=3, exported=3) == 0
    assert rule.import_room("b", imported=9, exported=0) is None
