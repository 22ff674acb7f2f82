"""The network of contacts between firms, and what a firm sees of its contacts.

The graph is drawn with networkx.  What a whole population sees is worked out on a list of its edges, each in both
directions, so that a step costs a few passes over an array and no loop over firms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import numpy.typing as npt

from agents.information_spec import Communities, EdgeList, Network, ScaleFree, SmallWorld

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class Places:
    """What decides who comes to know whom; arrays of shape (n_firms,).

    Attributes
    ----------
    names : sequence of str
    group : ndarray of intp
        Group of each firm, below 0 where it has none.
    prefecture, sector : ndarray of intp
        Number of the firm's prefecture (below 0 where that is not known) and of its sector.
    size : ndarray of float64
    """

    names: Sequence[str]
    group: Rows
    prefecture: Rows
    sector: Rows
    size: Floats


class ContactNetwork:
    """Who hears from whom; contacts are mutual.

    Parameters
    ----------
    graph : networkx.Graph
        Nodes are rows of firms, all of them.

    Attributes
    ----------
    graph : networkx.Graph
    """

    def __init__(self, graph: nx.Graph) -> None:
        self.graph = graph
        self._n = graph.number_of_nodes()
        pairs = np.array(graph.edges, dtype=np.intp).reshape(-1, 2)
        one = np.concatenate([pairs[:, 0], pairs[:, 1]])
        other = np.concatenate([pairs[:, 1], pairs[:, 0]])
        # Sorted, so that sums do not depend on the order in which edges were drawn.
        order = np.lexsort((other, one))
        self._one, self._other = one[order], other[order]

    def degrees(self) -> Rows:
        """Return the number of contacts of each firm, shape (n_firms,)."""
        return np.bincount(self._one, minlength=self._n)

    def mean_of_contacts(self, values: Floats, counts: Bools, bound: float | None = None) -> Floats:
        """Return the mean of a figure over the contacts of each firm, its own figure where it has none.

        Parameters
        ----------
        values : ndarray of float64, shape (n_firms,)
        counts : ndarray of bool, shape (n_firms,)
            Firms that speak and listen.
        bound : float, optional
            Contacts whose figure is further away than this do not count.

        Examples
        --------
        >>> network = ContactNetwork(nx.path_graph(3))
        >>> network.mean_of_contacts(np.array([0.0, 1.0, 4.0]), np.ones(3, dtype=bool)).tolist()
        [1.0, 2.0, 1.0]
        >>> network.mean_of_contacts(np.array([0.0, 1.0, 4.0]), np.ones(3, dtype=bool), bound=2.0).tolist()
        [1.0, 0.0, 4.0]
        """
        heard = counts[self._one] & counts[self._other]
        if bound is not None:
            heard &= np.abs(values[self._one] - values[self._other]) <= bound
        one, other = self._one[heard], self._other[heard]
        number = np.bincount(one, minlength=self._n)
        total = np.bincount(one, values[other], self._n)
        return np.divide(total, number, out=values.astype(np.float64), where=number > 0)

    def share_of_contacts(self, has: Bools, counts: Bools) -> Floats:
        """Return which share of the contacts that count has something, 0 for a firm without such contacts.

        Parameters
        ----------
        has, counts : ndarray of bool, shape (n_firms,)
        """
        heard = counts[self._other]
        one, other = self._one[heard], self._other[heard]
        number = np.bincount(one, minlength=self._n)
        found = np.bincount(one, has[other], self._n)
        return np.divide(found, number, out=np.zeros(self._n), where=number > 0)


def draw_network(spec: Network, places: Places, rng: np.random.Generator) -> ContactNetwork:
    """Return a network of the kind asked for.

    Raises
    ------
    ValueError
        If there are too few firms for the number of contacts, or an edge names a firm that does not exist.
    """
    match spec:
        case SmallWorld():
            graph = _small_world(spec, places, rng)
        case ScaleFree():
            graph = _scale_free(spec, places, rng)
        case Communities():
            graph = _communities(spec, places, rng)
        case EdgeList():
            graph = _listed(spec, {name: row for row, name in enumerate(places.names)})
    return ContactNetwork(graph)


def _small_world(spec: SmallWorld, places: Places, rng: np.random.Generator) -> nx.Graph:
    n = len(places.names)
    if spec.degree >= n:
        raise ValueError(f"information.network.degree is {spec.degree}, but there are only {n} firms")
    # Within a prefecture and sector the order is chance.
    ring = np.lexsort((rng.random(n), places.sector, places.prefecture))
    graph = nx.watts_strogatz_graph(n, spec.degree, spec.rewiring, seed=int(rng.integers(SEEDS)))
    return _renamed(graph, ring)


def _scale_free(spec: ScaleFree, places: Places, rng: np.random.Generator) -> nx.Graph:
    n = len(places.names)
    if spec.links >= n:
        raise ValueError(f"information.network.links is {spec.links}, but there are only {n} firms")
    by_size = np.lexsort((rng.random(n), -places.size))
    return _renamed(nx.barabasi_albert_graph(n, spec.links, seed=int(rng.integers(SEEDS))), by_size)


def _communities(spec: Communities, places: Places, rng: np.random.Generator) -> nx.Graph:
    """Let each firm make half of its contacts, each in a circle that is drawn: its group, its prefecture, or all."""
    n = len(places.names)
    graph = nx.empty_graph(n)
    half = spec.degree / 2.0
    made = np.floor(half).astype(np.intp) + (rng.random(n) < half - np.floor(half))
    one = np.repeat(np.arange(n), made)
    circle, at = rng.random(len(one)), rng.random(len(one))
    other = np.minimum((at * n).astype(np.intp), n - 1)
    for of, chosen in (
        (places.group, circle < spec.group),
        (places.prefecture, (circle >= spec.group) & (circle < spec.group + spec.prefecture)),
    ):
        order = np.argsort(of, kind="stable")
        start, stop = np.searchsorted(of[order], of[one], "left"), np.searchsorted(of[order], of[one], "right")
        inside = chosen & (of[one] >= 0) & (stop - start > 1)
        place = start + np.minimum((at * (stop - start)).astype(np.intp), stop - start - 1)
        other = np.where(inside, order[place], other)
    graph.add_edges_from((a, b) for a, b in zip(one.tolist(), other.tolist(), strict=True) if a != b)
    return graph


def _listed(spec: EdgeList, row_of: Mapping[str, int]) -> nx.Graph:
    graph = nx.empty_graph(len(row_of))
    for one, other in spec.edges:
        for name in (one, other):
            if name not in row_of:
                raise ValueError(f"information.network.edges names {name!r}, and there is no such firm")
        if one != other:
            graph.add_edge(row_of[one], row_of[other])
    return graph


def _renamed(graph: nx.Graph, rows: Rows) -> nx.Graph:
    """Return the graph with the firm `rows[k]` in place of node k, and nodes in the order of rows."""
    renamed = nx.empty_graph(len(rows))
    renamed.add_edges_from((int(rows[a]), int(rows[b])) for a, b in graph.edges)
    return renamed
