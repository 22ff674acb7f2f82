"""The table of key figures of a result: one row for each right, period and measure.

`period` is the name of a compliance period, a calendar year, a day of a laboratory, or ``all``.  A measure that is not
defined (no trade, no duty) has no row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.results import metrics as m
from experiments.results.amounts import in_currency
from experiments.results.result import Result
from experiments.results.store import ResultError

ALL = "all"
COLUMNS = ["right", "period", "metric", "value", "unit"]
Row = tuple[str, str, str, float, str]

# In the order in which a reader asks for them.
METRICS = (
    "mean_price", "close_price", "lowest_close", "highest_close", "price_gap", "volatility",
    "volume", "turnover", "volume_to_duty", "trades", "accounts_trading", "trading_days", "days_without_trade",
    "last_two_months_share", "last_fifth_share", "november_december_share", "block_share", "block_discount",
    "spread", "two_sided_share", "amihud", "volume_hhi", "holdings_hhi",
    "emissions", "baseline", "allocation", "cap", "emissions_to_allocation", "emissions_to_cap", "reduction", "abated",
    "abatement_cost", "mean_abatement_cost", "compliance_cost", "cost_excess", "gini_cost", "share_gaining",
    "duty", "surrendered", "shortfall", "compliance_by_quantity", "compliance_by_firm", "firms_on_time", "firms_short",
    "fines", "tax", "standard", "surcharge", "pass_through", "subsidy", "tax_credit", "output_rebate", "equal_share",
    "public_revenue", "alpha", "allocative_efficiency",
)  # fmt: skip

# Columns of a compliance table of which key figures are sums over firms.
SUMMED = (
    "emissions", "baseline", "allocation", "abated", "abatement_cost_yuan", "duty", "surrendered", "shortfall",
    "fine_yuan",
)  # fmt: skip

# Kinds of money in the table of fiscal rules that go to the government, and that firms get.
CHARGES = ("tax", "standard", "surcharge")
RECEIPTS = ("subsidy", "tax_credit", "output_rebate", "equal")

# Metric prefixes of observations, so that 212 Mt and 2.12e8 t are one figure.
SCALES = {"k": 1e3, "M": 1e6, "G": 1e9, "10k ": 1e4, "thousand ": 1e3, "million ": 1e6, "bn ": 1e9, "billion ": 1e9}


def kpi_table(result: Result) -> pd.DataFrame:
    """Compute the key figures of a result from its other tables.

    Parameters
    ----------
    result : Result
        With any of the tables `prices`, `trades`, `compliance`, `fiscal`, `auctions`, `benchmark`; what is missing is
        left out.

    Returns
    -------
    DataFrame
        Columns `right`, `period`, `metric`, `value` (float64), `unit`.  Percentages are written as 0 to 100, quantities
        in the right's unit, money in the currency of the scenario.
    """
    rows: list[Row] = []
    for right in result.manifest["rights"]:
        code, unit = right["code"], right["unit"]
        rows += _market_rows(result, code, unit)
        rows += _period_rows(result, code, unit)
        rows += _fiscal_rows(result, code)
        rows += _concentration_rows(result, code)
        rows += _block_rows(result, code)
        rows += _benchmark_rows(result, code)
        if result.manifest.get("kind") == "laboratory":
            rows += _laboratory_rows(result, code)
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"value": "float64"})
    table["unit"] = [in_currency(unit, result.currency) for unit in table["unit"]]
    return table[np.isfinite(table["value"])].reset_index(drop=True)


def kpis_of(result: Result) -> pd.DataFrame:
    """Return the table of key figures that the result carries, or compute it."""
    table = result.tables.get("kpis")
    return kpi_table(result) if table is None else table


def of_right(result: Result, name: str, right: str) -> pd.DataFrame:
    """Return the rows of a table that concern a right; an empty frame without columns if the table is missing."""
    table = result.tables.get(name)
    return pd.DataFrame() if table is None else table[table["right"] == right]


def daily(prices: pd.DataFrame) -> pd.DataFrame:
    """Put the bars of all vintages of one right together: `date`, `day`, `close`, `volume`, `value_yuan` by day."""
    close = m.composite_close(prices["day"], prices["close"], prices["volume"])
    sums = prices.groupby("day").agg(date=("date", "first"), volume=("volume", "sum"), value_yuan=("value_yuan", "sum"))
    return sums.assign(close=close, date=pd.to_datetime(sums["date"])).reset_index()


def leading_limits(prices: pd.DataFrame) -> pd.DataFrame:
    """Return the price limits of the vintage that trades most, `band_low` and `band_high` by day.

    On a day without trade they are those of the vintage that led before or, once it is closed, of the first one listed.
    """
    bars = prices.reset_index(drop=True)
    most = bars.loc[bars.groupby("day")["volume"].idxmax()].set_index("day")
    first = bars.groupby("day")["instrument"].first()
    leader = most["instrument"].where(most["volume"] > 0).ffill().fillna(first)
    listed = bars.set_index(["day", "instrument"])[["band_low", "band_high"]]
    is_open = pd.MultiIndex.from_arrays([leader.index, leader]).isin(listed.index)
    chosen = leader.where(is_open, first)
    limits = listed.loc[pd.MultiIndex.from_arrays([chosen.index, chosen])]
    return limits.reset_index(level="instrument", drop=True)


def days_per_year(dates: pd.Series) -> float:
    """Trading days a year in a calendar, from its first to its last day (Julian years of 365.25 days)."""
    span = (dates.max() - dates.min()).days + 1
    return len(dates) * 365.25 / span


def windows(result: Result, right: str) -> list[tuple[list[str], pd.Timestamp, pd.Timestamp]]:
    """List the trading windows of a right, from one deadline (exclusive) to the next (inclusive).

    Periods that share a deadline share a window, because what is traded before it serves them all.

    Returns
    -------
    list of (list of str, Timestamp, Timestamp)
        Names of the periods, start and deadline, in time order.
    """
    by_deadline: dict[pd.Timestamp, list[str]] = {}
    for period in result.manifest["periods"]:
        if period["right"] == right:
            by_deadline.setdefault(pd.Timestamp(period["deadline"]), []).append(period["name"])
    deadlines = sorted(by_deadline)
    starts = [pd.Timestamp.min, *deadlines]
    return [(by_deadline[end], start, end) for start, end in zip(starts, deadlines, strict=False)]


def _market_rows(result: Result, code: str, unit: str) -> list[Row]:
    prices = of_right(result, "prices", code)
    if prices.empty:
        # A right without units has no price, but may be taxed.
        return _revenue_rows(result, code, []) if len(fiscal_of(result, code)) else []
    days = daily(prices)
    a_year = days_per_year(days["date"])
    rows = _span_rows(prices, days, code, ALL, unit, a_year)
    bar_year = pd.to_datetime(prices["date"]).dt.year
    day_year = days["date"].dt.year
    for year in sorted(day_year.unique()):
        part = days[day_year == year]
        rows += _span_rows(prices[bar_year == year], part, code, str(year), unit, a_year)
        share = m.share_of_months(part["date"], part["volume"], (11, 12))
        rows.append((code, str(year), "november_december_share", share, "%"))
    return rows + _revenue_rows(result, code, sorted(day_year.unique()))


def _span_rows(bars: pd.DataFrame, days: pd.DataFrame, code: str, span: str, unit: str, a_year: float) -> list[Row]:
    close, volume, money = days["close"], days["volume"], days["value_yuan"]
    figures = (
        ("mean_price", m.mean_price(money, volume), f"CNY/{unit}"),
        ("close_price", close.iloc[-1], f"CNY/{unit}"),
        ("lowest_close", close.min(), f"CNY/{unit}"),
        ("highest_close", close.max(), f"CNY/{unit}"),
        ("volatility", m.volatility(close, volume, a_year), "%"),
        ("volume", volume.sum(), unit),
        ("turnover", money.sum(), "CNY"),
        ("spread", m.relative_spread(bars["bid"], bars["ask"]), "%"),
        ("two_sided_share", m.two_sided_share(bars["bid"], bars["ask"]), "%"),
        ("amihud", m.amihud(close, volume, money), "%/million CNY"),
        ("trading_days", len(days), "days"),
        ("days_without_trade", int((volume == 0).sum()), "days"),
    )
    return [(code, span, *figure) for figure in figures]


def _revenue_rows(result: Result, code: str, years: list[int]) -> list[Row]:
    """Return what the government took in by calendar year: auctions, charges, fines in the year of the deadline."""
    revenue = {str(year): 0.0 for year in years}
    auctions = of_right(result, "auctions", code)
    for row in auctions.to_dict("records"):
        if row["sold"] > 0:
            year = str(pd.Timestamp(row["date"]).year)
            revenue[year] = revenue.get(year, 0.0) + row["revenue_yuan"] - row["consignors_yuan"]
    duties = of_right(result, "compliance", code)
    for names, _, deadline in windows(result, code):
        due = duties[duties["period"].isin(names)] if len(duties) else duties
        if len(due):
            revenue[str(deadline.year)] = revenue.get(str(deadline.year), 0.0) + due["fine_yuan"].sum()
    for row in fiscal_of(result, code).to_dict("records"):
        if row["kind"] in CHARGES:
            revenue[str(row["year"])] = revenue.get(str(row["year"]), 0.0) + row["amount_yuan"]
    revenue[ALL] = sum(revenue.values())
    return [(code, span, "public_revenue", value, "CNY") for span, value in revenue.items()]


def fiscal_of(result: Result, right: str) -> pd.DataFrame:
    """Return the rows of the table `fiscal` that concern a right; those of no right stand with the first one."""
    table = result.tables.get("fiscal")
    if table is None:
        return pd.DataFrame(columns=["year", "kind", "right", "amount_yuan"])
    first = result.manifest["rights"][0]["code"]
    return table[table["right"].replace("", first) == right]


def _fiscal_rows(result: Result, code: str) -> list[Row]:
    """Return charges, and what firms got, by kind and calendar year, each as a positive amount."""
    rows: list[Row] = []
    for kind, part in fiscal_of(result, code).groupby("kind", sort=True):
        sign = -1.0 if kind in RECEIPTS else 1.0
        by_year = sign * part.groupby("year")["amount_yuan"].sum()
        metric = "equal_share" if kind == "equal" else str(kind)
        rows += [(code, str(year), metric, float(value), "CNY") for year, value in by_year.items()]
        rows.append((code, ALL, metric, float(by_year.sum()), "CNY"))
    return rows


def _period_rows(result: Result, code: str, unit: str) -> list[Row]:
    duties = of_right(result, "compliance", code)
    if duties.empty:
        return []
    rows = _duty_rows(duties, code, ALL, unit)
    caps = {p["name"]: p.get("cap") for p in result.manifest["periods"] if p["right"] == code}
    for name, part in duties.groupby("period", sort=False):
        rows += _duty_rows(part, code, str(name), unit)
        rows += _count_rows(part, code, str(name))
        if caps.get(name):
            rows.append((code, str(name), "cap", caps[name], unit))
            rows.append((code, str(name), "emissions_to_cap", 100 * part["emissions"].sum() / caps[name], "%"))
    return rows + _window_rows(result, duties, code)


def _duty_rows(part: pd.DataFrame, code: str, span: str, unit: str) -> list[Row]:
    total = {name: float(part[name].sum()) for name in SUMMED}
    by_firm = part.groupby("account")[
        ["purchase_cost_yuan", "sale_revenue_yuan", "abatement_cost_yuan", "fine_yuan", "baseline"]
    ].sum()
    spent = by_firm["purchase_cost_yuan"] + by_firm["abatement_cost_yuan"] + by_firm["fine_yuan"]
    burden = m.cost_burden(
        by_firm["purchase_cost_yuan"], by_firm["abatement_cost_yuan"], by_firm["fine_yuan"], by_firm["baseline"]
    )
    figures = (
        ("emissions", total["emissions"], unit),
        ("baseline", total["baseline"], unit),
        ("allocation", total["allocation"], unit),
        # Of what firms did, not of what was verified: an error of measurement is no reduction.
        ("reduction", 100 * m.ratio(total["abated"], total["baseline"]), "%"),
        ("emissions_to_allocation", 100 * m.ratio(total["emissions"], total["allocation"]), "%"),
        ("abated", total["abated"], unit),
        ("abatement_cost", total["abatement_cost_yuan"], "CNY"),
        ("mean_abatement_cost", m.ratio(total["abatement_cost_yuan"], total["abated"]), f"CNY/{unit}"),
        ("compliance_cost", float(spent.sum()), "CNY"),
        ("duty", total["duty"], unit),
        ("surrendered", total["surrendered"], unit),
        ("shortfall", total["shortfall"], unit),
        ("fines", total["fine_yuan"], "CNY"),
        ("compliance_by_quantity", m.compliance_by_quantity(part["surrendered"], part["duty"]), "%"),
        ("compliance_by_firm", m.compliance_by_firm(part["shortfall"], part["duty"]), "%"),
        ("gini_cost", m.gini(burden), ""),
        ("share_gaining", m.share_gaining(spent, by_firm["sale_revenue_yuan"]), "%"),
    )
    return [(code, span, *figure) for figure in figures]


def _count_rows(part: pd.DataFrame, code: str, name: str) -> list[Row]:
    shortfall = part.loc[part["duty"] > 0, "shortfall"]
    return [
        (code, name, "firms_on_time", float((shortfall == 0).sum()), "firms"),
        (code, name, "firms_short", float((shortfall > 0).sum()), "firms"),
        (code, name, "holdings_hhi", m.herfindahl(part["holdings_after"]), ""),
    ]


def _window_rows(result: Result, duties: pd.DataFrame, code: str) -> list[Row]:
    prices = of_right(result, "prices", code)
    if prices.empty:
        return []
    days = daily(prices)
    rows: list[Row] = []
    for names, start, deadline in windows(result, code):
        part = days[(days["date"] > start) & (days["date"] <= deadline)]
        duty = duties.loc[duties["period"].isin(names), "duty"].sum()
        figures = (
            ("volume_to_duty", 100 * m.ratio(part["volume"].sum(), duty), "%"),
            ("last_two_months_share", m.share_before(part["date"], part["volume"], deadline, 2), "%"),
            ("last_fifth_share", m.share_of_last_days(part["volume"], 0.2), "%"),
        )
        rows += [(code, name, *figure) for name in names for figure in figures]
    return rows


def _concentration_rows(result: Result, code: str) -> list[Row]:
    trades = of_right(result, "trades", code)
    if trades.empty:
        return []
    sides = pd.concat([trades.groupby(side)["units"].sum() for side in ("buyer", "seller")])
    by_account = sides.groupby(level=0).sum()
    return [
        (code, ALL, "trades", float(len(trades)), "trades"),
        (code, ALL, "accounts_trading", float(len(by_account)), "accounts"),
        (code, ALL, "volume_hhi", m.herfindahl(by_account), ""),
    ]


def _block_rows(result: Result, code: str) -> list[Row]:
    """Return the share of blocks in what was traded, and how far their mean price lay below that of the book."""
    trades = of_right(result, "trades", code)
    if trades.empty or not (is_block := trades["mode"].str.startswith("block")).any():
        return []
    year = pd.to_datetime(trades["date"]).dt.year
    rows: list[Row] = []
    for span, inside in ((ALL, year.notna()), *((str(y), year == y) for y in sorted(year.unique()))):
        blocks, book = trades[inside & is_block], trades[inside & ~is_block]
        share = 100 * m.ratio(blocks["units"].sum(), trades.loc[inside, "units"].sum())
        paid, listed = (m.mean_price(part["value_yuan"], part["units"]) for part in (blocks, book))
        discount = 100 * (1 - m.ratio(paid, listed))
        rows += [(code, span, "block_share", share, "%"), (code, span, "block_discount", discount, "%")]
    return rows


def _benchmark_rows(result: Result, code: str) -> list[Row]:
    rows: list[Row] = []
    for row in of_right(result, "benchmark", code).to_dict("records"):
        period = str(row["period"])
        middle = (row["least_cost_price_low"] + row["least_cost_price_high"]) / 2
        rows.append((code, period, "price_gap", m.cost_excess(row["simulated_price"], middle), "%"))
        if row["least_cost_yuan"] > 0:
            excess = m.cost_excess(row["simulated_cost_yuan"], row["least_cost_yuan"])
            rows.append((code, period, "cost_excess", excess, "%"))
        if row.get("max_surplus_yuan", 0) > 0:
            efficiency = m.allocative_efficiency(row["surplus_yuan"], row["max_surplus_yuan"])
            rows.append((code, period, "allocative_efficiency", efficiency, "%"))
    return rows


def _laboratory_rows(result: Result, code: str) -> list[Row]:
    """Return Smith's alpha, mean price and trades of each day; days count from 1, as in the laboratory."""
    trades, benchmark = of_right(result, "trades", code), of_right(result, "benchmark", code)
    if trades.empty or benchmark.empty:
        return []
    first = benchmark.iloc[0]
    competitive = (first["least_cost_price_low"] + first["least_cost_price_high"]) / 2
    rows: list[Row] = [(code, ALL, "mean_price", m.mean_price(trades["value_yuan"], trades["units"]), "CNY")]
    for day in sorted(trades["day"].unique()):
        part, span = trades[trades["day"] == day], str(day + 1)
        rows.append((code, span, "alpha", m.smith_alpha(part["price"], competitive), "%"))
        rows.append((code, span, "mean_price", m.mean_price(part["value_yuan"], part["units"]), "CNY"))
        rows.append((code, span, "trades", float(len(part)), "trades"))
    return rows


