"""A part of the allocation early, the rest when the year's activity is verified."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.lots import floor_share, take_in_order
from rights_market.policies.rule import Rule, Share

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpfrontTrueUp(Rule):
    """A share of the allocation up front, settled up or down once activity is verified.

    Attributes
    ----------
    share : Decimal
        Share issued early, rounded down to the lot.
    basis : str
        What the share is taken of: the formula on last year's activity, or last year's verified use.
    recover_from : str
        Which units a downward settlement takes: those of the same vintage, or any valid ones, newest first.
    unrecovered : str
        What becomes of lots that cannot be taken back: added to the year's obligation, netted from the next
        allocation, or paid at last month's mean price.
    cancel_orders : bool
        Whether the registrar cancels the firm's sell orders in that instrument first.

    References
    ----------
    Chinese allocation plans since 2019-20, 70 % [known]; plan of 2025 for steel, cement and aluminium: 70 % of last
    year's verified emissions [seen].
    """

    kind: Literal["upfront_true_up"] = "upfront_true_up"
    share: Share = Decimal("0.7")
    basis: Literal["prior_year_formula", "prior_year_emissions"] = "prior_year_formula"
    recover_from: Literal["same_vintage", "any_valid"] = "same_vintage"
    unrecovered: Literal["obligation", "next_allocation", "cash"] = "obligation"
    cancel_orders: bool = True

    def preallocate(self, basis_lots: Int64) -> Int64:
        """Return the lots issued early.

        Parameters
        ----------
        basis_lots : ndarray of int64, shape (n_firms,)
            What `basis` names, lots; 0 for a firm without earlier data.

        Returns
        -------
        ndarray of int64, shape (n_firms,)
        """
        return floor_share(self.share, basis_lots)

    def settle(self, final: Int64, preallocated: Int64) -> Int64:
        """Return what is issued (positive) or owed back (negative), lots; all of shape (n_firms,)."""
        return final - preallocated

    def recover(self, owed: Int64, free: Int64, vintages: Int64, vintage: int) -> tuple[Int64, Int64]:
        """Return what is taken back from free units, and what stays owed.

        Pledged and borrowed units are not in `free`, so they are never taken.

        Parameters
        ----------
        owed : ndarray of int64, shape (n_firms,)
            Lots to take back, not negative.
        free : ndarray of int64, shape (n_instruments, n_firms)
            Free lots.
        vintages : ndarray of int64, shape (n_instruments,)
        vintage : int
            Vintage that is settled; later ones are not valid for the year and never taken.

        Returns
        -------
        take : ndarray of int64, shape (n_instruments, n_firms)
        debt : ndarray of int64, shape (n_firms,)

        Raises
        ------
        PolicyError
            If a firm owes a negative number of lots.
        """
        if owed.min(initial=0) < 0:
            raise PolicyError(f"true-up: owed is {owed.min()} lots, expected at least 0")
        usable = vintages == vintage if self.recover_from == "same_vintage" else vintages <= vintage
        order = np.argsort(-vintages, kind="stable")
        take = np.empty_like(free)
        take[order] = take_in_order(owed, (free * usable[:, np.newaxis])[order])
        return take, owed - take.sum(axis=0)
