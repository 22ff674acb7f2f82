"""Call auctions over zones: hand-worked optima, prices, whole lots."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights_market.errors import ExchangeError
from rights_market.exchange.zonal_auction import ZonalOrders, ZonalTerms, clear_zonal
from rights_market.units import Side

BID, ASK = Side.BID, Side.ASK
RIVER = {
    (0, 0): Fraction(1),
    (1, 1): Fraction(1),
    (2, 2): Fraction(1),
    (0, 1): Fraction("0.8"),
    (1, 2): Fraction("0.75"),
    (0, 2): Fraction("0.6"),
}


def orders(*rows: tuple[Side, int, int, int]) -> ZonalOrders:
    """Orders as (side, zone, price, lots)."""
    side, zone, price, lots = zip(*rows, strict=True) if rows else ((), (), (), ())
    return ZonalOrders(
        np.array(side, np.int8), np.array(zone, np.int64), np.array(price, np.int64), np.array(lots, np.int64)
    )


def filled(result, n: int) -> tuple[list[int], list[int]]:
    """Units sold and lots credited by order."""
    sold = np.bincount(result.deals.seller, result.deals.units, n).astype(int)
    got = np.bincount(result.deals.buyer, result.deals.credited, n).astype(int)
    return sold.tolist(), got.tolist()


def test_three_zones_worked_by_hand() -> None:
    # Zone 2 pays 60 a lot, that is 48 for a unit of zone 0, and zone 3 pays 50, that is 30: it takes what is left.
    book = orders((ASK, 0, 2000, 120), (ASK, 1, 4500, 20), (BID, 1, 6000, 80), (BID, 2, 5000, 30))
    result = clear_zonal(book, ZonalTerms(RIVER), 3)
    sold, got = filled(result, 4)
    assert sold == [120, 0, 0, 0]
    assert got == [0, 0, 80, 12]
    assert result.price_ticks.tolist() == [3000, 3750, 5000]
    assert int((result.deals.units * result.deals.price_ticks).sum()) == 360_000
    surplus = 80 * 6000 + 12 * 5000 - 120 * 2000
    assert surplus == 300_000


def test_a_buyer_alone_gets_its_lots_from_enough_units() -> None:
    # 10 lots at 0.8 take 13 units, of which 0.4 is lost.
    result = clear_zonal(orders((ASK, 0, 1000, 100), (BID, 1, 2000, 10)), ZonalTerms(RIVER), 3)
    assert result.deals.units.tolist() == [13]
    assert result.deals.credited.tolist() == [10]


def test_a_lot_made_of_parts_counts_with_no_unit_for_more_than_a_lot() -> None:
    # 0.6 from zone 0 and 2 x 0.75 from zone 1 make 2.1: two lots, one with each unit of zone 1.
    book = orders((ASK, 0, 100, 1), (ASK, 1, 100, 1), (ASK, 1, 100, 1), (BID, 2, 1000, 2))
    deals = clear_zonal(book, ZonalTerms(RIVER), 3).deals
    assert sorted(zip(deals.seller.tolist(), deals.credited.tolist(), strict=True)) == [(0, 0), (1, 1), (2, 1)]


def test_nothing_flows_upstream() -> None:
    result = clear_zonal(orders((ASK, 2, 100, 50), (BID, 0, 9000, 50), (BID, 1, 9000, 50)), ZonalTerms(RIVER), 3)
    assert not len(result.deals.units)
    assert result.price_ticks.tolist() == [0, 0, 0]


def test_one_zone_trades_at_the_middle_of_what_clears() -> None:
    # 5 lots trade whatever the price from 48 to 52; the middle is 50.
    book = orders((BID, 0, 52, 5), (BID, 0, 40, 3), (ASK, 0, 48, 5))
    one = {(0, 0): Fraction(1)}
    assert clear_zonal(book, ZonalTerms(one), 1).price_ticks.tolist() == [50]
    assert clear_zonal(book, ZonalTerms(one, price="lowest"), 1).price_ticks.tolist() == [48]
    assert clear_zonal(book, ZonalTerms(one, price="highest"), 1).price_ticks.tolist() == [52]


def test_of_equal_orders_the_earlier_is_served() -> None:
    book = orders((BID, 0, 50, 4), (BID, 0, 50, 4), (ASK, 0, 40, 6))
    sold, got = filled(clear_zonal(book, ZonalTerms({(0, 0): Fraction(1)}), 1), 3)
    assert got == [4, 2, 0]
    assert sold == [0, 0, 6]


def test_imports_stop_at_the_room_that_is_left() -> None:
    book = orders((ASK, 0, 1000, 100), (ASK, 1, 3000, 100), (BID, 1, 5000, 20))
    result = clear_zonal(book, ZonalTerms(RIVER, import_room={1: 4}), 3)
    sold, got = filled(result, 3)
    # 5 units count for the 4 lots that may come in; the zone's own seller gives the rest, and makes its price.
    assert sold == [5, 16, 0]
    assert got == [0, 0, 20]
    assert result.price_ticks.tolist() == [1000, 3000, 0]


def test_a_buyer_whom_whole_units_price_out_gets_less() -> None:
    # One lot would take two units of 800 at a limit of 1000: 4 lots take 5 units and cost 1000 each.
    book = orders((ASK, 0, 800, 4), (ASK, 0, 801, 50), (BID, 1, 1000, 5))
    result = clear_zonal(book, ZonalTerms(RIVER), 3)
    for row in range(3):
        mine = result.deals.buyer == row
        cost = int((result.deals.units * result.deals.price_ticks)[mine].sum())
        assert cost <= 1000 * int(result.deals.credited[mine].sum())


def test_a_zone_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(ExchangeError, match="outside 0 to 1"):
        clear_zonal(orders((BID, 5, 1, 1)), ZonalTerms(RIVER), 2)
    with pytest.raises(ExchangeError, match="ratio from zone 0 to 1 is 2"):
        clear_zonal(orders((BID, 0, 1, 1)), ZonalTerms({(0, 1): Fraction(2)}), 2)


STEP = 1000
"""Lots of a step of a cost curve: so many that whole lots matter little."""


def _marginal_orders(allowed: int, need: int, slope: int, zone: int) -> list[tuple[Side, int, int, int]]:
    """Each step abated beyond what the cap asks for is offered at its cost, each one less is bid for."""
    must = need - allowed
    offers = [(ASK, zone, round(slope * (x + 0.5)), STEP) for x in range(must, need)]
    bids = [(BID, zone, round(slope * (x + 0.5)), STEP) for x in range(must)]
    return offers + bids


def test_a_river_reaches_the_optimum_worked_by_hand() -> None:
    # Marginal costs a, 3a, 2a on 100 units each, caps 60, 50, 60: 40 + t = 0.8 * 3 * (50 - 0.8 t), so t = 27.397,
    # prices 67.397, 84.247 and 80.  With ten steps to the unit the slope of a step is a tenth of that of a unit.
    rows = _marginal_orders(600, 1000, 10, 0) + _marginal_orders(500, 1000, 30, 1) + _marginal_orders(600, 1000, 20, 2)
    result = clear_zonal(orders(*rows), ZonalTerms(RIVER), 3)
    zone, per_unit = np.array([row[1] for row in rows]), 10 * STEP
    sold = np.bincount(zone[result.deals.seller], result.deals.units, 3) / per_unit
    got = np.bincount(zone[result.deals.buyer], result.deals.credited, 3) / per_unit
    assert sold.tolist() == [pytest.approx(80 / 2.92, abs=0.1), 0, 0]
    assert got.tolist() == [0, pytest.approx(0.8 * 80 / 2.92, abs=0.1), 0]
    assert result.price_ticks[0] / 100 == pytest.approx(67.397, abs=0.1)
    assert result.price_ticks[1] / 100 == pytest.approx(84.247, abs=0.2)
    abated = np.array([40 + sold[0], 50 - got[1], 40])
    cost = 0.5 * (np.array([1, 3, 2]) * abated**2).sum()
    assert cost == pytest.approx(5054.11, rel=1e-4)
    load = 100.0 - abated
    weights = np.array([[1, 0, 0], [0.8, 1, 0], [0.6, 0.75, 1]])
    assert (weights @ load <= np.array([60, 98, 133.5]) + 1e-9).all()


ANY_ORDER = st.tuples(st.sampled_from([BID, ASK]), st.integers(0, 2), st.integers(1, 40), st.integers(1, 30))


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_ORDER, min_size=1, max_size=25), st.sampled_from([{}, {1: 3}, {2: 0}]))
def test_what_always_holds(rows, room) -> None:
    book = orders(*rows)
    result = clear_zonal(book, ZonalTerms(RIVER, import_room=room), 3)
    deals = result.deals
    assert (deals.units > 0).all() and (deals.credited >= 0).all() and (deals.credited <= deals.units).all()
    sold, got = filled(result, len(rows))
    for (side, _, _, lots), gave, took in zip(rows, sold, got, strict=True):
        assert gave <= (lots if side == ASK else 0)
        assert took <= (lots if side == BID else 0)
    # No seller below, no buyer above its limit; nothing counts for more than its ratio; no zone imports too much.
    assert (deals.price_ticks >= book.price_ticks[deals.seller]).all()
    for row in np.unique(deals.buyer).tolist():
        mine = deals.buyer == row
        assert (deals.units * deals.price_ticks)[mine].sum() <= book.price_ticks[row] * deals.credited[mine].sum()
    worth = {}
    for s, b, units, credited in zip(*(x.tolist() for x in deals[:4]), strict=True):
        pair = int(book.zone[s]), int(book.zone[b])
        assert pair in RIVER
        worth.setdefault(b, [Fraction(0), 0])
        worth[b][0] += RIVER[pair] * units
        worth[b][1] += credited
    assert all(credited <= exact for exact, credited in worth.values())
    for zone, most in room.items():
        abroad = (book.zone[deals.buyer] == zone) & (book.zone[deals.seller] != zone)
        assert deals.credited[abroad].sum() <= most
