"""Supervision of trading: the rules that stand between an order and the book."""

from rights_market.supervision.supervision import Supervision, needs_supervision

__all__ = ["Supervision", "needs_supervision"]
