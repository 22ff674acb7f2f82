"""The supply of a right: auctions, consignment, and the reserves that steady it."""

from rights_market.authority.supply.bidders import Bidders, ReserveBids
from rights_market.authority.supply.days import auction_days, supply_dates
from rights_market.authority.supply.supply import Supply

__all__ = ["Bidders", "ReserveBids", "Supply", "auction_days", "supply_dates"]
