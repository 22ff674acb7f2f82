"""Pictures of the market: price, volume, holdings, distance to the least-cost price, and the laboratory.

Each function draws one right of a result on axes that the caller made, and returns the axes.  Nothing is saved, shown
or set for the whole process; draw inside `experiments.results.fonts.use_language` to have fonts for the language.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.results import style
from experiments.results.amounts import unit_name
from experiments.results.kpis import daily, kpis_of, leading_limits, of_right
from experiments.results.names import right_of
from experiments.results.result import Result
from experiments.results.words import Words

ENGLISH = Words("en")


def price(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw closing price, fundamental value and price limits by day, with deadlines and the days of plans.

    Several vintages appear as one composite close (`experiments.results.metrics.composite_close`); the limits are those
    of the vintage that trades most, and are left out where no rule sets any.
    """
    bars = of_right(result, "prices", right)
    days = daily(bars)
    limits = leading_limits(bars)
    # Without a rule the limits are those of what can be quoted, from the lowest tick on.
    if (limits["band_low"] > right_of(result, right)["tick_yuan"]).any():
        ax.fill_between(
            days["date"],
            limits["band_low"],
            limits["band_high"],
            color=style.SKY,
            alpha=0.25,
            linewidth=0,
            label=words("fig.band"),
        )
    ax.plot(days["date"], days["close"], color=style.BLUE, linewidth=1.6, label=words("fig.close"))
    shown = [days["close"]]
    known = of_right(result, "days", right)
    if not known.empty and known["fundamental"].notna().any():
        dates = pd.to_datetime(known["date"])
        ax.plot(
            dates, known["fundamental"], "--", color=style.VERMILLION, linewidth=1.4, label=words("fig.fundamental")
        )
        shown.append(known["fundamental"])
    _frame_prices(ax, pd.concat(shown))
    mark_days(result, ax, right=right, words=words)
    ax.set_ylabel(words("fig.price_axis", unit=unit_name(f"CNY/{right_of(result, right)['unit']}", words)))
    style.group_thousands(ax)
    style.date_axis(ax, words)
    style.legend(ax, columns=3)
    return style.tidy(ax)


def _frame_prices(ax: Axes, values: pd.Series) -> None:
    """Fit the axis to the prices: limits that lie far away would flatten them."""
    low, high = values.min(), values.max()
    margin = max(0.15 * (high - low), 0.02 * high)
    ax.set_ylim(max(0.0, low - margin), high + margin)


