"""The order book by hand: golden sequence, every order kind, fees, resale ban, limits, self-trades, memory."""

import numpy as np
import pytest

from rights_market.errors import ExchangeError
from rights_market.exchange.charges import Charge, charge_table
from rights_market.exchange.funding import Funding
from rights_market.exchange.order_book import OrderBook, SelfTrade
from rights_market.records import OrderKind, Orders, Reason
from rights_market.registry.cash import MAX_CASH_LAG
from rights_market.registry.journal import Journal, Op
from rights_market.registry.ledger import Ledger
from rights_market.units import Side

BID, ASK = Side.BID, Side.ASK
FEES, ANNE, BERT, CARL = range(4)


def fills(receipt):
    """(taker, maker, lots, price) of every trade."""
    t = receipt.trades
    return list(zip(t.taker.tolist(), t.maker.tolist(), t.lots.tolist(), t.price_ticks.tolist(), strict=True))


def funding(
    *, cash=(0, 0, 0, 0), free=(0, 0, 0, 0), tick_value=1, buyer=0, seller=0, least=(0, 0), tax=0, lock=False, **limits
):
    """Two instruments, four accounts; account 0 receives the fees."""
    ledger = Ledger.empty(2, 4)
    ledger.cash[:] = cash
    ledger.free[0] = free
    settings = {"is_open": [True, True], "band_low": [1, 1], "band_high": [20_000, 20_000], **limits}
    return Funding(
        ledger=ledger,
        due=np.zeros((MAX_CASH_LAG, 4), np.int64),
        journal=Journal(),
        tick_value_fen=np.array([tick_value, tick_value]),
        charges=charge_table([Charge(buyer, seller, *least, tax, receiver=FEES)] * 2),
        unpaid=np.zeros(4, np.int64),
        lock_bought=np.array([lock, lock]),
        cash_lag=np.zeros(2, np.int64),
        day=5,
        **{name: np.array(value) for name, value in settings.items()},
    )


def ops(fund):
    return [Op(x).name for x in fund.journal.table()["op"]]


@pytest.fixture
def book():
    return OrderBook(2, 20_000)


class TestGoldenSequence:
    """Ten orders of every turn a book can take, worked out by hand; row i is order i - 1."""

    orders = Orders.of(
        account=[1, 2, 3, 4, 5, 6, 1, 8, 9, 10],
        instrument=0,
        side=[ASK, ASK, BID, BID, BID, ASK, ASK, BID, ASK, BID],
        price_ticks=[50, 49, 48, 48, 50, 48, 0, 0, 52, 55],
        lots=[10, 5, 4, 6, 8, 7, 0, 5, 3, 2],
        kind=[*[OrderKind.LIMIT] * 6, OrderKind.CANCEL, OrderKind.MARKET, OrderKind.LIMIT, OrderKind.LIMIT],
        target=[*[-1] * 6, 0, -1, -1, -1],
    )

    def test_fills(self, book):
        receipt = book.submit(self.orders)
        assert fills(receipt) == [(4, 1, 5, 49), (4, 0, 3, 50), (5, 2, 4, 48), (5, 3, 3, 48), (9, 8, 2, 52)]
        assert receipt.filled.tolist() == [0, 0, 0, 0, 8, 7, 0, 0, 0, 2]
        assert receipt.trades.buyer.tolist() == [5, 5, 3, 4, 10]
        assert receipt.trades.seller.tolist() == [2, 1, 6, 6, 9]
        assert receipt.trades.taker_side.tolist() == [BID, BID, ASK, ASK, BID]

    def test_the_market_order_finds_nobody(self, book):
        reasons = book.submit(self.orders).reason
        assert np.flatnonzero(reasons).tolist() == [7]
        assert reasons[7] == Reason.NO_COUNTERPARTY

    def test_what_is_left(self, book):
        book.submit(self.orders)
        left = book.resting(0)
        assert left.order_id.tolist() == [3, 8]
        assert left.lots.tolist() == [3, 1]
        assert left.price_ticks.tolist() == [48, 52]
        assert (book.best_bid.tolist(), book.best_ask.tolist()) == ([48, 0], [52, 0])

    def test_depth(self, book):
        book.submit(self.orders)
        assert [x.tolist() for x in book.depth(0, 2)] == [[48, 0], [3, 0], [52, 0], [1, 0]]


