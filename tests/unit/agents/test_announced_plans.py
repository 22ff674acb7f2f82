"""What the public expects of plans to come once other rules are announced for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from agents.announced_plans import reckon_with_announced
from agents.behaviour import Behaviour
from agents.config import small_market
from agents.model import RightsMarketModel
from agents.snapshot import load, save
from rights_market import RuleChange
from rights_market.policies.allocation import Grandfathering
from rights_market.policies.cap import AbsolutePath
from tests.banking_market import column
from tests.province import run

CONFIG = small_market(20, 0.02, 3, 40, behaviour=Behaviour.frictionless(tightening=0.02))
TOLD = date(2025, 6, 1)


def cut(share: str, start: date = date(2026, 1, 1)) -> RuleChange:
    rule = Grandfathering(base_years=(2024,), cut=Decimal(share))
    return RuleChange(right="CEA", announce=TOLD, start=start, slots={"allocation": (rule,)})


def market(*changes: RuleChange) -> RightsMarketModel:
    return RightsMarketModel(replace(CONFIG, rule_changes=changes), seed=3)


def day(model: RightsMarketModel, when: date) -> int:
    index = model.calendar.index_on_or_after(when)
    assert index is not None
    return index


def test_an_announced_cut_counts_from_its_announcement_as_it_will_in_the_plan() -> None:
    """Of base use, 0.95 squared instead of 0.98 squared: what the plan of 2026 then says as well."""
    told, plain = market(cut("0.05")), market()
    run(told, day(told, TOLD))
    assert told.progress[0].announced_shift == {}
    run(told, 1)
    shift = told.progress[0].announced_shift
    assert list(shift) == [2026]
    assert shift[2026] == pytest.approx((0.95**2 - 0.98**2) * (told.progress[0].balance[2025] + 1.0) / 0.98, rel=1e-4)
    expected = [told.progress[0].balance_of(y, 0.02) - told.progress[0].balance[2025] for y in (2026, 2027)]
    assert expected == [pytest.approx(shift[2026] - 0.02), pytest.approx(shift[2026] - 0.04)]
    for model in (told, plain):
        run(model, day(model, date(2026, 1, 5)) - model.day)
    assert told.progress[0].announced_shift == {}
    difference = told.progress[0].balance[2026] - plain.progress[0].balance[2026]
    assert difference == pytest.approx(shift[2026], rel=1e-4)


def test_the_price_moves_when_it_is_announced_and_not_before_nor_twice() -> None:
    told, plain = run(market(cut("0.05"))), run(market())
    ratio = column(told, "fundamental") / column(plain, "fundamental")
    known, planned = day(told, TOLD), day(told, date(2026, 1, 1))
    assert (ratio[:known] == 1.0).all()
    assert ratio[known] > 1.2
    assert abs(np.log(ratio[planned + 1] / ratio[planned - 1])) < 0.2 * np.log(ratio[known])


def test_a_cut_for_a_later_plan_leaves_the_next_one() -> None:
    told = run(market(cut("0.05", date(2026, 12, 1))), 40)
    assert list(told.progress[0].announced_shift) == [2027]
    assert told.progress[0].balance_of(2026, 0.0) == told.progress[0].balance[2025]


def test_rules_that_leave_the_balance_leave_the_price() -> None:
    """But for the solver, which runs once more on that day."""
    told, plain = (column(run(market(*changes), 30), "fundamental") for changes in ((cut("0.02"),), ()))
    assert told == pytest.approx(plain, rel=0.01)


def test_a_rule_of_which_the_numbers_are_not_known_yet_is_not_reckoned_with() -> None:
    """Before the first plan nobody has estimated the use of 2025, on which the new rule rests."""
    later = Grandfathering(base_years=(2025,))
    change = RuleChange(right="CEA", announce=TOLD, start=date(2026, 1, 1), slots={"allocation": (later,)})
    model = market(change)
    progress = model.progress[0]
    progress.history.announce(TOLD)
    reckon_with_announced(model, progress)
    assert progress.announced_shift == {}
    run(model, 1)
    assert list(progress.announced_shift) == [2026]


def test_an_announced_cap_is_expected_from_its_announcement() -> None:
    book = replace(CONFIG.rule_books[0], cap=AbsolutePath(table={2025: 1000, 2026: 900, 2027: 800}))
    tight = AbsolutePath(table={2025: 1000, 2026: 700, 2027: 600})
    change = RuleChange(right="CEA", announce=TOLD, start=date(2025, 12, 1), slots={"cap": tight})
    model = RightsMarketModel(replace(CONFIG, rule_books=(book,), rule_changes=(change,)), seed=3)
    run(model, day(model, TOLD))
    assert [model.cap_course.expected_lots(model.progress[0], y) for y in (2025, 2026, 2027)] == [1000, 900, 800]
    run(model, 1)
    assert [model.cap_course.expected_lots(model.progress[0], y) for y in (2025, 2026, 2027)] == [1000, 700, 600]
    assert model.cap_course.lots(model.progress[0], 2026) == 700


def test_what_is_reckoned_with_is_saved(tmp_path: Path) -> None:
    given = replace(CONFIG, rule_changes=(cut("0.05"),))
    straight = run(RightsMarketModel(given, seed=3), 25)
    save(straight, tmp_path / "then")
    for name, model in (("straight", straight), ("again", load(given, tmp_path / "then"))):
        save(run(model), tmp_path / name)
    assert (tmp_path / "straight").read_bytes() == (tmp_path / "again").read_bytes()
