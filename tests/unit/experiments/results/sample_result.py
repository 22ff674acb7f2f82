"""Made-up results with realistic numbers, for tests of what reads results; no simulator is involved.

Two rights, two compliance years, four sectors.  Every table is drawn from one generator and the tables agree with each
other: bars add up the trades, purchases in `compliance` are those of `trades`.
"""

import numpy as np
import pandas as pd

from experiments.results.result import Result

SECTORS = (
    ("power", "Power generation", "火力发电", 0.45),
    ("cement", "Cement clinker", "水泥熟料", 0.25),
    ("steel", "Iron and steel", "钢铁", 0.20),
    ("ceramics", "Ceramics", "陶瓷", 0.10),
)
RIGHTS = {
    "CEA": {
        "en": "Carbon emission allowance",
        "zh": "碳排放配额",
        "unit": "t",
        "tick": 0.01,
        "price": 58.0,
        "size": 5e5,
    },
    "SO2": {
        "en": "Sulphur dioxide right",
        "zh": "二氧化硫排污权",
        "unit": "t",
        "tick": 1.0,
        "price": 2400.0,
        "size": 900.0,
    },
}
YEARS = (2022, 2023)
CAPS = {("CEA", 2022): {"cap": 48_000_000}, ("CEA", 2023): {"cap": 46_900_000}}
FIRST_FIRM = 2
MARKET_MAKERS = 2


def make_result(seed: int = 1, firms: int = 60, rights: tuple[str, ...] = ("CEA", "SO2")) -> Result:
    """Return a market of two years; equal arguments give equal tables."""
    rng = np.random.default_rng(seed)
    dates = pd.bdate_range("2022-01-04", "2023-12-29")
    people = make_firms(rng, firms)
    size = rng.lognormal(0, 1.1, firms)
    trades, prices, days, compliance = [], [], [], []
    for code in rights:
        spec = RIGHTS[code]
        path = price_path(rng, spec, len(dates))
        trades.append(make_trades(rng, code, spec, dates, path, size))
        prices.append(make_prices(rng, code, spec, dates, path, trades[-1]))
        compliance.append(make_compliance(rng, code, spec, people, size, trades[-1], path))
        days.append(make_days(code, dates, path, prices[-1], compliance[-1]))
    together = {
        "firms": people,
        "trades": pd.concat(trades, ignore_index=True).sort_values("day", kind="stable", ignore_index=True),
        "prices": pd.concat(prices, ignore_index=True),
        "days": pd.concat(days, ignore_index=True),
        "compliance": pd.concat(compliance, ignore_index=True),
        "fiscal": make_fiscal(rights),
        "auctions": make_auctions(dates),
        "journal": make_journal(trades[0]),
        "benchmark": make_benchmark(rights, prices),
        "reality": make_reality(),
    }
    together["events"] = make_events(dates, rights, together["compliance"])
    return Result(make_manifest(seed, rights, people), together)


def make_fiscal(rights: tuple[str, ...]) -> pd.DataFrame:
    """Two firms that are charged and get something of each kind, in the first right's name or in none."""
    amounts = {
        "tax": (rights[0], 100.0, 50.0), "standard": (rights[0], 30.0, 0.0), "surcharge": ("", 0.0, 7.0),
        "pass_through": (rights[0], -20.0, 12.0), "subsidy": ("", -5.0, 0.0), "tax_credit": ("", 0.0, -3.0),
        "output_rebate": ("", -8.0, -9.0), "equal": ("", -2.0, -2.0),
    }  # fmt: skip
    rows = [
        (2022, kind, right, account, "", amount)
        for kind, (right, *both) in amounts.items()
        for account, amount in enumerate(both, start=2)
    ]
    return pd.DataFrame(rows, columns=["year", "kind", "right", "account", "sector", "amount_yuan"])


