"""Unused units lapse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.policies.banking.carry import Carry, bites, usable_lots
from rights_market.policies.rule import Rule

Int64 = npt.NDArray[np.int64]


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
        usable = usable_lots(holdings, vintages, compliance_year)
        nothing = np.zeros_like(usable)
        return Carry(nothing, usable) if bites(self.phase_end, on) else Carry(usable, nothing)
