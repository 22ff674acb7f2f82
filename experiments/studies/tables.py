"""From a finished model to tidy tables: quantities in the right's unit, money in CNY, dates as dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agents.recorder import DAY_COLUMNS
from experiments.studies.information_tables import information_tables
from experiments.studies.monitoring_tables import monitoring_tables
from rights_market import Mode, Reason
from rights_market.registry.journal import Op

if TYPE_CHECKING:
    from agents.model import RightsMarketModel

FEN = 100.0
AUCTION_COLUMNS = [
    "date", "right", "vintage", "offered", "sold", "price", "reserve", "bidders", "code", "kind", "lowest", "mean",
    "highest", "revenue_yuan", "consignors_yuan", "consigned", "consigned_sold", "released", "withheld",
]  # fmt: skip
COMPLIANCE_COLUMNS = [
    "period",
    "right",
    "account",
    "sector",
    "emissions",
    "allocation",
    "preallocated",
    "duty",
    "surrendered",
    "shortfall",
    "bought",
    "sold",
    "baseline",
    "fine_yuan",
    "purchase_cost_yuan",
    "sale_revenue_yuan",
    "abatement_cost_yuan",
    "abated",
    "holdings_after",
]


def all_tables(model: RightsMarketModel) -> dict[str, pd.DataFrame]:
    """Return every table of a result that a market run fills, but for figures derived from them."""
    tables = {
        "prices": prices(model),
        "days": days(model),
        "firms": firms(model),
        "compliance": compliance(model),
        "auctions": auctions(model),
        "events": events(model),
        "rejections": rejections(model),
        **monitoring_tables(model),
        **information_tables(model),
    }
    if model.config.links or model.config.fiscal:
        tables["fiscal"] = fiscal(model)
    if model.config.keep.trades:
        tables["trades"] = trades(model)
    if model.config.keep.journal:
        tables["journal"] = journal(model)
    return tables


class _Labels:
    """Codes, vintages and units of instruments as arrays, to be taken by index."""

    def __init__(self, model: RightsMarketModel) -> None:
        items = list(model.market.instruments)
        self.dates = pd.DatetimeIndex(pd.to_datetime(list(model.calendar.days)))
        self.code = np.array([x.code for x in items], dtype=object)
        self.right = np.array([x.right.code for x in items], dtype=object)
        self.vintage = np.array([x.vintage for x in items], dtype=np.int64)
        self.lot = np.array([float(x.right.lot) for x in items])
        self.tick = np.array([float(x.right.tick_yuan) for x in items])
        self.tick_value = np.array([x.right.tick_value_fen for x in items], dtype=np.int64)


def prices(model: RightsMarketModel) -> pd.DataFrame:
    """Return daily bars by instrument."""
    at = _Labels(model)
    bars = model.market.tape.bars
    i = bars["instrument"]

    def yuan(name: str) -> np.ndarray:
        ticks = bars[name]
        return np.where(ticks > 0, ticks * at.tick[i], np.nan)

    lots = bars["vwap_lots"]
    mean = np.divide(bars["vwap_tick_lots"], lots, out=np.full(len(lots), np.nan), where=lots > 0)
    return pd.DataFrame(
        {
            "date": at.dates[bars["day"]],
            "day": bars["day"].astype(np.int64),
            "right": at.right[i],
            "vintage": at.vintage[i],
            "instrument": at.code[i],
            "open": yuan("open_ticks"),
            "high": yuan("high_ticks"),
            "low": yuan("low_ticks"),
            "close": yuan("close_ticks"),
            "vwap": mean * at.tick[i],
            "volume": bars["lots"] * at.lot[i],
            "value_yuan": bars["value_fen"] / FEN,
            "trades": bars["n_trades"].astype(np.int64),
            "bid": yuan("bid_ticks"),
            "ask": yuan("ask_ticks"),
            "band_low": yuan("band_low_ticks"),
            "band_high": yuan("band_high_ticks"),
        }
    )


def days(model: RightsMarketModel) -> pd.DataFrame:
    """Return daily figures by right."""
    at = _Labels(model)
    n_rights = len(model.right_codes)
    table = np.array(model.recorder.days).reshape(-1, len(DAY_COLUMNS))
    day = np.repeat(np.arange(len(model.recorder.days)), n_rights)
    frame = pd.DataFrame(table, columns=list(DAY_COLUMNS))
    frame.insert(0, "right", np.tile(np.array(model.right_codes, dtype=object), len(model.recorder.days)))
    frame.insert(0, "day", day)
    frame.insert(0, "date", at.dates[day])
    return frame


def trades(model: RightsMarketModel) -> pd.DataFrame:
    """Return every trade."""
    at = _Labels(model)
    rows = model.market.tape.trades
    i = rows["instrument"]
    modes = np.full(max(Mode) + 1, "", dtype=object)
    modes[list(Mode)] = [m.name.lower() for m in Mode]
    return pd.DataFrame(
        {
            "day": rows["day"].astype(np.int64),
            "date": at.dates[rows["day"]],
            "batch": rows["batch"].astype(np.int64),
            "mode": modes[rows["mode"]],
            "right": at.right[i],
            "vintage": at.vintage[i],
            "buyer": rows["buyer"].astype(np.int64),
            "seller": rows["seller"].astype(np.int64),
            "price": rows["price_ticks"] * at.tick[i],
            "units": rows["lots"] * at.lot[i],
            "value_yuan": rows["price_ticks"] * rows["lots"] * at.tick_value[i] / FEN,
        }
    )


def firms(model: RightsMarketModel) -> pd.DataFrame:
    """Return the traders: firms first, then institutions and objects."""
    population = model.firms
    n, total = len(population), len(model.accounts_of)
    rest = total - n
    cash = model.market.registry.cash + model.market.registry.cash_frozen
    return pd.DataFrame(
        {
            "account": model.accounts_of,
            "name": [model.market.accounts.name(int(a)) for a in model.accounts_of],
            "sector": [population.sector_codes[s] for s in population.sector] + [""] * rest,
            "region": list(population.regions) + [""] * rest,
            "strategy": list(model.strategy_of),
            "kind": ["compliance"] * n + ["institution"] * rest,
            "output": np.concatenate([population.output, np.zeros(rest)]),
            "cash_start_yuan": model.cash_start_fen[model.accounts_of] / FEN,
            "cash_end_yuan": cash[model.accounts_of] / FEN,
            "debt_yuan": np.concatenate([model.operations.debt_fen / FEN, np.zeros(rest)]),
        }
    )


def compliance(model: RightsMarketModel) -> pd.DataFrame:
    """Return what each period was to each firm that must hold the right."""
    columns = ("emissions", "allocation", "preallocated", "duty", "surrendered", "shortfall", "bought", "sold")
    frames = []
    sectors = np.array([model.firms.sector_codes[s] for s in model.firms.sector], dtype=object)
    accounts = model.accounts_of[: len(model.firms)]
    for period in model.recorder.periods:
        lot = float(model.config.rule_books[period["index"]].right.lot)
        covered = period["covered"]
        units = {name: period[name] * lot for name in columns}
        file = model.authority.monitoring.files.get((period["right"], period["period"]))
        used, false_data_fen = (period["emissions"], 0) if file is None else (file.true, file.fine_fen)
        frame = pd.DataFrame(
            {
                "period": period["period"],
                "right": period["right"],
                "account": accounts,
                "sector": sectors,
                **units,
                "baseline": period["baseline"],
                "fine_yuan": (period["fine_fen"] + false_data_fen) / FEN,
                "purchase_cost_yuan": period["spent_fen"] / FEN,
                "sale_revenue_yuan": period["earned_fen"] / FEN,
                "abatement_cost_yuan": period["abatement_cost_yuan"],
                "abated": period["baseline"] - used * lot,
                "holdings_after": period["holdings_after"] * lot,
            }
        )
        frames.append(frame[covered])
    if not frames:
        return pd.DataFrame(columns=COMPLIANCE_COLUMNS)
    return pd.concat(frames, ignore_index=True)


def auctions(model: RightsMarketModel) -> pd.DataFrame:
    """Return the government's auctions."""
    at = _Labels(model)
    rows = []
    held = [row for supply in model.authority.supplies.values() for row in supply.auctions.results]
    for result in sorted(held, key=lambda row: int(row["day"])):
        right = model.config.rule_books[model.right_codes.index(result["right"])].right
        lot, tick = float(right.lot), float(right.tick_yuan)
        nothing = result["sold"] == 0
        rows.append(
            {
                "date": at.dates[result["day"]],
                "right": right.code,
                "vintage": result["vintage"],
                **{name: result[name] * lot for name in ("offered", "sold")},
                "price": np.nan if nothing else result["price_ticks"] * tick,
                "reserve": result["reserve_ticks"] * tick,
                "bidders": result["bidders"],
                "code": result["code"],
                "kind": result["kind"],
                "lowest": np.nan if nothing else result["lowest_ticks"] * tick,
                "mean": np.nan if nothing else result["revenue_fen"] / FEN / (result["sold"] * lot),
                "highest": np.nan if nothing else result["highest_ticks"] * tick,
                "revenue_yuan": result["revenue_fen"] / FEN,
                "consignors_yuan": result["consignors_fen"] / FEN,
                **{name: result[name] * lot for name in ("consigned", "consigned_sold", "released", "withheld")},
            }
        )
    frame = pd.DataFrame(rows, columns=AUCTION_COLUMNS)
    return frame.astype({"date": "datetime64[ns]"} if not rows else {})