def make_firms(rng: np.random.Generator, n: int) -> pd.DataFrame:
    sector = rng.choice([s[0] for s in SECTORS], n, p=[s[3] for s in SECTORS])
    cash = rng.lognormal(16, 1, n + MARKET_MAKERS).round(2)
    total = n + MARKET_MAKERS
    return pd.DataFrame(
        {
            "account": np.arange(FIRST_FIRM, FIRST_FIRM + total),
            "name": [f"Firm {i + 1}" for i in range(n)] + [f"Maker {i + 1}" for i in range(MARKET_MAKERS)],
            "sector": [*sector, *[""] * MARKET_MAKERS],
            "region": rng.choice(["Nanchang", "Jiujiang", "Ganzhou"], total),
            "strategy": rng.choice(["late_buyer", "hedger"], total, p=[0.8, 0.2]),
            "kind": ["compliance"] * n + ["institution"] * MARKET_MAKERS,
            "output": rng.lognormal(3, 1, total),
            "cash_start_yuan": cash,
            "cash_end_yuan": cash * rng.uniform(0.8, 1.2, total),
        }
    )


def price_path(rng: np.random.Generator, spec: dict, n: int) -> np.ndarray:
    drift = np.linspace(0, np.log(1.35), n)
    path = spec["price"] * np.exp(drift + np.cumsum(rng.normal(0, 0.008, n)))
    return np.round(path / spec["tick"]) * spec["tick"]


def make_trades(rng, code, spec, dates, path, size) -> pd.DataFrame:
    year_end = np.array([0.03 if d.month < 9 else 0.15 if d.month < 11 else 1.0 for d in dates])
    busy = rng.random(len(dates)) < np.where(year_end < 0.1, 0.75, 1.0)
    count = rng.poisson(np.maximum(1, 0.6 * len(size) * year_end)) * busy
    day = np.repeat(np.arange(len(dates)), count)
    n = len(day)
    buyer = FIRST_FIRM + rng.integers(0, len(size), n)
    step = rng.integers(1, len(size) + MARKET_MAKERS, n)
    seller = FIRST_FIRM + (buyer - FIRST_FIRM + step) % (len(size) + MARKET_MAKERS)
    units = np.ceil(spec["size"] * 0.002 * rng.lognormal(0, 1, n))
    price = np.round(path[day] * (1 + rng.normal(0, 0.004, n)) / spec["tick"]) * spec["tick"]
    return pd.DataFrame(
        {
            "date": dates[day],
            "day": day,
            "batch": rng.integers(0, 4, n),
            "mode": np.where(units > spec["size"] * 0.006, "block", "continuous"),
            "right": code,
            "vintage": dates[day].year,
            "buyer": buyer,
            "seller": seller,
            "price": price,
            "units": units,
            "value_yuan": price * units,
        }
    )


def make_prices(rng, code, spec, dates, path, trades) -> pd.DataFrame:
    bars = trades.groupby("day").agg(
        open=("price", "first"), high=("price", "max"), low=("price", "min"), close=("price", "last"),
        volume=("units", "sum"), value_yuan=("value_yuan", "sum"), trades=("units", "size"),
    )  # fmt: skip
    bars = bars.reindex(np.arange(len(dates)))
    bars[["volume", "value_yuan", "trades"]] = bars[["volume", "value_yuan", "trades"]].fillna(0)
    close = bars["close"].ffill().fillna(spec["price"])
    before = close.shift(1).fillna(spec["price"])
    half = np.maximum(spec["tick"], close * rng.uniform(0.001, 0.006, len(dates)))
    quoted = rng.random(len(dates)) > 0.05
    return pd.DataFrame(
        {
            "date": dates,
            "day": np.arange(len(dates)),
            "right": code,
            "vintage": dates.year,
            "instrument": [f"{code}-{year}" for year in dates.year],
            **{name: bars[name].to_numpy() for name in ("open", "high", "low")},
            "close": close.to_numpy(),
            "vwap": (bars["value_yuan"] / bars["volume"].where(bars["volume"] > 0)).to_numpy(),
            **{name: bars[name].to_numpy() for name in ("volume", "value_yuan", "trades")},
            "bid": np.where(quoted, close - half, np.nan),
            "ask": np.where(quoted, close + half, np.nan),
            "band_low": before.to_numpy() * 0.9,
            "band_high": before.to_numpy() * 1.1,
        }
    )


