"""The compliance year as firms live it, in the small province, against the books of the authority."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from agents.cap_course import expected_cap
from agents.model import RightsMarketModel
from rights_market.policies.allocation import EmissionMatchingBand, Grandfathering
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import Penalty
from rights_market.registry.journal import Op
from rights_market.units import half_up
from tests.province import FIRST, carbon_book, periods, province, run, sulphur_book

POWER, STEEL = slice(0, 8), slice(8, 14)


@pytest.fixture(scope="module")
def done() -> RightsMarketModel:
    return run(province())


def test_before_the_market_firms_used_what_the_rules_ask_of() -> None:
    """December 2024 belongs to the first period: 30 days and those of January before the first trading day."""
    model = province()
    use = model.progress[0].uses[0]
    before = (model.calendar.days[0] - use.period.use_from).days
    assert use.output[0] == pytest.approx(model.firms.past_output(2025, model.streams) * before / 365)
    assert use.use == pytest.approx(use.output[0] * model.operations.intensity[:, 0])
    base = model.authority.entitlements["CEA"].use_lots[FIRST - 1]
    past = model.firms.past_output(FIRST - 1, model.streams) * model.operations.intensity[:, 0]
    assert base.tolist() == np.ceil(past - 1e-9).astype(int).tolist()


def test_a_plan_is_known_when_it_is_out() -> None:
    """Power gets 0.76 a MWh, steel 90 % of its use of 2024; until then firms expect balance, tightened."""
    model = province()
    assert not model.progress[0].plans[0].announced
    model.open_day()  # 12 January: the plan of 5 January is out, the early part of 25 January is not
    plan = model.progress[0].plans[0]
    assert plan.announced and not plan.settled
    assert plan.lots_per_output[0, POWER] == pytest.approx(0.76, abs=1e-3)
    assert (plan.lots_per_output[0, STEEL] == 0).all() and (plan.fixed_lots[0, POWER] == 0).all()
    base = model.authority.entitlements["CEA"].use_lots[FIRST - 1]
    assert plan.fixed_lots[0, STEEL] == pytest.approx(0.9 * base[STEEL], abs=1)
    assert model.market.registry.total("issued").sum() == 0
    assert not model.progress[0].plans[1].announced
    output = model.forecasts.expected_output(model.progress[0], 0)
    expected = model.forecasts.expected_lots(model.progress[0], 0)
    assert expected[POWER] == pytest.approx(plan.lots_per_output[0, POWER] * output[0, POWER])


def test_the_early_part_is_a_share_of_the_formula_on_last_years_output() -> None:
    """70 % of carbon at the benchmark of 0.76 on the output of 2024; all of sulphur."""
    model = run(province(), 2)
    model.open_day()
    before = np.rint(model.firms.past_output(FIRST - 1, model.streams))
    carbon, sulphur = (p.issued_lots[0] for p in model.progress)
    assert carbon[POWER] == pytest.approx(0.7 * 0.76 * before[POWER], abs=2)
    firms = model.accounts_of[:14]
    assert model.market.obligations.preallocated_lots("CEA", "2025")[firms].tolist() == carbon.tolist()
    assert sulphur.tolist() == model.market.obligations.allocated_lots("SO2", "2025")[firms].tolist()
    assert model.progress[1].plans[0].settled and not model.progress[0].plans[0].settled


def test_verified_use_is_what_was_used_rounded_up_to_the_lot(done: RightsMarketModel) -> None:
    firms = done.accounts_of[:14]
    for progress, lot in zip(done.progress, (1, 10), strict=True):
        for use in progress.uses:
            verified = done.market.obligations.verified_lots(progress.rules.right.code, use.period.name)[firms]
            assert verified.tolist() == np.ceil(use.use / lot - 1e-9).astype(int).tolist()


def test_the_final_allocation_follows_verified_output(done: RightsMarketModel) -> None:
    firms = done.accounts_of[:14]
    use = done.progress[0].uses[0]
    final = done.market.obligations.allocated_lots("CEA", "2025")[firms]
    assert final[POWER] == pytest.approx(0.76 * np.rint(use.output[0, POWER]), abs=1)
    assert (done.progress[0].issued_lots[0] == final).all()


def test_use_of_a_year_adds_up_to_about_a_year(done: RightsMarketModel) -> None:
    """Steel grows by nothing: its use of the year is about its output times intensity, less what it abated."""
    use = done.progress[0].uses[1]
    assert use.output[0, STEEL] == pytest.approx(done.firms.output[STEEL], rel=0.25)
    assert (use.use <= use.need + 1e-6).all()
    assert use.own_abated.sum() > 0 and (use.cost >= 0).all()


def test_what_cash_does_not_cover_becomes_debt_and_is_paid_back_first() -> None:
    model = province()
    model.open_day()
    registry, account = model.market.registry, int(model.accounts_of[0])
    registry.withdraw(account, int(registry.cash[account]) - 500)
    costs = np.zeros(14, dtype=np.int64)
    costs[0] = 800
    model.production.pay(costs)
    assert (registry.cash[account], model.operations.debt_fen[0]) == (0, 300)
    model.production.output_made[:] = 0.0
    model.production.output_made[0] = 10.0 / (400.0 * 0.1)  # 10 CNY of margin
    model.production.cost_spent[:] = 0.0
    model.production.years_worked = 0.0
    model.production._settle_income()
    assert (registry.cash[account], model.operations.debt_fen[0]) == (700, 0)


def test_a_right_that_follows_output_subsidises_it() -> None:
    model = province()
    model.open_day()
    table = model.production._free_per_output(np.zeros((len(model.firms), 2)))
    assert table[POWER, 0] == pytest.approx(0.76, abs=1e-3)
    assert (table[STEEL] == 0).all() and (table[:, 1] == 0).all()
    model.production.decide()
    assert model.operations.response[POWER] == pytest.approx(1.0, abs=0.1)
    assert (model.operations.response[STEEL] == 1.0).all()


def test_the_public_expects_the_cap_or_without_auctions_what_is_free() -> None:
    model = province()
    model.open_day()
    course, progress = model.forecasts, model.progress[0]
    assert course.total_to_issue(progress, 0, auctions=True) == 1_240_000
    assert course.total_to_issue(progress, 0, auctions=False) == course.expected_lots(progress, 0).sum()
    assert course.supply(progress, FIRST + 1, 500.0, auctions=True) == 1_240_000
    balance = progress.balance_of(FIRST + 1, model.behaviour.tightening)
    assert course.supply(progress, FIRST + 1, 500.0, auctions=False) == pytest.approx(500.0 * (1.0 + balance))


def test_a_table_of_caps_may_end_before_the_solvers_horizon() -> None:
    """Beyond its last year the public expects that cap, tightened by 2 % of it a year; with a base the path goes on."""
    table = AbsolutePath(table={FIRST: 1000, FIRST + 1: 900})
    assert [expected_cap(table, FIRST + k, 0.02) for k in range(4)] == pytest.approx([1000, 900, 882, 864])
    path = AbsolutePath(base=1000, start_year=FIRST)
    assert expected_cap(path, FIRST + 9, 0.02) == 1000
    books = (carbon_book(cap=AbsolutePath(table={FIRST: 1_240_000, FIRST + 1: 1_240_000})), sulphur_book())
    assert run(province(rule_books=books), 2).expectations.public_prices.yuan[0] > 0


def test_debts_are_in_what_is_owed_next_year() -> None:
    """Nobody is given carbon in 2025: all of it is made good in 2026."""
    books = (carbon_book(allocation=(), auction=None, cap=None, upfront=None), sulphur_book())
    model = run(province(rule_books=books), 31)
    firms = model.accounts_of[:14]
    missing = model.market.obligations.shortfall("CEA", "2025")[firms]
    assert (missing > 0).all()
    assert model.market.obligations.debt_lots("CEA", "2026")[firms].tolist() == missing.tolist()
    model.open_day()
    rows = np.flatnonzero((model.seats.right == 0) & (model.seats.trader < 14))
    standing = model.expectations.standing([(model.progress[0], 1)], rows)
    use = model.forecasts.expected_use(model.progress[0], 1)
    assert standing.owed == pytest.approx(use + missing)


def test_fines_are_paid_or_stay_owed(done: RightsMarketModel) -> None:
    journal = done.market.registry.journal.table()
    fined = sum(int(x.sum()) for x in done.authority.fines_fen.values())
    paid = int(journal["cash"][(journal["op"] == Op.PAY) & (journal["counterparty"] == 0)].sum())
    unpaid = int(done.authority.unpaid_fines_fen.sum())
    assert fined > 0 and paid >= fined - unpaid


@pytest.mark.parametrize("days", [30, 182])
def test_fines_follow_the_mean_price_of_the_days_before_the_deadline_that_the_rule_names(days: int) -> None:
    fine = Penalty(form="multiple", low=Decimal(2), price_window=days)
    model = run(province(rule_books=(carbon_book(penalties=(fine,)), sulphur_book())))
    trades, deadline = model.market.tape.trades, model.progress[0].uses[0].period.deadline
    first = deadline - timedelta(days - 1)
    dates = np.array([first <= model.calendar.days[d] <= deadline for d in trades["day"].tolist()])
    rows = dates & np.isin(trades["instrument"], model.progress[0].instruments)
    price = Fraction(int((trades["price_ticks"] * trades["lots"])[rows].sum()), int(trades["lots"][rows].sum()))
    found = [(e.lots, e.money_fen) for e in model.market.events if e.code == "fined" and e.instrument == 0]
    assert found
    assert [half_up(2 * lots * price) for lots, _ in found] == [fen for _, fen in found]


def test_a_base_that_is_not_verified_when_the_plan_is_made_is_estimated() -> None:
    """The plan of 2026 comes in January, before the use of 2025 has ended: it rests on what is expected."""
    rolling = Grandfathering(base_years=(FIRST - 1,), update_lag=1)
    early = tuple(replace(p, announce=date(p.vintage - 1, 12, 3)) for p in periods())
    model = province(rule_books=(carbon_book(allocation=(rolling,), periods=early, upfront=None), sulphur_book()))
    run(model)
    estimated = [e for e in model.authority.events if e.code == "base_estimated"]
    assert [(e.note, e.lots > 0) for e in estimated] == [("use of 2025", True)]
    base = model.authority.entitlements["CEA"].use_lots[FIRST]
    verified = model.market.obligations.verified_lots("CEA", "2025")[model.accounts_of[: len(model.firms)]]
    np.testing.assert_array_equal(base, verified)


def test_use_that_earns_free_units_is_worth_less_saving() -> None:
    model = province(rule_books=(carbon_book(allocation=(EmissionMatchingBand(),)), sulphur_book()))
    plain = province(rule_books=(carbon_book(allocation=()), sulphur_book()))
    for one in (model, plain):
        run(one, 25)
    credit = model.production._credit_for_use()
    assert (credit[:, 0] > 0.5).all()
    assert not credit[:, 1].any()
    assert model.operations.share[:, 0].sum() < 0.5 * plain.operations.share[:, 0].sum()
    assert model.operations.share[:, 1].sum() > 0.9 * plain.operations.share[:, 1].sum()
