"""Rights whose holdings must cover the year: what a unit still covers, and what firms make of it."""

from dataclasses import replace

import numpy as np
import pytest

from agents.cover import share_left, still_needed
from agents.model import RightsMarketModel
from rights_market.policies.banking import FreeBanking, NoBanking
from rights_market.policies.compliance import MakeGood, Surrender
from tests.province import province


def covered(**rules: object) -> RightsMarketModel:
    """The province, but that sulphur rights must be held over the year."""
    config = province().config
    chosen = {"surrender": Surrender(mode="cover"), "banking": NoBanking(), "make_good": MakeGood(), **rules}
    books = tuple(replace(b, **chosen) if b.right.code == "SO2" else b for b in config.rule_books)
    return RightsMarketModel(replace(config, rule_books=books), seed=1)


@pytest.fixture(scope="module")
def model() -> RightsMarketModel:
    model = covered()
    for _ in range(15):
        model.step()
    model.open_day()
    return model


def test_half_way_through_the_year_a_unit_covers_half_of_it(model: RightsMarketModel) -> None:
    progress = model.progress[1]
    period, today = progress.uses[0].period, model.calendar.days[model.day]
    begin = model.calendar.days[0]
    left = (period.use_to - today).days + 1
    assert share_left(model, progress, 0) == left / ((today - begin).days + left)
    assert share_left(model, progress, 1) == 1.0  # next year has not begun
    assert share_left(model, model.progress[0], 0) == 1.0  # carbon is handed in


def test_what_was_held_so_far_counts_and_what_is_missing_needs_more_than_one_for_one(model: RightsMarketModel) -> None:
    progress = model.progress[1]
    held, days = model.authority.held_so_far("SO2", progress.uses[0].period)
    owed = np.full(len(model.firms), 100.0)
    need = still_needed(model, progress, 0, owed, 0.25)
    assert need == pytest.approx((owed - 0.75 * held / days) / 0.25)
    assert (0.75 * held / days + 0.25 * need == pytest.approx(owed)) and days > 0


def test_units_are_worth_less_with_every_day_and_old_prices_say_less(model: RightsMarketModel) -> None:
    expectations, progress = model.expectations, model.progress[1]
    left = expectations.cover_left[1]
    assert 0.0 < left < 1.0 and expectations.cover_left[0] == 1.0
    rows = np.arange(len(model.seats))[model.seats.of_right(1)]
    rows = rows[expectations.is_firm[rows]]
    whole = model.values_yuan()[model.seats.trader[rows], 1] / expectations.tick_yuan[1]
    assert model.seats.value[rows] == pytest.approx(left * whole)
    price = max(1, round(expectations._year_price[1] * left))
    assert model.market.reference[progress.instruments[0]] == price


def test_with_the_year_the_next_one_comes_to_the_front() -> None:
    model = covered()
    progress = model.progress[1]
    ends = progress.deadline_day[0]
    assert model.calendar.days[ends] <= progress.uses[0].period.use_to < progress.uses[0].period.deadline
    assert progress.usable(ends) == progress.instruments[:1]
    assert progress.usable(ends + 1) == progress.instruments[1:2]
    kept = covered(banking=FreeBanking()).progress[1]
    assert kept.usable(ends + 1) == kept.instruments[:2] and not kept.is_yearly


def test_nobody_waits(model: RightsMarketModel) -> None:
    """In the province all firms lack sulphur rights; those that would wait for the deadline look for them now."""
    rows = np.arange(len(model.seats))[model.seats.of_right(1)]
    rows = rows[model.expectations.is_firm[rows]]
    late = ~model.expectations.starts_early[rows]
    assert late.any() and (model.seats.wish_lots[rows][late] > 0).all()