def make_compliance(rng, code, spec, people, size, trades, path) -> pd.DataFrame:
    firms = people[people.kind == "compliance"]
    price = path.mean()
    rows = []
    for year in YEARS:
        baseline = np.ceil(spec["size"] * size * rng.uniform(0.95, 1.05, len(size)))
        share = rng.beta(2, 18, len(size))
        emissions = np.ceil(baseline * (1 - share))
        allocation = np.floor(baseline * rng.normal(0.95, 0.06, len(size)))
        part = trades[pd.DatetimeIndex(trades.date).year == year]
        bought, sold = (part.groupby(side)[["units", "value_yuan"]].sum().reindex(firms.account, fill_value=0)
                        for side in ("buyer", "seller"))  # fmt: skip
        short = np.where(rng.random(len(size)) < 0.06, np.floor(emissions * rng.uniform(0.01, 0.05, len(size))), 0.0)
        rows.append(
            pd.DataFrame(
                {
                    "period": str(year), "right": code, "account": firms.account, "sector": firms.sector,
                    "emissions": emissions, "baseline": baseline, "allocation": allocation,
                    "preallocated": np.floor(0.7 * allocation), "duty": emissions, "surrendered": emissions - short,
                    "shortfall": short, "fine_yuan": np.round(short * price * 5, 2),
                    "bought": bought.units.to_numpy(), "sold": sold.units.to_numpy(),
                    "purchase_cost_yuan": bought.value_yuan.to_numpy(),
                    "sale_revenue_yuan": sold.value_yuan.to_numpy(),
                    "abatement_cost_yuan": np.round(0.5 * price * baseline * share, 2),
                    "abated": baseline - emissions,
                    "holdings_after": np.maximum(0.0, np.floor(allocation - emissions + short)),
                }
            )
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def make_days(code, dates, path, prices, compliance) -> pd.DataFrame:
    yearly = compliance.groupby("period")[["emissions", "baseline", "abated"]].sum()
    spread = pd.Series(dates.year).value_counts()
    per_day = {name: [yearly.loc[str(y), name] / spread[y] for y in dates.year] for name in yearly.columns}
    smooth = pd.Series(path).rolling(60, min_periods=1).mean().to_numpy()
    return pd.DataFrame(
        {
            "date": dates, "day": np.arange(len(dates)), "right": code, "fundamental": smooth,
            "belief": smooth * 1.02, **per_day, "output_index": 1 + 0.03 * np.sin(np.arange(len(dates)) / 40),
            "holdings": np.linspace(1.05, 0.95, len(dates)) * yearly["emissions"].mean(),
            "volume": prices.volume, "value_yuan": prices.value_yuan,
        }
    )  # fmt: skip


def make_auctions(dates) -> pd.DataFrame:
    when = [dates[dates >= f"{year}-{month:02d}-15"][0] for year in YEARS for month in (6, 10)]
    return pd.DataFrame(
        {
            "date": when, "right": "CEA", "vintage": [d.year for d in when], "offered": [400_000.0] * 4,
            "sold": [400_000.0, 400_000.0, 250_000.0, 400_000.0], "price": [57.0, 60.5, 62.0, 70.25],
            "reserve": 50.0, "bidders": [12, 15, 6, 21],
            "code": [f"auction_{end}" for end in ("cleared", "cleared", "undersubscribed", "cleared")],
            "kind": "sealed_uniform", "consignors_yuan": 0.0,
        }
    ).assign(revenue_yuan=lambda table: table.sold * table.price)  # fmt: skip


def make_events(dates, rights, compliance) -> pd.DataFrame:
    rows = []
    for year in YEARS:
        for right in rights:
            for month, hook, code in (
                (3, "announce", "announced"),
                (4, "preallocate", "issued"),
                (12, "deadline", "surrendered"),
            ):
                when = dates[dates >= f"{year}-{month:02d}-01"][0] if month < 12 else dates[dates.year == year][-1]
                rows.append((when, hook, "calendar", code, -1, right, 0.0, 0.0, ""))
            short = compliance[
                (compliance.period == str(year)) & (compliance.right == right) & (compliance.shortfall > 0)
            ]
            for row in short.itertuples():
                rows.append((dates[dates.year == year][-1], "deadline", "surrender", "shortfall", row.account, right,
                             row.shortfall, row.fine_yuan, ""))  # fmt: skip
    table = pd.DataFrame(
        rows, columns=["date", "hook", "rule", "code", "account", "right", "quantity", "money_yuan", "note"]
    )
    table["day"] = dates.get_indexer(table.date)
    table["instrument"] = table.right + "-" + table.date.dt.year.astype(str)
    table["price"] = 0.0
    order = [
        "date",
        "day",
        "hook",
        "rule",
        "code",
        "account",
        "instrument",
        "right",
        "quantity",
        "price",
        "money_yuan",
        "note",
    ]
    return table[order].sort_values("day", kind="stable", ignore_index=True)


def make_journal(trades) -> pd.DataFrame:
    head = trades.head(50)
    return pd.DataFrame(
        {
            "day": head.day, "op": "transfer", "reason": "trade", "account": head.seller, "counterparty": head.buyer,
            "instrument": 0, "lots": head.units.astype(np.int64),
            "cash_fen": (head.value_yuan * 100).round().astype(np.int64),
            "ref": np.arange(len(head)),
        }
    )  # fmt: skip


def make_benchmark(rights, prices) -> pd.DataFrame:
    rows = []
    for code, table in zip(rights, prices, strict=True):
        for year in YEARS:
            part = table[table.vintage == year]
            mean = part.value_yuan.sum() / part.volume.sum()
            rows.append((code, str(year), 0.94 * mean, 0.98 * mean, mean, 9.2e6, 9.9e6, 100 * (9.9 / 9.2 - 1), ""))
    names = ["right", "period", "least_cost_price_low", "least_cost_price_high", "simulated_price", "least_cost_yuan",
             "simulated_cost_yuan", "cost_excess_percent", "note"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def make_reality() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "year": ["2022", "2023", "2022", "2023", "2023"],
            "metric": ["mean_price", "mean_price", "volume", "volume", "compliance_by_quantity"],
            "observed": [55.30, 68.15, 50.889493, 212.0, 99.88],
            "simulated": [58.91, 71.40, 40.2, 61.7, 98.9],
            "unit": ["CNY/t", "CNY/t", "Mt", "Mt", "%"],
            "source": ["exchange-2022", "exchange-2023", "exchange-2022", "exchange-2023", "report-2025"],
            "mark": ["seen", "seen", "seen", "seen", "known"],
        }
    )


