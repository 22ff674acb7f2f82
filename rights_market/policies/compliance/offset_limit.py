"""How much of a duty may be met with credits, and which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.policies.lots import floor_share
from rights_market.policies.rule import Rule, Share

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Rule):
    """Credits that a right accepts.

    Attributes
    ----------
    type : str
        Type of credit.
    first_vintage, last_vintage : int or None
        Vintages between which they are accepted; None: without bound.
    """

    type: str
    first_vintage: int | None = None
    last_vintage: int | None = None

    def covers(self, credit_type: str, vintage: int) -> bool:
        """Return whether credits of a type and vintage are accepted."""
        first = vintage if self.first_vintage is None else self.first_vintage
        last = vintage if self.last_vintage is None else self.last_vintage
        return credit_type == self.type and first <= vintage <= last


class Credits(NamedTuple):
    """What credits there are.

    Attributes
    ----------
    types : sequence of str
    vintages : ndarray of int64, shape (n_credits,)
    is_local : ndarray of bool, shape (n_credits,)
    """

    types: Sequence[str]
    vintages: Int64
    is_local: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetLimit(Rule):
    """Accepted credits meet a duty up to a share of it, the oldest vintage first.

    Attributes
    ----------
    share : Decimal
        Share of the basis, rounded down.
    later : dict of int to Decimal
        Share from a compliance year on, in place of `share`.
    basis : str
        The ``obligation`` of the year, without debts, or its ``verified`` use.
    types : dict of str to Decimal
        Largest part of the limit that credits of a type may fill, rounded down.
    accept : tuple of Accepted
        Credits that are accepted; empty: all.
    local_min : Decimal
        Part of the limit that only local credits may fill; the rest is rounded down.

    References
    ----------
    Measures for the administration of carbon emission trading (trial), 2020, article 29: 5 % [seen].  California, 17
    CCR 95854: 4 %, from 2026 6 %, half of it with direct benefits in the state [known].
    """

    kind: Literal["offset_limit"] = "offset_limit"
    share: Share = Decimal("0.05")
    later: dict[int, Share] = field(default_factory=dict)
    basis: Literal["obligation", "verified"] = "obligation"
    types: dict[str, Share] = field(default_factory=dict)
    accept: tuple[Accepted, ...] = ()
    local_min: Share = Decimal(0)

    def share_of(self, year: int) -> Decimal:
        """Return the share that may be met with credits in a compliance year."""
        begun = [y for y in self.later if y <= year]
        return self.later[max(begun)] if begun else self.share

    def accepts(self, credits: Credits) -> Bools:
        """Return which credits are accepted, shape (n_credits,)."""
        pairs = zip(credits.types, credits.vintages.tolist(), strict=True)
        return np.array([not self.accept or any(a.covers(t, v) for a in self.accept) for t, v in pairs], np.bool_)

    def take(self, wanted: Int64, stock: Int64, used: Int64, credits: Credits, basis: Int64, year: int) -> Int64:
        """Return which credits each firm hands in.

        Parameters
        ----------
        wanted : ndarray of int64, shape (n_firms,)
            Duty still to be met.
        stock : ndarray of int64, shape (n_credits, n_firms)
            Free credits that are accepted.
        used : ndarray of int64, shape (n_credits, n_firms)
            Credits handed in before for the same year.
        credits : Credits
        basis : ndarray of int64, shape (n_firms,)
            Obligation or verified use of the year.
        year : int
            Compliance year.

        Returns
        -------
        ndarray of int64, shape (n_credits, n_firms)

        Examples
        --------
        >>> one = Credits(["ccer"], np.array([2020]), np.array([True]))
        >>> none = np.zeros((1, 1), np.int64)
        >>> OffsetLimit().take(np.array([1234]), np.array([[100]]), none, one, np.array([1234]), 2021)
        array([[61]])
        """
        share = Fraction(self.share_of(year))
        room = floor_share(share, basis) - used.sum(axis=0)
        abroad = floor_share(share * (1 - Fraction(self.local_min)), basis) - used[~credits.is_local].sum(axis=0)
        by_type = {
            name: floor_share(share * Fraction(part), basis) - used[[t == name for t in credits.types]].sum(axis=0)
            for name, part in self.types.items()
        }
        left, take = wanted.copy(), np.zeros_like(stock)
        for i in np.argsort(credits.vintages, kind="stable").tolist():
            limits = [left, room, stock[i], *([] if credits.is_local[i] else [abroad])]
            if credits.types[i] in by_type:
                limits.append(by_type[credits.types[i]])
            take[i] = np.maximum(np.minimum.reduce(limits), 0)
            left -= take[i]
            room -= take[i]
            if not credits.is_local[i]:
                abroad -= take[i]
            if credits.types[i] in by_type:
                by_type[credits.types[i]] -= take[i]
        return take
