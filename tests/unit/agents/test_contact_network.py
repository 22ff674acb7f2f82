"""Networks of contacts: what each kind looks like, and what firms see of their contacts."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from agents.contact_network import ContactNetwork, Places, draw_network
from agents.information_spec import Communities, EdgeList, Information, ScaleFree, SmallWorld

ALL = np.ones(4, dtype=np.bool_)


def places(n: int = 200, **changes) -> Places:
    """Firms of ten groups and four prefectures, in two sectors, of rising size."""
    row = np.arange(n)
    given = Places([f"f{i}" for i in row], row % 10, row % 4, row % 2, row.astype(np.float64))
    return replace(given, **changes)


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_a_small_world_without_rewiring_is_a_ring_of_neighbours() -> None:
    """Six contacts each; only at the two ends of a prefecture (and once in it, where sectors meet) others begin."""
    where = places()
    network = draw_network(SmallWorld(degree=6, rewiring=0.0), where, rng())
    assert set(network.degrees().tolist()) == {6}
    assert nx.is_connected(network.graph)
    outside = sum(where.prefecture[a] != where.prefecture[b] for a, b in network.graph.edges)
    assert outside == 4 * (1 + 2 + 3)


def test_rewired_contacts_bring_everybody_near() -> None:
    near, far = (draw_network(SmallWorld(rewiring=p), places(), rng()).graph for p in (0.2, 0.0))
    assert near.number_of_edges() == far.number_of_edges() == 600
    assert nx.average_shortest_path_length(near) < 0.5 * nx.average_shortest_path_length(far)


def test_the_largest_firms_of_a_scale_free_network_know_most() -> None:
    network = draw_network(ScaleFree(links=2), places(400), rng())
    degrees = network.degrees()
    assert degrees.sum() == 2 * 2 * (400 - 2)
    assert degrees.max() > 8 * np.median(degrees)
    assert degrees[-20:].mean() > 4 * degrees[:200].mean()


def test_communities_keep_to_themselves() -> None:
    """Of the contacts with anybody, one in ten is in the own group and one in four in the own prefecture as well."""
    where = places(2000)
    graph = draw_network(Communities(degree=8.0, group=0.5, prefecture=0.3), where, rng()).graph
    a, b = np.array(graph.edges).T
    assert 2 * len(a) / 2000 == pytest.approx(8.0, rel=0.05)  # a pair drawn twice is one contact
    same_group = where.group[a] == where.group[b]
    same_prefecture = where.prefecture[a] == where.prefecture[b]
    assert same_group.mean() == pytest.approx(0.5 + 0.5 * 0.1, abs=0.04)
    # Groups 0, 2, .. lie in two of the four prefectures each: half of the contacts inside a group stay in one.
    assert same_prefecture.mean() == pytest.approx(0.3 + 0.5 * 0.5 + 0.2 * 0.25, abs=0.04)


def test_firms_without_group_and_prefecture_know_anybody() -> None:
    nowhere = np.full(100, -1)
    graph = draw_network(Communities(degree=4.0), places(100, group=nowhere, prefecture=nowhere), rng()).graph
    assert 150 < graph.number_of_edges() <= 200
    assert len({frozenset(e) for e in graph.edges if e[0] % 4 != e[1] % 4}) > 100


def test_an_edge_list_is_taken_as_it_is() -> None:
    edges = (("f0", "f2"), ("f2", "f0"), ("f1", "f1"), ("f2", "f3"))
    network = draw_network(EdgeList(edges), places(4), rng())
    assert sorted(network.graph.edges) == [(0, 2), (2, 3)]
    assert network.degrees().tolist() == [1, 0, 2, 1]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (SmallWorld(degree=4), "degree is 4, but there are only 4 firms"),
        (ScaleFree(links=4), "links is 4, but there are only 4 firms"),
        (EdgeList((("f0", "f9"),)), "names 'f9', and there is no such firm"),
    ],
)
def test_a_network_that_the_firms_cannot_form_is_refused(spec, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw_network(spec, places(4), rng())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SmallWorld(degree=3), "expected an even number"),
        (lambda: Communities(group=0.7, prefecture=0.4), "together they are at most 1"),
        (lambda: Information(SmallWorld()), "nothing would spread"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(make, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("spec", [SmallWorld(), ScaleFree(), Communities()])
def test_the_same_stream_draws_the_same_contacts(spec) -> None:
    one, other = (draw_network(spec, places(), rng()) for _ in range(2))
    assert sorted(one.graph.edges) == sorted(other.graph.edges)
    assert sorted(draw_network(spec, places(), np.random.default_rng(6)).graph.edges) != sorted(one.graph.edges)


def test_who_does_not_count_is_neither_heard_nor_told() -> None:
    """A line 0 - 1 - 2 - 3 in which 2 is silent: 0 and 1 hear each other, 3 hears nobody."""
    network = ContactNetwork(nx.path_graph(4))
    values, speaks = np.array([1.0, 3.0, 50.0, 7.0]), np.array([True, True, False, True])
    assert network.mean_of_contacts(values, speaks).tolist() == [3.0, 1.0, 50.0, 7.0]
    assert network.mean_of_contacts(values, ALL).tolist() == [3.0, 25.5, 5.0, 50.0]


def test_shares_are_of_the_contacts_that_count() -> None:
    """A star around 0: one of its two contacts that count has it."""
    network = ContactNetwork(nx.star_graph(3))
    has, counts = np.array([False, True, False, True]), np.array([True, True, True, False])
    assert network.share_of_contacts(has & counts, counts).tolist() == [0.5, 0.0, 0.0, 0.0]
    assert network.share_of_contacts(has, ALL).tolist() == pytest.approx([2 / 3, 0.0, 0.0, 0.0])


def test_without_any_contact_everybody_keeps_to_itself() -> None:
    network = ContactNetwork(nx.empty_graph(4))
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert network.mean_of_contacts(values, ALL).tolist() == values.tolist()
    assert network.share_of_contacts(ALL, ALL).tolist() == [0.0] * 4
