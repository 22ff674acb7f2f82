"""The rules of a right: frozen records with their limits, observed numbers in, a decision out.

A new rule is one class, one line in `RULES`, and one test.  Readers of scenario files, the rule book and the reference
of rules all take from `RULES` what may stand where.
"""

from rights_market.policies.access import EntryExit, NewEntrantReserve, NewProjectReplacement
from rights_market.policies.allocation import (
    CapScaling,
    EmissionMatchingBand,
    Equal,
    FreeShare,
    Grandfathering,
    Indicator,
    OutputBenchmark,
    UpfrontTrueUp,
)
from rights_market.policies.auction import (
    AscendingClock,
    AuctionLimits,
    AuctionSchedule,
    Consignment,
    DescendingClock,
    ForwardVintages,
    PayAsBid,
    SealedUniform,
)
from rights_market.policies.banking import CappedBanking, FreeBanking, NetSales, NoBanking
from rights_market.policies.cap import AbsolutePath, EnergyDualControl, IntensityTarget
from rights_market.policies.compliance import (
    Borrowing,
    MakeGood,
    OffsetLimit,
    Penalty,
    Sanctions,
    ShortfallCap,
    Surrender,
)
from rights_market.policies.credits import InclusionCredits, ProjectCredits
from rights_market.policies.feedback import FeedbackRule
from rights_market.policies.fiscal import (
    DifferentialPowerPrice,
    EmissionStandard,
    EmissionTax,
    MeasureSubsidy,
    RevenueRecycling,
)
from rights_market.policies.government_reserve import GovernmentReserve
from rights_market.policies.links import MarketLink, PowerPassThrough, RightExchangeRate
from rights_market.policies.mrv import Audit, Disclosure, InventoryTargets, Measurement, SelfReport, Verification
from rights_market.policies.paid_use import PaidInitialUse
from rights_market.policies.rule import Rule
from rights_market.policies.stability import (
    CostContainmentReserve,
    EmissionsContainmentReserve,
    MarketStabilityReserve,
    PriceIndexedSupply,
    PriceTriggerRelease,
    TieredPriceReserve,
)
from rights_market.policies.stability.price_collar import PriceCollar
from rights_market.policies.stability.temporary_price_floor import TemporaryPriceFloor
from rights_market.policies.trading import (
    Admission,
    BlockAgreement,
    CallAuctionTerms,
    CircuitBreaker,
    Fees,
    HoldingLimit,
    ListedAgreement,
    OneWayAuction,
    OtcOffer,
    PriceBand,
    SettlementCycle,
)
from rights_market.policies.zones import EcoCompensation, HotSpotGuard, TradingRatio, ZonalCall, ZonePermission

RULES: dict[str, tuple[type[Rule], ...]] = {
    "cap": (AbsolutePath, IntensityTarget, EnergyDualControl),
    "replacement": (NewProjectReplacement,),
    "entrant_reserve": (NewEntrantReserve,),
    "entry_exit": (EntryExit,),
    "allocation": (Grandfathering, OutputBenchmark, EmissionMatchingBand, Indicator, Equal),
    "mix": (FreeShare,),
    "scaling": (CapScaling,),
    "upfront": (UpfrontTrueUp,),
    "paid_use": (PaidInitialUse,),
    "auction": (SealedUniform, PayAsBid, AscendingClock, DescendingClock),
    "auction_schedule": (AuctionSchedule,),
    "auction_limits": (AuctionLimits,),
    "consignment": (Consignment,),
    "forward_vintages": (ForwardVintages,),
    "stability": (
        CostContainmentReserve,
        EmissionsContainmentReserve,
        TieredPriceReserve,
        MarketStabilityReserve,
        PriceTriggerRelease,
        PriceIndexedSupply,
    ),
    "surrender": (Surrender,),
    "shortfall_caps": (ShortfallCap,),
    "offset_limit": (OffsetLimit,),
    "borrowing": (Borrowing,),
    "penalties": (Penalty,),
    "make_good": (MakeGood,),
    "sanctions": (Sanctions,),
    "collar": (PriceCollar,),
    "price_floor": (TemporaryPriceFloor,),
    "banking": (FreeBanking, NoBanking, CappedBanking, NetSales),
    "measurement": (Measurement,),
    "reporting": (SelfReport,),
    "verification": (Verification,),
    "audit": (Audit,),
    "disclosure": (Disclosure,),
    "inventory": (InventoryTargets,),
    "band": (PriceBand,),
    "call": (CallAuctionTerms,),
    "block": (BlockAgreement,),
    "otc": (OtcOffer,),
    "one_way": (OneWayAuction,),
    "listed": (ListedAgreement,),
    "breaker": (CircuitBreaker,),
    "holding_limit": (HoldingLimit,),
    "admission": (Admission,),
    "fees": (Fees,),
    "settlement": (SettlementCycle,),
    "government_reserve": (GovernmentReserve,),
    "credit_sources": (ProjectCredits, InclusionCredits),
    "permission": (ZonePermission,),
    "ratio": (TradingRatio,),
    "zonal_call": (ZonalCall,),
    "hot_spot": (HotSpotGuard,),
    "compensation": (EcoCompensation,),
    "regulator": (FeedbackRule,),
    "links": (MarketLink, RightExchangeRate, PowerPassThrough),
    "fiscal": (
        EmissionTax,
        MeasureSubsidy,
        DifferentialPowerPrice,
        RevenueRecycling,
        EmissionStandard,
    ),
}
"""The slots of a rule book, and of a market as a whole, and the rules that may stand in each."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "cap": ("cap",),
    "access": ("replacement", "entrant_reserve", "entry_exit"),
    "allocation": ("allocation", "mix", "scaling", "upfront", "paid_use"),
    "auction": ("auction", "auction_schedule", "auction_limits", "consignment", "forward_vintages"),
    "stability": ("stability", "collar", "price_floor"),
    "trading": (
        "band",
        "call",
        "listed",
        "block",
        "otc",
        "one_way",
        "breaker",
        "holding_limit",
        "admission",
        "fees",
        "settlement",
    ),
    "compliance": ("surrender", "shortfall_caps", "offset_limit", "borrowing", "penalties", "make_good", "sanctions"),
    "banking": ("banking",),
    "mrv": ("measurement", "reporting", "verification", "audit", "disclosure", "inventory"),
    "reserve": ("government_reserve",),
    "credits": ("credit_sources",),
    "zones": ("permission", "ratio", "zonal_call", "hot_spot", "compensation"),
    "regulator": ("regulator",),
    "links": ("links",),
    "fiscal": ("fiscal",),
}
"""The families of rules as people look for them, and the slots of each."""

__all__ = ["FAMILIES", "RULES"]
