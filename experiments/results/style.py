"""What all figures share: colours that the colour-blind can tell apart, plain axes, dates and scaled units.

Colours are those of Okabe and Ito (2008), "Color Universal Design".
"""

from __future__ import annotations

import matplotlib.dates as mdates
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from experiments.results.amounts import scaled
from experiments.results.words import Words

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE = "#767676", "#C8C8C8"
ABOVE = "legend-above"


def tidy(ax: Axes, *, grid: str = "y") -> Axes:
    """Take away the frame and lay a light grid behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="#E4E4E4", linewidth=0.8)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    return ax


def date_axis(ax: Axes, words: Words) -> None:
    """Label a time axis with years and months in the reader's language."""
    locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
    if words.lang == "zh":
        formats = ["%Y年", "%m月", "%m-%d", "%H:%M", "%H:%M", "%S"]
        formatter = mdates.ConciseDateFormatter(
            locator, formats=formats, zero_formats=["", "%Y年", "%m月", "%m-%d", "%H:%M", "%H:%M"], show_offset=False
        )
    else:
        formatter = mdates.ConciseDateFormatter(locator, show_offset=False)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)


def scale_axis(ax: Axes, unit: str, words: Words, *, axis: str = "y") -> str:
    """Show an axis in a scaled unit (the data stay in `unit`); return the label of that unit."""
    low, high = ax.get_ylim() if axis == "y" else ax.get_xlim()
    divisor, label = scaled(max(abs(low), abs(high)), unit, words)
    which = ax.yaxis if axis == "y" else ax.xaxis
    which.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    which.set_major_formatter(FuncFormatter(lambda value, _: f"{value / divisor:,.10g}"))
    return label


def group_thousands(ax: Axes, *, axis: str = "y") -> None:
    """Write large numbers of an axis with separators."""
    which = ax.yaxis if axis == "y" else ax.xaxis
    which.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def has_legend_above(ax: Axes) -> bool:
    """Tell whether `legend` put a legend over the axes, where a title would be."""
    own = ax.get_legend()
    return own is not None and own.get_gid() == ABOVE


def legend(ax: Axes, *, columns: int = 3) -> None:
    """Put the legend above the axes, where it covers no data."""
    own = ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, borderaxespad=0.3)
    own.set_gid(ABOVE)
