"""Auctions under the holding limit of the right: bids are cut to what their owners may still hold."""

import pytest

from rights_market.policies.auction import AscendingClock, Auction, AuctionLimits, DescendingClock, SealedUniform
from rights_market.policies.trading import Admission, ClassAdmission, HoldingLimit
from tests.supply_market import FOUR, Stage

WITH = AuctionLimits(use_holding_limit=True)
TEN = HoldingLimit(limit="fixed", lots=10)
# 25 lots are offered; the bidders of the second and the third row belong to one owner.
BIDS = ((0, 30, 12), (1, 28, 7), (2, 27, 8))


def stage(auction: Auction | None = None, **rules: object) -> Stage:
    made = Stage(auction or SealedUniform(schedule=FOUR, limits=WITH), **rules)
    made.plan()
    return made


def test_bids_are_cut_to_what_may_still_be_held() -> None:
    market = stage(holding_limit=TEN)
    market.market.registry.issue(0, market.firms[1], 6)
    market.hold(2024, *BIDS)
    assert market.held(2024) == [10, 6 + 4, 8]
    assert market.events("bid_trimmed") == [
        ("auction_limits", "bid_trimmed", 2, 2, "holding"),
        ("auction_limits", "bid_trimmed", 3, 3, "holding"),
    ]
    market.check()


def test_the_lowest_bids_lose_first() -> None:
    market = stage(holding_limit=TEN)
    market.hold(2024, (0, 30, 4), (0, 29, 4), (0, 28, 4))
    assert market.held(2024) == [10, 0, 0]


def test_an_owner_is_limited_as_a_whole_whatever_the_auction_limits() -> None:
    market = stage(holding_limit=HoldingLimit(limit="fixed", lots=10, scope="group"))
    market.hold(2024, *BIDS)
    assert market.held(2024) == [10, 7, 3]


def test_without_the_use_of_the_limit_awards_may_exceed_it() -> None:
    market = stage(SealedUniform(schedule=FOUR, limits=AuctionLimits()), holding_limit=TEN)
    market.hold(2024, *BIDS)
    assert market.held(2024) == [12, 7, 6]


@pytest.mark.parametrize("kind", [AscendingClock, DescendingClock])
def test_clocks_keep_to_it_too(kind: type) -> None:
    market = stage(kind(schedule=FOUR, start=40 if kind is DescendingClock else 25, limits=WITH), holding_limit=TEN)
    market.hold(2024, (0, 30, 8), (0, 28, 8), (1, 27, 3))
    assert market.held(2024)[0] == 10
    market.check()


def test_the_limit_of_a_class_is_one_too() -> None:
    market = stage(admission=Admission(compliance=ClassAdmission(max_holding=5)))
    market.hold(2024, *BIDS)
    assert market.held(2024) == [5, 5, 5]
