"""A total shared by indicators, or equally."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.allocation import Equal, Indicator, Observed, Remark, WeightedField
from tests.compliance_market import lots


def rule(*fields, total=101, **more):
    return Indicator(total=total, base_year=2024, indicators=tuple(fields), **more)


def by(field, weight, direction="more"):
    return WeightedField(field=field, weight=Decimal(weight), direction=direction)


def firms(use, output, year=2025, base=2024):
    nothing = lots(*[0] * len(use))
    return Observed(
        right="CEA",
        year=year,
        classes=("steel",) * len(use),
        output_units=nothing,
        use_lots=nothing,
        past_use_lots={base: lots(*use)},
        past_output_units={base: lots(*output)},
    )


def test_equal_remainders_go_to_the_firm_that_comes_first():
    assert rule(by("use", 1)).claims(firms([35, 30, 35], [0, 0, 0])).tolist() == [36, 30, 35]


def test_indicators_add_up_by_weight():
    # 0.5 x (20, 30, 50) % + 0.5 x (60, 20, 20) % = 40, 25, 35 %.
    assert rule(by("use", "0.5"), by("output", "0.5"), total=100).claims(firms([2, 3, 5], [6, 2, 2])).tolist() == [
        40,
        25,
        35,
    ]


def test_less_can_be_rewarded():
    # Intensities 1, 2, 4: shares 4/7, 2/7, 1/7 of 70.
    cleaner = rule(by("intensity", 1, "less"), total=70)
    assert cleaner.claims(firms([10, 20, 40], [10, 10, 10])).tolist() == [40, 20, 10]


def test_nothing_of_what_should_be_small_is_refused():
    with pytest.raises(PolicyError, match=r"CEA: indicator use of 2024 is 0 for firm 1"):
        rule(by("use", 1, "less")).claims(firms([5, 0], [1, 1]))


def test_an_indicator_that_nobody_has_is_left_out():
    entry, seen = rule(by("use", "0.6"), by("output", "0.4"), total=10), firms([3, 7], [0, 0])
    assert entry.claims(seen).tolist() == [3, 7]
    assert entry.remarks(seen) == [Remark("indicator_dropped", note="output is 0 for all in 2025")]


def test_without_any_indicator_there_is_nothing_to_share():
    entry, seen = rule(by("use", 1)), firms([0, 0], [1, 1])
    assert entry.claims(seen).tolist() == [0, 0]
    assert [r.code for r in entry.remarks(seen)] == ["indicator_dropped", "nothing_to_share"]


def test_the_base_moves_on_where_it_may():
    moving = rule(by("use", 1), update_lag=2)
    assert (rule(by("use", 1)).base_years_of(2030), moving.base_years_of(2030)) == ((2024,), (2028,))
    assert moving.is_known(2030, {"steel"}, {2028})
    assert not moving.is_known(2030, {"steel"}, {2024})
    assert moving.remarks(firms([1], [1], year=2030)) == []
    with pytest.raises(PolicyError, match="no use and output were reported for the base year 2028"):
        moving.claims(firms([1], [1], year=2030))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ((by("use", "0.6"), by("output", "0.5")), "weights of indicators add up to 1.1"),
        ((by("use", "0.5"), by("use", "0.5")), "each field and direction once"),
    ],
)
def test_weights_that_do_not_fit_are_refused(fields, words):
    with pytest.raises(PolicyError, match=words):
        rule(*fields)


def test_equal_parts():
    seen = firms([1, 2, 3], [0, 0, 0])
    assert Equal(total=11).claims(seen).tolist() == [4, 4, 3]
    assert Equal(total=11).is_known(2025, {"steel"}, ())
    assert Equal(total=11).credit_for_use(seen, 0.1).tolist() == [0.0, 0.0, 0.0]


@given(
    st.integers(0, 10**9),
    st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)), min_size=1, max_size=30),
)
def test_the_whole_total_is_shared(total, rows):
    use, output = zip(*rows, strict=True)
    entry = replace(rule(by("use", "0.3"), by("output", "0.3"), by("intensity", "0.4", "less")), total=total)
    assert entry.claims(firms(use, output)).sum() == total
