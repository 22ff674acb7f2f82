"""Growing table: rows survive growth, clearing keeps storage, columns must be complete."""

import numpy as np
import pytest

from rights_market.table import Table


def test_rows_survive_growth():
    table = Table({"a": np.int8, "b": np.int64}, capacity=1)
    for i in range(20):
        table.append(2, a=i, b=[i, -i])
    assert len(table) == 40
    assert table.rows()["a"].tolist() == [x for i in range(20) for x in (i, i)]
    assert table.rows()["b"].tolist() == [x for i in range(20) for x in (i, -i)]


def test_clear_forgets_rows_and_keeps_storage():
    table = Table({"a": np.int64}, capacity=4)
    table.append(3, a=[1, 2, 3])
    storage = table.records
    table.clear()
    table.append(1, a=9)
    assert table.rows()["a"].tolist() == [9]
    assert table.records is storage


def test_views_refuse_writing():
    table = Table({"a": np.int64})
    table.append(1, a=1)
    with pytest.raises(ValueError, match="read-only"):
        table.rows()["a"][0] = 2


@pytest.mark.parametrize("values", [{}, {"a": 1}, {"a": 1, "b": 2, "c": 3}])
def test_every_column_must_be_given(values):
    with pytest.raises(ValueError, match=r"needs the columns \['a', 'b'\]"):
        Table({"a": np.int64, "b": np.int64}).append(1, **values)


def test_state_is_a_copy_and_restores_exactly():
    table, twin = Table({"a": np.int64}), Table({"a": np.int64})
    table.append(2, a=[5, 6])
    state = table.state()
    table.append(1, a=7)
    twin.append(4, a=1)
    twin.restore(state)
    assert twin.rows()["a"].tolist() == [5, 6]


def test_growing_moves_no_row():
    table = Table({"a": np.int64}, capacity=2)
    table.append(2, a=[1, 2])
    first = table.records["a"]
    table.append(3, a=[3, 4, 5])
    assert first.tolist() == [1, 2]
    assert not np.shares_memory(first, table.records)
    assert len(table) == 5


def test_a_read_leaves_room_for_as_many_rows_again():
    """So that reading after every append copies each row twice at most, on average."""
    table = Table({"a": np.int64}, capacity=2)
    for i in range(100):
        table.append(1, a=i)
    read = table.rows()["a"]
    table.append(100, a=7)
    assert np.shares_memory(table.rows()["a"], read)
    assert table.rows()["a"].tolist() == [*range(100), *[7] * 100]
    table.append(1, a=8)
    assert table.rows()["a"][[0, 99, 100, 199, 200]].tolist() == [0, 99, 7, 7, 8]


def test_a_kernel_writes_where_room_was_reserved():
    """Reserved for the worst case and hardly used: no row is lost, and not every call begins a block."""
    table = Table({"a": np.int64}, capacity=10)
    blocks = []
    for i in range(50):
        start = table.reserve(30)
        assert start == table.filled[0] and len(table.records) >= start + 30
        table.records["a"][start] = i
        table.filled[0] += 1
        blocks.append(table.records)
    assert len({id(block) for block in blocks}) == 2
    assert table.rows()["a"].tolist() == list(range(50))
    table.clear()
    assert len(table) == 0 and table.rows()["a"].size == 0
