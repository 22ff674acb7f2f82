"""Limits of a bidder, with the cases of the Californian order: purchase limit, holding limit, guarantee."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.policies.auction import AscendingClock, AuctionLimits, Bids, DescendingClock, PayAsBid
from rights_market.policies.auction.limits import UNLIMITED


def trim(limits: AuctionLimits, rows: list[tuple[int, int, int]], most: int, headroom: int, money: int, size: int = 1):
    table = np.array(rows, np.int64).reshape(-1, 3)
    full = [np.full(len(table), x, np.int64) for x in (most, headroom, money)]
    return limits.trim(Bids(table[:, 0], table[:, 1], table[:, 2]), *full, lot_size=size)


def test_the_purchase_limit_and_the_guarantee_cut_the_lowest_bids() -> None:
    """25 % of 100 leave 20 at 30 and 5 at 28; 650 pay for 21 lots at 30 and 23 at 28."""
    limits = AuctionLimits(purchase_share={"compliance": Decimal("0.25")})
    most = limits.most(limits.share_of("power", "compliance"), 100, 1)
    assert most == 25
    assert trim(limits, [(1, 30, 20), (1, 28, 10)], most, UNLIMITED, 10_000).lots.tolist() == [20, 5]
    cut = trim(limits, [(1, 30, 20), (1, 28, 10)], most, UNLIMITED, 650)
    assert cut.lots.tolist() == [20, 3]
    assert (cut.by_purchase.tolist(), cut.by_holding.tolist(), cut.by_guarantee.tolist()) == ([0, 5], [0, 0], [0, 2])


def test_without_money_all_is_void_unless_no_guarantee_is_asked_for() -> None:
    assert trim(AuctionLimits(), [(1, 30, 20)], UNLIMITED, UNLIMITED, 0).lots.tolist() == [0]
    assert trim(AuctionLimits(guarantee=Decimal(0)), [(1, 30, 20)], UNLIMITED, UNLIMITED, 0).lots.tolist() == [20]
    half = AuctionLimits(guarantee=Decimal("0.5"))
    assert trim(half, [(1, 30, 50)], UNLIMITED, UNLIMITED, 600).lots.tolist() == [40]


def test_room_under_a_holding_limit_is_for_the_highest_bids() -> None:
    cut = trim(AuctionLimits(), [(1, 20, 5), (1, 30, 5)], UNLIMITED, 7, UNLIMITED)
    assert (cut.lots.tolist(), cut.by_holding.tolist()) == ([2, 5], [3, 0])


def test_a_group_is_limited_together_by_its_members_prices() -> None:
    assert trim(AuctionLimits(), [(7, 20, 5), (8, 25, 5), (7, 30, 5)], 8, UNLIMITED, UNLIMITED).lots.tolist() == [
        3,
        5,
        5,
    ]


def test_limits_are_whole_lot_sizes() -> None:
    limits = AuctionLimits(purchase_share={"other": Decimal("0.25")})
    assert limits.most(limits.share_of("institution"), 1030, 100) == 200
    assert trim(limits, [(1, 30, 300)], 250, UNLIMITED, UNLIMITED, size=100).lots.tolist() == [200]


def test_the_most_particular_class_decides() -> None:
    limits = AuctionLimits(
        purchase_share={"power": Decimal("0.4"), "compliance": Decimal("0.25"), "other": Decimal("0.04")}
    )
    assert limits.share_of("power", "compliance") == Fraction(2, 5)
    assert limits.share_of("steel", "compliance") == Fraction(1, 4)
    assert limits.share_of("institution") == Fraction(1, 25)
    assert AuctionLimits().share_of("power") is None


@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 50), st.integers(0, 30)), max_size=12),
    most=st.integers(0, 40),
    money=st.integers(0, 2000),
)
def test_what_stays_can_be_paid_and_is_within_the_limit(
    rows: list[tuple[int, int, int]], most: int, money: int
) -> None:
    cut = trim(AuctionLimits(), rows, most, UNLIMITED, money)
    taken = cut.by_purchase + cut.by_holding + cut.by_guarantee
    assert (cut.lots + taken).tolist() == [lots for *_, lots in rows]
    for bidder in {b for b, *_ in rows}:
        own = [(price, int(cut.lots[i])) for i, (b, price, _) in enumerate(rows) if b == bidder]
        assert sum(lots for _, lots in own) <= most
        for price, _ in own:
            assert price * sum(lots for p, lots in own if p >= price) <= money


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: AscendingClock(start=10, reserve=20), "start 10 lies below reserve 20"),
        (lambda: DescendingClock(start=10, reserve=20), "start 10 lies below reserve 20"),
        (lambda: PayAsBid(undersubscribed="reserve"), "undersubscribed is 'reserve', expected one of"),
        (lambda: AscendingClock(shootout_at=Decimal("0.5")), "shootout_at is 0.5, expected at least 1"),
    ],
)
def test_terms_that_contradict_themselves_are_refused(make, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
