"""Each measure against a case worked by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.results import metrics as m

NAN = float("nan")


def test_mean_price_weighs_by_volume_and_is_undefined_without_trade() -> None:
    assert m.mean_price([400.0, 600.0], [10, 10]) == 50
    assert math.isnan(m.mean_price([0.0, 0.0], [0, 0]))


def test_composite_close_weighs_vintages_and_keeps_the_price_on_a_quiet_day() -> None:
    # day 0: nothing traded, the older vintage stands at 40; day 1: (40*30 + 60*10)/40 = 45; day 2: nothing; day 3: 62.
    close = m.composite_close([0, 0, 1, 1, 2, 2, 3, 3], [40, 60, 40, 60, 40, 60, 41, 62], [0, 0, 30, 10, 0, 0, 0, 5])
    assert close.tolist() == [40, 45, 45, 62]
    assert close.index.tolist() == [0, 1, 2, 3]


def test_log_changes_leave_out_days_without_trade() -> None:
    changes = m.log_changes([10, 10, 20, 20], [0, 0, 3, 0])
    assert changes == pytest.approx([math.log(2)])


def test_volatility_is_the_sample_deviation_a_year() -> None:
    # changes ln 2 and -ln 2: sample deviation sqrt(2) ln 2, four days a year double it
    assert m.volatility([1, 2, 1], [1, 1, 1], 4) == pytest.approx(100 * 2 * math.sqrt(2) * math.log(2))
    assert math.isnan(m.volatility([1, 2], [1, 1], 4))


def test_amihud_is_the_mean_move_per_million() -> None:
    # day 1: 1 % on 2 million CNY, day 2: no trade, day 3: 3 % on 1 million -> (0.5 + 3)/2
    close = np.exp([0, 0.01, 0.01, 0.04])
    assert m.amihud(close, [5, 5, 0, 5], [9e6, 2e6, 0, 1e6]) == pytest.approx(1.75)
    assert math.isnan(m.amihud([1.0, 1.0], [5, 0], [1.0, 0.0]))


def test_spread_needs_both_sides() -> None:
    assert m.relative_spread([98.0, NAN, 99.5], [102.0, 80.0, 100.5]) == pytest.approx(2.5)
    assert m.two_sided_share([98.0, NAN, 99.5, NAN], [102.0, 80.0, 100.5, 3.0]) == 50
    assert math.isnan(m.relative_spread([NAN], [1.0]))


def test_share_before_a_deadline_includes_the_deadline_only() -> None:
    dates = pd.to_datetime(["2023-10-29", "2023-10-30", "2023-12-29", "2024-01-02"])
    # two months before 29 December is 29 October: that day itself is out
    assert m.share_before(dates, [10, 20, 30, 40], pd.Timestamp("2023-12-29"), 2) == 50


def test_share_of_months() -> None:
    dates = pd.to_datetime(["2023-10-31", "2023-11-01", "2023-12-29"])
    assert m.share_of_months(dates, [20, 30, 50], (11, 12)) == 80


def test_share_of_last_days_counts_a_part_of_a_day_as_a_day() -> None:
    assert m.share_of_last_days([1] * 10, 0.2) == 20
    assert m.share_of_last_days([1] * 11, 0.2) == pytest.approx(100 * 3 / 11)
    assert math.isnan(m.share_of_last_days([0, 0], 0.2))


def test_compliance_by_quantity_and_by_firm_differ() -> None:
    surrendered, duty, shortfall = [990, 5, 0], [1000, 5, 0], [10, 0, 0]
    assert m.compliance_by_quantity(surrendered, duty) == pytest.approx(100 * 995 / 1005)
    assert m.compliance_by_firm(shortfall, duty) == 50


def test_gini_by_hand_and_scale_free() -> None:
    # x = 1, 2, 3, 4: 2 (1 + 4 + 9 + 16) / (4 * 10) - 5/4 = 0.25
    assert m.gini([4, 2, 1, 3]) == pytest.approx(0.25)
    assert m.gini([40, 20, 10, 30]) == pytest.approx(0.25)
    assert math.isnan(m.gini([0, 0]))
    with pytest.raises(ValueError, match="at least 0"):
        m.gini([1, -1])


def test_herfindahl() -> None:
    assert m.herfindahl([7]) == 10_000
    assert m.herfindahl([1] * 4) == 2500
    assert math.isnan(m.herfindahl([0, 0]))


def test_smith_alpha_by_hand() -> None:
    # gaps 3 and 4 around 50: 2 sqrt((9 + 16)/2)
    assert m.smith_alpha([53, 54], 50) == pytest.approx(2 * math.sqrt(12.5))


def test_efficiency_and_cost_excess() -> None:
    assert m.allocative_efficiency(-5, 100) == -5
    assert m.cost_excess(7058.79, 6441.96) == pytest.approx(9.575, abs=1e-3)


def test_cost_burden_is_per_unit_of_baseline() -> None:
    burden = m.cost_burden([100, 0, 5], [50, 10, 5], [0, 10, 5], [50, 20, 0])
    assert burden.tolist() == [3.0, 1.0]


def test_share_gaining_is_strict() -> None:
    assert m.share_gaining([10, 10, 10, 0], [20, 10, 0, 0]) == 25
