"""What is due at the deadline, and what a shortfall costs: one file a rule."""

from rights_market.policies.compliance.borrowing import Borrowing
from rights_market.policies.compliance.make_good import MakeGood
from rights_market.policies.compliance.offset_limit import Accepted, OffsetLimit
from rights_market.policies.compliance.penalty import Penalty
from rights_market.policies.compliance.sanctions import Sanctions, SanctionStep
from rights_market.policies.compliance.shortfall_cap import ShortfallCap
from rights_market.policies.compliance.surrender import Stage, Surrender, SurrenderPlan

__all__ = [
    "Accepted",
    "Borrowing",
    "MakeGood",
    "OffsetLimit",
    "Penalty",
    "SanctionStep",
    "Sanctions",
    "ShortfallCap",
    "Stage",
    "Surrender",
    "SurrenderPlan",
]
