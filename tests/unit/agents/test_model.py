"""The model as Mesa users meet it: steps, collectors, agents, batch runs, memory."""

import gc
import weakref
from inspect import signature
from typing import Any

import mesa
import numpy as np
import pytest
from mesa.batchrunner import batch_run

import agents
from agents.model import RightsMarketModel
from agents.views import Firm, Institution
from tests.province import province, run


def small(**changes) -> RightsMarketModel:
    return RightsMarketModel(**{"n_firms": 6, "years": 1, "days_per_year": 12, "seed": 1} | changes)


def test_a_step_is_a_day_made_of_its_public_parts() -> None:
    whole, parts = small(), small()
    for _ in range(5):
        whole.step()
        parts.open_day()
        for _ in range(parts.config.batches_per_day):
            parts.trade_batch()
        parts.negotiate()
        parts.close_day()
    assert (whole.day, whole.steps, parts.day, parts.steps) == (4, 5, 4, 0)
    for name, column in whole.market.tape.bars.items():
        assert np.array_equal(column, parts.market.tape.bars[name])
    assert np.array_equal(whole.market.registry.cash, parts.market.registry.cash)


def test_a_run_ends_with_its_calendar() -> None:
    model = run(small())
    assert (model.day, model.running) == (11, False)
    with pytest.raises(ValueError, match="there is no further day to open"):
        model.step()


def test_run_model_of_mesa_runs_to_the_end() -> None:
    model = small()
    model.run_model()
    assert model.steps == 12 and not model.running


def test_a_collector_has_a_row_a_day() -> None:
    model = run(province(), 6)
    table = model.datacollector.get_model_vars_dataframe()
    assert table.columns.tolist() == ["day", "price", "volume", "use"]
    assert table["day"].tolist() == list(range(6))
    last = table.iloc[-1]
    assert set(last["price"]) == set(last["volume"]) == set(last["use"]) == {"CEA", "SO2"}
    assert last["price"]["CEA"] == model.desk.last_price[0] * 0.01
    traded = model.market.tape.trades
    today = traded["day"] == 5
    carbon = model.desk.right_of[traded["instrument"]] == 0
    assert last["volume"]["CEA"] == traded["lots"][today & carbon].sum()
    assert last["use"]["SO2"] == pytest.approx(model.rates.use[:, 1].sum())


def test_a_collector_of_your_own_reads_agents() -> None:
    model = small()
    model.datacollector = mesa.DataCollector(
        model_reporters={"price": lambda m: m.prices_yuan["CEA"]},
        agent_reporters={"cash": "cash_yuan", "abated": lambda a: a.abated_share("CEA")},
    )
    run(model, 3)
    frame = model.datacollector.get_agent_vars_dataframe()
    assert frame.shape == (18, 2) and frame.index.names == ["Step", "AgentID"]
    assert frame.loc[3, "cash"].tolist() == [firm.cash_yuan for firm in model.agents]


def test_agents_are_views_of_rows() -> None:
    model = run(province(), 8)
    firms = model.agents_by_type[Firm]
    assert len(firms) == len(model.firms) == 14 and len(model.agents_by_type[Institution]) == 3
    registry = model.market.registry
    for firm in firms:
        row, account = firm.row, int(model.accounts_of[firm.row])
        assert (firm.account, firm.name) == (account, model.firms.names[row])
        assert firm.strategy == model.strategy_of[row]
        assert firm.sector == ("power" if row < 8 else "steel")
        assert firm.cash_yuan == (registry.cash[account] + registry.cash_frozen[account]) / 100
        assert firm.holdings("CEA") == sum(t[:2, account].sum() for t in (registry.free, registry.frozen))
        assert firm.holdings("SO2") == 10 * sum(t[2:, account].sum() for t in (registry.free, registry.frozen))
        assert (firm.output, firm.use("SO2")) == (model.rates.output[row], model.rates.use[row, 1])
        assert firm.value_yuan("CEA") == model.values_yuan()[row, 0] > 0
        assert firm.abated_share("CEA") == model.operations.share[row, 0]
    makers = model.agents.select(lambda a: a.strategy == "market_maker")
    assert [m.name for m in makers] == ["market_maker-001"]


