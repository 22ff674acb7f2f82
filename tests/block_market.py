"""A small carbon market with blocks between firms that know each other, for tests."""

from dataclasses import replace
from typing import Any

from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from agents.spec import RelationSpec
from rights_market.policies.trading import BlockAgreement, PriceBand

BLOCK = BlockAgreement(min_qty=4_000)
GROUPS = RelationSpec(groups=2, share=0.6, acquaintances=2)


def block_config(
    block: BlockAgreement | None = BLOCK, relations: RelationSpec = GROUPS, n_firms: int = 40, **changes: Any
) -> MarketConfig:
    """Two years of a market whose firms emit a million tonnes each, with the rule for blocks that is given."""
    config = small_market(n_firms=n_firms, days_per_year=60)
    book = replace(config.rule_books[0], block=block, band=PriceBand(), **changes)
    return replace(config, rule_books=(book,), population=replace(config.population, relations=relations))


def block_market(seed: int = 1, **changes: Any) -> RightsMarketModel:
    """Return the model, before its first day."""
    return RightsMarketModel(block_config(**changes), seed=seed)
