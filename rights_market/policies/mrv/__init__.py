"""Measurement, reporting, verification: what is known of use, who checks it, and what a false figure costs."""

from rights_market.policies.mrv.audit import Audit
from rights_market.policies.mrv.disclosure import Disclosure
from rights_market.policies.mrv.false_data import FalseDataFine
from rights_market.policies.mrv.inventory_targets import InventoryTargets, Target
from rights_market.policies.mrv.measurement import Measurement
from rights_market.policies.mrv.self_report import SelfReport
from rights_market.policies.mrv.verification import Verification

__all__ = [
    "Audit",
    "Disclosure",
    "FalseDataFine",
    "InventoryTargets",
    "Measurement",
    "SelfReport",
    "Target",
    "Verification",
]
