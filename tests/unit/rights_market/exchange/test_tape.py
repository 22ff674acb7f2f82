"""Tape: bars by hand, bars against a slow twin, modes that make prices, exact state."""

from decimal import Decimal

import numpy as np
import pytest

from rights_market.errors import ExchangeError
from rights_market.exchange.tape import NO_PRICE, Tape
from rights_market.records import Mode, Trades
from rights_market.rights import Instruments, Right

CEA = Right("CEA", "carbon", "碳", "t", Decimal(1), Decimal("0.01"))
SO2 = Right("SO2", "sulphur dioxide", "二氧化硫", "t", Decimal("0.1"), Decimal(1))
INSTRUMENTS = Instruments([(CEA, 2023), (CEA, 2024), (SO2, 2023)])


def trades_of(*rows):
    """Trades from (instrument, price, lots)."""
    instrument, price, lots = np.array(rows, np.int64).reshape(-1, 3).T
    n = len(rows)
    return Trades(
        instrument.astype(np.int32),
        np.full(n, 2, np.int32),
        np.full(n, 3, np.int32),
        price,
        lots,
        np.arange(n),
        np.arange(n) + 100,
        np.zeros(n, np.int8),
    )


def bar(tape, row):
    return {name: int(column[row]) for name, column in tape.bars.items()}


def test_bar_of_a_day_of_two_batches():
    tape = Tape(INSTRUMENTS, [4_000, 4_100, 900])
    tape.add_trades(7, 0, Mode.CALL, trades_of((0, 4_010, 10), (2, 910, 5)))
    tape.add_trades(7, 1, Mode.CONTINUOUS, trades_of((0, 4_050, 20), (0, 3_990, 10), (0, 4_020, 5)))
    assert tape.last_price.tolist() == [4_020, 4_100, 910]
    close = tape.close_day(
        7, [0, 1, 2], bid_ticks=[4_015, -1, 905], ask_ticks=[4_025, 4_200, -1], band_low_ticks=1, band_high_ticks=9_999
    )
    # (10 x 4,010 + 20 x 4,050 + 10 x 3,990 + 5 x 4,020) / 45 = 181,100 / 45 = 4,024.4
    assert close.tolist() == [4_024, 4_100, 910]
    assert tape.last_close.tolist() == [4_024, 4_100, 910]
    assert bar(tape, 0) == {
        "day": 7,
        "instrument": 0,
        "open_ticks": 4_010,
        "high_ticks": 4_050,
        "low_ticks": 3_990,
        "close_ticks": 4_024,
        "vwap_tick_lots": 181_100,
        "vwap_lots": 45,
        "lots": 45,
        "value_fen": 181_100,
        "n_trades": 4,
        "bid_ticks": 4_015,
        "ask_ticks": 4_025,
        "band_low_ticks": 1,
        "band_high_ticks": 9_999,
    }
    assert bar(tape, 2)["value_fen"] == 910 * 5 * 10


def test_day_without_trade_keeps_the_close():
    tape = Tape(INSTRUMENTS, 500)
    tape.close_day(0, [1])
    empty = bar(tape, 0)
    assert [empty[x] for x in ("open_ticks", "high_ticks", "low_ticks", "bid_ticks", "ask_ticks")] == [NO_PRICE] * 5
    assert (empty["close_ticks"], empty["lots"], empty["n_trades"]) == (500, 0, 0)


def test_market_without_any_price_has_none():
    tape = Tape(INSTRUMENTS)
    assert tape.close_day(0, [0, 1, 2]).tolist() == [NO_PRICE] * 3
    tape.add_trades(1, 0, Mode.CONTINUOUS, trades_of((1, 70, 1)))
    assert tape.close_day(1, [0, 1, 2]).tolist() == [NO_PRICE, 70, NO_PRICE]


