"""From a scenario to a result: the only place that builds a model.

A run is a value: no global state, no file written.  The same scenario, seed and version give the same tables.
"""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import agents
from experiments.results.kpis import kpi_table, reality_table
from experiments.results.result import FORMAT, Result
from experiments.scenarios.schema import LaboratoryScenario, MarketScenario

if TYPE_CHECKING:
    import pandas as pd

    from agents.laboratory import LaboratoryModel
    from agents.model import RightsMarketModel
    from rights_market.exchange.calendar import Period
    from rights_market.market import Market
    from rights_market.rulebook import RuleBook

Progress = Callable[[int, int, str], None]


class WrongPackage(RuntimeError):
    """Another project's `agents` package was found in place of ours."""


def run(
    scenario: MarketScenario | LaboratoryScenario, seed: int | None = None, progress: Progress | None = None
) -> Result:
    """Run a scenario from its first day to its last.

    Parameters
    ----------
    scenario : MarketScenario or LaboratoryScenario
        What to run.
    seed : int, optional
        Seed of all random draws; the scenario's own if not given.
    progress : callable, optional
        Called with days done, days in all, and words, after every day.

    Returns
    -------
    Result

    Raises
    ------
    WrongPackage
        If the package `agents` that was imported is not this project's.
    """
    check_packages()
    chosen = scenario.run.seed if seed is None else seed
    began, cpu = datetime.now(UTC), time.process_time()
    if isinstance(scenario, LaboratoryScenario):
        model, tables, facts = _run_laboratory(scenario, chosen, progress)
    else:
        model, tables, facts = _run_market(scenario, chosen, progress)
    ran = time.process_time() - cpu
    manifest = {
        "format": FORMAT,
        "name": scenario.name,
        "title": {"en": scenario.title.en, "zh": scenario.title.zh},
        "about": {"en": scenario.about.en, "zh": scenario.about.zh},
        "kind": scenario.kind,
        "currency": scenario.currency,
        "scenario": scenario.resolved(),
        "scenario_text": scenario.text,
        "seed": chosen,
        "versions": versions(),
        "commit": commit(),
        "started": began.isoformat(timespec="seconds"),
        "checks": checks(model.market),
        "sources": [{"id": s.id, "text": s.text, "mark": s.mark} for s in scenario.sources],
        "notes": list(scenario.notes),
        **facts,
    }
    first = Result(manifest, tables)
    tables = {**tables, "kpis": kpi_table(first)}
    if isinstance(scenario, MarketScenario) and scenario.observations:
        seen = [{**o.model_dump(), "year": o.period or o.year} for o in scenario.observations]
        tables["reality"] = reality_table(tables["kpis"], seen, next(iter(scenario.rights)))
    manifest["duration_s"] = {"simulation": round(ran, 3), "total": round(time.process_time() - cpu, 3)}
    return Result(manifest, tables)


def check_packages() -> None:
    """Refuse to run with another project's `agents`.

    Raises
    ------
    WrongPackage
        Naming the path found and the way out.
    """
    if getattr(agents, "PROJECT", None) != "rights-market":
        raise WrongPackage(
            f"the package `agents` found at {getattr(agents, '__file__', 'an unknown place')} belongs to another "
            "project; install rights-market into an environment of its own"
        )


def checks(market: Market) -> dict[str, bool]:
    """Prove the accounts of a finished market: conservation, and the journal giving the balances back.

    Raises
    ------
    RegistryError
        If something does not add up: such a result must not be written.
    """
    from rights_market.errors import RegistryError
    from rights_market.registry.replay import replay

    market.audit()
    done = {"audit": True}
    if market.registry.journal.keep:
        again = replay(market.registry.journal, len(market.accounts), len(market.instruments))
        now = market.registry.ledger()
        for name, kept in zip(now._fields, now, strict=True):
            if (getattr(again, name) != kept).any():
                raise RegistryError(f"the journal does not give back `{name}`: an operation was not journalled")
        done["journal_replays"] = True
    return done


def versions() -> dict[str, str]:
    """Return the versions of this project and of what its numbers rest on."""
    from importlib.metadata import version

    names = ("mesa", "numpy", "pandas", "numba", "scipy", "networkx", "matplotlib")
    own = {"rights_market": version("rights-market"), "python": platform.python_version()}
    return own | {name: version(name) for name in names}


