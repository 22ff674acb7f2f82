import numpy as np
import pytest

from agents.desk_kernels import NOTHING, book_trades, fill_orders, find_able, note_orders
from agents.laboratory import LaboratoryModel
from agents.schedules import smith_1962
from agents.spec import InducedSpec

RIGHT = np.array([0, 0, 1, 1])
ACCOUNT = np.array([2, 3, 2, 4], np.int32)
ORDER_ID = np.array([[10, -1], [-1, 11], [12, 13], [-1, -1]])
FRONT = np.array([1, 2])
TICK_VALUE, FEE_FACTOR = np.array([1, 10]), np.array([1.0, 1.25])
FREE = np.array([[9, 9, 9, 9, 9], [0, 0, 0, 5, 0], [0, 0, 7, 0, 3]])
FROZEN = np.array([[0, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 2, 0, 0]])
LOCKED = np.array([[0, 0, 0, 0, 0], [0, 0, 0, 2, 0], [0, 0, 0, 0, 0]])
CASH = np.array([0, 0, 600, 0, 40])

compiled_and_plain = pytest.mark.parametrize("plain", [False, True], ids=["compiled", "plain"])


def fill(
    seat: list[int], side: list[int], price: list[int], lots: list[int], *, behind: int = 0, least: int = 0, plain: bool
) -> tuple[tuple[int, int], list[list[int]]]:
    n = len(seat)
    account, instrument = np.zeros((2, n), np.int32)
    target, able = np.zeros((2, n), np.int64)
    quotes = np.array(seat), np.array(side, np.int8), np.array(price), np.array(lots)
    kernel = fill_orders.py_func if plain else fill_orders
    fees = FEE_FACTOR, np.array([least, 0])
    tables = RIGHT, ACCOUNT, ORDER_ID, FRONT, TICK_VALUE, *fees, FREE, FROZEN, LOCKED, CASH
    counts = kernel(*quotes, *tables, np.full(n, behind), account, instrument, target, able)
    return counts, [account.tolist(), instrument.tolist(), target.tolist(), able.tolist()]


@compiled_and_plain
def test_covered_quotes_become_orders(plain: bool) -> None:
    """Just below 600 fen buy 5 lots at 100 of the cheap right and 4 at 10, with a fee of a quarter, of the dear one."""
    counts, orders = fill([0, 1, 2, 2], [0, 1, 0, 1], [100, 50, 10, 50], [5, 3, 4, 7], plain=plain)
    assert counts == (0, 4)
    assert orders == [[2, 3, 2, 2], [1, 1, 2, 2], [10, 11, 12, 13], [5, 3, 4, 7]]


@compiled_and_plain
@pytest.mark.parametrize(
    ("seat", "side", "price", "lots", "able"),
    [(0, 0, 100, 7, 5), (0, 0, 101, 6, 5), (0, 0, 601, 1, 0), (2, 0, 10, 7, 4), (3, 0, 0, 50, 31)],
    ids=["lots", "price", "nothing", "dear tick and fee", "at least a fen"],
)
def test_bids_are_cut_to_what_cash_buys(seat: int, side: int, price: int, lots: int, able: int, plain: bool) -> None:
    counts, orders = fill([3, seat], [0, side], [1, price], [1, lots], plain=plain)
    assert counts == (1, 1 + (able > 0))
    assert orders[3] == [1, able]


@compiled_and_plain
@pytest.mark.parametrize(("least", "able"), [(0, 5), (100, 5), (101, 4), (600, 0), (700, 0)])
def test_a_least_fee_is_kept_back(least: int, able: int, plain: bool) -> None:
    """600 fen buy 5 lots at 100 only as long as 100 are left for the fee."""
    assert fill([0], [0], [100], [5], least=least, plain=plain)[1][3] == [able]


@compiled_and_plain
def test_cash_behind_the_former_bid_counts_for_who_is_short(plain: bool) -> None:
    assert fill([0, 0], [0, 0], [100, 100], [9, 5], behind=200, plain=plain)[1][3] == [7, 5]


@compiled_and_plain
@pytest.mark.parametrize(
    ("seat", "lots", "able"), [(1, 3, 3), (1, 4, 4), (1, 9, 4), (2, 8, 8), (2, 10, 9), (3, 0, 0), (3, -1, -1)]
)
def test_asks_are_cut_to_what_can_be_delivered(seat: int, lots: int, able: int, plain: bool) -> None:
    """Of 5 free lots 2 are locked and 1 more is behind the former ask; 7 and 2 of the other right."""
    counts, orders = fill([seat], [1], [50], [lots], plain=plain)
    assert counts == (0, int(able > 0))
    assert orders[3] == [able]


@pytest.mark.parametrize("find", [find_able, find_able.py_func], ids=["compiled", "plain"])
def test_who_can_trade(find: object) -> None:
    """Buyers with cash, free or behind orders, and sellers with lots in one of the usable instruments."""
    usable = np.array([[1, NOTHING], [1, 2]])
    wish, cash_frozen = np.array([1.0, -1.0, -1.0, 1.0]), np.array([0, 0, 0, 0, 0])
    rows, able = np.array([3, 2, 1, 0, 1]), np.zeros(5, np.bool_)
    find(rows, wish, RIGHT, ACCOUNT, usable, FREE, FROZEN, LOCKED, CASH, cash_frozen, able)  # type: ignore[operator]
    assert able.tolist() == [True, True, True, True, True]
    poor = np.zeros(5, np.int64), np.array([0, 0, 7, 0, 0])
    locked = FREE + FROZEN
    find(rows, wish, RIGHT, ACCOUNT, usable, FREE, FROZEN, locked, *poor, able)  # type: ignore[operator]
    assert able.tolist() == [False, False, False, True, False]


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


@pytest.mark.parametrize(
    "spec",
    [smith_1962("zip", 2, 2), InducedSpec([3.0, 2.0], [1.0, 1.5], 0.0, 4.0, strategy="zi_u", units=3, batch=4, days=2)],
    ids=["zip", "rounds"],
)
def test_both_ways_make_the_same_market(spec: InducedSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = LaboratoryModel(spec, seed=5), LaboratoryModel(spec, seed=5)
    monkeypatch.setattr(slow.desk, "_orders", slow.desk._routed_orders)
    for model in (fast, slow):
        while model.running:
            model.step()
    journal = slow.market.registry.journal.table()
    for name, column in fast.market.registry.journal.table().items():
        assert (column == journal[name]).all()
    assert len(journal["op"]) > 50
