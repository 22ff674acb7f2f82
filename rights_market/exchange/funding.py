"""What a pre-funded book settles with: the registry's arrays, and the day's limits and fees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rights_market.kernels.settlement import Funds
from rights_market.registry.journal import Journal
from rights_market.registry.ledger import Ledger

Int64 = npt.NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)
Bool = npt.NDArray[np.bool_]

# Largest traded value of one order, fen: leaves room for the fee in 64 bits.
MAX_ORDER_FEN = 1 << 61


@dataclass(frozen=True, slots=True)
class Funding:
    """Property and limits for one call of an `OrderBook`; a new one for each call, as the registry may grow.

    Attributes
    ----------
    ledger : Ledger
        Balances, modified in place.
    due : ndarray of int64, shape (MAX_CASH_LAG, n_accounts)
        Proceeds that are held back, modified in place.
    journal : Journal
        Every movement is appended to it.
    tick_value_fen : ndarray of int64, shape (n_instruments,)
        Fen that one lot costs at one tick.
    charges : ndarray of int64, shape (n_instruments, CHARGE_ENTRIES)
        Fees, taxes and who receives them, see `rights_market.exchange.charges`; what is taken is added to it.
    unpaid : ndarray of int64, shape (n_accounts,)
        Fees that sellers could not pay, fen; added to.
    lock_bought : ndarray of bool, shape (n_instruments,)
        Whether lots bought today may not be sold today.
    cash_lag : ndarray of int64, shape (n_instruments,)
        Closings after which the money of a sale may be used.
    is_open : ndarray of bool, shape (n_instruments,)
        Whether new orders are admitted; cancels always are.
    band_low, band_high : ndarray of int64, shape (n_instruments,)
        Lowest and highest price that may be quoted, ticks.
    day : int
        Trading day written to the journal.
    """

    ledger: Ledger
    due: Int64
    journal: Journal
    tick_value_fen: Int64
    charges: Int64
    unpaid: Int64
    lock_bought: Bool
    cash_lag: Int64
    is_open: Bool
    band_low: Int64
    band_high: Int64
    day: int

    def reserve(self, max_price: Int64, rows: int) -> Funds:
        """Make room for `rows` journal rows and return the arrays that a kernel may write.

        Parameters
        ----------
        max_price : ndarray of int64, shape (n_instruments,)
            Highest price of each instrument, ticks.
        rows : int
            Journal rows to make room for.
        """
        tick_value = _own(self.tick_value_fen, np.int64)
        return Funds(
            free=self.ledger.free,
            frozen=self.ledger.frozen,
            locked=self.ledger.locked,
            cash=self.ledger.cash,
            cash_frozen=self.ledger.cash_frozen,
            due=self.due,
            tick_value=tick_value,
            charges=self.charges,
            lock_bought=_own(self.lock_bought, np.bool_),
            cash_lag=_own(self.cash_lag, np.int64),
            is_open=_own(self.is_open, np.bool_),
            band_low=_own(self.band_low, np.int64),
            band_high=_own(self.band_high, np.int64),
            max_lots=MAX_ORDER_FEN // (max_price * tick_value),
            unpaid=self.unpaid,
            day=self.day,
            journal=self.journal.reserve(rows),
        )


def _own(values: npt.ArrayLike, kind: type[Scalar]) -> npt.NDArray[Scalar]:
    """Copy a short array, so that a read-only view or another integer type does not compile the kernels anew."""
    return np.array(values, kind)
