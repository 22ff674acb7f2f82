"""Who trades with whom: flows between sectors, or between the accounts that trade most.

Thousands of firms are summed up, because a picture of every account and every trade shows nothing.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from experiments.results import style
from experiments.results.amounts import show
from experiments.results.kpis import of_right
from experiments.results.names import right_of, sector_name, sectors_of, short
from experiments.results.result import Result
from experiments.results.words import Words

ENGLISH = Words("en")
MAX_NODES = 12
MIN_SHARE = 0.004


def sector_flows(result: Result, right: str) -> nx.DiGraph:
    """Sum the trades of a right by sector of seller and buyer.

    Returns
    -------
    DiGraph
        Nodes are sector codes (empty for traders) with `volume`, units bought and sold; edges run from seller to buyer
        with `units`.  Sectors beyond the twelve largest are left out.
    """
    trades, sector = of_right(result, "trades", right), sectors_of(result)
    seller, buyer = (sector.reindex(trades[side], fill_value="").set_axis(trades.index) for side in ("seller", "buyer"))
    return _graph(trades["units"], seller, buyer, MAX_NODES)


def account_flows(result: Result, right: str, top: int = MAX_NODES) -> nx.DiGraph:
    """Sum the trades of a right between the accounts that trade most; nodes are account ids."""
    trades = of_right(result, "trades", right)
    return _graph(trades["units"], trades["seller"], trades["buyer"], top)


def _graph(units: pd.Series, seller: pd.Series, buyer: pd.Series, top: int) -> nx.DiGraph:
    deals = pd.DataFrame({"seller": seller, "buyer": buyer, "units": units})
    flows = deals.groupby(["seller", "buyer"]).agg(units=("units", "sum")).reset_index()
    volume = flows.groupby("seller")["units"].sum().add(flows.groupby("buyer")["units"].sum(), fill_value=0.0)
    kept = volume.sort_values(ascending=False, kind="stable").index[:top]
    graph = nx.DiGraph(total=float(flows["units"].sum()))
    for node in kept:
        graph.add_node(node, volume=float(volume[node]))
    for row in flows.to_dict("records"):
        if row["seller"] in graph and row["buyer"] in graph:
            graph.add_edge(row["seller"], row["buyer"], units=float(row["units"]))
    return graph


def sector_network(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw the flows between sectors; trade inside a sector is written at its node."""
    graph = sector_flows(result, right)
    names = {node: short(sector_name(result, str(node), words), 18) for node in graph}
    return _draw(graph, names, right_of(result, right)["unit"], ax, words)


def account_network(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw the flows between the twelve accounts that trade most."""
    graph = account_flows(result, right)
    firms = result.tables.get("firms")
    known = {} if firms is None else firms.set_index("account")["name"].to_dict()
    names = {node: short(str(known.get(node) or words("fig.account", id=node)), 18) for node in graph}
    return _draw(graph, names, right_of(result, right)["unit"], ax, words)


def _draw(graph: nx.DiGraph, names: dict[object, str], unit: str, ax: Axes, words: Words) -> Axes:
    place = {node: xy * (1.3, 1.0) for node, xy in nx.circular_layout(graph).items()} if len(graph) > 1 else {}
    place = place or {node: np.zeros(2) for node in graph}
    largest = max((d["volume"] for _, d in graph.nodes(data=True)), default=1.0)
    radius = {node: 0.07 + 0.13 * np.sqrt(d["volume"] / largest) for node, d in graph.nodes(data=True)}
    _draw_flows(graph, place, ax)
    for node, (x, y) in place.items():
        net = graph.in_degree(node, "units") - graph.out_degree(node, "units")
        color = style.BLUE if net >= 0 else style.ORANGE
        ax.scatter([x], [y], s=(radius[node] * 190) ** 2, color=color, edgecolor="white", zorder=3)
        _label_node(graph, node, names[node], (x, y), unit, ax, words)
    for color, key in ((style.BLUE, "fig.buyer_net"), (style.ORANGE, "fig.seller_net")):
        ax.scatter([], [], color=color, s=90, label=words(key))
    shown = sum(units for _, _, units in graph.edges(data="units")) / max(graph.graph["total"], 1e-12)
    note = words("fig.flow_note") if shown > 0.999 else f"{words('fig.flow_note')} · {_share(shown, words)}"
    ax.annotate(note, (0.0, 0.0), xycoords="axes fraction", fontsize=9.5, color=style.GREY)
    ax.set(xlim=(-2.15, 2.15), ylim=(-1.5, 1.5))
    ax.set_axis_off()
    style.legend(ax, columns=2)
    return ax


def _share(part: float, words: Words) -> str:
    return words("fig.shares_shown", share=f"{100 * part:.0f}")


def _draw_flows(graph: nx.DiGraph, place: dict[object, np.ndarray], ax: Axes) -> None:
    """Draw an arrow for each flow between two nodes that is more than a trifle of the volume shown."""
    flows = [(s, b, units) for s, b, units in graph.edges(data="units") if s != b]
    if not flows:
        return
    most, floor = max(units for *_, units in flows), MIN_SHARE * sum(units for *_, units in flows)
    for seller, buyer, units in sorted(flows, key=lambda flow: flow[2]):
        if units >= floor:
            strength = units / most
            ax.add_patch(
                FancyArrowPatch(
                    tuple(place[seller]), tuple(place[buyer]), connectionstyle="arc3,rad=0.16", arrowstyle="-|>",
                    mutation_scale=9 + 11 * strength, linewidth=0.6 + 7 * strength, color=style.GREY,
                    alpha=0.35 + 0.5 * strength, shrinkA=20, shrinkB=26, zorder=1,
                )
            )  # fmt: skip


def _label_node(
    graph: nx.DiGraph, node: object, name: str, at: tuple[float, float], unit: str, ax: Axes, words: Words
) -> None:
    x, y = at
    inside = graph.edges[node, node]["units"] if graph.has_edge(node, node) else 0.0
    text = name if inside == 0 else f"{name}\n{words('fig.within', amount=show(inside, unit, words))}"
    side = "left" if x > 0.6 else "right" if x < -0.6 else "center"
    rise = "center" if side != "center" else "bottom" if y >= 0 else "top"
    length = float(np.hypot(x, y))
    step = (30 * x / length, 26 * y / length) if length else (0.0, 26.0)
    ax.annotate(text, (x, y), xytext=step, textcoords="offset points", ha=side, va=rise, fontsize=10, zorder=4)
