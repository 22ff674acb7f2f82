"""Ceilings, kept values and the day's wishes of four firms that are alike, worked by hand.

Each uses 100 t a year and is given 90.  A unit is worth 60 CNY to all of them, the last price is 50; a tick is a fen.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from agents.behaviour import Behaviour
from agents.config import MarketConfig
from agents.model import RightsMarketModel
from agents.planning import Clock, Standing
from agents.public_prices import reserve_yuan
from agents.spec import CostCurve, InstitutionSpec, Label, PopulationSpec, SectorSpec, ShockSpec, StrategyShare
from rights_market.exchange.uniform_calendar import UniformCalendar
from rights_market.kernels.tape_sums import LOTS
from rights_market.policies.allocation import Grandfathering, Where
from rights_market.policies.auction import AuctionSchedule, PricePath, SealedUniform
from rights_market.policies.banking import FreeBanking, NoBanking
from rights_market.policies.compliance import MakeGood, Penalty, Surrender
from rights_market.rulebook import RuleBook
from tests.province import CARBON, FIRST, carbon_book, periods, population, province, sectors

FIXED = Penalty(form="fixed", fen_per_lot=4_500)
LUMP = Penalty(form="lump", lump_low=20_000, lump_high=30_000)
MULTIPLE = Penalty(form="multiple", low=Decimal(5), high=Decimal(10), by="gap_share")


def market(*penalties: Penalty, make_good: MakeGood | None = None, limit: float = 0.0, **changes) -> RightsMarketModel:
    """Two years of 30 days; abatement costs 1,000 x, up to a limit."""
    behaviour = {"solver_years": 3, "reputation_yuan": 0.0, "belief_sd": 0.0, "news_sd": 0.0, "forward_weight": 1.0}
    rules = {"banking": FreeBanking(), "opening_call": False}
    book = RuleBook(
        right=CARBON,
        periods=periods(),
        opening_price_ticks=5000,
        surrender=Surrender(),
        allocation=(Grandfathering(base_years=(FIRST - 1,), total=360),),
        penalties=penalties,
        make_good=make_good,
        **rules | {k: changes.pop(k) for k in ("banking", "band") if k in changes},
    )
    given = {"firms": 2, "output_sigma": 0.0, "intensity_sigma": 0.0, "cost_sigma": 0.0, "cash_share": 1e3}
    given["abatement"] = {"CEA": CostCurve(a=1000.0, limit=limit)}
    sector = SectorSpec(Label("x", "x"), 100.0, "t", {"CEA": 1.0}, **given)
    people = PopulationSpec(
        {"x": sector, "y": sector},
        [StrategyShare("hedger", 1.0)],
        institutions=[InstitutionSpec("trend", 1, 100.0)],
        shocks=ShockSpec(0, 0, 0),
    )
    config = MarketConfig((book,), UniformCalendar(FIRST, 2, 30), people, Behaviour(**behaviour | changes))
    model = RightsMarketModel(config, seed=1)
    model.open_day()
    model.seats.value[:] = 6000.0
    model.desk.last_price[:] = 5000.0
    return model


def ceiling(model: RightsMarketModel, missing: float) -> np.ndarray:
    one = np.ones(4)
    standing = Standing(0 * one, 0 * one, missing * one, 100 * one, 0 * one)
    return model.expectations._ceiling([(model.progress[0], 0)], np.arange(4), standing)


def test_a_fine_that_clears_the_duty_is_the_most_a_unit_is_worth() -> None:
    assert ceiling(market(FIXED), 10.0) == pytest.approx(4500.0)


def test_fines_of_several_rules_add_up_for_those_concerned() -> None:
    """45 for all and 10 more for the second sector."""
    more = Penalty(form="fixed", fen_per_lot=1_000, where=Where(sectors=("y",)))
    assert ceiling(market(FIXED, more), 10.0) == pytest.approx([4500, 4500, 5500, 5500])


@pytest.mark.parametrize(("missing", "per_unit"), [(10.0, 2500.0), (1000.0, 25.0), (0.5, 25_000.0)])
def test_a_lump_sum_weighs_on_few_units_and_not_on_many(missing: float, per_unit: float) -> None:
    """The mean of 200 and 300 CNY, over the units missing (at least one)."""
    assert ceiling(market(LUMP), missing) == pytest.approx(per_unit)


def test_a_multiple_follows_the_market_price() -> None:
    model = market(MULTIPLE)
    assert ceiling(model, 10.0) == pytest.approx(25_000.0)
    model.desk.last_price[:] = 6000.0
    assert ceiling(model, 10.0) == pytest.approx(30_000.0)


def test_making_good_costs_a_unit_of_next_year_at_own_cost_of_funds() -> None:
    """45 fine, and 60 x 1.08 next year, discounted at 8 % by most and at 70 % by the one that is short of funds."""
    model = market(FIXED, make_good=MakeGood())
    model.expectations.valuation.funds_rate[:4] = [0.08, 0.08, 0.08, 0.7]
    later = 6000.0 * 1.08 * np.exp([-0.08, -0.08, -0.08, -0.7])
    assert ceiling(model, 10.0) == pytest.approx(4500.0 + later)
    twice = market(FIXED, make_good=MakeGood(factor=Decimal(2)))
    twice.expectations.valuation.funds_rate[:4] = 0.08
    assert ceiling(twice, 10.0) == pytest.approx(4500.0 + 2 * later[0])


def test_a_name_that_is_worth_something_adds_to_the_ceiling() -> None:
    model = market(FIXED)
    model.expectations.valuation.reputation_yuan[:4] = [0.0, 1.0, 20.0, 5.0]
    assert ceiling(model, 10.0) == pytest.approx([4500, 4600, 6500, 5000])


def test_own_abatement_is_a_way_out_as_far_as_it_reaches() -> None:
    """The year's use ends in 323 days: 2 units of 88.5 are a share of 2.26 %, at 1,000 x = 22.60 CNY."""
    model = market(FIXED, limit=0.3)
    model.operations.share[:] = 0.0
    assert model.calendar.days[0] == date(2025, 1, 12)
    rest = 100.0 * 323 / 365
    assert ceiling(model, 2.0) == pytest.approx(1000.0 * 2.0 / rest * 100)
    assert ceiling(model, 10.0) == pytest.approx(4500.0)  # 113 CNY: the fine is cheaper
    assert ceiling(market(FIXED, limit=0.02), 2.0) == pytest.approx(4500.0)  # out of reach
    model.operations.share[:] = 0.01
    assert ceiling(model, 2.0) == pytest.approx(1000.0 * (0.01 + 2.0 / rest) * 100)
    model.progress[0].verified[0] = True
    assert ceiling(model, 2.0) == pytest.approx(4500.0)  # what was used cannot be undone


