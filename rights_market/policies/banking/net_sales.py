"""How much may be carried over follows from how much was sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge

from rights_market.errors import PolicyError
from rights_market.policies.banking.carry import BankingRule, Basis
from rights_market.policies.banking.sales import CountedSales, SalesWindow, TradingMode
from rights_market.policies.lots import floor_share
from rights_market.policies.rule import Lots

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSales(BankingRule):
    """A firm may carry over a base and a multiple of what it sold less what it bought; the rest lapses.

    What was allocated never counts as bought.

    Attributes
    ----------
    base : int
        Lots that everybody may carry over.
    factor : Decimal
        Lots that may be carried over for each lot sold net; the product is rounded down.
    window : SalesWindow or None
        Trades that count; units lapse at the first banking close at or after its end and stay valid before.  None: the
        trades since the banking close before, and units lapse at every close.
    vintages : tuple of int
        Vintages that are concerned, as sold and as held; empty: all up to the compliance year.
    count : tuple of str
        Modes of trading that count; empty: all.  ``auction`` is a one-way auction between accounts.
    primary : bool
        Whether lots bought in the government's auctions and sales count as bought, and lots consigned to them that are
        sold there as sold.
    related : bool
        Whether trades inside a group of firms count.
    to_vintage : int or None
        Vintage by which carried units are replaced; None: they keep theirs.
    floor_zero : bool
        Whether a net buyer keeps the whole base; if not, what it bought net takes from the base by the same factor.

    References
    ----------
    Allocation plan of the Chinese ministry of ecology and environment for 2023-24: 10,000 t and 1.5 times net sales
    for the end of 2025 [seen], sales from 2024-01-01 to 2025-12-31 [known].  Korea: no base, 5 times, by year [seen].
    """

    kind: Literal["net_sales"] = "net_sales"
    base: Lots = 10_000
    factor: Annotated[Decimal, Ge(0)] = Decimal("1.5")
    window: SalesWindow | None = None
    vintages: tuple[int, ...] = ()
    count: tuple[TradingMode, ...] = ()
    primary: bool = False
    related: bool = True
    to_vintage: int | None = None
    floor_zero: bool = True

    @property
    def basis(self) -> Basis:
        """What was sold net."""
        return "net_sales"

    @property
    def counted_sales(self) -> CountedSales:
        """Which trades count."""
        return CountedSales(self.window, self.vintages, self.count, self.related, self.primary)

    def bites(self, on: date | None) -> bool:
        """Return whether units lapse at a banking close on this date.

        Raises
        ------
        PolicyError
            If there is a window but no date.
        """
        if self.window is not None and on is None:
            raise PolicyError("banking: net_sales has a window but the date `on` is missing")
        return self.window is None or (on is not None and on >= self.window.last)

    def outlives(self, on: date | None) -> bool:
        """Return that units up to the limit live on."""
        return True

    def concerns(self, vintages: Int64) -> npt.NDArray[np.bool_]:
        """Return which vintages count, shape as given."""
        return self.counted_sales.concerns(vintages)

    def replaced_by(self, following: int | None, on: date | None) -> int | None:
        """Return the vintage that carried units get once the rule bites, if it names one."""
        return self.to_vintage if self.bites(on) else None

    def most(self, net_sold: Int64) -> Int64:
        """Return the lots that each firm may carry over, from lots sold less bought; both of shape (n_firms,).

        Examples
        --------
        >>> NetSales().most(np.array([180_000, -5_000]))
        array([280000,  10000])
        """
        counted = np.maximum(net_sold, 0) if self.floor_zero else net_sold
        return np.asarray(np.maximum(self.base + floor_share(self.factor, counted), 0), np.int64)

    def to_sell(self, stock: npt.NDArray[np.float64], basis_lots: Int64, mode: str) -> npt.NDArray[np.float64]:
        """Return what must be sold of a stock so that none of the rest lapses; all of shape (n_firms,), in lots.

        Each lot sold leaves the stock and, if its mode counts, frees `factor` lots of it: x = (S - A - m X) / (1 + m).
        A net buyer whom the floor covers frees nothing until it has sold what it bought.

        Examples
        --------
        >>> NetSales().to_sell(np.array([500_000.0]), np.array([180_000]), "continuous")
        array([88000.])
        """
        if not self.counted_sales.counts(mode):
            return np.clip(stock - self.most(basis_lots), 0.0, np.maximum(stock, 0.0))
        m, over = float(self.factor), stock - self.base
        x = (over - m * basis_lots) / (1.0 + m)
        if self.floor_zero:
            x = np.where(basis_lots < 0, np.minimum(x, over), x)
        return np.asarray(np.clip(x, 0.0, np.maximum(stock, 0.0)))
