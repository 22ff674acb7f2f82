import numpy as np
import pytest

from agents.seats import NO_ORDER, Seats, side_of
from rights_market.units import Side


def seats() -> Seats:
    return Seats([0, 0, 0, 2, 2], [0, 1, 4, 1, 2], [2, 3, 6, 3, 4])


def test_rows_of_a_right() -> None:
    found = seats()
    assert len(found) == 5
    assert [found.of_right(r) for r in (0, 1, 2)] == [slice(0, 3), slice(3, 3), slice(3, 5)]


def test_rows_of_a_right_lie_together() -> None:
    with pytest.raises(ValueError, match="ordered by right"):
        Seats([0, 1, 0], [0, 0, 1], [2, 2, 3])


def test_wanting_is_bidding_and_offering_is_asking() -> None:
    assert side_of(np.array([2.0, -2.0])).tolist() == [Side.BID, Side.ASK]


def test_a_state_is_put_back_into_the_same_arrays() -> None:
    found, other = seats(), seats()
    found.value[:], found.order_id[1, Side.ASK], found.active[2] = 7.5, 42, True
    view = other.value
    other.restore(found.state())
    assert (
        (view == 7.5).all()
        and other.order_id[1].tolist() == [NO_ORDER, 42]
        and other.active.tolist() == [0, 0, 1, 0, 0]
    )
    other.forget_orders()
    assert (other.order_id == NO_ORDER).all() and found.order_id[1, Side.ASK] == 42
