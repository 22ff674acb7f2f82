"""Running figures of a day, compiled and as plain Python, worked by hand."""

import numpy as np
import pytest

from rights_market.kernels.tape_sums import FIGURES, NO_PRICE, add_to_day

TICK_VALUE = np.array([10, 1])


def empty():
    figures = np.zeros((FIGURES, 2), np.int64)
    figures[:3] = NO_PRICE
    return figures, np.array([70, 80])


@pytest.mark.parametrize("add", [add_to_day, add_to_day.py_func], ids=["compiled", "plain"])
def test_figures_by_hand(add):
    figures, last = empty()
    instrument, price, lots = np.array([1, 0, 1, 1], np.int32), np.array([50, 9, 40, 60]), np.array([2, 1, 3, 1])
    assert add(instrument, price, lots, TICK_VALUE, True, figures, last)
    # 50 x 2 + 40 x 3 + 60 x 1 = 280; one tick and lot of the first instrument is worth 10 fen.
    assert figures.tolist() == [[9, 50], [9, 60], [9, 40], [9, 280], [1, 6], [1, 6], [90, 280], [1, 3]]
    assert last.tolist() == [9, 60]
    assert add(instrument[:1], np.array([99]), lots[:1], TICK_VALUE, False, figures, last)
    assert figures[:, 1].tolist() == [50, 60, 40, 280, 6, 8, 478, 4]
    assert last.tolist() == [9, 60]


@pytest.mark.parametrize("add", [add_to_day, add_to_day.py_func], ids=["compiled", "plain"])
@pytest.mark.parametrize("wrong", [-1, 2])
def test_an_unknown_instrument_adds_nothing(add, wrong):
    figures, last = empty()
    assert not add(np.array([0, wrong], np.int32), np.array([5, 5]), np.array([1, 1]), TICK_VALUE, True, figures, last)
    assert figures.tolist() == empty()[0].tolist()
    assert last.tolist() == [70, 80]
