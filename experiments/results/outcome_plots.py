"""Pictures of what the policy did: emissions, abatement, cost, compliance, and the distance to reality.

As in `experiments.results.plots`, each function draws one right on axes that the caller made, and returns the axes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.results import metrics, style
from experiments.results.amounts import digits, unit_name
from experiments.results.kpis import kpis_of, of_right, value_of
from experiments.results.names import right_of, sector_name, short
from experiments.results.result import Result
from experiments.results.words import Words

ENGLISH = Words("en")
MAX_SECTORS = 14


def periods_of(result: Result, right: str) -> list[str]:
    """List the compliance periods of a right that the result has data for, in time order."""
    return list(dict.fromkeys(of_right(result, "compliance", right)["period"].astype(str)))


def emissions(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw emissions and the baseline of each period as bars, allocation and cap as marks."""
    kpis, names = kpis_of(result), periods_of(result, right)
    x = np.arange(len(names))
    level = {m: [value_of(kpis, right, n, m) for n in names] for m in ("baseline", "emissions", "allocation", "cap")}
    ax.bar(x - 0.2, level["baseline"], 0.38, color=style.PALE, label=words("fig.baseline"))
    ax.bar(x + 0.2, level["emissions"], 0.38, color=style.BLUE, label=words("fig.emissions"))
    ax.plot(x + 0.2, level["allocation"], "D", color=style.ORANGE, markeredgecolor="black", markersize=8,
            label=words("fig.allocation"))  # fmt: skip
    if np.isfinite(level["cap"]).any():
        ax.hlines(level["cap"], x - 0.42, x + 0.42, color=style.VERMILLION, linewidth=2.2, label=words("fig.cap"))
    ax.set_xticks(x, names, rotation=45 if len(names) > 10 else 0)
    ax.set_xlim(-0.7, len(names) - 0.3)
    label = style.scale_axis(ax, right_of(result, right)["unit"], words)
    ax.set_xlabel(words("fig.period_axis"))
    ax.set_ylabel(words("fig.quantity_axis", unit=label))
    style.legend(ax, columns=4)
    return style.tidy(ax)


def by_sector(result: Result, right: str) -> pd.DataFrame:
    """Sum a right's compliance table by sector, largest abated share last.

    Returns
    -------
    DataFrame, indexed by sector code
        `baseline`, `abated`, `abatement_cost_yuan`, `share` (percent of baseline), `unit_cost` (CNY per unit).  Sectors
        beyond the largest fourteen are left out.
    """
    duties = of_right(result, "compliance", right)
    sums = duties.groupby("sector")[["baseline", "abated", "abatement_cost_yuan"]].sum()
    sums = sums[sums["baseline"] > 0].nlargest(MAX_SECTORS, "baseline")
    sums["share"] = 100 * sums["abated"] / sums["baseline"]
    sums["unit_cost"] = sums["abatement_cost_yuan"] / sums["abated"].where(sums["abated"] > 0)
    return sums.sort_values("share", kind="stable")


