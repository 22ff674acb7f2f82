import numpy as np
import pytest

from agents.strategies.zero_intelligence_kernels import no_loss_ranges, scale_draws


@pytest.mark.parametrize("kernel", [no_loss_ranges, no_loss_ranges.py_func], ids=["compiled", "plain"])
def test_ranges_by_hand(kernel: object) -> None:
    """Seats 0 and 1 buy, 2 and 3 sell; the second right may be quoted from 50 to 60 only, by at most 3 lots."""
    right, wish = np.array([0, 1, 0, 1]), np.array([4.0, 9.0, -5.0, -5.0])
    value, quota = np.array([20.5, 49.5, 20.5, 55.0]), np.array([4, 9, 5, 5])
    low, high, largest = np.array([10, 50]), np.array([30, 60]), np.array([100, 3])
    seat, side = np.zeros(4, np.int64), np.zeros(4, np.int8)
    lowest, width, lots = np.zeros((3, 4), np.int64)
    rows = np.array([3, 2, 1, 0])
    n = kernel(rows, right, wish, value, quota, low, high, largest, seat, side, lowest, width, lots)  # type: ignore[operator]
    assert n == 3
    assert seat[:n].tolist() == [3, 2, 0]
    assert side[:n].tolist() == [1, 1, 0]
    assert list(zip(lowest[:n].tolist(), width[:n].tolist(), strict=True)) == [(55, 6), (21, 10), (10, 11)]
    assert lots[:n].tolist() == [3, 5, 4]


@pytest.mark.parametrize("kernel", [scale_draws, scale_draws.py_func], ids=["compiled", "plain"])
def test_draws_fall_on_whole_ticks(kernel: object) -> None:
    """The lowest draw gives the lowest price, and one just below 1 the highest."""
    price, below_one = np.zeros(4, np.int64), np.nextafter(1.0, 0.0)
    kernel(np.array([0.0, below_one, 0.5, 0.49]), np.full(4, 10), np.array([11, 11, 2, 2]), price)  # type: ignore[operator]
    assert price.tolist() == [10, 20, 11, 10]
