"""The shipped graph of the Poyang basin: rivers that meet in the lake, and ratios that multiply along them."""

from fractions import Fraction

import networkx as nx
import pytest

from experiments.scenarios.load import load_scenario
from rights_market.rulebook import RuleBook

RIVERS = ({"gan_up", "gan_mid", "gan_low"}, {"fu"}, {"xin"}, {"rao"}, {"xiu"})


@pytest.fixture(scope="module")
def books() -> dict[str, RuleBook]:
    return {book.right.code: book for book in load_scenario("poyang").rule_books()}


def graph(book: RuleBook) -> nx.DiGraph:
    found = nx.DiGraph()
    found.add_nodes_from(book.permission.zones)
    found.add_weighted_edges_from((x.seller, x.buyer, Fraction(x.tau)) for x in book.ratio.tau)
    return found


def test_water_flows_one_way_into_the_lake_and_out_at_hukou(books: dict[str, RuleBook]) -> None:
    basin = graph(books["COD"])
    assert nx.is_directed_acyclic_graph(basin)
    assert all(nx.has_path(basin, zone, "hukou") for zone in basin)
    assert [zone for zone in basin if basin.out_degree(zone) == 0] == ["hukou"]


def test_between_the_rivers_nothing_is_traded(books: dict[str, RuleBook]) -> None:
    for book in books.values():
        for river in RIVERS:
            for other in RIVERS:
                if river is not other:
                    assert not any(book.permission.admits(a, b) for a in river for b in other)


def test_ratios_are_the_products_along_the_way(books: dict[str, RuleBook]) -> None:
    basin, ratios = graph(books["COD"]), books["COD"].ratio.ratios()
    for seller, buyer in ((a, b) for a in basin for b in nx.descendants(basin, a)):
        product = Fraction(1)
        (way,) = nx.all_simple_paths(basin, seller, buyer)
        for step in nx.utils.pairwise(way):
            product *= basin.edges[step]["weight"]
        assert ratios[seller, buyer] == product
    assert ratios["gan_up", "lake"] == Fraction("0.85") ** 2 * Fraction("0.8")


def test_ammonia_decays_faster_than_oxygen_demand(books: dict[str, RuleBook]) -> None:
    cod, ammonia = books["COD"].ratio.ratios(), books["NH3N"].ratio.ratios()
    assert all(float(ammonia[pair]) == pytest.approx(float(cod[pair]) ** 1.5, rel=1e-6) for pair in cod)
