"""From a finished laboratory to tidy tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rights_market import Mode, Right

if TYPE_CHECKING:
    from agents.laboratory import LaboratoryModel

FEN = 100.0


def laboratory_tables(model: LaboratoryModel, right: Right) -> dict[str, pd.DataFrame]:
    """Return trades, traders and the benchmark of theory; prices in CNY per unit.

    Parameters
    ----------
    model : LaboratoryModel
        A finished laboratory with one session.
    right : Right
        What was traded, for its name.
    """
    tick = float(model.market.instruments[0].right.tick_yuan)
    rows = model.market.tape.trades
    modes = np.array([m.name.lower() for m in Mode], dtype=object)
    trades = pd.DataFrame(
        {
            "day": rows["day"].astype(np.int64),
            "batch": rows["batch"].astype(np.int64),
            "mode": modes[rows["mode"]],
            "right": right.code,
            "vintage": 0,
            "buyer": rows["buyer"].astype(np.int64),
            "seller": rows["seller"].astype(np.int64),
            "price": rows["price_ticks"] * tick,
            "units": rows["lots"].astype(np.float64),
            "value_yuan": rows["price_ticks"] * rows["lots"] * tick,
        }
    )
    firms = pd.DataFrame(
        {
            "account": model.accounts_of,
            "name": [model.market.accounts.name(int(a)) for a in model.accounts_of],
            "sector": np.where(model.buys, "buyer", "seller"),
            "region": "",
            "strategy": list(model.strategy_of),
            "kind": "individual",
            "output": 0.0,
            "value_yuan": model.ticks * tick,
        }
    )
    equilibrium, recorder = model.schedule.equilibrium, model.recorder
    days = recorder.days_closed
    benchmark = pd.DataFrame(
        {
            "right": right.code,
            "period": ["all"],
            "least_cost_price_low": [equilibrium.price_low * tick],
            "least_cost_price_high": [equilibrium.price_high * tick],
            "simulated_price": [float(recorder.price_sum.sum() / max(recorder.lots.sum(), 1)) * tick],
            "least_cost_yuan": [0.0],
            "simulated_cost_yuan": [0.0],
            "cost_excess_percent": [np.nan],
            "surplus_yuan": [float(recorder.surplus_sum[:days].sum()) * tick],
            "max_surplus_yuan": [float(equilibrium.surplus) * tick * days],
            "note": ["competitive equilibrium of the induced values"],
        }
    )
    return {"trades": trades, "firms": firms, "benchmark": benchmark}
