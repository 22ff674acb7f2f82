"""Consigned lots: who sells how much, and what consignors are paid."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from rights_market.policies.auction import Consignment

OFFERED = np.array([30, 20])


def test_consigned_lots_are_sold_before_those_of_the_government() -> None:
    """A offers 30, B 20 and the government 50."""
    rule = Consignment()
    assert rule.sold_for(60, OFFERED, 50).tolist() == [30, 20]
    assert rule.sold_for(40, OFFERED, 50).tolist() == [24, 16]
    assert rule.proceeds_fen(24 * 2500) == 60_000


def test_lots_may_be_sold_in_proportion_to_what_is_offered() -> None:
    """Half of the 60 sold are consigned: 18 of A and 12 of B."""
    assert Consignment(priority="pro_rata").sold_for(60, OFFERED, 50).tolist() == [18, 12]


def test_a_share_is_consigned_and_a_fee_kept() -> None:
    rule = Consignment(share=Decimal("0.75"), rebate_fee=Decimal("0.01"))
    assert rule.consigned(np.array([101, 2])).tolist() == [75, 1]
    assert rule.proceeds_fen(60_050) == 59_449  # the fee of 600.5 fen is 601
