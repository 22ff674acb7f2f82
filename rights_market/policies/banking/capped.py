"""Unused units stay valid up to a cap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.banking.carry import BankingRule, Basis, ends_a_phase
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
class CappedBanking(BankingRule):
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

    @property
    def basis(self) -> Basis | None:
        """The basis of the cap; None for a fixed number."""
        return None if self.cap.basis == "fixed" else self.cap.basis

    @property
    def newest_first(self) -> bool:
        """Whether the newest vintage lapses first."""
        return self.lapse == "newest"

    def bites(self, on: date | None) -> bool:
        """Return whether the cap holds at a banking close on this date."""
        return ends_a_phase(self.phase_end, on)

    def outlives(self, on: date | None) -> bool:
        """Return that units under the cap live on."""
        return True

    def replaced_by(self, following: int | None, on: date | None) -> int | None:
        """Return the next vintage, if carried units get it."""
        return following if self.relabel == "new_vintage" else None

    def most(self, basis_lots: Int64) -> Int64:
        """Return the cap of each firm, from its obligation or allocation; both of shape (n_firms,)."""
        if self.cap.lots is not None:
            return np.full(len(basis_lots), self.cap.lots, np.int64)
        assert self.cap.share is not None
        return floor_share(self.cap.share, basis_lots)
