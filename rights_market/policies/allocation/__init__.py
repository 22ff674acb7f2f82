"""Who gets lots free of charge, and how many: one file a rule."""

from rights_market.policies.allocation.activity import Activity
from rights_market.policies.allocation.benchmarks import Benchmark, Factors, LoadFactor, LoadPiece, Product
from rights_market.policies.allocation.grandfathering import Grandfathering
from rights_market.policies.allocation.output_benchmark import OutputBenchmark
from rights_market.policies.allocation.upfront_true_up import UpfrontTrueUp
from rights_market.policies.where import Where

__all__ = [
    "Activity",
    "Benchmark",
    "Factors",
    "Grandfathering",
    "LoadFactor",
    "LoadPiece",
    "OutputBenchmark",
    "Product",
    "UpfrontTrueUp",
    "Where",
]
