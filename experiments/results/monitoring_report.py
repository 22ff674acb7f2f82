"""Tables of a report on monitoring: use as it was and as it became known, inventory, responsibility table."""

from __future__ import annotations

from experiments.results.amounts import show
from experiments.results.names import right_of, sector_name
from experiments.results.report_tables import Table, table
from experiments.results.result import Result
from experiments.results.words import Words

USE = ("true", "measured", "reported", "verified", "found")


def use_known(result: Result, words: Words) -> Table | None:
    """Sum up by right, period and sector what use was, and what became known of it."""
    found = result.tables.get("mrv")
    if found is None or found.empty:
        return None
    sums = found.groupby(["right", "period", "sector"], sort=False).agg(
        **{name: (name, "sum") for name in USE}, audited=("audited", "sum"), fine=("fine_yuan", "sum")
    )
    rows = []
    for row in sums.reset_index().to_dict("records"):
        unit = right_of(result, row["right"])["unit"]
        amounts = [show(row[name], unit, words) for name in USE]
        fine = show(row["fine"], "CNY", words) if row["fine"] else "–"
        sector = sector_name(result, row["sector"], words)
        rows.append([row["right"], str(row["period"]), sector, *amounts, f"{row['audited']:,}", fine])
    keys = ("right", "period", "sector", "true_use", "measured", "reported", "verified", "found", "audited", "fine")
    return table(words("page.use_known"), [words(f"page.{k}") for k in keys], rows, range(3, 10))


def inventory(result: Result, words: Words) -> Table | None:
    """List the inventory by prefecture: inside the market, outside, and together."""
    found = result.tables.get("inventory")
    if found is None or found.empty:
        return None
    sums = found.pivot_table(
        "quantity", ["right", "period", "prefecture"], "covered", aggfunc="sum", fill_value=0.0, sort=False
    ).reindex(columns=[True, False], fill_value=0.0)
    rows = []
    for (right, period, prefecture), (inside, outside) in zip(sums.index, sums.to_numpy(), strict=True):
        unit = right_of(result, right)["unit"]
        amounts = [show(x, unit, words) for x in (inside, outside, inside + outside)]
        rows.append([right, str(period), prefecture or words("page.unknown_place"), *amounts])
    keys = ("right", "period", "prefecture", "inside", "outside", "together")
    return table(words("page.inventory"), [words(f"page.{k}") for k in keys], rows, range(3, 6))


def targets(result: Result, words: Words) -> Table | None:
    """List how prefectures did against their targets."""
    found = result.tables.get("targets")
    if found is None or found.empty:
        return None
    rows = []
    for row in found.to_dict("records"):
        unit = right_of(result, row["right"])["unit"]
        amounts = [show(row[name], unit, words) for name in ("base", "target", "result")]
        grade = words.name("grade", row["grade"])
        rows.append([row["right"], str(row["period"]), row["prefecture"], *amounts, f"{row['score']:.1f}", grade])
    keys = ("right", "period", "prefecture", "base", "target", "outcome", "score", "grade")
    return table(words("page.targets"), [words(f"page.{k}") for k in keys], rows, range(3, 7))
