"""Money taken from use and given to those who cut it, with a market and without one.  One file a rule."""

from rights_market.policies.fiscal.differential_power_price import DifferentialPowerPrice, PowerTier
from rights_market.policies.fiscal.emission_standard import EmissionStandard
from rights_market.policies.fiscal.emission_tax import EmissionTax, Relief, TaxedUse
from rights_market.policies.fiscal.measure_subsidy import MeasureSubsidy
from rights_market.policies.fiscal.revenue_recycling import PURPOSES, Purpose, RevenueRecycling

__all__ = [
    "PURPOSES",
    "DifferentialPowerPrice",
    "EmissionStandard",
    "EmissionTax",
    "MeasureSubsidy",
    "PowerTier",
    "Purpose",
    "Relief",
    "RevenueRecycling",
    "TaxedUse",
]
