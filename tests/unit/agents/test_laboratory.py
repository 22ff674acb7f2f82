import gc
import weakref
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.laboratory import LaboratoryModel, Subject
from agents.objects import MarketView, Wanted
from agents.schedules import smith_1962
from agents.spec import InducedSpec
from rights_market import ExchangeError, Side
from rights_market.records import Reason

TWO = InducedSpec(values=[3.0, 2.0], costs=[1.0, 2.5], price_low=0.0, price_high=4.0, days=3)


def spec(**changes: Any) -> InducedSpec:
    return replace(smith_1962(), **changes)


def run(model: LaboratoryModel) -> LaboratoryModel:
    while model.running:
        model.step()
    return model


@pytest.mark.parametrize("strategy", ["zi_u", "zi_c", "zip"])
@pytest.mark.parametrize("batch", [1, 5, 22])
@pytest.mark.parametrize("units", [1, 3])
def test_every_day_starts_alike_and_nothing_is_lost(strategy: str, batch: int, units: int) -> None:
    model = LaboratoryModel(spec(strategy=strategy, batch=batch, units=units, days=2), seed=3)
    registry, buys = model.market.registry, model.buys
    for day in range(2):
        model.open_day()
        assert registry.free[0, model.accounts_of].tolist() == np.where(buys, 0, units).tolist()
        assert registry.cash[model.accounts_of].tolist() == np.where(buys, 400 * units, 0).tolist()
        for _ in range(60):
            model.trade_batch()
            assert (np.abs(model.seats.wish_lots) <= units).all()
        sold = int(model.recorder.lots[day, 0])
        model.close_day()
        model.market.audit()
        assert not registry.free.any()
        assert not registry.frozen.any()
        assert not registry.cash.any()
        assert not registry.cash_frozen.any()
        ended = registry.total("surrendered")[0], registry.total("expired")[0]
        assert ended == (int(model.recorder.lots.sum()), (day + 1) * 11 * units - int(model.recorder.lots.sum()))
        assert sold <= 11 * units
    assert model.recorder.lots.sum() > 0


@pytest.mark.parametrize("batch", [4, 22])
def test_nobody_trades_more_units_than_it_has_within_a_batch(batch: int) -> None:
    """A round in which a resting quote trades before its owner's next one arrives."""
    model = LaboratoryModel(spec(strategy="zi_u", batch=batch, days=1, sessions=20), seed=5)
    refused = 0
    model.open_day()
    for _ in range(20):
        refused += int((model.trade_batch().reason == Reason.UNKNOWN_ORDER).sum())
    held = model.market.registry.free[model.seats.right, model.accounts_of]
    bought = held[model.buys]
    assert bought.max() == 1
    assert refused > 0


def test_day_figures_of_a_market_with_one_outcome() -> None:
    """One buyer at 3 and one seller at 1 can trade; the price alone is open."""
    model = LaboratoryModel(replace(TWO, strategy="zi_c", turns_per_trader=200), seed=1)
    model.step()
    recorder = model.recorder
    trades = model.market.tape.trades
    assert recorder.lots[0, 0] == len(trades["lots"]) == 1
    price = int(trades["price_ticks"][0])
    assert recorder.equilibrium.price == 225.0
    assert recorder.mean_price[0, 0] == price
    assert recorder.alpha[0, 0] == pytest.approx(100 * abs(price - 225) / 225)
    assert recorder.efficiency[0, 0] == 100.0
    assert np.isnan(recorder.mean_price[1, 0])


def test_alpha_and_efficiency_of_two_trades() -> None:
    """Prices 2 and 5 around 4: alpha = 100 / 4 * sqrt((4 + 1) / 2)."""
    from agents.laboratory_recorder import LaboratoryRecorder
    from agents.schedules import Equilibrium

    recorder = LaboratoryRecorder(1, 2, Equilibrium(2, 3, 5, 10))
    recorder.count_trades(0, np.array([1, 1]), np.array([2, 5]), np.array([1, 1]), np.array([6, -3]))
    assert recorder.alpha[0, 1] == pytest.approx(25 * np.sqrt(2.5))
    assert recorder.efficiency[0].tolist() == [0.0, 30.0]
    assert recorder.mean_price[0, 1] == 3.5
    assert np.isnan(recorder.alpha[0, 0])


