import numpy as np
import pytest

from agents.firms import Firms
from agents.objects import Participant
from agents.roster import Roster, draw_roster
from agents.spec import InstitutionSpec, Label, PopulationSpec, SectorSpec, StrategyShare
from agents.streams import Streams
from tests.province import carbon_book, sulphur_book

RIGHTS = ["CEA", "SO2"]
N = 3000


class Waiter:
    def decide(self, market):
        return []


def sector(**changes) -> SectorSpec:
    return SectorSpec(Label("x", "x"), 100.0, "t", **{"intensity": {"CEA": 1.0, "SO2": 1.0}, "firms": N} | changes)


def roster(shares: list[StrategyShare], traders=(), **changes) -> Roster:
    sectors = {"power": sector(), "steel": sector(intensity={"CEA": 1.0}, cash_share=0.5, product_price_yuan=2.0)}
    spec = PopulationSpec(**{"sectors": sectors, "strategies": shares} | changes)
    streams = Streams(1)
    return draw_roster(spec, Firms(spec, RIGHTS, streams), traders, RIGHTS, streams)


def test_strategies_come_in_their_shares() -> None:
    drawn = roster([StrategyShare("late_buyer", 0.6), StrategyShare("hedger", 0.3), StrategyShare("hoarder", 0.1)])
    found = {name: drawn.strategy.count(name) / (2 * N) for name in ("late_buyer", "hedger", "hoarder")}
    assert found == pytest.approx({"late_buyer": 0.6, "hedger": 0.3, "hoarder": 0.1}, abs=0.03)


def test_a_share_of_nothing_is_never_drawn() -> None:
    drawn = roster([StrategyShare("late_buyer", 0.0), StrategyShare("hedger", 1.0), StrategyShare("zip", 0.0)])
    assert set(drawn.strategy) == {"hedger"}


def test_sectors_may_have_their_own() -> None:
    shares = [StrategyShare("zip", 1.0, sectors=["power"]), StrategyShare("hedger", 1.0, sectors=["steel"])]
    drawn = roster(shares)
    assert drawn.strategy == ["zip"] * N + ["hedger"] * N


@pytest.mark.parametrize("total", [0.9, 1.1])
def test_shares_of_a_sector_must_add_up(total: float) -> None:
    shares = [StrategyShare("hedger", 1.0, sectors=["power"]), StrategyShare("zip", total - 1.0 + 1e-12)]
    with pytest.raises(ValueError, match="sector power have shares that add up to"):
        roster([*shares, StrategyShare("hedger", 2.0 - total, sectors=["steel"])])


def test_rounding_of_decimal_shares_is_no_mistake() -> None:
    assert len(roster([StrategyShare("hedger", 0.1)] * 10).strategy) == 2 * N


def test_firms_come_first_then_institutions_then_objects() -> None:
    groups = [
        InstitutionSpec("market_maker", 2, 100.0, rights=["SO2"], position_limit=40.0),
        InstitutionSpec("trend", 1, 7.5, position_limit=4.0),
    ]
    traders = [Participant(Waiter(), 3.21, ["CEA"]), Participant(Waiter(), 1.0, name="Ann")]
    drawn = roster([StrategyShare("hedger", 1.0)], traders, institutions=groups)
    assert drawn.strategy[2 * N :] == ["market_maker", "market_maker", "trend", "object", "object"]
    assert drawn.institution_names == ["market_maker-001", "market_maker-002", "trend-003", "Waiter-004", "Ann"]
    assert drawn.institution_cash_fen.tolist() == [10_000, 10_000, 750, 321, 100]
    expected = [[False, True], [False, True], [True, True], [True, False], [True, True]]
    assert drawn.trades[2 * N :].tolist() == expected


def test_seats_are_by_right_then_trader_and_limits_in_lots() -> None:
    """40 units of sulphur are 4 lots of ten; less than a lot is one."""
    groups = [
        InstitutionSpec("market_maker", 1, 1.0, position_limit=40.0),
        InstitutionSpec("trend", 1, 1.0, ["CEA"], 0.2),
    ]
    drawn = roster([StrategyShare("hedger", 1.0)], institutions=groups)
    seats = drawn.seats(np.arange(2 * N + 2) + 2)
    assert seats.right.tolist() == [0] * (2 * N + 2) + [1] * (N + 1)  # steel needs no sulphur, the second has no seat
    assert seats.trader[: 2 * N + 2].tolist() == list(range(2 * N + 2))
    assert seats.trader[-1] == 2 * N and seats.account[-1] == 2 * N + 2
    limits = drawn.position_lots([carbon_book(), sulphur_book()], seats)
    assert limits[2 * N : 2 * N + 2].tolist() == [40, 1] and limits[-1] == 4


def test_cash_at_the_start() -> None:
    shares = [StrategyShare("hedger", 1.0)]
    sectors = {"power": sector(firms=2, output_sigma=0.0, cash_share=0.1, product_price_yuan=30.0)}
    spec = PopulationSpec(sectors, shares, institutions=[InstitutionSpec("trend", 1, 9.99)])
    streams = Streams(1)
    firms = Firms(spec, RIGHTS, streams)
    assert draw_roster(spec, firms, [], RIGHTS, streams).cash_fen(firms).tolist() == [30_000, 30_000, 999]


def test_an_object_cannot_trade_what_there_is_not() -> None:
    with pytest.raises(ValueError, match=r"no right \['GOLD'\]; this market has \['CEA', 'SO2'\]"):
        roster([StrategyShare("hedger", 1.0)], [Participant(Waiter(), 1.0, ["GOLD", "CEA"])])
