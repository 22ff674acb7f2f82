"""Large lots, agreed between two accounts that know each other."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le, Unit

from rights_market.policies.rule import Lots, Rule, Share
from rights_market.policies.trading.price_band import PriceBand, Range
from rights_market.rights import MAX_PRICE_TICKS
from rights_market.units import ceil

Int64 = npt.NDArray[np.int64]

NO_DEAL = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockAgreement(Rule):
    """Large quantities are agreed in pairs, apart from the order book, within a wide band.

    Agreements are made once a day, when listed trading has gone on.  They count in the day's volume and not in the
    closing price.

    Attributes
    ----------
    min_qty : int or None
        Smallest agreement, lots; None stands for 100,000 where a lot is one unit, and is refused elsewhere.
    band : Decimal
        Share of the previous closing price by which an agreed price may differ from it.
    split : Decimal
        Weight of the buyer's reservation price in the agreed price; the seller's has the rest.
    max_rounds : int
        Agreements that one account can reach on a day.
    begin : Decimal
        Share of the day's batches after which agreements are made, rounded up to a whole batch; 1: after the last one.
    publish : str
        When the public learns of quantity and value: ``after_close``, or ``at_once``.
    exclude_related : bool
        Whether accounts of one group may not agree with each other.

    References
    ----------
    Notice of the Shanghai Environment and Energy Exchange on national carbon trading, 2021-06-22: from 100,000 t,
    30 % either way [known]; the split of the gain between the two sides [approx].
    """

    kind: Literal["block_agreement"] = "block_agreement"
    min_qty: Annotated[Lots, Ge(1)] | None = None
    band: Share = Decimal("0.3")
    split: Share = Decimal("0.5")
    max_rounds: Annotated[int, Ge(1), Le(1000)] = 3
    begin: Annotated[Decimal, Gt(0), Le(1), Unit("share")] = Decimal(1)
    publish: Literal["after_close", "at_once"] = "after_close"
    exclude_related: bool = False

    @property
    def min_lots(self) -> int:
        """Smallest agreement, lots."""
        return STANDARD_QTY if self.min_qty is None else self.min_qty

    def begins_after(self, batches: int) -> int:
        """Return the batches of a day after which agreements are made.

        Examples
        --------
        >>> BlockAgreement().begins_after(4), BlockAgreement(begin=Decimal("0.5")).begins_after(5)
        (4, 3)
        """
        return ceil(Fraction(self.begin) * batches)

    def range(self, close_ticks: int, *, max_price_ticks: int = MAX_PRICE_TICKS) -> Range:
        """Return the prices allowed around the previous close.

        Examples
        --------
        >>> BlockAgreement().range(6000)
        Range(low=4200, high=7800, code='')
        """
        return PriceBand(width=self.band).range(close_ticks, max_price_ticks=max_price_ticks)

    def prices(self, buyer_ticks: Int64, seller_ticks: Int64, low: Int64, high: Int64) -> Int64:
        """Return the price on which each pair agrees, half up to the tick and drawn into the band.

        Parameters
        ----------
        buyer_ticks, seller_ticks : ndarray of int64, shape (n,)
            The most that the buyer gives and the least that the seller takes.
        low, high : ndarray of int64, shape (n,)
            Prices allowed.

        Returns
        -------
        ndarray of int64, shape (n,)
            Ticks, `NO_DEAL` where the two do not meet, or do not meet within the band.

        Examples
        --------
        >>> def one(x):
        ...     return np.array([x])
        >>> BlockAgreement().prices(one(5801), one(5500), one(4200), one(7800))
        array([5651])
        """
        part = Fraction(self.split)
        # Half up: floor((2 (n v + (d - n) c) + d) / 2 d).
        n, d = part.numerator, part.denominator
        split = (2 * (n * buyer_ticks + (d - n) * seller_ticks) + d) // (2 * d)
        price = np.minimum(np.maximum(split, low), high)
        meets = (buyer_ticks >= seller_ticks) & (price >= seller_ticks) & (price <= buyer_ticks)
        return np.where(meets, price, NO_DEAL)


STANDARD_QTY = 100_000
"""Smallest agreement of the national market, where a lot is a tonne."""
