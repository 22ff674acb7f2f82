"""A market by hand: who pays what, what is refused, and how a day follows the day before."""

from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import ExchangeError
from rights_market.market import Keep, Market
from rights_market.policies.trading import Fees, PriceBand, SettlementCycle
from rights_market.records import Orders, Reason
from rights_market.registry.accounts import CLEARING_ACCOUNT, AccountKind, Accounts
from rights_market.registry.journal import Op
from rights_market.units import Side
from tests.compliance_market import (
    assert_journal_replays,
    assert_orders_are_covered,
    fingerprint,
    market_of,
    rule_book,
    swap,
)

SELLER, BUYER, THIRD = 2, 3, 4
BOOK = rule_book(opening_price_ticks=5000, band=PriceBand(), fees=Fees(buyer=Decimal("0.003"), seller=Decimal("0.001")))


def open_market(book=BOOK, keep=None):
    market = market_of(book, 3, keep)[0]
    market.registry.issue(0, SELLER, 100)
    market.registry.deposit([BUYER, THIRD], [1_000_000, 500_000])
    market.open_day(0, [0, 1])
    return market


def asks(*rows):
    return Orders.of([SELLER] * len(rows), 0, Side.ASK, [p for p, _ in rows], [n for _, n in rows])


class TestDay:
    def test_a_trade_costs_exactly_its_value_and_fees(self):
        market = open_market()
        market.submit(asks((5100, 40), (5000, 30)))
        receipt = market.submit(Orders.of(BUYER, 0, Side.BID, 5100, 50))
        assert receipt.trades.price_ticks.tolist() == [5000, 5100]
        assert receipt.trades.lots.tolist() == [30, 20]
        # Value 30 x 5,000 + 20 x 5,100 = 252,000; buyer 0.3 % = 756; seller 0.1 % of 150,000 and of 102,000.
        assert market.registry.cash[BUYER] == 1_000_000 - 252_000 - 756
        assert market.registry.cash[SELLER] == 252_000 - 150 - 102
        assert market.registry.cash[CLEARING_ACCOUNT] == 756 + 252
        assert market.registry.free[0, [SELLER, BUYER]].tolist() == [30, 50]
        assert market.registry.frozen[0, SELLER] == 20
        assert_orders_are_covered(market)

    def test_the_close_is_the_mean_price_and_tomorrows_band_stands_around_it(self):
        market = open_market()
        market.submit(asks((5100, 40), (5000, 30)))
        market.submit(Orders.of(BUYER, 0, Side.BID, 5100, 50))
        assert (market.price_low[0], market.price_high[0]) == (4500, 5500)
        market.close_day()
        bars = market.tape.bars
        assert bars["close_ticks"].tolist() == [5040, 5000]
        assert bars["lots"].tolist() == [50, 0]
        assert bars["ask_ticks"].tolist() == [5100, -1]
        assert bars["band_high_ticks"].tolist() == [5500, 5500]
        market.open_day(1, [0])
        assert (market.price_low[0], market.price_high[0]) == (4536, 5544)

    def test_orders_end_with_the_day(self):
        market = open_market()
        market.submit(asks((5100, 40)))
        market.submit(Orders.of(BUYER, 0, Side.BID, 4900, 10))
        market.close_day()
        assert len(market.book) == 0
        assert not market.registry.frozen.any()
        assert not market.registry.cash_frozen.any()

    def test_what_was_bought_today_is_sold_tomorrow(self):
        market = open_market()
        swap(market, SELLER, BUYER, 0, 10, 5000)
        resale = Orders.of(BUYER, 0, Side.ASK, 5000, 10)
        assert market.submit(resale).reason.tolist() == [Reason.RESALE_BAN]
        market.close_day()
        market.open_day(1, [0])
        assert market.submit(resale).reason.tolist() == [Reason.ACCEPTED]

    def test_three_may_be_sold_today_and_thirteen_tomorrow_and_what_a_sale_brings_buys_today(self):
        """Trading rules of 2021: no resale on the day of purchase, while money is there at once."""
        market = market_of(rule_book(opening_price_ticks=5000), 3)[0]
        market.registry.issue(0, [BUYER, SELLER], [3, 10])
        market.registry.deposit(BUYER + 1, 15_000)
        market.open_day(0, [0])
        swap(market, BUYER, BUYER + 1, 0, 1, 5000)
        swap(market, SELLER, BUYER, 0, 1, 5000)  # paid with what the sale brought
        assert market.registry.cash[BUYER] == 0
        market.registry.deposit(BUYER, 45_000)
        swap(market, SELLER, BUYER, 0, 9, 5000)
        resale = Orders.of(BUYER, 0, Side.ASK, 5500, [2, 1])
        assert market.submit(resale).reason.tolist() == [Reason.ACCEPTED, Reason.RESALE_BAN]
        market.close_day()
        market.open_day(1, [0])
        assert market.submit(Orders.of(BUYER, 0, Side.ASK, 5400, 12)).reason.tolist() == [Reason.ACCEPTED]

    def test_without_the_ban_it_is_sold_at_once(self):
        market = open_market(rule_book(opening_price_ticks=5000, settlement=SettlementCycle(units_lag_days=0)))
        swap(market, SELLER, BUYER, 0, 10, 5000)
        assert market.submit(Orders.of(BUYER, 0, Side.ASK, 5000, 10)).reason.tolist() == [Reason.ACCEPTED]

    def test_refusals_are_counted_by_reason(self):
        market = open_market()
        rows = Orders.of(
            [SELLER, BUYER, BUYER, SELLER],
            0,
            [Side.ASK, Side.BID, Side.BID, Side.ASK],
            [5501, 5000, 5000, 5000],
            [1, 1000, 1, 101],
        )
        market.submit(rows)
        counted = {Reason(i): int(n) for i, n in enumerate(market.rejected) if n}
        assert counted == {
            Reason.OUTSIDE_PRICE_LIMIT: 1,
            Reason.INSUFFICIENT_CASH: 1,
            Reason.INSUFFICIENT_HOLDINGS: 1,
        }

    def test_a_closed_instrument_takes_no_orders(self):
        market = open_market()
        market.close_day()
        assert market.submit(asks((5000, 1))).reason.tolist() == [Reason.MARKET_CLOSED]

    def test_a_call_trades_at_one_price_and_the_rest_queues(self):
        market = open_market()
        orders = Orders.of([SELLER, BUYER, THIRD], 0, [Side.ASK, Side.BID, Side.BID], [4900, 5100, 4950], [20, 20, 5])
        receipt = market.call_auction(orders)
        assert receipt.filled.tolist() == [20, 20, 0]
        assert market.best_bid[0] == 4950
        assert market.batch == 1
        assert market.tape.last_price[0] == receipt.trades.price_ticks[0]

    def test_the_journal_names_the_day_of_every_movement(self):
        market = open_market()
        swap(market, SELLER, BUYER, 0, 10, 5000)
        market.close_day()
        market.open_day(4, [0])
        swap(market, SELLER, BUYER, 0, 10, 5000)
        rows = market.registry.journal.table()
        assert rows["day"][rows["op"] == Op.DELIVER].tolist() == [0, 4]

    def test_traded_sums_the_last_closed_days(self):
        market = open_market()
        for day in range(3):
            swap(market, SELLER, BUYER, 0, 10 + day, 5000)
            market.close_day()
            market.open_day(day + 1, [0])
        swap(market, SELLER, BUYER, 0, 1, 5000)
        assert market.traded([0], 2) == (23 * 5000, 23)
        market.close_day()
        assert market.traded([0], 2) == (13 * 5000, 13)
        assert market.traded([1], 9) == (0, 0)

    def test_quotes_are_kept_if_asked_for(self):
        market = open_market(keep=Keep(quotes=True))
        market.submit(asks((5100, 40), (5000, 30)))
        quotes = market.tape.quotes
        assert quotes["ask_ticks"].tolist() == [5000, -1]
        assert quotes["ask_lots"].tolist() == [30, 0]
        assert quotes["bid_ticks"].tolist() == [-1, -1]