def make_manifest(seed, rights, people) -> dict:
    periods = [
        {
            "right": right, "name": str(year), "vintage": year, "use_from": f"{year - 1}-11-20",
            "use_to": f"{year}-11-19", "announce": f"{year}-03-01", "preallocate": f"{year}-04-01",
            "verify": f"{year}-11-25", "true_up": f"{year}-12-01",
            "deadline": {2022: "2022-12-30", 2023: "2023-12-29"}[year], **CAPS.get((right, year), {}),
        }
        for right in rights
        for year in YEARS
    ]  # fmt: skip
    allocation = [
        {"kind": "output_benchmark", "products": [{"name": "clinker", "output": {"table": {"2022": 0.86}}}],
         "where": {"sectors": ["cement"]}},
        {"kind": "grandfathering", "base_years": [2020, 2021], "cut": 0.02},
    ]  # fmt: skip
    book = {
        "cap": {"kind": "absolute_path", "base": 50_000_000, "start_year": 2022,
                "lrf": [{"from_year": 2023, "rate": 0.022}]},
        "allocation": allocation, "upfront": {"kind": "upfront_true_up", "share": 0.7}, "auction": None,
        "banking": {"kind": "free"}, "surrender": {"kind": "surrender"},
        "penalties": [{"kind": "penalty", "form": "multiple", "low": 5, "high": 10}],
        "make_good": {"kind": "make_good", "factor": 1}, "band": {"kind": "price_band", "width": 0.1},
        "fees": {"kind": "fees", "buyer": 0.002, "seller": 0.002},
        "settlement": {"kind": "settlement_cycle", "units_lag_days": 1}, "opening_call": True,
    }  # fmt: skip
    return {
        "format": 1,
        "kind": "market",
        "name": "made-up",
        "title": {"en": "A made-up province", "zh": "虚构省份"},
        "about": {
            "en": "Two kinds of right over two years, with output benchmarks and 70 % of the units issued up front.",
            "zh": "两类权益、两个履约年度，采用产量基准法，预发七成配额。",
        },
        "scenario": {
            "name": "made-up",
            "rights": {right: book for right in rights},
            "population": {"kind": "firms", "strategies": [{"strategy": "late_buyer", "share": 0.8}]},
        },
        "scenario_text": "format: 1\nname: made-up\n",
        "seed": seed,
        "versions": {"rights_market": "0.1.0", "python": "3.11.7", "numpy": "2.4.6"},
        "commit": None,
        "started": "2026-11-23T10:00:00",
        "duration_s": {"total": 12.5, "build": 1.2, "run": 11.3},
        "checks": {"audit": True, "journal_replays": True},
        "rights": [
            {"code": r, "name": {"en": RIGHTS[r]["en"], "zh": RIGHTS[r]["zh"]}, "unit": RIGHTS[r]["unit"], "lot": 1,
             "tick_yuan": RIGHTS[r]["tick"]}
            for r in rights
        ],
        "sectors": [
            {"code": code, "name": {"en": en, "zh": zh}, "firms": int((people.sector == code).sum())}
            for code, en, zh, _ in SECTORS
        ],
        "periods": periods,
        "sources": [
            {"id": "exchange-2022", "text": "Exchange year-end statistics, 2022-12-30", "mark": "seen"},
            {"id": "plan", "text": "Allocation plan of the ministry, 2023-03-15", "mark": "known"},
            {"id": "margin", "text": "Margins of sectors: assumption", "mark": "approx"},
            {"id": "gap", "text": "Mean gap of a short firm: arithmetic on the plan", "mark": "derived"},
        ],
        "notes": ["2 firms had no cash in the file; the sector mean was used."],
    }  # fmt: skip


