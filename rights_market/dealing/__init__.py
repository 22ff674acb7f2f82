"""Deals beside the order books that take time: offers to one partner, and auctions with a single seller or buyer."""

from rights_market.dealing.one_way import OneWay
from rights_market.dealing.otc import Otc

__all__ = ["OneWay", "Otc"]
