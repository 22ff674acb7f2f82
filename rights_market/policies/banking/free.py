"""All unused units stay valid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from rights_market.policies.banking.carry import Carry, usable_lots
from rights_market.policies.rule import Rule

Int64 = npt.NDArray[np.int64]


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
        usable = usable_lots(holdings, vintages, compliance_year)
        return Carry(usable, np.zeros_like(usable))
