"""Charges in a market by hand: least fees, taxes, who receives them, and days and ways with charges of their own."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import ExchangeError, PolicyError
from rights_market.exchange.charges import Charge, Charges
from rights_market.market import Market
from rights_market.policies.trading import BlockAgreement, Fees, ModeFees
from rights_market.records import Orders
from rights_market.registry.accounts import CLEARING_ACCOUNT, GOVERNMENT_ACCOUNT
from rights_market.units import Side
from tests.compliance_market import (
    assert_journal_replays,
    assert_orders_are_covered,
    codes,
    fingerprint,
    market_of,
    rule_book,
    swap,
)
from tests.unit.rights_market.test_market_blocks import talk

SELLER, BUYER, THIRD = 2, 3, 4
LEAST = Fees(buyer=Decimal("0.003"), seller=Decimal("0.003"), min_fen=500)


def open_market(fees: Fees, on: date | None = None, **rules: object) -> Market:
    """A first day; one lot at one tick is one fen."""
    market = market_of(rule_book(opening_price_ticks=5000, fees=fees, **rules), 3)[0]
    market.registry.issue(0, SELLER, 200_000)
    market.registry.deposit([BUYER, THIRD], [10**9, 10**9])
    market.open_day(0, [0], on)
    return market


def bid(price: int, lots: int, account: int = BUYER) -> Orders:
    return Orders.of(account, 0, Side.BID, price, lots)


def ask(price: int, lots: int, account: int = SELLER) -> Orders:
    return Orders.of(account, 0, Side.ASK, price, lots)


def end(market: Market) -> Market:
    """Close the day, and prove that nothing is missing."""
    market.close_day()
    market.audit()
    assert_journal_replays(market)
    assert not market.registry.cash_frozen.any()
    return market


def test_a_least_fee_is_taken_once_an_order() -> None:
    market = open_market(LEAST)
    market.submit(bid(5100, 50))
    # What may be asked at most: 255,000 and 0.3 % of it; then 500 at least, paid with the first fill.
    assert market.registry.cash_frozen[BUYER] == 255_000 + 765
    market.submit(ask(5000, 10))
    assert market.registry.cash[CLEARING_ACCOUNT] == 2 * 500
    assert market.registry.cash[SELLER] == 51_000 - 500
    assert_orders_are_covered(market)
    market.submit(ask(5000, 40))
    # Buyer: 0.3 % of 255,000 is 765 in all; the second order of the seller: 0.3 % of 204,000 is 612.
    assert market.registry.cash[BUYER] == 10**9 - 255_000 - 765
    assert market.registry.cash[CLEARING_ACCOUNT] == 765 + 500 + 612
    end(market)


def test_what_a_least_fee_froze_comes_back_where_nothing_trades() -> None:
    market = open_market(LEAST)
    market.submit(bid(100, 1))
    assert market.registry.cash_frozen[BUYER] == 100 + 500
    assert end(market).registry.cash[BUYER] == 10**9


def test_proceeds_below_the_fee_are_paid_first_then_free_cash_and_the_rest_stays_unpaid() -> None:
    market = open_market(replace(LEAST, buyer=Decimal(0)))
    market.registry.deposit(SELLER, 30)
    market.submit(bid(100, 2))
    market.submit(ask(100, 2))
    # 200 of proceeds and 30 of its own against a fee of 500.
    assert market.registry.cash[[SELLER, CLEARING_ACCOUNT]].tolist() == [0, 230]
    assert codes(end(market), "fee_unpaid") == [("fee_unpaid", SELLER, -1, 0, 270)]


def test_a_tax_on_sellers_goes_to_the_government() -> None:
    market = open_market(Fees(seller=Decimal("0.001"), tax=Decimal("0.01")))
    swap(market, SELLER, BUYER, 0, 3, 4983)
    # 14,949: tax 149.49, fee 14.949.
    assert market.registry.cash[[GOVERNMENT_ACCOUNT, CLEARING_ACCOUNT]].tolist() == [149, 15]
    assert market.registry.cash[SELLER] == 14_949 - 149 - 15
    end(market)
    assert codes(market, "tax_charged", "fee_charged") == [("tax_charged", -1, 0, 0, 149)]
    market.open_day(1, [0])
    market.close_day()
    assert len(codes(market, "tax_charged")) == 1


def test_fees_may_be_the_governments() -> None:
    market = open_market(Fees(buyer=Decimal("0.002"), receiver="government"))
    swap(market, SELLER, BUYER, 0, 10, 5000)
    assert market.registry.cash[[GOVERNMENT_ACCOUNT, CLEARING_ACCOUNT]].tolist() == [100, 0]
    assert codes(end(market), "fee_charged") == [("fee_charged", -1, 0, 0, 100)]


def test_charges_are_waived_on_named_days() -> None:
    fees = replace(LEAST, tax=Decimal("0.01"), waive=(date(2026, 5, 4),))
    market = open_market(fees, date(2026, 5, 4))
    swap(market, SELLER, BUYER, 0, 10, 5000)
    assert not market.registry.cash[[GOVERNMENT_ACCOUNT, CLEARING_ACCOUNT]].any()
    end(market)
    market.open_day(1, [0], date(2026, 5, 5))
    swap(market, SELLER, BUYER, 0, 10, 5000)
    assert market.registry.cash[[GOVERNMENT_ACCOUNT, CLEARING_ACCOUNT]].tolist() == [500, 1_000]
    end(market)


def test_days_without_charges_need_dates() -> None:
    with pytest.raises(ExchangeError, match="fees are waived on dates"):
        open_market(replace(LEAST, waive=(date(2026, 5, 4),)))


def test_blocks_may_cost_otherwise() -> None:
    fees = replace(LEAST, tax=Decimal("0.01"), block=ModeFees(buyer=Decimal("0.001"), min_fen=1_000_000))
    market = open_market(fees, block=BlockAgreement())
    assert market.agree_blocks(talk()).lots.tolist() == [120_000]
    # 678,120,000 at a price of 56.51: 0.1 % is 678,120, below the least fee; the seller pays the tax alone.
    assert market.registry.cash[BUYER] == 10**9 - 678_120_000 - 1_000_000
    assert market.registry.cash[[GOVERNMENT_ACCOUNT, SELLER]].tolist() == [6_781_200, 678_120_000 - 6_781_200]
    end(market)


def test_a_market_saved_within_a_day_goes_on_with_its_charges() -> None:
    fees = replace(LEAST, seller=Decimal("0.001"), tax=Decimal("0.01"), waive=(date(2026, 5, 4),))
    market, copy = (open_market(fees, on) for on in (date(2026, 5, 5), date(2026, 5, 4)))
    market.submit(bid(100, 2))
    market.submit(ask(100, 2))
    copy.restore(market.state())
    assert fingerprint(copy.state()) == fingerprint(market.state())
    for each in (market, copy):
        swap(each, SELLER, BUYER, 0, 10, 5000)
        end(each)
    assert codes(copy, "tax_charged", "fee_unpaid") == codes(market, "tax_charged", "fee_unpaid")
    assert [e[0] for e in codes(copy, "tax_charged", "fee_unpaid")] == ["tax_charged", "fee_unpaid"]
    assert fingerprint(copy.state()) == fingerprint(market.state())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"min_fen": 5}, "min_fen is 5, but neither buyer nor seller has a share"),
        ({"tax": Decimal("0.0000001")}, "tax is 1E-7, expected a whole number of millionths"),
        ({"tax": Decimal("0.6")}, "at most 0.5"),
        ({"min_fen": -1, "buyer": Decimal("0.01")}, "at least 0"),
        ({"receiver": "bank"}, "expected one of 'exchange', 'government'"),
    ],
)
def test_charges_that_make_no_sense_are_refused(fields: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Fees(**fields)


@given(
    ppm=st.integers(0, 50_000),
    least=st.integers(0, 1_000),
    tax=st.integers(0, 500_000),
    fills=st.lists(st.integers(1, 10**7), min_size=1, max_size=6),
)
def test_the_exchange_counts_as_the_rule_says(ppm: int, least: int, tax: int, fills: list[int]) -> None:
    fees = Fees(buyer=Decimal(ppm).scaleb(-6), min_fen=least if ppm else 0, tax=Decimal(tax).scaleb(-6))
    charges, where = Charges(1), np.zeros(1, np.int64)
    charges.set(0, "book", Charge(ppm, 0, least if ppm else 0, 0, tax))
    filled, paid, taxed = 0, 0, 0
    for fen in fills:
        paid, taxed = paid + fees.charge(Side.BID, filled, fen), taxed + fees.taxed(filled, fen)
        filled += fen
    value = np.array([filled])
    assert paid == charges.fees(where, Side.BID, value, "book")[0] == charges.cost(0, filled, 1, 1) - filled
    assert taxed == charges.taxes(where, value, "book")[0]
    assert paid <= fees.most(filled)
    lots = charges.payable(0, 7, 10**6, 1, filled)
    assert charges.cost(0, 7, lots, 1) <= filled
    assert lots == 10**6 or charges.cost(0, 7, lots + 1, 1) > filled
