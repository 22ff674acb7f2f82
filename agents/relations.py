"""Who knows whom: groups of firms under one owner, and acquaintances outside a firm's own group.

Blocks, and offers over the counter, are agreed between firms that know each other, so that this graph decides who can
trade with whom.  Where there are blocks only, firms too small ever to agree on one are left out of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import numpy.typing as npt

from agents.spec import FirmRow, RelationSpec

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

NO_GROUP = -1


def group_names(rows: Sequence[FirmRow], n_firms: int) -> list[str]:
    """Return the group of each firm as a population file gives it; new plants, which stand in no file, have none."""
    names = [row.group for row in rows]
    return names + [""] * (n_firms - len(names))


def group_of(names: Sequence[str], spec: RelationSpec, rng: np.random.Generator) -> Rows:
    """Return the group of each firm, `NO_GROUP` where it has none.

    Parameters
    ----------
    names : sequence of str
        Group of each firm as a population file gives it, empty where it gives none; if it names none at all, groups
        are drawn.
    spec : RelationSpec
        Number of groups, and the share of firms that belong to one.
    rng : numpy.random.Generator
        Draws; used only where the file names no group.
    """
    if any(names):
        known = {name: i for i, name in enumerate(dict.fromkeys(filter(None, names)))}
        return np.array([known.get(name, NO_GROUP) for name in names], dtype=np.intp)
    draws = rng.random(len(names))
    if spec.groups == 0 or spec.share == 0.0:
        return np.full(len(names), NO_GROUP, dtype=np.intp)
    within = np.minimum((draws / spec.share * spec.groups).astype(np.intp), spec.groups - 1)
    return np.where(draws < spec.share, within, NO_GROUP).astype(np.intp)


class Relations:
    """The graph of those who may agree on trades outside the books.

    Parameters
    ----------
    group : ndarray of intp, shape (n_firms,)
        Group of each firm, `NO_GROUP` where it has none.
    size : ndarray of float64, shape (n_firms,)
        Size of each firm; the larger, the more likely it is known.
    stands : ndarray of bool, shape (n_firms,)
        Which firms stand in the graph.
    acquaintances : int
        Firms outside its own group that each one gets to know.  As the acquaintance is mutual, it knows about twice as
        many.
    rng : numpy.random.Generator
        Draws of acquaintances, each in proportion to size.

    Attributes
    ----------
    graph : networkx.Graph
        Nodes are rows of firms, with their `group`; edges say whether the two are `related`.
    group : ndarray of intp, shape (n_firms,)
    """

    def __init__(self, group: Rows, size: Floats, stands: Bools, acquaintances: int, rng: np.random.Generator) -> None:
        self.group = group
        self.graph = nx.Graph()
        nodes = np.flatnonzero(stands)
        self.graph.add_nodes_from((row, {"group": int(group[row])}) for row in nodes.tolist())
        for g in np.unique(group[nodes]).tolist():
            if g != NO_GROUP:
                members = nodes[group[nodes] == g].tolist()
                self.graph.add_edges_from(
                    ((a, b) for i, a in enumerate(members) for b in members[i + 1 :]), related=True
                )
        self.graph.add_edges_from(_draw_pairs(nodes, group, size, acquaintances, rng), related=False)
        self._list_neighbours(len(group))

    def knows_anybody(self) -> Bools:
        """Return whether each firm has an edge at all, shape (n_firms,)."""
        return np.diff(self._start) > 0

    def pairs(self, buyers: Rows, sellers: Rows) -> tuple[Rows, Rows, Bools]:
        """Return the edges from some firms to some others.

        Parameters
        ----------
        buyers, sellers : ndarray of intp
            Rows of firms, each at most once.

        Returns
        -------
        buyer, seller : ndarray of intp, shape (n_pairs,)
            Positions in `buyers` and `sellers`.
        related : ndarray of bool, shape (n_pairs,)
        """
        count = self._start[buyers + 1] - self._start[buyers]
        buyer = np.repeat(np.arange(len(buyers)), count)
        at = np.arange(len(buyer)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(self._start[buyers], count)
        place = np.full(len(self.group), -1, dtype=np.intp)
        place[sellers] = np.arange(len(sellers))
        seller = place[self._known[at]]
        found = seller >= 0
        return buyer[found], seller[found], self._related[at][found]

    def _list_neighbours(self, n_firms: int) -> None:
        edges = np.array(self.graph.edges, dtype=np.intp).reshape(-1, 2)
        related = np.fromiter((x for _, _, x in self.graph.edges(data="related")), np.bool_, len(edges))
        one, other = np.concatenate([edges[:, 0], edges[:, 1]]), np.concatenate([edges[:, 1], edges[:, 0]])
        order = np.lexsort((other, one))
        self._known, self._related = other[order], np.concatenate([related, related])[order]
        self._start = np.searchsorted(one[order], np.arange(n_firms + 1))


class Circles:
    """Who knows whom among all firms: members of a group each other, and every firm some others.

    Parameters
    ----------
    group : ndarray of intp, shape (n_firms,)
        Group of each firm, `NO_GROUP` where it has none.
    size : ndarray of float64, shape (n_firms,)
        Size of each firm; the larger, the more likely it is known.
    acquaintances : int
        Firms outside its own group that each one gets to know; the acquaintance is mutual.
    rng : numpy.random.Generator
        Draws of acquaintances, each in proportion to size.
    """

    def __init__(self, group: Rows, size: Floats, acquaintances: int, rng: np.random.Generator) -> None:
        self._group, self._n = group, len(group)
        pairs = np.array(_draw_pairs(np.arange(len(group)), group, size, acquaintances, rng), np.int64).reshape(-1, 2)
        both = np.concatenate([pairs[:, 0] * self._n + pairs[:, 1], pairs[:, 1] * self._n + pairs[:, 0]])
        self._pairs = np.unique(both)

    def knows(self, firm: int, others: Rows) -> Bools:
        """Return whether a firm knows others, shape (n,); nobody knows a row below 0, which is no firm."""
        key = firm * self._n + others
        at = np.minimum(np.searchsorted(self._pairs, key), max(len(self._pairs) - 1, 0))
        met = self._pairs[at] == key if len(self._pairs) else np.zeros(len(others), np.bool_)
        group = self._group[firm]
        same = (self._group[others] == group) if group != NO_GROUP else np.zeros(len(others), np.bool_)
        return np.asarray((others >= 0) & (met | same))


def _draw_pairs(
    nodes: Rows, group: Rows, size: Floats, acquaintances: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Return pairs of a firm and one that it gets to know, outside its own group."""
    total = np.cumsum(size[nodes])
    if acquaintances == 0 or len(nodes) < 2 or total[-1] <= 0:
        return []
    pairs = []
    # Twice as many draws as are kept: some meet the firm itself, its own group, or the same firm again.
    draws = np.searchsorted(total, rng.random((len(nodes), 2 * acquaintances)) * total[-1], side="right")
    for own, drawn in zip(nodes.tolist(), nodes[np.minimum(draws, len(nodes) - 1)].tolist(), strict=True):
        g = group[own]
        others = [x for x in dict.fromkeys(drawn) if x != own and (g == NO_GROUP or group[x] != g)]
        pairs += [(own, x) for x in others[:acquaintances]]
    return pairs
