from fractions import Fraction

import numpy as np
import pytest

from agents.schedules import Equilibrium, Schedule, competitive_equilibrium, laboratory_rule_book, smith_1962
from agents.spec import InducedSpec
from rights_market import Side


def of(values: list[int], costs: list[int]) -> Equilibrium:
    return competitive_equilibrium(np.array(values), np.array(costs))


@pytest.mark.parametrize(
    ("values", "costs", "expected"),
    [
        ([325, 300, 275, 250, 225, 200, 175], [75, 100, 125, 150, 175, 200, 225], Equilibrium(6, 200, 200, 750)),
        ([120, 50], [10, 52], Equilibrium(1, 50, 52, 110)),
        ([200] * 6, [50] * 11, Equilibrium(6, 50, 50, 900)),
        ([200] * 3, [50] * 2, Equilibrium(2, 200, 200, 300)),
        ([90], [60], Equilibrium(1, 60, 90, 30)),
        ([60], [90], Equilibrium(0, 60, 90, 0)),
    ],
    ids=["no gain at the margin", "interval of losers", "excess supply", "excess demand", "one pair", "no trade"],
)
def test_competitive_interval(values: list[int], costs: list[int], expected: Equilibrium) -> None:
    assert of(values, costs) == expected
    assert of(values[::-1], costs[::-1]) == expected


def test_smith_in_ticks() -> None:
    schedule = Schedule.of(smith_1962())
    assert schedule.equilibrium == Equilibrium(6, 200, 200, 750)
    assert schedule.side.tolist() == [Side.BID] * 11 + [Side.ASK] * 11
    assert schedule.ticks[:2].tolist() == [325, 300]
    assert schedule.ticks[11:13].tolist() == [75, 100]
    assert (schedule.price_low, schedule.price_high) == (1, 400)


def test_units_count_in_the_equilibrium() -> None:
    spec = InducedSpec(values=[2.0], costs=[1.0, 1.5], price_low=0.5, price_high=3.0, units=2)
    assert Schedule.of(spec).equilibrium == Equilibrium(2, 100, 150, 200)


@pytest.mark.parametrize("field", ["values", "costs", "price_low", "price_high"])
def test_prices_must_be_whole_ticks(field: str) -> None:
    good = {"values": [2.0], "costs": [1.0], "price_low": 0.0, "price_high": 4.0}
    bad = [1.005] if field in ("values", "costs") else 3.005 if field == "price_high" else 0.005
    with pytest.raises(ValueError, match="multiple of the tick"):
        Schedule.of(InducedSpec(**(good | {field: bad})))  # type: ignore[arg-type]


def test_a_price_range_must_be_one() -> None:
    with pytest.raises(ValueError, match="range of prices"):
        InducedSpec(values=[2.0], costs=[1.0], price_low=4.0, price_high=4.0)


def test_clearing_after_a_trade_needs_one_trader_at_a_time() -> None:
    with pytest.raises(ValueError, match="`batch` must be 1"):
        InducedSpec(values=[2.0], costs=[1.0], price_low=0.0, price_high=4.0, clear_after_trade=True, batch=2)


def test_rules_of_the_laboratory_right() -> None:
    book = laboratory_rule_book(smith_1962())
    assert book.right.code == "LAB"
    assert book.right.max_price_ticks == 400
    assert Fraction(book.right.tick_yuan) == Fraction(1, 100)
    assert book.settlement.units_lag_days == 0
    assert (book.fees.buyer_ppm, book.fees.seller_ppm) == (0, 0)
    assert book.band is None
    assert [laboratory_rule_book(smith_1962(sessions=2), s).right.code for s in (0, 1)] == ["LAB1", "LAB2"]
