"""The treasury: every charge and grant is paid through the registry, written down, and adds up."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights_market.authority import Authority, Covered
from rights_market.market import Market
from rights_market.policies.fiscal import (
    DifferentialPowerPrice,
    EmissionStandard,
    EmissionTax,
    MeasureSubsidy,
    RevenueRecycling,
    TaxedUse,
)
from rights_market.policies.rule import Rule
from rights_market.policies.where import Where
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind, Accounts
from rights_market.rulebook import RuleBook
from tests.compliance_market import assert_journal_replays, codes, fingerprint, lots, period, rule_book

TAX = EmissionTax(uses=(TaxedUse(right="CEA", rate_fen=Decimal(100)),))
YES = np.ones((1, 3), np.bool_)
NOTHING = np.zeros((1, 3), np.int64)


def treasury_of(*rules: Rule, cash: int = 10_000, book: RuleBook | None = None) -> tuple[Market, Authority]:
    accounts = Accounts()
    firms = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b", "c"])
    market = Market([book or rule_book()], accounts)
    authority = Authority(market, Covered(firms, ("power", "power", "steel")), fiscal=rules)
    market.registry.deposit(firms, cash)
    return market, authority


def used(*values: int) -> np.ndarray:
    return lots(*values)[np.newaxis]


def cash(market: Market) -> list[int]:
    return market.registry.cash[2:5].tolist()


# -- charges


def test_a_tax_is_charged_on_what_was_used_since_the_last_quarter() -> None:
    market, authority = treasury_of(TAX)
    for so_far, due in ((used(10, 0, 5), [10, 0, 5]), (used(30, 1, 5), [20, 1, 0]), (used(25, 1, 6), [0, 0, 1])):
        assert authority.treasury.tax(0, 2024, so_far, NOTHING, YES).tolist() == [[100 * x for x in due]]
    assert authority.treasury.tax(0, 2025, used(2, 0, 0), NOTHING, YES).tolist() == [[200, 0, 0]]
    assert cash(market) == [10_000 - 3200, 9900, 9400]
    assert market.registry.cash[GOVERNMENT_ACCOUNT] == 3900
    assert ("tax_charged", 2, 0, 10, 1000) in codes(market, "tax_charged")
    assert {k.kind: x.tolist() for k, x in authority.treasury.flows.items() if k.year == 2024} == {
        "tax": [3000, 100, 600]
    }
    assert_journal_replays(market)


def test_a_tax_is_for_the_firms_that_it_names() -> None:
    rule = EmissionTax(uses=TAX.uses, where=Where(sectors=("steel",), years=(2024,)))
    market, authority = treasury_of(rule)
    assert authority.treasury.tax(0, 2024, used(1, 1, 1), NOTHING, YES).tolist() == [[0, 0, 100]]
    assert authority.treasury.tax(0, 2025, used(1, 1, 1), NOTHING, YES).tolist() == [[0, 0, 0]]


def test_rights_that_are_held_keep_the_tax_on_excess_away() -> None:
    rule = EmissionTax(uses=TAX.uses, scope="excess_over_rights")
    _, authority = treasury_of(rule)
    assert authority.treasury.tax(0, 2024, used(10, 10, 10), used(4, 10, 12), YES).tolist() == [[600, 0, 0]]
    # Rights bought later pay nothing back.
    assert authority.treasury.tax(0, 2024, used(12, 12, 12), used(20, 10, 11), YES).tolist() == [[0, 200, 100]]


def test_what_cash_does_not_cover_stays_due() -> None:
    market, authority = treasury_of(TAX, cash=150)
    authority.treasury.tax(0, 2024, used(2, 1, 0), NOTHING, YES)
    assert cash(market) == [0, 50, 150]
    assert authority.treasury.unpaid_fen.tolist() == [50, 0, 0]
    assert codes(market, "charge_unpaid") == [("charge_unpaid", 2, -1, 0, 50)]
    market.registry.deposit(2, 40)
    assert authority.treasury.collect().tolist() == [40, 0, 0]
    market.registry.deposit(2, 40)
    assert authority.treasury.collect().tolist() == [10, 0, 0]
    assert cash(market) == [30, 50, 150]


def test_use_over_a_standard_is_charged_and_nothing_else_can_be_done() -> None:
    rule = EmissionStandard(right="CEA", charge=6800, limit={"power": Decimal("0.8")})
    market, authority = treasury_of(rule, cash=10**6)
    matter = authority.matter("verification", "CEA", period(2024))
    limits = rule.limits(["power", "power", "steel"], [])
    fen = authority.treasury.standard(0, matter, lots(850, 800, 10**6), lots(1000, 1000, 1), limits)
    assert fen.tolist() == [340_000, 0, 0]
    assert codes(market, "standard_breached") == [("standard_breached", 2, 0, 50, 340_000)]


def test_taxes_and_standards_beside_a_market_add_up() -> None:
    rule = EmissionStandard(right="CEA", charge=10, limit={"power": Decimal(0)})
    _, authority = treasury_of(TAX, rule)
    authority.treasury.tax(0, 2024, used(5, 0, 0), NOTHING, YES)
    matter = authority.matter("verification", "CEA", period(2024))
    authority.treasury.standard(1, matter, lots(5, 0, 0), lots(1, 1, 1), [Fraction(0), Fraction(0), None])
    assert {k.kind: int(x.sum()) for k, x in authority.treasury.flows.items()} == {"tax": 500, "standard": 50}


def test_dearer_power_is_paid() -> None:
    market, authority = treasury_of(DifferentialPowerPrice(classes={"steel": Decimal("0.10")}))
    authority.treasury.surcharge(0, 2024, lots(500, 0, 500), [Fraction(0)] * 3)
    assert cash(market) == [10_000, 10_000, 5000]
    assert codes(market, "surcharge") == [("surcharge", 4, -1, 0, 5000)]


# -- grants


def test_a_grant_comes_from_outside_until_the_budget_is_gone() -> None:
    market, authority = treasury_of(MeasureSubsidy(share=Decimal("0.5"), budget=900, cap=600), cash=0)
    assert authority.treasury.grant(0, 2024, lots(500, 0, 0)).tolist() == [500, 0, 0]
    assert authority.treasury.grant(0, 2024, lots(500, 300, 300)).tolist() == [57, 172, 171]  # 400 by 100, 300, 300
    assert authority.treasury.grant(0, 2024, lots(0, 0, 5)).tolist() == [0, 0, 0]
    assert authority.treasury.grant(0, 2025, lots(500, 0, 0)).tolist() == [43, 0, 0]
    assert [money for *_, money in codes(market, "budget_exhausted")] == [400]
    assert (market.registry.entered, market.registry.cash[GOVERNMENT_ACCOUNT]) == (943, 0)
    assert cash(market) == [600, 172, 171]


def test_a_tax_credit_is_set_against_the_tax_on_profits() -> None:
    rule = MeasureSubsidy(form="tax_credit", share=Decimal("0.1"))
    market, authority = treasury_of(rule, cash=0)
    assert authority.treasury.grant(0, 2024, lots(1000, 10, 0)).tolist() == [0, 0, 0]
    assert authority.treasury.credit(2024, lots(3000, -50, 9)).tolist() == [750, 0, 0]
    assert authority.treasury.credit(2024, lots(3000, 400, 9)).tolist() == [250, 10, 0]
    assert authority.treasury.credit(2024, lots(3000, 400, 9)).tolist() == [0, 0, 0]
    assert cash(market) == [1000, 10, 0]


# -- revenue

SHARES = {"abatement_fund": Decimal("0.5"), "equal": Decimal("0.3"), "loan_risk_fund": Decimal("0.2")}


def test_the_pot_goes_where_it_should_to_the_fen() -> None:
    rule = RevenueRecycling(shares=SHARES)
    market, authority = treasury_of(TAX, rule, cash=100_001)
    market.registry.pay(2, GOVERNMENT_ACCOUNT, 100_001)
    output = [Fraction(1)] * 3
    authority.treasury.recycle(2024, output, {"CEA": lots(1, 1, 1)}, np.array([True, True, False]))
    funds = {name: int(market.registry.cash[account]) for name, account in authority.treasury.funds.items()}
    assert funds == {"abatement_fund": 50_001, "eco_compensation": 0, "loan_risk_fund": 20_000}
    assert cash(market) == [15_000, 115_001, 100_001]
    assert market.registry.cash[GOVERNMENT_ACCOUNT] == 0
    authority.treasury.recycle(2025, output, {"CEA": lots(1, 1, 1)}, np.array([True, True, False]))
    assert len(codes(market, "recycled")) == 4  # nothing came in since


def test_what_no_firm_can_get_stays_in_the_budget() -> None:
    rule = RevenueRecycling(shares={"output_rebate": Decimal(1)}, right="CEA")
    market, authority = treasury_of(rule)
    market.registry.pay(2, GOVERNMENT_ACCOUNT, 70)
    rebate = authority.treasury.recycle(2024, [Fraction(0)] * 3, {"CEA": lots(1, 1, 1)}, YES[0])
    assert rebate.tolist() == [0, 0, 0]
    assert [(e.note, e.money_fen) for e in market.events] == [("output_rebate", 0), ("budget", 70)]
    # And it is not shared a second time.
    market.registry.pay(3, GOVERNMENT_ACCOUNT, 10)
    rebate = authority.treasury.recycle(2025, [Fraction(1)] * 3, {"CEA": lots(1, 1, 3)}, YES[0])
    assert rebate.tolist() == [2, 2, 6]
    assert market.registry.cash[GOVERNMENT_ACCOUNT] == 70


def test_a_fund_pays_grants_as_far_as_it_reaches() -> None:
    subsidy = MeasureSubsidy(share=Decimal(1), from_fund=True)
    market, authority = treasury_of(RevenueRecycling(shares={"abatement_fund": Decimal(1)}), subsidy)
    assert authority.treasury.grant(1, 2024, lots(100, 0, 0)).tolist() == [0, 0, 0]
    market.registry.pay(2, GOVERNMENT_ACCOUNT, 70)
    authority.treasury.recycle(2024, [Fraction(1)] * 3, {}, YES[0])
    assert authority.treasury.budget_left(1, 2025) == 70
    assert authority.treasury.grant(1, 2025, lots(40, 20, 20)).tolist() == [35, 18, 17]
    assert market.registry.entered == 30_000


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.lists(st.integers(0, 10**4), min_size=3, max_size=3), st.integers(0, 10**5)), max_size=6),
    st.integers(0, 10**5),
)
def test_no_fen_is_made_or_lost(years: list, start: int) -> None:
    rules = (TAX, RevenueRecycling(shares={**SHARES, "output_rebate": Decimal(0)}, right="CEA"))
    market, authority = treasury_of(*rules, cash=start)
    for year, (use, output) in enumerate(years, start=2000):
        authority.treasury.tax(0, year, used(*use), NOTHING, YES)
        made = [Fraction(output, k) for k in (1, 2, 3)]
        authority.treasury.recycle(year, made, {"CEA": lots(*use)}, YES[0])
        authority.treasury.collect()
    assert int(market.registry.cash.sum()) == 3 * start
    charged = sum(int(x.sum()) for k, x in authority.treasury.flows.items() if k.kind == "tax")
    assert charged == 100 * sum(sum(use) for use, _ in years)
    market.audit()
    assert_journal_replays(market)


def test_a_saved_treasury_goes_on_as_before() -> None:
    rules = (TAX, MeasureSubsidy(share=Decimal("0.5"), budget=900), RevenueRecycling(shares=SHARES))
    market, authority = treasury_of(*rules, cash=150)
    authority.treasury.tax(0, 2024, used(2, 1, 0), NOTHING, YES)
    authority.treasury.grant(1, 2024, lots(5, 0, 0))
    authority.treasury.recycle(2024, [Fraction(1)] * 3, {}, YES[0])
    _, other = treasury_of(*rules, cash=150)
    other.restore(authority.state())
    assert fingerprint(other.state()) == fingerprint(authority.state())


def test_a_right_without_units_knows_no_rules_about_them() -> None:
    assert not rule_book(tradable=False).tradable
    from rights_market.errors import PolicyError
    from rights_market.policies.compliance import MakeGood

    with pytest.raises(PolicyError, match="`make_good` is given but tradable is false"):
        rule_book(tradable=False, make_good=MakeGood())
    assert date(2024, 1, 1) < rule_book().periods[0].deadline
