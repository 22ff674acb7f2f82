"""Price paths with limits on what may be carried over, by hand and against conditions that must hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.abatement import CostCurves
from agents.kept_units import price_path_within
from agents.price_search import BankingProblem, price_path

RATE = 0.05


def problem(supply: list[float], bank: float = 0.0) -> BankingProblem:
    """A hundred units of use a year, of which p are abated at a price p."""
    years = len(supply)
    return BankingProblem(np.array(supply), np.full((years, 1), 100.0), CostCurves.linear(0, 1, 100), RATE, bank0=bank)


@pytest.mark.parametrize(
    ("limit", "price", "bank"),
    [
        (np.inf, [20.0 / 1.025, 20.0 / 1.025 * 1.05], 20.0 / 1.025),
        (5.0, [5.0, 35.0], 5.0),  # five are kept, so five are abated; then 35 of the 40 that are missing
        (0.0, [0.0, 40.0], 0.0),
    ],
)
def test_two_years_by_hand(limit: float, price: list[float], bank: float) -> None:
    path = price_path_within(problem([100.0, 60.0]), np.array([limit, np.inf]))
    np.testing.assert_allclose(path.price, price, atol=1e-8)
    np.testing.assert_allclose(path.bank, [bank, 0.0], atol=1e-6)


def test_what_exceeds_the_limit_at_a_price_of_0_lapses() -> None:
    path = price_path_within(problem([130.0, 60.0]), np.array([5.0, np.inf]))
    np.testing.assert_allclose(path.price, [0.0, 35.0], atol=1e-8)
    assert path.bank[0] == 5.0


def test_a_limit_that_does_not_bind_changes_nothing() -> None:
    one = problem([90.0, 60.0, 60.0])
    free, limited = price_path(one), price_path_within(one, np.full(3, 1000.0))
    assert np.array_equal(free.price, limited.price)


@settings(max_examples=60, deadline=None)
@given(
    supply=st.lists(st.floats(30, 130), min_size=2, max_size=5),
    limits=st.lists(st.sampled_from([0.0, 3.0, 15.0, np.inf]), min_size=5, max_size=5),
    bank=st.floats(0, 30),
)
def test_conditions_of_the_optimum(supply: list[float], limits: list[float], bank: float) -> None:
    """Units are used, kept within the limit or, at a price of 0, lapse; at the limit alone prices outrun interest."""
    limit = np.array(limits[: len(supply)])
    limit[-1] = np.inf
    path = price_path_within(problem(supply, bank), limit)
    assert (path.bank <= limit + 1e-6).all()
    held = bank
    for t, issued in enumerate(supply):
        left = held + issued - (100.0 - path.abated[t]) - path.bank[t]
        assert left > -1e-5
        if left > 1e-5:
            assert path.price[t] < 1e-6
        held = path.bank[t]
    for t, (now, then) in enumerate(zip(path.price, path.price[1:], strict=False)):
        rise = then - now * (1.0 + RATE)
        if path.bank[t] > 1e-5:
            assert rise > -1e-5
        if path.bank[t] < limit[t] - 1e-5:
            assert rise < 1e-5
