"""Who may bid in auctions: firms with a duty or all, as far as the right admits them; 25 lots are offered."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from rights_market.policies.auction import AscendingClock, AuctionLimits, DescendingClock, PayAsBid, SealedUniform
from rights_market.policies.trading.admission import Admission, ClassAdmission
from rights_market.registry.accounts import AccountKind
from tests.supply_market import FOUR, Scripted, Stage

OPEN = SealedUniform(schedule=FOUR, eligible="all")


def held(auction, price_of_fund: int = 30, **rules) -> tuple[list[int], int, Stage]:
    """What two firms and a fund win that want 12 lots each, at 28 and 27, and the fund at 30."""
    stage = Stage(auction, n_firms=2, **rules)
    fund = stage.market.accounts.open(AccountKind.INSTITUTION, "fund")
    stage.market.registry.deposit([fund], [1_000_000])
    stage.plan()
    stage.go_to(2024, 2)
    a, b = (int(x) for x in stage.firms)
    bids = Scripted([(a, 28, 12), (b, 27, 12), (fund, price_of_fund, 12)])
    stage.supply.hold(stage.period(2024), bids, np.arange)
    stage.check()
    return stage.held(2024), int(stage.market.registry.free[0, fund]), stage


@pytest.mark.parametrize(
    "auction",
    [
        OPEN,
        PayAsBid(schedule=FOUR, eligible="all"),
        AscendingClock(schedule=FOUR, start=25, eligible="all"),
        DescendingClock(schedule=FOUR, start=40, eligible="all"),
    ],
)
def test_others_than_firms_bid_where_all_may(auction) -> None:
    assert held(auction)[:2] == ([12, 1], 12)
    firms, fund, stage = held(replace(auction, eligible="compliance"))
    assert (firms, fund) == ([12, 12], 0)
    if isinstance(auction, SealedUniform):
        (event,) = (e for e in stage.market.events if e.code == "bid_refused")
        assert (event.rule, event.lots, event.note) == ("sealed_uniform", 12, "admission")


def test_a_shot_at_the_end_is_for_those_who_may_bid() -> None:
    """At 26, 36 lots are wanted, below one and a half times 25: with the fund out, 24 are, and all are served."""
    clock = AscendingClock(schedule=FOUR, start=26, shootout_at=Decimal("1.5"), eligible="all")
    assert held(clock)[:2] == ([12, 1], 12)
    assert held(replace(clock, eligible="compliance"))[:2] == ([12, 12], 0)


def test_admission_to_auctions_must_hold() -> None:
    books_only = ClassAdmission(modes=("book",))
    assert held(OPEN, admission=Admission(institution=ClassAdmission()))[1] == 12
    assert held(OPEN, admission=Admission(institution=books_only))[:2] == ([12, 12], 0)
    assert held(OPEN, admission=Admission())[:2] == ([12, 12], 0)
    assert held(OPEN, admission=Admission(compliance=books_only, institution=ClassAdmission()))[:2] == ([0, 0], 12)


def test_institutions_have_a_purchase_limit_of_their_own() -> None:
    """At most 4 % of 25 lots, one, of which the firms know nothing."""
    limits = AuctionLimits(purchase_share={"institution": Decimal("0.04")})
    assert held(replace(OPEN, limits=limits))[:2] == ([12, 12], 1)
