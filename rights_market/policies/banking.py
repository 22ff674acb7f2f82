"""Which unused units keep their value when a compliance period closes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.lots import floor_share, take_in_order
from rights_market.policies.rule import Lots, Rule

Int64 = npt.NDArray[np.int64]

# Rows of the first axis of holdings, in the order in which units lapse.
COLUMNS = ("free", "frozen", "pledged")


class Carry(NamedTuple):
    """What is carried over and what lapses, of the vintages up to the compliance year.

    Attributes
    ----------
    carried, lapsed : ndarray of int64, shape (3, n_instruments, n_firms)
        First axis as `COLUMNS`; later vintages are 0 in both, because the rule does not concern them.
    """

    carried: Int64
    lapsed: Int64


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
class FreeBanking(Rule):
    """All unused units stay valid.

    Attributes
    ----------
    relabel : str
        ``keep`` the vintage, or replace units by the ``new_vintage``.

    References
    ----------
    European Union since phase 2, with replacement at the end of a phase; Chinese plans for 2019 to 2022 [known].
    """

    kind: Literal["free"] = "free"
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
        """Return all usable units as carried over; parameters as `CappedBanking.carry`."""
        usable = _usable(holdings, vintages, compliance_year)
        return Carry(usable, np.zeros_like(usable))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBanking(Rule):
    """Unused units lapse.

    Attributes
    ----------
    phase_end : tuple of date
        Dates of banking close on which units lapse; on others they stay valid.  Empty: on every one.

    References
    ----------
    European Union, end of phase 1 in 2007 [known]; the price of 0.01 EUR in that year [seen] is what it does.
    """

    kind: Literal["none"] = "none"
    phase_end: tuple[date, ...] = ()

    def carry(
        self,
        holdings: Int64,
        vintages: Int64,
        compliance_year: int,
        *,
        basis_lots: Int64 | None = None,
        on: date | None = None,
    ) -> Carry:
        """Return all usable units as lapsed, if the phase ends; parameters as `CappedBanking.carry`."""
        usable = _usable(holdings, vintages, compliance_year)
        nothing = np.zeros_like(usable)
        return Carry(nothing, usable) if _bites(self.phase_end, on) else Carry(usable, nothing)


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
        usable = _usable(holdings, vintages, compliance_year)
        if not _bites(self.phase_end, on):
            return Carry(usable, np.zeros_like(usable))
        held = usable.sum(axis=(0, 1))
        excess = np.maximum(held - self._limit(held, basis_lots), 0)
        order = np.argsort(vintages if self.lapse == "oldest" else -vintages, kind="stable")
        # One row for each vintage and column, in lapsing order: all columns of a vintage before the next vintage.
        rows = usable[:, order].transpose(1, 0, 2)
        taken = take_in_order(excess, rows.reshape(-1, rows.shape[2])).reshape(rows.shape)
        lapsed = np.empty_like(usable)
        lapsed[:, order] = taken.transpose(1, 0, 2)
        return Carry(usable - lapsed, lapsed)

    def _limit(self, held: Int64, basis_lots: Int64 | None) -> Int64:
        if self.cap.lots is not None:
            return np.full_like(held, self.cap.lots)
        if basis_lots is None or self.cap.share is None:
            raise PolicyError(f"banking: cap has basis {self.cap.basis} but basis_lots is missing")
        return floor_share(self.cap.share, basis_lots)


def _bites(phase_end: tuple[date, ...], on: date | None) -> bool:
    if phase_end and on is None:
        raise PolicyError("banking: phase_end lists dates but the date `on` is missing")
    return not phase_end or on in phase_end


def _usable(holdings: Int64, vintages: Int64, compliance_year: int) -> Int64:
    return holdings * (vintages <= compliance_year)[np.newaxis, :, np.newaxis]
