"""Supervision of trading: the rules that stand between an order and the book."""

from rights_market.supervision.supervision import Supervision

__all__ = ["Supervision"]
