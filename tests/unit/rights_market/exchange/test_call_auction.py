"""Call auction by hand."""

import numpy as np
import pytest

from rights_market.errors import ExchangeError
from rights_market.exchange.call_auction import CallAuction, clearing_price
from rights_market.exchange.charges import Charge, charge_table
from rights_market.exchange.funding import Funding
from rights_market.exchange.order_book import OrderBook
from rights_market.records import OrderKind, Orders, Reason
from rights_market.registry.cash import MAX_CASH_LAG
from rights_market.registry.journal import Journal
from rights_market.registry.ledger import Ledger
from rights_market.units import Side

BID, ASK = Side.BID, Side.ASK


def clear(book, orders, reference=500, funding=None, tie="midpoint"):
    return CallAuction(tie).clear(book, orders, reference, funding)


def fills(receipt):
    t = receipt.trades
    return list(zip(t.maker.tolist(), t.taker.tolist(), t.lots.tolist(), t.price_ticks.tolist(), strict=True))


class TestGoldenCase:
    """Bids 100@52, 200@51, 150@50, 100@49; asks 120@48, 130@49.5, 150@50, 200@51.5; one tick is 0.1."""

    orders = Orders.of(
        account=range(8),
        instrument=0,
        side=[BID] * 4 + [ASK] * 4,
        price_ticks=[520, 510, 500, 490, 480, 495, 500, 515],
        lots=[100, 200, 150, 100, 120, 130, 150, 200],
    )

    def test_price_and_volume(self):
        receipt = clear(OrderBook(1, 1_000), self.orders)
        assert set(receipt.trades.price_ticks.tolist()) == {500}
        assert receipt.trades.lots.sum() == 400
        assert receipt.filled.tolist() == [100, 200, 100, 0, 120, 130, 150, 0]

    def test_surplus(self):
        filled = clear(OrderBook(1, 1_000), self.orders).filled
        sign = np.where(self.orders.side == BID, 1, -1)
        gain = filled * sign * (self.orders.price_ticks - 500) / 10
        assert (gain[:4].sum(), gain[4:].sum()) == (400, 305)

    def test_what_is_left_rests_at_its_limit(self):
        book = OrderBook(1, 1_000)
        clear(book, self.orders)
        assert [x.tolist() for x in book.depth(0, 2)] == [[500, 490], [50, 100], [515, 0], [200, 0]]
        assert book.resting(0).order_id.tolist() == [2, 3, 7]

    def test_the_younger_order_is_the_taker(self):
        trades = clear(OrderBook(1, 1_000), self.orders).trades
        assert (trades.maker < trades.taker).all()
        assert trades.taker_side.tolist() == [ASK] * len(trades)
        assert trades.buyer.tolist() == trades.maker.tolist()


class TestPrice:
    def test_the_middle_of_what_remains_rounds_up(self):
        # Rule T4: at 48 the imbalance is 3, at 49 to 52 none: 50.5, so 51, a tick at which nobody quoted.
        assert clearing_price([52, 48], [5, 3], [48], [5]) == 51

    @pytest.mark.parametrize(("reference", "price"), [(40, 49), (50, 50), (60, 52)])
    def test_or_near_a_reference(self, reference, price):
        assert clearing_price([52, 48], [5, 3], [48], [5], reference) == price

    @pytest.mark.parametrize(
        ("bids", "asks"),
        [([], []), ([50], []), ([], [50]), ([49, 48], [50, 51])],
        ids=["none", "bids", "asks", "apart"],
    )
    def test_no_price_where_nobody_meets(self, bids, asks):
        assert clearing_price(bids, [1] * len(bids), asks, [1] * len(asks)) is None

    def test_volume_comes_before_balance(self):
        # At 10 three lots trade of ten wanted; at 12 two and two would balance.
        assert clearing_price([10, 12], [8, 2], [9, 10], [2, 1]) == 10

    def test_agrees_with_a_search_over_all_ticks(self):
        rng = np.random.default_rng(1)
        for _ in range(200):
            bids, asks = (rng.integers(1, 30, rng.integers(1, 8)) for _ in range(2))
            bid_lots, ask_lots = rng.integers(1, 9, len(bids)), rng.integers(1, 9, len(asks))
            table = []
            for p in range(1, 31):
                demand, supply = bid_lots[bids >= p].sum(), ask_lots[asks <= p].sum()
                table.append((-min(demand, supply), abs(demand - supply), p))
            volume, imbalance, _ = min(table)
            ticks = [p for v, i, p in table if (v, i) == (volume, imbalance)]
            assert ticks == list(range(ticks[0], ticks[-1] + 1))
            expected = (ticks[0] + ticks[-1] + 1) // 2 if volume else None
            assert clearing_price(bids, bid_lots, asks, ask_lots) == expected
            near = int(rng.integers(0, 35))
            expected = min(max(near, ticks[0]), ticks[-1]) if volume else None
            assert clearing_price(bids, bid_lots, asks, ask_lots, near) == expected


