"""What the order books cost beside a plain-Python book: ``python -m benchmarks.bench_matching [rows]``.

The same seeded stream (60 % passive limits, 20 % marketable limits, 20 % cancels) goes through the reference book of
the tests and through the engine in four ways.  Times are CPU seconds, medians of five rounds in which all take turns,
because a busy machine slows all alike; only the ratios travel.  The orders are ready before the clock starts, as rows
for the reference book and as tables for the engine.  Every trade is compared.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rights_market.exchange.charges import Charge, charge_table
from rights_market.exchange.funding import Funding
from rights_market.exchange.order_book import OrderBook, SelfTrade
from rights_market.records import OrderKind, Orders, Trades
from rights_market.registry.cash import MAX_CASH_LAG
from rights_market.registry.journal import Journal
from rights_market.registry.ledger import Ledger
from rights_market.units import Side
from tests.reference_book import ReferenceBook, order_stream

ROWS, SEED, RESTING, ROUNDS = 1_000_000, 7, 5_000, 5
MAX_PRICE, ACCOUNTS, ROWS_A_BATCH = 20_000, 1_000, 1_000
Figures = npt.NDArray[np.int64]


def with_owners(orders: Orders) -> Orders:
    """Give every order an owner, buyers and sellers apart, so that self-trade rules are checked but never bite."""
    owner = np.random.default_rng(SEED).integers(0, ACCOUNTS // 2, len(orders)) * 2 + (orders.side == Side.ASK)
    owner = np.where(orders.kind == OrderKind.CANCEL, owner[orders.target], owner)
    return replace(orders, account=owner.astype(np.int32))


def figures(trades: Trades) -> Figures:
    """Maker, taker, price and lots of every trade."""
    return np.stack([trades.maker, trades.taker, trades.price_ticks, trades.lots], axis=1)


class Cases:
    """One stream and the ways to have it matched; each returns its trades."""

    def __init__(self, rows: int) -> None:
        self.orders, trades = order_stream(rows, SEED, RESTING)
        self.trades: Figures = np.array(trades, np.int64).reshape(-1, 4)
        self.owned = with_owners(self.orders)
        names = ("side", "price_ticks", "lots", "kind", "target")
        cuts = [np.arange(i, min(i + ROWS_A_BATCH, rows)) for i in range(0, rows, ROWS_A_BATCH)]
        self.parts = [self.orders.take(cut) for cut in cuts]
        self.rows = list(zip(range(rows), *(getattr(self.orders, name).tolist() for name in names), strict=True))

    def reference(self) -> list[tuple[int, int, int, int]]:
        """Run the plain-Python book."""
        book = ReferenceBook()
        limit, cancel, limit_order = book.limit, book.cancel, int(OrderKind.LIMIT)
        for order_id, side, price, lots, kind, target in self.rows:
            if kind == limit_order:
                limit(order_id, side, price, lots)
            else:
                cancel(target)
        return book.trades

    def one_call(self) -> Trades:
        """Run a bare book with all orders in one call."""
        return OrderBook(1, MAX_PRICE).submit(self.orders).trades

    def batches(self) -> list[Trades]:
        """Run a bare book in batches."""
        book = OrderBook(1, MAX_PRICE)
        return [book.submit(part).trades for part in self.parts]

    def funded(self) -> Trades:
        """Run a pre-funded book with fees and self-trade prevention, all orders in one call."""
        ledger = Ledger.empty(1, ACCOUNTS + 1)
        ledger.free[:], ledger.cash[:] = 10**9, 10**15
        funding = Funding(
            ledger=ledger,
            due=np.zeros((MAX_CASH_LAG, ACCOUNTS + 1), np.int64),
            journal=Journal(keep=False),
            tick_value_fen=np.ones(1, np.int64),
            charges=charge_table([Charge(3_000, 3_000, receiver=ACCOUNTS)]),
            unpaid=np.zeros(ACCOUNTS + 1, np.int64),
            lock_bought=np.zeros(1, np.bool_),
            cash_lag=np.zeros(1, np.int64),
            is_open=np.ones(1, np.bool_),
            band_low=np.ones(1, np.int64),
            band_high=np.full(1, MAX_PRICE),
            day=0,
        )
        book = OrderBook(1, MAX_PRICE, self_trade=SelfTrade.CANCEL_RESTING)
        return book.submit(self.owned, funding).trades

    def one_by_one(self) -> Trades:
        """Run a bare book with one call an order."""
        book = OrderBook(1, MAX_PRICE)
        submit = book.submit_one
        for _, side, price, lots, kind, target in self.rows:
            submit(0, 0, side, price, lots, kind, target)
        return book.take_trades()

    def differs(self, name: str) -> bool:
        """Whether a way makes other trades than the reference book."""
        made = getattr(self, name)()
        if name == "reference":
            return made != [tuple(row) for row in self.trades.tolist()]
        parts = made if isinstance(made, list) else [made]
        return not np.array_equal(np.concatenate([figures(part) for part in parts]), self.trades)


WAYS = {
    "reference": "plain-Python book",
    "one_call": "bare, one call",
    "batches": f"bare, batches of {ROWS_A_BATCH:,}",
    "funded": "pre-funded, fees, no self-trades",
    "one_by_one": "bare, one order a call",
}


def cpu_seconds(run: Callable[[], object]) -> float:
    """CPU time of one run, without the garbage of the one before."""
    gc.collect()
    start = time.process_time()
    run()
    return time.process_time() - start


def main(rows: int = ROWS) -> None:
    """Print one line for each way: orders a second, ratio to the reference book, and whether the trades agree."""
    cases = Cases(rows)
    differing = {name: cases.differs(name) for name in WAYS}
    gc.freeze()
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name in WAYS:
            times[name].append(cpu_seconds(getattr(cases, name)))
    yardstick = statistics.median(times["reference"])
    print(f"{rows:,} rows, {len(cases.trades):,} trades, seed {SEED}, {RESTING:,} resting, medians of {ROUNDS}")
    for name, words in WAYS.items():
        seconds = statistics.median(times[name])
        check = "DIFFER" if differing[name] else "equal"
        print(f"{words:34s} {rows / seconds:13,.0f} orders/s  {yardstick / seconds:6.1f} x   trades {check}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
