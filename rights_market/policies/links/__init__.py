"""What ties a right to markets beside its own: another market, another right, the price of power.  One file a rule."""

from rights_market.policies.links.market_link import MarketLink, Quote
from rights_market.policies.links.power_pass_through import PowerPassThrough
from rights_market.policies.links.price_series import PriceSeries
from rights_market.policies.links.right_exchange_rate import ExchangePair, RightExchangeRate, Way

__all__ = ["ExchangePair", "MarketLink", "PowerPassThrough", "PriceSeries", "Quote", "RightExchangeRate", "Way"]
