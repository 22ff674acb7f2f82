"""Taxes, standards, surcharges, grants and what becomes of the money, by hand."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.fiscal import (
    DifferentialPowerPrice,
    EmissionStandard,
    EmissionTax,
    MeasureSubsidy,
    PowerTier,
    RevenueRecycling,
    TaxedUse,
)

ONE = [Decimal(1)]
SO2 = TaxedUse(right="SO2", rate_fen=Decimal(120), equivalent=Decimal("0.95"))


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


# -- tax


def test_a_tax_by_equivalents_with_relief_for_low_concentration() -> None:
    # 950 kg / 0.95 = 1,000 equivalents at 1.20 CNY; at 45 % of the limit the better relief, a half, holds alone.
    assert EmissionTax(uses=(SO2,)).tax(ints(950)[np.newaxis], ONE, ["power"]).tolist() == [[120_000]]
    for level, fen in (("0.45", 60_000), ("0.5", 90_000), ("0.69", 90_000), ("0.7", 120_000)):
        rule = EmissionTax(uses=(SO2,), concentration={"power": Decimal(level)})
        assert rule.tax(ints(950)[np.newaxis], ONE, ["power"]).tolist() == [[fen]]


def test_a_firms_own_concentration_goes_before_that_of_its_sector() -> None:
    rule = EmissionTax(uses=(SO2,), concentration={"power": Decimal("0.45")})
    own = np.array([[np.nan, 0.6, 0.9, 0.5]])
    found = rule.tax(np.full((1, 4), 950), ONE, ["power"] * 4, own)
    assert found.tolist() == [[60_000, 90_000, 120_000, 90_000]]
    assert rule.tax(np.full((1, 2), 950), ONE, ["steel"] * 2, own[:, :2]).tolist() == [[120_000, 90_000]]
    assert rule.yuan_per_unit(SO2, "power", 0.6) == pytest.approx(1.2 / 0.95 * 0.75)


def test_the_lot_is_turned_into_units_and_the_tax_rounded_once() -> None:
    # 3 lots of 10 kg are 30 / 0.95 equivalents: 3789.47 fen.
    assert EmissionTax(uses=(SO2,)).tax(ints(3)[np.newaxis], [Decimal(10)], ["power"]).tolist() == [[3789]]


def test_only_the_first_pollutants_of_a_firm_are_charged() -> None:
    uses = tuple(TaxedUse(right=r, rate_fen=Decimal(100)) for r in ("A", "B", "C"))
    lots = np.array([[5, 1, 2], [7, 2, 2], [6, 3, 2]])
    assert EmissionTax(uses=uses, top_n=2).tax(lots, ONE * 3, ["s"] * 3).tolist() == [
        [0, 0, 200],
        [700, 200, 200],
        [600, 300, 0],
    ]


def test_the_scope_says_what_is_taxed_beside_a_market() -> None:
    lots, covered, held = ints(10, 10, 10), np.array([True, False, True]), ints(4, 0, 12)
    found = {s: EmissionTax(uses=(SO2,), scope=s).taxed(lots, covered, held).tolist() for s in SCOPES}
    assert found == {"all": [10, 10, 10], "uncovered_only": [0, 10, 0], "excess_over_rights": [6, 10, 0]}


SCOPES = ("all", "uncovered_only", "excess_over_rights")


def test_firms_know_the_tax_on_one_more_unit() -> None:
    rule = EmissionTax(uses=(SO2,), concentration={"power": Decimal("0.6")})
    assert rule.yuan_per_unit(SO2, "power") == pytest.approx(1.2 / 0.95 * 0.75)
    assert rule.yuan_per_unit(SO2, "steel") == pytest.approx(1.2 / 0.95)


def test_a_right_is_taxed_once() -> None:
    with pytest.raises(PolicyError, match="two rates for SO2"):
        EmissionTax(uses=(SO2, SO2))


# -- standard


def standard(**changes: object) -> EmissionStandard:
    given: dict = {"right": "CEA", "charge": 6800, "limit": {"power": Decimal("0.8")}}
    return EmissionStandard(**given | changes)


def test_what_lies_over_the_limit_is_charged() -> None:
    # 0.8 x 1,000 = 800; 850 - 800 = 50 at 68.00 CNY.
    rule = standard()
    over = rule.excess(ints(850, 800, 7, 850), ints(1000, 1000, 0, 1000), rule.limits(["power"] * 3 + ["steel"], []), 1)
    assert over.tolist() == [50, 0, 7, 0]  # without output all use is excess; a sector without a limit has none
    assert rule.charges(over).tolist() == [340_000, 0, 47_600, 0]


def test_what_is_allowed_is_rounded_down() -> None:
    rule = standard(limit={"power": Decimal("0.29")})
    limits = rule.limits(["power"] * 2, [])
    assert rule.excess(ints(29, 29), ints(100, 99), limits, Decimal(1)).tolist() == [0, 1]
    assert rule.excess(ints(3, 2), ints(100, 99), limits, Decimal(10)).tolist() == [1, 0]


def test_a_limit_may_be_a_share_of_the_past() -> None:
    rule = standard(limit={}, share_of_base=Decimal("0.7"), base_year=2020, form="absolute")
    limits = rule.limits(["power", "steel"], [Fraction(100), Fraction(80)])
    assert rule.excess(ints(75, 56), ints(0, 9), limits, Decimal(1)).tolist() == [5, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"limit": {}},
        {"share_of_base": Decimal("0.7"), "base_year": 2020},
        {"limit": {}, "share_of_base": Decimal("0.7")},
        {"base_year": 2020},
    ],
)
def test_a_standard_has_one_limit(changes: dict) -> None:
    with pytest.raises(PolicyError, match="share_of_base"):
        standard(**changes)


# -- subsidy


def test_a_grant_is_capped() -> None:
    rule = MeasureSubsidy(share=Decimal("0.15"), cap=12_000_000)
    claims = ints(*(rule.claim(capex, 0.0) for capex in (100_000_000, 10_000_003, 10)))
    assert claims.tolist() == [15_000_000, 1_500_000, 2]  # 1.5 fen is rounded half up
    assert rule.grants(claims, ints(0, 11_000_000, 12_000_000), None).tolist() == [12_000_000, 1_000_000, 0]


def test_claims_of_a_day_share_what_is_left_of_the_budget() -> None:
    rule = MeasureSubsidy(share=Decimal("0.5"), budget=1000)
    assert rule.grants(ints(500, 500, 1), ints(0, 0, 0), 1000).tolist() == [500, 499, 1]  # 499.5, 499.5, 0.999
    assert rule.grants(ints(300, 300), ints(0, 0), 1000).tolist() == [300, 300]
    assert rule.grants(ints(300, 300), ints(0, 0), 0).tolist() == [0, 0]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20), st.integers(0, 10**9), st.integers(0, 10**9))
def test_grants_never_exceed_claims_caps_or_budget(claims: list[int], cap: int, left: int) -> None:
    rule = MeasureSubsidy(share=Decimal(1), cap=cap)
    got = rule.grants(ints(*claims), np.zeros(len(claims), np.int64), left)
    most = np.minimum(claims, cap)
    assert (got <= most).all() and got.sum() == min(left, most.sum())


def test_a_grant_may_be_paid_by_what_is_saved() -> None:
    rule = MeasureSubsidy(form="per_unit", fen_per_unit=Decimal("2.5"), right="CEA", measures=("Scrubber",))
    assert (rule.claim(10**9, 1000.0), rule.claim(10**9, -3.0)) == (2500, 0)
    assert rule.supports("Scrubber") and not rule.supports("Boiler")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "form is capex_share but share is missing"),
        ({"form": "per_unit", "fen_per_unit": Decimal(1)}, "form is per_unit but right is missing"),
        ({"share": Decimal(1), "right": "CEA"}, "form is capex_share but right is given"),
        ({"form": "tax_credit", "share": Decimal(1), "budget": 5}, "tax_credit, which no budget"),
    ],
)
def test_a_grant_has_the_amounts_of_its_form(given: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        MeasureSubsidy(**given)


# -- power price

TIERS = (PowerTier(over=Decimal(0), add=Decimal("0.1")), PowerTier(over=Decimal("0.5"), add=Decimal("0.3")))


def test_backward_plant_pays_more_for_power() -> None:
    rule = DifferentialPowerPrice(classes={"restricted": Decimal("0.10"), "eliminated": Decimal("0.30")})
    adds = rule.per_kwh(["restricted", "eliminated", "other"], [Fraction(0)] * 3)
    assert rule.surcharge(ints(2_000_000, 1, 5), adds).tolist() == [20_000_000, 30, 0]


def test_the_highest_step_that_is_reached_counts() -> None:
    rule = DifferentialPowerPrice(tiers=TIERS, limit={"cement": Decimal(100)}, right="ENERGY")
    steps = {100: "0", 101: "0.1", 150: "0.1", 151: "0.3"}
    assert {i: rule.tier_add("cement", Fraction(i)) for i in steps} == {i: Fraction(x) for i, x in steps.items()}
    assert rule.tier_add("steel", Fraction(10**6)) == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tiers": TIERS[::-1], "limit": {"a": Decimal(1)}, "right": "E"}, "must rise"),
        ({"tiers": TIERS}, "belong together"),
        ({"limit": {"a": Decimal(1)}}, "belong together"),
    ],
)
def test_steps_rise_and_have_a_limit(given: dict, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        DifferentialPowerPrice(**given)


# -- recycling


def test_the_pot_is_shared_to_the_fen() -> None:
    # 1,000.01 CNY by .5, .3, .2: 50,000.5, 30,000.3, 20,000.2 fen.
    shares = {"abatement_fund": Decimal("0.5"), "equal": Decimal("0.3"), "loan_risk_fund": Decimal("0.2")}
    parts = RevenueRecycling(shares=shares).parts(100_001)
    assert parts == {"abatement_fund": 50_001, "equal": 30_000, "loan_risk_fund": 20_000, "budget": 0}


@given(st.integers(0, 10**12), st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(lambda x: sum(x) <= 100))
def test_nothing_of_the_pot_is_lost(pot: int, shares: list[int]) -> None:
    names = ("equal", "eco_compensation", "budget")
    rule = RevenueRecycling(shares={n: Decimal(x) / 100 for n, x in zip(names, shares, strict=True)})
    parts = rule.parts(pot)
    assert sum(parts.values()) == pot and min(parts.values()) >= 0
    assert parts["budget"] >= pot * shares[2] // 100


def test_a_rebate_goes_by_use_between_sectors_and_by_output_within() -> None:
    rule = RevenueRecycling(shares={"output_rebate": Decimal(1)}, right="CEA")
    output = [Fraction(1), Fraction(3), Fraction(7), Fraction(0)]
    assert rule.rebates(100, output, ints(10, 20, 70, 50), ["a", "a", "b", "c"]).tolist() == [8, 22, 70, 0]
    assert rule.rebates(100, [Fraction(0)] * 4, ints(1, 1, 1, 1), ["a"] * 4).tolist() == [0, 0, 0, 0]


def test_more_than_the_pot_cannot_be_shared() -> None:
    with pytest.raises(PolicyError, match="E_SHARES: shares equal, budget add up to 1.1"):
        RevenueRecycling(shares={"equal": Decimal("0.6"), "budget": Decimal("0.5")})
    with pytest.raises(PolicyError, match="output_rebate but right is missing"):
        RevenueRecycling(shares={"output_rebate": Decimal("0.5")})
