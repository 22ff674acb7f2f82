"""Where a right counts: zones, trading ratios, auctions over zones, hot spots, and compensation between zones."""

from rights_market.policies.zones.eco_compensation import CompensationPair, EcoCompensation, Sink
from rights_market.policies.zones.hot_spot_guard import HotSpotGuard
from rights_market.policies.zones.trading_ratio import Purchase, Ratio, TradingRatio
from rights_market.policies.zones.zonal_call import ZonalCall
from rights_market.policies.zones.zone_permission import NO_ZONE, Edge, Wall, ZonePermission

__all__ = [
    "NO_ZONE",
    "CompensationPair",
    "EcoCompensation",
    "Edge",
    "HotSpotGuard",
    "Purchase",
    "Ratio",
    "Sink",
    "TradingRatio",
    "Wall",
    "ZonalCall",
    "ZonePermission",
]
