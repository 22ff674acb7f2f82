from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.exchange.calendar import (
    AFTER_SESSION,
    BEFORE_SESSION,
    HOOK_ORDER,
    Agenda,
    Dated,
    Entry,
    Period,
    TradingCalendar,
    chinese_exchange_closings,
)

CHINA = TradingCalendar(date(2021, 7, 16), date(2025, 12, 31), chinese_exchange_closings())
PERIOD = Period(
    name="2023",
    vintage=2023,
    use_from=date(2023, 1, 1),
    use_to=date(2023, 12, 31),
    announce=date(2024, 10, 15),
    preallocate=date(2024, 10, 20),
    verify=date(2024, 6, 30),
    true_up=date(2024, 11, 15),
    deadline=date(2024, 12, 31),
)


@pytest.mark.parametrize(("year", "days"), [(2021, 114), (2022, 242), (2023, 242), (2024, 242), (2025, 243)])
def test_trading_days_of_the_national_market(year: int, days: int) -> None:
    assert len(CHINA.days_of_year(year)) == days


def test_every_closing_is_a_weekday_named_once_and_marked() -> None:
    with (files("rights_market.data") / "chinese_exchange_closings.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    dates = [date.fromisoformat(row["date"]) for row in rows]
    assert dates == sorted(set(dates))
    assert all(d.weekday() < 5 for d in dates)
    assert {row["mark"] for row in rows} <= {"seen", "known", "approx"}


def test_a_weekend_declared_a_working_day_is_no_trading_day() -> None:
    assert date(2023, 10, 7) not in CHINA.days  # a Saturday on which the state worked
    assert date(2023, 10, 9) in CHINA.days


def test_dates_and_indices() -> None:
    new_year = CHINA.index_on_or_after(date(2023, 12, 31))
    assert new_year is not None
    assert CHINA.date_of(new_year) == date(2024, 1, 2)
    assert CHINA.date_of(new_year - 1) == date(2023, 12, 29)
    assert CHINA.index_on_or_before(date(2023, 12, 31)) == new_year - 1
    assert CHINA.index_on_or_before(date(2021, 7, 15)) is None
    assert CHINA.index_on_or_after(date(2026, 1, 1)) is None
    assert CHINA.index_on_or_after(date(2000, 1, 1)) == 0
    assert CHINA.years == (2021, 2022, 2023, 2024, 2025)
    assert len(CHINA.days_of_year(2030)) == 0


@pytest.mark.parametrize("day", [-1, len(CHINA)])
def test_a_day_outside_the_calendar_has_no_date(day: int) -> None:
    with pytest.raises(IndexError, match=f"day {day} lies outside"):
        CHINA.date_of(day)


def test_days_left_count_trading_days_and_reach_beyond_the_end() -> None:
    week = TradingCalendar(date(2025, 6, 2), date(2025, 6, 13), [date(2025, 6, 2)])
    assert len(week) == 9
    assert [week.days_left(0, date(2025, 6, d)) for d in (1, 3, 4, 8, 9, 13, 15, 16)] == [0, 0, 1, 3, 4, 8, 8, 9]
    assert week.days_left(8, date(2025, 6, 3)) == 0


def test_a_calendar_without_a_trading_day_is_refused() -> None:
    with pytest.raises(PolicyError, match="between start 2025-06-07 and end 2025-06-08"):
        TradingCalendar(date(2025, 6, 7), date(2025, 6, 8))


@given(st.dates(date(2021, 1, 1), date(2026, 6, 1)))
def test_before_and_after_enclose_a_date(when: date) -> None:
    before, after = CHINA.index_on_or_before(when), CHINA.index_on_or_after(when)
    if before is not None and after is not None:
        assert CHINA.date_of(before) <= when <= CHINA.date_of(after)
        assert after - before == (0 if when in CHINA.days else 1)


def test_hooks_before_and_after_the_session_leave_only_the_session_out() -> None:
    assert set(HOOK_ORDER) - set(BEFORE_SESSION) - set(AFTER_SESSION) == {"session_open", "session", "session_close"}
    assert BEFORE_SESSION[-1] == "reserve_sale"
    assert HOOK_ORDER.index("surrender_deadline") < HOOK_ORDER.index("penalty") < HOOK_ORDER.index("banking_close")


def steps(calendar: TradingCalendar, period: Period) -> dict[str, date]:
    agenda = Agenda(calendar, {"CEA": [period]})
    return {entry.hook: calendar.date_of(day) for day in agenda for entry in agenda[day]}


def test_the_steps_of_a_period_fall_on_their_trading_days() -> None:
    assert steps(CHINA, PERIOD) == {
        "verification": date(2024, 7, 1),
        "allocation_announced": date(2024, 10, 15),
        "preallocation": date(2024, 10, 21),
        "trueup": date(2024, 11, 15),
        "surrender_deadline": date(2024, 12, 31),
        "penalty": date(2025, 1, 2),
        "make_good": date(2025, 1, 2),
        "banking_close": date(2025, 1, 2),
    }


def test_a_deadline_without_trade_falls_on_the_day_before() -> None:
    moved = Period(
        name="2021",
        vintage=2021,
        use_from=date(2021, 1, 1),
        use_to=date(2021, 12, 31),
        announce=date(2023, 3, 15),
        preallocate=date(2023, 4, 14),
        verify=date(2022, 6, 30),
        true_up=date(2023, 9, 15),
        deadline=date(2023, 12, 31),
    )
    assert steps(CHINA, moved)["surrender_deadline"] == date(2023, 12, 29)
    assert steps(CHINA, moved)["penalty"] == date(2024, 1, 2)


def test_a_calendar_that_ends_with_the_deadline_still_fines_and_banks() -> None:
    last = TradingCalendar(date(2024, 1, 1), date(2024, 12, 31), chinese_exchange_closings())
    agenda = Agenda(last, {"CEA": [PERIOD]})
    hooks = [entry.hook for entry in agenda[len(last) - 1]]
    assert hooks == ["surrender_deadline", "penalty", "make_good", "banking_close"]
    assert [entry.hook for entry in agenda.after_session(len(last) - 1)] == hooks


def test_fines_come_before_a_banking_close_on_the_deadline() -> None:
    period = replace(PERIOD, banking_close=PERIOD.deadline)
    agenda = Agenda(CHINA, {"CEA": [period]})
    day = CHINA.index_on_or_after(PERIOD.deadline)
    assert day is not None
    assert [entry.hook for entry in agenda[day]] == ["surrender_deadline", "penalty", "banking_close"]
    assert [entry.hook for entry in agenda[day + 1]] == ["make_good"]


def test_steps_follow_a_later_penalty() -> None:
    found = steps(CHINA, replace(PERIOD, penalty=date(2025, 2, 10)))
    assert found["penalty"] == found["make_good"] == found["banking_close"] == date(2025, 2, 10)


def test_dates_before_the_start_are_served_on_the_first_day_in_hook_order() -> None:
    late = TradingCalendar(date(2025, 3, 3), date(2025, 12, 31), chinese_exchange_closings())
    agenda = Agenda(late, {"CEA": [PERIOD], "SO2": [replace(PERIOD, name="old")]})
    assert list(agenda) == [0]
    hooks = [entry.hook for entry in agenda[0]]
    assert hooks == sorted(hooks, key=HOOK_ORDER.index)
    assert [entry.right_code for entry in agenda[0]] == ["CEA", "SO2"] * 8
    assert [entry.hook for entry in agenda.before_session(0)] == ["allocation_announced"] * 2 + ["preallocation"] * 2


def test_dates_after_the_end_are_never_served() -> None:
    early = TradingCalendar(date(2024, 1, 1), date(2024, 10, 31), chinese_exchange_closings())
    assert set(steps(early, PERIOD)) == {"verification", "allocation_announced", "preallocation"}
    fined_later = replace(PERIOD, penalty=date(2026, 3, 1))
    assert "surrender_deadline" in steps(CHINA, fined_later)
    assert not {"penalty", "make_good", "banking_close"} & set(steps(CHINA, fined_later))


def test_stages_are_deadlines_too() -> None:
    agenda = Agenda(CHINA, {"CEA": [replace(PERIOD, stages=(date(2024, 12, 15),))]})
    days = agenda.days_of("surrender_deadline", "CEA", "2023")
    assert [CHINA.date_of(day) for day in days] == [date(2024, 12, 13), date(2024, 12, 31)]
    assert agenda.days_of("auction", "CEA", "2023") == ()


def test_other_duties_take_their_place_in_the_order() -> None:
    sale = Dated(date(2024, 10, 13), Entry("auction", "CEA", "first"))
    too_late = Dated(date(2027, 1, 1), Entry("auction", "CEA", "last"))
    opening = Dated(date(2024, 10, 14), Entry("cap_set", "CEA", "2024"))
    agenda = Agenda(CHINA, {"CEA": [PERIOD]}, [sale, too_late, opening])
    day = CHINA.index_on_or_after(date(2024, 10, 14))
    assert day is not None
    assert [entry.hook for entry in agenda[day]] == ["cap_set", "auction"]
    assert agenda[day + 3] == ()
    assert "last" not in {entry.period_name for d in agenda for entry in agenda[d]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("use_from", "use_to"),
        ("use_to", "verify"),
        ("announce", "preallocate"),
        ("preallocate", "true_up"),
        ("true_up", "deadline"),
        ("deadline", "penalty"),
        ("deadline", "banking_close"),
    ],
)
def test_dates_out_of_order_are_refused_by_name(first: str, second: str) -> None:
    earlier = getattr(PERIOD, first) - timedelta(days=1)
    with pytest.raises(PolicyError, match=f"period 2023: {first} on .* lies after {second} on {earlier}"):
        replace(PERIOD, **{second: earlier})


def test_use_must_be_verified_before_it_is_settled() -> None:
    with pytest.raises(PolicyError, match="verify on 2024-11-16 lies after true_up on 2024-11-15"):
        replace(PERIOD, verify=date(2024, 11, 16))


def test_a_stage_after_the_deadline_is_refused() -> None:
    with pytest.raises(PolicyError, match="stages .* deadline 2024-12-31"):
        replace(PERIOD, stages=(PERIOD.deadline,))


def test_steps_that_trade_in_the_wrong_order_are_refused() -> None:
    # A Sunday's true-up would come on Monday, a Sunday's deadline on the Friday before.
    sunday = date(2024, 12, 29)
    with pytest.raises(PolicyError, match="true_up falls on 2024-12-30, after deadline on 2024-12-27"):
        Agenda(CHINA, {"CEA": [replace(PERIOD, true_up=sunday, deadline=sunday)]})
