"""A river with three zones in a row, for tests of trade over zones."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from agents.config import MarketConfig, small_market
from agents.model import RightsMarketModel
from agents.spec import FirmRow
from rights_market.policies.zones import Edge, Ratio, TradingRatio, ZonalCall, ZonePermission

ZONES = ("up", "middle", "down")
EDGES = (("up", "middle"), ("middle", "down"), ("up", "down"))
TAU = {("up", "middle"): "0.8", ("middle", "down"): "0.75"}


def permission(**more: Any) -> ZonePermission:
    """Sales inside a zone and downstream."""
    edges = tuple(Edge(seller=s, buyer=b) for s, b in EDGES)
    return ZonePermission(**{"zones": ZONES, "edges": edges} | more)


def ratio(**more: Any) -> TradingRatio:
    """Ratios from zone to zone, multiplied along the river."""
    tau = tuple(Ratio(seller=s, buyer=b, tau=Decimal(x)) for (s, b), x in TAU.items())
    return TradingRatio(**{"tau": tau} | more)


def river_config(n_firms: int = 24, days: int = 40, years: int = 1, **rules: Any) -> MarketConfig:
    """A small carbon market whose firms lie along the river: cheap to abate upstream, dear downstream."""
    config = small_market(n_firms=n_firms, tightness=0.08, years=years, days_per_year=days, hedger_share=0.6)
    half = n_firms // 2
    spread = [f"{code}" for code in ("cheap", "dear") for _ in range(half)]
    rows = tuple(
        FirmRow(name=f"firm {i}", sector=sector, output=400_000.0 + 20_000.0 * i, region=_zone(i, sector))
        for i, sector in enumerate(spread)
    )
    book = replace(config.rule_books[0], **rules)
    return replace(config, rule_books=(book,), population=replace(config.population, rows=rows, seed=3))


def _zone(i: int, sector: str) -> str:
    """Most firms that are cheap to abate lie upstream, most that are dear downstream."""
    order = ZONES if sector == "cheap" else ZONES[::-1]
    return order[(0, 0, 1, 2)[i % 4]]


def river(seed: int = 5, **rules: Any) -> RightsMarketModel:
    """Return the model of the river, before its first day."""
    given = {"permission": permission(), "ratio": ratio(), "zonal_call": ZonalCall()}
    return RightsMarketModel(river_config(**given | rules), seed=seed)
