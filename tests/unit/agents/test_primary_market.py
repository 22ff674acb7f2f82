"""Auctions in a market of three firms that are alike and are given nothing, worked by hand."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from agents.behaviour import Behaviour
from agents.config import MarketConfig
from agents.model import RightsMarketModel
from agents.snapshot import load, save
from agents.spec import CostCurve, FirmRow, InstitutionSpec, Label, PopulationSpec, SectorSpec, ShockSpec, StrategyShare
from rights_market.authority.supply import Supply, supply_dates
from rights_market.exchange.calendar import Entry, Period
from rights_market.exchange.sealed_bid import SealedBids
from rights_market.exchange.uniform_calendar import UniformCalendar
from rights_market.policies.allocation import Grandfathering
from rights_market.policies.auction import AuctionSchedule, SealedUniform
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import Surrender
from rights_market.policies.where import Where
from rights_market.rulebook import RuleBook
from tests.province import CARBON, FIRST

DAYS = 10
RICH = (1e6, 1e6, 1e6)


def periods() -> tuple[Period, ...]:
    return tuple(
        Period(
            name=str(y),
            vintage=y,
            use_from=date(y, 1, 1),
            use_to=date(y, 12, 20),
            announce=date(y, 1, 1),
            preallocate=date(y, 1, 2),
            verify=date(y, 12, 21),
            true_up=date(y, 12, 22),
            deadline=date(y, 12, 31),
        )
        for y in (FIRST, FIRST + 1)
    )


def model_of(
    cash: tuple[float, ...] = RICH, auctions: AuctionSchedule | None = None, limit: float = 0.0, **changes
) -> RightsMarketModel:
    """A cap of 250, and two auctions a year, on the third and eighth of ten trading days; nobody can abate."""
    rule = SealedUniform(schedule=auctions or AuctionSchedule(per_year=2), **changes.pop("terms", {}))
    book = RuleBook(
        right=CARBON,
        periods=periods(),
        opening_price_ticks=5000,
        surrender=Surrender(),
        cap=AbsolutePath(table=dict.fromkeys(range(FIRST, FIRST + 5), 250)),
        auction=rule,
        **changes,
    )
    sector = SectorSpec(
        Label("x", "x"), 100.0, "t", {"CEA": 1.0}, intensity_sigma=0.0, cost_sigma=0.0,
        abatement={"CEA": CostCurve(a=1000.0, limit=limit)}, margin_share=0.0,
    )  # fmt: skip
    rows = tuple(FirmRow(name, "x", 100.0, cash_yuan=c) for name, c in zip("ABC", cash, strict=True))
    people = PopulationSpec({"x": sector}, [StrategyShare("late_buyer", 1.0)], rows=rows, shocks=ShockSpec(0, 0, 0))
    behaviour = Behaviour.frictionless(solver_years=2, lead_days=1.0)
    return RightsMarketModel(MarketConfig((book,), UniformCalendar(FIRST, 2, DAYS), people, behaviour), seed=1)


def supply_of(model: RightsMarketModel) -> Supply:
    return model.authority.supplies["CEA"]


def bids_of(model: RightsMarketModel) -> SealedBids:
    """Bids that firms would make in the first period's auction."""
    auction = model.config.rule_books[0].auction
    assert auction is not None
    return model.primary_market.bidders(model.progress[0], 0).sealed(auction)


def before_auction(model: RightsMarketModel, value_yuan: float = 60.0) -> RightsMarketModel:
    """Run up to the evening before the first auction, and let all firms think that a unit is worth that much."""
    model.step()
    model.step()
    model.expectations.public_prices.yuan[:] = value_yuan
    return model


def test_dates_belong_to_the_period_in_whose_use_they_fall() -> None:
    model = model_of()
    dated = supply_dates(model.config.rule_books[0], model.calendar)
    assert [d.entry for d in dated] == [Entry("auction", "CEA", str(y)) for y in (2025, 2025, 2026, 2026)]
    days = [model.calendar.days.index(d.when) for d in dated]
    assert days == [2, 7, 12, 17]
    christmas = SealedUniform(schedule=AuctionSchedule(dates=(date(2025, 12, 25),)))
    late = replace(model.config.rule_books[0], auction=christmas)
    assert supply_dates(late, model.calendar) == []  # after the use of 2025 and before that of 2026
    assert supply_dates(replace(model.config.rule_books[0], auction=None, cap=None), model.calendar) == []


def test_firms_bid_a_third_of_what_they_lack_around_its_value() -> None:
    """About 97 lots are lacking (354 days at 100 a year): 32 each at 5 % above, at, and 5 % below the value."""
    model = before_auction(model_of())
    assert model.forecasts.expected_use(model.progress[0], 0) == pytest.approx(97.0, abs=0.6)
    bids = bids_of(model)
    assert bids.price_ticks.tolist() == [6300, 6000, 5700] * 3
    assert bids.lots.tolist() == [32] * 9
    assert bids.account.tolist() == np.repeat(model.accounts_of, 3).tolist()