def test_redemption_is_journalled() -> None:
    model = LaboratoryModel(replace(TWO, strategy="zi_c", turns_per_trader=200), seed=1)
    model.step()
    registry = model.market.registry
    price = int(model.market.tape.trades["price_ticks"][0])
    assert registry.entered == 2 * 400 + 300
    assert registry.left == registry.entered
    assert price in range(100, 301)


def test_improvement_rule_admits_only_better_quotes() -> None:
    model = LaboratoryModel(spec(strategy="zi_c", improvement_rule=True), seed=2)
    model.open_day()
    for _ in range(200):
        bid, ask = int(model.desk.best_bid[0]), int(model.desk.best_ask[0])
        traded = len(model.trade_batch().trades)
        if not traded:
            assert int(model.desk.best_bid[0]) >= bid
            assert ask == 0 or 0 < int(model.desk.best_ask[0]) <= ask


def test_a_trade_clears_the_book_where_the_rule_says_so() -> None:
    model = LaboratoryModel(spec(strategy="zi_c", clear_after_trade=True, sessions=2), seed=2)
    model.open_day()
    trades = 0
    for _ in range(120):
        receipt = model.trade_batch()
        for session in set(receipt.trades.instrument.tolist()):
            trades += 1
            assert model.desk.best_bid[session] == model.desk.best_ask[session] == 0
            assert not len(model.market.book.resting(session).order_id)
    assert trades > 0
    model.close_day()
    model.market.audit()


