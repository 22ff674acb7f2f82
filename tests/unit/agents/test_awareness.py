"""How knowledge of equipment spreads, on graphs small enough to follow by hand."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from agents.abatement import Measures
from agents.awareness import Awareness
from agents.contact_network import ContactNetwork
from agents.information_spec import Bass, Threshold


def measures(*firms: int) -> Measures:
    """One measure for each firm that is named, none started."""
    n = len(firms)
    return Measures.idle(list(firms), [100] * n, [0] * n, [10] * n, [0] * n, np.ones((n, 1)))


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def cascade(graph: nx.Graph, threshold: float, first: list[int]) -> list[list[int]]:
    """Rounds in which the firms of a graph hear of a measure, when whoever hears of it uses it from then on."""
    n = graph.number_of_nodes()
    spread = Awareness(Threshold(share=threshold), ContactNetwork(graph), ["filter"] * n)
    uses = measures(*range(n)).start(np.array(first), 0)
    rounds = [sorted(first)]
    for day in range(1, 10):
        heard = spread.heard(uses, np.ones(n, dtype=np.bool_), 1.0, rng())
        new = np.flatnonzero(heard & (uses.status == 0))
        if not len(new):
            break
        rounds.append(new.tolist())
        uses = uses.start(new, day)
    return rounds


def test_a_cascade_runs_down_a_line_where_half_of_the_contacts_is_enough() -> None:
    """0 - 1 - 2 - 3 - 4: each has two contacts, the last one; one user is half of them."""
    assert cascade(nx.path_graph(5), 0.5, [0]) == [[0], [1], [2], [3], [4]]
    assert cascade(nx.path_graph(5), 0.51, [0]) == [[0]]


def test_a_cascade_stops_where_firms_know_too_many_others() -> None:
    """Two cliques of four joined by one edge, threshold a third (Watts 2002, PNAS 99:5766).

    In the first clique each has three contacts, one of whom uses it: all follow. 4 knows 5, 6, 7 and 3: a quarter of
    its contacts is not enough.
    """
    graph = nx.disjoint_union(nx.complete_graph(4), nx.complete_graph(4))
    graph.add_edge(3, 4)
    assert cascade(graph, 0.33, [0]) == [[0], [1, 2], [3]]
    assert cascade(graph, 0.25, [0]) == [[0], [1, 2, 3], [4], [5, 6, 7]]


def test_only_contacts_to_whom_it_is_open_count() -> None:
    """A star: of the centre's three contacts one uses a filter, one may not, and one has closed."""
    spread = Awareness(Threshold(share=0.5), ContactNetwork(nx.star_graph(3)), ["filter", "filter", "boiler", "filter"])
    some = measures(0, 1, 2, 3).start(np.array([1, 2]), 0)
    everybody, without_3 = np.ones(4, dtype=np.bool_), np.array([True, True, True, False])
    assert spread.share_of_users(some, everybody).tolist() == [0.5, 0.0, 0.0, 0.0]
    assert spread.share_of_users(some, without_3).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert spread.heard(some, without_3, 1.0, rng()).tolist() == [True, False, False, False]


def test_equipment_of_one_name_is_one_technology() -> None:
    spread = Awareness(Threshold(), ContactNetwork(nx.path_graph(2)), ["filter", "boiler", "filter"])
    assert spread.technologies == ["filter", "boiler"]
    assert spread.technology.tolist() == [0, 1, 0]
    assert spread.share_of_users(measures(0, 0, 1).start(np.array([2]), 0), np.ones(2, dtype=np.bool_)).tolist() == [
        1.0, 0.0, 0.0,
    ]  # fmt: skip


def test_what_is_worn_out_is_not_seen_any_more() -> None:
    spread = Awareness(Threshold(), ContactNetwork(nx.path_graph(2)), ["filter", "filter"])
    used = measures(0, 1).start(np.array([0]), 0)
    both = np.ones(2, dtype=np.bool_)
    assert spread.share_of_users(used.advance(1), both).tolist() == [0.0, 1.0]
    assert spread.share_of_users(used.advance(10 * 242), both).tolist() == [0.0, 0.0]


def test_a_hazard_adds_what_contacts_use_to_chance() -> None:
    """Half a year at a rate of 0.1 + 0.6 x 1/3: one in seven hears; without a user one in twenty."""
    n = 40_000
    graph = nx.empty_graph(n + 3)
    graph.add_edges_from((row, n + k) for row in range(n // 2) for k in range(3))
    spread = Awareness(Bass(innovation=0.1, imitation=0.6), ContactNetwork(graph), ["filter"] * (n + 3))
    some = measures(*range(n + 3)).start(np.array([n]), 0)
    heard = spread.heard(some, np.ones(n + 3, dtype=np.bool_), 0.5, rng())
    assert heard[: n // 2].mean() == pytest.approx(1.0 - np.exp(-0.5 * 0.3), abs=0.006)
    assert heard[n // 2 : n].mean() == pytest.approx(1.0 - np.exp(-0.5 * 0.1), abs=0.006)


def test_innovators_consider_it_from_the_start() -> None:
    network = ContactNetwork(nx.empty_graph(10_000))
    names = ["filter"] * 10_000
    assert Awareness(Threshold(innovators=0.05), network, names).at_start(rng()).mean() == pytest.approx(0.05, abs=0.01)
    assert not Awareness(Bass(), network, names).at_start(rng()).any()
