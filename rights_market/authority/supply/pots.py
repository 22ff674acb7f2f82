"""Lots that the government holds back: each reserve is an account of its own, so that the registry shows it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rights_market.authority.office import Matter, Office
from rights_market.registry.accounts import GOVERNMENT_ACCOUNT, AccountKind


class Pot:
    """A government account on which the lots of one reserve of one right lie.

    Parameters
    ----------
    office : Office
    right : str
        Code of the right.
    name : str
        What the reserve is called; part of the name of its account.

    Attributes
    ----------
    account : int
    """

    def __init__(self, office: Office, right: str, name: str) -> None:
        self._office = office
        self._right = right
        self.account = office.market.accounts.open(AccountKind.GOVERNMENT, f"{right} {name}")

    @property
    def lots(self) -> int:
        """Lots in the reserve, of all vintages."""
        return int(self._by_vintage().sum())

    def put(self, instrument: int, lots: int) -> None:
        """Issue lots into the reserve."""
        self._office.market.registry.issue(instrument, self.account, lots)

    def draw(self, instrument: int, lots: int) -> None:
        """Hand lots to the government's own account for sale, oldest vintage first, relabelled to an instrument.

        Units of all vintages of a right are worth the same at surrender from the newest one's year on, and an auction
        sells one instrument.
        """
        registry = self._office.market.registry
        for source, part in self._oldest_first(lots):
            if source != instrument:
                registry.carry_over(source, instrument, self.account, part)
        registry.transfer(instrument, self.account, GOVERNMENT_ACCOUNT, lots)

    def cancel(self, lots: int) -> None:
        """Destroy lots, oldest vintage first."""
        for source, part in self._oldest_first(lots):
            self._office.market.registry.cancel(source, self.account, part)

    def _by_vintage(self) -> npt.NDArray[np.int64]:
        shelf = self._office.shelf(self._right)
        return np.asarray(self._office.market.registry.free[shelf.instruments, self.account])

    def _oldest_first(self, lots: int) -> list[tuple[int, int]]:
        """Return instruments and how many lots to take of each."""
        held = self._by_vintage()
        taken = np.diff(np.minimum(np.cumsum(held), lots), prepend=0)
        shelf = self._office.shelf(self._right).instruments
        return [(int(i), int(n)) for i, n in zip(shelf, taken, strict=True) if n]


def retire(office: Office, matter: Matter, lots: int) -> None:
    """Issue lots to the government and cancel them at once, so that the registry shows what will never be sold."""
    if lots:
        office.market.registry.issue(matter.instrument, GOVERNMENT_ACCOUNT, lots)
        office.market.registry.cancel(matter.instrument, GOVERNMENT_ACCOUNT, lots)
