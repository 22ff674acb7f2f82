"""The plots draw the numbers of the tables, with labels in both languages."""

from collections.abc import Iterator

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from sample_result import make_laboratory, make_result

from experiments.results import network_plot, outcome_plots, plots
from experiments.results.kpis import daily, kpi_table, value_of
from experiments.results.result import Result
from experiments.results.words import Words

ZH = Words("zh")
MARKET = make_result(3, firms=40)
KPIS = kpi_table(MARKET)
LAB = make_laboratory(2)


@pytest.fixture
def ax() -> Iterator[Axes]:
    before = dict(matplotlib.rcParams)
    yield Figure().add_subplot()
    assert dict(matplotlib.rcParams) == before


def line(ax: Axes, label: str):
    return next(drawn for drawn in ax.get_lines() if drawn.get_label() == label)


def rows(table: str, right: str = "CEA", source: Result = MARKET) -> pd.DataFrame:
    found = source.tables[table]
    return found[found["right"] == right].reset_index(drop=True)


def test_price_draws_close_fundamental_and_limits(ax: Axes) -> None:
    assert plots.price(MARKET, ax, right="CEA") is ax
    close = daily(rows("prices"))["close"]
    np.testing.assert_array_equal(line(ax, "Closing price").get_ydata(), close)
    np.testing.assert_array_equal(line(ax, "Fundamental value").get_ydata(), rows("days")["fundamental"])
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.max() == rows("prices")["band_high"].max()
    assert heights.min() == rows("prices")["band_low"].min()
    assert ax.get_ylabel() == "Price (CNY/t)"


def test_price_marks_deadlines_and_plan_days_once_in_the_legend(ax: Axes) -> None:
    plots.price(MARKET, ax, right="CEA", words=ZH)
    marks = [drawn for drawn in ax.get_lines() if len(drawn.get_xdata()) == 2 and drawn.get_linestyle() == "-."]
    days = [float(date2num(pd.Timestamp(drawn.get_xdata()[0]))) for drawn in marks]
    assert days == [date2num(pd.Timestamp(day)) for day in ("2022-12-30", "2023-12-29")]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels.count("清缴截止日") == 1
    assert labels.count("方案公布日") == 1


def test_without_a_rule_there_are_no_limits_to_draw(ax: Axes) -> None:
    prices = MARKET.tables["prices"].assign(band_high=1000.0, band_low=MARKET.manifest["rights"][0]["tick_yuan"])
    plots.price(Result(MARKET.manifest, {**MARKET.tables, "prices": prices}), ax, right="CEA")
    assert not ax.collections
    assert "Price limits" not in [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_far_price_limit_does_not_flatten_the_price(ax: Axes) -> None:
    prices = MARKET.tables["prices"].assign(band_high=1000.0, band_low=0.02)
    plots.price(Result(MARKET.manifest, {**MARKET.tables, "prices": prices}), ax, right="CEA")
    assert ax.get_ylim()[1] < 1.5 * rows("prices")["close"].max()


@pytest.mark.parametrize(("days", "label"), [(100, "Volume a day"), (519, "Volume a week")])
def test_volume_bars_add_up_and_carry_a_scaled_unit(ax: Axes, days: int, label: str) -> None:
    prices = MARKET.tables["prices"]
    some = prices[prices["day"] < days].reset_index(drop=True)
    plots.volume(Result(MARKET.manifest, {"prices": some}), ax, right="CEA")
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(some[some.right == "CEA"].volume.sum())
    assert ax.get_ylabel() in (f"{label}\n(kt)", f"{label}\n(t)")


def test_scaled_ticks_say_what_the_data_are(ax: Axes) -> None:
    plots.holdings(MARKET, ax, right="CEA", words=ZH)
    assert ax.get_ylabel() == "企业与机构持有量\n（万吨）"
    assert ax.yaxis.get_major_formatter()(2.5e7, 0) == "2,500"
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), rows("days")["holdings"])


def test_least_cost_prices_stand_beside_the_simulated(ax: Axes) -> None:
    plots.least_cost(MARKET, ax, right="SO2")
    table = rows("benchmark", "SO2")
    np.testing.assert_array_equal(line(ax, "Simulated mean price").get_ydata(), table["simulated_price"])
    middle = (table["least_cost_price_low"] + table["least_cost_price_high"]) / 2
    np.testing.assert_allclose(np.asarray(ax.containers[0].lines[0].get_ydata(), float), middle)


def test_a_price_range_without_an_upper_end_is_an_arrow_to_the_top(ax: Axes) -> None:
    table = MARKET.tables["benchmark"].copy()
    table.loc[table["right"] == "SO2", "least_cost_price_high"] = np.inf
    plots.least_cost(Result(MARKET.manifest, {**MARKET.tables, "benchmark": table}), ax, right="SO2")
    low, simulated = rows("benchmark", "SO2")["least_cost_price_low"], rows("benchmark", "SO2")["simulated_price"]
    np.testing.assert_array_equal(np.asarray(ax.containers[0].lines[0].get_ydata(), float), low)
    assert ax.get_ylim()[1] == pytest.approx(1.15 * max(low.max(), simulated.max()))


def test_emissions_show_cap_only_where_there_is_one() -> None:
    heights = {}
    for right in ("CEA", "SO2"):
        ax = Figure().add_subplot()
        outcome_plots.emissions(MARKET, ax, right=right)
        labels = {text.get_text() for text in ax.get_legend().get_texts()}
        assert ("Cap" in labels) == (right == "CEA")
        heights[right] = [bar.get_height() for bar in ax.patches]
        np.testing.assert_array_equal(
            line(ax, "Allocation").get_ydata(), [value_of(KPIS, right, y, "allocation") for y in ("2022", "2023")]
        )
    assert heights["CEA"] == [value_of(KPIS, "CEA", y, m) for m in ("baseline", "emissions") for y in ("2022", "2023")]


