"""The desk between strategies and the exchange, in a market of two rights of which the first has two vintages."""

import numpy as np
import pytest

from agents.behaviour import Behaviour
from agents.desk import Desk
from agents.seats import NO_ORDER, Seats
from agents.strategies import Quotes
from rights_market import AccountKind, Accounts, Side
from rights_market.market import Market
from rights_market.records import Reason
from tests.province import carbon_book, sulphur_book

BID, ASK = int(Side.BID), int(Side.ASK)
OLD, NEW, SULPHUR = 0, 1, 2
YUAN = 100


class Trading:
    """Three traders with seats 0 to 2 in carbon and 3 to 5 in sulphur, on a day on which two carbon vintages trade."""

    def __init__(self, usable=((OLD, NEW), (SULPHUR,)), **behaviour) -> None:
        accounts = Accounts()
        self.account = accounts.open_many(AccountKind.COMPLIANCE, ["a", "b", "c"])
        books = (carbon_book(opening_price_ticks=5000), sulphur_book(opening_price_ticks=600))
        self.market = Market(books, accounts)
        self.seats = Seats([0] * 3 + [1] * 3, [0, 1, 2] * 2, np.tile(self.account, 2))
        self.desk = Desk(self.market, self.seats, 2, Behaviour(**behaviour), np.full(6, 1000, dtype=np.int64))
        self.market.registry.deposit(self.account, 10_000 * YUAN)
        self.begin(0, usable)

    def begin(self, day: int, usable) -> None:
        self.market.open_day(day, [i for instruments in usable for i in instruments])
        self.desk.open_day([list(instruments) for instruments in usable])

    def give(self, who: int, instrument: int, lots: int) -> None:
        self.market.registry.issue(instrument, self.account[who], lots)

    def quote(self, *rows: tuple[int, int, int, int]):
        """Send (seat, side, ticks, lots)."""
        seat, side, price, lots = (np.array(x) for x in zip(*rows, strict=True))
        return self.desk.submit(Quotes(seat.astype(np.intp), side.astype(np.int8), price, lots))

    def resting(self, instrument: int) -> list[tuple[int, int, int]]:
        orders = self.market.book.resting(instrument)
        found = zip(orders.side.tolist(), orders.price_ticks.tolist(), orders.lots.tolist(), strict=True)
        return sorted(found)


def all_rows(*rows: int) -> np.ndarray:
    return np.array(rows, dtype=np.intp)


def test_a_right_is_seen_over_all_its_usable_vintages() -> None:
    t = Trading()
    t.give(0, OLD, 10)
    t.give(0, NEW, 5)
    t.give(1, SULPHUR, 7)
    assert t.desk.free_lots(all_rows(0, 1, 2, 3, 4)).tolist() == [15, 0, 0, 0, 7]
    t.quote((0, ASK, 5100, 4))
    assert t.desk.free_lots(all_rows(0)).tolist() == [11] and t.desk.frozen_lots(all_rows(0)).tolist() == [4]
    assert t.desk.sellable_lots(all_rows(0)).tolist() == [15]
    t.desk.open_day([[NEW], [SULPHUR]])
    assert t.desk.free_lots(all_rows(0, 4)).tolist() == [5, 7]


def test_best_quotes_are_the_best_over_vintages_and_the_price_is_that_of_the_newest() -> None:
    t = Trading()
    t.give(0, OLD, 10)
    t.give(1, NEW, 10)
    t.quote((0, ASK, 5200, 3))
    t.quote((1, ASK, 5100, 3), (2, BID, 4900, 3))
    assert t.desk.best_ask.tolist() == [5100, 0] and t.desk.best_bid.tolist() == [4900, 0]
    t.quote((2, BID, 5200, 3))
    assert t.desk.best_ask.tolist() == [5200, 0]
    assert t.desk.last_price.tolist() == [5100.0, 600.0]
    t.quote((2, BID, 5200, 1))  # the old vintage trades, but the newest is what prices are quoted of
    assert t.desk.last_price.tolist() == [5100.0, 600.0]


def test_a_seller_delivers_its_oldest_vintage_first() -> None:
    t = Trading()
    t.give(0, OLD, 3)
    t.give(0, NEW, 10)
    t.quote((0, ASK, 5100, 3))
    assert t.resting(OLD) == [(ASK, 5100, 3)] and t.resting(NEW) == []


