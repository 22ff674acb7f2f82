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
