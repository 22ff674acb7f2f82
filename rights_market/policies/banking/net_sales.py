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
from rights_market.policies.banking.carry import Carry, split, usable_lots
from rights_market.policies.lots import floor_share
from rights_market.policies.rule import Lots, Rule

Int64 = npt.NDArray[np.int64]
TradingMode = Literal["continuous", "call", "block", "otc", "auction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesWindow(Rule):
    """Dates between which trades count.

    Attributes
    ----------
    first, last : date
        Both included.

    Raises
    ------
    PolicyError
        If `first` lies after `last`.
    """

    first: date
    last: date

    def check(self) -> None:
        """Refuse a window that ends before it begins."""
        if self.first > self.last:
            raise PolicyError(f"sales window: first {self.first} lies after last {self.last}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSales(Rule):
    """A firm may carry over a base and a multiple of what it sold less what it bought; the rest lapses.

    What was allocated or bought from the government does not count as bought.

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
        Modes of trading that count; empty: all.
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
    related: bool = True
    to_vintage: int | None = None
    floor_zero: bool = True

    def counts_on(self, day: date) -> bool:
        """Return whether trades of a day count."""
        return self.window is None or self.window.first <= day <= self.window.last

    def bites(self, on: date) -> bool:
        """Return whether units lapse at a banking close on this date."""
        return self.window is None or on >= self.window.last

    def concerns(self, vintages: Int64) -> npt.NDArray[np.bool_]:
        """Return which vintages count, shape as given."""
        return np.isin(vintages, self.vintages) if self.vintages else np.ones(len(vintages), np.bool_)

    def most(self, net_sold: Int64) -> Int64:
        """Return the lots that each firm may carry over, from lots sold less bought; both of shape (n_firms,).

        Examples
        --------
        >>> NetSales().most(np.array([180_000, -5_000]))
        array([280000,  10000])
        """
        counted = np.maximum(net_sold, 0) if self.floor_zero else net_sold
        return np.asarray(np.maximum(self.base + floor_share(self.factor, counted), 0), np.int64)

    def to_sell(self, stock: npt.NDArray[np.float64], net_sold: Int64) -> npt.NDArray[np.float64]:
        """Return what must be sold of a stock so that none of the rest lapses; all of shape (n_firms,), in lots.

        Each lot sold leaves the stock and frees `factor` lots of it: x = (S - A - m X) / (1 + m).  A net buyer whom the
        floor covers frees nothing until it has sold what it bought.

        Examples
        --------
        >>> NetSales().to_sell(np.array([500_000.0]), np.array([180_000]))
        array([88000.])
        """
        m, over = float(self.factor), stock - self.base
        x = (over - m * net_sold) / (1.0 + m)
        if self.floor_zero:
            x = np.where(net_sold < 0, np.minimum(x, over), x)
        return np.asarray(np.clip(x, 0.0, np.maximum(stock, 0.0)))

    def carry(
        self,
        holdings: Int64,
        vintages: Int64,
        compliance_year: int,
        *,
        basis_lots: Int64 | None = None,
        on: date | None = None,
    ) -> Carry:
        """Return what each firm carries over and what lapses, the oldest vintage first.

        Parameters
        ----------
        holdings : ndarray of int64, shape (3, n_instruments, n_firms)
            Free, frozen and pledged lots after surrender and penalty.
        vintages : ndarray of int64, shape (n_instruments,)
        compliance_year : int
            Later vintages are not touched.
        basis_lots : ndarray of int64, shape (n_firms,)
            Lots sold less bought in the window.
        on : date
            Date of the banking close.

        Returns
        -------
        Carry

        Raises
        ------
        PolicyError
            If `basis_lots` or `on` is missing.
        """
        if basis_lots is None or on is None:
            raise PolicyError("banking: net_sales needs basis_lots, what was sold net, and the date `on`")
        usable = usable_lots(holdings, vintages, compliance_year)
        usable *= self.concerns(vintages)[np.newaxis, :, np.newaxis]
        if not self.bites(on):
            return Carry(usable, np.zeros_like(usable))
        return split(usable, self.most(basis_lots), vintages)