# -- what a kept unit is worth


@pytest.mark.parametrize(
    ("banking", "days_left", "kept"),
    [
        (FreeBanking(), 100, 5700.0),
        (FreeBanking(), 0, 5700.0),
        (NoBanking(), 11, 5700.0),
        (NoBanking(), 10, 5700.0),
        (NoBanking(), 4, 2280.0),
        (NoBanking(), 0, 0.0),
    ],
)
def test_what_cannot_be_kept_loses_its_value_over_the_last_ten_days(banking, days_left: int, kept: float) -> None:
    model = market(FIXED, banking=banking)
    clock = Clock(days_left, 1.0, True, True)
    assert model.expectations._kept_value(clock, np.arange(4)) == pytest.approx(kept)


# -- the public price


def test_between_news_the_price_of_a_bankable_right_grows_at_the_rate_of_interest() -> None:
    model = market(FIXED, make_good=MakeGood(), limit=0.5)
    x, days = model.expectations, model.calendar.days
    seen = []
    for _ in range(11):
        seen.append(x.public_prices.yuan[0])
        model.close_day()
        model.open_day()
    quiet = [d for d in range(5, 11) if days[d].month == days[d - 1].month]
    assert quiet == [5, 6, 8, 10]
    for d in quiet:
        assert seen[d] / seen[d - 1] == pytest.approx(1.08 ** ((days[d] - days[d - 1]).days / 365))


def test_what_cannot_be_kept_earns_no_interest() -> None:
    model = market(FIXED, limit=0.5, banking=NoBanking())
    before = model.expectations.public_prices.yuan[0]
    model.close_day()
    model.open_day()
    assert model.expectations.public_prices.yuan[0] == before > 0


def test_the_public_ceiling_is_the_dearest_fixed_fine_of_any_firm() -> None:
    """A firm that faces 55 still buys where one that faces 45 does not; a multiple has no upper end of its own."""
    more = Penalty(form="fixed", fen_per_lot=1_000, where=Where(sectors=("y",)))
    highest = CARBON.max_price_ticks * 0.01

    def public(model: RightsMarketModel) -> float:
        return model.expectations.public_prices.ceiling(model.progress[0], 0)

    assert public(market(FIXED)) == 45.0
    assert public(market(FIXED, more)) == 55.0
    assert public(market(FIXED, replace(MULTIPLE, where=Where(sectors=("y",))))) == highest
    assert public(market(MULTIPLE)) == public(market()) == highest
    assert public(market(FIXED, make_good=MakeGood())) == highest