def test_agents_can_be_selected_grouped_and_asked_as_in_mesa() -> None:
    model = province()
    by_sector = model.agents_by_type[Firm].groupby("sector")
    assert {code: len(group) for code, group in by_sector} == {"power": 8, "steel": 6}
    hedgers = model.agents.select(lambda a: a.strategy == "hedger", agent_type=Firm)
    assert len(hedgers) == model.strategy_of.count("hedger")
    assert model.agents.get("account") == model.accounts_of.tolist()
    richest = next(iter(model.agents_by_type[Firm].sort("cash_yuan")))
    assert richest.cash_yuan == max(model.firms.start_cash_fen()) / 100
    assert model.agents.select(lambda a: isinstance(a, Firm)).agg("output", sum) == pytest.approx(
        model.rates.output.sum()
    )


def test_batch_run_takes_plain_numbers() -> None:
    """Rows are as many as runs, and the same seed and numbers give the same price.

    Mesa 3.5 takes the seeds beside the parameters and overwrites a seed among them.
    """
    numbers: dict[str, Any] = {"n_firms": 4, "tightness": [0.0, 0.1], "years": 1, "days_per_year": 8}
    seeds: dict[str, Any] = {"rng": [1, 2]}
    if "rng" not in signature(batch_run).parameters:
        numbers, seeds = {**numbers, "seed": [1, 2]}, {}
    rows = batch_run(RightsMarketModel, numbers, number_processes=1, display_progress=False, **seeds)
    assert len(rows) == 4
    found = {(r["tightness"], r["seed"]): r["price"]["CEA"] for r in rows}
    assert len(set(found.values())) > 1
    alone = RightsMarketModel(n_firms=4, tightness=0.1, years=1, days_per_year=8, seed=2)
    assert run(alone).prices_yuan["CEA"] == found[0.1, 2]


def test_a_model_that_is_dropped_is_forgotten() -> None:
    """Mesa 3.3.1 keeps every model in a table of its `Agent` class for the life of the process."""
    dropped = []
    for seed in range(3):
        model = run(small(seed=seed), 2)
        dropped.append(weakref.ref(model))
        del model
    gc.collect()
    assert [ref() for ref in dropped] == [None] * 3


def test_numbers_of_agents_start_anew_in_every_model() -> None:
    # Both are held on to: agents are forgotten with their model whenever garbage is collected.
    models = [small(seed=s) for s in (1, 2)]
    assert [model.agents[0].unique_id for model in models] == [1, 1]


def test_the_front_door() -> None:
    assert agents.RightsMarketModel is RightsMarketModel and agents.PROJECT == "rights-market"
    assert dir(agents) == sorted(dir(agents)) and "RightsMarketModel" in dir(agents)
    with pytest.raises(AttributeError, match="no attribute 'Market'"):
        agents.Market  # noqa: B018


def test_late_buyers_come_late_and_hedgers_do_not() -> None:
    """Early in the year, hedgers are at the market and the others are not."""
    buyers = {}
    for share in (0.0, 1.0):
        model = RightsMarketModel(n_firms=30, tightness=0.2, years=1, days_per_year=60, hedger_share=share, seed=1)
        run(model, 10)
        buyers[share] = int((model.seats.wish_lots > 0).sum())
        assert (model.seats.active >= (model.seats.wish_lots > 0)).all()
    assert buyers[1.0] > 2 * buyers[0.0]


@pytest.mark.parametrize("tightness", [0.0, 0.1])
def test_a_tighter_cap_costs_more(tightness: float) -> None:
    model = run(RightsMarketModel(n_firms=20, tightness=tightness, years=1, days_per_year=40, seed=3))
    dear = run(RightsMarketModel(n_firms=20, tightness=tightness + 0.05, years=1, days_per_year=40, seed=3))
    assert dear.expectations.public_prices.yuan[0] > model.expectations.public_prices.yuan[0]
