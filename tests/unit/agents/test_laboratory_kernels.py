import numpy as np
import pytest

from agents.laboratory_kernels import add_to_sums, choose_kinds, take_next_units


@pytest.mark.parametrize("choose", [choose_kinds, choose_kinds.py_func], ids=["compiled", "plain"])
def test_only_who_renews_a_quote_for_the_last_unit_replaces(choose: object) -> None:
    wish, order_id = np.array([1.0, -1.0, 2.0, 0.0]), np.array([[7, -1], [8, -1], [9, -1], [-1, 6]])
    kind = np.zeros(5, np.int8)
    choose(np.array([3, 2, 1, 0, 0]), np.array([1, 0, 1, 1, 0], np.int8), wish, order_id, 40, 50, kind)  # type: ignore[operator]
    assert kind.tolist() == [50, 40, 40, 40, 50]


@pytest.mark.parametrize("add", [add_to_sums, add_to_sums.py_func], ids=["compiled", "plain"])
def test_sums_of_a_day(add: object) -> None:
    """The competitive price is 3.5: prices of 2, 5 and 4 are -3, 3 and 1 half ticks away."""
    sums = np.ones((4, 2), np.int64)
    add(np.array([1, 1, 0]), np.array([2, 5, 4]), np.array([1, 2, 3]), np.array([6, -3, 1]), 7, *sums)  # type: ignore[operator]
    assert sums.tolist() == [[4, 4], [13, 13], [4, 28], [4, 1]]


@pytest.mark.parametrize("take", [take_next_units, take_next_units.py_func], ids=["compiled", "plain"])
@pytest.mark.parametrize("left", [0.0, -2.0])
def test_next_unit_after_a_trade(take: object, left: float) -> None:
    """Seat 0 bought with order 10 from seat 1, whose latest order is 12 and not the one that traded."""
    wish, quota = np.array([1.0, left, 5.0]), np.zeros(3, np.int64)
    order_id = np.array([[10, -1], [-1, 12], [13, 10]])
    ids = np.array([10]), np.array([11])
    done = take(np.array([0]), np.array([1]), *ids, wish, quota, order_id)  # type: ignore[operator]
    assert done == (left == 0)
    assert quota.tolist() == [1, int(left != 0), 0]
    assert order_id.tolist() == [[-1, -1], [-1, 12], [13, 10]]
