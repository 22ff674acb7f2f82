"""The price that rules of supply look at."""

from __future__ import annotations

from fractions import Fraction

from rights_market.authority.office import Office
from rights_market.rulebook import RuleBook


def mean_price(office: Office, book: RuleBook, days: int) -> Fraction | None:
    """Return a right's mean price of the last trading days, ticks, not rounded; None where nothing was traded."""
    value, lots = office.market.traded(office.shelf(book.right.code).instruments, days)
    return Fraction(value, lots * book.right.tick_value_fen) if lots else None