def test_bids_end_where_the_cash_does() -> None:
    """3,000 CNY: 32 lots at 63.00 for 2,016, and of the remaining 984 CNY 16 lots at 60.00, then 24.00 buy none."""
    model = before_auction(model_of(cash=(1e6, 1e6, 3000.0)))
    bids = bids_of(model)
    poor = bids.account == model.accounts_of[2]
    assert bids.lots[poor].tolist() == [32, 16] and bids.price_ticks[poor].tolist() == [6300, 6000]


def test_bids_are_for_whole_lots_of_the_auction() -> None:
    model = before_auction(model_of(terms={"lot_size": 10}))
    assert set(bids_of(model).lots.tolist()) == {30}


def test_an_auction_clears_pays_and_delivers() -> None:
    """Half of the cap of 250 is offered; 96 lots are bid 5 % above the value and 29 of the next 96 are served."""
    model = before_auction(model_of())
    model.open_day()
    (result,) = supply_of(model).auctions.results
    assert (result["day"], result["vintage"], result["code"], result["bidders"]) == (2, 2025, "auction_cleared", 3)
    assert (result["offered"], result["sold"], result["reserve_ticks"]) == (125, 125, 1)
    registry, firms = model.market.registry, model.accounts_of
    assert registry.free[0, firms].sum() == 125
    price = result["price_ticks"]
    assert price == 6000
    assert (model.cash_start_fen - registry.cash)[firms].tolist() == (registry.free[0, firms] * price).tolist()
    assert registry.cash[0] == 125 * price and registry.free[0, 0] == registry.frozen[0, 0] == 0
    assert not registry.locked.any()  # what was bought in an auction may be sold the same day
    assert supply_of(model).auctions.sold_lots(2025) == 125
    event = next(e for e in model.market.events if e.hook == "auction")
    assert (event.code, event.lots, event.price_ticks, event.instrument) == ("auction_cleared", 125, price, 0)


def test_what_was_won_is_no_longer_lacking() -> None:
    model = before_auction(model_of())
    model.open_day()
    bids = bids_of(model)
    lack = model.forecasts.expected_use(model.progress[0], 0) - model.market.registry.free[0, model.accounts_of]
    assert [bids.lots[bids.account == a].tolist() for a in model.accounts_of] == [[int(x / 3)] * 3 for x in lack]


def test_units_of_an_earlier_duty_that_is_still_open_are_not_spare() -> None:
    """Firms that hold 250 lots for the 300 used in 2025, which are due in autumn 2026, still need all of 2026."""
    given = (Grandfathering(base_years=(FIRST - 1,), total=250, where=Where(years=(FIRST,))),)
    plain = model_of(allocation=given)
    (book,) = plain.config.rule_books
    first, second = book.periods
    late = {"verify": date(2026, 9, 1), "true_up": date(2026, 9, 2), "deadline": date(2026, 9, 30)}
    slow = replace(plain.config, rule_books=(replace(book, periods=(replace(first, **late), second)),))
    model = RightsMarketModel(slow, seed=1)
    for _ in range(12):
        model.step()
    progress = model.progress[0]
    assert progress.front(model.day) == 0
    lack = model.primary_market.bidders(progress, 1).lack
    assert lack == pytest.approx(model.forecasts.expected_use(progress, 1))


def test_the_cap_is_what_is_given_and_sold() -> None:
    """A year's auctions offer the cap and no more; firms that need 291 take all of 250."""
    model = model_of()
    while model.running:
        model.step()
    by_year = {y: sum(r["sold"] for r in supply_of(model).auctions.results if r["vintage"] == y) for y in (2025, 2026)}
    assert by_year == {2025: 250, 2026: 250}
    assert model.market.registry.total("issued").tolist() == [250, 250]
    model.market.audit()


def test_lots_that_nobody_can_pay_roll_on() -> None:
    model = model_of(cash=(0.0, 0.0, 0.0))
    for _ in range(8):
        model.step()
    first, second = supply_of(model).auctions.results
    assert (first["sold"], first["offered"], first["bidders"]) == (0, 125, 0)
    assert second["offered"] == 250
    assert model.market.registry.total("issued").sum() == 0


def test_a_value_below_the_reserve_makes_no_bid_that_counts() -> None:
    model = before_auction(model_of(terms={"reserve": 6301}))
    model.open_day()
    assert supply_of(model).auctions.results[0]["sold"] == 0
    model = before_auction(model_of(terms={"reserve": 6300}))
    model.open_day()
    result = supply_of(model).auctions.results[0]
    assert (result["sold"], result["price_ticks"], result["code"]) == (96, 6300, "auction_undersubscribed")


