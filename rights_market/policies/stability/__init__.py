"""What steadies price and quantity: reserves that act in auctions, around them, and by the surplus in circulation."""

from rights_market.policies.stability.bid_curve import BidCurve
from rights_market.policies.stability.cost_containment_reserve import CostContainmentReserve, ReserveTier
from rights_market.policies.stability.emissions_containment_reserve import EmissionsContainmentReserve
from rights_market.policies.stability.market_stability_reserve import MarketStabilityReserve
from rights_market.policies.stability.price_indexed_supply import PriceIndexedSupply
from rights_market.policies.stability.price_trigger_release import PriceTriggerRelease
from rights_market.policies.stability.size import Size
from rights_market.policies.stability.tiered_price_reserve import TieredPriceReserve

Stability = (
    CostContainmentReserve
    | EmissionsContainmentReserve
    | TieredPriceReserve
    | MarketStabilityReserve
    | PriceTriggerRelease
    | PriceIndexedSupply
)
"""Any rule of stability."""

__all__ = [
    "BidCurve",
    "CostContainmentReserve",
    "EmissionsContainmentReserve",
    "MarketStabilityReserve",
    "PriceIndexedSupply",
    "PriceTriggerRelease",
    "ReserveTier",
    "Size",
    "Stability",
    "TieredPriceReserve",
]
