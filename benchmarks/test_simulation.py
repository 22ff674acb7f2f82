"""A whole market of zero-intelligence traders, beside Mesa agents with a heap book (`reference_simulation.py`).

Ours is what a user would run: `LaboratoryModel` with one round a batch, with accounts, pre-funded orders, the journal
and all trades kept.  Figures are CPU time, the median of five runs; the reference runs in a process of its own just
before.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random  # noqa: TID251 - what Mesa's agents draw from
from typing import Any

import numpy as np
import pytest

from agents.laboratory import LaboratoryModel
from agents.objects import MarketView, Wanted
from agents.spec import InducedSpec
from rights_market.market import Keep

REFERENCE = Path(__file__).with_name("reference_simulation.py")
TOP = 1000
RUNS = 5
WARM_UP = 2
ORDERS = 400_000

SMALL = 1_000
LARGE = [10_000, pytest.param(100_000, marks=pytest.mark.slow)]
Say = Callable[[str], None]

pytestmark = pytest.mark.benchmark(timer=time.process_time, disable_gc=False, warmup=False)


def rounds_of(n: int) -> int:
    """Return how many rounds make up the usual number of orders."""
    return max(4, ORDERS // n)


def spec_of(n: int, rounds: int) -> InducedSpec:
    """Half buyers and half sellers with values of 1 to 1000 ticks, who may trade in every round."""
    ticks = np.random.default_rng(n).integers(1, TOP + 1, n) / 100
    return InducedSpec(
        values=ticks[::2].tolist(),
        costs=ticks[1::2].tolist(),
        price_low=0.0,
        price_high=TOP / 100,
        strategy="zi_c",
        units=rounds + WARM_UP + 1,
        days=1,
        batch=n,
    )


class Quoter:
    """One trader as an object: any price that loses nothing."""

    def __init__(self, buys: bool, value: int, rng: Random) -> None:
        self.buys = buys
        self.low, self.high = (1, value) if buys else (value, TOP)
        self.draw = rng.randint

    def decide(self, market: MarketView) -> tuple[Wanted]:
        """Replace the old quote by a new one."""
        price = self.draw(self.low, self.high) / 100
        return (market.buy("LAB", price, 1) if self.buys else market.sell("LAB", price, 1),)


def open_market(n: int, rounds: int, *, objects: bool = False, keep: Keep | None = None) -> LaboratoryModel:
    """Build a model, open its day and trade for a moment, so that nothing is compiled or grown for the first time."""
    gc.collect()
    spec = spec_of(n, rounds)
    subjects = {}
    if objects:
        rng = Random(1)
        values = [*spec.values, *spec.costs]
        subjects = {row: Quoter(row < len(spec.values), round(100 * v), rng) for row, v in enumerate(values)}
    model = LaboratoryModel(spec, subjects=subjects, keep=keep, seed=1)
    model.open_day()
    for _ in range(WARM_UP):
        model.trade_batch()
    return model


def trade(model: LaboratoryModel, rounds: int) -> LaboratoryModel:
    """Let all traders act `rounds` times."""
    for _ in range(rounds):
        model.trade_batch()
    return model


def reference(n: int, rounds: int) -> dict[str, float]:
    """Run the yardstick in a fresh process."""
    command = [sys.executable, str(REFERENCE), str(n), str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def time_runs(benchmark: Any, n: int, rounds: int, **kind: Any) -> LaboratoryModel:
    """Time the rounds of five markets, and return the last one when its books have been proved."""

    def setup() -> tuple[tuple[LaboratoryModel, int], dict[str, Any]]:
        return (open_market(n, rounds, **kind), rounds), {}

    model: LaboratoryModel = benchmark.pedantic(trade, setup=setup, rounds=RUNS)
    model.close_day()
    model.market.audit()
    return model


def report(benchmark: Any, say: Say, name: str, n: int, rounds: int, trades: float, peer: dict[str, float]) -> None:
    """Say how we compare."""
    own = benchmark.stats.stats.median
    ratio = peer["seconds"] / own
    step = 1e6 / (n * rounds)
    benchmark.extra_info.update(ratio=ratio, us_per_agent_step=own * step)
    say(
        f"{name}, N={n:,}: {own * step:.3f} us an agent-step, Mesa + heap {peer['seconds'] * step:.3f} us, "
        f"ratio {ratio:.1f}; trades per order {trades:.3f} and {peer['trades_per_order']:.3f}"
    )


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print through pytest's capture: ratios belong into the output of `make bench`."""

    def to_terminal(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}")

    return to_terminal


