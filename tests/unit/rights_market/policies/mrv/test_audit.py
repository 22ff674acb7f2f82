"""Audits, and what false data cost."""

from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import PolicyError
from rights_market.policies.mrv import Audit, FalseDataFine


def test_the_number_of_audits_is_rounded_half_up() -> None:
    assert Audit(share=Decimal("0.1")).count(45) == 5  # 4.5
    assert Audit(share=Decimal("0.1")).count(4) == 0


def test_a_random_sample_has_no_firm_twice() -> None:
    firms, order = np.array([2, 3, 5, 7, 11]), np.array([4, 0, 3, 1, 2])
    assert Audit(share=Decimal("0.4")).select(firms, order).tolist() == [2, 11]


def test_risk_looks_at_the_distance_from_the_median() -> None:
    """Class 0 has ratios 1, 2, 8 (median 2), class 1 one firm; use without output is as odd as can be."""
    rule = Audit(share=Decimal("0.5"), sampling="risk")
    verified, output = np.array([10, 20, 80, 5, 3, 0]), np.array([10, 10, 10, 50, 0, 0])
    scores = rule.scores(verified, output, np.array([0, 0, 0, 1, 1, 1]))
    assert scores[:4] == pytest.approx([np.log(2), 0.0, np.log(4), 0.0])
    assert scores[4:].tolist() == [np.inf, 0.0]
    assert rule.select(np.arange(6), np.arange(6), scores).tolist() == [0, 2, 4]


def test_equal_scores_follow_the_random_order() -> None:
    rule = Audit(share=Decimal("0.5"), sampling="risk")
    assert rule.select(np.arange(4), np.array([3, 1, 0, 2]), np.zeros(4)).tolist() == [1, 3]


def test_false_data_cost_a_multiple_of_the_gain_or_a_lump() -> None:
    """70 000 t at 68 CNY gain 4.76 million: seven times that is 33.32 million; 70 t gain 4760, less than 500 000."""
    rule = FalseDataFine(multiple=Decimal(7))
    assert rule.fine(np.array([70_000, 70, 0]), 6800).tolist() == [3_332_000_000, 50_000_000, 0]
    assert rule.expected(np.array([70_000.0, 70.0, 0.0]), 6800.0).tolist() == [3_332_000_000.0, 50_000_000.0, 0.0]


def test_a_schedule_by_lot() -> None:
    """20 u + 5 u^2 / 2 at u = 3 is 82.5, rounded half up."""
    rule = FalseDataFine(form="per_lot", fen_per_lot=20, rise_fen=5)
    assert rule.fine(np.array([3, 1, 0]), 0).tolist() == [83, 23, 0]
    assert rule.expected(np.array([3.0]), 0.0).tolist() == [82.5]


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"form": "per_lot"}, "fen_per_lot is missing"), ({"rise_fen": 3}, "rise_fen is given but form is gain")],
)
def test_a_form_has_its_own_numbers(fields: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        FalseDataFine(**fields)
