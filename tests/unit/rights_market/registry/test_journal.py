"""Journal: growth, room for kernels, recycled storage, exact state; replay against a slow twin."""

import numpy as np
import pytest

from rights_market.errors import RegistryError
from rights_market.kernels import ops
from rights_market.registry.journal import Journal, Op
from rights_market.registry.ledger import Ledger
from rights_market.registry.replay import EFFECTS, replay


def test_codes_are_those_of_the_kernels():
    codes = {name: value for name, value in vars(ops).items() if name.isupper()}
    assert {op.name: op.value for op in Op} == codes


def test_every_operation_has_an_effect():
    assert set(EFFECTS) == set(Op)


def test_rows_survive_growth():
    journal = Journal(capacity=2)
    for day in range(5):
        journal.append(day, Op.ISSUE, [2, 3, 4], instrument=1, lots=[10, 20, 30 + day], ref=day)
    table = journal.table()
    assert len(journal) == 15
    assert table["day"].tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3
    assert table["lots"].tolist() == [10, 20, 30, 10, 20, 31, 10, 20, 32, 10, 20, 33, 10, 20, 34]
    assert set(table["counterparty"].tolist()) == {-1}
    assert {name: column.dtype.name for name, column in table.items()} == {
        "day": "int32",
        "op": "int8",
        "reason": "int8",
        "account": "int32",
        "counterparty": "int32",
        "instrument": "int16",
        "lots": "int64",
        "cash": "int64",
        "ref": "int64",
    }


def test_table_refuses_writing():
    journal = Journal()
    journal.append(0, Op.DEPOSIT, 2, cash=5)
    with pytest.raises(ValueError, match="read-only"):
        journal.table()["cash"][0] = 6


def test_kernel_writes_into_reserved_room():
    journal = Journal(capacity=1)
    journal.append(0, Op.DEPOSIT, 2, cash=5)
    space = journal.reserve(3)
    at = space.filled[0]
    space.rows["op"][at : at + 2] = ops.PAY
    space.rows["account"][at : at + 2] = [7, 8]
    space.rows["cash"][at : at + 2] = [100, 200]
    space.filled[0] += 2
    journal.append(1, Op.WITHDRAW, 9, cash=6)
    assert journal.table()["op"].tolist() == [Op.DEPOSIT, Op.PAY, Op.PAY, Op.WITHDRAW]
    assert journal.table()["cash"].tolist() == [5, 100, 200, 6]


def test_without_keeping_memory_stays_flat_and_rows_are_counted():
    journal = Journal(keep=False, capacity=8)
    for _ in range(1000):
        journal.append(0, Op.DEPOSIT, [2, 3, 4], cash=1)
        space = journal.reserve(5)
        space.filled[0] += 5
    assert len(journal) == 8000
    assert len(journal.reserve(1).rows) == 8
    with pytest.raises(RegistryError, match=r"counted 8000 rows but kept none; .*keep=True"):
        journal.table()
    with pytest.raises(RegistryError, match="kept none"):
        replay(journal, 5, 1)


@pytest.mark.parametrize("keep", [True, False])
def test_state_restores_exactly(keep):
    journal = Journal(keep=keep)
    journal.append(3, Op.FREEZE, [2, 3], instrument=0, lots=[5, 6], ref=[70, 71])
    journal.append(3, Op.FREEZE, [4], instrument=0, lots=[7])
    twin = Journal()
    twin.restore(journal.state())
    assert (len(twin), twin.keep) == (3, keep)
    if keep:
        for name, column in journal.table().items():
            np.testing.assert_array_equal(twin.table()[name], column)


def slow_replay(table, n_accounts, n_instruments):
    """Row by row and operation by operation, in plain Python: the twin of `replay`."""
    led = Ledger.empty(n_instruments, n_accounts)
    part = (led.free, led.frozen, led.pledged)
    for row in zip(*(table[name].tolist() for name in table), strict=True):
        _, op, reason, a, b, i, lots, fen, _ = row
        if op == Op.ISSUE:
            led.free[i, a] += lots
            led.issued[i] += lots
        elif op == Op.TRANSFER:
            led.free[i, a] -= lots
            led.free[i, b] += lots
        elif op == Op.FREEZE:
            led.free[i, a] -= lots
            led.frozen[i, a] += lots
        elif op == Op.RELEASE:
            led.frozen[i, a] -= lots
            led.free[i, a] += lots
        elif op == Op.PLEDGE:
            led.free[i, a] -= lots
            led.pledged[i, a] += lots
        elif op == Op.REDEEM:
            led.pledged[i, a] -= lots
            led.free[i, a] += lots
        elif op == Op.SURRENDER:
            led.free[i, a] -= lots
            led.surrendered[i] += lots
        elif op == Op.CANCEL:
            led.free[i, a] -= lots
            led.cancelled[i] += lots
        elif op == Op.EXPIRE:
            part[reason][i, a] -= lots
            led.expired[i] += lots
        elif op in (Op.CARRY_OUT, Op.CONVERT_OUT):
            part[reason][i, a] -= lots
            led.converted_out[i] += lots
        elif op in (Op.CARRY_IN, Op.CONVERT_IN):
            part[reason][i, a] += lots
            led.converted_in[i] += lots
        elif op == Op.DEPOSIT:
            led.cash[a] += fen
            led.entered[0] += fen
        elif op == Op.WITHDRAW:
            led.cash[a] -= fen
            led.left[0] += fen
        elif op in (Op.PAY, Op.FEE):
            led.cash[a] -= fen
            led.cash[b] += fen
        elif op == Op.FREEZE_CASH:
            led.cash[a] -= fen
            led.cash_frozen[a] += fen
        elif op == Op.RELEASE_CASH:
            led.cash_frozen[a] -= fen
            led.cash[a] += fen
        elif op == Op.DELIVER:
            led.frozen[i, a] -= lots
            led.free[i, b] += lots
            led.locked[i, b] += lots if reason in (1, 3) else 0
            led.cash_frozen[b] -= fen
            (led.cash_frozen if reason in (2, 3) else led.cash)[a] += fen
        elif op == Op.FEE_FROZEN:
            led.cash_frozen[a] -= fen
            led.cash[b] += fen
        elif op == Op.UNLOCK:
            led.locked[i, a] -= lots
        else:
            raise ValueError(op)
    return led


def test_replay_equals_its_slow_twin():
    rng = np.random.default_rng(5)
    journal, m = Journal(), 50
    for op in rng.permutation(np.repeat(np.array(Op), 3)):
        journal.append(
            0,
            op,
            rng.integers(0, 9, m),
            counterparty=rng.integers(0, 9, m),
            instrument=rng.integers(0, 3, m),
            lots=rng.integers(1, 1 << 50, m),
            cash=rng.integers(1, 1 << 50, m),
            reason=rng.integers(0, 3, m),
        )
    fast, slow = replay(journal, 9, 3), slow_replay(journal.table(), 9, 3)
    for name, a, b in zip(Ledger._fields, fast, slow, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)
    assert all(np.any(column) for column in fast)


def test_replay_starts_from_opening_balances():
    journal = Journal()
    journal.append(0, Op.PAY, 2, counterparty=3, cash=40)
    opening = Ledger.empty(1, 4)
    opening.cash[2] = 100
    assert replay(journal, 4, 1, opening).cash.tolist() == [0, 0, 60, 40]
    assert opening.cash.tolist() == [0, 0, 100, 0]
    with pytest.raises(RegistryError, match="opening balances are of 1 instruments and 4 accounts, expected 2 and 4"):
        replay(journal, 4, 2, opening)
