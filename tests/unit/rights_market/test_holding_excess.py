"""What is held beyond a limit and has to be sold by a date, in a market by hand."""

from datetime import date, timedelta

import pytest

from rights_market.errors import PolicyError
from rights_market.market import Market
from rights_market.policies.trading import HoldingLimit, PriceBand
from rights_market.records import Orders
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, assert_orders_are_covered, codes, fingerprint
from tests.unit.rights_market.test_owner_groups import BROTHER, OTHER, SELLER, SISTER
from tests.unit.rights_market.test_owner_groups import open_market as market_of_owners

TODAY = date(2025, 6, 2)
SELL = HoldingLimit(limit="fixed", lots=40, excess="sell_by", sell_by_days=2)


def open_market(limit: HoldingLimit = SELL, held: int = 55) -> Market:
    """The first day has found that one firm holds too much; another got its million as an allocation."""
    market = market_of_owners(holding_limit=limit, band=PriceBand())
    market.obligations.set_allocation("CEA", "2024", [1_000_000], [SELLER])
    market.registry.issue(0, BROTHER, held)
    return next_day(market)


def next_day(market: Market) -> Market:
    market.close_day()
    market.audit()
    assert_journal_replays(market)
    day = market.day + 1
    market.open_day(day, [0, 1], TODAY + timedelta(day))
    return market


def test_who_holds_too_much_is_told_by_when_to_sell() -> None:
    market = open_market()
    (event,) = [e for e in market.events if e.code == "excess_found" and e.account == BROTHER]
    assert (event.day, event.lots, event.note) == (1, 15, "sell by 2025-06-05")
    (due,) = market.due()
    assert due == ("CEA", BROTHER, 15, date(2025, 6, 5))


def test_who_sells_in_time_hears_no_more() -> None:
    market = open_market()
    market.submit(Orders.of([BROTHER, OTHER], 0, [Side.ASK, Side.BID], 5000, 15))
    for _ in range(4):
        next_day(market)
    assert market.due() == []
    assert codes(market, "excess_sold", "rule_unmet") == []


def test_the_rest_is_put_on_sale_at_the_lowest_price_until_it_is_gone() -> None:
    market = open_market()
    for _ in range(2):
        next_day(market)
        assert len(market.book) == 0
    # The date has passed by without a sale.
    next_day(market)
    assert len(market.book) == 0
    market.submit(Orders.none())
    assert market.book.resting(0).price_ticks.tolist() == [4500]
    assert market.book.resting(0).lots.tolist() == [15]
    assert_orders_are_covered(market)
    market.call_auction(Orders.of(OTHER, 0, Side.BID, 4700, 9))
    next_day(market)
    market.submit(Orders.of(OTHER, 0, Side.BID, 5000, 10))
    next_day(market)
    market.submit(Orders.none())
    assert len(market.book) == 0 and market.due() == []
    assert [x[3] for x in codes(market, "excess_sold")] == [9, 6]
    assert [x[3] for x in codes(market, "rule_unmet")] == [15, 6]


def test_what_was_given_need_not_be_sold() -> None:
    market = market_of_owners(holding_limit=SELL)
    market.obligations.set_allocation("CEA", "2024", [500], [SISTER])
    market.registry.issue(0, SISTER, 510)
    market.registry.cancel(0, SELLER, 1_000_000)
    next_day(market)
    assert [(d.account, d.lots) for d in market.due()] == [(SISTER, 10)]


def test_an_owner_sells_from_all_its_accounts_in_proportion() -> None:
    market = market_of_owners(
        holding_limit=HoldingLimit(limit="fixed", lots=40, scope="group", excess="sell_by", sell_by_days=2)
    )
    market.registry.cancel(0, SELLER, 1_000_000)
    market.registry.issue(0, [SISTER, BROTHER], [30, 20])
    next_day(market)
    assert [(d.account, d.lots) for d in market.due()] == [(SISTER, 6), (BROTHER, 4)]


def test_a_market_saved_before_the_date_goes_on() -> None:
    market, copy = open_market(), market_of_owners(holding_limit=SELL, band=PriceBand())
    copy.restore(market.state())
    for each in (market, copy):
        for _ in range(3):
            next_day(each)
        each.submit(Orders.of(OTHER, 0, Side.BID, 5000, 4))
    between = market_of_owners(holding_limit=SELL, band=PriceBand())
    between.restore(market.state())
    for each in (market, copy, between):
        next_day(each)
        assert [x[3] for x in codes(each, "excess_sold")] == [4]
        assert fingerprint(each.state()) == fingerprint(market.state())


@pytest.mark.parametrize("fields", [{"excess": "sell_by"}, {"sell_by_days": 5}])
def test_a_date_belongs_to_what_has_to_be_sold(fields: dict) -> None:
    with pytest.raises(PolicyError, match="sell_by alone has days"):
        HoldingLimit(**fields)
