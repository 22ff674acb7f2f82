"""Which unused units keep their value when a compliance period closes: one file a rule."""

from rights_market.policies.banking.capped import BankCap, CappedBanking
from rights_market.policies.banking.carry import COLUMNS, BankingRule, Carry
from rights_market.policies.banking.free import FreeBanking
from rights_market.policies.banking.net_sales import NetSales
from rights_market.policies.banking.none import NoBanking
from rights_market.policies.banking.sales import CountedSales, SalesWindow

__all__ = [
    "COLUMNS",
    "BankCap",
    "BankingRule",
    "CappedBanking",
    "Carry",
    "CountedSales",
    "FreeBanking",
    "NetSales",
    "NoBanking",
    "SalesWindow",
]