def mark_days(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Mark the deadlines and the days on which plans were announced, as far as they fall into the axis."""
    first, last = ax.dataLim.intervalx
    kinds = (("deadline", "fig.deadline_short", style.BLACK, "-."), ("announce", "fig.announce", style.GREEN, ":"))
    for field, key, color, dashes in kinds:
        whens = {p.get(field) for p in result.manifest["periods"] if p["right"] == right} - {None}
        inside = [w for w in sorted(whens) if first <= float(ax.convert_xunits(pd.Timestamp(w))) <= last]
        for i, when in enumerate(inside):
            label = words(key) if i == 0 else None
            ax.axvline(pd.Timestamp(when), color=color, linestyle=dashes, linewidth=1.1, label=label)  # type: ignore[arg-type]
    return ax


def volume(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw volume as bars: by day up to 150 trading days, by week up to six years, else by month."""
    days = daily(of_right(result, "prices", right)).set_index("date")["volume"]
    rule, width, key = _bar_width(len(days))
    sums = days if rule is None else days.resample(rule, label="left", closed="left").sum()
    ax.bar(sums.index, sums.to_numpy(), width=width, align="edge", color=style.BLUE, linewidth=0)
    label = style.scale_axis(ax, right_of(result, right)["unit"], words)
    ax.set_ylabel(words(key, unit=label))
    style.date_axis(ax, words)
    return style.tidy(ax)


def _bar_width(days: int) -> tuple[str | None, float, str]:
    """Return the resampling rule, width in days and axis label that keep bars wide enough to be seen."""
    if days <= 150:
        return None, 0.8, "fig.volume_day"
    if days <= 1500:
        return "W-MON", 6.0, "fig.volume_week"
    return "MS", 26.0, "fig.volume_month"


def holdings(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw the units outside government accounts by day."""
    days = of_right(result, "days", right)
    ax.plot(pd.to_datetime(days["date"]), days["holdings"], color=style.GREEN, linewidth=1.6)
    ax.set_ylim(0, max(float(days["holdings"].max()), 1.0) * 1.08)
    mark_days(result, ax, right=right, words=words)
    label = style.scale_axis(ax, right_of(result, right)["unit"], words)
    ax.set_ylabel(words("fig.holdings", unit=label))
    style.date_axis(ax, words)
    style.legend(ax)
    return style.tidy(ax)


def least_cost(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw the simulated mean price of each period beside the range of prices of the least-cost market.

    A range without an upper end, where nobody can abate any more, is an arrow from its lower end to the top.
    """
    table = of_right(result, "benchmark", right)
    x = np.arange(len(table))
    low, high = table["least_cost_price_low"].to_numpy(), table["least_cost_price_high"].to_numpy()
    is_open = np.isinf(high)
    highest = max(*low, *high[~is_open], *table["simulated_price"].dropna(), 0.0)
    top = 1.15 * highest if highest > 0 else 1.0
    middle = np.where(is_open, low, (low + np.where(is_open, low, high)) / 2)
    spread = np.vstack([middle - low, np.where(is_open, top, high) - middle])
    ax.errorbar(
        x - 0.12, middle, yerr=spread, lolims=is_open, fmt="s", color=style.VERMILLION, capsize=7, markersize=7,
        elinewidth=2, label=words("fig.least_cost"),
    )  # fmt: skip
    ax.plot(x + 0.12, table["simulated_price"], "o", color=style.BLUE, markersize=8, label=words("fig.mean_price"))
    ax.set_xticks(x, table["period"].astype(str))
    ax.set_xlim(-0.6, len(table) - 0.4)
    ax.set_ylim(0, top)
    ax.set_xlabel(words("fig.period_axis"))
    ax.set_ylabel(words("fig.price_axis", unit=unit_name(f"CNY/{right_of(result, right)['unit']}", words)))
    style.group_thousands(ax)
    style.legend(ax, columns=2)
    return style.tidy(ax)


def trade_sequence(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw the prices of a laboratory in the order of the trades, day after day, about the competitive price."""
    trades = of_right(result, "trades", right)
    x = np.arange(1, len(trades) + 1)
    benchmark = of_right(result, "benchmark", right).iloc[0]
    low, high = benchmark["least_cost_price_low"], benchmark["least_cost_price_high"]
    ax.axhspan(low, high, color=style.ORANGE, alpha=0.3, linewidth=0, label=words("fig.competitive"))
    ax.axhline((low + high) / 2, color=style.VERMILLION, linewidth=1.2)
    ax.plot(x, trades["price"], "o-", color=style.BLUE, markersize=3.5, linewidth=0.8, label=words("fig.trade_price"))
    day = trades["day"].to_numpy()
    starts = np.flatnonzero(np.r_[True, day[1:] != day[:-1]])
    for i, start in enumerate(starts):
        if i:
            ax.axvline(start + 0.5, color=style.PALE, linewidth=1)
        if len(starts) <= 12:
            ax.annotate(
                words("fig.day_mark", day=int(day[start]) + 1), (start + 0.7, 0.99), xycoords=("data", "axes fraction"),
                va="top", fontsize=9, color=style.GREY,
            )  # fmt: skip
    ax.set_xlabel(words("fig.trade_number"))
    ax.set_ylabel(words("fig.price_axis", unit=unit_name("CNY", words)))
    style.legend(ax, columns=2)
    return style.tidy(ax)


def alpha(result: Result, ax: Axes, *, right: str, words: Words = ENGLISH) -> Axes:
    """Draw Smith's coefficient of convergence by day of a laboratory."""
    kpis = kpis_of(result)
    rows = kpis[(kpis["right"] == right) & (kpis["metric"] == "alpha")]
    days = rows["period"].astype(int)
    ax.plot(days, rows["value"], "o-", color=style.BLUE, linewidth=1.6)
    ax.set_ylim(0, float(rows["value"].max()) * 1.15)
    if len(days) <= 20:
        ax.set_xticks(days)
    ax.set_xlabel(words("fig.day"))
    ax.set_ylabel(words("fig.alpha"))
    return style.tidy(ax)