def test_an_order_holds_no_more_than_the_vintage_that_it_is_for() -> None:
    """Of 8 lots offered 3 are old: those are entered now, and the rest once they are gone."""
    t = Trading()
    t.give(0, OLD, 3)
    t.give(0, NEW, 10)
    sent, receipt = t.quote((0, ASK, 5000, 8))
    assert receipt.reason.tolist() == [Reason.ACCEPTED] and sent.lots.tolist() == [3]
    t.quote((1, BID, 5000, 3))
    sent, receipt = t.quote((0, ASK, 5000, 8))
    assert receipt.reason.tolist() == [Reason.ACCEPTED] and sent.lots.tolist() == [8]
    assert t.resting(NEW) == [(ASK, 5000, 8)]


def test_lots_bought_today_do_not_block_the_sale_of_others() -> None:
    """The old vintage was bought today and may not be resold; the new one may."""
    t = Trading()
    t.give(1, OLD, 3)
    t.give(0, NEW, 10)
    t.quote((1, ASK, 5000, 3))
    t.quote((0, BID, 5000, 3))
    assert t.market.registry.locked[OLD, t.account[0]] == 3
    sent, receipt = t.quote((0, ASK, 5000, 8))
    assert receipt.reason.tolist() == [Reason.ACCEPTED] and sent.lots.tolist() == [8]
    assert t.resting(NEW) == [(ASK, 5000, 8)]


def test_a_buyer_goes_where_the_best_ask_is_and_else_to_the_newest() -> None:
    t = Trading()
    t.give(0, OLD, 10)
    t.quote((0, ASK, 5100, 10))
    t.quote((1, BID, 5000, 1), (2, BID, 5100, 2))
    assert t.resting(NEW) == [(BID, 5000, 1)]
    assert t.market.registry.free[OLD, t.account[2]] == 2


def test_a_quote_takes_the_place_of_the_former_one_on_its_side() -> None:
    t = Trading()
    t.give(0, OLD, 10)
    t.quote((0, ASK, 5200, 6), (0, BID, 4800, 1))
    t.quote((0, ASK, 5100, 10))
    assert t.resting(OLD) == [(ASK, 5100, 10)] and t.resting(NEW) == [(BID, 4800, 1)]
    assert t.market.registry.frozen[OLD, t.account[0]] == 10


def test_a_former_quote_that_has_traded_is_not_in_the_way() -> None:
    t = Trading()
    t.give(0, OLD, 10)
    t.quote((0, ASK, 5100, 2))
    t.quote((1, BID, 5100, 2))
    _, receipt = t.quote((0, ASK, 5100, 3))
    assert receipt.reason.tolist() == [Reason.ACCEPTED] and t.resting(OLD) == [(ASK, 5100, 3)]


def test_a_quote_that_cannot_be_covered_is_not_sent() -> None:
    t = Trading()
    sent, receipt = t.quote((0, ASK, 5000, 5), (1, BID, 5000, 5))
    assert sent.seat.tolist() == [1] and receipt.reason.tolist() == [Reason.ACCEPTED]
    assert t.seats.order_id[0].tolist() == [NO_ORDER, NO_ORDER] and t.seats.order_id[1, BID] != NO_ORDER


@pytest.mark.parametrize(
    ("ticks", "wanted", "lots"),
    [
        (5000, 199, 199),  # 50 CNY and 0.2 % fee: 199 lots cost 9,969.90, 200 cost 10,020
        (5000, 200, 199),
        (4990, 200, 200),  # 200 x 49.90 x 1.002 = 9,999.96
        (4991, 200, 199),  # 10,001.96
    ],
)
def test_a_buyer_knows_its_cash_to_the_fen(ticks: int, wanted: int, lots: int) -> None:
    t = Trading()
    sent, receipt = t.quote((0, BID, ticks, wanted))
    assert sent.lots.tolist() == [lots] and receipt.reason.tolist() == [Reason.ACCEPTED]


