"""What the rules of duty mean for a firm's plan, worked by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from agents.behaviour import Behaviour
from agents.duties import conceded
from agents.model import RightsMarketModel
from agents.planning import Clock, Standing, wish_lots
from rights_market import RuleChange
from rights_market.policies.banking import BankCap, CappedBanking, NetSales, SalesWindow
from rights_market.policies.compliance import Borrowing, ShortfallCap
from tests.province import FIRST, carbon_book, province, run, sulphur_book

LAST = date(FIRST + 1, 12, 31)
LIMIT = NetSales(base=10, window=SalesWindow(first=date(FIRST, 1, 1), last=LAST))


def model_with(*changes: RuleChange, **rules: object) -> RightsMarketModel:
    return province(rule_books=(carbon_book(**rules), sulphur_book()), rule_changes=changes)


class TestToSell:
    @pytest.mark.parametrize(
        ("stock", "sold", "must"),
        [
            (500_000, 180_000, 88_000),  # (500,000 - 10,000 - 270,000) / 2.5; then 412,000 = 10,000 + 1.5 x 268,000
            (500_000, 0, 196_000),  # two fifths of the stock above the base
            (8_000, 0, 0),
            (20_000, 100_000, 0),
            (20_000, -50_000, 10_000),  # sells less than it bought: frees nothing
            (100_000, -10_000, 42_000),  # (90,000 + 15,000) / 2.5; 58,000 = 10,000 + 1.5 x 32,000
        ],
    )
    def test_what_is_sold_leaves_nothing_to_lapse(self, stock, sold, must):
        rule = NetSales()
        x = rule.to_sell(np.array([float(stock)]), np.array([sold]), "continuous")[0]
        assert x == must
        assert stock - x <= rule.most(np.array([sold + int(x)]))[0]
        if x >= 1:
            assert stock - x + 1 > rule.most(np.array([sold + int(x) - 1]))[0]

    def test_the_factor_of_one_and_a_half_forces_two_fifths_without_a_base(self):
        assert NetSales(base=0).to_sell(np.array([1000.0]), np.array([0]), "call")[0] == pytest.approx(400)

    def test_what_is_sold_in_a_mode_that_does_not_count_frees_nothing(self):
        rule = NetSales(base=100, count=("block",))
        assert rule.to_sell(np.array([1000.0]), np.array([200]), "continuous")[0] == 600  # 100 + 1.5 x 200 may stay
        assert rule.to_sell(np.array([1000.0]), np.array([200]), "block")[0] == pytest.approx(240)

    def test_a_cap_forces_what_is_above_it(self):
        rule = CappedBanking(cap=BankCap(basis="obligation", share=Decimal("0.5")))
        assert rule.to_sell(np.array([80.0, 20.0]), np.array([100, 100]), "continuous").tolist() == [30, 0]

    def test_a_buffer_does_not_keep_what_would_lapse(self):
        clock = Clock(days_left=100, years=1.0, announced=True, verified=True)
        one = np.ones(1)
        standing = Standing(held=900 * one, to_come=0 * one, owed=100 * one, yearly=100 * one, margin=0 * one)
        wish = wish_lots(Behaviour(), clock, standing, 700 * one, one > 1, one, 316 * one)
        assert wish.tolist() == [-316]
        assert wish_lots(Behaviour(), clock, standing, 700 * one, one > 1, one).tolist() == [-100]


def test_holders_give_way_on_their_own_value_the_later_the_more():
    must = np.array([True, True, True, False])
    days = np.array([500.0, 121.0, 0.0, 0.0])
    assert conceded(0.5, days, must).tolist() == [1.0, 0.75, 0.5, 1.0]


class TestCarryOver:
    CHANGE = RuleChange(right="CEA", announce=date(FIRST, 6, 1), start=LAST, slots={"banking": LIMIT})

    def forced(self, model):
        carbon = model.seats.right == 0
        return int(model.desk.must_sell[carbon].sum()), int(model.desk.must_sell[~carbon].sum())

    def test_firms_sell_before_the_last_deadline_and_not_before_the_one_before_it(self):
        book = carbon_book(upfront=None, penalties=())
        model = province(rule_books=(book, sulphur_book()), rule_changes=(self.CHANGE,))
        registry, firms = model.market.registry, model.accounts_of[: len(model.firms)]
        registry.issue(0, firms, 500_000)
        run(model, 20)
        assert model.progress[0].history.on(LAST).banking == LIMIT
        assert self.forced(model) == (0, 0)  # the first deadline is still to come: there is a second one
        run(model, 20)
        assert model.progress[0].front(model.day) == 1
        carbon, sulphur = self.forced(model)
        assert carbon == len(model.firms) and sulphur == 0
        assert (model.seats.wish_lots[model.desk.must_sell] < 0).all()

    def test_before_it_is_announced_nobody_knows(self):
        late = replace(self.CHANGE, announce=date(FIRST + 1, 11, 1))
        book = carbon_book(upfront=None, penalties=())
        model = province(rule_books=(book, sulphur_book()), rule_changes=(late,))
        model.market.registry.issue(0, model.accounts_of[: len(model.firms)], 500_000)
        run(model, 45)
        assert self.forced(model) == (0, 0)
        run(model, 12)
        assert self.forced(model)[0] == len(model.firms)


class TestRelief:
    def test_a_firm_expects_to_owe_no_more_than_the_cap_leaves(self):
        plain, capped = model_with(), model_with(shortfall_caps=(ShortfallCap(max_gap=Decimal("0.02")),))
        for model in (plain, capped):
            run(model, 5)
        progress, course = capped.progress[0], capped.forecasts
        used, given = course.expected_use(progress, 0), course.expected_lots(progress, 0)
        forgiven = capped.expectations.duties.forgiven(progress, 0, used, given)
        assert forgiven.max() > 0
        assert forgiven == pytest.approx(np.maximum(used - given - 0.02 * used, 0), abs=3.0)
        rows = np.flatnonzero(capped.expectations.is_firm & (capped.seats.right == 0))
        owed = capped.expectations.standing([(progress, 0)], rows).owed
        assert owed == pytest.approx((used - forgiven)[capped.seats.trader[rows]])
        total = capped.expectations.duties.forgiven_units(progress, 0)
        assert total == pytest.approx(forgiven[capped.firms.covered[:, 0]].sum())

    def test_less_is_owed_so_the_public_price_is_lower(self):
        prices = []
        for caps in ((), (ShortfallCap(max_gap=Decimal("0.01")),)):
            model = run(model_with(shortfall_caps=caps, auction=None, cap=None), 3)
            prices.append(model.expectations.public_prices.yuan[0])
        assert prices[1] < prices[0]


class TestBorrowing:
    def test_a_firm_plans_to_borrow_where_that_is_cheaper_than_to_buy(self):
        rule = Borrowing(basis="allocation_gap", min_gap=Decimal("0.01"))
        model = run(model_with(borrowing=rule), 5)
        rows = np.flatnonzero(model.expectations.is_firm & (model.seats.right == 0))
        at_hand = [(model.progress[0], 0)]
        standing = model.expectations.standing(at_hand, rows)
        planned = standing.owed - model.expectations.duties.plan_to_borrow(at_hand, rows, standing).owed
        course, firm = model.forecasts, model.seats.trader[rows]
        gap = (course.expected_use(model.progress[0], 0) - course.expected_lots(model.progress[0], 0))[firm]
        funds = model.expectations.valuation.funds_rate[rows]
        is_poor = funds > 0.5  # for whom a unit of next year costs half of its value
        assert (planned[is_poor & (gap > 100)] > 0).any()
        assert (planned <= np.maximum(0.5 * gap + 1, 0)).all()
        assert (planned <= np.maximum(-standing.net, 0)).all()
        dear = run(model_with(borrowing=replace(rule, premium=Decimal(1))), 5)
        standing = dear.expectations.standing([(dear.progress[0], 0)], rows)
        again = dear.expectations.duties.plan_to_borrow([(dear.progress[0], 0)], rows, standing)
        assert (standing.owed - again.owed).sum() < planned.sum()

    def test_the_last_period_has_no_next_one(self):
        rule = Borrowing(basis="allocation_gap", min_gap=Decimal("0.01"))
        model = run(model_with(borrowing=rule), 40)
        rows = np.flatnonzero(model.expectations.is_firm & (model.seats.right == 0))
        standing = model.expectations.standing([(model.progress[0], 1)], rows)
        assert model.expectations.duties.plan_to_borrow([(model.progress[0], 1)], rows, standing) is standing

    def test_loans_are_taken_up_in_a_run(self):
        rule = Borrowing(basis="allocation_gap", min_gap=Decimal("0.01"))
        model = run(model_with(borrowing=rule))
        borrowed = [e for e in model.market.events if e.code == "borrowed"]
        assert borrowed
        assert all(e.instrument == 1 for e in borrowed)
        assert any(e.code == "deducted" and e.rule == "borrowing" for e in model.market.events)
        model.market.audit()


def test_a_barred_firm_does_not_come_to_the_market_to_sell():
    model = run(province(), 3)
    model.authority.sanctions.barred_until[:] = date(FIRST + 5, 1, 1).toordinal()
    model.open_day()
    firms = model.expectations.is_firm
    assert not (model.seats.active & (model.seats.wish_lots < 0))[firms].any()
    assert (model.seats.active & (model.seats.wish_lots > 0))[firms].any()
