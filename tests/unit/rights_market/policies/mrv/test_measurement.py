"""Measured use against true use."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.mrv import Measurement

ZERO = np.zeros(1)


def one(rule: Measurement, lots: int, error: float = 0.0, peak: float | None = None) -> int:
    days = None if peak is None else np.array([peak])
    return int(rule.measured(np.array([lots]), np.array([error]), days)[0])


def test_bias_and_error_add_up() -> None:
    """1000 with a bias of 2 % and an error of -0.5 %: 1000 x 1.015."""
    assert one(Measurement(bias=Decimal("0.02"), sd=Decimal("0.005")), 1000, -1.0) == 1015


def test_missing_days_are_filled_with_large_ones() -> None:
    """36.5 of 365 days are missing: others' mean 2.5 a day, 90th percentile 3: 328.5 x 2.5 + 36.5 x 3 = 930.75."""
    tenth = Decimal("0.1")
    assert one(Measurement(missing_days=tenth, fill="p90"), 912_500, peak=3 / 2.5) == 930_750
    assert one(Measurement(missing_days=tenth, fill="mean"), 912_500) == 912_500
    with pytest.raises(PolicyError, match="fill is p90 but the largest days"):
        one(Measurement(missing_days=tenth, fill="p90"), 912_500)


def test_a_default_factor_lies_above_the_truth() -> None:
    assert one(Measurement(method="default_factor", default_markup=Decimal("0.2")), 1005) == 1206


def test_halves_are_rounded_up_exactly() -> None:
    """50 x 1.01 = 50.5; in binary fractions 1.15 x 10 would fall below 11.5."""
    assert one(Measurement(bias=Decimal("0.01")), 50) == 51
    assert one(Measurement(bias=Decimal("0.15")), 10) == 12


def test_nothing_stays_nothing_and_an_error_cannot_make_use_negative() -> None:
    wild = Measurement(sd=Decimal(2))
    assert (one(wild, 0, 3.0), one(wild, 1000, -5.0)) == (0, 0)


@given(st.lists(st.integers(0, 10**14), min_size=1, max_size=5), st.floats(-6, 6))
def test_an_instrument_without_error_gives_the_truth(lots: list[int], error: float) -> None:
    """Also where a product of lots and parts would leave int64."""
    true = np.array(lots)
    assert Measurement().measured(true, np.full(len(lots), error)).tolist() == lots


def test_what_rights_have_in_common() -> None:
    own, common = np.array([2.0]), np.array([1.0])
    assert Measurement().error(own, common)[0] == 2.0
    assert Measurement(common=Decimal(1)).error(own, common)[0] == 1.0
    assert Measurement(common=Decimal("0.36")).error(own, common)[0] == pytest.approx(0.8 * 2 + 0.6)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"default_markup": Decimal("0.1")}, "default_markup is 0.1 but method is cems"),
        (
            {"method": "default_factor", "missing_days": Decimal("0.1")},
            "missing_days is 0.1 but method is default_factor",
        ),
        ({"bias": Decimal(-1)}, "bias is -1, expected above -1"),
    ],
)
def test_numbers_that_the_method_does_not_use_are_refused(fields: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Measurement(**fields)