def events(model: RightsMarketModel) -> pd.DataFrame:
    """Return the institutional events."""
    at = _Labels(model)
    rows = model.authority.events
    i = np.array([e.instrument for e in rows], dtype=np.int64)
    lot = np.where(i >= 0, at.lot[i], np.nan) if len(i) else np.zeros(0)
    tick = np.where(i >= 0, at.tick[i], np.nan) if len(i) else np.zeros(0)
    day = np.array([e.day for e in rows], dtype=np.int64)
    return pd.DataFrame(
        {
            "date": at.dates[day],
            "day": day,
            "hook": [e.hook for e in rows],
            "rule": [e.rule for e in rows],
            "code": [e.code for e in rows],
            "account": np.array([e.account for e in rows], dtype=np.int64),
            "instrument": [str(at.code[k]) if k >= 0 else "" for k in i],
            "right": [str(at.right[k]) if k >= 0 else "" for k in i],
            "quantity": np.array([e.lots for e in rows], dtype=np.int64) * lot,
            "price": np.array([e.price_ticks for e in rows], dtype=np.int64) * tick,
            "money_yuan": np.array([e.money_fen for e in rows], dtype=np.int64) / FEN,
            "note": [e.note for e in rows],
        }
    )


def fiscal(model: RightsMarketModel) -> pd.DataFrame:
    """Return what each firm was charged (above 0) or got (below 0) beside the market, by year and kind."""
    sectors = np.array([model.firms.sector_codes[s] for s in model.firms.sector], dtype=object)
    frames = [
        pd.DataFrame(
            {
                "year": flow.year,
                "kind": flow.kind,
                "right": flow.right,
                "account": model.accounts_of[: len(model.firms)],
                "sector": sectors,
                "amount_yuan": fen / FEN,
            }
        )
        for flow, fen in sorted(model.authority.treasury.flows.items())
    ]
    columns = ["year", "kind", "right", "account", "sector", "amount_yuan"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def rejections(model: RightsMarketModel) -> pd.DataFrame:
    """Return how many orders were refused, by reason."""
    rejected = model.market.rejected
    rows: list[dict[str, Any]] = [
        {"reason": reason.name.lower(), "orders": int(rejected[reason])} for reason in Reason if rejected[reason]
    ]
    return pd.DataFrame(rows, columns=["reason", "orders"])


def journal(model: RightsMarketModel) -> pd.DataFrame:
    """Return the registry's journal, raw: lots and fen."""
    table = model.market.registry.journal.table()
    names = np.array([op.name.lower() for op in sorted(Op)], dtype=object)
    return pd.DataFrame(
        {
            "day": table["day"],
            "op": pd.Categorical.from_codes(table["op"].astype(np.int8), dtype=pd.CategoricalDtype(list(names))),
            "reason": table["reason"],
            "account": table["account"],
            "counterparty": table["counterparty"],
            "instrument": table["instrument"],
            "lots": table["lots"],
            "cash_fen": table["cash"],
            "ref": table["ref"],
        }
    )
