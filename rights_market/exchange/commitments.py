"""What stands behind offers and bids outside the order books: frozen in the registry, and counted here.

The books know what is frozen for their own orders.  Whoever needs the rest of what is frozen, or what an account is
about to buy, asks here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.registry.balances import Registry
from rights_market.table import readonly

Int64 = npt.NDArray[np.int64]


class Commitments:
    """Lots and cash that are frozen for offers, and the lots that offers to buy would bring.

    Parameters
    ----------
    registry : Registry
        Where they are frozen.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        n = len(registry.instruments)
        self._lots, self._wanted, self._cash = np.zeros((n, 0), np.int64), np.zeros((n, 0), np.int64), np.zeros(0, int)

    @property
    def lots(self) -> Int64:
        """Lots frozen for offers, shape (n_instruments, n_accounts), read-only."""
        self._widen()
        return readonly(self._lots)

    @property
    def wanted(self) -> Int64:
        """Lots that open offers would buy, shape (n_instruments, n_accounts), read-only."""
        self._widen()
        return readonly(self._wanted)

    @property
    def cash(self) -> Int64:
        """Cash frozen for offers, fen, shape (n_accounts,), read-only."""
        self._widen()
        return readonly(self._cash)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands behind any offer."""
        return not (self._lots.any() or self._cash.any() or self._wanted.any())

    def freeze_lots(self, instrument: int, account: int, lots: int) -> None:
        """Put lots behind an offer.

        Raises
        ------
        InsufficientHoldings
            If so many are not free, or were bought today and may not be sold.
        """
        self._registry.freeze(instrument, account, lots)
        self.count_lots(instrument, account, lots)

    def release_lots(self, instrument: int, account: int, lots: int) -> None:
        """Give lots behind an offer back."""
        self._registry.release(instrument, account, lots)
        self.count_lots(instrument, account, -lots)

    def freeze_cash(self, account: int, fen: int) -> None:
        """Put cash behind an offer.

        Raises
        ------
        InsufficientCash
            If so much is not free.
        """
        self._registry.freeze_cash(account, fen)
        self.count_cash(account, fen)

    def release_cash(self, account: int, fen: int) -> None:
        """Give cash behind an offer back."""
        self._registry.release_cash(account, fen)
        self.count_cash(account, -fen)

    def want(self, instrument: int, account: int, lots: int) -> None:
        """Count lots that an offer would buy, once cash is behind it; below 0 where it is over."""
        self._widen()
        self._wanted[instrument, account] += lots

    def count_lots(self, instrument: int, account: int, lots: int) -> None:
        """Count lots that are frozen already, as when a saved market is put back."""
        self._widen()
        self._lots[instrument, account] += lots

    def count_cash(self, account: int, fen: int) -> None:
        """Count cash that is frozen already."""
        self._widen()
        self._cash[account] += fen

    def clear(self) -> None:
        """Count from nothing, before a saved market is put back."""
        self._lots[:], self._wanted[:], self._cash[:] = 0, 0, 0

    def _widen(self) -> None:
        more = len(self._registry.accounts) - len(self._cash)
        if more:
            self._lots, self._wanted = (np.pad(x, ((0, 0), (0, more))) for x in (self._lots, self._wanted))
            self._cash = np.pad(self._cash, (0, more))
