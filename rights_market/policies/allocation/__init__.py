"""Who gets lots free of charge, and how many: one file a rule."""

from rights_market.policies.allocation.activity import Activity
from rights_market.policies.allocation.benchmarks import Benchmark, Factors, LoadFactor, LoadPiece, Product
from rights_market.policies.allocation.cap_scaling import CapScaling, Scaled
from rights_market.policies.allocation.emission_band import EmissionMatchingBand
from rights_market.policies.allocation.free_share import FreeShare, free_part
from rights_market.policies.allocation.grandfathering import Grandfathering
from rights_market.policies.allocation.observed import AllocationRule, Observed, Remark
from rights_market.policies.allocation.output_benchmark import OutputBenchmark
from rights_market.policies.allocation.shares_of_total import Equal, Indicator, WeightedField
from rights_market.policies.allocation.upfront_true_up import UpfrontTrueUp
from rights_market.policies.where import Where

__all__ = [
    "Activity",
    "AllocationRule",
    "Benchmark",
    "CapScaling",
    "EmissionMatchingBand",
    "Equal",
    "Factors",
    "FreeShare",
    "Grandfathering",
    "Indicator",
    "LoadFactor",
    "LoadPiece",
    "Observed",
    "OutputBenchmark",
    "Product",
    "Remark",
    "Scaled",
    "UpfrontTrueUp",
    "WeightedField",
    "Where",
    "free_part",
]
