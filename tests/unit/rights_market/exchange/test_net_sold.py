"""Lots sold less bought on a day: which trades count."""

import numpy as np
import pytest

from rights_market.exchange.net_sold import NetSold
from rights_market.records import Mode, Trades
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT


def trade(seller: int, buyer: int, lots: int) -> Trades:
    one, code = np.ones(1, np.int32), np.zeros(1, np.int8)
    return Trades(
        one * 0, one * buyer, one * seller, np.ones(1, np.int64), np.array([lots]), *[-np.ones(1, int)] * 2, code
    )


@pytest.mark.parametrize(("mode", "bought"), [(Mode.AUCTION, -3), (Mode.CONTINUOUS, -10)])
def test_what_the_government_sells_in_auctions_does_not_count_as_bought(mode: Mode, bought: int) -> None:
    count = NetSold(1)
    count.count(4, mode, trade(GOVERNMENT_ACCOUNT, 3, 7))
    count.count(4, mode, trade(2, 3, 3))
    assert count.on(4, [mode], 4)[0, 2:].tolist() == [3, bought]