def commit() -> str | None:
    """Return the commit of the working copy that this file stands in, None outside one."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    try:
        found = subprocess.run(
            ["git", "-C", str(here), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()


def market_model(scenario: MarketScenario, seed: int) -> RightsMarketModel:
    """Build the model of a market scenario, ready for its first day."""
    from agents.config import MarketConfig
    from agents.model import RightsMarketModel
    from rights_market.market import Keep

    record = scenario.run.record
    config = MarketConfig(
        rule_books=scenario.rule_books(),
        calendar=scenario.trading_calendar(),
        population=scenario.population,
        behaviour=scenario.behaviour,
        batches_per_day=scenario.batches_per_day,
        keep=Keep(trades=record.trades, quotes=record.quotes, journal=record.journal),
        rule_changes=scenario.rule_changes(),
        credits=scenario.traded_credits(),
        credit_sources=tuple(scenario.credit_sources),
        links=tuple(scenario.links),
        fiscal=tuple(scenario.fiscal),
        information=scenario.information_network(),
    )
    return RightsMarketModel(config, seed=seed)


def _run_market(
    scenario: MarketScenario, seed: int, progress: Progress | None
) -> tuple[RightsMarketModel, dict[str, pd.DataFrame], dict[str, Any]]:
    from experiments.studies.benchmark import benchmark_table
    from experiments.studies.tables import all_tables

    model = market_model(scenario, seed)
    total = len(model.calendar)
    while model.running:
        model.step()
        if progress is not None:
            progress(model.day + 1, total, model.calendar.days[model.day].isoformat())
    tables = all_tables(model)
    tables["benchmark"] = benchmark_table(model, tables)
    return model, tables, market_facts(model)


def market_facts(model: RightsMarketModel) -> dict[str, Any]:
    """Return what the manifest says of a market: rights, instruments, accounts without a firm, sectors, periods."""
    firms = model.firms
    traders = set(model.accounts_of.tolist())
    counts = [int((firms.sector == i).sum()) for i in range(len(firms.sectors))]
    return {
        "rights": [_right_facts(b.right) for b in model.config.rule_books],
        "instruments": [x.code for x in model.market.instruments],
        "other_accounts": [
            {"account": account, "name": name}
            for account, name in enumerate(model.market.accounts.names)
            if account not in traders
        ],
        "sectors": [
            {"code": code, "name": {"en": s.name.en, "zh": s.name.zh}, "firms": n}
            for code, s, n in zip(firms.sector_codes, firms.sectors, counts, strict=True)
        ],
        "periods": [
            {
                "right": b.right.code,
                "name": p.name,
                "vintage": p.vintage,
                **{
                    field: getattr(p, field).isoformat()
                    for field in ("use_from", "use_to", "announce", "preallocate", "verify", "true_up", "deadline")
                },
                **_cap(model, b, p),
            }
            for b in model.config.rule_books
            for p in b.periods
        ],
    }


def _cap(model: RightsMarketModel, book: RuleBook, period: Period) -> dict[str, float]:
    """Return the cap of a period, units of the right, once it is known."""
    lots = [model.authority.caps.lots(book.right.code, year) for year in period.years]
    return {} if None in lots else {"cap": sum(n or 0 for n in lots) * float(book.right.lot)}


def _run_laboratory(
    scenario: LaboratoryScenario, seed: int, progress: Progress | None
) -> tuple[LaboratoryModel, dict[str, pd.DataFrame], dict[str, Any]]:
    from agents.laboratory import LaboratoryModel
    from experiments.studies.laboratory_tables import laboratory_tables

    model = LaboratoryModel(scenario.population, seed=seed)
    while model.running:
        model.step()
        if progress is not None:
            progress(model.day + 1, scenario.population.days, str(model.day + 1))
    right = scenario.rule_books()[0].right
    facts = {"rights": [_right_facts(right)], "sectors": [], "periods": []}
    return model, laboratory_tables(model, right), facts


def _right_facts(right: Any) -> dict[str, Any]:
    return {
        "code": right.code,
        "name": {"en": right.name_en, "zh": right.name_zh},
        "unit": right.unit,
        "lot": float(right.lot),
        "tick_yuan": float(right.tick_yuan),
    }
