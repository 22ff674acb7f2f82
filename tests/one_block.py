"""A block that two accounts would agree on, for tests of what may stand in its way."""

import numpy as np

from rights_market.exchange.block_trades import BlockInterests


def one_block(seller: int, buyer: int, lots: int = 100_000, price: int = 5000) -> BlockInterests:
    """One pair that agrees on one price."""

    def column(x: int) -> np.ndarray:
        return np.array([x], np.int64)

    return BlockInterests(
        seller=column(seller),
        instrument=column(0),
        offered=column(lots),
        buyer=column(buyer),
        wanted=column(lots),
        seller_row=column(0),
        buyer_row=column(0),
        least_ticks=column(price),
        most_ticks=column(price),
        related=np.array([False]),
    )