class TestKinds:
    """Limit, market, IOC, FOK, cancel, replace, requote."""

    @pytest.fixture(autouse=True)
    def _two_asks(self, book):
        book.submit(Orders.of([ANNE, BERT], 0, ASK, [50, 51], [5, 5]))

    def one(self, book, kind, price, lots, **rest):
        return book.submit(Orders.of(CARL, 0, BID, price, lots, kind=kind, **rest))

    def test_ioc_drops_its_rest(self, book):
        receipt = self.one(book, OrderKind.IOC, 50, 8)
        assert (receipt.filled.tolist(), receipt.reason.tolist()) == ([5], [0])
        assert book.best_bid[0] == 0

    def test_ioc_that_meets_nobody_is_accepted_and_gone(self, book):
        assert self.one(book, OrderKind.IOC, 49, 8).reason.tolist() == [Reason.ACCEPTED]
        assert len(book) == 2

    def test_market_drops_its_rest(self, book):
        receipt = self.one(book, OrderKind.MARKET, 0, 12)
        assert fills(receipt) == [(2, 0, 5, 50), (2, 1, 5, 51)]
        assert len(book) == 0

    @pytest.mark.parametrize(("price", "lots", "filled"), [(51, 10, 10), (51, 11, 0), (50, 6, 0), (50, 5, 5)])
    def test_fok_is_all_or_nothing(self, book, price, lots, filled):
        receipt = self.one(book, OrderKind.FOK, price, lots)
        assert receipt.filled.tolist() == [filled]
        assert (receipt.reason[0] == Reason.NOT_FILLABLE) == (filled == 0)
        assert book.best_bid[0] == 0

    def test_cancel_is_idempotent(self, book):
        cancel = Orders.of(ANNE, 0, ASK, 0, 0, kind=OrderKind.CANCEL, target=0)
        assert book.submit(cancel).reason.tolist() == [Reason.ACCEPTED]
        assert book.submit(cancel).reason.tolist() == [Reason.UNKNOWN_ORDER]
        assert book.best_ask[0] == 51

    @pytest.mark.parametrize("kind", [OrderKind.CANCEL, OrderKind.REPLACE])
    def test_only_the_owner_may_touch_an_order(self, book, kind):
        assert self.one(book, kind, 50, 1, target=0).reason.tolist() == [Reason.NOT_OWNER]
        assert len(book) == 2

    @pytest.mark.parametrize("target", [-1, 2, 3, 10**12, -(10**12)])
    def test_ids_that_are_not_live(self, book, target):
        assert self.one(book, OrderKind.CANCEL, 50, 1, target=target).reason.tolist() == [Reason.UNKNOWN_ORDER]

    def replaced(self, book, price, lots):
        """Two more asks at 50 behind order 0, which is then replaced; the ids at 50 in their order."""
        book.submit(Orders.of([BERT, CARL], 0, ASK, 50, 5))
        book.submit(Orders.of(ANNE, 1, BID, price, lots, kind=OrderKind.REPLACE, target=0))
        table = book.resting(0)
        return table.order_id[table.price_ticks == 50].tolist()

    def test_fewer_lots_keep_their_place(self, book):
        assert self.replaced(book, 50, 3) == [4, 2, 3]
        assert book.depth(0)[3].tolist() == [13, 5, 0, 0, 0]

    def test_more_lots_go_to_the_end(self, book):
        assert self.replaced(book, 50, 6) == [2, 3, 4]

    def test_another_price_moves_the_order(self, book):
        assert self.replaced(book, 52, 5) == [2, 3]
        assert book.resting(0).side.tolist() == [ASK] * 4

    def test_a_replaced_order_may_trade(self, book):
        book.submit(Orders.of(CARL, 0, BID, 40, 2))
        receipt = book.submit(Orders.of(CARL, 0, BID, 50, 7, kind=OrderKind.REPLACE, target=2))
        assert fills(receipt) == [(3, 0, 5, 50)]
        assert book.best_bid[0] == 50

    def test_a_refused_replacement_leaves_the_order(self, book):
        receipt = book.submit(Orders.of(ANNE, 0, ASK, 50, 0, kind=OrderKind.REPLACE, target=0))
        assert receipt.reason.tolist() == [Reason.OFF_LOT]
        assert book.resting(0).order_id.tolist() == [0, 1]

    def test_a_requote_withdraws_what_is_left(self, book):
        book.submit(Orders.of(ANNE, 0, ASK, 55, 5, kind=OrderKind.REQUOTE, target=0))
        assert book.resting(0).price_ticks.tolist() == [51, 55]
        book.submit(Orders.of(ANNE, 0, ASK, 54, 5, kind=OrderKind.REQUOTE, target=0))
        assert book.resting(0).price_ticks.tolist() == [51, 54, 55]

    @pytest.mark.parametrize(
        ("traded", "wanted", "reason", "rests"),
        [(0, 5, 0, 5), (2, 5, 0, 3), (2, 9, 0, 7), (5, 9, 0, 4), (2, 2, 8, 0), (5, 5, 8, 0), (5, 3, 8, 0)],
    )
    def test_a_requote_trades_no_more_than_is_wanted_from_its_batch_on(self, book, traded, wanted, reason, rests):
        kind = [OrderKind.LIMIT, OrderKind.REQUOTE]
        rows = Orders.of([BERT, ANNE], 0, [BID, ASK], [50, 55], [max(traded, 1), wanted], kind=kind, target=[-1, 0])
        receipt = book.submit(rows if traded else rows.take(np.array([1])))
        assert (receipt.reason[-1], receipt.filled[-1]) == (reason, 0)
        table = book.resting(0)
        assert table.lots[table.price_ticks == 55].tolist() == [rests] * (rests > 0)
        assert 0 not in table.order_id

    def test_a_requote_of_an_order_that_traded_in_an_earlier_batch_is_not_cut(self, book):
        book.submit(Orders.of(BERT, 0, BID, 50, 5))
        book.submit(Orders.of(ANNE, 0, ASK, 55, 5, kind=OrderKind.REQUOTE, target=0))
        assert book.depth(0)[3].tolist()[:2] == [5, 5]

    def test_a_requote_of_an_order_in_the_same_batch_counts_what_it_traded(self, book):
        rows = Orders.of([CARL, BERT, CARL], 0, [ASK, BID, ASK], [49, 49, 48], [5, 2, 5], kind=[0, 0, 6], target=2)
        receipt = book.submit(rows)
        assert fills(receipt) == [(3, 2, 2, 49)]
        table = book.resting(0)
        assert table.lots[table.price_ticks == 48].tolist() == [3]

    @pytest.mark.parametrize("submit_one", [False, True])
    def test_a_requote_of_anothers_order_is_refused(self, book, submit_one):
        if submit_one:
            assert book.submit_one(BERT, 0, ASK, 55, 5, OrderKind.REQUOTE, 0) == -Reason.NOT_OWNER
        else:
            receipt = book.submit(Orders.of(BERT, 0, ASK, 55, 5, kind=OrderKind.REQUOTE, target=0))
            assert receipt.reason.tolist() == [Reason.NOT_OWNER]
        assert book.resting(0).order_id.tolist() == [0, 1]

    def test_a_requote_of_anothers_order_is_refused_although_it_traded_meanwhile(self, book):
        rows = Orders.of(BERT, 0, [BID, ASK], [50, 55], 5, kind=[OrderKind.LIMIT, OrderKind.REQUOTE], target=[-1, 0])
        assert book.submit(rows).reason.tolist() == [Reason.ACCEPTED, Reason.NOT_OWNER]


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"instrument": 2}, Reason.UNKNOWN_INSTRUMENT),
            ({"instrument": -1}, Reason.UNKNOWN_INSTRUMENT),
            ({"account": 4}, Reason.UNKNOWN_ACCOUNT),
            ({"account": -1}, Reason.UNKNOWN_ACCOUNT),
            ({"instrument": 1}, Reason.MARKET_CLOSED),
            ({"lots": 0}, Reason.OFF_LOT),
            ({"price_ticks": 0}, Reason.OUTSIDE_PRICE_RANGE),
            ({"price_ticks": 20_001}, Reason.OUTSIDE_PRICE_RANGE),
            ({"price_ticks": 4_306}, Reason.OUTSIDE_PRICE_LIMIT),
            ({"price_ticks": 5_264}, Reason.OUTSIDE_PRICE_LIMIT),
            ({"lots": 2**41}, Reason.TOO_LARGE),
            ({"lots": 2**38}, Reason.TOO_LARGE),
            ({"lots": 201}, Reason.INSUFFICIENT_CASH),
            ({"side": ASK, "lots": 1}, Reason.INSUFFICIENT_HOLDINGS),
            ({}, Reason.ACCEPTED),
        ],
    )
    def test_reason(self, book, change, reason):
        fund = funding(
            cash=(0, 1_000_000_000, 0, 0),
            is_open=[True, False],
            band_low=[4307, 1],
            band_high=[5263, 9],
            tick_value=1_000,
        )
        order = {"account": ANNE, "instrument": 0, "side": BID, "price_ticks": 5_000, "lots": 1} | change
        receipt = book.submit(Orders.of(**order), fund)
        assert Reason(receipt.reason[0]) == reason
        assert len(book) == (reason == Reason.ACCEPTED)
        assert (len(fund.journal) == 0) == (reason != Reason.ACCEPTED)

    def test_cancel_while_closed(self, book):
        book.submit(Orders.of(ANNE, 0, BID, 10, 1), funding(cash=(0, 10, 0, 0)))
        closed = funding(is_open=[False, False])
        closed.ledger.cash_frozen[ANNE] = 10
        assert book.submit(Orders.of(ANNE, 0, BID, 0, 0, kind=OrderKind.CANCEL, target=0), closed).reason[0] == 0
        assert closed.ledger.cash[ANNE] == 10

    def test_a_side_or_kind_that_does_not_exist_is_a_mistake(self, book):
        with pytest.raises(ExchangeError, match="row 1 has side 2 and kind 0"):
            book.submit(Orders.of(ANNE, 0, [BID, 2], 10, 1))
        with pytest.raises(ExchangeError, match="row 0 has side 0 and kind 9"):
            book.submit(Orders.of(ANNE, 0, BID, 10, 1, kind=9))
        with pytest.raises(ExchangeError, match="side -1"):
            book.submit_one(ANNE, 0, -1, 10, 1)
        assert (len(book), book.next_order_id) == (0, 0)

    def test_a_funding_of_other_instruments_is_a_mistake(self):
        with pytest.raises(ExchangeError, match="2 instruments does not fit a book of 3"):
            OrderBook(3, 100).submit(Orders.of(ANNE, 0, BID, 10, 1), funding())

    def test_a_highest_price_of_nothing_is_a_mistake(self):
        with pytest.raises(ExchangeError, match="between 1 and"):
            OrderBook(2, [100, 0])


