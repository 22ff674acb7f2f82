"""Verifiers, what they notice and who chooses them."""

from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import PolicyError
from rights_market.policies.mrv import Verification

ALL = np.ones(3, dtype=bool)


def test_detection_rises_with_the_miss_beyond_materiality() -> None:
    """M 1000, R 930: x = (70 - 46.5) / 930; overstatement counts alike; M = 1049 at R 1000 is below 5 %."""
    measured = np.array([1000, 1000, 1049, 7, 0])
    reported = np.array([930, 1075, 1000, 0, 0])
    found = Verification().detection(measured, reported)
    assert found[0] == pytest.approx(1 - np.exp(-40 * 23.5 / 930)) == pytest.approx(0.63606, abs=5e-6)
    assert found[1] == pytest.approx(1 - np.exp(-40 * (75 - 53.75) / 1075))
    assert found[2:].tolist() == [0.0, 1.0, 0.0]


def test_half_of_the_verifiers_collude_by_half() -> None:
    rule = Verification(verifiers=2, collusion=(Decimal("0.5"), Decimal(0)))
    assert rule.collusion_of.tolist() == [0.5, 0.0]
    assert Verification(verifiers=2, collusion=(Decimal("0.5"),)).collusion_of.tolist() == [0.5, 0.5]
    with pytest.raises(PolicyError, match="collusion has 2 numbers but verifiers is 3"):
        Verification(verifiers=3, collusion=(Decimal(0), Decimal(1)))


def test_coverage_is_rounded_half_up() -> None:
    assert Verification(coverage=Decimal("0.3")).checked(45) == 14


def test_a_verifier_stays_until_it_must_rotate() -> None:
    """Row by row: new, stays, rotates to its choice, rotates away from its choice, lost its verifier."""
    rule = Verification(verifiers=3, rotate_years=2)
    before = np.array([-1, 0, 0, 1, 2])
    years = np.array([0, 1, 2, 2, 1])
    preferred = np.array([1, 1, 2, 1, 2])
    assert rule.assign(before, years, ALL, preferred).tolist() == [1, 0, 2, 2, 2]
    licensed = np.array([True, True, False])
    assert rule.assign(before, years, licensed, preferred).tolist() == [1, 0, 1, 0, 0]


def test_the_only_verifier_stays_and_without_any_nobody_checks() -> None:
    rule = Verification(verifiers=2, rotate_years=1)
    before, years, wanted = np.array([0, -1]), np.array([5, 0]), np.array([0, 1])
    assert rule.assign(before, years, np.array([True, False]), wanted).tolist() == [0, 0]
    assert rule.assign(before, years, np.array([False, False]), wanted).tolist() == [-1, -1]
