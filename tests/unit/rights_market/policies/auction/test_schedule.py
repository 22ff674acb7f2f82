from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.auction import AuctionCalendarState, AuctionSchedule, PricePath, SealedUniform

QUARTERLY = AuctionSchedule(per_year=4, rollover="next_n", n=4)


def plan(schedule: AuctionSchedule, volume: int, count: int) -> AuctionCalendarState:
    return AuctionCalendarState(schedule).extend(volume, count)


def test_the_worked_case_of_planned_volumes() -> None:
    assert plan(QUARTERLY, 103, 4).planned == (26, 26, 26, 25)


def test_the_worked_case_of_unsold_lots_over_the_next_four() -> None:
    state = plan(QUARTERLY, 103, 4).settle(0, 26, True).settle(1, 0, False).extend(103, 4)
    assert [state.offer(i) - state.planned[i] for i in range(2, 6)] == [7, 7, 6, 6]
    assert state.offer(6) == state.planned[6]
    assert state.unsold == 26


def test_unsold_lots_may_go_to_the_next_auction() -> None:
    state = plan(AuctionSchedule(per_year=2), 20, 2).settle(0, 4, True)
    assert state.offer(1) == 16
    assert state.settle(1, 16, True).unsold == 0


def test_unsold_lots_may_be_given_up() -> None:
    state = plan(AuctionSchedule(per_year=2, rollover="cancel"), 20, 2).settle(0, 4, True)
    assert (state.offer(1), state.cancelled, state.unsold) == (10, 6, 0)


@pytest.mark.parametrize("rollover", ["reserve", "msr"])
def test_unsold_lots_may_go_into_a_reserve(rollover: Literal["reserve", "msr"]) -> None:
    state = plan(AuctionSchedule(per_year=2, rollover=rollover), 20, 2).settle(0, 4, True)
    assert (state.offer(1), state.moved, state.unsold) == (10, 6, 0)


def test_what_is_withheld_does_not_roll() -> None:
    state = plan(AuctionSchedule(per_year=2), 20, 2).settle(0, 4, True, withheld=5)
    assert (state.offer(1), state.unsold) == (11, 1)
    with pytest.raises(PolicyError, match="auction 1 sold 4 lots but offered 3"):
        state.settle(1, 4, True, withheld=8)


def test_a_plan_is_put_back_from_plain_numbers() -> None:
    state = plan(QUARTERLY, 103, 4).settle(0, 20, True)
    assert AuctionCalendarState.of(QUARTERLY, state.state()) == state


def test_unsold_lots_may_wait_for_two_auctions_above_the_reserve() -> None:
    state = plan(AuctionSchedule(per_year=6, rollover="after_two_above_reserve"), 60, 6)
    state = state.settle(0, 4, False)
    assert (state.queue, state.offer(1)) == (6, 10)
    state = state.settle(1, 10, True)
    assert state.offer(2) == 10
    state = state.settle(2, 10, True)
    assert state.offer(3) == 12  # a quarter of 10 lots, rounded down
    state = state.settle(3, 12, True)
    assert (state.queue, state.offer(4)) == (4, 12)
    state = state.settle(4, 5, False)
    assert (state.queue, state.offer(5)) == (2 + 7, 10)


def test_an_auction_that_offers_nothing_breaks_no_run() -> None:
    schedule = AuctionSchedule(per_year=4, rollover="after_two_above_reserve", max_uplift=Decimal(1))
    state = plan(schedule, 0, 1).extend(10, 2).extend(0, 1).extend(10, 2)
    state = state.settle(0, 0, False).settle(1, 3, True).settle(2, 5, True).settle(3, 0, False)
    assert (state.above, state.offer(4)) == (2, 7)


def test_auctions_are_settled_in_order_and_within_what_is_offered() -> None:
    state = plan(QUARTERLY, 8, 4)
    with pytest.raises(PolicyError, match="auction 1 is settled out of order, 0 is next"):
        state.settle(1, 0, True)
    with pytest.raises(PolicyError, match="auction 0 sold 3 lots but offered 2"):
        state.settle(0, 3, True)
    with pytest.raises(PolicyError, match="no auction 4 is open"):
        state.offer(4)
    with pytest.raises(PolicyError, match="no auction 0 is open"):
        state.settle(0, 2, True).offer(0)


@pytest.mark.parametrize(("volume", "count"), [(-1, 4), (5, 0), (0, -1)])
def test_a_plan_needs_an_auction_for_its_lots(volume: int, count: int) -> None:
    with pytest.raises(PolicyError, match=f"a volume of {volume} in a count of {count}"):
        plan(QUARTERLY, volume, count)


@given(
    volume=st.integers(0, 500),
    sales=st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=10),
    rollover=st.sampled_from(["next", "next_n", "after_two_above_reserve", "cancel", "reserve", "msr"]),
)
def test_every_planned_lot_is_sold_waiting_given_up_or_still_to_come(
    volume: int, sales: list[tuple[int, bool]], rollover: str
) -> None:
    schedule = AuctionSchedule(per_year=len(sales), rollover=rollover, n=3)  # type: ignore[arg-type]
    state, total = plan(schedule, volume, len(sales)), 0
    assert sum(state.planned) == volume
    assert max(state.planned) - min(state.planned) <= 1
    for index, (percent, above) in enumerate(sales):
        sold = state.offer(index) * percent // 100
        state, total = state.settle(index, sold, above), total + sold
        assert total + state.unsold + state.cancelled + state.moved + sum(state.planned[index + 1 :]) == volume


