"""What every rule of carry-over decides: what is carried over and what lapses, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.banking.sales import CountedSales
from rights_market.policies.lots import take_in_order
from rights_market.policies.rule import Rule

Int64 = npt.NDArray[np.int64]
Basis = Literal["obligation", "allocation", "net_sales"]

# Rows of the first axis of holdings, in the order in which units lapse.
COLUMNS = ("free", "frozen", "pledged")


class Carry(NamedTuple):
    """What is carried over and what lapses, of the vintages up to the compliance year.

    Attributes
    ----------
    carried, lapsed : ndarray of int64, shape (3, n_instruments, n_firms)
        First axis as `COLUMNS`; later vintages, and those that the rule does not concern, are 0 in both.
    """

    carried: Int64
    lapsed: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class BankingRule(Rule):
    """Base of the rules of carry-over; a rule says no more than what it does differently.

    A rule that says nothing lets all unused units lapse at every banking close.
    """

    @property
    def basis(self) -> Basis | None:
        """What `most` follows: obligation or allocation of the year, or lots sold net; None if it follows nothing."""
        return None

    @property
    def counted_sales(self) -> CountedSales | None:
        """Which trades count as sold net, where that is the basis."""
        return None

    @property
    def newest_first(self) -> bool:
        """Whether the newest vintage lapses first, not the oldest."""
        return False

    def bites(self, on: date | None) -> bool:
        """Return whether units may lapse at a banking close on this date."""
        return True

    def outlives(self, on: date | None) -> bool:
        """Return whether any unit may be carried past a banking close on this date."""
        return not self.bites(on)

    def concerns(self, vintages: Int64) -> npt.NDArray[np.bool_]:
        """Return which vintages the rule is about, shape as given."""
        return np.ones(len(vintages), np.bool_)

    def most(self, basis_lots: Int64) -> Int64:
        """Return the lots that each firm may carry over, from its basis; both of shape (n_firms,)."""
        return np.zeros_like(basis_lots)

    def replaced_by(self, following: int | None, on: date | None) -> int | None:
        """Return the vintage by which carried units are replaced, None where they keep theirs.

        Parameters
        ----------
        following : int or None
            Vintage of the next period.
        on : date or None
            Date of the banking close.
        """
        return None

    def to_sell(self, stock: npt.NDArray[np.float64], basis_lots: Int64, mode: str) -> npt.NDArray[np.float64]:
        """Return what must be sold of a stock in a mode of trading so that none lapses; all of shape (n_firms,), lots.

        Parameters
        ----------
        stock : ndarray of float64
            What each will have left at the banking close if it sells nothing more.
        basis_lots : ndarray of int64
        mode : str
            Mode of trading in which it would be sold, as `NetSales.count` names them.
        """
        return np.maximum(stock - self.most(basis_lots), 0.0)

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
            What the rule follows, by its `basis`.
        on : date or None
            Date of the banking close; needed by rules that go by dates.

        Raises
        ------
        PolicyError
            If `basis_lots` or `on` is needed and missing.
        """
        if basis_lots is None and self.basis is not None:
            raise PolicyError(f"banking: basis is {self.basis} but basis_lots is missing")
        concerned = (vintages <= compliance_year) & self.concerns(vintages)
        usable = holdings * concerned[np.newaxis, :, np.newaxis]
        if not self.bites(on):
            return Carry(usable, np.zeros_like(usable))
        followed = np.zeros(usable.shape[2], np.int64) if basis_lots is None else basis_lots
        return _split(usable, self.most(followed), vintages, newest_first=self.newest_first)


def _split(usable: Int64, most: Int64, vintages: Int64, *, newest_first: bool) -> Carry:
    """Let the lots above `most` lapse vintage by vintage, free ones before frozen and frozen before pledged."""
    excess = np.maximum(usable.sum(axis=(0, 1)) - most, 0)
    order = np.argsort(-vintages if newest_first else vintages, kind="stable")
    # One row for each vintage and column, in lapsing order: all columns of a vintage before the next vintage.
    rows = usable[:, order].transpose(1, 0, 2)
    taken = take_in_order(excess, rows.reshape(-1, rows.shape[2])).reshape(rows.shape)
    lapsed = np.empty_like(usable)
    lapsed[:, order] = taken.transpose(1, 0, 2)
    return Carry(usable - lapsed, lapsed)


def ends_a_phase(phase_end: tuple[date, ...], on: date | None) -> bool:
    """Return whether a rule that may list its dates holds at a banking close on this one.

    Raises
    ------
    PolicyError
        If dates are listed but today's is missing.
    """
    if phase_end and on is None:
        raise PolicyError("banking: phase_end lists dates but the date `on` is missing")
    return not phase_end or on in phase_end
