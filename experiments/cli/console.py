"""What a run shows on the terminal: notes, a progress bar, and a table of key figures."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from experiments.results.amounts import unit_name
from experiments.results.words import Words

if TYPE_CHECKING:
    from experiments.results.result import Result

Report = Callable[[int, int, str], None]

# Key figures of the summary, in this order; a result has more of them.
SHOWN = (
    "mean_price",
    "volatility",
    "volume",
    "volume_to_duty",
    "emissions",
    "reduction",
    "compliance_by_quantity",
    "fines",
    "public_revenue",
    "cost_excess",
    "alpha",
    "allocative_efficiency",
)
_WORDS = {
    "en": {
        "note": "Note: {}",
        "right": "Right",
        "metric": "Key figure",
        "value": "Value",
        "unit": "Unit",
        "all": "all",
    },
    "zh": {"note": "说明：{}", "right": "权利", "metric": "指标", "value": "数值", "unit": "单位", "all": "全期"},
}
_RUNNING = {"en": "trading days", "zh": "交易日"}


def note_lines(notes: Sequence[str], lang: str) -> None:
    """Print what the reader should know about a scenario, on the error stream."""
    console = Console(stderr=True, highlight=False)
    for note in notes:
        console.print(_WORDS[lang]["note"].format(note), markup=False)


@contextlib.contextmanager
def progress_bar(lang: str, *, hidden: bool = False) -> Iterator[Report]:
    """Show how many trading days are done; gives the function that a run calls with (done, total, text)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} " + _RUNNING[lang]),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=hidden or not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=1)

        def report(done: int, total: int, text: str) -> None:
            bar.update(task, completed=done, total=max(total, 1), description=text)

        yield report


def summary(result: Result, lang: str) -> None:
    """Print the main key figures of the whole run, one table for all rights."""
    words = Words(lang, result.currency)
    heads = _WORDS[lang]
    kpis = result.tables["kpis"]
    rows = kpis[(kpis["period"] == "all") & kpis["metric"].isin(SHOWN)]
    names = {r["code"]: words.pick(r.get("name"), r["code"]) for r in result.manifest["rights"]}
    table = Table(title=words.pick(result.manifest.get("title"), str(result.manifest["name"])))
    table.add_column(heads["right"])
    table.add_column(heads["metric"])
    table.add_column(heads["value"], justify="right")
    table.add_column(heads["unit"])
    order = sorted(rows.to_dict("records"), key=lambda r: (list(names).index(r["right"]), SHOWN.index(r["metric"])))
    last = None
    for row in order:
        right = "" if row["right"] == last else f"{names[row['right']]} ({row['right']})"
        last = row["right"]
        metric = words.name("metric", row["metric"])
        table.add_row(right, metric, number(row["value"]), unit_name(row["unit"], words))
    Console(highlight=False).print(table)


def number(value: float) -> str:
    """Return a figure with thousands separators and no more digits than it is worth.

    Examples
    --------
    >>> number(1234567.891), number(48.256), number(0.01234)
    ('1,234,568', '48.26', '0.0123')
    """
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 or value == 0 else f"{value:.3g}"