class TestTurns:
    def test_days_come_in_turn(self):
        market = open_market()
        with pytest.raises(ExchangeError, match="day 0 is still open"):
            market.open_day(1, [0])
        market.close_day()
        with pytest.raises(ExchangeError, match="not open"):
            market.close_day()
        with pytest.raises(ExchangeError, match="does not come after"):
            market.open_day(0, [0])

    @pytest.mark.parametrize("wrong", [-1, 2])
    def test_an_unknown_instrument_is_refused_and_the_day_stays_closed(self, wrong):
        market = open_market()
        market.close_day()
        with pytest.raises(ExchangeError, match="no instruments"):
            market.open_day(1, [wrong])
        market.open_day(1, [0])

    def test_a_day_without_instruments_is_a_day(self):
        market = open_market()
        market.close_day()
        market.open_day(1, [])
        market.close_day()
        assert market.day == 1
        assert len(market.tape.bars["day"]) == 2


class TestReference:
    def test_it_moves_to_the_limit_at_which_bids_waited_in_vain(self):
        market = open_market()
        market.submit(Orders.of(BUYER, 0, Side.BID, 5500, 1))
        market.close_day()
        market.open_day(1, [0])
        assert (market.price_low[0], market.price_high[0]) == (4950, 6050)
        assert market.tape.last_close[0] == 5000

    def test_it_stays_when_both_sides_wait(self):
        market = open_market()
        market.submit(Orders.of([BUYER, SELLER], 0, [Side.BID, Side.ASK], [5400, 5500], 1))
        market.close_day()
        market.open_day(1, [0])
        assert market.price_high[0] == 5500

    def test_no_band_before_the_first_trade_where_the_rule_says_so(self):
        market = open_market(rule_book(opening_price_ticks=5000, band=PriceBand(first_day="none")))
        assert market.price_high[0] == 20_000
        market.close_day()
        market.open_day(1, [0])
        assert market.price_high[0] == 20_000
        swap(market, SELLER, BUYER, 0, 1, 9000)
        market.close_day()
        market.open_day(2, [0])
        assert (market.price_low[0], market.price_high[0]) == (8100, 9900)

    def test_a_band_of_one_price_is_written_down(self):
        market = open_market(rule_book(opening_price_ticks=4, band=PriceBand()))
        events = [(e.day, e.hook, e.code, e.instrument, e.price_ticks) for e in market.events]
        assert events == [(0, "session_open", "band_stuck", i, 4) for i in (0, 1)]

    def test_a_new_vintage_begins_at_the_price_of_the_old_one(self):
        market = open_market()
        swap(market, SELLER, BUYER, 0, 10, 5200)
        market.close_day()
        market.carry_price(0, 1)
        market.open_day(1, [1])
        assert market.last_price[1] == 5200
        assert (market.price_low[1], market.price_high[1]) == (4680, 5720)

    def test_a_price_carried_in_the_day_moves_the_band_at_once(self):
        market = open_market()
        swap(market, SELLER, BUYER, 0, 10, 5200)
        market.close_day()
        market.open_day(1, [0, 1])
        market.carry_price(0, 1)
        assert market.price_high[1] == 5720

    def test_a_price_made_today_is_not_lost(self):
        market = open_market()
        market.registry.issue(1, SELLER, 5)
        swap(market, SELLER, BUYER, 1, 5, 5400)
        with pytest.raises(ExchangeError, match="has traded today"):
            market.carry_price(0, 1)
        market.close_day()
        market.open_day(1, [1])
        assert market.price_high[1] == 5940

    def test_a_guide_price_begins_anew(self):
        market = open_market()
        market.guide_price(0, 8000)
        assert (market.price_low[0], market.price_high[0]) == (7200, 8800)
        assert (market.last_price[0], market.reference[0]) == (8000, 8000)
        swap(market, SELLER, BUYER, 0, 1, 8000)
        with pytest.raises(ExchangeError, match="has traded today"):
            market.guide_price(0, 5000)

    @pytest.mark.parametrize("price", [0, 20_001])
    def test_a_guide_price_can_be_quoted(self, price):
        with pytest.raises(ExchangeError, match=f"guide price of {price} ticks"):
            open_market().guide_price(0, price)


