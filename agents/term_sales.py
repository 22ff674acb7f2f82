"""Sales of rights in mid-term: firms with lots a year to spare meet those that will lack some, once a month."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.units import half_up

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KEPT = 0.05
"""Share of its expected use that a firm keeps beyond it when it sells lots for years [approx]."""


class TermSale(NamedTuple):
    """Lots a year that one firm sells to another.

    Attributes
    ----------
    seller, buyer : int
        Rows of the firms.
    lots : int
    price_fen : int
        Price for a lot and year, fen.
    """

    seller: int
    buyer: int
    lots: int
    price_fen: int


def term_sales(quota: Ints, saleable: Ints, use: Floats, worth_fen: Floats) -> Iterator[TermSale]:
    """Yield sales of lots a year: the firm that values them most buys of the one that values them least.

    They share the gain in halves.  A firm without use sells all.

    Parameters
    ----------
    quota, saleable : ndarray of int64, shape (n_firms,)
        Lots a year that each has, and that it could sell.
    use : ndarray of float64, shape (n_firms,)
        Lots that each expects to use a year.
    worth_fen : ndarray of float64, shape (n_firms,)
        What a lot and year is worth to each, fen.

    Examples
    --------
    >>> quota, worth = np.array([10, 4]), np.array([300.0, 501.0])
    >>> list(term_sales(quota, quota, np.array([4.0, 6.5]), worth))
    [TermSale(seller=0, buyer=1, lots=3, price_fen=401)]
    """
    spare = np.minimum(saleable, np.floor(quota - (1.0 + KEPT) * use).astype(np.int64))
    lack = np.ceil(use).astype(np.int64) - quota
    sellers = [i for i in np.argsort(worth_fen, kind="stable").tolist() if spare[i] > 0]
    buyers = [i for i in np.argsort(-worth_fen, kind="stable").tolist() if lack[i] > 0]
    while sellers and buyers and worth_fen[buyers[0]] > worth_fen[sellers[0]]:
        seller, buyer = sellers[0], buyers[0]
        lots = int(min(spare[seller], lack[buyer]))
        yield TermSale(seller, buyer, lots, half_up(Fraction(int(worth_fen[seller]) + int(worth_fen[buyer]), 2)))
        spare[seller] -= lots
        lack[buyer] -= lots
        sellers = sellers if spare[seller] else sellers[1:]
        buyers = buyers if lack[buyer] else buyers[1:]
