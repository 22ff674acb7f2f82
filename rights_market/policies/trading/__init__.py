"""How a right may be traded: modes, price limits, fees, and when what was bought may be used."""

from rights_market.policies.trading.admission import Admission, ClassAdmission, MarketMakerAdmission
from rights_market.policies.trading.block_agreement import BlockAgreement
from rights_market.policies.trading.call_auction import CallAuctionTerms
from rights_market.policies.trading.circuit_breaker import CircuitBreaker, Level
from rights_market.policies.trading.fees import Fees, ModeFees
from rights_market.policies.trading.holding_limit import HoldingLimit
from rights_market.policies.trading.listed_agreement import ListedAgreement
from rights_market.policies.trading.one_way_auction import OneWayAuction
from rights_market.policies.trading.otc_offer import OtcOffer
from rights_market.policies.trading.price_band import PriceBand, Range
from rights_market.policies.trading.settlement import SettlementCycle

__all__ = [
    "Admission",
    "BlockAgreement",
    "CallAuctionTerms",
    "CircuitBreaker",
    "ClassAdmission",
    "Fees",
    "HoldingLimit",
    "Level",
    "ListedAgreement",
    "MarketMakerAdmission",
    "ModeFees",
    "OneWayAuction",
    "OtcOffer",
    "PriceBand",
    "Range",
    "SettlementCycle",
]