class TestRegistrar:
    def test_sell_orders_of_many_accounts_are_withdrawn_in_one_instrument(self):
        market = open_market()
        market.registry.issue([0, 0, 1], [BUYER, THIRD, BUYER], 50)
        rows = [(SELLER, 0, Side.ASK), (BUYER, 0, Side.ASK), (BUYER, 0, Side.ASK), (THIRD, 0, Side.ASK)]
        rows += [(BUYER, 1, Side.ASK), (BUYER, 0, Side.BID)]
        who, what, side = zip(*rows, strict=True)
        receipt = market.submit(Orders.of(who, what, side, [5100, 5200, 5300, 5200, 5200, 4900], 7))
        first, rejected = receipt.first_order_id, market.rejected.copy()
        ids = market.cancel_asks(np.array([SELLER, BUYER]), 0)
        assert sorted(ids) == [first, first + 1, first + 2]
        left = market.book.resting(0)
        assert sorted(zip(left.account.tolist(), left.side.tolist(), strict=True)) == [(BUYER, 0), (THIRD, 1)]
        assert market.registry.frozen[:, [SELLER, BUYER, THIRD]].tolist() == [[0, 0, 7], [0, 7, 0]]
        assert np.array_equal(market.rejected, rejected)
        assert_orders_are_covered(market)
        assert_journal_replays(market)

    def test_nothing_happens_without_sell_orders(self):
        market = open_market()
        before = fingerprint(market.state())
        assert len(market.cancel_asks(np.array([SELLER]), 0)) == 0
        assert fingerprint(market.state()) == before


