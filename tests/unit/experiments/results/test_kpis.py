"""The table of key figures against a market small enough to add up by hand."""

import numpy as np
import pandas as pd
import pytest
from sample_result import make_laboratory, make_result

from experiments.results.kpis import METRICS, in_unit, kpi_table, leading_limits, reality_table, value_of, windows
from experiments.results.result import Result
from experiments.results.store import ResultError

NAN = float("nan")


def tiny() -> Result:
    dates = pd.to_datetime(["2023-06-01", "2023-11-30", "2023-12-29", "2024-01-02"])
    prices = pd.DataFrame(
        {
            "date": dates, "day": [0, 1, 2, 3], "right": "CEA", "close": [50.0, 50.0, 60.0, 61.0],
            "volume": [10, 0, 90, 5], "value_yuan": [500.0, 0.0, 5400.0, 305.0],
            "bid": [49.0, NAN, 59.0, NAN], "ask": [51.0, 52.0, 61.0, NAN],
        }
    )  # fmt: skip
    compliance = pd.DataFrame(
        {
            "period": ["2021", "2022"] * 2, "right": "CEA", "account": [2, 2, 3, 3], "sector": "power",
            "emissions": [80.0, 90.0, 100.0, 95.0], "baseline": [100.0, 100.0, 100.0, 100.0],
            "allocation": [90.0, 90.0, 90.0, 90.0], "preallocated": 60.0, "duty": [80.0, 90.0, 100.0, 95.0],
            "surrendered": [80.0, 90.0, 100.0, 85.0], "shortfall": [0.0, 0.0, 0.0, 10.0],
            "fine_yuan": [0.0, 0.0, 0.0, 3000.0], "bought": 0.0, "sold": 0.0,
            "purchase_cost_yuan": [0.0, 0.0, 600.0, 0.0], "sale_revenue_yuan": [600.0, 0.0, 0.0, 0.0],
            "abatement_cost_yuan": [200.0, 100.0, 0.0, 100.0], "abated": [20.0, 10.0, 0.0, 5.0],
            "holdings_after": [10.0, 10.0, 0.0, 0.0],
        }
    )  # fmt: skip
    auctions = pd.DataFrame(
        {
            "date": dates[:2], "right": "CEA", "sold": [20.0, 0.0], "price": [55.0, NAN], "offered": 20.0,
            "revenue_yuan": [1200.0, 0.0], "consignors_yuan": [100.0, 0.0],
        }
    )  # fmt: skip
    period = {"right": "CEA", "use_from": "", "deadline": "2023-12-29", "cap": 200}
    manifest = {
        "format": 1, "kind": "market", "rights": [{"code": "CEA", "unit": "t"}],
        "periods": [{**period, "name": "2021"}, {**period, "name": "2022", "cap": None}],
    }  # fmt: skip
    return Result(manifest, {"prices": prices, "compliance": compliance, "auctions": auctions})


@pytest.mark.parametrize(
    ("period", "metric", "value"),
    [
        ("2023", "mean_price", 59.0),
        ("2023", "close_price", 60.0),
        ("2024", "close_price", 61.0),
        ("2023", "volume", 100.0),
        ("2023", "days_without_trade", 1.0),
        ("2023", "november_december_share", 90.0),
        ("2023", "two_sided_share", 100 * 2 / 3),
        ("2022", "last_two_months_share", 90.0),
        ("2021", "volume_to_duty", 100 * 100 / 365),
        ("2022", "volume_to_duty", 100 * 100 / 365),
        ("2021", "emissions_to_cap", 90.0),
        ("2021", "reduction", 10.0),
        ("2022", "compliance_by_quantity", 100 * 175 / 185),
        ("2022", "compliance_by_firm", 50.0),
        ("2022", "firms_short", 1.0),
        ("2022", "holdings_hhi", 10_000.0),
        ("all", "mean_abatement_cost", 400 / 35),
        ("all", "compliance_cost", 4000.0),
        # burdens 300/200 = 1.5 and 3700/200 = 18.5: 2 (1.5 + 37) / (2 * 20) - 1.5
        ("all", "gini_cost", 0.425),
        # firm 2 sold for 600 and spent 300
        ("all", "share_gaining", 50.0),
        # 20 units at 55 and fines of 3000
        ("2023", "public_revenue", 4100.0),
        ("2024", "public_revenue", 0.0),
        ("all", "public_revenue", 4100.0),
    ],
)
def test_figures_worked_by_hand(period: str, metric: str, value: float) -> None:
    assert value_of(kpi_table(tiny()), "CEA", period, metric) == pytest.approx(value)


def test_what_is_not_defined_has_no_row() -> None:
    kpis = kpi_table(tiny())
    assert np.isnan(value_of(kpis, "CEA", "2024", "spread"))
    assert np.isnan(value_of(kpis, "CEA", "2022", "cap"))
    assert not kpis["value"].isna().any()


def test_an_error_of_measurement_is_no_reduction() -> None:
    result = tiny()
    result.tables["compliance"]["emissions"] *= 1.1
    # 20 of 200 were abated, though 198 were verified.
    assert value_of(kpi_table(result), "CEA", "2021", "reduction") == pytest.approx(10.0)


def test_years_after_the_run_have_no_revenue() -> None:
    result = tiny()
    result.manifest["periods"].append({**result.manifest["periods"][0], "name": "2026", "deadline": "2027-12-31"})
    assert np.isnan(value_of(kpi_table(result), "CEA", "2027", "public_revenue"))


def test_periods_with_one_deadline_share_a_window() -> None:
    assert windows(tiny(), "CEA") == [(["2021", "2022"], pd.Timestamp.min, pd.Timestamp("2023-12-29"))]


