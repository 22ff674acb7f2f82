"""Whatever is sent to the order books, they do what the plain twins do, and nothing is created or lost."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights_market.exchange.call_auction import CallAuction
from rights_market.exchange.charges import Charge, charge_table
from rights_market.exchange.funding import Funding
from rights_market.exchange.order_book import OrderBook, SelfTrade
from rights_market.kernels import codes, ops
from rights_market.kernels.settlement import CHARGED, TAXED
from rights_market.records import OrderKind, Orders
from rights_market.registry.cash import MAX_CASH_LAG
from rights_market.registry.journal import Journal
from rights_market.registry.ledger import Ledger
from tests.reference_book import PlainExchange, PlainFunds, ReferenceBook, order_stream

INSTRUMENTS, ACCOUNTS, TOP = 2, 4, 12
PARTS = ("free", "frozen", "locked", "cash", "cash_frozen")

rows = st.tuples(
    st.integers(-1, ACCOUNTS),
    st.integers(-1, INSTRUMENTS),
    st.integers(0, 1),
    st.integers(0, TOP + 1),
    st.integers(-1, 9),
    st.sampled_from(list(OrderKind)),
    st.integers(-1, 60),
)
# Mostly rows that reach the book.
good_rows = st.tuples(
    st.integers(0, ACCOUNTS - 1),
    st.integers(0, INSTRUMENTS - 1),
    st.integers(0, 1),
    st.integers(1, TOP),
    st.integers(1, 9),
    st.sampled_from([*[OrderKind.LIMIT] * 6, OrderKind.REQUOTE, *OrderKind]),
    st.integers(-1, 60),
)
batches = st.lists(st.lists(st.one_of(good_rows, good_rows, good_rows, rows), max_size=25), min_size=1, max_size=5)
ppm = st.sampled_from([0, 3_000, 7_777, 250_000, 1_000_000])
least = st.sampled_from([0, 0, 7, 40, 3_000])
charges = st.builds(Charge, ppm, ppm, least, least, st.sampled_from([0, 0, 7_777, 500_000]), st.integers(0, 1))


def table(batch):
    columns = list(zip(*batch, strict=True)) if batch else [[]] * 7
    account, instrument, side, price, lots, kind, target = columns
    return Orders.of(account, instrument, side, price, lots, kind=kind, target=target)


def trades_of(receipt):
    t = receipt.trades
    return list(zip(t.maker.tolist(), t.taker.tolist(), t.price_ticks.tolist(), t.lots.tolist(), strict=True))


def assert_never_crossed(book):
    bid, ask = book.best_bid, book.best_ask
    assert ((bid == 0) | (ask == 0) | (bid < ask)).all()


def assert_same_queues(book, plain):
    for instrument in range(book.n_instruments):
        resting = book.resting(instrument)
        mine = list(zip(resting.order_id, resting.side, resting.price_ticks, resting.lots, strict=True))
        live = [x for x in plain.orders if x.instrument == instrument]
        live.sort(key=lambda x: (x.side, -x.price if x.side == 0 else x.price))
        assert mine == [(x.order_id, x.side, x.price, x.lots) for x in live]


@given(batches, st.sampled_from(SelfTrade))
def test_a_bare_book_equals_the_plain_exchange(stream, rule):
    book, plain = OrderBook(INSTRUMENTS, TOP, capacity=1, self_trade=rule), PlainExchange([TOP] * INSTRUMENTS, rule)
    for batch in stream:
        seen = len(plain.trades)
        receipt = book.submit(table(batch))
        expected = plain.submit(batch)
        assert list(zip(receipt.reason, receipt.filled, strict=True)) == expected
        assert trades_of(receipt) == plain.trades[seen:]
        assert_same_queues(book, plain)
        assert_never_crossed(book)


@given(batches, st.sampled_from(SelfTrade))
def test_one_order_a_call_equals_one_call_for_all(stream, rule):
    single, whole = (OrderBook(INSTRUMENTS, TOP, capacity=2, self_trade=rule) for _ in range(2))
    for batch in stream:
        # A requote is told apart from the rest by what traded since its own call began.
        batch = [row for row in batch if row[5] != OrderKind.REQUOTE]  # noqa: PLW2901
        receipt = whole.submit(table(batch))
        for i, (account, instrument, side, price, lots, kind, target) in enumerate(batch):
            answer = single.submit_one(account, instrument, side, price, lots, int(kind), target)
            reason = receipt.reason[i]
            assert answer == (-reason if reason else receipt.first_order_id + i)
        trades = single.take_trades()
        for name in ("maker", "taker", "price_ticks", "lots", "buyer", "seller", "instrument", "taker_side"):
            np.testing.assert_array_equal(getattr(trades, name), getattr(receipt.trades, name))


def purse(draw):
    """Draw balances and limits, small enough that cover matters."""
    lots = st.lists(st.integers(0, 30), min_size=ACCOUNTS, max_size=ACCOUNTS)
    per_instrument = st.lists(lots, min_size=INSTRUMENTS, max_size=INSTRUMENTS)
    free = draw(per_instrument)
    locked = [[min(a, b) for a, b in zip(x, y, strict=True)] for x, y in zip(free, draw(per_instrument), strict=True)]
    pair = lambda values: st.lists(values, min_size=INSTRUMENTS, max_size=INSTRUMENTS)  # noqa: E731
    return PlainFunds(
        free=free,
        frozen=[[0] * ACCOUNTS for _ in range(INSTRUMENTS)],
        locked=locked,
        cash=draw(st.lists(st.integers(0, 3_000), min_size=ACCOUNTS, max_size=ACCOUNTS)),
        cash_frozen=[0] * ACCOUNTS,
        due=[[0] * ACCOUNTS for _ in range(MAX_CASH_LAG)],
        tick_value=draw(pair(st.sampled_from([1, 7, 50]))),
        charges=draw(pair(charges)),
        unpaid=[0] * ACCOUNTS,
        lock_bought=draw(pair(st.booleans())),
        cash_lag=draw(pair(st.sampled_from([0, 0, 1, 3]))),
        is_open=draw(pair(st.sampled_from([True, True, True, False]))),
        band_low=draw(pair(st.integers(1, 3))),
        band_high=draw(pair(st.integers(9, TOP))),
    )


def funding_of(plain):
    """Hold the same balances and limits in arrays."""
    ledger = Ledger.empty(INSTRUMENTS, ACCOUNTS)
    for name in PARTS:
        getattr(ledger, name)[...] = getattr(plain, name)
    return Funding(
        ledger=ledger,
        due=np.zeros((MAX_CASH_LAG, ACCOUNTS), np.int64),
        journal=Journal(capacity=1),
        tick_value_fen=np.array(plain.tick_value),
        charges=charge_table(plain.charges),
        unpaid=np.zeros(ACCOUNTS, np.int64),
        lock_bought=np.array(plain.lock_bought),
        cash_lag=np.array(plain.cash_lag),
        is_open=np.array(plain.is_open),
        band_low=np.array(plain.band_low),
        band_high=np.array(plain.band_high),
        day=3,
    )


def balances(ledger):
    return {name: getattr(ledger, name).copy() for name in PARTS}


def replay(start, journal):
    """The ten lines that say what each row of the journal means."""
    x = {name: array.copy() for name, array in start.items()}
    columns = journal.table()
    for op, reason, a, b, i, lots, fen in zip(
        *(columns[n].tolist() for n in ("op", "reason", "account", "counterparty", "instrument", "lots", "cash")),
        strict=True,
    ):
        if op in (ops.FREEZE, ops.RELEASE):
            sign = 1 if op == ops.FREEZE else -1
            x["free"][i, a] -= sign * lots
            x["frozen"][i, a] += sign * lots
        elif op in (ops.FREEZE_CASH, ops.RELEASE_CASH):
            sign = 1 if op == ops.FREEZE_CASH else -1
            x["cash"][a] -= sign * fen
            x["cash_frozen"][a] += sign * fen
        elif op == ops.DELIVER:
            x["frozen"][i, a] -= lots
            x["free"][i, b] += lots
            x["locked"][i, b] += (reason & codes.LOCKED) * lots
            x["cash_frozen"][b] -= fen
            x["cash_frozen" if reason & codes.HELD else "cash"][a] += fen
        else:
            x["cash_frozen" if op == ops.FEE_FROZEN else "cash"][a] -= fen
            x["cash"][b] += fen
            assert op in (ops.FEE, ops.FEE_FROZEN)
    return x


def assert_sound(book, funding, start):
    """Nothing is created or lost, what is frozen is what orders need, and the journal says how it came about."""
    ledger, now = funding.ledger, balances(funding.ledger)
    for name in PARTS:
        assert (now[name] >= 0).all(), name
    assert (now["locked"] <= now["free"]).all()
    np.testing.assert_array_equal((now["free"] + now["frozen"]).sum(1), (start["free"] + start["frozen"]).sum(1))
    assert (now["cash"] + now["cash_frozen"]).sum() == (start["cash"] + start["cash_frozen"]).sum()
    frozen, cash = np.zeros_like(ledger.frozen), funding.due.sum(axis=0)
    for i in range(INSTRUMENTS):
        resting = book.resting(i)
        np.add.at(frozen[i], resting.account, np.where(resting.side == 1, resting.lots, 0))
        np.add.at(cash, resting.account, book.cash_behind(resting.order_id, funding))
    np.testing.assert_array_equal(now["frozen"], frozen)
    assert_taken(funding)
    np.testing.assert_array_equal(now["cash_frozen"], cash)
    for name, array in replay(start, funding.journal).items():
        np.testing.assert_array_equal(array, now[name], err_msg=name)


def assert_taken(funding):
    """What was counted as taken is what the journal says was charged."""
    rows = funding.journal.table()
    charged = np.isin(rows["op"], (ops.FEE, ops.FEE_FROZEN))
    taxes = charged & (rows["reason"] == codes.TAX)
    assert funding.charges[:, CHARGED].sum() == rows["cash"][charged & ~taxes].sum()
    assert funding.charges[:, TAXED].sum() == rows["cash"][taxes].sum()


@given(st.data(), batches, st.sampled_from(SelfTrade))
def test_a_funded_book_equals_the_plain_exchange(data, stream, rule):
    plain = PlainExchange([TOP] * INSTRUMENTS, rule, purse(data.draw))
    book, funding = OrderBook(INSTRUMENTS, TOP, capacity=1, self_trade=rule), funding_of(plain.funds)
    start = balances(funding.ledger)
    for batch in stream:
        seen = len(plain.trades)
        receipt = book.submit(table(batch), funding)
        expected = plain.submit(batch)
        assert list(zip(receipt.reason, receipt.filled, strict=True)) == expected
        assert trades_of(receipt) == plain.trades[seen:]
        assert_same_queues(book, plain)
        for name in PARTS:
            np.testing.assert_array_equal(getattr(funding.ledger, name), getattr(plain.funds, name), err_msg=name)
        np.testing.assert_array_equal(funding.unpaid, plain.funds.unpaid)
        np.testing.assert_array_equal(funding.due, plain.funds.due)
        assert_sound(book, funding, start)
    book.cancel_all(funding=funding)
    assert len(book) == 0
    assert_sound(book, funding, start)


def cancel_outside(book, funding, low, high):
    """Let all owners withdraw what a new band leaves outside."""
    for i in range(INSTRUMENTS):
        resting = book.resting(i)
        out = np.flatnonzero((resting.price_ticks < low) | (resting.price_ticks > high))
        if len(out):
            ids = resting.order_id[out]
            rows = Orders.of(resting.account[out], i, resting.side[out], 0, 0, kind=OrderKind.CANCEL, target=ids)
            assert not book.submit(rows, funding).reason.any()


@given(st.data(), batches, st.sampled_from(["time", "pro_rata"]))
def test_a_funded_book_is_sound_through_calls_and_new_bands(data, stream, ration):
    plain = PlainExchange([TOP] * INSTRUMENTS, 0, purse(data.draw))
    book, funding = OrderBook(INSTRUMENTS, TOP, capacity=1), funding_of(plain.funds)
    start = balances(funding.ledger)
    for batch in stream:
        limits = [(a, i, s, p, q, OrderKind.LIMIT, -1) for a, i, s, p, q, _, _ in batch]
        receipt = CallAuction(ration=ration).clear(book, table(limits), 5, funding)
        assert_sound(book, funding, start)
        assert_never_crossed(book)
        prices = defaultdict(set)
        for instrument, price in zip(receipt.trades.instrument, receipt.trades.price_ticks, strict=True):
            prices[instrument].add(price)
        assert all(len(x) == 1 for x in prices.values())
        book.submit(table(batch), funding)
        assert_sound(book, funding, start)
        low = data.draw(st.integers(1, 8))
        cancel_outside(book, funding, low, low + 4)
        assert_sound(book, funding, start)
        for i in range(INSTRUMENTS):
            prices = book.resting(i).price_ticks
            assert ((prices >= low) & (prices <= low + 4)).all()
        book.cancel_asks([1], 0, funding)
        assert funding.ledger.frozen[0, 1] == 0
        assert_sound(book, funding, start)


@given(batches, batches)
def test_a_restored_book_goes_on_in_the_same_way(before, after):
    book = OrderBook(INSTRUMENTS, TOP)
    for batch in before:
        book.submit(table(batch))
    twin = OrderBook(INSTRUMENTS, TOP, capacity=1)
    twin.restore(book.state())
    for batch in after:
        one, two = book.submit(table(batch)), twin.submit(table(batch))
        np.testing.assert_array_equal(one.reason, two.reason)
        assert one.first_order_id == two.first_order_id
        assert trades_of(one) == trades_of(two)
    for name, value in book.state().items():
        np.testing.assert_array_equal(value, twin.state()[name])


@given(batches)
def test_no_fill_is_beyond_its_limit_and_equal_orders_fill_in_their_order(stream):
    book, orders = OrderBook(INSTRUMENTS, TOP), {}
    for batch in stream:
        limits = [(a, i, s, p, q, OrderKind.LIMIT, -1) for a, i, s, p, q, _, _ in batch]
        receipt = book.submit(table(limits))
        orders.update({receipt.first_order_id + k: row for k, row in enumerate(limits)})
        for maker, taker, price, _ in trades_of(receipt):
            assert price == orders[maker][3]
            assert price <= orders[taker][3] if orders[taker][2] == 0 else price >= orders[taker][3]
            earlier = [
                k for i in range(INSTRUMENTS) for k in book.resting(i).order_id if orders[k][1:4] == orders[maker][1:4]
            ]
            assert all(k >= maker for k in earlier)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_a_long_stream_equals_the_reference_book(seed, resting):
    orders, trades = order_stream(400, seed, resting, mid=100)
    book, reference = OrderBook(1, 400, capacity=4), ReferenceBook()
    assert trades_of(book.submit(orders)) == trades
    for i in range(len(orders)):
        if orders.kind[i] == OrderKind.CANCEL:
            reference.cancel(int(orders.target[i]))
        else:
            reference.limit(i, int(orders.side[i]), int(orders.price_ticks[i]), int(orders.lots[i]))
    assert reference.trades == trades
    assert len(book) == len(reference)
    assert (book.best_bid[0] or None, book.best_ask[0] or None) == (reference.best(0), reference.best(1))


@pytest.mark.parametrize("rows_a_batch", [1, 7, 5_000])
def test_batches_of_any_size_make_the_same_trades(rows_a_batch):
    orders, trades = order_stream(5_000, 11, 100)
    book, made = OrderBook(1, 20_000, capacity=1), []
    for start in range(0, len(orders), rows_a_batch):
        made += trades_of(book.submit(orders.take(np.arange(start, min(start + rows_a_batch, len(orders))))))
    assert made == trades


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, TOP), st.integers(1, 9)), max_size=25))
def test_shares_of_a_call_add_up_and_better_prices_go_first(rows):
    side, price, lots = (list(x) for x in zip(*rows, strict=True)) if rows else ([], [], [])
    orders = Orders.of(range(len(rows)), 0, side, price, lots)
    shared = CallAuction(ration="pro_rata").clear(OrderBook(1, TOP), orders, 5)
    timed = CallAuction().clear(OrderBook(1, TOP), orders, 5)
    assert shared.trades.lots.sum() == timed.trades.lots.sum()
    assert set(shared.trades.price_ticks.tolist()) == set(timed.trades.price_ticks.tolist())
    for way in (0, 1):
        levels = defaultdict(list)
        for row, n in zip(rows, shared.filled.tolist(), strict=True):
            if row[0] == way:
                levels[row[1] * (1 if way else -1)].append((n, row[2]))
        is_open = True
        for key in sorted(levels):
            part, whole = sum(n for n, _ in levels[key]), sum(n for _, n in levels[key])
            assert is_open or part == 0
            assert all(abs(n * whole - part * lots) < whole for n, lots in levels[key])
            is_open = part == whole
