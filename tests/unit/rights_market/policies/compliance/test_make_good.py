from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import PolicyError
from rights_market.policies.compliance import MakeGood

NONE = np.array([0])


def test_a_factor_of_three_asks_for_three_times_as_much() -> None:
    assert MakeGood(factor=Decimal(3)).due(np.array([120]), NONE).tolist() == [360]


def test_what_is_owed_is_rounded_up() -> None:
    assert MakeGood(factor=Decimal("1.1")).due(np.array([1, 10, 0]), NONE).tolist() == [2, 11, 0]


def test_what_a_cap_forgave_is_owed_where_the_rule_does_not_forgive_it() -> None:
    assert MakeGood(factor=Decimal(3)).due(np.array([120]), np.array([50])).tolist() == [360]
    assert MakeGood(factor=Decimal(3), forgive_capped=False).due(np.array([120]), np.array([50])).tolist() == [410]


def test_a_factor_of_zero_leaves_only_the_fine() -> None:
    assert MakeGood(factor=Decimal(0)).due(np.array([120]), NONE).tolist() == [0]


def test_a_date_needs_a_mode_that_reads_it() -> None:
    assert MakeGood(deadline=30).deadline == 30
    with pytest.raises(PolicyError, match="deadline 30 .* mode is deduct_allocation"):
        MakeGood(deadline=30, mode="deduct_allocation")
