from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.auction import AuctionSchedule, ReservePath, SealedUniform

QUARTERLY = AuctionSchedule(per_year=4, rollover="next_n", n=4)


def test_the_worked_case_of_planned_volumes() -> None:
    assert QUARTERLY.plan(103, 4).planned == (26, 26, 26, 25)


def test_the_worked_case_of_unsold_lots_over_the_next_four() -> None:
    state = QUARTERLY.plan(103, 4).settle(0, 26, True).settle(1, 0, False).extend(103, 4)
    assert [state.offer(i) - state.planned[i] for i in range(2, 6)] == [7, 7, 6, 6]
    assert state.offer(6) == state.planned[6]
    assert state.unsold == 26


def test_unsold_lots_may_go_to_the_next_auction() -> None:
    state = AuctionSchedule(per_year=2).plan(20, 2).settle(0, 4, True)
    assert state.offer(1) == 16
    assert state.settle(1, 16, True).unsold == 0


def test_unsold_lots_may_be_given_up() -> None:
    state = AuctionSchedule(per_year=2, rollover="cancel").plan(20, 2).settle(0, 4, True)
    assert (state.offer(1), state.cancelled, state.unsold) == (10, 6, 0)


def test_unsold_lots_may_wait_for_two_auctions_above_the_reserve() -> None:
    state = AuctionSchedule(per_year=6, rollover="after_two_above_reserve").plan(60, 6)
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
    state = schedule.plan(0, 1).extend(10, 2).extend(0, 1).extend(10, 2)
    state = state.settle(0, 0, False).settle(1, 3, True).settle(2, 5, True).settle(3, 0, False)
    assert (state.above, state.offer(4)) == (2, 7)


def test_auctions_are_settled_in_order_and_within_what_is_offered() -> None:
    state = QUARTERLY.plan(8, 4)
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
        QUARTERLY.plan(volume, count)


@given(
    volume=st.integers(0, 500),
    sales=st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=10),
    rollover=st.sampled_from(["next", "next_n", "after_two_above_reserve", "cancel"]),
)
def test_every_planned_lot_is_sold_waiting_given_up_or_still_to_come(
    volume: int, sales: list[tuple[int, bool]], rollover: str
) -> None:
    schedule = AuctionSchedule(per_year=len(sales), rollover=rollover, n=3)  # type: ignore[arg-type]
    state, total = schedule.plan(volume, len(sales)), 0
    assert sum(state.planned) == volume
    assert max(state.planned) - min(state.planned) <= 1
    for index, (percent, above) in enumerate(sales):
        sold = state.offer(index) * percent // 100
        state, total = state.settle(index, sold, above), total + sold
        assert total + state.unsold + state.cancelled + sum(state.planned[index + 1 :]) == volume


def test_the_worked_case_of_the_reserve_path() -> None:
    path = ReservePath(r0=2404, start_year=2024, growth=Decimal("0.05"), cpi_of={2025: Decimal("0.026")})
    assert (path.reserve(2024), path.reserve(2025), path.reserve(2026)) == (2404, 2587, 2716)


def test_a_reserve_path_chains_rounded_cents() -> None:
    path = ReservePath(r0=238, start_year=2021, growth=Decimal("0.025"))
    assert [path.reserve(y) for y in range(2021, 2026)] == [238, 244, 250, 256, 262]
    with pytest.raises(PolicyError, match="2020 lies before start_year 2021"):
        path.reserve(2020)


def test_a_falling_reserve_stays_at_a_tick() -> None:
    assert ReservePath(r0=1, start_year=2021, growth=Decimal("-0.9")).reserve(2030) == 1


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
        (lambda: AuctionSchedule(per_year=1, rollover="msr"), "rollover is 'msr', expected one of"),  # type: ignore[arg-type]
        (lambda: SealedUniform(lot_size=0), "lot_size is 0"),
        (lambda: SealedUniform(secret_reserve=Decimal(2)), "secret_reserve is 2, expected at most 1"),
    ],
)
def test_contradictions_are_refused(make: object, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        make()  # type: ignore[operator]
