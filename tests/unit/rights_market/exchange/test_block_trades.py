"""Who agrees with whom, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights_market.errors import ExchangeError
from rights_market.exchange.block_trades import BlockInterests, agree

RICH = 10**15


def column(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def interests(sellers, buyers, pairs, related=False) -> BlockInterests:
    """Sellers are (lots, least), buyers (lots, most), accounts 10, 11, ... and 20, 21, ..."""
    return BlockInterests(
        seller=10 + np.arange(len(sellers)),
        instrument=np.zeros(len(sellers), np.int64),
        offered=column(*(x for x, _ in sellers)),
        buyer=20 + np.arange(len(buyers)),
        wanted=column(*(x for x, _ in buyers)),
        seller_row=column(*(s for s, _ in pairs)),
        buyer_row=column(*(b for _, b in pairs)),
        least_ticks=column(*(sellers[s][1] for s, _ in pairs if 0 <= s < len(sellers))),
        most_ticks=column(*(buyers[b][1] for _, b in pairs if 0 <= b < len(buyers))),
        related=np.full(len(pairs), related),
    )


def agreed(sellers, buyers, pairs, *, cash=None, min_lots=100, most_each=3, price=10):
    wishes = interests(sellers, buyers, pairs)
    meets = wishes.most_ticks >= wishes.least_ticks
    money = column(*([RICH] * len(buyers) if cash is None else cash))
    done = agree(wishes, np.where(meets, price, 0), wishes.offered, money, lambda i, p, n: p * n, min_lots, most_each)
    return [(*pairs[i], n) for i, n in zip(done.pair.tolist(), done.lots.tolist(), strict=True)]


def test_without_an_edge_nobody_trades() -> None:
    assert agreed([(500, 8)], [(500, 12)], []) == []


def test_the_pair_with_most_to_gain_comes_first_and_its_rest_stays() -> None:
    # Gains 4, 6, 2: pair (1, 0) takes 300, then (0, 0) has 200 left to buy.
    pairs = [(0, 0), (1, 0), (0, 1)]
    assert agreed([(400, 8), (300, 6)], [(500, 12), (250, 10)], pairs) == [(1, 0, 300), (0, 0, 200), (0, 1, 200)]


def test_equal_gains_go_by_lots_and_then_by_the_lower_pair() -> None:
    assert agreed([(200, 8), (300, 8)], [(300, 12)], [(0, 0), (1, 0)]) == [(1, 0, 300)]
    assert agreed([(300, 8), (300, 8)], [(300, 12)], [(1, 0), (0, 0)]) == [(1, 0, 300)]


def test_equal_gains_go_by_what_is_left_and_not_by_what_was_offered() -> None:
    # Seller 0 could give 500, but after its first block 110 are left; seller 1 then has more.
    sellers, buyers = [(500, 8), (200, 8)], [(390, 13), (300, 12)]
    assert agreed(sellers, buyers, [(0, 0), (0, 1), (1, 1)]) == [(0, 0, 390), (1, 1, 200), (0, 1, 100)]


def test_a_rest_below_the_smallest_block_is_not_traded() -> None:
    assert agreed([(250, 8)], [(160, 12), (160, 11)], [(0, 0), (0, 1)]) == [(0, 0, 160)]
    assert agreed([(99, 8)], [(500, 12)], [(0, 0)]) == []


def test_short_cash_cuts_the_block_as_long_as_it_stays_large_enough() -> None:
    assert agreed([(500, 8)], [(500, 12)], [(0, 0)], cash=[1_509]) == [(0, 0, 150)]
    assert agreed([(500, 8)], [(500, 12)], [(0, 0)], cash=[999]) == []
    # What the first block cost is missing for the second.
    two = agreed([(300, 8), (300, 9)], [(600, 12)], [(0, 0), (1, 0)], cash=[4_200])
    assert two == [(0, 0, 300), (1, 0, 120)]


def test_an_account_agrees_only_so_often() -> None:
    sellers = [(100, 8), (100, 8), (100, 8)]
    assert len(agreed(sellers, [(300, 12)], [(0, 0), (1, 0), (2, 0)], most_each=2)) == 2


@pytest.mark.parametrize(
    ("pair", "words"), [((1, 0), "sellers outside 0 to 0"), ((0, 1), "buyers outside 0 to 0"), ((0, -1), "buyers")]
)
def test_pairs_must_exist(pair, words) -> None:
    with pytest.raises(ExchangeError, match=words):
        interests([(500, 8)], [(500, 12)], [pair])


def test_nobody_agrees_with_itself() -> None:
    one = column(5)
    with pytest.raises(ExchangeError, match="account 5 meets itself"):
        BlockInterests(one, one, one, one, one, column(0), column(0), one, one, np.array([False]))


parties = st.lists(st.tuples(st.integers(0, 900), st.integers(5, 15)), min_size=1, max_size=5)


@given(parties, parties, st.data())
def test_nobody_trades_more_than_it_has_or_on_worse_terms(sellers, buyers, data) -> None:
    every = [(s, b) for s in range(len(sellers)) for b in range(len(buyers))]
    pairs = data.draw(st.lists(st.sampled_from(every), unique=True))
    cash = data.draw(st.lists(st.integers(0, 9_000), min_size=len(buyers), max_size=len(buyers)))
    done = agreed(sellers, buyers, pairs, cash=cash)
    for s, (offered, least) in enumerate(sellers):
        mine = [(n, buyers[b][1]) for i, b, n in done if i == s]
        assert sum(n for n, _ in mine) <= offered
        assert all(n >= 100 and most >= least for n, most in mine)
    for b, (wanted, _) in enumerate(buyers):
        bought = sum(n for _, i, n in done if i == b)
        assert bought <= wanted
        assert bought * 10 <= cash[b]
    # Nothing is left that two could still agree on.
    for s, b in pairs:
        rest = min(
            sellers[s][0] - sum(n for i, _, n in done if i == s), buyers[b][0] - sum(n for _, i, n in done if i == b)
        )
        money = (cash[b] - 10 * sum(n for _, i, n in done if i == b)) // 10
        often = max(sum(i == s for i, _, _ in done), sum(i == b for _, i, _ in done))
        assert buyers[b][1] < sellers[s][1] or min(rest, money) < 100 or often >= 3
