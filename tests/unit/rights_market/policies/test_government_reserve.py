"""Idle rights, what is paid for them, and when they come back."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from rights_market.errors import PolicyError
from rights_market.policies.government_reserve import GovernmentReserve


def lots(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def rule(**more) -> GovernmentReserve:
    return GovernmentReserve(**{"price": "fee_remaining", "fee_fen": 38_900} | more)


def test_what_was_never_used_in_five_years_is_idle() -> None:
    # Holds 10, used 4 at most: 6 idle.  Who used more than it holds has nothing idle.
    use = np.array([[1, 9], [4, 12], [2, 3], [3, 1], [0, 0]])
    assert rule().idle_lots(lots(10, 10), use, np.array([False, False])).tolist() == [6, 0]


def test_nothing_is_idle_before_the_years_have_passed() -> None:
    assert rule().idle_lots(lots(10), np.zeros((4, 1), np.int64), np.array([False])).tolist() == [0]


def test_a_closed_firm_is_idle_altogether() -> None:
    assert rule().idle_lots(lots(10), lots(9)[np.newaxis], np.array([True])).tolist() == [10]


def test_holdings_that_are_much_used_are_left_alone() -> None:
    use = np.array([[6, 5]] * 5)
    half = rule(idle_share=Decimal("0.5"))
    assert half.idle_lots(lots(10, 10), use, np.array([False, False])).tolist() == [0, 5]


def test_the_fee_of_two_years_buys_five_lots_worked_by_hand() -> None:
    # 389 CNY a year, 2 years left: 778 a lot; 4,000 CNY buy 5 of 6 for 3,890.
    price = rule().price_fen(Fraction(2))
    bought = rule().buy(lots(6), lots(5), price, 400_000)
    assert price == 77_800
    assert bought.lots.tolist() == [5]
    assert bought.unfunded_lots == 1
    assert int(bought.lots.sum()) * price == 389_000


def test_the_longest_idle_comes_first_then_the_larger() -> None:
    bought = rule().buy(lots(5, 8, 4), lots(5, 5, 7), 100, 1_500)
    assert bought.lots.tolist() == [3, 8, 4]


def test_a_high_price_releases_the_reserve() -> None:
    trigger = rule(release_trigger_ticks=500, release_lots=30)
    assert trigger.releases(Fraction(499), 100) == 0
    assert trigger.releases(Fraction(500), 100) == 30
    assert trigger.releases(Fraction(500), 20) == 20
    assert rule().releases(Fraction(10**6), 100) == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"price": "guide", "fee_fen": None}, "price is guide, so give guide_fen"),
        ({"fee_fen": None}, "price is fee_remaining, so give fee_fen"),
        ({"idle_years": 11}, "idle_years is 11, expected at most 10"),
    ],
)
def test_a_price_needs_its_number(fields: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        rule(**fields)


def test_a_share_of_the_cap_goes_into_the_reserve() -> None:
    # 29 % of 100 is 29, never 28.
    assert rule(initial_share=Decimal("0.29")).set_aside(100) == 29
    assert rule().set_aside(100) == 0


def test_auctions_of_the_reserve_start_at_the_guide_price_or_that_of_the_release() -> None:
    assert rule(price="guide", guide_fen=389).start_ticks(10) == 39
    assert rule(release_trigger_ticks=700, release_price_ticks=650).start_ticks(10) == 650


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"release_mode": "auction"}, "release_mode is auction, so give release_trigger_ticks"),
        ({"priority": ("strategic",)}, "priority is .* and strategic names 0 firms"),
        ({"strategic": ("mill",)}, "strategic names 1 firms; give both, or neither"),
        ({"priority": ("new_project", "new_project")}, "expected each once"),
        ({"initial_share": Decimal(2)}, "initial_share"),
    ],
)
def test_releases_that_cannot_happen_are_refused(numbers: dict, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        rule(**numbers)
