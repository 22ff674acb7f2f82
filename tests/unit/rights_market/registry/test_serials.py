"""Serial numbers are read off the journal: first in, first out, and none is lost."""

import numpy as np
import pytest

from rights_market.errors import RegistryError
from rights_market.registry.journal import Journal, Op
from rights_market.registry.serials import SerialState, Step, life_of, serial_blocks
from tests.province import province, run

A, B, C = 2, 3, 4


def told(journal: Journal, until_day: int | None = None) -> list[tuple[int, int, int, str]]:
    """Blocks as plain values."""
    return [(*b[:3], b.state.name.lower()) for b in serial_blocks(journal, 0, until_day=until_day)]


@pytest.fixture
def journal() -> Journal:
    """A gets 100, B 50; A sells 30 to B through an order, B pledges 60; A surrenders 40; 10 of C's lapse."""
    book = Journal()
    book.append(0, Op.ISSUE, [A, B], instrument=0, lots=[100, 50])
    book.append(0, Op.ISSUE, C, instrument=1, lots=7)
    book.append(1, Op.FREEZE, A, instrument=0, lots=30)
    book.append(1, Op.DELIVER, A, counterparty=B, instrument=0, lots=30, cash=5, reason=1)
    book.append(1, Op.UNLOCK, B, instrument=0, lots=30)
    book.append(2, Op.PLEDGE, B, instrument=0, lots=60)
    book.append(3, Op.SURRENDER, A, instrument=0, lots=40)
    book.append(4, Op.TRANSFER, A, counterparty=C, instrument=0, lots=10)
    book.append(5, Op.EXPIRE, C, instrument=0, lots=10)
    return book


def test_units_move_first_in_first_out(journal: Journal) -> None:
    """B pledges its own 101 to 150 first, which it had before it bought 1 to 30."""
    assert told(journal, until_day=2) == [
        (1, 10, B, "pledged"),
        (11, 30, B, "free"),
        (31, 100, A, "free"),
        (101, 150, B, "pledged"),
    ]
    assert told(journal) == [
        (1, 10, B, "pledged"),
        (11, 30, B, "free"),
        (31, 70, A, "surrendered"),
        (71, 80, C, "expired"),
        (81, 100, A, "free"),
        (101, 150, B, "pledged"),
    ]


def test_an_offer_that_is_withdrawn_leaves_no_trace() -> None:
    journal = Journal()
    journal.append(0, Op.ISSUE, [A, B], instrument=0, lots=[10, 10])
    journal.append(0, Op.TRANSFER, B, counterparty=A, instrument=0, lots=10)
    for lots in (4, 13):
        journal.append(1, Op.FREEZE, A, instrument=0, lots=lots)
        journal.append(1, Op.RELEASE, A, instrument=0, lots=lots)
    journal.append(2, Op.SURRENDER, A, instrument=0, lots=12)
    assert told(journal) == [(1, 12, A, "surrendered"), (13, 20, A, "free")]


def test_carried_over_units_are_numbered_anew() -> None:
    journal = Journal()
    journal.append(0, Op.ISSUE, [A, B], instrument=[1, 0], lots=[10, 3])
    journal.append(1, Op.PLEDGE, A, instrument=1, lots=4)
    journal.append(2, Op.CARRY_OUT, A, instrument=1, lots=4, reason=2)
    journal.append(2, Op.CARRY_IN, A, instrument=0, lots=4, reason=2)
    assert told(journal) == [(1, 3, B, "free"), (4, 7, A, "pledged")]
    old = serial_blocks(journal, 1)
    assert [(b.first, b.last, b.state) for b in old] == [(1, 4, SerialState.CONVERTED), (5, 10, SerialState.FREE)]


def test_the_life_of_a_unit(journal: Journal) -> None:
    assert life_of(journal, 0, 5) == [
        Step(0, Op.ISSUE, A, SerialState.FREE),
        Step(1, Op.FREEZE, A, SerialState.FROZEN),
        Step(1, Op.DELIVER, B, SerialState.FREE),
        Step(2, Op.PLEDGE, B, SerialState.PLEDGED),
    ]
    with pytest.raises(RegistryError, match="serial number 151 was never issued; the numbers are 1 to 150"):
        life_of(journal, 0, 151)


def test_a_journal_that_moves_what_is_not_there_is_refused() -> None:
    journal = Journal()
    journal.append(0, Op.SURRENDER, A, instrument=0, lots=3)
    with pytest.raises(RegistryError, match="moves 3 lots more than account 2 holds free"):
        serial_blocks(journal, 0)
    with pytest.raises(RegistryError, match="kept none"):
        serial_blocks(Journal(keep=False), 0)


def test_the_numbers_of_a_market_agree_with_its_registry() -> None:
    model = run(province(), 32)
    registry = model.market.registry
    for i in range(len(model.market.instruments)):
        blocks = serial_blocks(registry.journal, i)
        for state, held in ((SerialState.FREE, registry.free), (SerialState.FROZEN, registry.frozen)):
            owned = np.zeros(held.shape[1], np.int64)
            for b in blocks:
                owned[b.owner] += (b.last - b.first + 1) * (b.state is state)
            assert owned.tolist() == held[i].tolist()
        ended = sum(b.last - b.first + 1 for b in blocks if b.state is SerialState.SURRENDERED)
        assert ended == registry.total("surrendered")[i]