def test_free_lots_over_the_cap_are_written_down() -> None:
    given = (Grandfathering(base_years=(FIRST - 1,), total=300),)
    model = before_auction(model_of(allocation=given))
    model.open_day()
    event = next(e for e in model.market.events if e.code == "rule_unmet")
    assert (event.rule, event.lots, event.note) == ("cap", 50, "free over cap")
    assert supply_of(model).auctions.results[0]["offered"] == 0


def test_a_state_keeps_plans_and_lots_that_roll(tmp_path) -> None:
    schedule = AuctionSchedule(per_year=4, rollover="next_n", n=2)
    model = model_of(cash=(0.0, 0.0, 0.0), auctions=schedule)
    for _ in range(5):
        model.step()
    save(model, tmp_path / "x")
    again = load(model.config, tmp_path / "x")
    state = supply_of(again).volumes.plan
    # Of 63 unsold 32 and 31 go to the next two; then of 63 + 32 again 48 and 47.
    assert state == supply_of(model).volumes.plan and state.done == 2 and state.rolled == {2: 79, 3: 47}
    for m in (model, again):
        while m.running:
            m.step()
    assert supply_of(again).auctions.results == supply_of(model).auctions.results


class TestInstitutions:
    """A speculator and a market maker beside the firms, in an auction that is open to all."""

    def market(self, **terms) -> RightsMarketModel:
        plain = model_of(terms=terms)
        institutions = [
            InstitutionSpec("fundamental", 1, 1e6, position_limit=50.0),
            InstitutionSpec("market_maker", 1, 1e6, position_limit=40.0),
        ]
        people = replace(plain.config.population, institutions=institutions)
        model = RightsMarketModel(replace(plain.config, population=people), seed=1)
        return before_auction(model)

    def test_they_bid_below_what_they_expect_to_resell_for(self) -> None:
        """The last price is 50.00: the speculator expects another, the maker fills half of its limit of 40 lots."""
        model = self.market(eligible="all")
        speculator, maker = model.accounts_of[-2:].tolist()
        (strategy,) = (s for s in model.floor.strategies if s.name == "fundamental")
        (own,) = strategy.seats.tolist()
        model.desk.fundamental[:] = 9000.0
        expected = float(strategy.expected_ticks(model.desk, np.array([own]))[0])
        bids = bids_of(model)
        mine, makers = bids.account == speculator, bids.account == maker
        assert bids.lots[mine].tolist() == [16, 16, 16] and bids.lots[makers].tolist() == [6, 6, 6]
        highest = int(bids.price_ticks[mine].max())
        assert highest == round(expected * 0.98) < expected
        assert int(bids.price_ticks[makers].max()) == 4950

    def test_where_only_firms_may_bid_they_stay_away(self) -> None:
        bids = bids_of(self.market())
        assert set(bids.account.tolist()) == set(range(2, 5))

    def test_what_they_have_won_counts_as_held_before_it_is_delivered(self) -> None:
        model = self.market(eligible="all", delivery_days=1)
        model.desk.fundamental[:] = 9000.0
        k, progress = 0, model.progress[0]
        period = progress.uses[k].period
        model.primary_market._plan_next(progress, supply_of(model))
        model.market.open_day(2, [0], model.calendar.days[2])
        model.day = 2
        supply_of(model).hold(period, model.primary_market.bidders(progress, k), np.arange)
        won = model.primary_market.awaited_lots(progress, k)
        speculator = int(model.accounts_of[-2])
        firms = model.accounts_of[:3]
        assert won[speculator] > 0 and won[firms].any()
        rows = np.arange(3)
        awaited = model.expectations.net_lots(progress, rows)
        supply_of(model).auctions.deliveries.waiting, kept = [], supply_of(model).auctions.deliveries.waiting
        assert (awaited - model.expectations.net_lots(progress, rows)).tolist() == won[firms].tolist()
        supply_of(model).auctions.deliveries.waiting = kept
        bidders = model.primary_market.bidders(progress, k)
        left = dict(zip(bidders.firms.tolist(), bidders.lack.tolist(), strict=True))
        assert left[speculator] == 50 - won[speculator]
        spent = won[speculator] * supply_of(model).auctions.results[0]["price_ticks"]
        budget = dict(zip(bidders.firms.tolist(), bidders.budget.tolist(), strict=True))
        assert budget[speculator] == 1e8 - spent


def test_a_unit_that_covers_nothing_any_more_is_worth_no_more_than_the_market_asks() -> None:
    """Reserves are sold up to the deadline, when the year that mean holdings must cover is over."""
    model = before_auction(model_of())
    worth = model.primary_market.worth_ticks(model.progress[0], 0, 0.0, left=0.0)
    assert worth.tolist() == [0.0, 0.0, 0.0]