@pytest.mark.parametrize("n", [SMALL, *LARGE])
def test_zero_intelligence_market(benchmark: Any, say: Say, n: int) -> None:
    """Traders as arrays."""
    rounds = rounds_of(n) if benchmark.enabled else 3
    peer = reference(n, rounds) if benchmark.enabled else {}
    model = time_runs(benchmark, n, rounds)
    trades = model.recorder.lots.sum() / (n * (rounds + WARM_UP))
    assert 0.11 < trades < 0.14
    if benchmark.enabled:
        report(benchmark, say, "arrays", n, rounds, trades, peer)


@pytest.mark.parametrize("n", [SMALL, LARGE[0]])
def test_one_object_a_trader(benchmark: Any, say: Say, n: int) -> None:
    """Traders as objects with ``decide``."""
    rounds = rounds_of(n) if benchmark.enabled else 3
    peer = reference(n, rounds) if benchmark.enabled else {}
    model = time_runs(benchmark, n, rounds, objects=True)
    trades = model.recorder.lots.sum() / (n * (rounds + WARM_UP))
    assert 0.11 < trades < 0.14
    if benchmark.enabled:
        report(benchmark, say, "objects", n, rounds, trades, peer)


def test_smith_market_event_by_event(benchmark: Any, say: Say) -> None:
    """The usual laboratory: 22 ZIP traders for 10 days, one quote at a time."""

    def run() -> LaboratoryModel:
        model = LaboratoryModel(seed=1)
        while model.running:
            model.step()
        return model

    model = benchmark.pedantic(run, rounds=RUNS if benchmark.enabled else 1)
    if benchmark.enabled:
        quote = 1e6 * benchmark.stats.stats.median / model.market.book.next_order_id
        say(f"Smith's market, ZIP, event by event: {quote:.0f} us a quote")


def test_memory_of_traders_and_orders(benchmark: Any, say: Say) -> None:
    """Bytes for each trader and right, and for each order that rests."""
    n = 100_000 if benchmark.enabled else 2_000
    spec = spec_of(n, 1)
    gc.collect()
    tracemalloc.start()
    model = benchmark.pedantic(LaboratoryModel, args=(spec,), kwargs={"seed": 1}, rounds=1)
    gc.collect()
    trader = tracemalloc.get_traced_memory()[0] / n
    tracemalloc.stop()
    empty = model.market.book.nbytes
    model.open_day()
    trade(model, 3)
    memory = model.market.book._memory.book
    resting = len(model.market.book)
    orders = (memory.orders.nbytes + memory.slots.nbytes) / resting
    benchmark.extra_info.update(bytes_per_trader=trader, bytes_per_resting_order=orders)
    assert resting > n // 2
    say(
        f"memory, N={n:,}: {trader:.0f} bytes a trader and right; {orders:.0f} bytes a resting order "
        f"({resting:,} rest, 48 + 4 bytes each, and room to grow); an empty book {empty:,} bytes"
    )


@pytest.mark.slow
def test_memory_stays_flat_over_runs(benchmark: Any, say: Say) -> None:
    """100 models in one process, each dropped before the next."""

    def run() -> float:
        trade(open_market(SMALL, 20), 20)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / 2**20

    tracemalloc.start()
    for _ in range(3):
        run()
    held = [run() for _ in range(100)] if benchmark.enabled else [run()]
    tracemalloc.stop()
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info.update(mib_first=held[0], mib_last=held[-1])
    say(f"memory after 1 and after {len(held)} runs in one process: {held[0]:.2f} and {held[-1]:.2f} MiB")