class TestBookAndCall:
    def test_resting_orders_take_part_and_come_first(self):
        book = OrderBook(1, 1_000)
        book.submit(Orders.of([1, 2], 0, [BID, ASK], [500, 510], [5, 5]))
        receipt = clear(book, Orders.of([3, 4], 0, [BID, ASK], [500, 500], [5, 6]))
        assert fills(receipt) == [(0, 3, 5, 500), (2, 3, 1, 500)]
        assert receipt.filled.tolist() == [1, 6]
        assert book.resting(0).order_id.tolist() == [2, 1]
        assert book.resting(0).lots.tolist() == [4, 5]

    def test_a_tick_may_change_its_side(self):
        book = OrderBook(1, 1_000)
        book.submit(Orders.of(1, 0, ASK, 500, 3))
        clear(book, Orders.of(2, 0, BID, 500, 8))
        assert (book.best_bid[0], book.best_ask[0], len(book)) == (500, 0, 1)

    def test_instruments_clear_apart(self):
        book = OrderBook(3, 1_000)
        receipt = clear(book, Orders.of(range(5), [0, 0, 2, 2, 1], [BID, ASK, BID, ASK, BID], [10, 8, 30, 30, 5], 4))
        assert receipt.trades.instrument.tolist() == [0, 2]
        assert receipt.trades.price_ticks.tolist() == [9, 30]
        assert book.best_bid.tolist() == [0, 5, 0]

    def test_without_a_crossing_the_book_just_opens(self):
        book = OrderBook(1, 1_000)
        assert len(clear(book, Orders.of([0, 1], 0, [BID, ASK], [49, 50], 1)).trades) == 0
        assert (book.best_bid[0], book.best_ask[0]) == (49, 50)

    def test_only_limit_orders(self):
        book = OrderBook(1, 1_000)
        with pytest.raises(ExchangeError, match="row 1 of a call"):
            clear(book, Orders.of(0, 0, BID, 10, 1, kind=[OrderKind.LIMIT, OrderKind.MARKET]))
        with pytest.raises(ExchangeError, match="side 3"):
            clear(book, Orders.of(0, 0, 3, 10, 1))
        assert book.next_order_id == 0

    def test_nearest_to_the_reference(self):
        orders = Orders.of(range(3), 0, [BID, BID, ASK], [52, 48, 48], [5, 3, 5])
        assert clear(OrderBook(1, 100), orders, 40, tie="reference").trades.price_ticks.tolist() == [49]


def test_all_pay_one_price_and_get_back_the_difference():
    ledger = Ledger.empty(1, 4)
    ledger.cash[:] = (0, 1_100, 1_000, 0)
    ledger.free[0] = (0, 0, 0, 10)
    funding = Funding(
        ledger=ledger,
        due=np.zeros((MAX_CASH_LAG, 4), np.int64),
        journal=Journal(capacity=1),
        tick_value_fen=np.array([1]),
        charges=charge_table([Charge(10_000, 10_000, receiver=0)]),
        unpaid=np.zeros(4, np.int64),
        lock_bought=np.array([True]),
        cash_lag=np.zeros(1, np.int64),
        is_open=np.array([True]),
        band_low=np.array([1]),
        band_high=np.array([200]),
        day=0,
    )
    book = OrderBook(1, 200)
    orders = Orders.of([1, 2, 3, 3], 0, [BID, BID, ASK, ASK], [100, 100, 80, 80], [10, 10, 10, 1])
    receipt = clear(book, orders, funding=funding)
    assert receipt.reason.tolist() == [0, Reason.INSUFFICIENT_CASH, 0, Reason.INSUFFICIENT_HOLDINGS]
    assert fills(receipt) == [(0, 2, 10, 90)]
    # 900 and 1 % a side.
    assert ledger.cash.tolist() == [18, 191, 1_000, 891]
    assert ledger.cash_frozen.sum() == 0
    assert ledger.locked[0].tolist() == [0, 10, 0, 0]


class TestShares:
    def test_the_last_price_served_is_shared_in_proportion(self):
        orders = Orders.of(range(5), 0, [BID, BID, BID, BID, ASK], [52, 50, 50, 50, 48], [10, 6, 3, 3, 15])
        # All prices from 48 to 50 trade 15 lots, and 50 leaves the least: 10 in full, and of 5 at 50 by 6 : 3 : 3 the
        # quotas 2.5, 1.25, 1.25.
        receipt = CallAuction(ration="pro_rata").clear(OrderBook(1, 100), orders, 0)
        assert receipt.filled.tolist() == [10, 3, 1, 1, 15]
        assert CallAuction().clear(OrderBook(1, 100), orders, 0).filled.tolist() == [10, 5, 0, 0, 15]

    def test_equal_remainders_go_to_the_earlier_order(self):
        orders = Orders.of(range(4), 0, [ASK, ASK, ASK, BID], 50, [1, 1, 1, 2])
        receipt = CallAuction(ration="pro_rata").clear(OrderBook(1, 100), orders, 0)
        assert receipt.filled.tolist() == [1, 1, 0, 2]

    def test_each_instrument_has_its_own_terms(self):
        orders = Orders.of(range(6), [0, 0, 0, 1, 1, 1], [BID, BID, ASK] * 2, 50, [4, 4, 4] * 2)
        call = CallAuction(("midpoint", "reference"), ("time", "pro_rata"))
        assert call.clear(OrderBook(2, 100), orders, 0).filled.tolist() == [4, 0, 4, 2, 2, 4]

    def test_what_is_left_of_a_share_rests_with_its_cover(self):
        book = OrderBook(1, 100)
        CallAuction(ration="pro_rata").clear(book, Orders.of(range(3), 0, [BID, BID, ASK], 50, [4, 4, 4]), 0)
        assert book.resting(0).lots.tolist() == [2, 2]


class TestIndication:
    def test_it_tells_what_the_call_would_come_to_and_changes_nothing(self):
        book = OrderBook(2, 100)
        book.submit(Orders.of(7, 0, ASK, 49, 2))
        orders = Orders.of(range(3), [0, 0, 1], [BID, ASK, BID], [52, 48, 50], [10, 5, 1])
        (found,) = CallAuction().indicate(book, orders, 0)
        assert found == (0, 51, 7, 3)
        assert len(book) == 1
        receipt = CallAuction().clear(book, orders, 0)
        assert receipt.trades.lots.sum() == 7 and set(receipt.trades.price_ticks.tolist()) == {51}