def value_of(kpis: pd.DataFrame, right: str, period: str, metric: str) -> float:
    """Return one key figure, NaN if it is not in the table."""
    found = kpis[(kpis["right"] == right) & (kpis["period"] == period) & (kpis["metric"] == metric)]
    return float(found["value"].iloc[0]) if len(found) else float("nan")


def in_unit(value: float, unit: str, wanted: str) -> float:
    """Express a figure in another unit of the same kind.

    Raises
    ------
    ResultError
        If one unit is not the other with a metric prefix or a word for a power of ten.

    Examples
    --------
    >>> in_unit(212e6, "t", "Mt"), in_unit(14.4e9, "CNY", "bn CNY"), in_unit(68.15, "CNY/t", "CNY/t")
    (212.0, 14.4, 68.15)
    """
    for prefix, scale in {"": 1.0, **SCALES}.items():
        if wanted == prefix + unit:
            return value / scale
    raise ResultError(f"a figure in {unit!r} cannot be expressed in {wanted!r}")


def reality_table(kpis: pd.DataFrame, observations: list[dict[str, Any]], right: str) -> pd.DataFrame:
    """Set observed figures beside simulated ones, in the unit of the observation.

    Parameters
    ----------
    kpis : DataFrame
        From `kpi_table`.
    observations : list of dict
        `metric`, `year`, `value`, `unit`, `source`, `mark`, and `right` where there is more than one.
    right : str
        The right that observations without `right` concern.

    Raises
    ------
    ResultError
        If an observation names a measure that does not exist, or its unit does not fit the measure.

    Notes
    -----
    A measure that the run has not got for that year (no trade, say) is NaN under `simulated`.
    """
    rows = []
    for seen in observations:
        code, year, metric = seen.get("right", right), str(seen["year"]), seen["metric"]
        if metric not in METRICS:
            raise ResultError(
                f"observation of {metric!r} in {year}: there is no such measure; choose from {', '.join(METRICS)}"
            )
        found = kpis[(kpis["right"] == code) & (kpis["period"] == year) & (kpis["metric"] == metric)]
        if found.empty:
            simulated = float("nan")
        else:
            simulated = in_unit(float(found["value"].iloc[0]), str(found["unit"].iloc[0]), seen["unit"])
        rows.append((year, metric, float(seen["value"]), simulated, seen["unit"], seen["source"], seen["mark"]))
    return pd.DataFrame(rows, columns=["year", "metric", "observed", "simulated", "unit", "source", "mark"])
