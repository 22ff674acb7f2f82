"""How many lots of a right exist in a year, one file a rule.  A right without a cap has no rule of this family."""

from rights_market.policies.cap.absolute_path import AbsolutePath, ReductionRate
from rights_market.policies.cap.cap_rule import CapRule
from rights_market.policies.cap.energy_dual_control import EnergyDualControl, RegionState
from rights_market.policies.cap.intensity_target import IntensityTarget

__all__ = ["AbsolutePath", "CapRule", "EnergyDualControl", "IntensityTarget", "ReductionRate", "RegionState"]
