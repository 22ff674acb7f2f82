"""The kernels against slow twins: one trader after the other, from the rules of Cliff and Bruten (1997)."""

from math import ceil, floor

import numpy as np
import pytest

from agents.strategies.zero_intelligence_plus_kernels import (
    BID,
    SILENT,
    find_moved,
    move_margins,
    order_shouts,
    quote_margins,
    read_sides,
    shouts_of_wave,
)

N, SEATS, RIGHTS = 40, 60, 3
LOW, HIGH = np.array([1, 50, 1]), np.array([400, 250, 300])


class Crowd:
    """Traders of all kinds: some with fractional or tiny values, some done for the day, some without means."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.right = np.sort(rng.integers(0, RIGHTS, SEATS))
        self.seats = np.sort(rng.choice(SEATS, N, replace=False))
        self.value = np.where(rng.random(SEATS) < 0.1, 0.3, rng.integers(40, 800, SEATS) / 2)
        self.wish = rng.choice([-3.0, 0.0, 0.5, 2.0], SEATS)
        self.quota = rng.integers(0, 9, SEATS)
        self.side = rng.integers(0, 2, N).astype(np.int8)
        self.margin = rng.uniform(0, 0.6, N)
        self.rate, self.momentum, self.drift = rng.uniform(0, 1, (3, N))
        self.able = rng.random(N) < 0.8
        self.heard = rng.random(RIGHTS) < 0.7
        self.shout_side = rng.integers(0, 2, RIGHTS).astype(np.int8)
        self.q = rng.integers(50, 300, RIGHTS).astype(np.float64)
        self.accepted = rng.random(RIGHTS) < 0.5
        self.relative, self.absolute = rng.uniform(0, 0.05, (2, N))

    def price(self, i: int) -> float:
        """Quote of a trader before rounding."""
        sign = -1 if self.side[i] == BID else 1
        return float(max(self.value[self.seats[i]], 1.0) * (1 + sign * self.margin[i]))

    def quote(self, i: int) -> int:
        return floor(self.price(i)) if self.side[i] == BID else ceil(self.price(i))

    def direction(self, i: int) -> int:
        """1 where the target lies above the shout, -1 where it lies below, 0 for who learns nothing."""
        r = self.right[self.seats[i]]
        buys, q, quoted = self.side[i] == BID, self.q[r], self.quote(i)
        if not self.heard[r]:
            return 0
        if self.accepted[r] and (quoted >= q if buys else quoted <= q):
            return -1 if buys else 1
        competes = self.side[i] == self.shout_side[r]
        misses = quoted <= q if buys else quoted >= q
        may = self.wish[self.seats[i]] != 0 and self.able[i]
        if misses and may and (not competes if self.accepted[r] else competes):
            return 1 if buys else -1
        return 0


@pytest.mark.parametrize("seed", range(30))
def test_who_moves_and_how_far(seed: int) -> None:
    crowd = Crowd(seed)
    moved, up = np.zeros(N, np.int64), np.zeros(N, np.bool_)
    traders = crowd.seats, crowd.right, crowd.value, crowd.wish, crowd.side, crowd.margin, crowd.able
    shouts = crowd.heard, crowd.shout_side, crowd.q, crowd.accepted
    m = find_moved(*traders, *shouts, moved, up)
    expected = {i: crowd.direction(i) for i in range(N) if crowd.direction(i)}
    assert dict(zip(moved[:m].tolist(), np.where(up[:m], 1, -1).tolist(), strict=True)) == expected
    margins, drifts = crowd.margin.copy(), crowd.drift.copy()
    for k, (i, sign) in enumerate(expected.items()):
        seat = crowd.seats[i]
        r = crowd.right[seat]
        target = crowd.q[r] * (1 + sign * crowd.relative[k]) + sign * crowd.absolute[k] * (HIGH[r] - LOW[r] + 1)
        step = (1 - crowd.momentum[i]) * crowd.rate[i] * (target - crowd.price(i))
        drifts[i] = crowd.momentum[i] * crowd.drift[i] + step
        share = (crowd.price(i) + drifts[i]) / max(crowd.value[seat], 1.0)
        margins[i] = min(max(1 - share, 0), 1) if crowd.side[i] == BID else max(share - 1, 0)
    steps = moved[:m], up[:m], crowd.relative[:m], crowd.absolute[:m]
    where = crowd.seats, crowd.right, crowd.value, crowd.q, LOW, HIGH
    move_margins(*steps, *where, crowd.side, crowd.rate, crowd.momentum, crowd.margin, crowd.drift)
    np.testing.assert_allclose(crowd.margin, margins, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(crowd.drift, drifts, rtol=1e-12, atol=1e-12)


def test_all_lessons_occur_among_these_crowds() -> None:
    """Otherwise the comparison above would prove little."""
    directions = {(c.side[i], c.direction(i)) for c in map(Crowd, range(30)) for i in range(N)}
    assert directions == {(side, d) for side in (0, 1) for d in (-1, 0, 1)}


@pytest.mark.parametrize("seed", range(10))
def test_quotes(seed: int) -> None:
    crowd, largest = Crowd(seed), np.array([5, 2, 9])
    at = np.random.default_rng(seed).permutation(N)[:25]
    seat, price, lots = np.zeros((3, 25), np.int64)
    side = np.zeros(25, np.int8)
    tables = crowd.right, crowd.value, crowd.quota, crowd.side, crowd.margin, LOW, HIGH, largest
    n = quote_margins(crowd.seats[at], at, *tables, seat, side, price, lots)
    expected = []
    for i in at.tolist():
        s = int(crowd.seats[i])
        r = crowd.right[s]
        low, high, quoted = int(LOW[r]), int(HIGH[r]), crowd.quote(i)
        if quoted >= low if crowd.side[i] == BID else quoted <= high:
            terms = min(max(quoted, low), high), min(int(crowd.quota[s]), int(largest[r]))
            expected.append((s, int(crowd.side[i]), *terms))
    assert 0 < len(expected) < 25
    assert list(zip(*(x[:n].tolist() for x in (seat, side, price, lots)), strict=True)) == expected


@pytest.mark.parametrize("read", [read_sides, read_sides.py_func], ids=["compiled", "plain"])
def test_sides(read: object) -> None:
    side = np.array([0, 1, 0, 1], np.int8)
    read(np.array([0, 1, 2, 4]), np.array([-1.0, 2.0, 0.0, 9.0, 0.0]), side)  # type: ignore[operator]
    assert side.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("plain", [False, True], ids=["compiled", "plain"])
def test_waves(plain: bool) -> None:
    """Seats 0 and 1 are of one market and seat 2 of another; the last two shouts of a market are heard.

    Row 3 was refused.  Row 4 traded on arrival with row 1, which rested and thus was not accepted when it shouted.
    """
    number, gather = (order_shouts.py_func, shouts_of_wave.py_func) if plain else (order_shouts, shouts_of_wave)
    seat, right = np.array([0, 1, 2, 0, 1]), np.array([0, 0, 1])
    side, price = np.array([0, 1, 1, 0, 0], np.int8), np.array([10, 30, 25, 11, 35])
    reason, filled = np.array([0, 0, 0, 3, 0], np.int8), np.array([0, 0, 0, 0, 1])
    wave, traded = np.zeros((2, 5), np.int64)
    made = np.array([71, 60]), np.array([74, 74]), np.array([30, 31])
    number(70, reason, filled, *made, seat, right, 2, np.zeros((2, 2), np.int64), wave, traded)
    assert wave.tolist() == [SILENT, 1, 0, SILENT, 2]
    assert traded.tolist() == [0, 0, 0, 0, 31]
    shouts = np.zeros(2, np.bool_), np.zeros(2, np.int8), np.zeros(2), np.zeros(2, np.bool_)
    for w in (0, 2):
        gather(w, wave, traded, seat, side, price, right, *shouts)
    assert [x.tolist() for x in shouts] == [[True, True], [0, 1], [31.0, 25.0], [True, False]]
