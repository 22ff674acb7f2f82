"""Whom the authority audits after verification, and what follows if a figure was false."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge

from rights_market.policies.mrv.false_data import FalseDataFine
from rights_market.policies.rule import Rule, Share
from rights_market.units import exact, half_up

Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit(Rule):
    """Audits some firms after verification, at random or by how odd their figures look.

    Attributes
    ----------
    share : Decimal
        Share of the firms that are audited in a year.
    sampling : str
        ``srs``: a simple random sample.  ``risk``: those whose verified use per output lies farthest from the median of
        their class.
    accuracy : Decimal
        Probability that an audit finds what was left out.
    fine : FalseDataFine
        What it costs.
    adds_duty : bool
        Whether the lots that were left out become due; if not, only the fine is paid.
    allocation_cut : Decimal
        Share of next year's free allocation that an offender loses.
    lookback : int
        Compliance periods that an audit looks at, this one included.

    References
    ----------
    State Council Decree 775, articles 21 to 23, cut of 50 to 100 % of the next allocation for those who do not correct
    [known].  Score by sector median [approx].
    """

    kind: Literal["audit"] = "audit"
    share: Share = Decimal("0.05")
    sampling: Literal["srs", "risk"] = "srs"
    accuracy: Share = Decimal(1)
    fine: FalseDataFine = field(default_factory=FalseDataFine)
    adds_duty: bool = True
    allocation_cut: Share = Decimal(0)
    lookback: Annotated[int, Ge(1)] = 1

    def count(self, n_firms: int) -> int:
        """Return how many of the firms are audited, half up.

        Examples
        --------
        >>> Audit(share=Decimal("0.1")).count(45), Audit(share=Decimal("0.01")).count(45)
        (5, 0)
        """
        return half_up(exact(self.share) * n_firms)

    def select(self, firms: Int64, order: Int64, scores: Floats | None = None) -> Int64:
        """Return the firms to audit, in rising order.

        Parameters
        ----------
        firms : ndarray of int64, shape (n,)
            Rows of those who may be audited.
        order : ndarray of int64, shape (n,)
            A random permutation of 0 to n - 1.
        scores : ndarray of float64, shape (n,), or None
            How odd each looks; needed by sampling risk.  Equal scores follow the random order.
        """
        if self.sampling == "risk" and scores is not None:
            order = order[np.argsort(-scores[order], kind="stable")]
        return np.sort(firms[order[: self.count(len(firms))]])

    def scores(self, verified: Int64, output: Int64, group: Int64) -> Floats:
        """Return the distance of each firm's log use per output from the median of its group.

        Use without output, or output without use, is as odd as can be; neither is not odd at all.

        Parameters
        ----------
        verified, output : ndarray of int64, shape (n,)
        group : ndarray of int64, shape (n,)
            Number of the class, from 0.
        """
        both = (verified > 0) & (output > 0)
        ratio = np.zeros(len(verified))
        ratio[both] = np.log(verified[both] / output[both])
        odd = np.where((verified > 0) != (output > 0), np.inf, 0.0)
        for g in np.unique(group[both]):
            rows = both & (group == g)
            odd[rows] = np.abs(ratio[rows] - np.median(ratio[rows]))
        return odd
