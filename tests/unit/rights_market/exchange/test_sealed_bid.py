from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import ExchangeError
from rights_market.exchange.auction_result import AuctionResult
from rights_market.exchange.sealed_bid import SealedBids, clear, clear_as_bid
from rights_market.policies.auction import PayAsBid, SealedUniform

A, B, C, D = range(4)
# Rows: account, price, lots.
WORKED = SealedBids.of([(A, 30, 4), (B, 28, 5), (C, 28, 4), (D, 25, 3)])
C_BEFORE_B = np.array([A, C, B, D])


def auction(terms: SealedUniform, volume: int, bids: SealedBids = WORKED, reserve: int = 20) -> AuctionResult:
    order = C_BEFORE_B if bids is WORKED else np.arange(len(bids))
    return clear(terms, volume, bids, order, reserve_ticks=reserve)


def test_the_worked_case_serves_ties_in_the_drawn_order() -> None:
    result = auction(SealedUniform(), 10)
    assert (result.price_ticks, result.awards.tolist(), result.sold) == (28, [4, 2, 4, 0], 10)
    assert (result.code, result.note) == ("auction_cleared", "")


def test_the_worked_case_shares_ties_in_proportion() -> None:
    assert auction(SealedUniform(tie="pro_rata"), 10).awards.tolist() == [4, 3, 3, 0]


def test_ties_may_be_served_by_arrival() -> None:
    assert auction(SealedUniform(tie="time"), 10).awards.tolist() == [4, 5, 1, 0]


@pytest.mark.parametrize(
    ("undersubscribed", "price", "awards", "code", "note"),
    [
        ("cancel", 0, [0, 0, 0, 0], "auction_cancelled", "undersubscribed"),
        ("lowest_bid", 25, [4, 5, 4, 3], "auction_undersubscribed", ""),
        ("reserve", 20, [4, 5, 4, 3], "auction_undersubscribed", ""),
    ],
)
def test_the_worked_cases_of_too_few_bids(
    undersubscribed: Literal["cancel", "lowest_bid", "reserve"], price: int, awards: list[int], code: str, note: str
) -> None:
    result = auction(SealedUniform(undersubscribed=undersubscribed), 20)
    assert (result.price_ticks, result.awards.tolist()) == (price, awards)
    assert (result.code, result.note) == (code, note)


def test_bids_that_just_reach_the_volume_are_enough() -> None:
    result = auction(SealedUniform(undersubscribed="cancel"), 16)
    assert (result.price_ticks, result.sold, result.code) == (25, 16, "auction_cleared")


@pytest.mark.parametrize(("volume", "price"), [(10, 28), (13, 25), (4, 28), (3, 30), (16, 20)])
def test_the_first_rejected_lot_may_set_the_price(volume: int, price: int) -> None:
    result = auction(SealedUniform(pricing="first_rejected"), volume)
    assert (result.price_ticks, result.sold) == (price, volume)


def test_bids_below_the_reserve_are_not_valid() -> None:
    result = auction(SealedUniform(), 10, reserve=28)
    assert result.is_valid.tolist() == [True, True, True, False]
    assert auction(SealedUniform(), 16, reserve=28).code == "auction_undersubscribed"


@pytest.mark.parametrize("bids", [SealedBids.of([]), SealedBids.of([(A, 19, 5)]), SealedBids.of([(A, 30, 0)])])
def test_without_a_valid_bid_the_auction_is_cancelled(bids: SealedBids) -> None:
    result = auction(SealedUniform(), 10, bids)
    assert (result.code, result.note, result.sold) == ("auction_cancelled", "no_valid_bid", 0)


def test_a_secret_reserve_cancels_after_the_fact() -> None:
    missed = clear(SealedUniform(), 10, WORKED, C_BEFORE_B, secret_reserve_ticks=29)
    assert (missed.code, missed.note, missed.awards.sum()) == ("auction_cancelled", "secret_reserve", 0)
    assert clear(SealedUniform(), 10, WORKED, C_BEFORE_B, secret_reserve_ticks=28).code == "auction_cleared"


def test_lots_come_in_whole_lot_sizes() -> None:
    bids = SealedBids.of([(A, 30, 1000), (B, 29, 700), (C, 28, 1500)])
    result = auction(SealedUniform(lot_size=500), 2100, bids)
    assert result.is_valid.tolist() == [True, False, True]
    assert (result.awards.tolist(), result.sold, result.price_ticks) == ([1000, 0, 1000], 2000, 28)
    assert auction(SealedUniform(lot_size=500), 499, bids).code == "auction_cancelled"