class TestSettlement:
    def test_fee_is_charged_on_the_running_total(self, book):
        # Rule T9: 0.3 %, fills of 1.50 and 1.70: 0.00, then 0.01, because 0.96 fen in all round to 1.
        fund = funding(cash=(0, 0, 0, 1_000), free=(0, 1, 1, 0), buyer=3_000)
        book.submit(Orders.of([ANNE, BERT], 0, ASK, [150, 170], 1), fund)
        book.submit(Orders.of(CARL, 0, BID, 170, 2), fund)
        rows = fund.journal.table()
        fees = rows["cash"][rows["op"] == Op.FEE_FROZEN]
        assert fees.tolist() == [1]
        assert fund.ledger.cash.tolist() == [1, 150, 170, 679]
        assert fund.ledger.cash_frozen.tolist() == [0, 0, 0, 0]

    def test_both_sides_pay(self, book):
        # 100 lots at 50.00 with 0.2 % a side: 5,010.00 paid, 4,990.00 received, 20.00 fees.
        fund = funding(cash=(0, 0, 0, 501_000), free=(0, 100, 0, 0), buyer=2_000, seller=2_000)
        book.submit(Orders.of([ANNE, CARL], 0, [ASK, BID], 5_000, 100), fund)
        assert fund.ledger.cash.tolist() == [2_000, 499_000, 0, 0]
        assert fund.ledger.free[0].tolist() == [0, 0, 0, 100]

    def test_one_fen_less_does_not_cover_the_fee(self, book):
        fund = funding(cash=(0, 0, 0, 500_999), buyer=2_000)
        assert book.submit(Orders.of(CARL, 0, BID, 5_000, 100), fund).reason[0] == Reason.INSUFFICIENT_CASH

    def test_price_improvement_is_released_at_once(self, book):
        fund = funding(cash=(0, 0, 0, 1_000), free=(0, 4, 0, 0))
        book.submit(Orders.of([ANNE, CARL], 0, [ASK, BID], [80, 100], [4, 10]), fund)
        assert (fund.ledger.cash[CARL], fund.ledger.cash_frozen[CARL]) == (80, 600)
        assert ops(fund) == ["FREEZE", "FREEZE_CASH", "DELIVER", "RELEASE_CASH"]
        assert book.cash_behind([0, 1, 2], fund).tolist() == [0, 600, 0]

    def test_the_fen_that_rounding_kept_is_released_with_the_last_fill(self, book):
        # Fee of 1.2 fen: 2 are set aside, 1 is charged.
        fund = funding(cash=(0, 0, 0, 402), free=(0, 4, 0, 0), buyer=3_000)
        book.submit(Orders.of(CARL, 0, BID, 100, 4), fund)
        assert fund.ledger.cash.tolist() == [0, 0, 0, 0]
        book.submit(Orders.of(ANNE, 0, ASK, 100, 4), fund)
        assert fund.ledger.cash.tolist() == [1, 400, 0, 1]
        assert fund.ledger.cash_frozen.sum() == 0

    def test_a_market_buy_spends_no_more_than_it_has(self, book):
        fund = funding(cash=(0, 0, 0, 251), free=(0, 2, 2, 0), buyer=3_000)
        book.submit(Orders.of([ANNE, BERT], 0, ASK, [50, 100], 2), fund)
        receipt = book.submit(Orders.of(CARL, 0, BID, 0, 9, kind=OrderKind.MARKET), fund)
        assert (receipt.filled.tolist(), receipt.reason.tolist()) == ([3], [0])
        # 200 and 0.6 fen of fee, rounded to 1; one lot more would cost 301.
        assert fund.ledger.cash.tolist() == [1, 100, 100, 50]

    def test_a_market_buy_that_cannot_pay_one_lot(self, book):
        fund = funding(cash=(0, 0, 0, 49), free=(0, 2, 0, 0))
        book.submit(Orders.of(ANNE, 0, ASK, 50, 2), fund)
        receipt = book.submit(Orders.of(CARL, 0, BID, 0, 1, kind=OrderKind.MARKET), fund)
        assert receipt.reason[0] == Reason.INSUFFICIENT_CASH

    def test_lots_bought_today_may_not_be_sold_today(self, book):
        # Rule T10: holds 3, buys 10 on day 5; may sell 3 on day 5.
        fund = funding(cash=(0, 0, 0, 1_000), free=(0, 10, 0, 3), lock=True)
        book.submit(Orders.of([ANNE, CARL], 0, [ASK, BID], 100, 10), fund)
        assert fund.ledger.locked[0].tolist() == [0, 0, 0, 10]
        receipt = book.submit(Orders.of(CARL, 0, ASK, 100, [4, 14, 3]), fund)
        assert receipt.reason.tolist() == [Reason.RESALE_BAN, Reason.INSUFFICIENT_HOLDINGS, Reason.ACCEPTED]
        rows = fund.journal.table()
        assert rows["reason"][rows["op"] == Op.DELIVER].tolist() == [1]
        # Its proceeds of day 5 buy on day 5.
        assert book.submit(Orders.of(ANNE, 0, BID, 100, 10), fund).reason[0] == 0

    def test_a_replacement_may_use_what_it_replaces(self, book):
        fund = funding(cash=(0, 0, 0, 100), free=(0, 5, 0, 0))
        book.submit(Orders.of([CARL, ANNE], 0, [BID, ASK], [10, 30], [10, 5]), fund)
        swap = Orders.of([CARL, ANNE], 0, 0, [20, 31], 5, kind=OrderKind.REPLACE, target=[0, 1])
        assert book.submit(swap, fund).reason.tolist() == [0, 0]
        assert fund.ledger.cash_frozen[CARL] == 100
        more = Orders.of([CARL, ANNE], 0, 0, [21, 31], [5, 6], kind=OrderKind.REPLACE, target=[2, 3])
        reasons = book.submit(more, fund).reason.tolist()
        assert reasons == [Reason.INSUFFICIENT_CASH, Reason.INSUFFICIENT_HOLDINGS]
        assert len(book) == 2

    def test_journal_rows_name_day_accounts_and_orders(self, book):
        fund = funding(cash=(0, 0, 0, 100), free=(0, 1, 0, 0))
        book.submit(Orders.of([ANNE, CARL], 0, [ASK, BID], 100, 1), fund)
        rows = fund.journal.table()
        assert rows["day"].tolist() == [5, 5, 5]
        assert (rows["account"][2], rows["counterparty"][2], rows["cash"][2], rows["lots"][2]) == (ANNE, CARL, 100, 1)
        assert rows["ref"].tolist() == [0, 1, 1]

    def test_one_order_a_call(self, book):
        fund = funding(cash=(0, 0, 0, 100), free=(0, 1, 0, 0))
        assert book.submit_one(ANNE, 0, ASK, 100, 1, funding=fund) == 0
        assert book.submit_one(CARL, 0, BID, 100, 2, funding=fund) == -Reason.INSUFFICIENT_CASH
        assert book.submit_one(CARL, 0, BID, 100, 1, funding=fund) == 2
        assert fund.ledger.cash[ANNE] == 100
        assert book.take_trades().taker.tolist() == [2]
        assert len(book.take_trades()) == 0


