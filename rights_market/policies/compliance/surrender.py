"""What is due at the deadline, and which units meet it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from annotated_types import Ge

from rights_market.errors import PolicyError
from rights_market.policies.lots import ceil_share, take_in_order
from rights_market.policies.rule import Rule, Share

Int64 = npt.NDArray[np.int64]

ESTIMATE = Fraction(11, 10)
"""Factor on last period's use where nothing was verified [approx]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Rule):
    """Part of a duty that is due before the deadline.

    Attributes
    ----------
    days_before : int
        Calendar days before the deadline.
    share : Decimal
        Share of the duty that must be surrendered by then.
    """

    days_before: Annotated[int, Ge(1)]
    share: Share


class SurrenderPlan(NamedTuple):
    """What is surrendered, and what is missing.

    Attributes
    ----------
    take : ndarray of int64, shape (n_instruments, n_firms)
    shortfall : ndarray of int64, shape (n_firms,)
    """

    take: Int64
    shortfall: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrender(Rule):
    """Units equal to verified use are handed in at the deadline, or held on average over the year.

    Attributes
    ----------
    mode : str
        ``surrender``: units are used up.  ``cover``: the year's mean holding must reach the use; nothing is used up.
    order : str
        Oldest vintage first; vintages later than the compliance year never.
    cancel_orders : bool
        Whether the registrar cancels the firm's sell orders in usable instruments first.
    stages : tuple of Stage
        Parts that are due earlier, the earliest first.

    Raises
    ------
    PolicyError
        If the `stages` do not come closer to the deadline with a rising share, or `mode` cover has stages.

    References
    ----------
    Measures for the administration of carbon emission trading (trial), 2020, articles 28 and 29; Directive 2003/87/EC,
    article 12 [known].  Deadlines of 2021 [seen].
    """

    kind: Literal["surrender"] = "surrender"
    mode: Literal["surrender", "cover"] = "surrender"
    order: Literal["earliest_vintage"] = "earliest_vintage"
    cancel_orders: bool = True
    stages: tuple[Stage, ...] = ()

    def check(self) -> None:
        """Refuse stages out of order."""
        if self.mode == "cover" and self.stages:
            raise PolicyError("surrender: mode cover looks at the whole year, so stages would do nothing")
        for first, second in zip(self.stages, self.stages[1:], strict=False):
            if second.days_before >= first.days_before or second.share <= first.share:
                raise PolicyError(
                    f"surrender: stage of days_before {second.days_before} with share {second.share} must come later "
                    f"and ask more than the one of days_before {first.days_before} with share {first.share}"
                )

    def due(self, duty: Int64, days_to_deadline: int) -> Int64:
        """Return the lots that must be surrendered so far, rounded up; 0 before the first stage.

        Parameters
        ----------
        duty : ndarray of int64, shape (n_firms,)
        days_to_deadline : int
            Calendar days left; 0 on the deadline.
        """
        if days_to_deadline <= 0:
            return duty.copy()
        passed = [s.share for s in self.stages if days_to_deadline <= s.days_before]
        return ceil_share(passed[-1], duty) if passed else np.zeros_like(duty)

    def estimate(self, used_before: Int64) -> Int64:
        """Return the authority's estimate of a use that was not verified, rounded up, from that of the period before.

        Examples
        --------
        >>> Surrender().estimate(np.array([101])).tolist()
        [112]
        """
        return ceil_share(ESTIMATE, used_before)

    def plan(self, duty: Int64, holdings: Int64, vintages: Int64, compliance_year: int) -> SurrenderPlan:
        """Return which units each firm surrenders.

        Parameters
        ----------
        duty : ndarray of int64, shape (n_firms,)
            Lots still due.
        holdings : ndarray of int64, shape (n_instruments, n_firms)
            Free lots; pledged ones are not offered to the rule.
        vintages : ndarray of int64, shape (n_instruments,)
        compliance_year : int
            Vintages later than this are not usable.

        Returns
        -------
        SurrenderPlan
            A firm never surrenders more than its duty.

        Raises
        ------
        PolicyError
            In mode cover, where nothing is surrendered.

        Examples
        --------
        >>> plan = Surrender().plan(np.array([80]), np.array([[60], [50]]), np.array([2025, 2026]), 2025)
        >>> plan.take[:, 0].tolist(), plan.shortfall.tolist()
        ([60, 0], [20])
        """
        if self.mode != "surrender":
            raise PolicyError("surrender: mode is cover; call `cover`, which uses nothing up")
        usable = _usable(holdings, vintages, compliance_year)
        oldest_first = np.argsort(vintages, kind="stable")
        take = np.empty_like(holdings)
        take[oldest_first] = take_in_order(duty, usable[oldest_first])
        return SurrenderPlan(take, duty - take.sum(axis=0))

    def cover(self, duty: Int64, lot_days: Int64, days: int, vintages: Int64, compliance_year: int) -> SurrenderPlan:
        """Return by how much each firm's use exceeds what it held on average; nothing is taken.

        Parameters
        ----------
        duty : ndarray of int64, shape (n_firms,)
            Use of the year, lots.
        lot_days : ndarray of int64, shape (n_instruments, n_firms)
            Sum over the days of the year of the lots held.
        days : int
            Days of the year.
        vintages, compliance_year
            As in `plan`.

        Returns
        -------
        SurrenderPlan
            `take` is 0; `shortfall` is the excess over the mean holding, which is rounded down.

        Raises
        ------
        PolicyError
            In mode surrender, or without days.

        Examples
        --------
        Held 10 lots, sold 4 with 146 days left; used 9:

        >>> held = np.array([[10 * 219 + 6 * 146]])
        >>> Surrender(mode="cover").cover(np.array([9]), held, 365, np.array([2025]), 2025).shortfall.tolist()
        [1]
        """
        if self.mode != "cover":
            raise PolicyError("surrender: mode is surrender; call `plan`, which uses units up")
        if days < 1:
            raise PolicyError(f"surrender: mean holding over {days} days, expected at least 1")
        mean = _usable(lot_days, vintages, compliance_year).sum(axis=0) // days
        return SurrenderPlan(np.zeros_like(lot_days), np.maximum(duty - mean, 0))


def _usable(lots: Int64, vintages: Int64, compliance_year: int) -> Int64:
    return lots * (vintages <= compliance_year)[:, np.newaxis]
