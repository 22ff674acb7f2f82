"""Credits as plain second instruments of a market: traded like allowances, accepted up to a limit."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from rights_market.authority import Authority, Covered
from rights_market.credit import Credit
from rights_market.errors import PolicyError
from rights_market.market import Market
from rights_market.policies.compliance import Accepted, OffsetLimit, ShortfallCap, Stage, Surrender
from rights_market.policies.trading import Fees, PriceBand
from rights_market.records import Orders
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.registry.obligations import Debt
from rights_market.rights import Right
from rights_market.units import Side
from tests.compliance_market import assert_journal_replays, codes, fingerprint, lots, period, rule_book, swap

A, B = 2, 3
Y21 = period(2021)
RIGHT = Right("CCER", "credit", "减排量", "t", Decimal(1), Decimal("0.01"), max_price_ticks=20_000)
CCER = Credit(right=RIGHT, type="ccer", vintages=(2018, 2020), opening_price_ticks=5000)
LIMIT = OffsetLimit(accept=(Accepted(type="ccer"),))


def market_with(*credits: Credit, **rules):
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b"])
    given = {"periods": (Y21, period(2022)), "offset_limit": LIMIT}
    market = Market([rule_book(**given | rules)], accounts, credits=credits or (CCER,))
    return market, Authority(market, Covered(firms, ("power",) * 2))


def test_credits_are_traded_by_their_own_terms():
    credit = replace(CCER, band=PriceBand(), fees=Fees(buyer=Decimal("0.01")))
    market, _ = market_with(credit)
    assert [x.code for x in market.instruments] == ["CEA-2021", "CEA-2022", "CCER-2018", "CCER-2020"]
    market.registry.issue(2, A, 10)
    market.registry.deposit(B, 1_000_000)
    market.open_day(0, [0, 2, 3])
    assert market.price_low.tolist()[1:] == [1, 4500, 4500]
    swap(market, A, B, 2, 10, 5000)
    market.close_day()
    assert market.registry.free[2, B] == 10
    assert market.registry.cash[B] == 1_000_000 - 50_500
    market.audit()
    assert_journal_replays(market)


def test_credits_go_first_up_to_the_limit():
    # Duty 100, 5 of 10 credits are taken, then 40, 30 and 25 of three vintages: 15 are left and the pledge stays.
    periods = tuple(period(y) for y in (2020, 2021, 2022))
    market, authority = market_with(periods=periods)
    registry = market.registry
    for i, n in enumerate((40, 50, 40)):
        registry.issue(i, A, n)
    registry.issue(4, A, 10)
    registry.pledge(1, A, 20)
    authority.verify("CEA", periods[2], lots(100, 0))
    assert authority.surrender("CEA", periods[2]).tolist() == [0, 0]
    assert registry.free[:, A].tolist() == [0, 0, 15, 0, 5]
    assert [x[2:4] for x in codes(market, "surrendered")] == [(4, 5), (0, 40), (1, 30), (2, 25)]
    assert codes(market, "offset_limited") == [("offset_limited", A, 2, 5, 0)]


def test_the_limit_is_of_the_lowered_obligation_without_debts():
    market, authority = market_with(shortfall_caps=(ShortfallCap(),))
    market.registry.issue(2, A, 500)
    authority.plans.preallocate("CEA", Y21, lots(700, 0))
    authority.verify("CEA", Y21, lots(1000, 0))
    market.obligations.add_debt("CEA", "2021", Debt.ALLOCATION, 300, [A])
    # 5 % of 900, not of 1,000 or 1,200.
    assert authority.surrender("CEA", Y21)[0] == 1200 - 45 - 700
    assert codes(market, "offset_limited") == [("offset_limited", A, 0, 455, 0)]
    other, by_use = market_with(shortfall_caps=(ShortfallCap(),), offset_limit=replace(LIMIT, basis="verified"))
    other.registry.issue(2, A, 500)
    by_use.plans.preallocate("CEA", Y21, lots(700, 0))
    by_use.verify("CEA", Y21, lots(1000, 0))
    assert by_use.surrender("CEA", Y21)[0] == 900 - 50 - 700


def test_what_is_expired_or_not_accepted_stays():
    old = replace(CCER, expires=date(2022, 6, 30))
    forest = replace(CCER, right=replace(RIGHT, code="SINK"), type="forest", vintages=(2020,))
    market, authority = market_with(old, forest)
    market.registry.issue(2, A, 10)
    market.registry.issue(4, A, 10)
    authority.verify("CEA", Y21, lots(100, 0))
    assert authority.surrender("CEA", Y21).tolist() == [100, 0]
    assert market.registry.free[[2, 4], A].tolist() == [10, 10]


def test_sell_orders_in_accepted_credits_are_cancelled():
    market, authority = market_with()
    market.registry.issue(2, A, 10)
    market.open_day(0, [2])
    market.submit(Orders.of(A, 2, Side.ASK, 6000, 10))
    authority.verify("CEA", Y21, lots(100, 0))
    assert authority.surrender("CEA", Y21)[0] == 95
    assert codes(market, "order_cancelled_by_registrar") == [("order_cancelled_by_registrar", A, 2, 10, 0)]


def test_stages_share_one_limit_and_it_is_put_back():
    staged = period(2021, stages=(date(2022, 11, 1),))
    rules = {"periods": (staged,), "surrender": Surrender(stages=(Stage(days_before=60, share=Decimal("0.03")),))}
    market, authority = market_with(**rules)
    market.registry.issue(1, A, 20)
    authority.verify("CEA", staged, lots(100, 0))
    assert authority.surrender("CEA", staged)[0] == 0
    copy, twin = market_with(**rules)
    copy.restore(market.state())
    twin.restore(authority.state())
    for its in (authority, twin):
        assert its.surrender("CEA", staged)[0] == 95
    assert market.registry.free[1, A] == 15
    assert fingerprint(copy.state()) == fingerprint(market.state())
    assert fingerprint(twin.state()) == fingerprint(authority.state())


def test_without_a_limit_or_without_credits_nothing_is_accepted():
    market, authority = market_with(offset_limit=None)
    market.registry.issue(2, A, 10)
    authority.verify("CEA", Y21, lots(100, 0))
    assert authority.surrender("CEA", Y21)[0] == 100
    assert np.array_equal(market.registry.free[:, A], [0, 0, 10, 0])


def test_contradictions_are_refused():
    with pytest.raises(PolicyError, match=r"credit CCER: vintages are \(2020, 2018\)"):
        replace(CCER, vintages=(2020, 2018))
    with pytest.raises(PolicyError, match="opening_price_ticks is 0"):
        replace(CCER, opening_price_ticks=0)
    with pytest.raises(PolicyError, match="`offset_limit` is given but surrender.mode is cover"):
        rule_book(offset_limit=LIMIT, surrender=Surrender(mode="cover"))
