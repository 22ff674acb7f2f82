"""Dated changes as the authority carries them out."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from rights_market.authority import Authority, Covered
from rights_market.errors import ExchangeError
from rights_market.market import Market
from rights_market.policies.allocation import Grandfathering
from rights_market.policies.compliance import Penalty
from rights_market.policies.stability.price_collar import PriceCollar
from rights_market.policies.trading import Fees, PriceBand, SettlementCycle
from rights_market.records import Orders
from rights_market.registry.accounts import AccountKind, Accounts
from rights_market.rule_change import RuleChange
from rights_market.units import Side
from tests.compliance_market import codes, fingerprint, lots, period, rule_book

Y24, Y25 = period(2024), period(2025)
A, B = 2, 3


def market_with(*changes, **rules):
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b"])
    market = Market([rule_book(**rules)], accounts)
    dated = [RuleChange(right="CEA", announce=a, start=s, slots=slots, retroactive=r) for a, s, slots, r in changes]
    return market, Authority(market, Covered(firms, ("power",) * 2), changes=dated)


def test_terms_of_trade_change_before_the_session():
    slots = {
        "fees": Fees(buyer=Decimal("0.01")),
        "band": PriceBand(width=Decimal("0.05")),
        "settlement": SettlementCycle(units_lag_days=0),
    }
    market, authority = market_with((date(2024, 5, 1), date(2024, 6, 1), slots, False), band=PriceBand())
    market.open_day(0, [0])
    assert (market.price_low[0], market.limits.buyer_ppm[0], market.limits.lock_bought[0]) == (6120, 0, 1)
    assert authority.change_rules("CEA", date(2024, 5, 1)) == []
    market.close_day()
    market.open_day(1, [0])
    assert [c.start for c in authority.change_rules("CEA", date(2024, 6, 3))] == [date(2024, 6, 1)]
    assert authority.change_rules("CEA", date(2024, 6, 3)) == []
    assert market.limits.buyer_ppm.tolist() == [10_000, 10_000]
    assert (market.price_low[0], market.limits.lock_bought[0]) == (6460, 0)
    registry = market.registry
    registry.issue(0, A, 10)
    registry.deposit(B, 1_000_000)
    market.submit(Orders.of([A, B, B], 0, [Side.ASK, Side.BID, Side.ASK], 6800, [10, 10, 10]))
    assert registry.frozen[0, B] == 10  # sold again on the day of purchase
    assert registry.cash[B] == 1_000_000 - 68_680
    words = "CEA: fees, band, settlement, from 2024-06-01"
    found = [(e.day, e.hook, e.code, e.note) for e in market.events]
    assert found == [(0, "rule_change", "rule_announced", words), (1, "rule_change", "rule_changed", words)]


def test_orders_that_rest_keep_the_terms_they_were_entered_under():
    market, authority = market_with((date(2024, 5, 1), date(2024, 5, 1), {"fees": Fees(buyer=Decimal("0.01"))}, False))
    market.registry.deposit(B, 1_000_000)
    market.open_day(0, [0])
    market.submit(Orders.of(B, 0, Side.BID, 6800, 10))
    with pytest.raises(ExchangeError, match="CEA-2024 has resting orders"):
        authority.change_rules("CEA", date(2024, 5, 1))


def test_what_the_government_offers_by_rule_keeps_no_change_from_beginning():
    """A collar stands ready in every instrument of the right, open or not."""
    collar = PriceCollar(floor=4000, ceiling=9000, reserve=100)
    change = (date(2024, 5, 1), date(2024, 5, 1), {"fees": Fees(buyer=Decimal("0.01"))}, False)
    market, authority = market_with(change, collar=collar)
    market.open_day(0, [0], date(2024, 5, 1))
    assert market.best_bid.any() or market.best_ask.any()
    assert len(authority.change_rules("CEA", date(2024, 5, 1))) == 1
    assert market.limits.buyer_ppm.tolist() == [10_000, 10_000]


@pytest.mark.parametrize(("retroactive", "given"), [(False, 90), (True, 80)])
def test_a_plan_that_is_out_stays_unless_the_change_reaches_back(retroactive, given):
    slots = {"allocation": (Grandfathering(base_years=(2023,), cut=Decimal("0.2")),)}
    market, authority = market_with(
        (date(2024, 5, 1), date(2024, 5, 1), slots, retroactive),
        allocation=(Grandfathering(base_years=(2023,), cut=Decimal("0.1")),),
    )
    rules = authority.entitlements["CEA"]
    rules.report_use(2023, lots(100, 100))
    authority.plans.announce("CEA", Y24)
    authority.change_rules("CEA", date(2024, 5, 1))
    assert rules.lots(2024, lots(1, 1), lots(0, 0)).tolist() == [given, given]
    assert rules.lots(2025, lots(1, 1), lots(0, 0)).tolist() == [64, 64]


def test_fines_are_those_in_force_and_what_is_unpaid_keeps_its_own():
    dear = Penalty(form="fixed", fen_per_lot=300, late_fee=Decimal("0.01"))
    cheap = Penalty(form="fixed", fen_per_lot=100, late_fee=Decimal("0.1"))
    market, authority = market_with(
        (
            date(2024, 5, 1),
            date(2026, 5, 1),
            {"penalties": (Penalty(form="lump", lump_low=1, lump_high=1), dear)},
            False,
        ),
        penalties=(cheap,),
    )
    authority.verify("CEA", Y24, lots(10, 0))
    authority.surrender("CEA", Y24)
    assert authority.shortfalls.penalise("CEA", Y24, {30: Fraction(6800)}).tolist() == [1000, 0]
    # The fine of the second period is known long before it begins.
    assert [rule.form for rule, _ in authority.shortfalls.penalties_of("CEA", Y25)] == ["fixed"]
    authority.change_rules("CEA", date(2024, 5, 1))
    assert [rule.form for rule, _ in authority.shortfalls.penalties_of("CEA", Y25)] == ["lump", "fixed"]
    assert [rule.form for rule, _ in authority.shortfalls.penalties_of("CEA", Y24)] == ["fixed"]
    authority.change_rules("CEA", date(2026, 5, 1))
    market.registry.deposit(A, 1300)
    assert authority.shortfalls.collect(3).tolist() == [1300, 0]
    assert not authority.unpaid_fines_fen.any()
    authority.verify("CEA", Y25, lots(10, 0))
    authority.surrender("CEA", Y25)
    assert authority.shortfalls.penalise("CEA", Y25, {30: Fraction(6800)}).tolist() == [3001, 0]


def test_a_restored_copy_has_the_rules_in_force():
    slots = {"fees": Fees(buyer=Decimal("0.01")), "allocation": (Grandfathering(base_years=(2023,), total=50),)}
    changes = (date(2024, 5, 1), date(2024, 5, 1), slots, False)
    rules = {"allocation": (Grandfathering(base_years=(2023,), total=90),)}
    market, authority = market_with(changes, **rules)
    authority.entitlements["CEA"].report_use(2023, lots(1, 1))
    authority.plans.announce("CEA", Y24)
    authority.change_rules("CEA", date(2024, 5, 1))
    market.registry.deposit(B, 1_000_000)
    market.open_day(0, [0])
    market.submit(Orders.of(B, 0, Side.BID, 6800, 10))
    copy, twin = market_with(changes, **rules)
    copy.restore(market.state())
    twin.restore(authority.state())
    assert copy.limits.buyer_ppm.tolist() == [10_000, 10_000]
    for year, given in ((2024, [45, 45]), (2025, [25, 25])):
        assert twin.entitlements["CEA"].lots(year, lots(1, 1), lots(0, 0)).tolist() == given
    assert fingerprint(twin.state()) == fingerprint(authority.state())
    assert codes(copy, "rule_changed") == codes(market, "rule_changed")


def test_base_years_of_later_rules_are_asked_for_as_well():
    slots = {"allocation": (Grandfathering(base_years=(2019, 2020)),)}
    _, authority = market_with(
        (date(2025, 5, 1), date(2025, 5, 1), slots, False), allocation=(Grandfathering(base_years=(2023,)),)
    )
    assert authority.entitlements["CEA"].base_years([2024]) == {2019, 2020, 2023}