def test_next_day_begins_afresh():
    tape = Tape(INSTRUMENTS, 500)
    tape.add_trades(0, 0, Mode.CONTINUOUS, trades_of((0, 800, 10), (1, 600, 1)))
    tape.close_day(0, [0])
    tape.add_trades(1, 0, Mode.CONTINUOUS, trades_of((0, 700, 1)))
    tape.close_day(1, [0, 1])
    assert [bar(tape, 1)[x] for x in ("open_ticks", "high_ticks", "low_ticks", "close_ticks", "lots")] == [700] * 4 + [
        1
    ]
    assert bar(tape, 2)["high_ticks"] == 600


@pytest.mark.parametrize("mode", [Mode.BLOCK, Mode.AUCTION, Mode.OTC])
def test_other_modes_count_in_volume_but_make_no_price(mode):
    tape = Tape(INSTRUMENTS, 500)
    tape.add_trades(0, 0, Mode.CONTINUOUS, trades_of((0, 510, 10)))
    tape.add_trades(0, 1, mode, trades_of((0, 400, 1_000)))
    assert tape.last_price[0] == 510
    assert tape.close_day(0, [0]).tolist() == [510]
    got = bar(tape, 0)
    assert (got["low_ticks"], got["vwap_lots"], got["lots"], got["value_fen"], got["n_trades"]) == (
        510,
        10,
        1_010,
        5_100 + 400_000,
        2,
    )


def test_columns_of_trades_and_quotes():
    tape = Tape(INSTRUMENTS)
    tape.add_trades(3, 1, Mode.CALL, trades_of((0, 50, 1), (2, 60, 2)))
    tape.add_trades(3, 2, Mode.CALL, trades_of())
    tape.add_quotes(3, 2, [0, 2], [49, 59], [51, NO_PRICE], bid_lots=[5, 6])
    trades, quotes = tape.trades, tape.quotes
    assert (trades["batch"].tolist(), trades["mode"].tolist()) == ([1, 1], [Mode.CALL, Mode.CALL])
    assert (trades["price_ticks"].tolist(), trades["maker"].tolist(), trades["taker"].tolist()) == (
        [50, 60],
        [0, 1],
        [100, 101],
    )
    assert (trades["buyer"].tolist(), trades["seller"].tolist()) == ([2, 2], [3, 3])
    assert {name: column.tolist() for name, column in quotes.items()} == {
        "day": [3, 3],
        "batch": [2, 2],
        "instrument": [0, 2],
        "bid_ticks": [49, 59],
        "ask_ticks": [51, NO_PRICE],
        "bid_lots": [5, 6],
        "ask_lots": [0, 0],
    }
    with pytest.raises(ValueError, match="read-only"):
        trades["lots"][0] = 9


def test_bars_equal_a_slow_twin_with_and_without_trades_kept():
    rng = np.random.default_rng(11)
    full, slim = Tape(INSTRUMENTS, 100), Tape(INSTRUMENTS, 100, keep_trades=False, keep_quotes=False)
    days = [
        [
            list(zip(*(rng.integers(a, b, n).tolist() for a, b in ((0, 3), (1, 200), (1, 50))), strict=True))
            for n in sizes
        ]
        for sizes in ((0, 5, 400), (1, 1), (0,), (30, 2, 7))
    ]
    for day, batches in enumerate(days):
        for tape in (full, slim):
            for batch, rows in enumerate(batches):
                tape.add_trades(day, batch, Mode.CONTINUOUS, trades_of(*rows))
                tape.add_quotes(day, batch, [0], [1], [2])
            tape.close_day(day, [0, 1, 2])
    expected = []
    for day, batches in enumerate(days):
        for i in range(3):
            mine = [(p, q) for rows in batches for j, p, q in rows if j == i]
            prices, lots = [p for p, _ in mine], sum(q for _, q in mine)
            ohl = (prices[0], max(prices), min(prices)) if mine else (NO_PRICE,) * 3
            expected.append((day, i, *ohl, sum(p * q for p, q in mine), lots, len(mine)))
    names = ("day", "instrument", "open_ticks", "high_ticks", "low_ticks", "vwap_tick_lots", "lots", "n_trades")
    for tape in (full, slim):
        assert list(zip(*(tape.bars[name].tolist() for name in names), strict=True)) == expected
    assert len(full.trades["lots"]) == sum(len(rows) for batches in days for rows in batches)
    with pytest.raises(ExchangeError, match="keeps no trades; build it with Tape"):
        _ = slim.trades
    with pytest.raises(ExchangeError, match="keeps no quotes"):
        _ = slim.quotes


