"""What a firm may write into its report."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.errors import PolicyError
from rights_market.policies.lots import floor_share
from rights_market.policies.rule import Fen, Rule, Share

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfReport(Rule):
    """Lets firms report their use themselves, up to some share below what was measured.

    Attributes
    ----------
    max_under : Decimal
        Largest share of measured use that can be left out without anybody looking twice.
    allow : bool
        Whether a firm can leave anything out at all; if not, reports are what was measured.
    late_fee : int
        Fine for a firm that files no report, fen; the authority then estimates its use.

    References
    ----------
    Malik (1990, JEEM 18:97) and Stranlund and Dhanda (1999, JEEM 38:267) on strategic under-reporting [known]; the
    largest share [approx].  Report by 31 March and estimate where there is none: Chinese measures of 2020 [known].
    """

    kind: Literal["self_report"] = "self_report"
    max_under: Share = Decimal("0.3")
    allow: bool = True
    late_fee: Fen = 0

    def most_under(self, measured: Int64) -> Int64:
        """Return the lots that each firm can leave out, rounded down."""
        return floor_share(self.max_under, measured) if self.allow else np.zeros_like(measured)

    def reported(self, measured: Int64, under: Int64) -> Int64:
        """Return the reports of firms that leave out `under` lots (below 0: report more than was measured).

        Raises
        ------
        PolicyError
            If a firm leaves out more than it can.

        Examples
        --------
        >>> SelfReport().reported(np.array([1000, 10]), np.array([300, -1]))
        array([700,  11])
        """
        most = self.most_under(measured)
        if np.any(under > most):
            i = int(np.argmax(under > most))
            raise PolicyError(
                f"self_report: firm {i} leaves out {under[i]} lots, but max_under {self.max_under} of "
                f"{measured[i]} allows {most[i]}"
            )
        return np.asarray(measured - under)