def test_what_stands_behind_the_former_bid_counts_for_the_next() -> None:
    t = Trading()
    t.quote((0, BID, 4900, 150))
    sent, receipt = t.quote((0, BID, 5000, 150))
    assert sent.lots.tolist() == [150] and receipt.reason.tolist() == [Reason.ACCEPTED]
    assert t.resting(NEW) == [(BID, 5000, 150)]


def test_trades_are_booked_to_wish_and_quota_of_both() -> None:
    t = Trading()
    t.give(0, OLD, 10)
    t.seats.wish_lots[:3], t.seats.quota[:3] = [-10, 30, 0], [4, 6, 0]
    t.quote((0, ASK, 5000, 4))
    t.quote((1, BID, 5000, 3))
    assert t.seats.wish_lots[:3].tolist() == [-7.0, 27.0, 0.0]
    assert t.seats.quota[:3].tolist() == [1, 3, 0]
    assert t.seats.wish_lots[3:].tolist() == [0.0] * 3


def test_quantities_are_capped_by_the_quota_and_the_largest_order() -> None:
    """An order holds at most 50 units: 50 lots of a tonne, 5 of ten kilos."""
    t = Trading(max_order_units=50.0)
    t.seats.quota[:] = [40, 60, 50, 40, 5, 3]
    assert t.desk.lots(np.arange(6)).tolist() == [40, 50, 50, 5, 5, 3]


def test_who_can_trade_at_all() -> None:
    t = Trading()
    t.give(0, OLD, 1)
    t.market.registry.withdraw(t.account[2], 10_000 * YUAN)
    t.seats.wish_lots[:3] = [-1, -1, 1]
    assert t.desk.can_trade(all_rows(0, 1, 2)).tolist() == [True, False, False]
    t.seats.wish_lots[:3] = [1, 1, 1]
    assert t.desk.can_trade(all_rows(0, 1, 2)).tolist() == [True, True, False]


def test_prices_of_the_day() -> None:
    """10 % around 50.00 and no limit for sulphur."""
    low, high = Trading().desk.price_range(np.arange(6))
    assert low.tolist() == [4500] * 3 + [1] * 3 and high.tolist() == [5500] * 3 + [50_000] * 3
    assert Trading().desk.round_ticks(np.array([0.2, 10.4, 10.6])).tolist() == [1, 10, 11]


def test_the_trend_is_the_mean_daily_growth_of_closes() -> None:
    t = Trading(usable=((NEW,), (SULPHUR,)))
    t.give(0, NEW, 10)
    assert t.desk.mean_growth(20).tolist() == [0.0, 0.0]
    for day, ticks in enumerate((5000, 5250, 5500)):
        if day:
            t.begin(day, ((NEW,), (SULPHUR,)))
        t.quote((0, ASK, ticks, 1))
        t.quote((1, BID, ticks, 1))
        t.market.close_day()
        t.desk.close_day()
    assert t.desk.mean_growth(20) == pytest.approx([np.log(5500 / 5000) / 2, 0.0])
    assert t.desk.mean_growth(1) == pytest.approx([np.log(5500 / 5250), 0.0])


def test_after_the_last_deadline_a_right_has_no_quotes() -> None:
    t = Trading(usable=((), (SULPHUR,)))
    t.give(0, NEW, 10)
    assert t.desk.free_lots(all_rows(0, 3)).tolist() == [0, 0]
    assert t.desk.best_bid.tolist() == [0, 0]


def test_orders_are_forgotten_at_the_close() -> None:
    t = Trading()
    t.quote((1, BID, 5000, 5))
    t.market.close_day()
    t.desk.close_day()
    assert (t.seats.order_id == NO_ORDER).all()


def test_a_call_auction_takes_quotes_as_plain_limit_orders() -> None:
    t = Trading()
    t.give(0, OLD, 5)
    quotes = Quotes(all_rows(0, 1), np.array([ASK, BID], np.int8), np.array([4900, 5100]), np.array([5, 2]))
    t.seats.quota[:2] = 5
    _, receipt = t.desk.submit(quotes, call=True)
    assert receipt.reason.tolist() == [Reason.ACCEPTED] * 2
    assert len(receipt.trades) == 0  # the asks are old lots and the bids, with no ask to see yet, for the newest
    assert t.resting(OLD) == [(ASK, 4900, 5)] and t.resting(NEW) == [(BID, 5100, 2)]
