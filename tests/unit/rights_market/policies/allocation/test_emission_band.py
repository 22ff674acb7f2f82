"""Free lots around verified use."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.allocation import EmissionMatchingBand, Observed
from tests.compliance_market import lots

PUBLISHED = EmissionMatchingBand(balance_value={"steel": {2025: Decimal("2.00")}})


def firms(use, output, classes=None, lot=Decimal(1)):
    names = classes or ("steel",) * len(use)
    return Observed(right="CEA", year=2025, classes=names, output_units=lots(*output), use_lots=lots(*use), lot=lot)


def test_a_cleaner_firm_is_given_more_and_a_dirty_one_no_less_than_the_band():
    seen = firms([1800, 1000], [1000, 385])
    # x = 0.1, r = 0.015: 1,827; 1,000 / 385 = 2.597 gives -0.0448, cut to -0.03: 970.
    assert PUBLISHED.claims(seen).tolist() == [1827, 970]
    assert PUBLISHED.adjustments(seen) == [Fraction(15, 1000), Fraction(-3, 100)]


def test_lots_are_rounded_half_up():
    # Intensity 1.801: x = 0.0995, r = 0.014925, 1,801 x 1.014925 = 1,827.88.
    assert PUBLISHED.claims(firms([1801], [1000])).tolist() == [1828]


def test_the_reference_is_the_mean_of_the_class_by_output():
    # 3,000 / 1,500 = 2.0; the firm with 1.80 lies 10 % below, the other one with 2.4 is 20 % above: -0.03.
    seen = firms([1800, 1200, 50], [1000, 500, 10], ("steel", "steel", "cement"))
    assert EmissionMatchingBand().claims(seen).tolist() == [1827, 1164, 50]


def test_a_firm_alone_in_its_class_is_given_its_use():
    assert EmissionMatchingBand().claims(firms([77], [3])).tolist() == [77]


def test_without_output_the_use_is_given():
    assert PUBLISHED.claims(firms([10, 0], [0, 0])).tolist() == [10, 0]


def test_exempt_classes_are_given_their_use():
    rule = EmissionMatchingBand(exempt_classes=("white clinker",))
    seen = firms([30, 10], [10, 10], ("white clinker", "white clinker"))
    assert rule.claims(seen).tolist() == [30, 10]
    assert rule.credit_for_use(seen, 0.05).tolist() == [1.0, 1.0]


def test_lots_of_several_units_are_compared_with_published_units():
    # 180 lots of 10 t for 1,000 units of product: 1.80 t each.
    assert PUBLISHED.claims(firms([180], [1000], lot=Decimal(10))).tolist() == [183]


def test_a_class_that_is_exempt_needs_no_reference():
    with pytest.raises(PolicyError, match=r"\['steel'\] stand in exempt_classes and in balance_value"):
        replace(PUBLISHED, exempt_classes=("steel",))


def test_a_reference_of_zero_is_refused():
    with pytest.raises(PolicyError, match="balance_value"):
        EmissionMatchingBand(balance_value={"steel": {2025: Decimal(0)}})


def test_the_credit_is_the_slope_of_the_formula():
    big = firms([2_000_000, 1_900_000, 2_600_000], [1_000_000] * 3)
    more = replace(big, use_lots=big.use_lots + 1000)
    slope = (PUBLISHED.claims(more) - PUBLISHED.claims(big)) / 1000
    np.testing.assert_allclose(PUBLISHED.credit_for_use(big, 0.05), slope, atol=2e-3)
    # At the reference a unit saved is worth 15 % of the price; beyond the band 3 % of it.
    np.testing.assert_allclose(1.0 - PUBLISHED.credit_for_use(big, 0.05)[[0, 2]], [0.15, 0.03], atol=1e-9)


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**6)), min_size=1, max_size=20))
def test_nobody_is_given_more_or_less_than_the_band_allows(rows):
    use, output = zip(*rows, strict=True)
    given_lots = EmissionMatchingBand().claims(firms(use, output))
    assert (np.abs(given_lots - lots(*use)) <= np.array(use) * 0.03 + 0.5 + 1e-9).all()
