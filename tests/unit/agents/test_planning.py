"""Wishes and daily quantities of a firm that uses 1,000 lots a year, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from agents.behaviour import Behaviour
from agents.planning import Clock, Standing, buffer_lots, daily_lots, doubt, urgency, wish_lots

B = Behaviour(tightening=0.02)
EARLY = Clock(days_left=100, years=1.0, announced=False, verified=False)
PLANNED = replace(EARLY, announced=True)
VERIFIED = replace(EARLY, announced=True, verified=True)
LAST = replace(VERIFIED, days_left=5)


def standing(net: float, held: float = 2000.0, margin: float = 0.0) -> Standing:
    one = np.ones(1)
    return Standing(held * one, (net - held + 1500.0) * one, 1500.0 * one, 1000.0 * one, margin * one)


def wish(net: float, clock: Clock = PLANNED, *, kept: float = 0.0, early: bool = True, lead: float = 30.0, held=2000.0):
    found = wish_lots(B, clock, standing(net, held), np.array([kept]), np.array([early]), np.array([lead]))
    return float(found[0])


def test_what_is_left_over_counts_what_is_still_to_come() -> None:
    one = np.ones(2)
    assert Standing(100 * one, 50 * one, np.array([120, 170]), one, one).net.tolist() == [30, -20]


@pytest.mark.parametrize(
    ("clock", "years", "expected"), [(EARLY, 1.0, 0.04), (PLANNED, 1.0, 0.01), (PLANNED, 2.0, 0.02), (VERIFIED, 2.0, 0)]
)
def test_doubt_falls_with_what_is_known(clock: Clock, years: float, expected: float) -> None:
    assert doubt(B, replace(clock, years=years)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("margin", "factor", "lots"),
    [
        (0.00, 1.0, 1000 * (1.3 * 0.02 + 0.02 + 0.04 + 0.06)),
        (0.03, 1.0, 1000 * (1.3 * 0.02 + 0.00 + 0.01 + 0.03)),  # its own margin covers the first year
        (0.50, 1.0, 26.0),  # never short: doubt alone
        (0.03, 3.0, 198.0),  # a hoarder
    ],
)
def test_a_holder_keeps_its_own_need_of_three_years(margin: float, factor: float, lots: float) -> None:
    assert buffer_lots(B, standing(0.0, margin=margin), np.array([factor]))[0] == pytest.approx(lots)


def test_no_horizon_and_no_doubt_keep_nothing() -> None:
    frictionless = Behaviour.frictionless(tightening=0.02)
    assert buffer_lots(frictionless, standing(0.0), np.ones(1))[0] == 0


@pytest.mark.parametrize(
    ("clock", "net", "expected"),
    [
        (EARLY, -100.0, 20.0),  # 2 x 4 % of 1,000 may yet come
        (PLANNED, -100.0, 80.0),
        (VERIFIED, -100.0, 100.0),
        (EARLY, -70.0, 0.0),
        (replace(EARLY, days_left=5), -100.0, 100.0),  # no more waiting, whatever the doubt
        (EARLY, 100.0, -20.0),
        (PLANNED, 100.0, -80.0),
        (VERIFIED, 100.0, -100.0),
    ],
)
def test_doubt_makes_buyers_wait_and_sellers_hold_back(clock: Clock, net: float, expected: float) -> None:
    assert wish(net, clock) == pytest.approx(expected)


@pytest.mark.parametrize(("kept", "expected"), [(50.0, -30.0), (200.0, 0.0)])
def test_the_buffer_is_not_for_sale(kept: float, expected: float) -> None:
    assert wish(100.0, kept=kept) == pytest.approx(expected)


def test_nobody_offers_what_is_not_there_yet() -> None:
    assert wish(100.0, VERIFIED, held=60.0) == pytest.approx(-60.0)


@pytest.mark.parametrize(
    ("days_left", "early", "expected"), [(31, False, 0.0), (30, False, 100.0), (31, True, 100.0), (0, False, 100.0)]
)
def test_late_buyers_begin_when_the_deadline_is_within_their_lead(days_left: int, early: bool, expected: float) -> None:
    assert wish(-100.0, replace(VERIFIED, days_left=days_left), early=early) == pytest.approx(expected)


def daily(wish: float, clock: Clock, tempted: float = 0.0, yearly: float = 1000.0) -> float:
    return float(daily_lots(B, clock, np.array([wish]), np.array([yearly]), np.array([tempted]))[0])


@pytest.mark.parametrize(
    ("days_left", "yearly", "expected"),
    [
        (99, 1000.0, 2.0),  # 2 / (99 + 1) of 100
        (19, 1000.0, 10.0),
        (99, 100_000.0, 20.0),  # nobody buys by the tonne
        (99, 1_000_000.0, 100.0),
        (5, 1000.0, 100.0),
        (0, 1000.0, 100.0),
    ],
)
def test_a_buyer_spreads_its_wish_over_the_days_left(days_left: int, yearly: float, expected: float) -> None:
    assert daily(100.0, replace(VERIFIED, days_left=days_left), yearly=yearly) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tempted", "yearly", "expected"),
    [
        (0.0, 1000.0, -10.0),  # a tenth
        (0.2, 1000.0, -28.0),  # 0.1 + 0.9 x 0.2
        (1.0, 1000.0, -50.0),  # at most half at once
        (0.0, 100_000.0, -20.0),
        (0.0, 1_000_000.0, -50.0),
    ],
)
def test_a_seller_offers_a_share_and_more_at_a_price_that_tempts(tempted, yearly, expected) -> None:
    assert daily(-100.0, VERIFIED, tempted, yearly) == pytest.approx(expected)


def test_in_the_last_days_sellers_wait_no_longer() -> None:
    assert daily(-100.0, LAST) == pytest.approx(-50.0)
    assert daily(0.0, LAST) == 0.0


@pytest.mark.parametrize(
    ("days_left", "lead", "expected"),
    [(30, 30.0, 0.0), (31, 30.0, 0.0), (15, 30.0, 0.5), (0, 30.0, 1.0), (60, 10_000.0, 0.0), (30, 10_000.0, 0.5)],
)
def test_urgency_rises_within_the_lead_and_at_most_sixty_days(days_left: int, lead: float, expected: float) -> None:
    clock = replace(VERIFIED, days_left=days_left)
    assert urgency(clock, np.array([lead]))[0] == pytest.approx(expected)


def test_spreading_a_wish_day_by_day_buys_all_of_it() -> None:
    """What is left after d = 40 ... 6 is the product of (d - 1) / (d + 1): 5 x 6 / (40 x 41)."""
    left, bought = 100.0, {}
    for days_left in range(40, -1, -1):
        bought[days_left] = daily(left, replace(VERIFIED, days_left=days_left), yearly=0.0)
        left -= bought[days_left]
    assert left == 0.0
    assert bought[40] == pytest.approx(200.0 / 41.0)
    assert bought[5] == pytest.approx(100.0 * 30.0 / 1640.0)
