"""What the allocation slot of a right gives a population."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from rights_market.entitlement import Entitlement
from rights_market.errors import PolicyError
from rights_market.policies.allocation import (
    Benchmark,
    CapScaling,
    FreeShare,
    Grandfathering,
    OutputBenchmark,
    Product,
    Remark,
    Where,
)
from rights_market.policies.cap import AbsolutePath, EnergyDualControl
from tests.compliance_market import CEA, lots, rule_book

SECTORS = ("power", "power", "steel", "paper")
CLASSES = ("class I", "class II", "steel", "paper")
POWER = OutputBenchmark(
    products=(
        Product(name="class I", output=Benchmark(table={2024: Decimal("0.8"), 2025: Decimal("0.79")})),
        Product(name="class II", output=Benchmark(b0=Decimal("0.9"), base_year=2024, tighten=Decimal("0.01"))),
        Product(name="gas", output=Benchmark(table={2023: Decimal("0.4")})),
    )
)
STEEL = Grandfathering(base_years=(2022, 2023), cut=Decimal("0.02"))
SLOT = (replace(POWER, where=Where(sectors=("power",))), replace(STEEL, where=Where(sectors=("steel",))))


def entitlement(*entries, classes=CLASSES, right=CEA):
    return Entitlement(rule_book(allocation=entries, right=right), SECTORS, classes)


class TestLots:
    def test_each_firm_by_its_own_rule_and_nobody_else(self):
        given = entitlement(*SLOT)
        given.report_use(2022, lots(0, 0, 100, 500))
        given.report_use(2023, lots(0, 0, 120, 500))
        # 1,000 x 0.79; 1,001 x 0.891 = 891.891; 110 x 0.98^2 = 105.644; paper has no rule.
        assert given.lots(2025, lots(1000, 1001, 7, 7), lots(0, 0, 0, 0)).tolist() == [790, 892, 106, 0]

    def test_years_are_told_apart(self):
        entries = (replace(STEEL, base_years=(2022,), where=Where(years=(2025,))),)
        given = entitlement(*entries)
        given.report_use(2022, lots(10, 10, 10, 10))
        assert not given.lots(2024, lots(1, 1, 1, 1), lots(1, 1, 1, 1)).any()
        # 10 x 0.98^3 = 9.41.
        assert given.lots(2025, lots(1, 1, 1, 1), lots(1, 1, 1, 1)).tolist() == [9, 9, 9, 9]

    def test_without_classes_the_sector_is_the_class(self):
        steel = OutputBenchmark(products=(Product(name="steel", output=Benchmark(table={2024: Decimal("1.85")})),))
        given = entitlement(replace(steel, where=Where(sectors=("steel",))), classes=())
        assert given.lots(2024, lots(0, 0, 10, 0), lots(0, 0, 0, 0)).tolist() == [0, 0, 19, 0]

    def test_exempt_products_are_given_their_use_in_lots(self):
        right = replace(CEA, lot=Decimal(10), tick_yuan=Decimal("0.01"))
        entry = replace(POWER, exempt=("class II",), where=Where(sectors=("power",)))
        given = entitlement(entry, right=right)
        # Class I: 1,000 x 0.8 t are 80 lots of 10 t; class II used 77 lots.
        assert given.lots(2024, lots(1000, 1000, 0, 0), lots(5, 77, 5, 5)).tolist() == [80, 77, 0, 0]

    def test_a_base_year_that_was_never_reported_is_named(self):
        given = entitlement(*SLOT)
        given.report_use(2023, lots(0, 0, 120, 500))
        with pytest.raises(PolicyError, match=r"CEA: no use was reported for the base years \[2022\]"):
            given.lots(2025, lots(1, 1, 1, 1), lots(1, 1, 1, 1))

    def test_a_filed_use_does_not_change_with_the_array_it_came_from(self):
        given, use = entitlement(*SLOT), lots(1, 2, 3, 4)
        given.report_use(2022, use)
        use[:] = 0
        assert given.use_lots[2022].tolist() == [1, 2, 3, 4]
        with pytest.raises(PolicyError, match="shape"):
            given.report_use(2023, lots(1, 2))


class TestSlot:
    def test_two_entries_for_one_firm_and_year_are_refused(self):
        clash = replace(STEEL, where=Where(classes=("class II",), years=(2025,)))
        with pytest.raises(PolicyError, match=r"allocation\[0\] and allocation\[2\] both serve firm 1 .* in 2025"):
            entitlement(*SLOT, clash)

    def test_blocks_that_meet_in_no_firm_or_year_are_fine(self):
        entries = (
            replace(STEEL, where=Where(sectors=("steel",), years=(2024,))),
            replace(STEEL, cut=Decimal(0), where=Where(sectors=("steel",), years=(2025,))),
            replace(STEEL, where=Where(classes=("paper",))),
        )
        assert entitlement(*entries).n_firms == 4

    def test_a_class_without_a_product_is_named(self):
        with pytest.raises(PolicyError, match=r"no product \['paper', 'steel'\]"):
            entitlement(POWER)

    def test_which_firms_are_given_more_when_they_make_more(self):
        assert entitlement(*SLOT).follows_output(2024).tolist() == [True, True, False, False]

    def test_base_years_that_will_be_asked_for(self):
        rolling = Grandfathering(base_years=(2020, 2021), update_lag=2, where=Where(sectors=("paper",)))
        assert entitlement(*SLOT, rolling).base_years((2024, 2025)) == {2021, 2022, 2023}


class TestKnown:
    def test_benchmarks_of_the_classes_that_exist_must_reach_the_year(self):
        given = entitlement(SLOT[0])
        assert given.is_known(2024)
        assert given.is_known(2025)
        assert not given.is_known(2026)

    def test_a_benchmark_does_not_reach_back_before_its_base(self):
        assert not entitlement(replace(POWER, where=Where(classes=("class II",)))).is_known(2023)

    def test_heat_needs_its_benchmark_too(self):
        product = replace(POWER.products[0], heat=Benchmark(table={2024: Decimal("0.1")}))
        given = entitlement(replace(POWER, products=(product,), where=Where(classes=("class I",))))
        assert given.is_known(2024)
        assert not given.is_known(2025)

    def test_exempt_products_need_no_benchmark(self):
        entry = replace(POWER, exempt=("class I",), where=Where(classes=("class I",)))
        assert entitlement(entry).is_known(2030)

    def test_base_years_must_be_reported(self):
        given = entitlement(SLOT[1])
        given.report_use(2022, lots(0, 0, 0, 0))
        assert not given.is_known(2024)
        given.report_use(2023, lots(0, 0, 0, 0))
        assert given.is_known(2024)


class TestCredit:
    def credit(self, *entries):
        nothing = lots(0, 0, 0, 0)
        return entitlement(*entries).credit_for_use(2024, nothing, nothing, 0.1).tolist()

    def test_use_earns_nothing_where_free_lots_do_not_follow_it(self):
        assert self.credit(*SLOT) == [0.0, 0.0, 0.0, 0.0]

    def test_what_exempt_firms_use_they_are_given(self):
        assert self.credit(replace(SLOT[0], exempt=("class II",))) == [0.0, 1.0, 0.0, 0.0]

    def test_a_base_that_rolls_on_makes_use_worth_lots_later(self):
        rolling = Grandfathering(
            base_years=(2022, 2023), update_lag=1, cut=Decimal("0.02"), where=Where(sectors=("steel",))
        )
        # Half of it counts in each of the next two years, cut by 2 %: 0.98 x (1/1.1 + 1/1.21) / 2.
        assert self.credit(rolling) == pytest.approx([0.0, 0.0, 0.850413, 0.0], abs=1e-6)


class TestCuts:
    """1,000 x 0.8 and 1,000 x 0.9 for power, 110 x 0.98 for steel."""

    OUTPUT, USE = lots(1000, 1000, 0, 0), lots(0, 0, 0, 0)

    def given(self, regions=(), **rules):
        given = Entitlement(rule_book(allocation=SLOT, **rules), SECTORS, CLASSES, regions)
        given.report_use(2022, lots(0, 0, 100, 0))
        given.report_use(2023, lots(0, 0, 120, 0))
        return given

    def lots(self, given):
        return given.lots(2024, self.OUTPUT, self.USE).tolist()

    def test_a_share_is_free_and_the_rest_is_for_auction(self):
        mix = (
            FreeShare(free_share=Decimal("0.1"), where=Where(sectors=("power",))),
            FreeShare(free_share=Decimal(1), where=Where(sectors=("steel",))),
        )
        given = self.given(mix=mix, cap=AbsolutePath(table={2024: 1000, 2025: 1000}))
        given.cap_lots[2024], given.set_aside_lots[2024] = 1000, 30
        assert self.lots(given) == [80, 90, 108, 0]
        claims = given.claims(2024, self.OUTPUT, self.USE)
        assert given.auction_lots(2024, claims, 1000) == 1000 - 30 - 278
        assert given.outside_mix(2024).tolist() == [False, False, False, True]

    def test_claims_are_scaled_to_the_cap_once_it_is_set(self):
        given = self.given(scaling=CapScaling(), cap=AbsolutePath(table={2024: 904, 2025: 904}))
        assert self.lots(given) == [800, 900, 108, 0]
        given.cap_lots[2024] = 904
        # Half of 1,808.
        assert self.lots(given) == [400, 450, 54, 0]

    def test_a_region_is_given_no_more_than_its_total(self):
        cap = EnergyDualControl(total={"north": 850, "south": 10_000}, start_year=2020)
        given = self.given(("north", "north", "south", "south"), cap=cap)
        # 800 and 900 share 850 lots.
        assert self.lots(given) == [400, 450, 108, 0]

    def test_who_is_not_covered_is_given_nothing_and_claims_nothing_of_the_cap(self):
        given = self.given(scaling=CapScaling(), cap=AbsolutePath(table={2024: 1008, 2025: 904}))
        given.cap_lots[2024], given.lists = 1008, {0: np.array([False, True, True, True])}
        assert self.lots(given) == [0, 900, 108, 0]


class TestEntry:
    def test_years_before_a_firm_began_do_not_count_as_years_without_use(self):
        given = entitlement(replace(STEEL, skip_zero=False, where=Where(sectors=("steel", "paper")), cut=Decimal(0)))
        given.report_use(2022, lots(0, 0, 0, 0))
        given.report_use(2023, lots(0, 0, 100, 100))
        given.entry_year[3] = 2023
        assert given.lots(2024, lots(0, 0, 0, 0), lots(0, 0, 0, 0)).tolist() == [0, 0, 50, 100]

    def test_lists_hold_from_their_first_year_on(self):
        given = entitlement(*SLOT)
        given.lists = {0: np.array([True, False, False, False]), 2024: np.array([False, True, False, False])}
        assert [given.listed(y).argmax() for y in (2020, 2023, 2024, 2030)] == [0, 0, 1, 1]

    def test_a_closed_firm_is_served_by_what_it_makes_only(self):
        given = entitlement(*SLOT)
        given.is_closed[[0, 2]] = True
        assert given.served(2024).tolist() == [True, True, False, True]


class TestUnshared:
    @pytest.mark.parametrize(
        ("use", "left"),
        [
            ((0, 0, 0, 9), [("grandfathering", Remark("nothing_to_share", 90, "allocation of 2024"))]),
            ((0, 0, 1, 0), []),
        ],
    )
    def test_a_total_needs_a_firm_with_a_base(self, use, left):
        entry = Grandfathering(base_years=(2023,), total=90, where=Where(sectors=("steel",)))
        given = entitlement(entry)
        assert given.remarks(2024) == []
        given.report_use(2023, lots(*use))
        assert given.remarks(2024) == left


def test_a_state_gives_the_reports_back():
    given, copy = entitlement(*SLOT), entitlement(*SLOT)
    given.report_use(2022, lots(1, 2, 3, 4), lots(5, 6, 7, 8))
    given.cap_lots[2024], given.set_aside_lots[2024] = 90, 3
    given.lists = {2024: np.array([True, False, True, True])}
    copy.restore(given.state(), newest=0)
    assert (copy.cap_lots, copy.set_aside_lots, copy.listed(2030).tolist()) == (
        {2024: 90},
        {2024: 3},
        [True, False, True, True],
    )
    assert {year: use.tolist() for year, use in copy.use_lots.items()} == {2022: [1, 2, 3, 4]}
    assert {year: made.tolist() for year, made in copy.output_units.items()} == {2022: [5, 6, 7, 8]}
    copy.use_lots[2022][0] = 9
    assert np.array_equal(given.use_lots[2022], lots(1, 2, 3, 4))
