"""Where credits come from: projects that reduce or store emissions, and what households do."""

from rights_market.policies.credits.inclusion_credits import Activity, InclusionCredits
from rights_market.policies.credits.project_credits import CostStep, Issuance, ProjectCredits, Reversal

__all__ = ["Activity", "CostStep", "InclusionCredits", "Issuance", "ProjectCredits", "Reversal"]