def test_one_account_may_make_several_bids() -> None:
    bids = SealedBids.of([(A, 30, 2), (B, 29, 2), (A, 28, 2)])
    assert auction(SealedUniform(), 5, bids).awards.tolist() == [2, 2, 1]


def test_each_winner_may_pay_its_own_bid() -> None:
    """4 at 30 and 6 at 28 are 288, against 280 at one price."""
    result = clear_as_bid(PayAsBid(), 10, WORKED, C_BEFORE_B, reserve_ticks=20)
    assert (result.awards.tolist(), result.value_tick_lots, result.price_ticks) == ([4, 2, 4, 0], 288, 28)
    assert auction(SealedUniform(), 10).value_tick_lots == 280


def test_too_few_bids_may_be_served_at_their_own_prices_or_cancelled() -> None:
    result = clear_as_bid(PayAsBid(), 20, WORKED, C_BEFORE_B, reserve_ticks=20)
    assert (result.value_tick_lots, result.code) == (4 * 30 + 9 * 28 + 3 * 25, "auction_undersubscribed")
    assert clear_as_bid(PayAsBid(undersubscribed="cancel"), 20, WORKED, C_BEFORE_B).note == "undersubscribed"


def test_a_secret_reserve_binds_the_lowest_accepted_bid() -> None:
    missed = clear_as_bid(PayAsBid(), 10, WORKED, C_BEFORE_B, secret_reserve_ticks=29)
    assert (missed.code, missed.note, missed.value_tick_lots) == ("auction_cancelled", "secret_reserve", 0)
    assert clear_as_bid(PayAsBid(), 10, WORKED, C_BEFORE_B, secret_reserve_ticks=28).sold == 10


def test_calls_with_wrong_tables_are_refused() -> None:
    with pytest.raises(ExchangeError, match="tie_order must name each of the 4 bids once"):
        clear(SealedUniform(), 10, WORKED, np.array([0, 1, 2, 2]))
    with pytest.raises(ExchangeError, match="volume is -1"):
        auction(SealedUniform(), -1)
    with pytest.raises(ExchangeError, match="reserve 0"):
        auction(SealedUniform(), 1, reserve=0)
    with pytest.raises(ExchangeError, match="expected one length"):
        SealedBids(np.zeros(2, np.int32), np.zeros(1, np.int64), np.zeros(2, np.int64))


rows = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 12), st.integers(0, 9)), max_size=12)


@given(
    rows=rows,
    volume=st.integers(0, 60),
    reserve=st.integers(1, 10),
    seed=st.integers(0, 99),
    terms=st.builds(
        SealedUniform,
        lot_size=st.integers(1, 3),
        tie=st.sampled_from(["random", "pro_rata", "time"]),
        undersubscribed=st.sampled_from(["cancel", "lowest_bid", "reserve"]),
        pricing=st.sampled_from(["last_accepted", "first_rejected"]),
    ),
)
def test_no_auction_sells_too_much_too_cheap_or_too_dear(
    rows: list[tuple[int, int, int]], volume: int, reserve: int, seed: int, terms: SealedUniform
) -> None:
    bids = SealedBids.of(rows)
    order = np.random.default_rng(seed).permutation(len(bids))
    result = clear(terms, volume, bids, order, reserve_ticks=reserve)
    won = result.awards > 0
    assert result.sold == result.awards.sum() <= volume
    assert ((result.awards >= 0) & (result.awards <= bids.lots)).all()
    assert (result.awards % terms.lot_size == 0).all()
    assert not (won & ~result.is_valid).any()
    if result.sold:
        assert result.price_ticks >= reserve
        assert (bids.price_ticks[won] >= result.price_ticks).all()
        # Who bid more than the price is served in full.
        ahead = result.is_valid & (bids.price_ticks > bids.price_ticks[won].min())
        assert (result.awards[ahead] == bids.lots[ahead]).all()
    if result.code == "auction_cleared":
        assert result.sold == volume // terms.lot_size * terms.lot_size


@given(rows=rows, volume=st.integers(1, 40))
def test_the_price_does_not_depend_on_who_wins_a_tie(rows: list[tuple[int, int, int]], volume: int) -> None:
    bids = SealedBids.of(rows)
    forward = np.arange(len(bids))
    prices = {
        clear(SealedUniform(tie=tie), volume, bids, order).price_ticks
        for tie in ("random", "pro_rata", "time")
        for order in (forward, forward[::-1])
    }
    assert len(prices) == 1
