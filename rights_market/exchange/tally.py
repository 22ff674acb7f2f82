"""What became of a table of orders that is carried out in parts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.records import Receipt, Trades

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

NO_ORDER = -1


class Tally:
    """Puts the receipts of parts together to the receipt of the whole table.

    Parameters
    ----------
    n : int
        Rows of the table.
    """

    def __init__(self, n: int) -> None:
        self.reason = np.zeros(n, np.int8)
        self.filled = np.zeros(n, np.int64)
        self.order_id = np.full(n, NO_ORDER, np.int64)
        self._trades: list[Trades] = []

    def add(self, rows: Rows, receipt: Receipt) -> None:
        """Note what became of some rows, in their order."""
        self.reason[rows] = receipt.reason
        self.filled[rows] += receipt.filled
        self.order_id[rows] = receipt.ids()
        self.note(receipt.trades)

    def add_among(self, rows: Rows, receipt: Receipt, at: Rows) -> None:
        """Note what became of rows that were the rows `at` of a table with others' orders, and all trades of that."""
        self.reason[rows] = receipt.reason[at]
        self.filled[rows] += receipt.filled[at]
        self.order_id[rows] = receipt.first_order_id + at
        self.note(receipt.trades)

    def note(self, trades: Trades) -> None:
        """Note trades in the order in which they were made."""
        if len(trades):
            self._trades.append(trades)

    @property
    def n_trades(self) -> int:
        """How many tables of trades have been noted."""
        return len(self._trades)

    def trades_since(self, n: int) -> Trades:
        """Return the trades noted after the first `n` tables."""
        return Trades.join(self._trades[n:])

    def refuse(self, rows: Rows, reason: npt.NDArray[np.int8]) -> None:
        """Note why some rows did not come to the book."""
        self.reason[rows] = reason

    def receipt(self, next_order_id: int) -> Receipt:
        """Return the receipt of the whole table."""
        return Receipt(next_order_id, self.reason, self.filled, Trades.join(self._trades), self.order_id)
