"""Supervision of trading: the rules that stand between an order and the book."""

from rights_market.supervision.excess import Due
from rights_market.supervision.supervision import Supervision

__all__ = ["Due", "Supervision"]