class TestAccountsOpenedLater:
    def test_they_trade_and_owe(self):
        market = open_market()
        late = market.accounts.open(AccountKind.COMPLIANCE, "late")
        market.registry.deposit(late, 100_000)
        swap(market, SELLER, late, 0, 5, 5000)
        assert market.registry.free[0, late] == 5
        assert len(market.obligations) == len(market.accounts)
        market.obligations.verify("CEA", "2024", 3, [late])
        assert market.obligations.verified_lots("CEA", "2024")[late] == 3


class TestState:
    @staticmethod
    def play(market, days, seed):
        """Random orders of all kinds, some of them refused, on days that follow the market's own."""
        rng = np.random.default_rng(seed)
        for _ in range(days):
            if not market.is_open.any():
                market.open_day(market.day + 1, [0, 1])
            for _ in range(15):
                n = 4
                side, price = rng.integers(0, 2, n), rng.integers(4400, 5600, n)
                account = rng.integers(2, 5, n)
                target = rng.integers(0, market.book.next_order_id + 1, n)
                kind = rng.choice([0, 0, 0, 1, 2, 4, 5], n)
                market.submit(
                    Orders.of(
                        account, rng.integers(0, 2, n), side, price, rng.integers(1, 9, n), kind=kind, target=target
                    )
                )
            market.close_day()

    def test_a_restored_copy_goes_on_to_the_same_bytes(self):
        market = open_market(keep=Keep(quotes=True))
        market.registry.issue(1, [BUYER, THIRD], 60)
        self.play(market, 2, seed=1)
        market.open_day(market.day + 1, [0, 1])
        market.submit(Orders.of([SELLER, BUYER], [0, 0], [1, 0], [5100, 4900], 3))
        late = market.accounts.open(AccountKind.INSTITUTION, "late")
        market.obligations.verify("CEA", "2024", 3, [late])
        copy = Market([BOOK], Accounts(), Keep(quotes=True))
        copy.restore(market.state())
        assert fingerprint(copy.state()) == fingerprint(market.state())
        for either in (market, copy):
            self.play(either, 2, seed=2)
        assert fingerprint(copy.state()) == fingerprint(market.state())
        assert market.rejected.sum() > 0
        market.audit()
        assert_journal_replays(copy)

    def test_a_state_does_not_change_with_the_market(self):
        market = open_market()
        state = market.state()
        before = fingerprint(state)
        self.play(market, 1, seed=3)
        assert fingerprint(state) == before
