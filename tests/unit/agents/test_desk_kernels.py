import numpy as np
import pytest

from agents.desk_kernels import book_trades, fill_orders, note_orders, take_next_units
from agents.laboratory import LaboratoryModel
from agents.schedules import smith_1962
from agents.spec import InducedSpec

RIGHT = np.array([0, 0, 1, 1])
ACCOUNT = np.array([2, 3, 2, 4], np.int32)
ORDER_ID = np.array([[10, -1], [-1, 11], [12, 13], [-1, -1]])
FRONT = np.array([1, 2])
COST = np.array([1.0, 10.0])
FREE = np.array([[9, 9, 9, 9, 9], [0, 0, 0, 5, 0], [0, 0, 7, 0, 3]])
LOCKED = np.array([[0, 0, 0, 0, 0], [0, 0, 0, 2, 0], [0, 0, 0, 0, 0]])
CASH = np.array([0, 0, 600, 0, 40])


def fill(seat: list[int], side: list[int], price: list[int], lots: list[int], *, plain: bool) -> list[list[int]] | None:
    n = len(seat)
    account, instrument, target = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int64)
    quotes = np.array(seat), np.array(side, np.int8), np.array(price), np.array(lots)
    kernel = fill_orders.py_func if plain else fill_orders
    tables = RIGHT, ACCOUNT, ORDER_ID, FRONT, COST, FREE, LOCKED, CASH
    covered = kernel(*quotes, *tables, account, instrument, target)
    return [account.tolist(), instrument.tolist(), target.tolist()] if covered else None


@pytest.mark.parametrize("plain", [False, True], ids=["compiled", "plain"])
def test_covered_quotes_become_orders(plain: bool) -> None:
    """600 fen buy 6 lots at 100 of the cheap right and 6 at 10 of the dear one; of 5 lots 2 are locked."""
    orders = fill([0, 1, 2, 2], [0, 1, 0, 1], [100, 50, 10, 50], [6, 3, 6, 7], plain=plain)
    assert orders == [[2, 3, 2, 2], [1, 1, 2, 2], [10, 11, 12, 13]]


@pytest.mark.parametrize("plain", [False, True], ids=["compiled", "plain"])
@pytest.mark.parametrize(
    ("seat", "side", "price", "lots"),
    [(0, 0, 100, 7), (0, 0, 101, 6), (2, 0, 10, 7), (1, 1, 50, 4), (2, 1, 50, 8), (0, 0, 1, 0)],
    ids=["lots", "price", "dear tick", "locked", "holding", "no lots"],
)
def test_one_quote_that_is_not_covered_leaves_all_to_the_slow_way(
    seat: int, side: int, price: int, lots: int, plain: bool
) -> None:
    assert fill([3, seat], [0, side], [1, price], [1, lots], plain=plain) is None


@pytest.mark.parametrize("note", [note_orders, note_orders.py_func], ids=["compiled", "plain"])
def test_latest_orders_are_noted(note: object) -> None:
    order_id = ORDER_ID.copy()
    note(np.array([0, 3, 2]), np.array([0, 1, 1], np.int8), np.array([0, 0, 8], np.int8), 70, order_id)  # type: ignore[operator]
    assert order_id.tolist() == [[70, -1], [-1, 11], [12, -1], [-1, 71]]


@pytest.mark.parametrize("book", [book_trades, book_trades.py_func], ids=["compiled", "plain"])
def test_trades_are_taken_off_wishes(book: object) -> None:
    """Account 2 buys 5 lots from account 3; account 4 buys 2 of the other right from one without a seat there."""
    seat_of = np.array([[-1, -1, 0, 1, -1], [-1, -1, 2, -1, 3]])
    quota, wish = np.array([6, 5, 1, 3]), np.array([8.0, -9.0, 1.0, 2.0])
    instrument, buyer, seller = (np.array(x, np.int32) for x in ([1, 2], [2, 4], [3, 3]))
    book(instrument, buyer, seller, np.array([5, 2]), np.array([0, 0, 1]), seat_of, quota, wish)  # type: ignore[operator]
    assert quota.tolist() == [1, 0, 1, 1]
    assert wish.tolist() == [3.0, -4.0, 1.0, 0.0]


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


@pytest.mark.parametrize(
    "spec",
    [smith_1962("zip", 2, 2), InducedSpec([3.0, 2.0], [1.0, 1.5], 0.0, 4.0, strategy="zi_u", units=3, batch=4, days=2)],
    ids=["zip", "rounds"],
)
def test_both_ways_make_the_same_market(spec: InducedSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = LaboratoryModel(spec, seed=5), LaboratoryModel(spec, seed=5)
    monkeypatch.setattr(slow.desk, "_covered_orders", lambda *_: None)
    for model in (fast, slow):
        while model.running:
            model.step()
    journal = slow.market.registry.journal.table()
    for name, column in fast.market.registry.journal.table().items():
        assert (column == journal[name]).all()
    assert len(journal["op"]) > 50
