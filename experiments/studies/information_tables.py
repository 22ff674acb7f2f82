"""What firms heard from each other, as tables: how far beliefs lie apart, how far technologies have spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from agents.model import RightsMarketModel


def information_tables(model: RightsMarketModel) -> dict[str, pd.DataFrame]:
    """Return the tables for what spreads; none where nobody hears from anybody."""
    spec = model.config.information
    if spec is None:
        return {}
    tables = {"beliefs": beliefs(model)}
    if spec.technology is not None:
        tables["diffusion"] = diffusion(model)
    return tables


def beliefs(model: RightsMarketModel) -> pd.DataFrame:
    """Return the standard deviation of firms' lasting price beliefs, in logs, after each step."""
    rows = model.information.beliefs
    return pd.DataFrame(
        {
            "date": _dates(model, [day for day, _, _ in rows]),
            "day": pd.array([day for day, _, _ in rows], dtype="int64"),
            "right": [model.right_codes[r] for _, r, _ in rows],
            "belief_sd": [sd for _, _, sd in rows],
        }
    )


def diffusion(model: RightsMarketModel) -> pd.DataFrame:
    """Return to how many firms at work each measure is open, how many consider it and how many use it."""
    frame = pd.DataFrame(model.information.diffusion, columns=["day", "measure", "open", "considered", "used"])
    frame.insert(0, "date", _dates(model, frame["day"].tolist()))
    return frame


def _dates(model: RightsMarketModel, days: list[int]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime([model.calendar.days[day] for day in days]))
