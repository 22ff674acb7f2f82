"""Who enters a market and on which terms, and who leaves it: one file a rule."""

from rights_market.policies.access.entry_exit import EntryExit
from rights_market.policies.access.new_entrant_reserve import NewEntrantReserve
from rights_market.policies.access.new_project_replacement import NewProjectReplacement

__all__ = ["EntryExit", "NewEntrantReserve", "NewProjectReplacement"]