def test_the_price_never_lies_above_a_fine_that_clears_the_duty() -> None:
    """Without abatement a tenth is missing for good: nobody pays more than 45, and the market is worth that."""
    assert market(FIXED).expectations.public_prices.yuan[0] <= 45.0 * (1 + 1e-9)
    assert market(FIXED).expectations.public_prices.yuan[0] == pytest.approx(45.0, rel=0.1)


def test_the_reserve_of_auctions_by_year() -> None:
    path = PricePath(r0=2000, start_year=FIRST, growth=Decimal("0.05"))
    schedule = AuctionSchedule(per_year=1, reserve_path=path)
    assert reserve_yuan(carbon_book(auction=SealedUniform(schedule=schedule)), FIRST + 1) == 21.0
    plain = SealedUniform(reserve=700, schedule=AuctionSchedule(per_year=1))
    assert reserve_yuan(carbon_book(auction=plain), FIRST + 1) == 7.0
    assert reserve_yuan(carbon_book(auction=None), FIRST) == 0.0


def test_a_new_vintage_that_owes_nothing_to_the_last_starts_at_the_solvers_price() -> None:
    model = market(FIXED, limit=0.5, banking=NoBanking())
    while model.progress[0].front(model.day) == 0:
        model.close_day()
        model.open_day()
    ticks = round(model.expectations.public_prices.yuan[0] * 100)
    assert model.market.last_price[1] == ticks != model.market.last_price[0]
    assert model.expectations.valuation.slow_price[0] == ticks


# -- the day


def test_the_wishes_of_a_day() -> None:
    """On the first day about 90 of 100 lots are expected; of those missing 2 may be an error (2 x 1 % of 100)."""
    model = market(FIXED)
    model.expectations.form()
    expected = model.forecasts.expected_use(model.progress[0], 0)
    given = model.forecasts.expected_lots(model.progress[0], 0)
    assert given == pytest.approx(90.0, abs=2.5) and given.sum() == 360
    short = expected - given - 2.0 * 0.01 * model.rates.use[:, 0]
    assert model.seats.wish_lots[:4] == pytest.approx(short) and (short > 5).all()
    assert model.seats.quota[:4].tolist() == np.ceil(short * 2.0 / 29.0).astype(int).tolist()
    assert model.seats.active[:4].all()
    assert model.seats.wish_lots[4] == 0 and not model.seats.active[4]  # the institution owes nothing


def test_after_the_last_deadline_nobody_wants_anything() -> None:
    model = market(FIXED)
    while model.running:
        model.close_day()
        if model.running:
            model.open_day()
    assert model.progress[0].front(model.day) is None
    assert not model.seats.active.any() and not model.seats.quota.any()


def test_the_imbalance_is_unfilled_buying_less_selling_over_all() -> None:
    """40 wanted and 10 offered in vain, 50 traded: 30 of 100; who does not look does not count."""
    model = market(FIXED)
    model.seats.wish_lots[:4], model.seats.quota[:4] = [30, 10, -10, 99], [30, 10, 10, 99]
    model.seats.active[:4] = [True, True, True, False]
    model.market.tape._today[LOTS, 0] = 50
    model.expectations.note_imbalance()
    assert model.expectations.imbalance == pytest.approx([0.3])


def test_firms_weigh_their_measures_at_what_they_expect_to_pay() -> None:
    """Belief 60, last price 80, ceiling 70: a buyer expects 0.2 x 60 + 0.8 x 80 = 76, but would never pay above 70."""
    model = market(FIXED)
    model.expectations.public_prices.yuan[:] = 60.0
    model.seats.wish_lots[:4] = [10, -10, 10, 10]
    model.seats.ceiling[:4] = [7000, 7000, 9000, 4000]
    model.desk.last_price[:] = 8000.0
    assert model.expectations.values_yuan()[:, 0] == pytest.approx([60.0] * 4)
    assert model.expectations.shadow_prices_yuan()[:, 0] == pytest.approx([70, 60, 76, 60])


def test_values_are_nothing_where_no_right_is_needed() -> None:
    only = {"power": replace(sectors()["power"], covered=["CEA"])}
    model = province(population=population(sectors=only))
    model.open_day()
    assert (model.values_yuan()[:, 0] > 0).all() and (model.values_yuan()[:, 1] == 0).all()


def test_a_state_brings_everything_back() -> None:
    model = market(FIXED, imbalance_speed=0.1)
    model.expectations.imbalance[:] = 0.25
    model.expectations.hear(0)
    again = market(FIXED, imbalance_speed=0.1)
    again.close_day()
    again.expectations.restore(model.expectations.state())
    assert again.expectations.imbalance.tolist() == [0.25]
    assert again.expectations.public_prices.yuan.tolist() == model.expectations.public_prices.yuan.tolist()
    assert again.expectations.state().keys() == model.expectations.state().keys()
