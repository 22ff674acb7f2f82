"""Markets whose outcome theory knows, and how far a simulated one is from it, for the economic tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from agents.behaviour import Behaviour
from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from agents.recorder import DAY_COLUMNS
from rights_market.market import Keep

Floats = npt.NDArray[np.float64]

LEAN = Keep(trades=False, journal=False)


def interval(sample: npt.ArrayLike) -> tuple[float, float]:
    """95 % interval of the mean of independent figures (Student's t)."""
    x = np.asarray(sample, dtype=np.float64).ravel()
    half = float(stats.t.ppf(0.975, len(x) - 1)) * x.std(ddof=1) / np.sqrt(len(x))
    return float(x.mean() - half), float(x.mean() + half)


def lies_within(sample: npt.ArrayLike, low: float, high: float) -> bool:
    """Whether the whole 95 % interval of the mean lies between two bounds."""
    lower, upper = interval(sample)
    return low <= lower and upper <= high


def exceeds_zero(differences: npt.ArrayLike) -> bool:
    """Whether the mean of paired differences lies above zero: one-sided 95 % interval (Student's t)."""
    x = np.asarray(differences, dtype=np.float64).ravel()
    return bool(x.mean() > float(stats.t.ppf(0.95, len(x) - 1)) * x.std(ddof=1) / np.sqrt(len(x)))


def lean(config: MarketConfig, **changes: Any) -> MarketConfig:
    """Return the config, changed, of a market that remembers no single trade."""
    return replace(config, keep=LEAN, **changes)


def run(config: MarketConfig, seed: int, days: int | None = None) -> RightsMarketModel:
    """Run a market to its end, or for some days, and prove that nothing was created or lost."""
    model = RightsMarketModel(lean(config), seed=seed)
    while model.running and (days is None or model.day + 1 < days):
        model.step()
    model.market.audit()
    return model


def runs(config: MarketConfig, seeds: Iterable[int]) -> list[RightsMarketModel]:
    """Run a market once for each seed."""
    return [run(config, seed) for seed in seeds]


def column(model: RightsMarketModel, name: str) -> Floats:
    """Return a daily figure of the first right, shape (days,)."""
    return np.array(model.recorder.days)[:, 0, DAY_COLUMNS.index(name)]


def years(model: RightsMarketModel) -> list[npt.NDArray[np.bool_]]:
    """Return the days of each calendar year."""
    of_day = np.array([d.year for d in model.calendar.days[: len(model.recorder.days)]])
    return [of_day == y for y in np.unique(of_day)]


def mean_price(model: RightsMarketModel) -> Floats:
    """Return the mean price of each calendar year by volume, CNY, nan without trade."""
    value, volume = column(model, "value_yuan"), column(model, "volume")
    return np.array([value[k].sum() / volume[k].sum() if volume[k].any() else np.nan for k in years(model)])


def price_over_solver(model: RightsMarketModel) -> Floats:
    """Return the mean price of each year over the solver's price of the same days, both by volume."""
    volume = column(model, "volume")
    solver = column(model, "fundamental") * volume
    return np.array([column(model, "value_yuan")[k].sum() / solver[k].sum() for k in years(model)])


def closes(model: RightsMarketModel) -> Floats:
    """Return the closing price of the instrument in front on each day, CNY."""
    bars, progress = model.market.tape.bars, model.progress[0]
    found = np.full(len(model.recorder.days), np.nan)
    for day, instrument, close in zip(bars["day"], bars["instrument"], bars["close"], strict=True):
        front = progress.front(int(day))
        if front is not None and instrument == progress.instruments[front]:
            found[day] = close * float(progress.rules.right.tick_yuan)
    return found


def summed(model: RightsMarketModel, name: str) -> Floats:
    """Return a figure of each period over all firms."""
    return np.array([np.asarray(p[name]).sum() for p in model.recorder.periods], dtype=np.float64)


def complied(model: RightsMarketModel) -> Floats:
    """Return the share of the duty that was met in each period."""
    duty = summed(model, "duty")
    return np.asarray(1.0 - summed(model, "shortfall") / duty)


def frictionless(firms: int = 40, tightness: float = 0.02, years: int = 4, days: int = 60, **changes: Any) -> MarketConfig:
    """Return a small market without any friction."""
    behaviour = Behaviour.frictionless(tightening=tightness, **changes)
    return small_market(firms, tightness, years, days, behaviour=behaviour)
