"""Who knows whom."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from agents.relations import NO_GROUP, Relations, group_names, group_of
from agents.spec import FirmRow, RelationSpec

SPEC = RelationSpec(groups=3, share=0.5)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def relations(group, size=None, large=None, acquaintances: int = 0) -> Relations:
    n = len(group)
    return Relations(
        np.array(group),
        np.ones(n) if size is None else np.array(size),
        np.ones(n, bool) if large is None else np.array(large),
        acquaintances,
        rng(),
    )


def test_groups_are_drawn_with_their_share() -> None:
    group = group_of([""] * 6000, SPEC, rng())
    assert np.mean(group != NO_GROUP) == pytest.approx(0.5, abs=0.03)
    assert np.bincount(group[group >= 0]) == pytest.approx([1000] * 3, rel=0.1)


def test_a_file_that_names_groups_goes_before() -> None:
    assert group_of(["b", "", "a", "b"], SPEC, rng()).tolist() == [0, NO_GROUP, 1, 0]


def test_new_plants_stand_in_no_file_and_have_no_group() -> None:
    """Two firms of a file and a project beside them."""
    rows = [FirmRow("a", "power", 1.0, group="x"), FirmRow("b", "power", 1.0)]
    assert group_names(rows, 3) == ["x", "", ""]
    assert group_of(group_names(rows, 3), SPEC, rng()).tolist() == [0, NO_GROUP, NO_GROUP]


def test_without_groups_nobody_has_one() -> None:
    assert group_of(["", ""], RelationSpec(), rng()).tolist() == [NO_GROUP] * 2


def test_groups_and_share_come_together() -> None:
    with pytest.raises(ValueError, match=r"groups is 3 and share 0\.0"):
        RelationSpec(groups=3)


def test_a_group_is_dense_and_its_edges_are_marked() -> None:
    known = relations([0, 0, 0, 1, NO_GROUP])
    assert sorted(known.graph.edges) == [(0, 1), (0, 2), (1, 2)]
    assert all(related for _, _, related in known.graph.edges(data="related"))
    assert nx.get_node_attributes(known.graph, "group") == {0: 0, 1: 0, 2: 0, 3: 1, 4: NO_GROUP}


def test_small_firms_are_left_out() -> None:
    known = relations([0, 0, 0], large=[True, False, True])
    assert list(known.graph.edges) == [(0, 2)]
    assert known.knows_anybody().tolist() == [True, False, True]


def test_acquaintances_lie_outside_the_own_group() -> None:
    group = [0] * 20 + [1] * 20 + [NO_GROUP] * 20
    known = relations(group, acquaintances=3)
    outside = [(a, b) for a, b, related in known.graph.edges(data="related") if not related]
    assert all(group[a] != group[b] or group[a] == NO_GROUP for a, b in outside)
    # Each draws at most 3, some draws meet an acquaintance again or the own group.
    assert 120 <= len(outside) <= 180


def test_larger_firms_are_better_known() -> None:
    known = relations([NO_GROUP] * 60, size=[50.0] * 5 + [1.0] * 55, acquaintances=2)
    degree = np.array([known.graph.degree(i) for i in range(60)])
    assert degree[:5].mean() > 5 * degree[5:].mean()


def test_pairs_are_edges_between_the_two_sides() -> None:
    known = relations([0, 0, 0, 1, 1])
    buyer, seller, related = known.pairs(np.array([2, 4]), np.array([3, 0, 1]))
    assert sorted(zip(buyer.tolist(), seller.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0)]
    assert related.tolist() == [True] * 3


def test_nobody_to_ask() -> None:
    known = relations([NO_GROUP] * 3)
    assert [len(x) for x in known.pairs(np.array([0, 1]), np.array([2]))] == [0, 0, 0]
    assert [len(x) for x in relations([0, 0]).pairs(np.array([], int), np.array([0]))] == [0, 0, 0]
