"""What firms hear from each other in a running market."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.config import MarketConfig, small_market
from agents.information_spec import Bass, BeliefExchange, EdgeList, Information, SmallWorld, Threshold
from agents.model import RightsMarketModel
from agents.snapshot import load, save
from tests.province import config, population, run, sectors

LINE = EdgeList((("cheap-0001", "cheap-0002"), ("cheap-0002", "dear-0001"), ("dear-0001", "dear-0002")))
ALL_KINDS = Information(
    SmallWorld(degree=4), BeliefExchange(bound=0.3, stubbornness=0.1), Bass(innovation=2.0, imitation=4.0), 7
)


def province() -> MarketConfig:
    """The small province, with scrubbers that cost little."""
    given = sectors()
    cheap = replace(given["steel"].measures[0], capex_yuan_per_output=0.02, opex_yuan_per_output=0.0, life_years=10)
    return replace(
        config(), population=population(sectors=given | {"steel": replace(given["steel"], measures=[cheap])})
    )


def four_firms(beliefs: BeliefExchange, interval_days: int = 3) -> RightsMarketModel:
    """Four firms in a line: 0 - 1 - 2 - 3."""
    information = Information(LINE, beliefs, interval_days=interval_days)
    return RightsMarketModel(replace(small_market(4, days_per_year=20), information=information), seed=1)


def belief(model: RightsMarketModel) -> np.ndarray:
    return model.expectations.valuation.belief_error


def test_a_step_of_degroot_by_hand() -> None:
    """0, 0.4, 0.2, 1.0 on a line: contacts' means 0.4, 0.1, 0.7, 0.2; a quarter of the way there."""
    model = four_firms(BeliefExchange(weight=0.25))
    belief(model)[:] = [0.0, 0.4, 0.2, 1.0]
    run(model, 3)
    assert belief(model).tolist() == [0.0, 0.4, 0.2, 1.0]
    run(model, 1)
    assert belief(model).tolist() == pytest.approx([0.1, 0.325, 0.325, 0.8])
    assert model.information.beliefs == [
        (0, 0, pytest.approx(np.std([0.0, 0.4, 0.2, 1.0]))),
        (3, 0, pytest.approx(np.std([0.1, 0.325, 0.325, 0.8]))),
    ]


def test_beyond_the_bound_nobody_is_listened_to() -> None:
    """Within 0.5: 0 and 1 hear each other, 1 and 2 as well; 3 is alone."""
    model = four_firms(BeliefExchange(weight=0.5, bound=0.5))
    belief(model)[:] = [0.0, 0.4, 0.2, 1.0]
    run(model, 4)
    assert belief(model).tolist() == pytest.approx([0.2, 0.25, 0.3, 1.0])


def test_first_beliefs_keep_pulling_where_firms_are_stubborn() -> None:
    model = four_firms(BeliefExchange(weight=1.0, stubbornness=0.5))
    first = belief(model).copy()
    run(model, 4)
    heard = np.array([first[1], (first[0] + first[2]) / 2, (first[1] + first[3]) / 2, first[2]])
    assert belief(model) == pytest.approx(0.5 * first + 0.5 * heard)


def test_without_stubbornness_all_come_to_believe_the_same() -> None:
    """DeGroot's consensus: first beliefs by number of contacts, here 1, 2, 2, 1 of 6."""
    model = four_firms(BeliefExchange(weight=0.5), interval_days=1)
    first = belief(model).copy()
    run(model)
    assert belief(model) == pytest.approx(np.full(4, first @ [1, 2, 2, 1] / 6), abs=1e-3)


def test_a_firm_that_has_closed_is_silent() -> None:
    model = four_firms(BeliefExchange(weight=1.0))
    belief(model)[:] = [0.0, 0.4, 0.2, 1.0]
    model.firms.working[1] = False
    run(model, 4)
    assert belief(model).tolist() == pytest.approx([0.0, 0.4, 1.0, 0.2])


def test_a_firm_builds_nothing_that_it_has_not_heard_of() -> None:
    """With everybody informed from the start scrubbers are built as without a network, with nobody never."""
    given = province()
    unheard = Information(SmallWorld(degree=4), technology=Bass(innovation=0.0, imitation=1.0), interval_days=5)
    told = Information(SmallWorld(degree=4), technology=Threshold(innovators=1.0), interval_days=5)
    never, at_once, plain = (
        run(RightsMarketModel(replace(given, information=x), seed=9)) for x in (unheard, told, None)
    )
    assert not never.operations.measures.status.any()
    assert plain.operations.measures.status.any()
    assert at_once.operations.measures.ready_day.tolist() == plain.operations.measures.ready_day.tolist()
    assert never.information.diffusion[-1] == (55, "Scrubber", 6, 0, 0)
    assert at_once.information.diffusion[-1][:4] == (55, "Scrubber", 6, 6)


def test_nothing_is_drawn_where_nothing_spreads() -> None:
    model = run(RightsMarketModel(config(), seed=9))
    assert model.information.network is None
    assert model.information.beliefs == model.information.diffusion == []
    assert not {"contacts", "innovators", "word_of_mouth"} & model.streams.state()["streams"].keys()


def test_other_streams_are_not_moved_by_what_spreads() -> None:
    talking, silent = (
        run(RightsMarketModel(replace(province(), information=x), seed=9), 20).streams.state()["streams"]
        for x in (ALL_KINDS, None)
    )
    shared = {"demand_common", "news", "activity"}
    assert {name: talking[name] for name in shared} == {name: silent[name] for name in shared}
    assert "word_of_mouth" in talking


@pytest.mark.parametrize("days", [3, 7, 30])
def test_a_restored_run_hears_the_same(days: int, tmp_path: Path) -> None:
    talking = replace(province(), information=ALL_KINDS)
    straight = run(RightsMarketModel(talking, seed=9), days)
    save(straight, tmp_path / "then")
    for name, model in (("straight", straight), ("again", load(talking, tmp_path / "then"))):
        save(run(model), tmp_path / name)
    assert (tmp_path / "straight").read_bytes() == (tmp_path / "again").read_bytes()
    assert straight.information.diffusion[-1][4] > 0
