"""Sides, integer quantities and the one rounding rule.

What is owned is counted in whole lots, prices in whole ticks, money in whole fen (0.01 CNY), so that
conservation is an equality and not a tolerance.  Shares, rates and benchmarks are exact decimals until
the one rounding that the rule names.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

FEN_PER_YUAN = 100
PPM = 1_000_000

Exact = int | Decimal | Fraction


class Side(IntEnum):
    """Buy side or sell side of an order; the kernels see the integers."""

    BID = 0
    ASK = 1


def exact(value: int | float | str | Decimal | Fraction) -> Fraction:
    """Return `value` as an exact fraction, reading a float as the decimal that a person wrote.

    Examples
    --------
    >>> exact(0.29) * 100
    Fraction(29, 1)
    """
    if isinstance(value, float):
        return Fraction(repr(value))
    return Fraction(value)


def floor(x: Exact) -> int:
    """Round down: what is issued or may be used."""
    f = Fraction(x)
    return f.numerator // f.denominator


def ceil(x: Exact) -> int:
    """Round up: what is owed.

    Examples
    --------
    >>> ceil(Fraction(7, 2)), ceil(3)
    (4, 3)
    """
    f = Fraction(x)
    return -(-f.numerator // f.denominator)


def half_up(x: Exact) -> int:
    """Round to the nearest integer, halves up: a single formula allocation, and money to the fen.

    Examples
    --------
    >>> half_up(Fraction(5, 2)), half_up(Decimal("4704.5")), half_up(Fraction(-1, 2))
    (3, 4705, 0)
    """
    return floor(Fraction(x) + Fraction(1, 2))


def largest_remainder(total: int, weights: Sequence[Exact]) -> list[int]:
    """Share `total` lots in proportion to `weights` by the largest remainder.

    Parameters
    ----------
    total : int
        Lots to share, not negative.
    weights : sequence of int, Decimal or Fraction
        One non-negative weight per claimant, in account order.

    Returns
    -------
    list of int
        Lots per claimant; the sum is `total`, or 0 when all weights are 0.  Equal remainders go to the
        lower position.

    Raises
    ------
    ValueError
        If `total` or a weight is negative.

    Examples
    --------
    >>> largest_remainder(101, [Decimal("0.35"), Decimal("0.30"), Decimal("0.35")])
    [36, 30, 35]
    """
    if total < 0:
        raise ValueError(f"cannot share {total} lots: the total must not be negative")
    shares = [Fraction(w) for w in weights]
    if any(w < 0 for w in shares):
        raise ValueError("cannot share by a negative weight")
    whole = sum(shares, Fraction(0))
    if whole == 0:
        return [0] * len(shares)
    quotas = [total * w / whole for w in shares]
    lots = [floor(q) for q in quotas]
    rest = total - sum(lots)
    order = sorted(range(len(quotas)), key=lambda i: (lots[i] - quotas[i], i))
    for i in order[:rest]:
        lots[i] += 1
    return lots
