"""The least-cost benchmark beside the simulated market: one right and one period at a time.

What would it have cost to reach the same use by the cheapest continuous abatement of the firms that must hold the
right, and at which price?  The general answer over several rights and years belongs to a later study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.studies.least_cost import least_cost_one_period

if TYPE_CHECKING:
    from agents.model import RightsMarketModel
    from agents.progress import RightProgress

COLUMNS = [
    "right",
    "period",
    "least_cost_price_low",
    "least_cost_price_high",
    "simulated_price",
    "least_cost_yuan",
    "simulated_cost_yuan",
    "cost_excess_percent",
    "note",
]
NOTE = "continuous abatement of this right alone; investments and savings from other rights count as free"


def benchmark_table(model: RightsMarketModel, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row for each right and period in which firms had to abate anything.

    Parameters
    ----------
    model : RightsMarketModel
        A finished model.
    tables : dict of DataFrame
        Its `prices` and `compliance`.
    """
    rows = []
    for progress in model.progress:
        before = pd.Timestamp.min
        for k, period in enumerate(progress.rules.periods):
            deadline = pd.Timestamp(period.deadline)
            row = _row(model, progress, k, tables, before, deadline)
            before = deadline
            if row is not None:
                rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    model: RightsMarketModel,
    progress: RightProgress,
    k: int,
    tables: dict[str, pd.DataFrame],
    after: pd.Timestamp,
    until: pd.Timestamp,
) -> dict[str, Any] | None:
    """Return the row of one period, None where nothing was abated or the use was not verified."""
    if not progress.verified[k]:
        return None
    code, r = progress.rules.right.code, progress.index
    covered = np.flatnonzero(model.firms.covered[:, r])
    use = progress.uses[k]
    # Own continuous abatement only: what investments, other rights' measures and lower output saved is not asked again.
    abated = use.own_abated[covered]
    need = use.need[covered]
    required = float(abated.sum())
    if required <= 1e-9 * float(need.sum()):
        return None
    curves = model.firms.curves.take(covered)
    one = type(curves)(curves.alpha[:, r], curves.a[:, r], curves.b[:, r], curves.limit[:, r])
    best = least_cost_one_period(one, need, float(need.sum()) - required)
    spent = float(use.cost[covered].sum())
    bars = tables["prices"]
    bars = bars[(bars["right"] == code) & (bars["date"] > after) & (bars["date"] <= until)]
    volume = float(bars["volume"].sum())
    return {
        "right": code,
        "period": use.period.name,
        "least_cost_price_low": best.price_low,
        "least_cost_price_high": best.price_high,
        "simulated_price": float(bars["value_yuan"].sum()) / volume if volume else np.nan,
        "least_cost_yuan": best.cost,
        "simulated_cost_yuan": spent,
        "cost_excess_percent": 100.0 * (spent / best.cost - 1.0) if best.cost > 0 else np.nan,
        "note": NOTE,
    }
