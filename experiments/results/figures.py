"""Whole figures for a report: plots as small multiples over the rights of a result, each with a text of its content.

A figure is made without pyplot, so nothing stays behind in the process.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib
import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from experiments.results import network_plot, outcome_plots, plots, style
from experiments.results.amounts import digits, show
from experiments.results.kpis import daily, kpis_of, of_right, value_of
from experiments.results.names import right_name, right_of, sector_name
from experiments.results.result import Result
from experiments.results.words import Words

WIDTH = 10.5
_SEMICOLON = {"en": "; ", "zh": "；"}
Plot = Callable[..., Axes]


@dataclass(frozen=True)
class Picture:
    """A figure and the words for whoever cannot see it."""

    figure: Figure
    alt: str


def svg(figure: Figure) -> bytes:
    """Render a figure as SVG, letters as outlines; equal figures give equal bytes."""
    sink = io.BytesIO()
    engine = figure.get_layout_engine()
    if engine is not None:
        # SVG counts 72 dots an inch; laid out here, the figure is not drawn a second time only to find its layout.
        figure.set_dpi(72)
        engine.execute(figure)
        figure.set_layout_engine("none")
    with matplotlib.rc_context({"svg.hashsalt": "rights-market", "svg.fonttype": "path"}):
        # `savefig` would draw twice, the first time only to learn how large everything is.
        FigureCanvasSVG(figure).print_svg(sink, metadata={"Date": None, "Creator": None})
    return sink.getvalue()


def rights_with(result: Result, table: str) -> list[str]:
    """List the rights that a table has rows for, in the order of the manifest."""
    return [right["code"] for right in result.manifest["rights"] if not of_right(result, table, right["code"]).empty]


def _grid(count: int, height: float, *, wide: bool = False) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` axes, two a row unless there is one or the plot is wide."""
    columns = 1 if wide or count == 1 else 2
    rows = -(-count // columns)
    figure = Figure(figsize=(WIDTH, height * rows), layout="constrained")
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
    return figure, axes


def _title(result: Result, ax: Axes, right: str, rights: list[str], words: Words) -> None:
    if len(rights) > 1:
        under_legend = style.has_legend_above(ax)
        ax.set_title(right_name(result, right, words), fontsize=12, loc="left", pad=30 if under_legend else 8)


def _share_legend(figure: Figure, axes: list[Axes], columns: int = 5) -> None:
    """Put one legend above all panels in place of the same legend in each."""
    entries = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        entries.update(dict(zip(labels, handles, strict=True)))
        if (own := ax.get_legend()) is not None:
            own.remove()
    figure.legend(entries.values(), entries.keys(), loc="outside upper left", ncols=columns, frameon=False)


def _multiples(result: Result, rights: list[str], plot: Plot, words: Words, height: float) -> Figure:
    figure, axes = _grid(len(rights), height)
    for right, ax in zip(rights, axes, strict=True):
        plot(result, ax, right=right, words=words)
    _share_legend(figure, axes)
    for right, ax in zip(rights, axes, strict=True):
        _title(result, ax, right, rights, words)
    return figure


def _pairs(result: Result, rights: list[str], two: tuple[Plot, Plot], words: Words, height: float) -> Figure:
    """Return a figure with one row a right and two plots a row."""
    figure, axes = _grid(2 * len(rights), height)
    for i, right in enumerate(rights):
        for plot, ax in zip(two, axes[2 * i : 2 * i + 2], strict=True):
            plot(result, ax, right=right, words=words)
        _title(result, axes[2 * i], right, rights, words)
    return figure


def _say(parts: list[str], words: Words) -> str:
    return (" " if words.lang == "en" else "").join(parts)


def prices(result: Result, words: Words) -> Picture | None:
    """Show price above volume for each right."""
    rights = rights_with(result, "prices")
    if not rights:
        return None
    columns = 1 if len(rights) < 3 else 2
    rows = -(-len(rights) // columns)
    figure = Figure(figsize=(WIDTH, 4.9 * rows), layout="constrained")
    outer = figure.add_gridspec(rows, columns)
    upper = []
    for i, right in enumerate(rights):
        inner = outer[divmod(i, columns)].subgridspec(2, 1, height_ratios=(2.4, 1))
        above = figure.add_subplot(inner[0])
        below = figure.add_subplot(inner[1], sharex=above)
        plots.price(result, above, right=right, words=words)
        plots.volume(result, below, right=right, words=words)
        above.tick_params(labelbottom=False)
        upper.append(above)
    _share_legend(figure, upper)
    for right, ax in zip(rights, upper, strict=True):
        _title(result, ax, right, rights, words)
    return Picture(figure, _say([_price_text(result, right, words) for right in rights], words))


def _price_text(result: Result, right: str, words: Words) -> str:
    days, unit = daily(of_right(result, "prices", right)), right_of(result, right)["unit"]
    close = days["close"]
    ends = zip(("start", "end", "low", "high"), (close.iloc[0], close.iloc[-1], close.min(), close.max()), strict=True)
    return words(
        "alt.price",
        right=right_name(result, right, words),
        first=days["date"].iloc[0].date(),
        last=days["date"].iloc[-1].date(),
        volume=show(days["volume"].sum(), unit, words),
        **{name: show(value, f"CNY/{unit}", words) for name, value in ends},
    )


def emissions(result: Result, words: Words) -> Picture | None:
    """Show emissions, baseline, allocation and cap by period."""
    rights = rights_with(result, "compliance")
    if not rights:
        return None
    kpis = kpis_of(result)

    def item(right: str, period: str) -> str:
        unit = right_of(result, right)["unit"]
        figures = {
            m: show(value_of(kpis, right, period, m), unit, words) for m in ("emissions", "allocation", "baseline")
        }
        return words("alt.emissions_item", period=period, **figures)

    alt = _by_period(result, rights, "alt.emissions", item, words)
    return Picture(_multiples(result, rights, outcome_plots.emissions, words, 3.9), alt)


def _by_period(result: Result, rights: list[str], key: str, item: Callable[[str, str], str], words: Words) -> str:
    parts = []
    for right in rights:
        items = _SEMICOLON[words.lang].join(item(right, period) for period in outcome_plots.periods_of(result, right))
        parts.append(words(key, right=right_name(result, right, words), items=items))
    return _say(parts, words)


def abatement(result: Result, words: Words) -> Picture | None:
    """Show by sector which share was abated, and at what cost."""
    rights = [r for r in rights_with(result, "compliance") if len(outcome_plots.by_sector(result, r))]
    if not rights:
        return None
    largest = max(len(outcome_plots.by_sector(result, right)) for right in rights)
    figure = _pairs(
        result, rights, (outcome_plots.abated_share, outcome_plots.abatement_cost), words, 1.7 + 0.34 * largest
    )
    return Picture(figure, _say([_abatement_text(result, right, words) for right in rights], words))


def _abatement_text(result: Result, right: str, words: Words) -> str:
    unit = right_of(result, right)["unit"]
    items = [
        words(
            "alt.abatement_item",
            sector=sector_name(result, str(code), words),
            share=digits(row["share"]),
            cost=show(row["unit_cost"], f"CNY/{unit}", words),
        )
        for code, row in outcome_plots.by_sector(result, right)[::-1].iterrows()
    ]
    return words("alt.abatement", right=right_name(result, right, words), items=_SEMICOLON[words.lang].join(items))


def network(result: Result, words: Words) -> Picture | None:
    """Show flows between sectors, or between the largest accounts where there are fewer than two sectors."""
    rights = rights_with(result, "trades")
    if not rights:
        return None
    figure, axes = _grid(len(rights), 6.2 if len(rights) == 1 else 5.4, wide=True)
    parts = []
    for right, ax in zip(rights, axes, strict=True):
        graph = network_plot.sector_flows(result, right)
        by_sector = len(graph) > 1 and result.manifest.get("kind") != "laboratory"
        draw = network_plot.sector_network if by_sector else network_plot.account_network
        draw(result, ax, right=right, words=words)
        if by_sector:
            parts.append(_network_text(result, right, graph, words))
        else:
            kpis = kpis_of(result)
            counts = {
                m: int(value_of(kpis, right, "all", k))
                for m, k in (("count", "trades"), ("accounts", "accounts_trading"))
            }
            parts.append(words("page.network_text", **counts))
    _share_legend(figure, axes)
    for right, ax in zip(rights, axes, strict=True):
        _title(result, ax, right, rights, words)
    return Picture(figure, _say(parts, words))


def _network_text(result: Result, right: str, graph: nx.DiGraph, words: Words) -> str:
    unit = right_of(result, right)["unit"]
    flows = sorted(graph.edges(data="units"), key=lambda flow: -flow[2])[:3]
    items = [
        words(
            "alt.network_item",
            seller=sector_name(result, str(seller), words),
            buyer=sector_name(result, str(buyer), words),
            amount=show(units, unit, words),
        )
        for seller, buyer, units in flows
    ]
    return words("alt.network", right=right_name(result, right, words), items=_SEMICOLON[words.lang].join(items))


def holdings(result: Result, words: Words) -> Picture | None:
    """Show the units outside government accounts by day."""
    rights = rights_with(result, "days")
    if not rights:
        return None
    parts = []
    for right in rights:
        held, unit = of_right(result, "days", right)["holdings"], right_of(result, right)["unit"]
        ends = {"start": show(held.iloc[0], unit, words), "end": show(held.iloc[-1], unit, words)}
        parts.append(words("alt.holdings", right=right_name(result, right, words), **ends))
    return Picture(_multiples(result, rights, plots.holdings, words, 3.4), _say(parts, words))


def cost(result: Result, words: Words) -> Picture | None:
    """Show how cost per unit is spread over firms: Lorenz curve and histogram."""
    rights = [r for r in rights_with(result, "compliance") if len(outcome_plots.burden_of(result, r))]
    if not rights:
        return None
    parts, kpis = [], kpis_of(result)
    for right in rights:
        burden, unit = outcome_plots.burden_of(result, right), right_of(result, right)["unit"]
        parts.append(
            words(
                "alt.cost",
                right=right_name(result, right, words),
                firms=len(burden),
                median=show(float(np.median(burden)), f"CNY/{unit}", words),
                gini=digits(value_of(kpis, right, "all", "gini_cost")),
            )
        )
    figure = _pairs(result, rights, (outcome_plots.cost_lorenz, outcome_plots.cost_histogram), words, 4.2)
    return Picture(figure, _say(parts, words))


def compliance(result: Result, words: Words) -> Picture | None:
    """Show by period which share was surrendered, and which share of firms complied in full."""
    rights = rights_with(result, "compliance")
    if not rights:
        return None
    kpis = kpis_of(result)

    def item(right: str, period: str) -> str:
        rates = {
            n: value_of(kpis, right, period, f"compliance_by_{n[:-1] if n == 'firms' else n}")
            for n in ("quantity", "firms")
        }
        return words("alt.compliance_item", period=period, **{n: f"{rate:.2f}" for n, rate in rates.items()})

    figure = _pairs(result, rights, (outcome_plots.surrendered, outcome_plots.firms_in_full), words, 3.9)
    return Picture(figure, _by_period(result, rights, "alt.compliance", item, words))


def benchmark(result: Result, words: Words) -> Picture | None:
    """Show simulated prices beside those of the least-cost market."""
    rights = [right for right in rights_with(result, "benchmark") if result.manifest.get("kind") != "laboratory"]
    if not rights:
        return None
    parts = []
    for right in rights:
        unit = f"CNY/{right_of(result, right)['unit']}"
        columns = {"price": "simulated_price", "low": "least_cost_price_low", "high": "least_cost_price_high"}
        items = [
            words(
                "alt.benchmark_item", period=row["period"], **{k: show(row[c], unit, words) for k, c in columns.items()}
            )
            for row in of_right(result, "benchmark", right).to_dict("records")
        ]
        parts.append(
            words("alt.benchmark", right=right_name(result, right, words), items=_SEMICOLON[words.lang].join(items))
        )
    return Picture(_multiples(result, rights, plots.least_cost, words, 3.7), _say(parts, words))


def reality(result: Result, words: Words) -> Picture | None:
    """Show observed beside simulated figures, one measure a panel."""
    table = result.tables.get("reality")
    if table is None or table.empty:
        return None
    measures = list(dict.fromkeys(table["metric"]))
    figure, axes = _grid(len(measures), 3.5)
    for metric, ax in zip(measures, axes, strict=True):
        outcome_plots.reality(result, ax, metric=metric, words=words)
    return Picture(figure, words("alt.reality"))


def laboratory(result: Result, words: Words) -> Picture | None:
    """Show the trades of a laboratory about the competitive price, and Smith's alpha by day."""
    rights = [r for r in rights_with(result, "trades") if not of_right(result, "benchmark", r).empty]
    if result.manifest.get("kind") != "laboratory" or not rights:
        return None
    right, kpis = rights[0], kpis_of(result)
    figure = Figure(figsize=(WIDTH, 7.4), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(1.7, 1))
    plots.trade_sequence(result, above, right=right, words=words)
    plots.alpha(result, below, right=right, words=words)
    alphas = kpis[(kpis["right"] == right) & (kpis["metric"] == "alpha")]["value"]
    first = of_right(result, "benchmark", right).iloc[0]
    middle = (first["least_cost_price_low"] + first["least_cost_price_high"]) / 2
    alt = words(
        "alt.laboratory",
        count=len(of_right(result, "trades", right)),
        days=len(alphas),
        price=digits(middle),
        first=digits(alphas.iloc[0]),
        last=digits(alphas.iloc[-1]),
    )
    return Picture(figure, alt)
