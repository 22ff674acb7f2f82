"""Which bids of a one-way auction are served, against a slow twin."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rights_market.exchange.one_way import ranked, serve
from rights_market.units import Side

BIDS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.booleans()), max_size=8)


def columns(bids: list[tuple[int, int, bool]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = np.array(bids, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2].astype(bool)


def by_hand(side: Side, volume: int, bids: list[tuple[int, int, bool]], divisible: bool) -> list[int]:
    lots, left = [0] * len(bids), volume
    order = sorted(range(len(bids)), key=lambda k: (-bids[k][0] if side is Side.ASK else bids[k][0], k))
    for k in order:
        _, wanted, is_out = bids[k]
        if is_out or (not divisible and wanted < volume):
            continue
        lots[k] = min(wanted, left)
        left -= lots[k]
    return lots


@given(st.sampled_from(Side), st.integers(1, 20), BIDS, st.booleans(), st.booleans())
def test_bids_are_served_down_the_list(
    side: Side, volume: int, bids: list[tuple[int, int, bool]], divisible: bool, uniform: bool
) -> None:
    price, lots, out = columns(bids)
    served = serve(side, volume, price, lots, divisible=divisible, uniform=uniform, out=out)
    assert served.lots.tolist() == by_hand(side, volume, bids, divisible)
    won = served.lots > 0
    if uniform and won.any():
        worst = price[won].min() if side is Side.ASK else price[won].max()
        assert set(served.paid_ticks[won].tolist()) == {worst}
    else:
        assert served.paid_ticks[won].tolist() == price[won].tolist()


def test_the_better_price_comes_first_and_then_the_earlier_bid() -> None:
    price = np.array([42, 45, 42])
    assert ranked(Side.ASK, price).tolist() == [1, 0, 2]
    assert ranked(Side.BID, price).tolist() == [0, 2, 1]