def test_the_worked_case_of_the_reserve_path() -> None:
    path = PricePath(r0=2404, start_year=2024, growth=Decimal("0.05"), cpi_of={2025: Decimal("0.026")})
    assert (path.price(2024), path.price(2025), path.price(2026)) == (2404, 2587, 2716)


def test_a_reserve_path_chains_rounded_cents() -> None:
    path = PricePath(r0=238, start_year=2021, growth=Decimal("0.025"))
    assert [path.price(y) for y in range(2021, 2026)] == [238, 244, 250, 256, 262]
    with pytest.raises(PolicyError, match="2020 lies before start_year 2021"):
        path.price(2020)


def test_trigger_prices_of_a_reserve_chain_rounded_cents() -> None:
    """RGGI's cost containment reserve, 2021 to 2027: 13.00 USD and 7 % a year."""
    path = PricePath(r0=1300, start_year=2021, growth=Decimal("0.07"))
    assert [path.price(y) for y in range(2021, 2028)] == [1300, 1391, 1488, 1592, 1703, 1822, 1950]


def test_published_prices_win_and_the_formula_goes_on_from_them() -> None:
    path = PricePath(r0=1000, start_year=2021, growth=Decimal("0.1"), table={2022: 1200})
    assert [path.price(y) for y in (2021, 2022, 2023)] == [1000, 1200, 1320]
    with pytest.raises(PolicyError, match=r"table has \[2021\], not after start_year 2021"):
        PricePath(r0=1000, start_year=2021, table={2021: 1})


def test_a_price_path_may_keep_to_a_coarser_grid() -> None:
    path = PricePath(r0=1000, start_year=2021, growth=Decimal("0.07"), tick=50)
    assert [path.price(y) for y in (2022, 2023)] == [1050, 1100]  # of 1,070 and 1,123.5
    with pytest.raises(PolicyError, match="r0 1010 is no multiple of tick 50"):
        PricePath(r0=1010, start_year=2021, tick=50)


def test_the_highest_floor_is_the_reserve() -> None:
    path = PricePath(r0=2404, start_year=2024)
    terms = SealedUniform(reserve=100, schedule=AuctionSchedule(per_year=1, reserve_path=path))
    assert (terms.reserve_ticks(2024), terms.reserve_ticks(2024, (3000, 10))) == (2404, 3000)
    assert SealedUniform(reserve=100).reserve_ticks(2024, (90,)) == 100


def test_a_falling_reserve_stays_at_a_tick() -> None:
    assert PricePath(r0=1, start_year=2021, growth=Decimal("-0.9")).price(2030) == 1


def test_dates_move_to_the_next_trading_day_and_stay_in_their_year() -> None:
    days = [date(2025, 3, 3), date(2025, 3, 10), date(2025, 12, 30), date(2026, 1, 5)]
    schedule = AuctionSchedule(dates=(date(2025, 3, 5), date(2025, 12, 31), date(2027, 1, 1)))
    assert schedule.days_in(days, 2025) == (date(2025, 3, 10),)
    assert schedule.days_in(days, 2026) == (date(2026, 1, 5),)
    close = AuctionSchedule(dates=(date(2025, 3, 5), date(2025, 3, 6)))
    with pytest.raises(PolicyError, match="two of the dates fall on one trading day of 2025"):
        close.days_in(days, 2025)


def test_auctions_spread_evenly_over_the_year() -> None:
    days = [date(2025, 1, 1) + timedelta(days=k) for k in range(240)]
    found = AuctionSchedule(per_year=4).days_in(days, 2025)
    assert [days.index(d) for d in found] == [30, 90, 150, 210]
    assert len(set(AuctionSchedule(per_year=240).days_in(days, 2025))) == 240
    with pytest.raises(PolicyError, match="per_year is 241, but 2025 has 240 trading days"):
        AuctionSchedule(per_year=241).days_in(days, 2025)


def test_the_secret_reserve_lies_below_the_secondary_mean() -> None:
    rule = SealedUniform(secret_reserve=Decimal("0.05"))
    assert rule.secret_reserve_ticks(6800) == 6460
    assert rule.secret_reserve_ticks(6801) == 6461
    assert SealedUniform().secret_reserve_ticks(6800) is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: AuctionSchedule(), "dates has 0 and per_year is None"),
        (lambda: AuctionSchedule(dates=(date(2025, 1, 1),), per_year=1), "dates has 1 and per_year is 1"),
        (lambda: AuctionSchedule(dates=(date(2025, 1, 2), date(2025, 1, 1))), "dates must rise"),
        (lambda: AuctionSchedule(per_year=251), "per_year is 251, expected at most 250"),
        (lambda: AuctionSchedule(per_year=1, rollover="bin"), "rollover is 'bin', expected one of"),  # type: ignore[arg-type]
        (lambda: SealedUniform(lot_size=0), "lot_size is 0"),
        (lambda: SealedUniform(secret_reserve=Decimal(2)), "secret_reserve is 2, expected at most 1"),
    ],
)
def test_contradictions_are_refused(make: object, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        make()  # type: ignore[operator]