def make_laboratory(seed: int = 1, days: int = 5) -> Result:
    """Return a laboratory market whose trade prices close in on a competitive price between 48 and 52."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), 12)
    n = len(day)
    price = np.round(50 + rng.normal(0, 8, n) * 0.6**day, 1)
    trades = pd.DataFrame(
        {
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"), "day": day,
            "batch": np.tile(np.arange(12), days), "mode": "continuous", "right": "LAB", "vintage": 2024,
            "buyer": 2 + rng.integers(0, 10, n), "seller": 12 + rng.integers(0, 10, n), "price": price, "units": 1.0,
            "value_yuan": price,
        }
    )  # fmt: skip
    benchmark = pd.DataFrame(
        {
            "right": ["LAB"], "period": ["all"], "least_cost_price_low": [48.0], "least_cost_price_high": [52.0],
            "simulated_price": [price.mean()], "least_cost_yuan": [np.nan], "simulated_cost_yuan": [np.nan],
            "cost_excess_percent": [np.nan], "max_surplus_yuan": [2500.0], "surplus_yuan": [2425.0], "note": [""],
        }
    )  # fmt: skip
    manifest = {
        "format": 1, "kind": "laboratory", "name": "smith", "title": {"en": "Supply and demand", "zh": "供求实验"},
        "about": {"en": "Ten buyers and ten sellers.", "zh": "十名买方，十名卖方。"},
        "scenario": {
            "rights": {"LAB": {}},
            "population": {"kind": "induced", "values": [60.0, 55.0], "costs": [40.0], "strategy": "zip"},
        },
        "scenario_text": "",
        "seed": seed, "versions": {"rights_market": "0.1.0"}, "commit": None, "started": "2026-11-23T10:00:00",
        "duration_s": {"total": 0.4}, "checks": {"audit": True}, "sectors": [], "periods": [], "sources": [],
        "rights": [{"code": "LAB", "name": {"en": "Unit", "zh": "单位"}, "unit": "unit", "lot": 1, "tick_yuan": 0.1}],
        "notes": [],
    }  # fmt: skip
    return Result(manifest, {"trades": trades, "benchmark": benchmark})
