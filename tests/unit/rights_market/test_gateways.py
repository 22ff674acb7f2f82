"""Gateways and conversions on real books: what crosses is issued and cancelled, and nothing is made or lost."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from rights_market.authority import Authority, Covered
from rights_market.market import Market
from rights_market.policies.credits import ProjectCredits
from rights_market.policies.links import ExchangePair, MarketLink, PriceSeries, RightExchangeRate, Way
from rights_market.policies.stability.price_collar import PriceCollar
from rights_market.policies.stability.temporary_price_floor import TemporaryPriceFloor
from rights_market.policies.trading import (
    Admission,
    CircuitBreaker,
    Fees,
    HoldingLimit,
    ListedAgreement,
    PriceBand,
    SettlementCycle,
)
from rights_market.records import OrderKind, Orders
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.rights import Right
from rights_market.units import Side
from tests.compliance_market import (
    assert_journal_replays,
    assert_orders_are_covered,
    codes,
    fingerprint,
    lots,
    period,
    rule_book,
    swap,
)

TODAY = date(2024, 5, 6)
PRICES = PriceSeries(prices={date(2024, 1, 1): Decimal(68), date(2024, 6, 1): Decimal(80)})


def linked(rules: dict | None = None, **changes: object) -> tuple[Market, Authority, np.ndarray]:
    given: dict = {"right": "CEA", "price": PRICES, "fee": Decimal("0.01"), "quota_in": 50, "quota_out": 50}
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["seller", "buyer"])
    market = Market([rule_book(**rules or {})], accounts)
    authority = Authority(market, Covered(firms, ("power",) * 2), links=[MarketLink(**given | changes)])
    market.registry.deposit(firms, 10**7)
    market.registry.issue(0, firms, 200)
    market.open_day(0, [0], date(2024, 5, 3))
    return market, authority, firms


def buy(market: Market, account: int, n: int) -> list[tuple[int, int]]:
    receipt = market.submit(Orders.of(account, 0, Side.BID, 0, n, kind=OrderKind.MARKET))
    return list(zip(receipt.trades.price_ticks.tolist(), receipt.trades.lots.tolist(), strict=True))


def ask(market: Market, account: int, n: int, price: int) -> None:
    market.submit(Orders.of(account, 0, Side.ASK, price, n))


def test_a_market_order_takes_private_units_first_and_then_those_from_outside() -> None:
    market, authority, (seller, buyer) = linked()
    ask(market, seller, 30, 6800)
    authority.gateways.requote("CEA", 0, TODAY)
    assert (market.best_bid[0], market.best_ask[0]) == (6732, 6800)
    # 30 at 68.00 and 40 at 68.68 = 68 x 1.01; 10 are left of the quota.
    assert buy(market, buyer, 70) == [(6800, 30), (6868, 40)]
    assert_orders_are_covered(market)
    authority.gateways.requote("CEA", 0, TODAY)
    assert authority.gateways.bounds("CEA", TODAY)[2:] == (10, 50)
    authority.gateways.close_day(TODAY)
    assert codes(market, "link_trade") == [("link_trade", -1, 0, 40, 40 * 6868)]
    # 400 were given, 40 came in; of the gateway nothing is left on the books.
    assert market.registry.outstanding[0] == 440
    assert market.registry.free[0, 4:].tolist() == market.registry.cash[4:].tolist() == [0, 0]
    market.close_day()
    market.audit()
    assert_journal_replays(market)


def test_private_orders_of_the_same_price_come_first() -> None:
    market, authority, (seller, buyer) = linked()
    authority.gateways.requote("CEA", 0, TODAY)
    ask(market, seller, 5, 6868)
    authority.gateways.requote("CEA", 0, TODAY)
    buy(market, buyer, 7)
    assert market.registry.free[0, seller] == 195
    authority.gateways.close_day(TODAY)
    assert [e[3] for e in codes(market, "link_trade")] == [2]


def test_quotes_that_stand_are_left_alone_until_somebody_comes_to_their_price() -> None:
    market, authority, (seller, buyer) = linked()
    assert authority.gateways.requote("CEA", 0, TODAY) is not None
    assert authority.gateways.requote("CEA", 0, TODAY) is None
    ask(market, seller, 5, 6900)
    assert authority.gateways.requote("CEA", 0, TODAY) is None
    ask(market, seller, 5, 6868)
    assert authority.gateways.requote("CEA", 0, TODAY) is not None  # to stand behind it
    assert authority.gateways.requote("CEA", 0, TODAY) is not None  # and it cannot know that it does
    buy(market, buyer, 5)
    assert market.registry.free[0, seller] == 190
    assert authority.gateways.requote("CEA", 0, TODAY) is None


def test_units_go_out_until_the_quota_is_used_up_and_prices_part() -> None:
    market, authority, (seller, buyer) = linked(direction="sell", quota_in=0)
    authority.gateways.requote("CEA", 0, TODAY)
    market.submit(Orders.of(seller, 0, Side.ASK, 6000, 80))
    authority.gateways.requote("CEA", 0, TODAY)
    assert (market.best_bid[0], market.best_ask[0]) == (0, 6000)
    assert [e.note for e in market.events if e.code == "quota_exhausted"] == ["out"]
    authority.gateways.close_day(TODAY)
    assert market.registry.outstanding[0] == 350
    assert market.registry.cash[seller] == 10**7 + 50 * 6732
    # A new year brings a new quota.
    assert authority.gateways.bounds("CEA", date(2025, 1, 2))[2:] == (0, 50)
    market.close_day()
    market.audit()


def test_resting_orders_beyond_the_outside_price_are_met() -> None:
    market, authority, (seller, buyer) = linked()
    market.submit(Orders.of(buyer, 0, Side.BID, 7000, 20))
    receipt = authority.gateways.requote("CEA", 0, TODAY)
    assert receipt is not None and receipt.trades.lots.tolist() == [20]
    assert receipt.trades.price_ticks.tolist() == [7000]
    assert market.registry.free[0, buyer] == 220
    assert market.tape.today["lots"][0] == 20


def test_fees_and_a_resale_ban_do_not_stop_the_gateway() -> None:
    rules = {
        "fees": Fees(buyer=Decimal("0.003"), seller=Decimal("0.003")),
        "settlement": SettlementCycle(units_lag_days=1),
    }
    market, authority, (seller, buyer) = linked(rules, depth=7, steps=9)
    for _ in range(3):
        authority.gateways.requote("CEA", 0, TODAY)
        buy(market, buyer, 9)
        market.submit(Orders.of(seller, 0, Side.ASK, 6000, 9))
    authority.gateways.close_day(TODAY)
    assert market.registry.outstanding[0] == 400
    assert market.registry.cash[4:].tolist() == [0, 0]
    market.close_day()
    market.audit()
    assert_journal_replays(market)


def test_rules_about_who_may_trade_and_how_much_do_not_stop_the_gateway() -> None:
    """Firms only, 20 lots an order at most, and nobody may hold more than it was given."""
    rules = {
        "admission": Admission(),
        "listed": ListedAgreement(max_qty=20),
        "holding_limit": HoldingLimit(limit="own_allocation", lots=0),
    }
    market, authority, (seller, _) = linked(rules)
    ask(market, seller, 15, 6600)
    authority.gateways.requote("CEA", 0, TODAY)
    ask(market, seller, 10, 6700)
    authority.gateways.requote("CEA", 0, TODAY)
    # 15 of the 20 that it first bid for and 5 of the rest; the other 5 meet the next bid for 20.
    authority.gateways.close_day(TODAY)
    assert authority.gateways.bounds("CEA", TODAY)[2:] == (50, 25)
    assert market.registry.free[0, seller] == 175


def test_quotes_keep_to_the_price_limits() -> None:
    market, authority, _ = linked({"opening_price_ticks": 6000, "band": PriceBand(width=Decimal("0.1"))})
    authority.gateways.requote("CEA", 0, TODAY)
    # The band of the first day is wider; an ask above it would lose money and is withdrawn, a bid is lowered to it.
    high = int(market.price_high[0])
    assert market.best_bid[0] == min(6732, high)
    assert market.best_ask[0] == (6868 if high >= 6868 else 0)


@pytest.mark.parametrize("mode", ["soft", "hard"])
@pytest.mark.parametrize(
    ("floor", "ceiling", "bid", "ask"),
    [
        (5000, 9000, 6732, 6868),
        (7000, 9000, 0, 7000),  # the ask is lifted to the floor; a bid there would lose money
        (5000, 6500, 6500, 0),  # the bid is lowered to the ceiling; an ask there would lose money
    ],
)
def test_quotes_keep_inside_a_collar(mode: str, floor: int, ceiling: int, bid: int, ask: int) -> None:
    collar = PriceCollar(floor=floor, ceiling=ceiling, mode=mode, reserve=0 if mode == "soft" else None, buy_cash=0)
    market, authority, _ = linked({"collar": collar})
    receipt = authority.gateways.requote("CEA", 0, TODAY)
    assert receipt is not None and not receipt.reason.any()
    assert (market.book.best_bid[0], market.book.best_ask[0]) == (bid, ask)


def test_where_the_band_lies_outside_a_soft_collar_nothing_is_quoted() -> None:
    collar = PriceCollar(floor=7000, ceiling=9000, reserve=0, buy_cash=0)
    market, authority, _ = linked({"collar": collar, "opening_price_ticks": 5000, "band": PriceBand()})
    assert market.price_high[0] < 7000
    assert authority.gateways.requote("CEA", 0, TODAY) is None


def test_a_price_floor_lifts_what_comes_from_outside() -> None:
    floor = TemporaryPriceFloor(dates=(date(2024, 5, 3),), window=1)
    market, authority, _ = linked({"price_floor": floor, "opening_price_ticks": 8000})
    swap(market, 2, 3, 0, 1, 8000)
    market.close_day()
    market.open_day(1, [0], TODAY)
    low = int(market.price_low[0])
    assert low > 6868
    authority.gateways.requote("CEA", 0, TODAY)
    assert (market.book.best_bid[0], market.book.best_ask[0]) == (0, low)


def test_without_an_outside_price_nothing_is_quoted() -> None:
    market, authority, _ = linked()
    assert authority.gateways.bounds("CEA", date(2024, 1, 1)) is None
    assert authority.gateways.requote("CEA", 0, date(2024, 1, 1)) is None
    assert authority.gateways.bounds("SO2", TODAY) is None
    assert market.best_ask[0] == 0
    market.is_open[0] = False
    assert authority.gateways.requote("CEA", 0, TODAY) is None


def test_a_saved_gateway_goes_on_as_before() -> None:
    market, authority, (_, buyer) = linked()
    authority.gateways.requote("CEA", 0, TODAY)
    buy(market, buyer, 7)
    other_market, other, _ = linked()
    other_market.restore(market.state())
    other.restore(authority.state())
    for which in (authority, other):
        which.gateways.requote("CEA", 0, TODAY)
        which.gateways.close_day(TODAY)
    assert other_market.events == market.events
    assert other.gateways.bounds("CEA", TODAY) == authority.gateways.bounds("CEA", TODAY)


# -- conversion

ENERGY = Right("ENERGY", "energy use", "用能权", "tce", Decimal(1), Decimal("0.01"), max_price_ticks=90_000)


def converting(
    double_count: str = "cancel_source", projects: tuple[ProjectCredits, ...] = (), **changes: object
) -> tuple[Market, Authority, np.ndarray, Way]:
    pair = ExchangePair(**{"source": "ENERGY", "target": "CEA", "rate": Decimal("2.66")} | changes)
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b", "c"])
    market = Market([rule_book(2024, right=ENERGY), rule_book(2024)], accounts)
    links = [RightExchangeRate(pairs=(pair,), double_count=double_count)]
    for project in projects:
        accounts.open(AccountKind.PROJECT, project.name)
    authority = Authority(market, Covered(firms, ("power",) * 3), credit_sources=projects, links=links)
    market.registry.issue(0, firms, 10)
    return market, authority, firms, authority.conversions.ways[0]


def test_ten_units_of_energy_become_26_of_carbon() -> None:
    market, authority, firms, pair = converting()
    made = authority.conversions.convert(pair, 0, period(2024), lots(26, 5, 0), lots(1000, 1000, 1000))
    assert made.tolist() == [26, 5, 0]
    # 26 take all ten (26.6, of which 0.6 is lost); 5 take two (5.32).
    assert market.registry.free[:, firms].tolist() == [[0, 8, 10], [26, 5, 0]]
    assert market.registry.total("converted_out").tolist() == [12, 0]
    assert codes(market, "converted") == [("converted", 2, 1, 26, 0), ("converted", 3, 1, 5, 0)]
    market.audit()
    assert_journal_replays(market)


def test_a_limit_and_a_reserve_bound_what_is_converted() -> None:
    market, authority, firms, pair = converting(limit=Decimal("0.1"), reserve=25)
    made = authority.conversions.convert(pair, 0, period(2024), lots(26, 26, 26), lots(100, 400, 100))
    assert made.tolist() == [10, 15, 0]  # limits 10, 40, 10; the reserve of 25 is then empty
    assert [(e.code, e.lots) for e in market.events if e.code == "rule_unmet"] == [("rule_unmet", 11 + 10)]
    assert authority.conversions.room(pair, period(2024), lots(100, 400, 100)).tolist() == [0, 25, 10]
    _, other, _, _ = converting(limit=Decimal("0.1"), reserve=25)
    other.restore(authority.state())
    assert other.conversions.made_lots(pair, period(2024)).tolist() == [10, 15, 0]


def test_the_tonnes_of_a_place_are_claimed_once() -> None:
    forest = ProjectCredits(name="wind park", site="a", credit="CEA", type="efficiency", yearly_lots=9, first_year=2023)
    late = replace(forest, name="boilers", site="b", first_year=2025)
    for double_count, made in (("cancel_source", [5, 5, 5]), ("forbid_same_project", [0, 5, 5])):
        market, authority, _, pair = converting(double_count, (forest, late))
        authority.credits.serve(date(2024, 1, 2), np.zeros(0))
        use = lots(1000, 1000, 1000)
        for _ in range(2):
            assert authority.conversions.convert(pair, 0, period(2024), lots(5, 5, 5), use).tolist() == made
        authority.credits.serve(date(2026, 1, 5), np.zeros(4))
        told = [(e.rule, e.account, e.note) for e in market.events if e.code == "double_claim"]
        if double_count == "cancel_source":
            assert told == []
        else:
            assert told == [
                ("right_exchange_rate", 2, "site a is claimed already"),
                ("project_credits", -1, "boilers: site b is claimed already"),
            ]
        market2, other, _, _ = converting(double_count, (forest, late))
        other.restore(authority.state())
        market2.restore(market.state())
        assert fingerprint(other.state()) == fingerprint(authority.state())
        market.audit()


@pytest.mark.parametrize("way", [0, 1])
def test_going_there_and_back_never_gains(way: int) -> None:
    rule = RightExchangeRate(pairs=(ExchangePair(source="ENERGY", target="CEA", rate=Decimal("2.66")),), both_ways=True)
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["a"])
    market = Market([rule_book(2024, right=ENERGY), rule_book(2024)], accounts)
    authority = Authority(market, Covered(firms, ("power",)), links=[rule])
    market.registry.issue(way, firms, 100)
    there, back = authority.conversions.ways if way == 0 else authority.conversions.ways[::-1]
    for pair, source, right in ((there, way, 1 - way), (back, 1 - way, way)):
        held = int(market.registry.free[source, firms[0]])
        ratio = pair.ratio(Decimal(1), Decimal(1))
        authority.conversions.convert(pair, source, period(2024), lots(int(held * ratio)), lots(10**6))
        assert market.registry.free[right, firms[0]] > 0
    assert market.registry.free[way, firms[0]] <= 100


def test_nothing_crosses_while_trade_pauses() -> None:
    """A trade at 74.80 lies 10 % above the close of 68.00 and stops trade for two batches, then all meet in a call."""
    market, authority, (seller, buyer) = linked({"breaker": CircuitBreaker()})
    ask(market, seller, 5, 7480)
    authority.gateways.requote("CEA", 0, TODAY)
    (quote,) = market.book.resting(0).order_id[market.book.resting(0).account == 4]
    market.withdraw(np.array([4], np.int32), np.array([quote]))
    assert buy(market, buyer, 5) == [(7480, 5)]
    for _ in range(2):
        assert authority.gateways.requote("CEA", 0, TODAY) is None
        assert not len(market.submit(Orders.of(buyer, 0, Side.BID, 6900, 3)).trades)
    assert market.is_paused(0)
    # The pause ends without the outside market, which quotes again from the next batch on.
    assert not len(market.submit(Orders.none()).trades)
    receipt = authority.gateways.requote("CEA", 0, TODAY)
    assert receipt is not None and receipt.trades.lots.tolist() == [3]
    authority.gateways.close_day(TODAY)
    assert [e[3] for e in codes(market, "link_trade")] == [3]
    market.close_day()
    market.audit()
    assert_journal_replays(market)


def test_what_is_left_of_a_quote_that_stops_trade_does_not_count_as_sold() -> None:
    """A bid for 2 lots at 75.00 meets 50 of the gateway: 10 % above the close trade stops, and 48 lots wait."""
    market, authority, (seller, buyer) = linked({"breaker": CircuitBreaker()})
    market.submit(Orders.of(buyer, 0, Side.BID, 7500, 2))
    receipt = authority.gateways.requote("CEA", 0, TODAY)
    assert receipt is not None and receipt.trades.price_ticks.tolist() == [7500]
    for _ in range(3):
        authority.gateways.requote("CEA", 0, TODAY)
        market.submit(Orders.none())
    assert not market.is_paused(0)
    authority.gateways.requote("CEA", 0, TODAY)
    assert authority.gateways.bounds("CEA", TODAY)[2:] == (48, 50)
    assert buy(market, buyer, 60) == [(6868, 48)]
    authority.gateways.close_day(TODAY)
    assert [e[3] for e in codes(market, "link_trade")] == [50]
    assert market.registry.outstanding[0] == 450
    market.close_day()
    market.audit()
    assert_journal_replays(market)
