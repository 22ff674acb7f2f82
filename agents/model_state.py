"""The state of a running market model, taken apart into plain arrays and numbers and put together again.

Kept out of the model so that its day can be read without it.  What a model is made of (its config, its seed) is not
part of the state: a new model is built from those, and the state is put on top.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.operations import Rates

if TYPE_CHECKING:
    from agents.model import RightsMarketModel

# In the order in which they are put back: the desk reads the books of the market.
PARTS = (
    "streams",
    "market",
    "authority",
    "firms",
    "operations",
    "seats",
    "desk",
    "expectations",
    "production",
    "entry_exit",
    "recorder",
    "zone_trade",
    "one_way_trade",
    "fiscal_year",
    "forward_trade",
    "information",
)
RULES = "rules, population or behaviour"


def state_of(model: RightsMarketModel) -> dict[str, Any]:
    """Return everything that changes during a run; see `RightsMarketModel.state`."""
    version, words, gauss = model.random.getstate()
    return {
        "made_of": made_of(model),
        "day": model.day,
        "running": model.running,
        "steps": model.steps,
        "mesa_rng": model.rng.bit_generator.state,
        "mesa_random": [version, np.array(words, dtype=np.int64), gauss],
        **{name: getattr(model, name).state() for name in PARTS},
        "progress": [p.state() for p in model.progress],
        "strategies": [s.state() for s in model.floor.strategies],
        "news": model.floor.news.state(),
        "objects": [_keeps_state(participant.trader).state() for participant in model.participants],
        "fronts": list(model.fronts),
        "rates": {f.name: getattr(model.rates, f.name).copy() for f in fields(Rates)},
        "collected": {name: list(rows) for name, rows in model.datacollector.model_vars.items()},
    }


def restore_to(model: RightsMarketModel, state: Mapping[str, Any], *, other_rules: bool) -> None:
    """Put a state on top of a model made of the same things; see `RightsMarketModel.restore`."""
    _compare(state["made_of"], made_of(model), other_rules)
    objects = [_keeps_state(participant.trader) for participant in model.participants]
    model.day, model.running, model.steps = int(state["day"]), bool(state["running"]), int(state["steps"])
    model.rng.bit_generator.state = state["mesa_rng"]
    version, words, gauss = state["mesa_random"]
    model.random.setstate((version, tuple(np.asarray(words).tolist()), gauss))
    for name in PARTS:
        getattr(model, name).restore(state[name])
    for kept, saved in (
        *zip(model.progress, state["progress"], strict=True),
        *zip(model.floor.strategies, state["strategies"], strict=True),
        *zip(objects, state["objects"], strict=True),
    ):
        kept.restore(saved)
    model.floor.news.restore(state["news"])
    model.fronts = list(state["fronts"])
    model.rates = Rates(**{name: np.array(x) for name, x in state["rates"].items()})
    if other_rules:
        # What was announced or begun before the saved day by the rules of this model counts from now on.
        for right in model.right_codes:
            model.authority.change_rules(right, model.calendar.days[max(0, model.day)])
    _put_back_rows(model.datacollector.model_vars, state["collected"])


def made_of(model: RightsMarketModel) -> dict[str, Any]:
    """Return what a state must find again in the model that it is put on, by name."""
    config = model.config
    rules = repr([getattr(config, f.name) for f in fields(config) if f.name != "calendar"])
    return {
        "seed": model.root_seed,
        "instruments": [x.code for x in model.market.instruments],
        "trading days": [d.isoformat() for d in model.calendar.days],
        "traders": [model.market.accounts.name(int(a)) for a in model.accounts_of],
        "strategies": list(model.strategy_of),
        RULES: hashlib.sha256(rules.encode()).hexdigest(),
    }


def _compare(saved: Mapping[str, Any], ours: Mapping[str, Any], other_rules: bool) -> None:
    for name, own in ours.items():
        if saved[name] != own and not (other_rules and name == RULES):
            hint = "; give other_rules=True if that is meant" if name == RULES else ""
            raise ValueError(f"this state was saved by a model with other {name}{hint}")


def _put_back_rows(model_vars: dict[str, list[Any]], collected: Mapping[str, list[Any]]) -> None:
    """Fill a collector's columns, whose order a saved state need not keep."""
    if model_vars.keys() != collected.keys():
        raise ValueError(
            f"the saved rows are of the model reporters {sorted(collected)}, but the datacollector has "
            f"{sorted(model_vars)}; put the same one into a new model before `restore`"
        )
    for name, rows in model_vars.items():
        rows[:] = collected[name]


def _keeps_state(trader: Any) -> Any:
    """Return an object that trades, once it is sure that it can be saved and restored."""
    lacks = [name for name in ("state", "restore") if not callable(getattr(trader, name, None))]
    if lacks:
        raise ValueError(
            f"object trader {type(trader).__name__} has no {' and no '.join(lacks)}: a run with it can be saved and "
            "continued once it has state() -> dict and restore(state)"
        )
    return trader
