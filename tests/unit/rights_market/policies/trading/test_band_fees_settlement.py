from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.trading import Fees, PriceBand, SettlementCycle
from rights_market.units import Side

BAND = PriceBand()


@pytest.mark.parametrize(
    ("reference", "tick", "expected"),
    [
        (4785, 1, (4307, 5263, "")),
        (4, 1, (4, 4, "band_stuck")),
        (1200, 500, (1000, 1000, "band_empty")),
        (1250, 500, (1000, 1000, "band_empty")),
        (1300, 500, (1500, 1500, "band_empty")),
        (1, 1, (1, 1, "band_stuck")),
        (30, 100, (100, 100, "band_empty")),
    ],
)
def test_the_worked_cases_of_the_band(reference: int, tick: int, expected: tuple[int, int, str]) -> None:
    assert BAND.range(reference, tick) == expected


def test_half_up_bounds_may_lie_outside_the_band() -> None:
    # 4,785 x 0.9 = 4,306.5 and x 1.1 = 5,263.5
    assert PriceBand(rounding="half_up").range(4785) == (4307, 5264, "")
    assert PriceBand(rounding="half_up").range(4784) == (4306, 5262, "")


def test_the_block_band() -> None:
    assert PriceBand(width=Decimal("0.3")).range(6000) == (4200, 7800, "")


def test_the_band_stays_within_what_can_be_quoted() -> None:
    assert PriceBand(width=Decimal(1)).range(50, max_price_ticks=80) == (1, 80, "")


def test_the_first_day_may_have_no_band() -> None:
    free = PriceBand(first_day="none")
    assert free.range(4800, is_first_day=True, max_price_ticks=9000) == (1, 9000, "no_band")
    assert free.range(4800) == BAND.range(4800, is_first_day=True) == (4320, 5280, "")


def test_the_reference_follows_the_close() -> None:
    assert BAND.next_reference(4800, 4950, 10, Side.BID) == 4950


def test_a_quiet_day_keeps_the_reference() -> None:
    assert BAND.next_reference(4800, 4950, 0, None) == 4800


def test_a_market_locked_at_the_limit_moves_there_until_values_are_reached() -> None:
    reference, days = 4800, 0
    while not BAND.range(reference).low <= 6800 <= BAND.range(reference).high:
        reference = BAND.next_reference(reference, reference, 0, Side.BID)
        days += 1
    assert (days, reference) == (3, 6388)
    assert BAND.next_reference(6800, 6800, 0, Side.ASK) == 6120


def test_a_fixed_reference_stays_locked() -> None:
    assert PriceBand(move_when_locked=False).next_reference(4800, 4800, 0, Side.BID) == 4800


@pytest.mark.parametrize(("reference", "tick", "top"), [(0, 1, 10), (5, 0, 10), (5, 7, 6)])
def test_prices_that_cannot_be_quoted_are_refused(reference: int, tick: int, top: int) -> None:
    with pytest.raises(PolicyError, match=f"reference is {reference}, tick {tick} and highest price {top}"):
        BAND.range(reference, tick, max_price_ticks=top)


@given(
    reference=st.integers(1, 200_000),
    tick=st.integers(1, 500),
    width=st.decimals("0", "1", places=3),
    rounding=st.sampled_from(["inward", "half_up"]),
)
def test_a_band_always_leaves_a_tick(reference: int, tick: int, width: Decimal, rounding: str) -> None:
    low, high, code = PriceBand(width=width, rounding=rounding).range(reference, tick)  # type: ignore[arg-type]
    assert tick <= low <= high
    assert low % tick == high % tick == 0
    if rounding == "inward" and code != "band_empty":
        assert reference * (1 - width) <= low
        assert high <= reference * (1 + width)


def test_the_worked_case_of_fees() -> None:
    fees = Fees(buyer=Decimal("0.003"), seller=Decimal("0.003"))
    assert fees.buyer_ppm == fees.seller_ppm == 3000
    assert (fees.charge(Side.BID, 0, 150), fees.charge(Side.BID, 150, 170)) == (0, 1)


def test_each_side_has_its_own_fee() -> None:
    fees = Fees(buyer=Decimal("0.002"))
    assert fees.charge(Side.BID, 0, 500_000) == 1000
    assert fees.charge(Side.ASK, 0, 500_000) == 0
    assert fees.most(500_001) == 1001


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"buyer": Decimal("0.0000005")}, "whole number of millionths"),
        ({"seller": Decimal("0.06")}, "at most 0.05"),
        ({"seller": Decimal("-0.01")}, "at least 0"),
    ],
)
def test_fees_the_exchange_cannot_count_are_refused(fields: dict[str, Decimal], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Fees(**fields)


@given(st.integers(0, 50_000), st.lists(st.integers(0, 10**6), max_size=8), st.sampled_from(list(Side)))
def test_the_sum_of_fees_does_not_depend_on_the_number_of_fills(ppm: int, fills: list[int], side: Side) -> None:
    fees = Fees(buyer=Decimal(ppm).scaleb(-6), seller=Decimal(ppm).scaleb(-6))
    filled, paid = 0, 0
    for value in fills:
        paid += fees.charge(side, filled, value)
        filled += value
    assert paid == fees.charge(side, 0, filled)
    assert paid <= fees.most(filled)


def test_the_worked_case_of_the_settlement_cycle() -> None:
    cycle = SettlementCycle()
    assert cycle.sellable(free=13, bought_today=10) == 3
    assert cycle.sellable(free=13, bought_today=0) == 13
    assert SettlementCycle(units_lag_days=0).sellable(free=13, bought_today=10) == 13


def test_money_of_a_sale_waits_for_its_days() -> None:
    # Trading rules of 2021: proceeds of day 5 buy on day 5.
    assert SettlementCycle().usable_on(5) == 5
    assert SettlementCycle(cash_lag_days=1).usable_on(5) == 6


@pytest.mark.parametrize("fields", [{"units_lag_days": 2}, {"cash_lag_days": 11}])
def test_longer_lags_do_not_exist(fields: dict[str, int]) -> None:
    with pytest.raises(PolicyError, match=next(iter(fields))):
        SettlementCycle(**fields)  # type: ignore[arg-type]
