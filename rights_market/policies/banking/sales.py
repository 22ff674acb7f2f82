"""Which sales count where what may be carried over follows from what was sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.rule import Rule

TradingMode = Literal["continuous", "call", "listed", "block", "otc", "auction", "zonal"]


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


class CountedSales(NamedTuple):
    """Trades that count as sold, less those that count as bought.

    Attributes
    ----------
    window : SalesWindow or None
        When they are made; None: since the banking close before.
    vintages : tuple of int
        Vintages; empty: all.
    modes : tuple of str
        Modes of trading; empty: all between accounts.
    related : bool
        Whether those inside a group of firms count.
    primary : bool
        Whether those with the government in its auctions and sales count.
    """

    window: SalesWindow | None = None
    vintages: tuple[int, ...] = ()
    modes: tuple[TradingMode, ...] = ()
    related: bool = True
    primary: bool = False

    def counts_on(self, day: date) -> bool:
        """Return whether trades of a day count."""
        return self.window is None or self.window.first <= day <= self.window.last

    def concerns(self, vintages: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return which vintages count, shape as given."""
        return np.isin(vintages, self.vintages) if self.vintages else np.ones(len(vintages), np.bool_)

    def counts(self, mode: str, *, related: bool = False) -> bool:
        """Return whether trades of a mode count, inside groups or between them."""
        return (not self.modes or mode in self.modes) and (self.related or not related)