class TestSelfTrade:
    def submit(self, rule, **last):
        book = OrderBook(1, 100, self_trade=rule)
        book.submit(Orders.of([BERT, ANNE, BERT], 0, ASK, [10, 10, 11], 2))
        return book, book.submit(Orders.of(ANNE, 0, BID, 11, 5, **last))

    def test_off(self):
        _, receipt = self.submit(SelfTrade.OFF)
        assert fills(receipt) == [(3, 0, 2, 10), (3, 1, 2, 10), (3, 2, 1, 11)]

    def test_the_resting_order_goes(self):
        book, receipt = self.submit(SelfTrade.CANCEL_RESTING)
        assert fills(receipt) == [(3, 0, 2, 10), (3, 2, 2, 11)]
        assert book.resting(0).order_id.tolist() == [3]

    def test_the_arriving_rest_goes(self):
        book, receipt = self.submit(SelfTrade.CANCEL_INCOMING)
        assert fills(receipt) == [(3, 0, 2, 10)]
        assert receipt.reason.tolist() == [Reason.ACCEPTED]
        assert book.resting(0).order_id.tolist() == [1, 2]

    def test_an_order_that_filled_nothing_is_refused(self):
        book, _ = self.submit(SelfTrade.CANCEL_INCOMING)
        assert book.submit(Orders.of(ANNE, 0, BID, 11, 5)).reason.tolist() == [Reason.SELF_TRADE]

    @pytest.mark.parametrize(
        ("rule", "lots", "filled"),
        [
            (SelfTrade.OFF, 6, 6),
            (SelfTrade.CANCEL_RESTING, 4, 4),
            (SelfTrade.CANCEL_RESTING, 5, 0),
            (SelfTrade.CANCEL_INCOMING, 2, 2),
            (SelfTrade.CANCEL_INCOMING, 3, 0),
        ],
    )
    def test_fok_counts_the_orders_of_others(self, rule, lots, filled):
        book = OrderBook(1, 100, self_trade=rule)
        book.submit(Orders.of([BERT, ANNE, BERT], 0, ASK, [10, 10, 11], 2))
        assert book.submit(Orders.of(ANNE, 0, BID, 11, lots, kind=OrderKind.FOK)).filled.tolist() == [filled]


