"""What was kept of a run, worked out again from the exchange's own records."""

import numpy as np
import pytest

from agents.model import RightsMarketModel
from agents.recorder import DAY_COLUMNS
from tests.province import FIRST, province, run

COLUMN = {name: i for i, name in enumerate(DAY_COLUMNS)}


@pytest.fixture(scope="module")
def model() -> RightsMarketModel:
    return run(province())


def column(model: RightsMarketModel, name: str) -> np.ndarray:
    return np.array(model.recorder.days)[:, :, COLUMN[name]]


def period(model: RightsMarketModel, right: str, year: int) -> dict:
    return next(p for p in model.recorder.periods if (p["right"], p["period"]) == (right, str(year)))


def test_a_table_a_day_and_a_table_a_period(model: RightsMarketModel) -> None:
    assert len(model.recorder.days) == len(model.calendar) == 60
    assert model.recorder.days[0].shape == (2, len(DAY_COLUMNS))
    names = {(p["right"], p["period"]) for p in model.recorder.periods}
    assert names == {(code, str(y)) for code in ("CEA", "SO2") for y in (FIRST, FIRST + 1)}


def test_volume_and_value_are_those_of_the_trades(model: RightsMarketModel) -> None:
    trades = model.market.tape.trades
    right = model.desk.right_of[trades["instrument"]]
    for r, (lot, tick_fen) in enumerate(((1, 1), (10, 10))):
        own = right == r
        lots = np.bincount(trades["day"][own], trades["lots"][own], 60)
        fen = np.bincount(trades["day"][own], (trades["lots"] * trades["price_ticks"])[own] * tick_fen, 60)
        assert column(model, "volume")[:, r] == pytest.approx(lots * lot)
        assert column(model, "value_yuan")[:, r] == pytest.approx(fen / 100)
        assert lots.sum() > 0


def test_use_is_baseline_less_what_is_abated(model: RightsMarketModel) -> None:
    use, baseline, abated = (column(model, name) for name in ("emissions", "baseline", "abated"))
    assert use == pytest.approx(baseline - abated)
    assert use[-1] == pytest.approx([(model.rates.use * model.firms.covered)[:, r].sum() for r in (0, 1)])
    assert (abated > 0).all()


def test_holdings_are_what_traders_own(model: RightsMarketModel) -> None:
    registry = model.market.registry
    held = (registry.free + registry.frozen + registry.pledged)[:, model.accounts_of].sum(axis=1)
    assert column(model, "holdings")[-1].tolist() == [held[0] + held[1], (held[2] + held[3]) * 10]


def test_beliefs_are_the_firms_median_and_output_is_weighted(model: RightsMarketModel) -> None:
    again = run(province(), 7)
    for r in (0, 1):
        seats = (again.seats.right == r) & (again.seats.trader < len(again.firms))
        assert column(again, "belief")[-1, r] == pytest.approx(np.median(again.seats.value[seats]) * 0.01)
    factor = again.firms.output_factor() * again.operations.response
    assert column(again, "output_index")[-1, 0] == pytest.approx(np.average(factor, weights=again.firms.output))
    assert column(again, "fundamental")[-1] == pytest.approx(again.expectations.public_prices.yuan)


@pytest.mark.parametrize("right", ["CEA", "SO2"])
def test_trade_of_firms_by_period(right: str, model: RightsMarketModel) -> None:
    """A period's trade runs to the day on which its books are closed, the first one after the deadline."""
    trades = model.market.tape.trades
    index = model.right_codes.index(right)
    tick_fen = model.config.rule_books[index].right.tick_value_fen
    own = model.desk.right_of[trades["instrument"]] == index
    for year, days in ((FIRST, range(30)), (FIRST + 1, range(30, 60))):
        kept, now = period(model, right, year), own & np.isin(trades["day"], days)
        fen = trades["price_ticks"] * trades["lots"] * tick_fen
        for side, lots, money in (("buyer", "bought", "spent_fen"), ("seller", "sold", "earned_fen")):
            for row, account in enumerate(model.accounts_of[: len(model.firms)]):
                mine = now & (trades[side] == account)
                assert kept[lots][row] == trades["lots"][mine].sum()
                assert kept[money][row] == fen[mine].sum()
    assert sum(period(model, right, y)["bought"].sum() for y in (FIRST, FIRST + 1)) > 0


def test_compliance_of_a_period_is_what_the_registry_says(model: RightsMarketModel) -> None:
    obligations, accounts = model.market.obligations, model.accounts_of[: len(model.firms)]
    for p in model.recorder.periods:
        key = p["right"], p["period"]
        assert np.array_equal(p["emissions"], obligations.verified_lots(*key)[accounts])
        assert np.array_equal(p["allocation"], obligations.allocated_lots(*key)[accounts])
        assert np.array_equal(p["preallocated"], obligations.preallocated_lots(*key)[accounts])
        assert np.array_equal(p["shortfall"], p["duty"] - p["surrendered"])
        assert np.array_equal(p["fine_fen"], model.authority.fines_fen[key])
        assert ((p["fine_fen"] > 0) == (p["shortfall"] > 0)).all()
        assert (p["abatement_cost_yuan"] >= 0).all()
    surrendered = model.market.registry.total("surrendered")
    assert sum(p["surrendered"].sum() for p in model.recorder.periods) == surrendered.sum()


def test_the_window_of_a_mean_price(model: RightsMarketModel) -> None:
    """It adds up trading days up to a day, whichever vintage, and reaches back at most 64 days."""
    bars, recorder = model.market.tape.bars, model.recorder
    for last, days in ((59, 5), (40, 21), (59, 60), (3, 21)):
        chosen = (bars["day"] <= last) & (bars["day"] > last - days) & np.isin(bars["instrument"], [0, 1])
        expected = int(bars["value_fen"][chosen].sum()), int(bars["lots"][chosen].sum())
        assert recorder.window([0, 1], last, days) == expected
    assert recorder.window([0, 1], 59, 60)[1] > 0


def test_counting_only_firms_and_only_the_right_at_hand(model: RightsMarketModel) -> None:
    fresh = province()
    first, last = int(fresh.accounts_of[0]), int(fresh.accounts_of[-1])
    accounts = np.array([first, last], np.int32)
    fresh.recorder.count_trades(np.array([0, 1]), accounts, accounts[::-1], np.array([5, 7]), np.array([50, 70]))
    bought, sold, spent, earned = fresh.recorder.state()["flows"]
    assert (bought.sum(), sold.sum(), spent.sum(), earned.sum()) == (5, 7, 50, 70)
    assert (bought[0, 0], sold[1, 0]) == (5, 7)
