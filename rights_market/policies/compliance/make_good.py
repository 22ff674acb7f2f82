"""What a shortfall costs in lots."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge

from rights_market.errors import PolicyError
from rights_market.policies.lots import ceil_share
from rights_market.policies.rule import Days, Rule

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeGood(Rule):
    """Missing lots stay owed, by a factor, beside any fine.

    Attributes
    ----------
    factor : Decimal
        Lots owed for each one missing; 0 makes the fine a price ceiling.
    mode : str
        ``next_duty``: added to the next duty.  ``deduct_allocation``: taken from the next pre-allocation, then from
        its true-up, and the rest added to the next duty.
    deadline : int or None
        Calendar days after the surrender deadline; None: with the next duty.
    forgive_capped : bool
        Whether lots forgiven by a cap on the duty stay forgiven; if not, they are owed as well, without the factor.

    Raises
    ------
    PolicyError
        If `deadline` is given with `mode` deduct_allocation, which has its own dates.

    References
    ----------
    Directive 2003/87/EC, article 16(3); State Council Decree 775, same amount [known].  A Chinese pilot deducts three
    times the amount [seen]; California asks four times [known].
    """

    kind: Literal["make_good"] = "make_good"
    factor: Annotated[Decimal, Ge(0)] = Decimal(1)
    mode: Literal["next_duty", "deduct_allocation"] = "next_duty"
    deadline: Days | None = None
    forgive_capped: bool = True

    def check(self) -> None:
        """Refuse a date that the mode does not know."""
        if self.mode == "deduct_allocation" and self.deadline is not None:
            raise PolicyError(f"make good: deadline {self.deadline} is given but mode is deduct_allocation")

    def due(self, shortfall: Int64, forgiven: Int64) -> Int64:
        """Return the lots owed for a shortfall, rounded up, and for what a cap forgave; all of shape (n_firms,).

        Examples
        --------
        >>> MakeGood(factor=Decimal(3)).due(np.array([120, 0]), np.array([0, 50]))
        array([360,   0])
        """
        due = ceil_share(self.factor, shortfall)
        return due if self.forgive_capped else due + forgiven
