"""A small province with two rights and every kind of trader, for tests of the model."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from agents.behaviour import Behaviour
from agents.config import MarketConfig
from agents.model import RightsMarketModel
from agents.spec import (
    CostCurve,
    InstitutionSpec,
    Label,
    MeasureSpec,
    PopulationSpec,
    SectorSpec,
    ShockSpec,
    StrategyShare,
)
from rights_market import Right
from rights_market.exchange.calendar import Period
from rights_market.exchange.uniform_calendar import UniformCalendar
from rights_market.market import Keep
from rights_market.policies.allocation import Grandfathering, OutputBenchmark, UpfrontTrueUp, Where
from rights_market.policies.allocation.benchmarks import Benchmark, Product
from rights_market.policies.auction import AuctionSchedule, PricePath, SealedUniform
from rights_market.policies.banking import FreeBanking, NoBanking
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import MakeGood, Penalty, Surrender
from rights_market.policies.trading import Fees, PriceBand, SettlementCycle
from rights_market.rulebook import RuleBook

CARBON = Right("CEA", "Emission right", "碳排放权", "t", Decimal(1), Decimal("0.01"), max_price_ticks=100_000)
SULPHUR = Right("SO2", "Discharge right", "二氧化硫排污权", "kg", Decimal(10), Decimal("0.01"), max_price_ticks=50_000)
FIRST = 2025
YEARS = 2
DAYS = 30
"""Trading days a year."""


def periods() -> tuple[Period, ...]:
    """Compliance years of a year of use each, settled in the December of the same year."""
    return tuple(
        Period(
            name=str(y),
            vintage=y,
            use_from=date(y - 1, 12, 2),
            use_to=date(y, 12, 1),
            announce=date(y, 1, 5),
            preallocate=date(y, 1, 25),
            verify=date(y, 12, 5),
            true_up=date(y, 12, 9),
            deadline=date(y, 12, 20),
        )
        for y in range(FIRST, FIRST + YEARS)
    )


def carbon_book(**changes: Any) -> RuleBook:
    """Carbon: benchmarks with true-up for power, grandfathering for steel, auctions of what the cap leaves over.

    The cap lies some percent below what firms would emit, and abatement is slow to begin: some will miss units.
    """
    power = Product(name="power", output=Benchmark(table={y: Decimal("0.76") for y in range(FIRST - 1, FIRST + 3)}))
    auctions = AuctionSchedule(per_year=3, reserve_path=PricePath(r0=2000, start_year=FIRST, growth=Decimal("0.05")))
    given: dict[str, Any] = {
        "right": CARBON,
        "periods": periods(),
        "opening_price_ticks": 5000,
        "surrender": Surrender(),
        "allocation": (
            OutputBenchmark(products=(power,), where=Where(sectors=("power",))),
            Grandfathering(base_years=(FIRST - 1,), cut=Decimal("0.1"), where=Where(sectors=("steel",))),
        ),
        "upfront": UpfrontTrueUp(share=Decimal("0.7")),
        "cap": AbsolutePath(table=dict.fromkeys(range(FIRST, FIRST + YEARS), 1_240_000)),
        "auction": SealedUniform(secret_reserve=Decimal("0.5"), schedule=auctions),
        "penalties": (Penalty(form="multiple", low=Decimal(5), high=Decimal(10), by="gap_share"),),
        "banking": FreeBanking(relabel="keep"),
        "make_good": MakeGood(),
        "band": PriceBand(width=Decimal("0.10")),
        "fees": Fees(buyer=Decimal("0.002"), seller=Decimal("0.002")),
        "settlement": SettlementCycle(units_lag_days=1),
    }
    return RuleBook(**given | changes)


def sulphur_book(**changes: Any) -> RuleBook:
    """Sulphur: grandfathered, not bankable, a fixed fine of 30 CNY/kg without making good, no opening call."""
    given: dict[str, Any] = {
        "right": SULPHUR,
        "periods": periods(),
        "opening_price_ticks": 600,
        "surrender": Surrender(),
        "allocation": (Grandfathering(base_years=(FIRST - 1,), cut=Decimal("0.02")),),
        "penalties": (Penalty(form="fixed", fen_per_lot=30_000),),
        "banking": NoBanking(),
        "opening_call": False,
    }
    return RuleBook(**given | changes)


def sectors(power: int = 8, steel: int = 6) -> dict[str, SectorSpec]:
    """Two sectors; steel can build a scrubber that costs energy and so emits carbon."""
    scrubber = MeasureSpec(
        name=Label("Scrubber", "脱硫塔"),
        capex_yuan_per_output=0.5,
        reduction={"SO2": 0.3, "CEA": -0.01},
        opex_yuan_per_output=0.01,
        lead_days=10,
        life_years=1,
    )
    return {
        "power": SectorSpec(
            name=Label("Power", "发电"),
            firms=power,
            mean_output=100_000.0,
            output_unit="MWh",
            output_growth=0.02,
            output_sigma=0.7,
            intensity={"CEA": {FIRST: 0.82, FIRST + 1: 0.81}, "SO2": 0.3},
            abatement={"CEA": CostCurve(a=600.0, b=4000.0, limit=0.5), "SO2": CostCurve(a=30.0, b=0.0, limit=0.6)},
            co_benefits={"CEA": {"SO2": 0.2}, "SO2": {"CEA": -0.01}},
            product_price_yuan=400.0,
            margin_share=0.1,
            demand_elasticity=-0.5,
            cash_share=0.3,
        ),
        "steel": SectorSpec(
            name=Label("Steel", "钢铁"),
            firms=steel,
            mean_output=60_000.0,
            output_unit="t",
            output_sigma=0.5,
            intensity={"CEA": 1.8, "SO2": 2.0},
            abatement={"CEA": CostCurve(a=900.0, b=2000.0, limit=0.4), "SO2": CostCurve(a=20.0, b=10.0, limit=0.5)},
            measures=[scrubber],
            product_price_yuan=3500.0,
            margin_share=0.05,
            cash_share=0.1,
        ),
    }


def population(**changes: Any) -> PopulationSpec:
    """Firms of all strategies, and three institutions."""
    given: dict[str, Any] = {
        "sectors": sectors(),
        "strategies": [
            StrategyShare("late_buyer", 0.35),
            StrategyShare("hedger", 0.25),
            StrategyShare("hoarder", 0.1),
            StrategyShare("zip", 0.15),
            StrategyShare("zi_c", 0.15),
        ],
        "institutions": [
            InstitutionSpec("market_maker", 1, 3e6, rights=["CEA"], position_limit=5_000.0),
            InstitutionSpec("fundamental", 1, 2e6, position_limit=4_000.0),
            InstitutionSpec("trend", 1, 2e6, position_limit=4_000.0),
        ],
        "shocks": ShockSpec(half_life_days=60.0),
    }
    return PopulationSpec(**given | changes)


def config(**changes: Any) -> MarketConfig:
    """Everything the small province is made of."""
    given: dict[str, Any] = {
        "rule_books": (carbon_book(), sulphur_book()),
        "calendar": UniformCalendar(FIRST, YEARS, DAYS),
        "population": population(),
        "behaviour": Behaviour(
            solver_years=4, imbalance_speed=0.02, lead_days=8.0, lead_sigma=0.5, abatement_adjustment=0.1
        ),
        "batches_per_day": 3,
        "keep": Keep(quotes=True),
    }
    return MarketConfig(**given | changes)


def province(seed: int = 9, **changes: Any) -> RightsMarketModel:
    """Return the model of the province, before its first day."""
    return RightsMarketModel(replace(config(), **changes), seed=seed)


def run(model: RightsMarketModel, days: int | None = None) -> RightsMarketModel:
    """Run some days, or all that are left."""
    left = days
    while model.running and left != 0:
        model.step()
        left = None if left is None else left - 1
    return model