class TestWithdrawal:
    @pytest.fixture
    def fund(self, book):
        fund = funding(cash=(0, 1_000, 0, 1_000), free=(0, 5, 5, 0))
        fund.ledger.free[1] = 5
        book.submit(Orders.of([ANNE, BERT, CARL, ANNE], [0, 0, 0, 1], [ASK, ASK, BID, ASK], [60, 70, 50, 9], 5), fund)
        return fund

    def test_all_of_one_instrument(self, book, fund):
        assert book.cancel_all(0, fund).tolist() == [0, 1, 2]
        assert fund.ledger.frozen.sum(1).tolist() == [0, 5]
        assert fund.ledger.cash_frozen.sum() == 0

    def test_all(self, book, fund):
        assert book.cancel_all(funding=fund).tolist() == [0, 1, 2, 3]
        assert fund.ledger.frozen.sum() == 0
        assert book.best_ask.tolist() == [0, 0]

    def test_asks_of_one_account(self, book, fund):
        assert book.cancel_asks([ANNE], 0, fund).tolist() == [0]
        assert [book.resting(i).order_id.tolist() for i in range(2)] == [[2, 1], [3]]
        assert fund.ledger.frozen.tolist() == [[0, 0, 5, 0], [0, 5, 0, 0]]


class TestMemory:
    def test_stays_flat_when_orders_lapse_every_day(self):
        book, rng = OrderBook(2, 100, capacity=8), np.random.default_rng(3)
        sizes = []
        for _ in range(30):
            side = rng.integers(0, 2, 500)
            book.submit(Orders.of(0, rng.integers(0, 2, 500), side, rng.integers(1, 101, 500), 1))
            book.cancel_all()
            sizes.append(book.nbytes)
        assert book.next_order_id == 15_000
        assert max(sizes[5:]) == min(sizes[5:])

    def test_an_order_that_stays_keeps_its_id_while_others_come_and_go(self):
        book, stay = OrderBook(1, 100, capacity=2), []
        for day in range(40):
            first = book.submit(Orders.of(0, 0, BID, 1 + day % 7, [1, 1, 1])).first_order_id
            stay += range(first, first + 3) if day % 7 == 6 else []
            rest = book.resting(0)
            for gone in rest.order_id[rest.price_ticks != 7].tolist():
                assert book.submit_one(0, 0, BID, 0, 0, OrderKind.CANCEL, gone) > 0
        assert book.resting(0).order_id.tolist() == stay

    @pytest.mark.parametrize("rows_a_batch", [1_000, 64_000])
    def test_a_resting_order_takes_at_most_64_bytes_even_when_room_has_just_been_made(self, rows_a_batch):
        book, grown = OrderBook(1, 10, capacity=1), set()
        for n in range(rows_a_batch, 256_001, rows_a_batch):
            book.submit(Orders.of(0, 0, BID, np.resize([1, 2, 3, 4], rows_a_batch), 1))
            memory = book._memory.book
            grown.add(len(memory.orders))
            if n >= 32_000:
                assert (memory.orders.nbytes + memory.slots.nbytes) / n <= 64
        assert len(grown) > 3

    def test_more_instruments_than_a_trade_can_name_are_refused(self):
        with pytest.raises(ExchangeError, match="32769 instruments, expected at most 32768"):
            OrderBook(2**15 + 1, 1)

    def test_trades_outlive_the_next_call(self):
        book = OrderBook(1, 10)
        first = book.submit(Orders.of([0, 1], 0, [ASK, BID], 5, 3)).trades
        book.submit(Orders.of([2, 3], 0, [ASK, BID], 6, 4))
        assert (first.seller.tolist(), first.lots.tolist(), first.price_ticks.tolist()) == ([0], [3], [5])

    def test_read_only_and_strided_columns_are_taken(self):
        table = Orders.of(0, 0, [BID, ASK, BID, ASK], [5, 7, 6, 8], 1)
        for name in Orders.__dataclass_fields__:
            getattr(table, name).flags.writeable = False
        part = Orders(*(getattr(table, name)[::2] for name in Orders.__dataclass_fields__))
        book = OrderBook(1, 10)
        book.submit(part)
        assert book.resting(0).price_ticks.tolist() == [6, 5]


class TestSavedState:
    def test_is_plain(self, book):
        book.submit(TestGoldenSequence.orders)
        for value in book.state().values():
            assert isinstance(value, int | np.ndarray)
            assert not isinstance(value, np.ndarray) or value.dtype.names is None

    def test_that_does_not_fit_is_refused(self, book):
        book.submit(Orders.of(0, 1, BID, 500, 1))
        with pytest.raises(ExchangeError, match="no book of instrument 1"):
            OrderBook(1, 1_000).restore(book.state())
        with pytest.raises(ExchangeError, match="price 500, expected 1 to 100"):
            OrderBook(2, 100).restore(book.state())


def test_an_instrument_that_does_not_exist(book):
    for ask in (book.resting, book.depth):
        with pytest.raises(ExchangeError, match="no book of instrument 2"):
            ask(2)
