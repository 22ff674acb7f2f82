"""Graphs of zones in plain dictionaries: order from upstream to downstream, cycles, and products along paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

Arc = tuple[str, str]


def closing_arcs(zones: Sequence[str], arcs: Iterable[Arc]) -> tuple[Arc, Arc] | None:
    """Return the first and the last arc of a cycle, None where there is none.

    Examples
    --------
    >>> closing_arcs("abc", [("a", "b"), ("b", "c"), ("c", "a")])
    (('a', 'b'), ('c', 'a'))
    """
    out: dict[str, list[str]] = {zone: [] for zone in zones}
    for seller, buyer in arcs:
        out[seller].append(buyer)
    done: set[str] = set()
    for start in zones:
        path, waiting = [start], [iter(out[start])]
        while waiting and start not in done:
            following = next(waiting[-1], None)
            if following is None:
                done.add(path.pop())
                waiting.pop()
            elif following in path:
                at = path.index(following)
                return (following, [*path[at:], following][1]), (path[-1], following)
            elif following not in done:
                path.append(following)
                waiting.append(iter(out[following]))
    return None


def downstream_order(zones: Sequence[str], arcs: Iterable[Arc]) -> list[str]:
    """Return the zones of a graph without cycles, each after all that lie upstream of it.

    Examples
    --------
    >>> downstream_order("abc", [("c", "a"), ("a", "b")])
    ['c', 'a', 'b']
    """
    sources: dict[str, set[str]] = {zone: set() for zone in zones}
    for seller, buyer in arcs:
        sources[buyer].add(seller)
    order: list[str] = []
    while len(order) < len(zones):
        ready = [z for z in zones if z not in order and sources[z] <= set(order)]
        if not ready:
            raise ValueError("zones with a cycle have no order from upstream to downstream")
        order += ready
    return order


def best_paths(zones: Sequence[str], ratios: Mapping[Arc, Fraction]) -> dict[Arc, Fraction]:
    """Return for each pair of zones the largest product of ratios along a path, 0 pairs left out.

    A pair that has a ratio of its own may still be served better along a path.

    Parameters
    ----------
    ratios : mapping of (str, str) to Fraction
        Ratios between 0 and 1; with them no path gains by going in a circle.

    Examples
    --------
    >>> best_paths("abc", {("a", "b"): Fraction(4, 5), ("b", "c"): Fraction(3, 4)})["a", "c"]
    Fraction(3, 5)
    """
    best = {arc: ratio for arc, ratio in ratios.items() if ratio > 0}
    for via in zones:
        into = [(arc[0], x) for arc, x in best.items() if arc[1] == via]
        onward = [(arc[1], x) for arc, x in best.items() if arc[0] == via]
        for seller, first in into:
            for buyer, second in onward:
                if seller != buyer and first * second > best.get((seller, buyer), Fraction(0)):
                    best[seller, buyer] = first * second
    return best


def loads_of(zones: Sequence[str], ratios: Mapping[Arc, Fraction], use_lots: Sequence[int]) -> list[Fraction]:
    """Return the load of each zone: own use and what comes from upstream, lots.

    Parameters
    ----------
    zones : sequence of str, length n
    ratios : mapping of (str, str) to Fraction
        Trading ratios between different zones.
    use_lots : sequence of int, length n

    Examples
    --------
    >>> [int(x) for x in loads_of(["a", "b"], {("a", "b"): Fraction(4, 5)}, [50, 70])]
    [50, 110]
    """
    used = dict(zip(zones, use_lots, strict=True))
    return [used[z] + sum((tau * used[a] for (a, b), tau in ratios.items() if b == z), Fraction(0)) for z in zones]
