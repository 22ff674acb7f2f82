"""Supervision of trading: the rules that stand between an order and the book."""

from rights_market.supervision.excess import Due
from rights_market.supervision.supervision import Supervision, needs_supervision

__all__ = ["Due", "Supervision", "needs_supervision"]
