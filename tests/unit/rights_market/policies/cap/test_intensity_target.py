"""A cap by intensity and activity."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.cap import IntensityTarget

TARGET = IntensityTarget(i0=Decimal("0.500"), base_year=2023)


def test_forecast_and_correction_of_the_third_year():
    assert TARGET.intensity(2025) == Fraction("0.47045")
    # 4,704.5 and 4,234.05.
    assert TARGET.cap(2025, 10_000) == 4705
    assert TARGET.cap(2025, 9_000) == 4234
    assert TARGET.correction(2025, 4705, 9_000) == -471


def test_without_activity_there_is_no_cap():
    assert TARGET.cap(2025, 0) == 0


def test_published_intensities_win():
    assert replace(TARGET, table={2025: Decimal("0.4")}).cap(2025, 100) == 40


def test_where_a_series_ends_its_last_year_is_the_last_known():
    by_series = replace(TARGET, activity="series", series={2025: 10_000, 2026: 11_000})
    assert [by_series.last_known(y) for y in (2025, 2026, 2030)] == [2025, 2026, 2026]
    assert TARGET.last_known(2030) == 2030


def test_a_series_stands_for_what_is_observed():
    by_series = replace(TARGET, activity="series", series={2025: 10_000})
    assert by_series.cap(2025, 1) == 4705
    with pytest.raises(PolicyError, match="E_YEAR: series has no year 2026"):
        by_series.cap(2026, 1)


@pytest.mark.parametrize("changes", [{"series": {2025: 1}}, {"activity": "series"}])
def test_a_series_that_is_not_read_or_missing_is_refused(changes):
    with pytest.raises(PolicyError, match="activity is .* and series has"):
        replace(TARGET, **changes)


def test_years_before_the_base_are_refused():
    with pytest.raises(PolicyError, match="E_YEAR: year 2022 lies before base_year 2023"):
        TARGET.cap(2022, 1)
