"""A table of resting orders, as the order book shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from rights_market.kernels.book import Rows

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Resting:
    """Resting orders; all arrays have shape (n,).

    Attributes
    ----------
    order_id : ndarray of int64
    account, instrument : ndarray of int32
    side : ndarray of int8
        `Side` of each order.
    price_ticks, lots : ndarray of int64
        Limit price, and lots still open.
    value_fen : ndarray of int64
        Fen filled so far; 0 in a bare book.
    """

    order_id: Int64
    account: Int32
    instrument: Int32
    side: Int8
    price_ticks: Int64
    lots: Int64
    value_fen: Int64

    def __len__(self) -> int:
        return len(self.order_id)

    @classmethod
    def of(cls, rows: Rows) -> Self:
        """Copy the columns of a table of `rights_market.kernels.book.ORDER`."""
        names = ("order_id", "account", "instrument", "side", "price", "lots", "value")
        kinds = (np.int64, np.int32, np.int32, np.int8, np.int64, np.int64, np.int64)
        return cls(*(rows[name].astype(kind) for name, kind in zip(names, kinds, strict=True)))
