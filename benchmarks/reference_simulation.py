"""The usual way to simulate a double auction in Python: Mesa agents and a book of two heaps.

The yardstick for `test_simulation.py`, with neither accounts nor a journal.  Half of N traders buy and half sell, each
with a private value of 1 to 1000 ticks.  In a round all act once, in random order: withdraw the old quote if it still
rests, draw a price without loss, send an order for one lot.

Run as a program it prints one JSON record; a fresh process for each N, because Mesa 3.3.1 keeps finished models alive::

    python benchmarks/reference_simulation.py 1000 400
"""

from __future__ import annotations

import gc
import heapq
import json
import statistics
import sys
import time

import mesa

TOP = 1000
REPEATS = 5


class HeapBook:
    """Best bid and best ask on two heaps; a withdrawn order stays there until it comes up."""

    def __init__(self) -> None:
        self.bids: list[tuple[int, int, Quoter]] = []
        self.asks: list[tuple[int, int, Quoter]] = []
        self.withdrawn: set[int] = set()
        self.orders = 0
        self.trades = 0

    def enter(self, trader: Quoter, price: int) -> int | None:
        """Trade one lot with the best opposite order, or let it rest and return its number."""
        self.orders += 1
        opposite, own, sign = (self.asks, self.bids, 1) if trader.buys else (self.bids, self.asks, -1)
        while opposite:
            key, number, other = opposite[0]
            if number in self.withdrawn:
                self.withdrawn.remove(number)
                heapq.heappop(opposite)
            elif key <= sign * price:
                heapq.heappop(opposite)
                other.resting = None
                self.trades += 1
                return None
            else:
                break
        heapq.heappush(own, (-sign * price, self.orders, trader))
        return self.orders


class Quoter(mesa.Agent):
    """A trader who quotes any price that loses nothing."""

    def __init__(self, model: HeapMarket, buys: bool) -> None:
        super().__init__(model)
        self.buys = buys
        self.value = self.random.randint(1, TOP)
        self.resting: int | None = None

    def step(self) -> None:
        """Replace the old quote by a new one."""
        book = self.model.book
        if self.resting is not None:
            book.withdrawn.add(self.resting)
        draw = self.random.randint
        self.resting = book.enter(self, draw(1, self.value) if self.buys else draw(self.value, TOP))


class HeapMarket(mesa.Model):
    """N traders around one book."""

    def __init__(self, n: int, seed: int) -> None:
        super().__init__(seed=seed)
        self.book = HeapBook()
        for i in range(n):
            Quoter(self, i % 2 == 0)

    def step(self) -> None:
        """Let all act once."""
        self.agents.shuffle_do("step")


def measure(n: int, rounds: int) -> dict[str, float]:
    """Return the median CPU time of a run and the share of orders that traded."""
    seconds, trades = [], 0
    for seed in range(REPEATS):
        gc.collect()
        market = HeapMarket(n, seed)
        start = time.process_time()
        for _ in range(rounds):
            market.step()
        seconds.append(time.process_time() - start)
        trades += market.book.trades
    return {"seconds": statistics.median(seconds), "trades_per_order": trades / (REPEATS * n * rounds)}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
