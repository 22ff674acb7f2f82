"""The rules of a right: frozen records with their limits, observed numbers in, a decision out.

A new rule is one class, one line in `RULES`, and one test.
"""

from rights_market.policies.allocation import Grandfathering, OutputBenchmark, UpfrontTrueUp
from rights_market.policies.auction import AuctionSchedule, SealedUniform
from rights_market.policies.banking import CappedBanking, FreeBanking, NoBanking
from rights_market.policies.cap import AbsolutePath
from rights_market.policies.compliance import MakeGood, Penalty, Surrender
from rights_market.policies.rule import Rule
from rights_market.policies.trading import Fees, PriceBand, SettlementCycle

RULES: dict[str, tuple[type[Rule], ...]] = {
    "cap": (AbsolutePath,),
    "allocation": (Grandfathering, OutputBenchmark, UpfrontTrueUp),
    "auction": (SealedUniform, AuctionSchedule),
    "compliance": (Surrender, Penalty, MakeGood),
    "banking": (FreeBanking, NoBanking, CappedBanking),
    "trading": (PriceBand, Fees, SettlementCycle),
}

__all__ = ["RULES"]
