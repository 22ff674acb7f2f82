from __future__ import annotations

from rights_market.policies.stability.temporary_price_floor import TemporaryPriceFloor

RULE = TemporaryPriceFloor()
LOWS = [14_400, 14_500, 14_350, 14_700, 14_600]


def test_the_floor_lies_ten_percent_below_the_lowest_of_five_days() -> None:
    # Korea 2021: 0.9 x 14,350 = 12,915; with ticks of 50 won, 258.3 ticks: 258, which is 12,900.
    assert RULE.floor(LOWS, 14_600) == 12_915
    assert RULE.floor([x // 50 for x in LOWS], 292) == 258


def test_fewer_days_count_as_they_are_and_without_trade_the_close_stands_in() -> None:
    assert RULE.floor([10_000], 9_000) == 9_000
    assert RULE.floor([], 9_000) == 8_100
    assert RULE.floor([1], 1) == 1
    # Only the last five count.
    assert RULE.floor([100, *LOWS], 14_600) == 12_915


def test_it_is_lifted_after_five_closes_ten_percent_above() -> None:
    assert RULE.is_over(12_900, [14_190] * 5)
    assert not RULE.is_over(12_900, [14_190] * 4)
    assert not RULE.is_over(12_900, [14_190] * 3 + [14_189, 14_190])
    assert RULE.is_over(12_900, [1, *[14_190] * 5])


def test_it_acts_when_the_short_mean_falls_below_its_share_of_the_long_one() -> None:
    rule = TemporaryPriceFloor(short_days=2, long_days=4)
    # Mean of the last two 59 and 60: 0.6 x (mean of all four) is 59.85 and 60.
    assert rule.has_fallen([140, 141, 59, 59])
    assert not rule.has_fallen([140, 140, 60, 60])
    assert not rule.has_fallen([1, 1, 1])
    assert not TemporaryPriceFloor(below=None, short_days=1, long_days=1).has_fallen([1])
