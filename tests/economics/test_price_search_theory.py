"""Textbook answers of permit-market theory that the shared price search must return exactly."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from agents.abatement import CostCurves, JointMeasures
from agents.joint_rights import JointProblem, joint_prices
from agents.price_search import BankingProblem, make_good_ceiling, one_period_price, present_cost, price_path

LINE = CostCurves.linear(0, 1, 100)  # MAC = a on a baseline of 100


def caps(*runs, start=0, **rules):
    """Market with baseline 100 and caps given as (years, cap) runs, from year `start` on."""
    supply = np.concatenate([np.full(years, float(cap)) for years, cap in runs])[start:]
    return BankingProblem(supply, np.full((len(supply), 1), 100.0), LINE, rules.pop("rate", 0.05), **rules)


class TestBankingPath:
    """V15: Rubin (1996), Schennach (2000), Cronshaw and Kruse (1996); caps 90 for 5 years, then 60 for 15."""

    problem = caps((5, 90), (15, 60))

    def test_price_grows_at_the_rate_of_interest_until_the_bank_is_empty(self):
        path = price_path(self.problem)
        first = 410 / ((1.05**14 - 1) / 0.05)
        assert first == pytest.approx(20.9198, abs=5e-5)
        assert path.price[:14] == pytest.approx(first * 1.05 ** np.arange(14), rel=1e-9)
        assert path.price[14:] == pytest.approx(np.full(6, 40.0), rel=1e-9)
        assert path.segments[0] == (0, 13)

    def test_bank_peaks_in_year_five_and_is_gone_in_year_fourteen(self):
        path = price_path(self.problem)
        assert path.bank[4] == path.bank.max() == pytest.approx(65.595, abs=5e-4)
        assert path.bank[13:] == pytest.approx(np.zeros(7), abs=1e-8)

    def test_banking_saves_nine_percent(self):
        with_bank = present_cost(self.problem, price_path(self.problem))
        lapsing = replace(self.problem, bankable=False)
        without = present_cost(lapsing, price_path(lapsing))
        assert with_bank == pytest.approx(6441.96, abs=5e-3)
        assert without == pytest.approx(7058.79, abs=5e-3)
        assert with_bank / without - 1 == pytest.approx(-0.0874, abs=5e-5)


class TestAnnouncedTightening:
    """V16: baseline 100, caps 80; in year 5 the caps of years 8-10 become 40."""

    def test_a_flat_price_never_justifies_a_bank(self):
        path = price_path(caps((10, 80)))
        assert path.price == pytest.approx(np.full(10, 20.0), rel=1e-9)
        assert path.bank == pytest.approx(np.zeros(10), abs=1e-8)

    def test_price_jumps_when_the_news_arrives(self):
        path = price_path(caps((7, 80), (3, 40), start=4))
        first = 240 / ((1.05**6 - 1) / 0.05)
        assert first == pytest.approx(35.2842, abs=5e-5)
        assert path.price == pytest.approx(first * 1.05 ** np.arange(6), rel=1e-9)
        assert path.price == pytest.approx([35.2842, 37.048, 38.901, 40.846, 42.888, 45.033], abs=6e-4)
        assert path.bank == pytest.approx([15.28, 32.33, 51.23, 32.08, 14.97, 0], abs=6e-3)
        assert path.price[0] / 20 - 1 == pytest.approx(0.764, abs=5e-4)

    def test_perfect_foresight_smooths_the_whole_decade(self):
        path = price_path(caps((7, 80), (3, 40)))
        assert path.segments == ((0, 9),)
        assert path.price[0] == pytest.approx(320 / ((1.05**10 - 1) / 0.05), rel=1e-9)
        assert path.price[0] == pytest.approx(25.4415, abs=5e-5)


class TestMontgomery:
    """V08: four firms with MAC a, 2a, 10 + a/2, 5 + 4a and 280 permits (Montgomery 1972)."""

    baseline = np.array([100.0, 100.0, 80.0, 120.0])
    curves = CostCurves.linear([0, 0, 10, 5], [1, 2, 0.5, 4], baseline)

    def test_one_period_price(self):
        assert one_period_price(self.curves, self.baseline, 280.0) == pytest.approx(113 / 3, rel=1e-10)

    def test_components_of_a_network(self):
        """V30: two isolated pairs, 154 permits for firms 1 and 4 and 126 for 2 and 3."""
        for pair, permits, price in (((0, 3), 154.0, 53.8), ((1, 2), 126.0, 29.6)):
            rows = np.array(pair)
            assert one_period_price(self.curves.take(rows), self.baseline[rows], permits) == pytest.approx(
                price, rel=1e-9
            )


class TestFineAsCeiling:
    """V19: ten firms of baseline 20, five with MAC a and five with 2a, 120 permits, fine 8 per unit."""

    baseline = np.full(10, 20.0)
    curves = CostCurves.linear(0, np.repeat([1.0, 2.0], 5), baseline)

    def problem(self, years, **rules):
        return BankingProblem(np.full(years, 120.0), np.tile(self.baseline, (years, 1)), self.curves, 0.05, **rules)

    def test_a_flat_fine_is_the_highest_price(self):
        assert one_period_price(self.curves, self.baseline, 120.0) == pytest.approx(32 / 3, rel=1e-10)
        path = price_path(self.problem(1, ceiling=np.array([8.0])))
        assert path.price == pytest.approx([8], rel=1e-10)
        assert path.abated == pytest.approx([60], rel=1e-10)
        assert path.shortfall == pytest.approx([20], rel=1e-10)

    def test_making_good_lifts_the_ceiling_by_the_discounted_price(self):
        ceiling = float(make_good_ceiling(8.0, 32 / 3, 0.05))
        assert ceiling == pytest.approx(8 + 32 / 3 / 1.05)
        assert one_period_price(self.curves, self.baseline, 120.0, ceiling) == pytest.approx(32 / 3, rel=1e-10)
        path = price_path(self.problem(3, ceiling=np.full(3, 8.0), make_good=True, price_after=32 / 3))
        assert path.price == pytest.approx(np.full(3, 32 / 3), rel=1e-9)
        assert path.shortfall == pytest.approx(np.zeros(3), abs=1e-8)

    def test_a_negligible_fine_postpones_and_does_not_forgive(self):
        """With a fine of 0.5 all years owe, and the price falls behind the rate of interest by the fine."""
        path = price_path(self.problem(3, ceiling=np.full(3, 0.5), make_good=True, price_after=9.0))
        assert path.price[2] == pytest.approx(0.5 + 9 / 1.05, rel=1e-9)
        assert path.price[1] == pytest.approx(0.5 + path.price[2] / 1.05, rel=1e-9)
        assert path.shortfall[2] == pytest.approx(3 * 80 - 7.5 * path.price.sum(), rel=1e-9)


class TestPlanInYearsOfEmissions:
    """The shared plan: B + sum_k [mu - g k + r(P (1 + i)^k)] = 0 with a r + b r^2 = p."""

    coal = CostCurves.of(0, 1200, 8000)

    @pytest.mark.parametrize(("bank", "mu", "g"), [(0.0, 0.021, 0.0175), (0.05, 0.0, 0.0175), (-0.02, -0.01, 0.01)])
    def test_the_plan_neither_exhausts_nor_wastes_the_bank(self, bank, mu, g):
        k = np.arange(10)
        problem = BankingProblem.of_plan(bank, mu - g * k, self.coal, 0.08)

        def balance(price):
            p = price * 1.08**k
            return bank + (mu - g * k + (np.sqrt(1200**2 + 4 * 8000 * p) - 1200) / (2 * 8000)).sum()

        path = price_path(problem)
        assert path.price[0] == pytest.approx(brentq(balance, 0, 1000, xtol=1e-12), rel=1e-9)
        assert path.price[1:] / path.price[:-1] == pytest.approx(np.full(9, 1.08))
        assert path.bank[-1] == pytest.approx(0, abs=1e-9)
        assert path.segments == ((0, 9),)

    def test_a_steady_tightening_needs_no_borrowing(self):
        """Where balances fall year by year the plan and the segment search agree."""
        problem = BankingProblem.of_plan(0.05, 0.021 - 0.0175 * np.arange(10), self.coal, 0.08)
        free = price_path(problem)
        assert free.bank.min() >= -1e-9
        assert price_path(replace(problem, borrowing=False)).price == pytest.approx(free.price, rel=1e-9)

    def test_no_expected_scarcity_means_a_price_of_zero(self):
        path = price_path(BankingProblem.of_plan(0.05, np.full(10, 0.02), self.coal, 0.08))
        assert path.price.tolist() == [0.0] * 10

    def test_scarcity_in_the_first_year_alone_by_hand(self):
        """One year short by 10 %: r = 0.1 costs 1200 x 0.1 + 8000 x 0.01 = 200."""
        assert price_path(BankingProblem.of_plan(0.0, [-0.1], self.coal, 0.08)).price == pytest.approx([200])


class TestJointRights:
    """V21: efficiency, capture and a scrubber that uses energy; rights CO2, SO2 and energy."""

    measures = JointMeasures(
        firm=np.zeros(3, dtype=np.int64),
        capacity=np.full(3, 60.0),
        curves=CostCurves.linear([10, 40, 5], [2, 1, 1], 60),
        reduction=np.array([[1, 0.5, 1], [1, 0, -0.3], [-0.05, 1, -0.02]]),
    )

    @pytest.mark.parametrize(
        ("required", "amount", "cost", "price"),
        [
            ((40, 30, 12), (27.582, 13.229, 16.209), 1865.63, (53.229, 23.871, 0)),
            ((40, 30, 25), (28.881, 11.898, 15.560), 1868.41, (52.874, 23.269, 3.253)),
            ((20, 30, 12), (20.976, 0, 19.512), 937.66, (38.727, 26.449, 0)),
        ],
    )
    def test_price_of_each_right(self, required, amount, cost, price):
        found = joint_prices(JointProblem(self.measures, np.array(required, dtype=np.float64)))
        assert found.amount == pytest.approx(amount, rel=1e-4)
        assert found.cost == pytest.approx(cost, rel=1e-4)
        assert found.price == pytest.approx(price, rel=1e-4, abs=1e-9)

    def test_energy_saved_as_a_by_product_is_free(self):
        found = joint_prices(JointProblem(self.measures, np.array([40.0, 30.0, 12.0])))
        assert found.price[2] == 0
        assert found.saved[2] - 12 == pytest.approx(11.29, abs=5e-3)

    def test_one_right_at_a_time_abates_too_much(self):
        """Control: alone, CO2 is priced 170/3 and SO2 100/3; the measures of both deliver a third too much SO2."""
        alone = []
        for right, required, price in ((0, 40.0, 170 / 3), (1, 30.0, 100 / 3)):
            single = replace(self.measures, reduction=self.measures.reduction[:, [right]])
            found = joint_prices(JointProblem(single, np.array([required])))
            assert found.price[0] == pytest.approx(price, rel=1e-9)
            alone.append(found.amount)
        both = np.maximum(*alone)
        assert both == pytest.approx([70 / 3, 50 / 3, 85 / 3], rel=1e-9)
        assert (self.measures.reduction.T @ both)[1] == pytest.approx(40, rel=1e-9)
        assert self.measures.cost(both).sum() > 1865.63 * 1.05
