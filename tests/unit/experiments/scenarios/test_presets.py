"""The shipped presets hold the figures that the rules of their markets publish, worked by hand."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from experiments.scenarios.catalogue import FIRST, shipped, titles
from experiments.scenarios.load import load_scenario
from experiments.scenarios.schema import MarketScenario
from rights_market.policies.allocation import Activity
from rights_market.policies.banking import NetSales
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    TieredPriceReserve,
)
from rights_market.rulebook import RuleBook

PRESETS = [name for name in shipped() if name not in FIRST]


def preset(name: str) -> MarketScenario:
    scenario = load_scenario(name)
    assert isinstance(scenario, MarketScenario)
    return scenario


def book_of(name: str) -> RuleBook:
    return preset(name).rule_books()[0]


def test_titles_are_those_of_the_scenarios() -> None:
    for lang in ("en", "zh"):
        assert titles(lang) == {name: getattr(load_scenario(name).title, lang) for name in shipped()}


def test_those_to_begin_with_come_first_and_chinese_presets_next() -> None:
    names = list(shipped())
    assert tuple(names[: len(FIRST)]) == FIRST
    assert names[len(FIRST) :][:4] == ["china-2019-20", "china-2021-22", "china-2023-24", "china-2025"]
    assert names[-1] == "rggi"


@pytest.mark.parametrize("name", PRESETS)
def test_every_source_of_a_preset_has_a_mark_and_is_not_doubled(name: str) -> None:
    sources = preset(name).sources
    assert len({s.id for s in sources}) == len(sources) > 0
    assert {s.mark for s in sources} <= {"seen", "known", "approx", "derived"}


def test_rggi_prices_are_rounded_to_the_cent_each_year() -> None:
    """2.38 x 1.025 = 2.4395 -> 2.44; 2.44 x 1.025 = 2.501 -> 2.50; the trigger of 2025 is 17.03, of 2027 19.50."""
    book = book_of("rggi")
    assert book.auction is not None and book.auction.schedule.reserve_path is not None
    reserve = book.auction.schedule.reserve_path
    assert [reserve.price(y) for y in range(2021, 2026)] == [238, 244, 250, 256, 262]
    above, below = book.steady(CostContainmentReserve), book.steady(EmissionsContainmentReserve)
    assert above is not None and below is not None
    (tier,) = above.tiers
    assert [tier.trigger.price(y) for y in range(2021, 2028)] == [1300, 1391, 1488, 1592, 1703, 1822, 1950]
    assert below.trigger.price(2021) == 600 and below.trigger.price(2026) == 841


def test_rggi_caps_fall_by_2_275_million_a_year() -> None:
    cap = book_of("rggi").cap
    assert cap is not None
    assert [cap.cap(y) for y in (2021, 2022, 2023)] == [75_148_000, 72_873_000, 70_598_000]
    assert {cap.cap(y) - cap.cap(y + 1) for y in range(2021, 2026)} == {2_275_000}


def test_caps_of_the_eu_follow_the_linear_factor_and_its_steps() -> None:
    """1,571.583 - 2 x 43.00351 - 84.052315 - 15.472 = 1,386.052; then 84.052315 less a year, and 27 less in 2026."""
    cap = book_of("eu-ets-phase4").cap
    assert cap is not None
    millions = [round(cap.cap(y) / 1e6, 3) for y in range(2024, 2029)]
    assert millions == [1386.052, 1301.999, 1190.947, 1106.895, 1020.888]


def test_power_buys_all_of_its_allowances_in_the_eu() -> None:
    shares = {
        s: (entry.free_share, entry.where.years) for entry in book_of("eu-ets-phase4").mix for s in entry.where.sectors
    }
    assert shares["industry"] == (1, ())
    in_phase = [m for m in book_of("eu-ets-phase4").mix if 2025 in (m.where.years or (2025,))]
    assert {s: m.free_share for m in in_phase for s in m.where.sectors} == {
        "industry": 1,
        "heat": Decimal("0.30"),
        "power": 0,
    }


def test_tiers_and_ceiling_of_california_are_the_published_ones() -> None:
    rule = book_of("california").steady(TieredPriceReserve)
    assert rule is not None and rule.ceiling is not None
    first, second = (tier.trigger for tier in rule.tiers)
    years = range(2021, 2026)
    assert [first.price(y) for y in years] == [4140, 4605, 5192, 5620, 6047]
    assert [second.price(y) for y in years] == [5320, 5917, 6671, 7221, 7770]
    assert [rule.ceiling.price(y) for y in years] == [6500, 7229, 8150, 8822, 9492]


def test_benchmarks_of_2022_are_the_table_and_not_half_a_percent_less() -> None:
    """Gas: 0.3920 x 0.995 = 0.39004, yet the plan says 0.3901."""
    (rule,) = book_of("china-2021-22").allocation
    values = {p.name: [p.output.value(y, p.name) for y in (2021, 2022)] for p in rule.products}
    assert values["class_1"] == [Decimal("0.8218"), Decimal("0.8177")]
    assert values["class_4"] == [Decimal("0.3920"), Decimal("0.3901")]


def test_the_named_unit_of_2021_by_the_preset() -> None:
    """3,000,000 MWh, water-cooled, 10 % heat (1,500,000 GJ), load 72 %, use 3,400,000 t; a gap above 20 % is forgiven.

    3,000,000 x 0.8218 x 0.978 x 1.015^1.6 + 1,500,000 x 0.1111 = 2,635,938.956; duty 2,635,939 + 680,000.
    """
    book = book_of("china-2021-22")
    (rule,) = book.allocation
    unit = Activity.of(product=0, output_units=3_000_000, heat_units=1_500_000, heat_share=1000, load=7200)
    assert rule.allocate(unit, 2021) == [2_635_939]
    forgiven = book.shortfall_caps[0].forgiven(np.array([3_400_000]), np.array([2_635_939]))
    assert 3_400_000 - forgiven == [3_315_939]


def test_a_net_seller_carries_ten_thousand_and_one_and_a_half_times_its_sales() -> None:
    change = preset("china-2023-24").rights["CEA"].changes[1].set["banking"]
    rule = NetSales(base=change["base"], factor=Decimal(str(change["factor"])))
    assert rule.most(np.array([180_000, 0, -5_000])).tolist() == [280_000, 10_000, 10_000]
    korea = book_of("korea").banking
    assert isinstance(korea, NetSales)
    assert korea.most(np.array([180_000, -5_000])).tolist() == [360_000, 0]


def test_a_new_project_brings_twice_its_need_where_the_standard_was_missed() -> None:
    rule = book_of("jiangxi-pollutant").replacement
    assert rule is not None
    assert rule.required(3000, "paper", missed=False) == 3000
    assert rule.required(3000, "paper", missed=True) == 6000


def test_presets_of_china_change_what_they_name_and_keep_the_rest() -> None:
    first, second, third, fourth = (book_of(f"china-20{x}") for x in ("19-20", "21-22", "23-24", "25"))
    assert first.borrowing is None and fourth.borrowing is None
    assert second.borrowing is not None and second.borrowing.share == Decimal("0.5")
    assert third.borrowing is not None and third.borrowing.years == (2022,)
    assert first.block == second.block == third.block == fourth.block is not None
    assert [b.shortfall_caps[0].max_gap for b in (first, second, third, fourth)] == [Decimal("0.2")] * 4
    assert [len(preset(f"china-20{x}").rights["CEA"].changes) for x in ("19-20", "21-22", "23-24", "25")] == [
        0,
        0,
        2,
        1,
    ]
