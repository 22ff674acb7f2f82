"""A small market with a forest and a wind park whose credits are accepted, for tests of credits."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from rights_market.credit import Credit
from rights_market.policies.compliance import OffsetLimit
from rights_market.policies.credits import CostStep, InclusionCredits, ProjectCredits
from rights_market.rights import Right

SHARE = Decimal("0.05")
CCER = Credit(
    right=Right("CCER", "credit", "减排量", "t", Decimal(1), Decimal("0.01"), max_price_ticks=200_000),
    type="ccer",
    vintages=(2023, 2024, 2025, 2026),
    opening_price_ticks=4_000,
)


def sources(lots: int = 600_000) -> tuple[ProjectCredits | InclusionCredits, ...]:
    """A forest with dear and cheap parts, and a wind park."""
    steps = (CostStep(share=Decimal("0.5"), cost_fen=1_500), CostStep(share=Decimal("0.5"), cost_fen=4_500))
    given: dict[str, Any] = {"credit": "CCER", "first_year": 2023, "yearly_lots": lots, "lag_months": 13}
    forest = ProjectCredits(name="forest", type="forest", marginal_cost=steps, **given)
    wind = ProjectCredits(name="wind", type="wind", **given)
    return forest, wind


def credit_config(share: Decimal | None = SHARE, lots: int = 600_000, years: int = 2) -> MarketConfig:
    """The market, with the share of the duty that credits may meet; None: without credits."""
    config = small_market(n_firms=20, years=years, days_per_year=40, tightness=0.05, hedger_share=0.5)
    if share is None:
        return config
    book = replace(config.rule_books[0], offset_limit=OffsetLimit(share=share))
    return replace(config, rule_books=(book,), credits=(CCER,), credit_sources=sources(lots))


def credit_model(seed: int = 4, **more: Any) -> RightsMarketModel:
    """Return the model of the market, before its first day."""
    return RightsMarketModel(credit_config(**more), seed=seed)
