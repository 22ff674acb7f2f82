"""Which unused units keep their value when a compliance period closes: one file a rule."""

from rights_market.policies.banking.capped import BankCap, CappedBanking
from rights_market.policies.banking.carry import COLUMNS, Carry
from rights_market.policies.banking.free import FreeBanking
from rights_market.policies.banking.net_sales import NetSales, SalesWindow
from rights_market.policies.banking.none import NoBanking

__all__ = ["COLUMNS", "BankCap", "CappedBanking", "Carry", "FreeBanking", "NetSales", "NoBanking", "SalesWindow"]
