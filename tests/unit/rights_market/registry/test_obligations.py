"""Obligations: what is written is read back, nobody surrenders more than due, debts are served in order."""

import numpy as np
import pytest

from rights_market.errors import RegistryError
from rights_market.registry.obligations import Debt, Obligations

CEA = ("CEA", "2023")


@pytest.fixture
def obligations():
    return Obligations(4)


def test_what_was_never_written_reads_as_zero(obligations):
    assert obligations.verified_lots(*CEA).tolist() == [0] * 4
    assert obligations.debt_lots(*CEA).tolist() == [0] * 4
    assert obligations.periods == []


def test_amounts_are_kept_by_right_and_period(obligations):
    obligations.verify("CEA", "2023", [1, 2, 3, 4])
    obligations.verify("CEA", "2024", [9, 8], accounts=[3, 1])
    obligations.verify("SO2", "2023", 5)
    obligations.verify("CEA", "2023", 7, accounts=[2])
    assert obligations.verified_lots("CEA", "2023").tolist() == [1, 2, 7, 4]
    assert obligations.verified_lots("CEA", "2024").tolist() == [0, 8, 0, 9]
    assert obligations.verified_lots("SO2", "2023").tolist() == [5] * 4
    assert obligations.periods == [("CEA", "2023"), ("CEA", "2024"), ("SO2", "2023")]


def test_up_front_and_final_allocation_are_kept_apart(obligations):
    obligations.set_allocation(*CEA, [70, 0, 0, 0], up_front=True)
    obligations.set_allocation(*CEA, [90, 0, 0, 0])
    assert (obligations.preallocated_lots(*CEA)[0], obligations.allocated_lots(*CEA)[0]) == (70, 90)


def test_shortfall_is_duty_less_surrendered(obligations):
    obligations.set_duty(*CEA, [100, 50, 0, 10])
    obligations.record_surrender(*CEA, [60, 30, 50], accounts=[0, 0, 1])
    assert obligations.surrendered_lots(*CEA).tolist() == [90, 50, 0, 0]
    assert obligations.shortfall(*CEA).tolist() == [10, 0, 0, 10]


def test_nobody_surrenders_more_than_due(obligations):
    obligations.set_duty(*CEA, [100, 50, 0, 10])
    with pytest.raises(RegistryError, match=r"surrender of 11 lots exceeds 10 still due \(account 3, CEA 2023\)"):
        obligations.record_surrender(*CEA, [5, 5, 6], accounts=[0, 3, 3])
    assert obligations.surrendered_lots(*CEA).sum() == 0


def test_duty_cannot_fall_below_what_was_surrendered(obligations):
    obligations.set_duty(*CEA, 100)
    obligations.record_surrender(*CEA, 80, accounts=[2])
    with pytest.raises(RegistryError, match=r"duty of 79 lots is below 80 surrendered \(account 2, CEA 2023\)"):
        obligations.set_duty(*CEA, 79)
    obligations.set_duty(*CEA, 80)
    assert obligations.shortfall(*CEA).tolist() == [80, 80, 0, 80]


def test_debts_are_served_make_good_before_borrowed_before_allocation_before_cut(obligations):
    obligations.add_debt(*CEA, Debt.CUT, 3, accounts=[1])
    obligations.add_debt(*CEA, Debt.ALLOCATION, 10, accounts=[1])
    obligations.add_debt(*CEA, Debt.BORROWED, [20, 5], accounts=[1, 1])
    obligations.add_debt(*CEA, Debt.MAKE_GOOD, 30, accounts=[1])
    assert obligations.debt_lots(*CEA).tolist() == [0, 68, 0, 0]
    taken = obligations.take_debt(*CEA, [40, 7, 20], accounts=[1, 2, 1])
    assert taken.tolist() == [[30, 0, 0], [10, 0, 15], [0, 0, 5], [0, 0, 0]]
    assert [obligations.debt_lots(*CEA, kind)[1] for kind in Debt] == [0, 0, 5, 3]


def test_rule_k8_make_good_of_120_against_100_leaves_20(obligations):
    obligations.add_debt(*CEA, Debt.MAKE_GOOD, 120, accounts=[0])
    assert obligations.take_debt(*CEA, 100, accounts=[0]).sum() == 100
    assert obligations.debt_lots(*CEA).tolist() == [20, 0, 0, 0]


def test_debts_that_never_were_take_nothing(obligations):
    assert obligations.take_debt(*CEA, [5, 6, 7, 8]).tolist() == [[0] * 4] * 4


@pytest.mark.parametrize(
    ("lots", "accounts", "message"),
    [
        ([1.5], [0], "whole numbers"),
        ([-1], [0], "must not be negative"),
        ([1], [4], r"know accounts 0 to 3, got 4; resize"),
        ([1], [-1], "know accounts 0 to 3"),
        ([1, 2], [3, 3], "an account is named twice"),
    ],
)
def test_refusals(obligations, lots, accounts, message):
    with pytest.raises(RegistryError, match=message):
        obligations.verify(*CEA, lots, accounts)


def test_views_refuse_writing(obligations):
    obligations.verify(*CEA, 5)
    with pytest.raises(ValueError, match="read-only"):
        obligations.verified_lots(*CEA)[0] = 6


def test_accounts_opened_later_owe_nothing(obligations):
    obligations.set_duty(*CEA, 5)
    obligations.add_debt(*CEA, Debt.BORROWED, 6)
    obligations.resize(6)
    assert obligations.duty_lots(*CEA).tolist() == [5, 5, 5, 5, 0, 0]
    assert obligations.debt_lots(*CEA).tolist() == [6, 6, 6, 6, 0, 0]
    with pytest.raises(RegistryError, match="cannot shrink to 5"):
        obligations.resize(5)


def test_state_restores_exactly(obligations):
    obligations.verify("CEA", "2019/20", [1, 2, 3, 4])
    obligations.set_duty(*CEA, 9)
    obligations.record_surrender(*CEA, 4)
    obligations.add_debt(*CEA, Debt.BORROWED, 7, accounts=[2])
    twin = Obligations(1)
    twin.verify("SO2", "2023", 5)
    twin.restore(obligations.state())
    assert len(twin) == 4
    assert twin.periods == obligations.periods == [("CEA", "2019/20"), ("CEA", "2023")]
    assert twin.verified_lots("CEA", "2019/20").tolist() == [1, 2, 3, 4]
    assert twin.shortfall(*CEA).tolist() == [5] * 4
    assert twin.debt_lots(*CEA, Debt.BORROWED).tolist() == [0, 0, 7, 0]
    twin.record_surrender(*CEA, 1)
    np.testing.assert_array_equal(obligations.surrendered_lots(*CEA), [4] * 4)