def test_abatement_by_sector_is_share_of_baseline(ax: Axes) -> None:
    outcome_plots.abated_share(MARKET, ax, right="CEA", words=ZH)
    sums = rows("compliance").groupby("sector")[["abated", "baseline"]].sum()
    expected = sorted(100 * sums.abated / sums.baseline)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(expected)
    assert {label.get_text() for label in ax.get_yticklabels()} == {"火力发电", "水泥熟料", "钢铁", "陶瓷"}


def test_lorenz_curve_rises_from_nothing_to_all_and_has_the_gini_of_the_table(ax: Axes) -> None:
    outcome_plots.cost_lorenz(MARKET, ax, right="CEA")
    curve = ax.get_lines()[1]
    x, y = np.asarray(curve.get_xdata()) / 100, np.asarray(curve.get_ydata()) / 100
    assert (y[0], y[-1]) == (0, pytest.approx(1))
    assert (np.diff(y) >= 0).all()
    # one minus twice the area below the curve (trapezoids are exact: the curve is made of straight pieces)
    assert 1 - 2 * np.trapezoid(y, x) == pytest.approx(value_of(KPIS, "CEA", "all", "gini_cost"))


def test_histogram_counts_every_firm_inside_or_beyond(ax: Axes) -> None:
    market = make_result(1, firms=300, rights=("CEA",))
    outcome_plots.cost_histogram(market, ax, right="CEA")
    assert sum(bar.get_height() for bar in ax.patches) == 297
    assert [text.get_text() for text in ax.texts] == ["3 firms beyond the axis"]


def test_compliance_bars_reach_one_hundred(ax: Axes) -> None:
    outcome_plots.firms_in_full(MARKET, ax, right="CEA")
    heights = [bar.get_height() for bar in ax.patches]
    assert heights[:2] == [value_of(KPIS, "CEA", y, "compliance_by_firm") for y in ("2022", "2023")]
    assert [a + b for a, b in zip(heights[:2], heights[2:], strict=True)] == [100, 100]


def test_reality_bars(ax: Axes) -> None:
    outcome_plots.reality(MARKET, ax, metric="volume", words=ZH)
    assert [bar.get_height() for bar in ax.patches] == [50.889493, 212.0, 40.2, 61.7]
    assert ax.get_ylabel() == "成交量（Mt）"


def test_a_result_without_cost_is_drawn(ax: Axes) -> None:
    zero = dict.fromkeys(("purchase_cost_yuan", "abatement_cost_yuan", "fine_yuan"), 0.0)
    free = Result(MARKET.manifest, {"compliance": MARKET.tables["compliance"].assign(**zero)})
    outcome_plots.cost_lorenz(free, ax, right="CEA")
    assert ax.get_lines()[1].get_ydata().max() == 0
    outcome_plots.cost_histogram(free, Figure().add_subplot(), right="CEA")


def test_laboratory_draws_every_trade_in_order(ax: Axes) -> None:
    plots.trade_sequence(LAB, ax, right="LAB")
    np.testing.assert_array_equal(line(ax, "Trades").get_ydata(), LAB.tables["trades"]["price"])
    assert [text.get_text() for text in ax.texts] == [f"Day {day}" for day in range(1, 6)]


def test_alpha_by_day(ax: Axes) -> None:
    plots.alpha(LAB, ax, right="LAB")
    kpis = kpi_table(LAB)
    expected = [value_of(kpis, "LAB", str(day), "alpha") for day in range(1, 6)]
    assert ax.get_lines()[0].get_ydata().tolist() == expected


def test_sector_flows_add_up_to_the_volume() -> None:
    graph = network_plot.sector_flows(MARKET, "CEA")
    assert set(graph) == {"power", "cement", "steel", "ceramics", ""}
    volume = rows("trades")["units"].sum()
    assert sum(units for *_, units in graph.edges(data="units")) == pytest.approx(volume)
    assert sum(node["volume"] for _, node in graph.nodes(data=True)) == pytest.approx(2 * volume)


def test_flows_by_hand() -> None:
    trades = pd.DataFrame({"right": "CEA", "seller": [2, 3, 9], "buyer": [3, 2, 2], "units": [5.0, 7.0, 1.0]})
    firms = pd.DataFrame({"account": [2, 3], "sector": ["power", "steel"]})
    graph = network_plot.sector_flows(Result(MARKET.manifest, {"trades": trades, "firms": firms}), "CEA")
    assert sorted(graph.edges(data="units")) == [("", "power", 1.0), ("power", "steel", 5.0), ("steel", "power", 7.0)]


def test_the_network_of_many_firms_stays_small(ax: Axes) -> None:
    network_plot.account_network(MARKET, ax, right="CEA")
    names = [text.get_text().split("\n")[0] for text in ax.texts]
    assert sum(name.startswith(("Firm", "Maker")) for name in names) == network_plot.MAX_NODES
    assert any("Shown:" in name for name in names)


def test_sectors_are_named_in_the_language(ax: Axes) -> None:
    network_plot.sector_network(MARKET, ax, right="CEA", words=ZH)
    text = "\n".join(text.get_text() for text in ax.texts)
    assert "火力发电" in text
    assert "内部" in text
