"""Unused units stay valid up to a cap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.banking.carry import Carry, bites, split, usable_lots
from rights_market.policies.lots import floor_share
from rights_market.policies.rule import Lots, Rule

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankCap(Rule):
    """How many lots a firm may carry over.

    Attributes
    ----------
    basis : str
        ``obligation`` or ``allocation`` of the year, or a ``fixed`` number of lots.
    share : Decimal or None
        Share of the basis, rounded down; may exceed 1.
    lots : int or None
        The fixed number.

    Raises
    ------
    PolicyError
        If `basis` fixed has no `lots` or has a `share`, or another basis the reverse.
    """

    basis: Literal["obligation", "allocation", "fixed"]
    share: Decimal | None = None
    lots: Lots | None = None

    def check(self) -> None:
        """Refuse a cap without its number."""
        if self.basis == "fixed" and (self.lots is None or self.share is not None):
            raise PolicyError(f"banking: basis is fixed, so give lots alone; lots is {self.lots}, share {self.share}")
        if self.basis != "fixed" and (self.share is None or self.lots is not None):
            raise PolicyError(
                f"banking: basis is {self.basis}, so give share alone; share is {self.share}, lots {self.lots}"
            )
        if self.share is not None and self.share < 0:
            raise PolicyError(f"banking: share {self.share} of basis {self.basis} is below 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedBanking(Rule):
    """Unused units stay valid up to a cap; the rest lapses.

    Attributes
    ----------
    cap : BankCap
    lapse : str
        Which vintages lapse first.  Within a vintage free units lapse before frozen and frozen before pledged ones.
    phase_end : tuple of date
        Dates of banking close on which the cap holds; on others all units stay valid.  Empty: on every one.
    relabel : str
        ``keep`` the vintage, or replace units by the ``new_vintage``.

    References
    ----------
    Form of carry-over limits by share, such as the one in Korea before 2024 [approx].
    """

    kind: Literal["capped"] = "capped"
    cap: BankCap
    lapse: Literal["oldest", "newest"] = "oldest"
    phase_end: tuple[date, ...] = ()
    relabel: Literal["keep", "new_vintage"] = "keep"

    def carry(
        self,
        holdings: Int64,
        vintages: Int64,
        compliance_year: int,
        *,
        basis_lots: Int64 | None = None,
        on: date | None = None,
    ) -> Carry:
        """Return what each firm carries over and what lapses.

        Parameters
        ----------
        holdings : ndarray of int64, shape (3, n_instruments, n_firms)
            Free, frozen and pledged lots after surrender and penalty.
        vintages : ndarray of int64, shape (n_instruments,)
        compliance_year : int
            Later vintages are not touched.
        basis_lots : ndarray of int64, shape (n_firms,), or None
            Obligation or allocation of the year, as the cap's basis asks.
        on : date or None
            Date of the banking close; needed where `phase_end` lists dates.

        Returns
        -------
        Carry

        Raises
        ------
        PolicyError
            If the cap needs `basis_lots`, or `phase_end` needs `on`, and it is missing.
        """
        usable = usable_lots(holdings, vintages, compliance_year)
        if not bites(self.phase_end, on):
            return Carry(usable, np.zeros_like(usable))
        most = self._limit(usable.shape[2], basis_lots)
        return split(usable, most, vintages, newest_first=self.lapse == "newest")

    def _limit(self, n_firms: int, basis_lots: Int64 | None) -> Int64:
        if self.cap.lots is not None:
            return np.full(n_firms, self.cap.lots, np.int64)
        if basis_lots is None or self.cap.share is None:
            raise PolicyError(f"banking: cap has basis {self.cap.basis} but basis_lots is missing")
        return floor_share(self.cap.share, basis_lots)
