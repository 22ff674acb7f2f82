"""Money of sales that may be used only days later, by hand: in the book, in blocks, for fees, in a saved market."""

from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import InsufficientCash, RegistryError
from rights_market.exchange.gateway import Gateway
from rights_market.market import Market
from rights_market.policies.trading import BlockAgreement, Fees, SettlementCycle
from rights_market.records import Orders, Reason
from rights_market.registry.accounts import CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, codes, fingerprint, market_of, rule_book, swap
from tests.unit.rights_market.test_market_blocks import talk

SELLER, BUYER, THIRD = 2, 3, 4


def open_market(days: int, fees: Fees | None = None, **rules: object) -> Market:
    """A first day; one lot at one tick is one fen."""
    cycle = SettlementCycle(cash_lag_days=days)
    book = rule_book(opening_price_ticks=5000, settlement=cycle, fees=fees or Fees(), **rules)
    market = market_of(book, 3)[0]
    market.registry.issue(0, [SELLER, THIRD], 200_000)
    market.registry.deposit(BUYER, 10**9)
    market.open_day(0, [0])
    return market


def next_day(market: Market) -> None:
    """Close the day, prove that nothing is missing, and open the next."""
    market.close_day()
    market.audit()
    assert_journal_replays(market)
    market.open_day(market.day + 1, [0])


def buys(market: Market, account: int, lots: int) -> Reason:
    """Return why an account may not buy now; units of `THIRD` are on offer at 5,000."""
    market.submit(Orders.of(THIRD, 0, Side.ASK, 5000, lots))
    return Reason(int(market.submit(Orders.of(account, 0, Side.BID, 5000, lots)).reason[0]))


@pytest.mark.parametrize("days", [0, 1, 3])
def test_proceeds_buy_again_after_so_many_days(days: int) -> None:
    market = open_market(days)
    swap(market, SELLER, BUYER, 0, 10, 5000)
    for _ in range(days):
        assert (market.registry.cash[SELLER], market.registry.held[SELLER]) == (0, 50_000)
        assert buys(market, SELLER, 10) is Reason.INSUFFICIENT_CASH
        next_day(market)
    assert (market.registry.cash[SELLER], market.registry.held[SELLER]) == (50_000, 0)
    assert buys(market, SELLER, 10) is Reason.ACCEPTED


def test_sales_of_each_day_wait_for_their_own_days() -> None:
    market, paid = open_market(2), []
    for lots in (1, 2, 4):
        swap(market, SELLER, BUYER, 0, lots, 5000)
        next_day(market)
        paid.append(int(market.registry.cash[SELLER]) // 5000)
    assert paid == [0, 1, 3]


def test_money_on_its_way_pays_no_fine() -> None:
    market = open_market(1)
    swap(market, SELLER, BUYER, 0, 10, 5000)
    with pytest.raises(InsufficientCash):
        market.registry.pay(SELLER, GOVERNMENT_ACCOUNT, 1)


def test_charges_come_out_of_the_proceeds_at_once() -> None:
    market = open_market(1, Fees(seller=Decimal("0.01"), tax=Decimal("0.02")))
    swap(market, SELLER, BUYER, 0, 10, 5000)
    assert market.registry.cash[[GOVERNMENT_ACCOUNT, CLEARING_ACCOUNT]].tolist() == [1_000, 500]
    assert (market.registry.cash[SELLER], market.registry.held[SELLER]) == (0, 48_500)
    next_day(market)
    assert market.registry.cash[SELLER] == 48_500


def test_a_least_fee_takes_the_proceeds_then_free_cash() -> None:
    market = open_market(1, Fees(seller=Decimal("0.01"), min_fen=500))
    market.registry.deposit(SELLER, 70)
    swap(market, SELLER, BUYER, 0, 4, 100)
    assert (market.registry.cash[SELLER], market.registry.held[SELLER]) == (0, 0)
    assert market.registry.cash[CLEARING_ACCOUNT] == 470
    next_day(market)
    assert codes(market, "fee_unpaid") == [("fee_unpaid", SELLER, -1, 0, 30)]


def test_blocks_hold_back_too_and_are_not_paid_with_money_on_its_way() -> None:
    market = open_market(1, Fees(seller=Decimal("0.01")), block=BlockAgreement(min_qty=1_000, exclude_related=False))
    assert market.agree_blocks(talk(c=5000, v=5000, offered=2_000, wanted=2_000)).lots.tolist() == [2_000]
    assert (market.registry.cash[SELLER], market.registry.held[SELLER]) == (0, 9_900_000)
    back = talk(seller=THIRD, buyer=SELLER, c=5000, v=5000, offered=1_000, wanted=1_000)
    assert not len(market.agree_blocks(back).lots)
    next_day(market)
    assert market.agree_blocks(back).lots.tolist() == [1_000]


def test_a_market_saved_with_money_on_its_way_pays_it_out() -> None:
    market, copy = open_market(2), open_market(2)
    swap(market, SELLER, BUYER, 0, 10, 5000)
    copy.restore(market.state())
    for each in (market, copy):
        next_day(each)
        next_day(each)
    assert copy.registry.cash[SELLER] == 50_000
    assert fingerprint(copy.state()) == fingerprint(market.state())


def test_the_audit_finds_money_that_is_held_back_and_not_there() -> None:
    market = open_market(1)
    market.registry.due()[0, SELLER] = 7
    with pytest.raises(RegistryError, match="7 fen held back of 0 frozen"):
        market.audit()


def test_an_outside_seller_counts_its_money_once() -> None:
    market = open_market(1)
    gate = Gateway(market.registry, SELLER, THIRD)
    market.registry.cancel(0, [SELLER, THIRD], 200_000)
    gate.stock(0, 100, 0)
    earned = []
    for lots in (10, 20, 0):
        if lots:
            swap(market, SELLER, BUYER, 0, lots, 5000)
        crossed = gate.settle()
        earned.append((crossed[0], crossed[1]))
        next_day(market)
    assert earned == [(10, 50_000), (20, 100_000), (0, 0)]
    gate.settle()
    assert not np.any(market.registry.cash[[SELLER, THIRD]])
