from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from rights_market import Right
from rights_market.errors import PolicyError
from rights_market.policies.trading import (
    Admission,
    BlockAgreement,
    CircuitBreaker,
    ClassAdmission,
    HoldingLimit,
    Level,
    ListedAgreement,
)
from tests.compliance_market import rule_book


def column(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_own_allocation_and_what_lies_beyond_it() -> None:
    # Beijing's form: 500 given and 100 more; 560 held and 30 bid for leave 10.
    rule = HoldingLimit(lots=100)
    headroom = rule.limits(column(500), None) - (560 + 30)
    assert rule.admitted(headroom, column(25)).tolist() == [0]
    assert HoldingLimit(lots=100, trim=True).admitted(headroom, column(25)).tolist() == [10]
    assert rule.admitted(headroom, column(10)).tolist() == [10]


def test_the_formula_of_california() -> None:
    # 17 CCR 95920: 0.1 x 25 M + 0.025 x (300 M - 25 M) = 9.375 M.
    rule = HoldingLimit(limit="formula", base=25_000_000)
    assert rule.limits(column(0, 7), 300_000_000).tolist() == [9_375_000] * 2
    assert rule.limits(column(0), 20_000_000).tolist() == [2_500_000]


def test_a_fixed_limit_is_the_same_for_all() -> None:
    assert HoldingLimit(limit="fixed", lots=9).limits(column(0, 500), None).tolist() == [9, 9]


@pytest.mark.parametrize(
    ("given", "words"),
    [({"limit": "formula"}, "limit is formula and base None"), ({"base": 3}, "limit is own_allocation and base 3")],
)
def test_a_formula_has_a_base_and_nothing_else_does(given, words) -> None:
    with pytest.raises(PolicyError, match=words):
        HoldingLimit(**given)


def test_a_formula_needs_a_cap() -> None:
    with pytest.raises(PolicyError, match=r"holding_limit\.limit is formula, which needs a `cap`"):
        rule_book(holding_limit=HoldingLimit(limit="formula", base=1))
    with pytest.raises(PolicyError, match="has no cap"):
        HoldingLimit(limit="formula", base=1).limits(column(1), None)


def test_a_class_comes_in_with_its_date_and_modes() -> None:
    rule = Admission(institution=ClassAdmission(from_date=date(2026, 3, 2), modes=("book",)))
    assert rule.may("compliance", date(2026, 3, 1), "block") == (True, True)
    assert rule.may("institution", date(2026, 3, 1), "book") == (False, False)
    assert rule.may("institution", date(2026, 3, 2), "book") == (True, True)
    assert rule.may("institution", date(2026, 3, 2), "block") == (False, False)
    assert rule.may("individual", date(2026, 3, 2), "book") == (False, False)


def test_a_class_that_leaves_has_180_days_to_sell() -> None:
    rule = Admission(institution=ClassAdmission(to_date=date(2026, 1, 1)))
    assert rule.may("institution", date(2026, 1, 2), "book") == (False, True)
    assert rule.may("institution", date(2026, 6, 30), "book") == (False, True)
    assert rule.may("institution", date(2026, 7, 1), "book") == (False, False)


def test_levels_are_reached_outward() -> None:
    # 8 % of 50.00: 54.00 and 46.00; of 47.85: 51.678 and 44.022.
    assert CircuitBreaker().thresholds(5000)[0][:2] == (4600, 5400)
    assert CircuitBreaker().thresholds(4785)[0][:2] == (4402, 5168)
    two = CircuitBreaker(levels=(Level(move=Decimal("0.05"), batches=3), Level(move=Decimal("0.1"))))
    assert [t.batches for t in two.thresholds(5000)] == [3, None]


COARSE = Right("CEA", "carbon", "碳", "t", Decimal(10), Decimal("0.01"))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (
            {"listed": ListedAgreement(max_qty=90_000), "block": BlockAgreement()},
            "max_qty is 90000 and block.min_qty 100000",
        ),
        ({"listed": ListedAgreement(), "right": COARSE}, "listed.max_qty is not given, and a lot is 10 t"),
    ],
)
def test_no_size_may_fall_between_the_modes(rules, words) -> None:
    with pytest.raises(PolicyError, match=f"E_GAP: .*{words}"):
        rule_book(**rules)


def test_the_sizes_of_the_national_market_meet() -> None:
    book = rule_book(listed=ListedAgreement(), block=BlockAgreement())
    assert (book.listed.max_lots, book.block.min_lots) == (99_999, 100_000)