def test_sessions_are_independent_groups() -> None:
    model = run(LaboratoryModel(spec(sessions=30, days=1), seed=4))
    trades = model.market.tape.trades
    n = len(model.schedule)
    for side in ("buyer", "seller"):
        assert ((trades[side] - model.accounts_of[0]) // n == trades["instrument"]).all()
    prices = model.recorder.mean_price[0]
    assert len(np.unique(prices)) > 20


def test_what_zip_learned_is_kept_overnight() -> None:
    model = LaboratoryModel(seed=1)
    model.step()
    before = model.strategy.state()["margin"]
    model.open_day()
    assert (model.strategy.state()["margin"] == before).all()
    assert model.strategy.state()["drift"].any()


def test_same_seed_same_market() -> None:
    one, other, third = (run(LaboratoryModel(spec(days=2), seed=s)) for s in (9, 9, 10))
    for name, column in one.market.tape.trades.items():
        assert (column == other.market.tape.trades[name]).all()
    assert one.market.tape.trades["price_ticks"].tolist() != third.market.tape.trades["price_ticks"].tolist()
    assert one.recorder.state()["square_sum"].tolist() == other.recorder.state()["square_sum"].tolist()


@pytest.mark.parametrize("strategy", ["zi_u", "zi_c", "zip"])
@pytest.mark.parametrize("at_work", [False, True], ids=["overnight", "within a day"])
def test_restored_model_goes_on_to_the_bit(strategy: str, at_work: bool) -> None:
    first = LaboratoryModel(spec(strategy=strategy, days=4, batch=3, sessions=2), seed=6)
    first.step()
    if at_work:
        first.open_day()
        for _ in range(10):
            first.trade_batch()
    saved = first.state()
    second = LaboratoryModel(spec(strategy=strategy, days=4, batch=3, sessions=2), seed=999)
    second.restore(saved)
    for model in (first, second):
        if at_work:
            for _ in range(30):
                model.trade_batch()
            model.close_day()
        run(model)
        model.market.audit()
    for name, column in first.market.tape.trades.items():
        assert (column == second.market.tape.trades[name]).all()
    for name, column in first.market.registry.journal.table().items():
        assert (column == second.market.registry.journal.table()[name]).all()
    collected = first.datacollector.get_model_vars_dataframe()
    assert collected.equals(second.datacollector.get_model_vars_dataframe())


def test_days_run_out() -> None:
    model = run(LaboratoryModel(replace(TWO, days=1), seed=1))
    assert not model.running
    with pytest.raises(ValueError, match="has 1 days"):
        model.open_day()
    with pytest.raises(ExchangeError, match="no day is open"):
        model.trade_batch()


def test_mesa_views_show_the_arrays() -> None:
    model = LaboratoryModel(replace(TWO, strategy="zi_c", sessions=2), seed=1)
    model.open_day()
    agents = list(model.agents)
    assert len(agents) == len(model.agents_by_type[Subject]) == 8
    assert [a.name for a in agents[:3]] == ["buyer 0 of session 0", "buyer 1 of session 0", "seller 2 of session 0"]
    assert [a.value_yuan for a in agents[:4]] == [3.0, 2.0, 1.0, 2.5]
    assert [a.units_left for a in agents[:4]] == [1, 1, 1, 1]
    assert [a.cash_yuan for a in agents[:4]] == [4.0, 4.0, 0.0, 0.0]
    assert agents[6].holdings("LAB2") == 1.0
    assert agents[0].strategy == "zi_c"


def test_collected_each_day() -> None:
    model = run(LaboratoryModel(spec(strategy="zi_c", days=2), seed=1))
    table = model.datacollector.get_model_vars_dataframe()
    assert table["day"].tolist() == [0, 1]
    assert table["mean_price_yuan"].tolist() == pytest.approx((model.recorder.mean_price[:, 0] / 100).tolist())
    assert table["efficiency_today"].tolist() == pytest.approx(model.recorder.efficiency[:, 0].tolist())


def test_a_dropped_model_is_freed() -> None:
    model = run(LaboratoryModel(replace(TWO, days=1), seed=1))
    assert len(model.agents) == 4
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_seed_and_rng_are_one_choice() -> None:
    with pytest.raises(ValueError, match="either seed or rng"):
        LaboratoryModel(seed=1, rng=1)


class Takes:
    """Buys at its limit whatever is offered."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.asked = 0

    def decide(self, market: MarketView) -> Iterable[Wanted]:
        self.asked += 1
        (right,) = market.rights
        ask = market.best_ask(right)
        return [market.buy(right, self.limit, 1)] if ask is not None and ask <= self.limit else []


def test_an_object_plays_a_subject() -> None:
    object_trader = Takes(3.25)
    model = LaboratoryModel(spec(strategy="zi_c", days=1), subjects={0: object_trader}, seed=1)
    assert model.strategy_of[:2] == ["object", "zi_c"]
    model.step()
    model.market.audit()
    trades = model.market.tape.trades
    own = trades["buyer"] == model.accounts_of[0]
    assert own.sum() == 1
    assert (trades["taker_side"][own] == Side.BID).all()
    assert 0 < object_trader.asked < 20 * 22


def test_objects_alone_make_a_market() -> None:
    class Fixed:
        def __init__(self, side: Side) -> None:
            self.side = side

        def decide(self, market: MarketView) -> Iterable[Wanted]:
            (right,) = market.rights
            return [market.buy(right, 2.0, 1) if self.side == Side.BID else market.sell(right, 2.0, 1)]

    subjects = {row: Fixed(Side.BID if row < 2 else Side.ASK) for row in range(4)}
    model = LaboratoryModel(replace(TWO, days=1), subjects=subjects, seed=1)
    model.step()
    assert model.recorder.lots[0, 0] == 2
    assert model.recorder.mean_price[0, 0] == 200.0


def test_subjects_must_exist() -> None:
    with pytest.raises(ValueError, match=r"rows \[4\]; there are rows 0 to 3"):
        LaboratoryModel(TWO, subjects={4: Takes(1.0)})
