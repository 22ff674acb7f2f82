"""Numbers of the rule for one-way auctions."""

from decimal import Decimal

import pytest

from rights_market.errors import PolicyError
from rights_market.policies.trading import OneWayAuction
from rights_market.units import Side


def test_bids_lie_whole_steps_beyond_the_start() -> None:
    rule = OneWayAuction(step=3)
    assert [p for p in range(35, 50) if rule.is_possible(Side.ASK, 40, p)] == [40, 43, 46, 49]
    assert [p for p in range(31, 45) if rule.is_possible(Side.BID, 40, p)] == [31, 34, 37, 40]


def test_deposits_are_rounded_up_and_second_starts_half_up() -> None:
    assert OneWayAuction(deposit=Decimal("0.1")).deposit_fen(401) == 41
    assert OneWayAuction().relisted_ticks(Side.ASK, 40) == 36
    assert OneWayAuction().relisted_ticks(Side.BID, 45) == 50
    assert OneWayAuction(relist_cut=Decimal(1)).relisted_ticks(Side.ASK, 45) == 1


def test_sides_are_those_that_are_named() -> None:
    rule = OneWayAuction(sides=("sell",))
    assert (rule.allows(Side.ASK), rule.allows(Side.BID)) == (True, False)


@pytest.mark.parametrize(
    ("field", "value"),
    [("notice", 0), ("session", 0), ("step", 0), ("deposit", Decimal(0)), ("band", Decimal(2)), ("min_qty", 0),
     ("sides", ()), ("extend", -1), ("relist_cut", Decimal(0))],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(field: str, value: object) -> None:
    with pytest.raises(PolicyError, match=field):
        OneWayAuction(**{field: value})


def test_not_every_bid_may_put_the_end_off() -> None:
    with pytest.raises(PolicyError, match="extend is 5 batches, expected at most session 4"):
        OneWayAuction(extend=5)
