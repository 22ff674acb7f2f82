"""Rights paid for by term."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.paid_use import PaidInitialUse, anniversary, rest_of_term_fen

RULE = PaidInitialUse(fee=38_900, instalments=3)


def test_the_first_two_rights_of_jiangxi():
    assert PaidInitialUse(fee=38_900).bill_fen(96, 2022) == 18_672_000
    assert PaidInitialUse(fee=48_900).bill_fen(137, 2022) == 33_496_500


def test_instalments_are_equal_to_the_fen_the_first_ones_larger():
    assert RULE.bill_fen(7, 2022) == 1_361_500
    assert RULE.instalment_fen(1_361_500) == [453_834, 453_833, 453_833]


def test_what_is_not_paid_for_is_cancelled():
    # 7 x 907,666 / 1,361,500 = 4.67.
    assert RULE.cancelled_lots(7, 907_666, 1_361_500) == 4
    assert RULE.cancelled_lots(7, 0, 1_361_500) == 0
    assert RULE.cancelled_lots(7, 0, 0) == 0


def test_dates_are_those_of_the_issue():
    issued = date(2024, 2, 29)
    assert RULE.due_on(issued) == [issued, date(2025, 2, 28), date(2026, 2, 28)]
    assert RULE.ends_on(issued) == date(2029, 2, 28)
    assert anniversary(date(2022, 3, 15), 5) == date(2027, 3, 15)


def test_arrears_begin_after_the_grace():
    assert not RULE.is_in_arrears(date(2024, 3, 1), date(2024, 3, 31))
    assert RULE.is_in_arrears(date(2024, 3, 1), date(2024, 4, 1))


def test_later_terms_may_cost_more():
    rule = PaidInitialUse(fee=100, fee_from={2027: 150})
    assert [rule.fee_fen(y) for y in (2022, 2027, 2030)] == [100, 150, 150]


def test_the_rest_of_a_year_is_paid_by_the_day():
    # 4 x 389.00 x 146 / 365 = 622.40 CNY; 1 x 1.00 x 1 / 365 rounds to 0 fen, 183 / 365 to half and more.
    assert rest_of_term_fen(4, 38_900, 146) == 62_240
    assert [rest_of_term_fen(1, 1, d) for d in (182, 183)] == [0, 1]


def test_more_instalments_than_years_are_refused():
    with pytest.raises(PolicyError, match="instalments 6 exceed term_years 5"):
        PaidInitialUse(fee=1, instalments=6)


@given(st.integers(0, 10**12), st.integers(1, 20))
def test_instalments_add_up_to_the_bill(bill, n):
    parts = PaidInitialUse(fee=1, term_years=20, instalments=n).instalment_fen(bill)
    assert sum(parts) == bill
    assert parts == sorted(parts, reverse=True)