def test_state_in_the_middle_of_a_day_restores_exactly():
    tape, twin = Tape(INSTRUMENTS, 100), Tape(INSTRUMENTS)
    tape.add_trades(0, 0, Mode.CONTINUOUS, trades_of((0, 120, 3), (1, 90, 2)))
    tape.add_quotes(0, 0, [0], [119], [121])
    tape.close_day(0, [0, 1, 2])
    tape.add_trades(1, 0, Mode.CONTINUOUS, trades_of((0, 130, 3)))
    twin.restore(tape.state())
    for one in (tape, twin):
        one.add_trades(1, 1, Mode.CONTINUOUS, trades_of((0, 125, 1), (2, 95, 1)))
        one.close_day(1, [0, 1, 2])
    for kind in ("trades", "quotes", "bars"):
        for name, column in getattr(tape, kind).items():
            np.testing.assert_array_equal(getattr(twin, kind)[name], column, err_msg=f"{kind} {name}")
    assert twin.last_price.tolist() == tape.last_price.tolist() == [125, 90, 95]
    with pytest.raises(ExchangeError, match="state of 3 instruments, expected 1"):
        Tape(Instruments([(CEA, 2023)])).restore(tape.state())


@pytest.mark.parametrize("chosen", [[0, 0], [3], [-1]])
def test_close_of_instruments_that_do_not_exist_or_come_twice(chosen):
    with pytest.raises(ExchangeError, match="must be 0 to 2, once each"):
        Tape(INSTRUMENTS).close_day(0, chosen)


def test_trade_in_an_instrument_that_does_not_exist():
    with pytest.raises(ExchangeError, match="outside 0 to 2"):
        Tape(INSTRUMENTS).add_trades(0, 0, Mode.CALL, trades_of((3, 1, 1)))


def test_vintage_begins_at_the_price_of_the_one_before():
    tape = Tape(INSTRUMENTS, [100, NO_PRICE, 900])
    tape.add_trades(0, 0, Mode.CONTINUOUS, trades_of((0, 120, 1), (0, 130, 3)))
    tape.close_day(0, [0])
    tape.add_trades(1, 0, Mode.CONTINUOUS, trades_of((0, 140, 1)))
    tape.carry_close(0, 1)
    # (1 x 120 + 3 x 130) / 4 = 127.5
    assert (tape.last_close.tolist(), tape.last_price.tolist()) == ([128, 128, 900], [140, 140, 900])
    with pytest.raises(ExchangeError, match="instrument 0 has traded today at 140 ticks"):
        tape.carry_close(2, 0)


def test_trades_published_later_count_on_that_day_or_once_the_instrument_is_open_again():
    tape = Tape(INSTRUMENTS, [4_000, 4_100, 900])
    tape.add_trades(1, 0, Mode.OTC, trades_of((0, 3_000, 7), (1, 3_500, 2)), public_from=2)
    tape.close_day(1, [0, 1])
    tape.publish(2, [0])
    tape.close_day(2, [0])
    tape.publish(3, [0, 1])
    tape.close_day(3, [0, 1])
    seen = {(r["day"], r["instrument"]): (r["lots"], r["close_ticks"]) for r in (bar(tape, k) for k in range(5))}
    assert seen == {(1, 0): (0, 4_000), (1, 1): (0, 4_100), (2, 0): (7, 4_000), (3, 0): (0, 4_000), (3, 1): (2, 4_100)}
    assert tape.trades["day"].tolist() == [1, 1]


def test_what_makes_prices_is_public_at_once():
    tape = Tape(INSTRUMENTS, [4_000, 4_100, 900])
    with pytest.raises(ExchangeError, match="mode call make prices and are public at once"):
        tape.add_trades(1, 0, Mode.CALL, trades_of((0, 4_000, 7)), public_from=2)
