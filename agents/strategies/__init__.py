"""Bidding strategies, one rule a file; `STRATEGIES` maps the names used in scenario files to them."""

from agents.strategies import compliance, market_maker, planner, speculators, zero_intelligence, zero_intelligence_plus
from agents.strategies.base import STRATEGIES, Quotes, Strategy, register

__all__ = [
    "STRATEGIES",
    "Quotes",
    "Strategy",
    "compliance",
    "market_maker",
    "planner",
    "register",
    "speculators",
    "zero_intelligence",
    "zero_intelligence_plus",
]