def abated_share(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw the share of its baseline that each sector abated."""
    return _sector_bars(result, ax, right, "share", style.GREEN, words, words("fig.abated_share"))


def abatement_cost(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw what a unit of abatement cost each sector on average."""
    unit = unit_name(f"CNY/{right_of(result, right)['unit']}", words)
    return _sector_bars(result, ax, right, "unit_cost", style.ORANGE, words, words("fig.abatement_cost", unit=unit))


def _sector_bars(result: Result, ax: Axes, right: str, column: str, color: str, words: Words, label: str) -> Axes:
    table = by_sector(result, right)
    y = np.arange(len(table))
    bars = ax.barh(y, table[column], color=color, height=0.7)
    ax.bar_label(bars, [digits(value) for value in table[column]], padding=4)
    ax.set_yticks(y, [short(sector_name(result, str(code), words)) for code in table.index])
    ax.margins(x=0.14)
    ax.set_xlabel(label)
    style.group_thousands(ax, axis="x")
    return style.tidy(ax, grid="x")


def burden_of(result: Result, right: str) -> np.ndarray:
    """Cost of compliance of each firm over all periods, CNY per unit of baseline, in rising order."""
    columns = ["purchase_cost_yuan", "abatement_cost_yuan", "fine_yuan", "baseline"]
    sums = of_right(result, "compliance", right).groupby("account")[columns].sum()
    return np.sort(metrics.cost_burden(*(sums[name] for name in columns)))


def cost_lorenz(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw the Lorenz curve of cost per unit of baseline over firms."""
    burden = burden_of(result, right)
    total = burden.sum()
    cost = 100 * np.r_[0, np.cumsum(burden) / total] if total > 0 else np.zeros(len(burden) + 1)
    firms = np.linspace(0, 100, len(burden) + 1)
    gini = value_of(kpis_of(result), right, "all", "gini_cost")
    ax.plot(firms, firms, "--", color=style.GREY, linewidth=1.2, label=words("fig.equal"))
    ax.plot(firms, cost, color=style.BLUE, linewidth=2, label=words("fig.lorenz", gini=digits(gini)))
    ax.fill_between(firms, cost, firms, color=style.SKY, alpha=0.25, linewidth=0)
    ax.set(xlim=(0, 100), ylim=(0, 100), xlabel=words("fig.firm_share"), ylabel=words("fig.cost_share"))
    ax.legend(loc="upper left", frameon=False)
    return style.tidy(ax, grid="both")


def cost_histogram(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw how many firms bear which cost per unit of baseline; those beyond the axis (at most 1 %) are counted."""
    burden = burden_of(result, right)
    top = float(np.quantile(burden, 0.99)) if len(burden) > 100 else float(burden.max())
    top = top if top > 0 else 1.0
    inside = burden[burden <= top]
    ax.hist(inside, bins=min(30, max(8, len(burden) // 8)), range=(0, top), color=style.BLUE, edgecolor="white")
    median = float(np.median(burden))
    ax.axvline(median, color=style.VERMILLION, linewidth=2, label=f"{words('fig.median')} {digits(median)}")
    if len(inside) < len(burden):
        beyond = words("fig.beyond", count=len(burden) - len(inside))
        ax.annotate(beyond, (0.97, 0.86), xycoords="axes fraction", ha="right", va="top", fontsize=9, color=style.GREY)
    ax.set_xlabel(words("fig.burden", unit=unit_name(f"CNY/{right_of(result, right)['unit']}", words)))
    ax.set_ylabel(words("fig.firms"))
    ax.legend(loc="upper right", frameon=False)
    style.group_thousands(ax, axis="x")
    return style.tidy(ax)


def surrendered(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw the share of what was due that was surrendered, and that was short, by period."""
    kpis, names = kpis_of(result), periods_of(result, right)
    whole = [value_of(kpis, right, n, "compliance_by_quantity") for n in names]
    return _compliance_bars(ax, names, whole, words("fig.surrendered"), words("fig.share_of_duty"), words)


def firms_in_full(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw the share of firms that surrendered in full and on time, and that were short, by period."""
    kpis, names = kpis_of(result), periods_of(result, right)
    whole = [value_of(kpis, right, n, "compliance_by_firm") for n in names]
    return _compliance_bars(ax, names, whole, words("fig.on_time"), words("fig.share_of_firms"), words)


def _compliance_bars(ax: Axes, names: list[str], percent: list[float], good: str, label: str, words: Words) -> Axes:
    x, done = np.arange(len(names)), np.array(percent)
    ax.bar(x, done, 0.55, color=style.BLUE, label=good)
    ax.bar(
        x,
        100 - done,
        0.55,
        bottom=done,
        color=style.VERMILLION,
        hatch="///",
        edgecolor="white",
        label=words("fig.short"),
    )
    for i, value in enumerate(done):
        if np.isfinite(value):
            ax.annotate(f"{value:.2f}%", (i, 101), ha="center", va="bottom")
    ax.set_xticks(x, names, rotation=45 if len(names) > 10 else 0)
    ax.set(xlim=(-0.7, len(names) - 0.3), ylim=(0, 112), xlabel=words("fig.period_axis"), ylabel=label)
    ax.set_yticks(np.arange(0, 101, 20))
    style.legend(ax, columns=2)
    return style.tidy(ax)


def reality(result: Result, ax: Axes, *, metric: str, words: Words = ENGLISH) -> Axes:
    """Draw observed beside simulated figures of one measure, by year."""
    table = result.tables["reality"]
    rows = table[table["metric"] == metric]
    x = np.arange(len(rows))
    for shift, column, color in ((-0.2, "observed", style.ORANGE), (0.2, "simulated", style.BLUE)):
        bars = ax.bar(x + shift, rows[column], 0.38, color=color, label=words(f"fig.{column}"))
        ax.bar_label(bars, [digits(value) for value in rows[column]], padding=2, fontsize=9)
    ax.set_xticks(x, rows["year"].astype(str))
    ax.set_xlim(-0.7, len(rows) - 0.3)
    ax.margins(y=0.12)
    unit = unit_name(str(rows["unit"].iloc[0]), words)
    name = words.name("metric", metric)
    ax.set_ylabel(f"{name}（{unit}）" if words.lang == "zh" else f"{name} ({unit})")
    style.legend(ax, columns=2)
    return style.tidy(ax)
