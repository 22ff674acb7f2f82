"""Reports below what was measured."""

from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import PolicyError
from rights_market.policies.mrv import SelfReport


def test_a_firm_leaves_out_at_most_its_share() -> None:
    rule = SelfReport(max_under=Decimal("0.29"))
    assert rule.most_under(np.array([100, 3, 0])).tolist() == [29, 0, 0]
    with pytest.raises(PolicyError, match=r"firm 1 leaves out 30 lots, but max_under 0.29 of 100 allows 29"):
        rule.reported(np.array([100, 100]), np.array([29, 30]))


def test_more_than_was_measured_may_be_reported() -> None:
    assert SelfReport().reported(np.array([100]), np.array([-7])).tolist() == [107]


def test_where_nothing_can_be_left_out_reports_are_true() -> None:
    assert SelfReport(allow=False).most_under(np.array([100])).tolist() == [0]
