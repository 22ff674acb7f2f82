"""Objects with `decide` in a market of their own."""

from collections.abc import Callable

import pytest

from agents.model import RightsMarketModel
from agents.objects import MarketView, Participant, Wanted
from rights_market import Side
from tests.province import carbon_book, config, population, sulphur_book


class Script:
    """Does what a function says."""

    def __init__(self, act: Callable[[MarketView], list[Wanted]]) -> None:
        self.act = act
        self.seen: list[MarketView] = []

    def decide(self, market: MarketView) -> list[Wanted]:
        self.seen.append(market)
        return self.act(market)


def nothing(market: MarketView) -> list[Wanted]:
    return []


def market_of(*traders: Participant, **changes) -> RightsMarketModel:
    """Carbon without an opening call, and sulphur; nobody quotes but the objects."""
    books = (carbon_book(opening_call=False, auction=None, cap=None), sulphur_book())
    given = {"rule_books": books, "population": population(institutions=[])}
    model = RightsMarketModel(config(**given | changes), traders=traders, seed=9)
    model.open_day()
    model.seats.active[:] = False  # the firms stay away
    return model


def stock(model: RightsMarketModel, which: int, right: str, lots: int) -> int:
    """Give an object lots of the vintage at hand, and return its account."""
    account = int(model.accounts_of[len(model.firms) + which])
    model.market.registry.issue(model.market.instruments.of_right(right)[0].index, account, lots)
    return account


def test_two_objects_trade_with_each_other() -> None:
    """At 50.20, which is 5,020 ticks; sulphur comes in lots of ten kilos."""
    asks = iter([[("CEA", 50.199, 3.2), ("SO2", 6.01, 50.0)], []])
    seller = Script(lambda m: [m.sell(*ask) for ask in next(asks)])
    buyer = Script(lambda m: [m.buy("CEA", 50.40, 5.0), m.buy("SO2", 5.99, 20.0)] if m.best_ask("CEA") else [])
    model = market_of(Participant(seller, 0.0), Participant(buyer, 1000.0))
    first = stock(model, 0, "CEA", 10)
    stock(model, 0, "SO2", 9)
    model.trade_batch()
    model.trade_batch()
    trades = model.market.tape.trades
    assert (trades["price_ticks"].tolist(), trades["lots"].tolist()) == ([5020], [3])
    assert trades["seller"].tolist() == [first] and trades["buyer"].tolist() == [first + 1]
    value = 3 * 5020
    paid = value + value * 2 // 1000
    registry = model.market.registry
    assert registry.cash[first] == value - value * 2 // 1000
    assert registry.cash[first + 1] + registry.cash_frozen[first + 1] == 100_000 - paid
    resting = model.market.book.resting(model.market.instruments.of("SO2", 2025).index)
    assert sorted(zip(resting.side.tolist(), resting.price_ticks.tolist(), resting.lots.tolist(), strict=True)) == [
        (Side.BID, 599, 2),
        (Side.ASK, 601, 5),
    ]


def test_what_an_object_sees() -> None:
    watcher = Script(nothing)
    bidder = Script(lambda m: [m.buy("CEA", 48.0, 2.0)])
    model = market_of(Participant(watcher, 12.34), Participant(bidder, 1000.0, ["CEA"]))
    stock(model, 0, "SO2", 4)
    model.trade_batch()
    model.trade_batch()
    view = watcher.seen[0]
    assert (view.day, view.rights, view.cash_yuan) == (0, ["CEA", "SO2"], 12.34)
    assert (view.best_bid("CEA"), view.best_ask("CEA"), view.best_bid("SO2")) == (48.0, None, None)
    assert (view.last_price("CEA"), view.last_price("SO2")) == (50.0, 6.0)
    assert (view.holdings("SO2"), view.holdings("CEA")) == (40.0, 0.0)
    assert (view.days_left("CEA"), view.days_left("SO2")) == (28, 28)
    own = bidder.seen[0]
    assert own.rights == ["CEA"] and own.cash_yuan == pytest.approx(1000.0 - 96.0 - 0.2, abs=0.005)


def test_days_pass_and_deadlines_come() -> None:
    watcher = Script(nothing)
    model = market_of(Participant(watcher, 0.0))
    model.close_day()
    left = []
    for _ in range(59):
        model.open_day()
        model.trade_batch()
        view = watcher.seen[-1]
        left.append((view.day, view.days_left("CEA")))
        model.close_day()
    assert left[:2] == [(1, 27), (2, 26)] and left[26:30] == [(27, 1), (28, 0), (29, 29), (30, 28)]
    assert left[-2:] == [(58, 0), (59, 0)]


def test_a_new_order_replaces_the_former_one_on_its_side() -> None:
    prices = iter([48.0, 49.0, 47.0])
    bidder = Script(lambda m: [m.buy("CEA", next(prices), 2.0)])
    model = market_of(Participant(bidder, 200.0))
    account = int(model.accounts_of[-1])
    for cash_behind in (96.20, 98.20, 94.19):
        model.trade_batch()
        assert len(model.market.book.resting(0)) == 1
        assert model.market.registry.cash_frozen[account] == pytest.approx(cash_behind * 100, abs=1)


def test_an_object_cannot_spend_or_deliver_what_it_lacks() -> None:
    model = market_of(Participant(Script(lambda m: [m.buy("CEA", 50.0, 1e6), m.sell("SO2", 6.0, 1e6)]), 101.0))
    stock(model, 0, "SO2", 3)
    model.trade_batch()
    assert model.market.book.resting(0).lots.tolist() == [2]
    assert model.market.book.resting(model.market.instruments.of("SO2", 2025).index).lots.tolist() == [3]


def test_orders_for_less_than_half_a_lot_are_not_sent() -> None:
    model = market_of(Participant(Script(lambda m: [m.buy("SO2", 6.0, 4.0), m.buy("CEA", 50.0, 0.4)]), 1000.0))
    receipt = model.trade_batch()
    assert len(receipt.reason) == 0


def test_a_right_that_it_may_not_trade_is_a_mistake() -> None:
    model = market_of(Participant(Script(lambda m: [Wanted("SO2", 0, 6.0, 10.0)]), 1000.0, ["CEA"]))
    with pytest.raises(KeyError, match="SO2"):
        model.trade_batch()


def test_no_object_no_orders() -> None:
    model = market_of()
    assert len(model.object_traders) == 0 and len(model.object_traders.quotes().seat) == 0
