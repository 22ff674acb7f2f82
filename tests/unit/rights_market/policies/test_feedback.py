"""When a figure leaves its band, by how much a number moves, and where it stops."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.feedback import FeedbackRule


def rule(**changes: Any) -> FeedbackRule:
    """Audits 5 points up when more than a tenth had something to hide, 2 points down below a fiftieth; 5 to 30 %."""
    given: dict[str, Any] = {
        "watch": "false_report_share",
        "field": "audit.share",
        "low": Decimal("0.02"),
        "high": Decimal("0.1"),
        "if_low": Decimal("-0.02"),
        "if_high": Decimal("0.05"),
        "minimum": Decimal("0.05"),
        "maximum": Decimal("0.3"),
    }
    return FeedbackRule(**given | changes)


@pytest.mark.parametrize(
    ("observed", "current", "value", "code"),
    [
        (Fraction(11, 100), "0.10", "0.15", "moved"),
        (Fraction(1, 10), "0.10", "0.10", "within_band"),
        (Fraction(2, 100), "0.10", "0.10", "within_band"),
        (Fraction(19, 1000), "0.10", "0.08", "moved"),
        (Fraction(1), "0.27", "0.3", "limit_reached"),
        (Fraction(1), "0.3", "0.3", "limit_reached"),
        (Fraction(0), "0.06", "0.05", "limit_reached"),
    ],
)
def test_a_number_moves_by_a_step_within_its_limits(observed: Fraction, current: str, value: str, code: str) -> None:
    found = rule().decide(observed, Decimal(current))
    assert (found.value, found.code) == (Decimal(value), code)


def test_the_reason_gives_the_figure_and_the_bound() -> None:
    assert rule().decide(Fraction(1, 3), Decimal("0.1")).why == "false_report_share 0.3333 above high 0.1"
    assert rule().decide(Fraction(0), Decimal("0.1")).why == "false_report_share 0 below low 0.02"
    assert rule().decide(Fraction(1, 20), Decimal("0.1")).why == "false_report_share 0.05 within 0.02..0.1"


def test_a_band_may_be_open_on_one_side() -> None:
    only_up = rule(low=None, if_low=None)
    assert only_up.decide(Fraction(0), Decimal("0.1")).code == "within_band"
    assert only_up.decide(Fraction(1), Decimal("0.1")).value == Decimal("0.15")


def test_a_whole_number_stays_whole() -> None:
    lots = rule(
        field="banking.base", if_low=Decimal(-100), if_high=Decimal(50), minimum=Decimal(0), maximum=Decimal(120)
    )
    found = lots.decide(Fraction(1), 100)
    assert (found.value, type(found.value)) == (120, int)


@given(
    observed=st.fractions(0, 1),
    current=st.decimals(Decimal("0.05"), Decimal("0.3"), places=3),
    step=st.decimals(Decimal("-0.25"), Decimal("0.25"), places=3).filter(bool),
)
def test_the_limits_are_never_left(observed: Fraction, current: Decimal, step: Decimal) -> None:
    found = rule(if_high=step).decide(observed, current).value
    assert Decimal("0.05") <= found <= Decimal("0.3")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"low": Decimal("0.1")}, "low 0.1 is not below high 0.1"),
        ({"low": None, "high": None, "if_low": None, "if_high": None}, "neither low nor high"),
        ({"if_low": None}, "low is 0.02 and if_low None; give both or neither"),
        ({"high": None}, "high is None and if_high 0.05; give both or neither"),
        ({"if_high": Decimal(0)}, "if_high is 0"),
        ({"if_low": Decimal("-0.26")}, "if_low -0.26 is more than all the way from minimum 0.05 to maximum 0.3"),
        ({"minimum": Decimal("0.3")}, "minimum 0.3 is not below maximum 0.3"),
        ({"watch": "belief_sd"}, "expected one of"),
        ({"notice": 0}, "notice is 0, expected at least 1"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        rule(**changes)


def test_a_number_that_cannot_be_moved_so_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"audit.share is 0.4, outside minimum 0.05 to maximum 0.3"):
        rule().refuse_start(Decimal("0.4"))
    with pytest.raises(PolicyError, match="is a whole number, so if_low cannot be -0.5"):
        rule(if_low=Decimal("-0.5"), if_high=Decimal(1), minimum=Decimal(0), maximum=Decimal(5)).refuse_start(2)
