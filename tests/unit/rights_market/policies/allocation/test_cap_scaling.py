"""Claims against a cap."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import PolicyError
from rights_market.policies.allocation import CapScaling, FreeShare, Where, free_part
from tests.compliance_market import lots

NOBODY = np.zeros(3, np.bool_)


def test_claims_beyond_the_budget_are_cut_by_one_factor():
    scaled = CapScaling().scale(90, 0, lots(50, 30, 25), NOBODY)
    assert scaled.lots.tolist() == [43, 26, 21]
    assert (scaled.budget, scaled.claimed, scaled.missing, scaled.factor) == (90, 105, 0, Fraction(6, 7))


def test_claims_within_the_budget_stand_and_the_rest_is_left():
    rule = CapScaling()
    scaled = rule.scale(120, 10, lots(50, 30, 25), NOBODY)
    assert (scaled.lots.tolist(), scaled.factor) == ([50, 30, 25], 1)
    assert rule.auctioned(120, 10, scaled) == 5
    assert CapScaling(leftover="cancel").auctioned(120, 10, scaled) == 0


def test_a_part_of_the_cap_is_kept_for_auctions():
    # 1,000 less 30 for entrants less 57 %: 400 for 410 claimed; 341.46 and 58.54 become 341 and 59.
    rule = CapScaling(min_auction_share=Decimal("0.57"))
    scaled = rule.scale(1000, 30, lots(0, 350, 60), NOBODY)
    assert (scaled.lots.tolist(), scaled.budget) == ([0, 341, 59], 400)
    assert rule.auctioned(1000, 30, scaled) == 570


def test_flexibility_is_used_before_claims_are_cut():
    rule = CapScaling(min_auction_share=Decimal("0.57"), flex_share=Decimal("0.03"))
    scaled = rule.scale(1000, 30, lots(0, 350, 60), NOBODY)
    assert (scaled.lots.tolist(), scaled.budget) == ([0, 350, 60], 430)
    assert rule.auctioned(1000, 30, scaled) == 560


def test_exempt_claims_come_first_and_a_budget_below_zero_is_none():
    scaled = CapScaling().scale(60, 0, lots(70, 30, 25), np.array([True, False, False]))
    assert (scaled.lots.tolist(), scaled.budget, scaled.missing, scaled.factor) == ([70, 0, 0], 0, 10, 0)


def test_more_flexibility_than_auctions_is_refused():
    with pytest.raises(PolicyError, match="flex_share 0.1 exceeds min_auction_share 0.05"):
        CapScaling(min_auction_share=Decimal("0.05"), flex_share=Decimal("0.1"))


@given(st.integers(0, 1000), st.integers(0, 100), st.lists(st.integers(0, 500), min_size=3, max_size=3))
def test_no_more_than_the_cap_is_given(cap, aside, claims):
    rule = CapScaling(min_auction_share=Decimal("0.2"))
    scaled = rule.scale(cap, min(aside, cap), lots(*claims), NOBODY)
    assert scaled.lots.sum() + rule.auctioned(cap, min(aside, cap), scaled) == cap - min(aside, cap)
    assert (scaled.lots <= claims).all()


class TestFreeShare:
    SECTORS = ("power", "steel", "heat")

    def mix(self, *pairs):
        return [FreeShare(free_share=Decimal(share), where=Where(sectors=(name,))) for name, share in pairs]

    def test_each_sector_is_given_its_share_free(self):
        rules = self.mix(("power", "0"), ("steel", "1"), ("heat", "0.3"))
        free = free_part(rules, lots(400, 350, 200), self.SECTORS, self.SECTORS, 2026)
        assert free.tolist() == [0, 350, 60]
        # 1,000 less 30 for entrants less 410.
        rest = CapScaling()
        assert rest.auctioned(1000, 30, rest.scale(1000, 30, free, NOBODY)) == 560

    def test_halves_are_rounded_up(self):
        assert FreeShare(free_share=Decimal("0.5")).claims(lots(5, 3)).tolist() == [3, 2]

    def test_a_sector_that_is_not_named_is_given_nothing(self):
        free = free_part(self.mix(("steel", "1")), lots(1, 2, 3), self.SECTORS, self.SECTORS, 2026)
        assert free.tolist() == [0, 2, 0]

    def test_without_shares_everything_is_free(self):
        assert free_part([], lots(1, 2, 3), self.SECTORS, self.SECTORS, 2026).tolist() == [1, 2, 3]

    def test_more_than_all_is_refused(self):
        with pytest.raises(PolicyError, match="free_share is 1.1, expected at most 1"):
            FreeShare(free_share=Decimal("1.1"))
