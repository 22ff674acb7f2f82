"""Monitoring: what is known of each firm's use, how it was checked, and what is made public."""

from rights_market.authority.mrv.dates import mrv_dates
from rights_market.authority.mrv.files import METHODS, NO_REPORT, UseFile
from rights_market.authority.mrv.monitoring import Monitoring
from rights_market.authority.mrv.publication import Publication, Scored

__all__ = ["METHODS", "NO_REPORT", "Monitoring", "Publication", "Scored", "UseFile", "mrv_dates"]