def test_windows_follow_each_other() -> None:
    first, second = windows(make_result(), "CEA")
    assert first[2] == second[1] == pd.Timestamp("2022-12-30")
    assert second[0] == ["2023"]


def test_every_row_is_a_known_measure_and_stands_once() -> None:
    kpis = pd.concat([kpi_table(make_result()), kpi_table(make_laboratory())])
    assert set(kpis["metric"]) <= set(METRICS)
    assert not kpis.duplicated(["right", "period", "metric"]).any()
    assert set(METRICS) == set(kpis["metric"])


def test_money_beside_the_market_is_summed_by_kind() -> None:
    kpis = kpi_table(make_result())
    figures = {
        "tax": 150.0, "standard": 30.0, "surcharge": 7.0, "pass_through": -8.0, "subsidy": 5.0, "tax_credit": 3.0,
        "output_rebate": 17.0, "equal_share": 4.0,
    }  # fmt: skip
    for metric, value in figures.items():
        assert value_of(kpis, "CEA", "2022", metric) == value_of(kpis, "CEA", "all", metric) == value
        assert np.isnan(value_of(kpis, "SO2", "2022", metric))
    without = make_result()
    del without.tables["fiscal"]
    more = value_of(kpis, "CEA", "2022", "public_revenue") - value_of(
        kpi_table(without), "CEA", "2022", "public_revenue"
    )
    assert more == pytest.approx(187.0)


def test_the_laboratory_closes_in_on_the_competitive_price() -> None:
    kpis = kpi_table(make_laboratory(days=5))
    alphas = [value_of(kpis, "LAB", str(day), "alpha") for day in range(1, 6)]
    assert alphas[-1] < alphas[0]
    assert value_of(kpis, "LAB", "all", "allocative_efficiency") == pytest.approx(97)


def test_a_result_without_optional_tables_has_what_remains() -> None:
    result = make_result()
    kpis = kpi_table(Result(result.manifest, {"prices": result.tables["prices"]}))
    assert {"mean_price", "volume"} <= set(kpis["metric"])
    assert "emissions" not in set(kpis["metric"])


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "expected"),
    [(5e7, "t", "Mt", 50.0), (7.661e9, "CNY", "bn CNY", 7.661), (99.5, "%", "%", 99.5), (3e4, "tce", "10k tce", 3.0)],
)
def test_units_of_observations(value: float, unit: str, wanted: str, expected: float) -> None:
    assert in_unit(value, unit, wanted) == pytest.approx(expected)


def test_a_unit_of_another_kind_is_refused() -> None:
    with pytest.raises(ResultError, match="'t' cannot be expressed in 'CNY'"):
        in_unit(1.0, "t", "CNY")


def test_reality_beside_simulation() -> None:
    seen = {"metric": "volume", "year": 2023, "value": 0.0002, "unit": "Mt", "source": "s", "mark": "seen"}
    kpis = kpi_table(tiny())
    table = reality_table(kpis, [seen, {**seen, "year": 2030}], "CEA")
    assert table.loc[0, ["year", "observed", "simulated", "unit"]].tolist() == [
        "2023",
        0.0002,
        pytest.approx(1e-4),
        "Mt",
    ]
    assert np.isnan(table.loc[1, "simulated"])
    with pytest.raises(ResultError, match="'tallest_firm'"):
        reality_table(kpis, [{**seen, "metric": "tallest_firm"}], "CEA")


def test_limits_are_those_of_the_vintage_that_leads() -> None:
    # day 0: nothing traded: the first; day 1: B leads; day 2: nothing, B still; day 3: B is closed; day 4: A leads
    prices = pd.DataFrame(
        {
            "day": [0, 0, 1, 1, 2, 2, 3, 4],
            "instrument": ["A", "B", "A", "B", "A", "B", "A", "A"],
            "volume": [0, 0, 1, 5, 0, 0, 0, 2],
            "band_low": [10.0, 20.0, 11.0, 21.0, 12.0, 22.0, 13.0, 14.0],
            "band_high": [30.0, 40.0, 31.0, 41.0, 32.0, 42.0, 33.0, 34.0],
        }
    )
    limits = leading_limits(prices)
    assert limits["band_low"].tolist() == [10, 21, 22, 13, 14]
    assert limits["band_high"].tolist() == [30, 41, 42, 33, 34]


def test_blocks_have_a_share_and_a_discount_where_there_are_any() -> None:
    result = tiny()
    dates = pd.to_datetime(["2022-12-30", "2023-06-01", "2023-06-01", "2023-12-29"])
    trades = pd.DataFrame(
        {
            "date": dates, "right": "CEA", "mode": ["continuous", "block", "call", "block_related"],
            "buyer": [1, 2, 3, 4], "seller": [5, 6, 7, 8], "units": [10, 30, 20, 50],
            "value_yuan": [500.0, 1350.0, 1000.0, 2250.0],
        }
    )  # fmt: skip
    table = kpi_table(Result(result.manifest, {**result.tables, "trades": trades}))
    # Of 100 units in 2023 80 in blocks at 45, the others at 50.
    assert value_of(table, "CEA", "2023", "block_share") == 80.0
    assert value_of(table, "CEA", "2023", "block_discount") == pytest.approx(10.0)
    assert value_of(table, "CEA", "2022", "block_share") == 0.0
    assert np.isnan(value_of(table, "CEA", "2022", "block_discount"))
    book_only = kpi_table(Result(result.manifest, {**result.tables, "trades": trades[trades["mode"] == "continuous"]}))
    assert not book_only["metric"].isin(["block_share", "block_discount"]).any()
