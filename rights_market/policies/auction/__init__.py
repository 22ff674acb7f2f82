"""How the government sells lots: the terms of an auction, when how much is offered, and how much one bidder may win."""

from rights_market.policies.auction.ascending_clock import AscendingClock
from rights_market.policies.auction.consignment import Consignment
from rights_market.policies.auction.descending_clock import DescendingClock
from rights_market.policies.auction.forward_vintages import ForwardVintages
from rights_market.policies.auction.limits import AuctionLimits, Bids, Trimmed
from rights_market.policies.auction.offers import AuctionCalendarState
from rights_market.policies.auction.pay_as_bid import PayAsBid
from rights_market.policies.auction.price_path import PricePath
from rights_market.policies.auction.schedule import AuctionSchedule
from rights_market.policies.auction.sealed_uniform import SealedUniform
from rights_market.policies.auction.terms import AuctionTerms

Auction = SealedUniform | PayAsBid | AscendingClock | DescendingClock
"""Any kind of auction."""

__all__ = [
    "AscendingClock",
    "Auction",
    "AuctionCalendarState",
    "AuctionLimits",
    "AuctionSchedule",
    "AuctionTerms",
    "Bids",
    "Consignment",
    "DescendingClock",
    "ForwardVintages",
    "PayAsBid",
    "PricePath",
    "SealedUniform",
    "Trimmed",
]
