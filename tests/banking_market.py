"""Markets whose outcome theory knows, and how far a simulated one is from it, for the economic tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from agents.behaviour import Behaviour
from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from agents.recorder import DAY_COLUMNS
from agents.spec import CostCurve, Label, PopulationSpec, SectorSpec, ShockSpec, StrategyShare
from rights_market import Right, RuleBook
from rights_market.exchange.calendar import Period
from rights_market.exchange.uniform_calendar import UniformCalendar
from rights_market.market import Keep
from rights_market.policies.allocation import Grandfathering, Where
from rights_market.policies.banking import FreeBanking
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import MakeGood, Penalty, Surrender

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
    for day, instrument, close in zip(bars["day"], bars["instrument"], bars["close_ticks"], strict=True):
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


def frictionless(firms: int = 40, years: int = 4, days: int = 60, **changes: Any) -> MarketConfig:
    """Return a small market without any friction, in which the allocation falls by 2 % of use a year."""
    return small_market(firms, 0.02, years, days, behaviour=Behaviour.frictionless(tightening=0.02, **changes))


# A market of theory: 100 units of use a year, no shocks, and an aggregate marginal cost of a CNY at a units abated.

FIRST = 2025
UNIT = 50_000
"""Tonnes for one unit of theory."""
RATE = 0.05


def theory_sector(slope: float, firms: int, share: float = 0.5, **changes: Any) -> SectorSpec:
    """Return firms that use a share of the 100 units, with marginal cost slope x in the abated share x."""
    given: dict[str, Any] = {
        "name": Label("Sector", "行业"),
        "firms": firms,
        "mean_output": 100 * UNIT * share / firms,
        "output_unit": "t",
        "output_sigma": 0.5,
        "intensity": {"CEA": 1.0},
        "intensity_sigma": 0.0,
        "cost_sigma": 0.0,
        "abatement": {"CEA": CostCurve(a=slope)},
        "product_price_yuan": 5000.0,
        "cash_share": 1.0,
    }
    return SectorSpec(**given | changes)


def theory_book(caps: Sequence[float], **changes: Any) -> RuleBook:
    """Return the rules of a bankable right that is given free under caps in units of theory, one a year.

    Use counts from January to December; it is verified, and the duty met, early in the next year.
    """
    lots = [round(cap * UNIT) for cap in caps]
    years = range(FIRST, FIRST + len(caps))
    periods = tuple(
        Period(
            name=str(y),
            vintage=y,
            use_from=date(y, 1, 1),
            use_to=date(y, 12, 31),
            announce=date(y, 1, 1),
            preallocate=date(y, 1, 1),
            verify=date(y + 1, 1, 8),
            true_up=date(y + 1, 1, 8),
            deadline=date(y + 1, 2, 15),
        )
        for y in years
    )
    by_cap = {cap: tuple(y for y, c in zip(years, lots, strict=True) if c == cap) for cap in lots}
    steps = {FIRST + k: lots[k] - lots[k - 1] for k in range(1, len(lots)) if lots[k] != lots[k - 1]}
    given: dict[str, Any] = {
        "right": Right("CEA", "Emission right", "碳排放权", "t", Decimal(1), Decimal("0.01")),
        "periods": periods,
        "opening_price_ticks": 2000,
        "surrender": Surrender(),
        "allocation": tuple(
            Grandfathering(base_years=(FIRST - 1,), total=cap, where=Where(years=of)) for cap, of in by_cap.items()
        ),
        "penalties": (Penalty(form="multiple", low=Decimal(5), high=Decimal(10), by="gap_share"),),
        "banking": FreeBanking(relabel="new_vintage"),
        "make_good": MakeGood(),
        "cap": AbsolutePath(base=lots[0], start_year=FIRST, steps=steps),
    }
    return RuleBook(**given | changes)


def theory_market(
    caps: Sequence[float],
    sectors: dict[str, SectorSpec] | None = None,
    *,
    days: int = 63,
    rules: dict[str, Any] | None = None,
    **behaviour: Any,
) -> MarketConfig:
    """Return a frictionless market of theory; its calendar runs a year longer, for the last duty to be met.

    The default sectors use half each, with slopes of 60 and 300, so that together they abate p units at a price p.
    """
    chosen = {"discount_rate": RATE, "cost_of_funds": RATE, "solver_years": 20} | behaviour
    return MarketConfig(
        rule_books=(theory_book(caps, **rules or {}),),
        calendar=UniformCalendar(FIRST, len(caps) + 1, days),
        population=PopulationSpec(
            sectors=sectors or {"cheap": theory_sector(60.0, 10), "dear": theory_sector(300.0, 10)},
            strategies=[StrategyShare("hedger", 1.0)],
            shocks=ShockSpec(0.0, 0.0, 0.0),
        ),
        behaviour=Behaviour.frictionless(**chosen),
        batches_per_day=2,
    )


def run_periods(config: MarketConfig, seed: int) -> RightsMarketModel:
    """Run a market until its last duty has been met."""
    model = RightsMarketModel(lean(config), seed=seed)
    while model.running and len(model.recorder.periods) < len(config.rule_books[0].periods):
        model.step()
    model.market.audit()
    return model


def bank(model: RightsMarketModel) -> Floats:
    """Return what is held over at the end of each period, units of theory; the next allocation is not counted."""
    given = summed(model, "allocation")
    following = [sum(int(x.sum()) for x in model.progress[0].issued_lots[k + 1 : k + 2]) for k in range(len(given))]
    return np.asarray((summed(model, "holdings_after") - np.array(following)) / UNIT)
