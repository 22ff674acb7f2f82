"""What outsiders believe of what is published."""

from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import PolicyError
from rights_market.policies.mrv import Disclosure
from rights_market.policies.mrv.disclosure import weight_of

ONE_CLASS = np.zeros(4, dtype=np.int64)
NOBODY = np.zeros(4, dtype=bool)
VALUES = np.array([80.0, 120.0, 80.0, 120.0])  # mean 100, variance 400


def test_precision_weighs_the_published_value() -> None:
    """Prior variance 400, error variance 100: weight 0.8, posterior variance 80."""
    assert weight_of(np.array([400.0]), np.array([100.0])).tolist() == [0.8]
    rule = Disclosure(level=1, coarse_sd=Decimal("0.1"))
    belief = rule.belief(ONE_CLASS, np.array([80.0, 120.0, 80.0, 120.0]), NOBODY)
    assert belief.mean[0] == pytest.approx(100 - 20 * 400 / 464)
    assert belief.variance[0] == pytest.approx(400 * 64 / 464)


def test_the_exact_number_leaves_no_doubt_and_silence_leaves_the_class() -> None:
    exact = Disclosure(level=3).belief(ONE_CLASS, VALUES, np.array([False, False, True, True]))
    assert exact.mean.tolist() == [80.0, 120.0, 100.0, 100.0]
    assert exact.variance.tolist() == [0.0, 0.0, 400.0, 400.0]
    silent = Disclosure(level=0).belief(ONE_CLASS, VALUES, NOBODY)
    assert (silent.mean.tolist(), silent.variance.tolist()) == ([100.0] * 4, [400.0] * 4)


def test_a_closer_level_narrows_the_belief() -> None:
    widths = [Disclosure(level=k).belief(ONE_CLASS, VALUES, NOBODY).variance.max() for k in range(4)]
    assert widths == sorted(widths, reverse=True) and len(set(widths)) == 4


def test_what_is_published_carries_the_error_of_its_level() -> None:
    error = np.full(4, 0.5)
    assert Disclosure(level=2).published(VALUES, error) == pytest.approx(VALUES * 1.05)
    assert Disclosure(level=3).published(VALUES, error).tolist() == VALUES.tolist()


def test_the_discount_of_a_lender() -> None:
    rule = Disclosure(level=2, rate_discount={2: 15, 0: 1})
    assert rule.discount_bp(np.array([False, True])).tolist() == [15, 1]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"fine_sd": Decimal("0.3")}, r"fine_sd 0.3 is above coarse_sd 0.2"),
        ({"rate_discount": {4: 5}}, r"rate_discount names the levels \[4\], but level is at most 3"),
        ({"level": 4}, "level is 4, expected at most 3"),
    ],
)
def test_levels_that_do_not_exist_are_refused(fields: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Disclosure(**fields)


def test_how_much_of_the_doubt_about_the_total_is_gone() -> None:
    rule = Disclosure(level=2)
    assert rule.known_share(np.array([400.0, 100.0]), np.array([80.0, 20.0])) == pytest.approx(0.8)
    assert rule.known_share(np.zeros(2), np.zeros(2)) == 0.0


def test_banks_have_nothing_to_show_yet() -> None:
    with pytest.raises(PolicyError, match="who is banks, but no bank lends"):
        Disclosure(who="banks")
