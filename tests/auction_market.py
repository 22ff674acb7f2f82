"""A small market in which firms must buy most of what they use in auctions, for runs with rules of supply.

Twelve firms, alike but for their costs, use about 12,000 lots a year, of which a cap leaves a part; there are four
auctions and 24 trading days a year.  The compliance year is the calendar year, settled in December.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from agents.behaviour import Behaviour
from agents.config import MarketConfig
from agents.model import RightsMarketModel
from agents.spec import CostCurve, InstitutionSpec, Label, PopulationSpec, SectorSpec, ShockSpec, StrategyShare
from rights_market import Right
from rights_market.exchange.calendar import Period
from rights_market.exchange.uniform_calendar import UniformCalendar
from rights_market.policies.allocation import Grandfathering
from rights_market.policies.auction import Auction, AuctionSchedule, SealedUniform
from rights_market.policies.banking import FreeBanking
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import MakeGood, Penalty, Surrender
from rights_market.registry.replay import replay
from rights_market.rulebook import RuleBook

CARBON = Right("CEA", "Emission right", "碳排放权", "t", Decimal(1), Decimal("0.01"), max_price_ticks=50_000)
FIRST = 2025
QUARTERLY = AuctionSchedule(per_year=4)
DAYS = 24
"""Trading days a year."""
RESERVE = 1000
"""Ticks."""


def periods(years: int) -> tuple[Period, ...]:
    return tuple(
        Period(
            name=str(y),
            vintage=y,
            use_from=date(y, 1, 1),
            use_to=date(y, 11, 30),
            announce=date(y, 1, 1),
            preallocate=date(y, 1, 10),
            verify=date(y, 12, 3),
            true_up=date(y, 12, 8),
            deadline=date(y, 12, 31),
        )
        for y in range(FIRST, FIRST + years)
    )


def rules(cap: int = 9000, years: int = 2, auction: Auction | None = None, free: int = 3000, **more: Any) -> RuleBook:
    given: dict[str, Any] = {
        "right": CARBON,
        "periods": periods(years),
        "opening_price_ticks": 5000,
        "surrender": Surrender(),
        "cap": AbsolutePath(table=dict.fromkeys(range(FIRST, FIRST + years), cap)),
        "allocation": (Grandfathering(base_years=(FIRST - 1,), total=free),),
        "auction": auction or SealedUniform(schedule=QUARTERLY, reserve=RESERVE),
        "banking": FreeBanking(relabel="keep"),
        "penalties": (Penalty(form="fixed", fen_per_lot=30_000),),
        "make_good": MakeGood(),
    }
    return RuleBook(**given | more)


def firms(output: float = 1000.0) -> PopulationSpec:
    """Two kinds of firms, which abate at little and at large cost."""

    def sector(name: str, slope: float) -> SectorSpec:
        return SectorSpec(
            name=Label(name, name),
            firms=6,
            mean_output=output,
            output_unit="t",
            output_sigma=0.3,
            intensity={"CEA": 1.0},
            abatement={"CEA": CostCurve(a=slope, b=0.0, limit=0.5)},
            product_price_yuan=2000.0,
            margin_share=0.2,
            cash_share=0.6,
        )

    return PopulationSpec(
        {"cheap": sector("cheap", 150.0), "dear": sector("dear", 500.0)},
        [StrategyShare("late_buyer", 0.5), StrategyShare("hedger", 0.5)],
        shocks=ShockSpec(half_life_days=60.0),
    )


def market(
    book: RuleBook, seed: int = 5, output: float = 1000.0, institutions: Sequence[InstitutionSpec] = ()
) -> RightsMarketModel:
    behaviour = replace(Behaviour(), solver_years=3, lead_days=6.0)
    calendar = UniformCalendar(FIRST, len(book.periods), DAYS)
    people = replace(firms(output), institutions=list(institutions))
    return RightsMarketModel(MarketConfig((book,), calendar, people, behaviour, batches_per_day=3), seed=seed)


def run(model: RightsMarketModel) -> RightsMarketModel:
    """Run to the end, and prove that nothing was created or lost and the journal tells all."""
    while model.running:
        model.step()
    model.market.audit()
    again = replay(model.market.registry.journal, len(model.market.accounts), len(model.market.instruments))
    for there, here in zip(again, model.market.registry.ledger(), strict=True):
        assert (there == here).all()
    return model


def auctions(model: RightsMarketModel) -> list[dict[str, Any]]:
    """Rows of the auctions of the market."""
    return model.authority.supplies["CEA"].auctions.results


def fundamentals(model: RightsMarketModel) -> np.ndarray:
    """Price that the public expects on each day, CNY."""
    return np.array([day[0][0] for day in model.recorder.days])


def events(model: RightsMarketModel, *codes: str) -> list[Any]:
    return [e for e in model.authority.events if e.code in codes]
